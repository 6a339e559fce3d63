//! What the tests share: a client for a scripted server, a clock that does not sleep, and a file to upload.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mr_provisioner::client::*;

use crate::server::Server;

pub(crate) const TOKEN: &str = "canary-token/+=";

/// A clock that records the pauses and does not sleep.
#[derive(Default)]
pub(crate) struct FakeClock(Mutex<Vec<Duration>>);

impl FakeClock {
    pub(crate) fn pauses(&self) -> Vec<f64> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(Duration::as_secs_f64)
            .collect()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Duration {
        self.0.lock().unwrap().iter().sum()
    }

    fn sleep(&self, time: Duration) {
        self.0.lock().unwrap().push(time);
    }
}

/// The settings of a client, which tests change.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) url: BaseUrl,
    pub(crate) token: Token,
    pub(crate) tls: TlsSettings,
    pub(crate) stall_timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) progress: ProgressListener,
}

impl Settings {
    pub(crate) fn builder(&self, clock: Arc<FakeClock>) -> ClientBuilder {
        Client::builder(self.url.clone(), self.token.clone())
            .tls(self.tls.clone())
            .stall_timeout(self.stall_timeout)
            .retry(self.retry)
            .progress(self.progress.clone())
            .clock(clock)
    }
}

pub(crate) fn settings(url: &str) -> Settings {
    Settings {
        url: BaseUrl::parse(url).unwrap(),
        token: Token::new(TOKEN).unwrap(),
        tls: TlsSettings::default(),
        stall_timeout: Duration::from_secs(10),
        retry: RetryPolicy::default(),
        progress: ProgressListener::default(),
    }
}

/// A client and its clock.
pub(crate) fn connect(settings: &Settings) -> (Client, Arc<FakeClock>) {
    let clock = Arc::new(FakeClock::default());
    (settings.builder(clock.clone()).connect().unwrap(), clock)
}

pub(crate) fn client(server: &Server) -> (Client, Arc<FakeClock>) {
    connect(&settings(&server.url()))
}

/// A client that records the progress of the upload of this file: the bytes sent, or `None` for its end.
pub(crate) fn client_with_progress(
    server: &Server,
    path: &Path,
) -> (Client, Arc<Mutex<Vec<Option<u64>>>>) {
    let recorded = Arc::new(Mutex::new(Vec::new()));
    let (events, path) = (Arc::clone(&recorded), path.to_owned());
    let total = path.metadata().unwrap().len();
    let mut settings = settings(&server.url());
    settings.progress = ProgressListener::new(move |event| {
        let sent = match *event {
            ProgressEvent::Sending { file, sent, size } if (file, size) == (&*path, total) => {
                Some(sent)
            }
            ProgressEvent::SendingEnded { file } if file == path => None,
            ProgressEvent::RequestStarted { .. } | ProgressEvent::RequestEnded { .. } => return,
            ref other => panic!("{other:?}"),
        };
        events.lock().unwrap().push(sent);
    });
    (connect(&settings).0, recorded)
}

/// A stall timeout that is short for a test, and long enough for an immediate answer on a busy computer.
pub(crate) const SHORT_STALL_TIMEOUT: Duration = Duration::from_secs(2);

/// A client with a short stall timeout that retries.
pub(crate) fn client_with_short_timeout(server: &Server) -> (Client, Arc<FakeClock>) {
    let mut settings = settings(&server.url());
    settings.stall_timeout = SHORT_STALL_TIMEOUT;
    connect(&settings)
}

/// A client with a short stall timeout that does not retry.
pub(crate) fn client_without_retries(server: &Server) -> Client {
    connect(&without_retries(server, SHORT_STALL_TIMEOUT)).0
}

/// Settings with this stall timeout and without retries.
pub(crate) fn without_retries(server: &Server, stall_timeout: Duration) -> Settings {
    let mut settings = settings(&server.url());
    settings.stall_timeout = stall_timeout;
    settings.retry.retries = 0;
    settings
}

/// A file to upload, in a temporary folder.
pub(crate) struct Upload {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

pub(crate) fn upload(bytes: &[u8]) -> Upload {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vmlinuz");
    std::fs::write(&path, bytes).unwrap();
    Upload { folder, path }
}

/// A file of this size without bytes on the disk.
pub(crate) fn sparse(size: u64) -> Upload {
    let made = upload(b"");
    std::fs::File::options()
        .write(true)
        .open(&made.path)
        .unwrap()
        .set_len(size)
        .unwrap();
    made
}

pub(crate) fn kernel() -> NewImage {
    let description = Some("Debian 12".to_owned());
    NewImage {
        description,
        kind: ImageType::Kernel,
        arch: "arm64".to_owned(),
        known_good: false,
        public: true,
    }
}

/// An image in the server's JSON.
pub(crate) fn image_json(id: u32, name: &str) -> String {
    format!(
        r#"{{"arch": "arm64", "description": "Debian 12", "id": {id}, "known_good": false, "name": "{name}",
            "public": true, "type": "Kernel", "upload_date": "Tue, 05 Mar 2019 10:20:30 GMT", "user": "alice", "new": 1}}"#
    )
}

/// An interface in the server's JSON, with these fields and null for all others.
pub(crate) fn interface_json(given: &serde_json::Value) -> String {
    let mut interface = serde_json::json!({ "id": 9, "identifier": null, "mac": "52:54:00:00:00:01", "network_name": null, "subnetv4": null,
        "netmaskv4": null, "prefixlenv4": null, "static_pool_v4": null, "reserved_pool_v4": null, "config_type_v4": "dynamic",
        "configured_ipv4": null, "lease_ipv4": null, "last_seen_date": null });
    for (name, value) in given.as_object().unwrap() {
        interface[name] = value.clone();
    }
    interface.to_string()
}

pub(crate) fn machine_json(id: u32, name: &str) -> String {
    serde_json::json!({"id": id, "name": name, "hostname": "x", "arch": "arm64", "subarch": null, "kernel_id": 3,
        "kernel_opts": null, "initrd_id": null, "preseed_id": 4, "netboot_enabled": true})
    .to_string()
}

/// Checks that an error shows no secret, SQL, markup or command line, in any form that a user or a log sees.
pub(crate) fn assert_clean(error: &Error) {
    let shown = format!("{error}\n{error:?}\n{}", error.hint().unwrap_or_default());
    for secret in [
        "canary",
        "psycopg2",
        "SELECT",
        "INSERT",
        "<html",
        "<!DOCTYPE",
        "ipmitool",
        "Command '",
        "0x7f",
    ] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(!error.to_string().contains('\n'), "{error}");
    assert!(error.to_string().len() < 400, "{error}");
}
