//! What the client library checks before it sends anything: URLs, tokens, image files and marks.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

use std::fs;
use std::path::PathBuf;

use mr_provisioner::client::{BaseUrl, ErrorKind, ImageFile, Sha256, Token, mark_of};

#[test]
fn invalid_url_is_refused_without_showing_its_password() {
    for text in [
        "",
        "lab.example",
        "ftp://lab/",
        "http://",
        "http://u:canary@lab/",
        "http://canary@lab/",
        "http://lab/?canary",
        "http://lab/#canary",
    ] {
        let error = BaseUrl::parse(text).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidUrl),
            "{text}: {error:?}"
        );
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
    }
}

#[test]
fn invalid_token_is_refused_without_showing_it() {
    for text in ["", "  ", "canary\nx", "canary\0", "canaryü"] {
        let error = Token::new(text).unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
    }
}

#[test]
fn mark_is_read_from_an_image_name() {
    let sha256 = Sha256::hash(b"");
    assert_eq!(
        sha256.to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    let mark = sha256.mark();
    assert_eq!(mark, "s256-e3b0c44298fc1c149afbf4c8996fb924");
    for stem in [
        "",
        "vmlinuz.",
        "vmlinuz-6.1.0.",
        "a.s256-00000000000000000000000000000000.",
    ] {
        assert_eq!(
            mark_of(&format!("alice/{stem}{mark}.1a2b3c4d")),
            Some(mark.as_str())
        );
    }
}

#[test]
fn image_name_of_another_form_has_no_mark() {
    let hex = "e3b0c44298fc1c149afbf4c8996fb924";
    for name in [
        String::new(),
        "alice/vmlinuz.1a2b3c4d".to_owned(),
        format!("s256-{hex}.1a2b3c4d"),
        format!("alice/s256-{hex}"),
        format!("alice/k.s256-{hex}"),
        format!("alice/k.s256-{hex}0.1a2b3c4d"),
        format!("alice/k.s256-{}.1a2b3c4d", hex.to_uppercase()),
        format!("alice/k.s256-{hex}.1a2b3c4g"),
        format!("alice/ks256-{hex}.1a2b3c4d"),
    ] {
        assert_eq!(mark_of(&name), None, "{name}");
    }
}

#[test]
fn opened_file_has_its_digest_and_a_name_with_its_mark() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vmlinuz");
    fs::write(&path, b"abc").unwrap();
    let file = ImageFile::open(&path).unwrap();
    assert_eq!(file.digest().size, 3);
    assert_eq!(
        file.digest().sha256.to_string(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(
        file.upload_name(),
        "vmlinuz.s256-ba7816bf8f01cfea414140de5dae2223"
    );
    assert_eq!(file.path(), path);
}

#[test]
fn folder_missing_file_and_device_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for path in [
        folder.path().to_owned(),
        folder.path().join("absent"),
        PathBuf::from("/dev/null"),
    ] {
        let error = ImageFile::open(&path).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::File), "{error:?}");
        assert!(!error.to_string().contains("os error"), "{error}");
        assert!(
            error.to_string().contains(&path.display().to_string()),
            "{error}"
        );
    }
}
