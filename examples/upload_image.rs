//! Uploads a kernel for arm64: `MRP_URL=... MRP_TOKEN=... cargo run --example upload_image FILE DESCRIPTION`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints"
)]

use std::path::Path;
use std::process::ExitCode;

use mr_provisioner::client::{
    Client, ErrorKind, ImageFile, ImageType, NewImage, ProgressEvent, ProgressListener, Result,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ([file, description], Ok(url), Ok(token)) = (
        arguments.as_slice(),
        std::env::var("MRP_URL"),
        std::env::var("MRP_TOKEN"),
    ) else {
        eprintln!("usage: MRP_URL=... MRP_TOKEN=... upload_image FILE DESCRIPTION");
        return ExitCode::from(2);
    };
    match upload(&url, &token, file.as_ref(), description) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            if error.kind() == ErrorKind::OutcomeUnknown {
                eprintln!("The image may be there: list the images before you try again.");
            } else if let Some(hint) = error.hint() {
                eprintln!("{hint}");
            }
            ExitCode::FAILURE
        }
    }
}

fn upload(url: &str, token: &str, path: &Path, description: &str) -> Result<()> {
    let progress = ProgressListener::new(|event| {
        if let ProgressEvent::Sending { sent, size, .. } = event {
            eprintln!("{sent} of {size} bytes");
        }
    });
    let client = Client::builder(url, token).progress(progress).connect()?;

    let mut file = ImageFile::open(path)?;
    let new = NewImage {
        description: Some(description.to_owned()),
        kind: ImageType::Kernel,
        arch: "arm64".to_owned(),
        known_good: false,
        public: false,
    };
    let image = client.images().create(&new, &mut file)?;
    println!("image {} holds {}", image.id, file.digest().sha256);
    Ok(())
}
