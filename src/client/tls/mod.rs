//! The TLS configuration: which servers are trusted, and how the client identifies itself.
//!
//! It is built here and handed to the HTTP client ready made, because the client would otherwise read the operating
//! system's roots at every start, even for plain HTTP.

mod bundle;
mod provider;
mod server_verifier;
pub(crate) mod trust_problem;

use std::env;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::client::http::server_text;
use crate::client::tls::server_verifier::ServerVerifier;
use crate::client::{Error, ErrorKind, Result, TlsSettings};
use crate::support::{io_error, regular_file};

/// The most bytes that are read of a file: bundles of all public authorities have less than one MiB.
const SIZE_LIMIT: u64 = 16 * 1024 * 1024;

/// Builds the configuration. The operating system's roots are read only when they are needed.
pub(crate) fn config(settings: &TlsSettings, is_https: bool) -> Result<ClientConfig> {
    let provider = provider::provider();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(format!("TLS cannot be set up: {error}")).caused_by(error))?;
    // A file that is named must be usable, even where any certificate is accepted.
    let mut verifier = match &settings.ca_path {
        Some(path) => Some(verifier_of_file(path, &provider)?),
        None if is_https && settings.validate_certs => Some(verifier_of_system(&provider)?),
        None => None,
    };
    if !settings.validate_certs {
        verifier = Some(ServerVerifier::accept_any(provider));
    }
    let builder = match verifier {
        Some(verifier) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier)),
        None => builder.with_root_certificates(RootCertStore::empty()),
    };
    match (&settings.client_cert, &settings.client_key) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(cert), Some(key)) => {
            let (chain, private) = (certificates(cert)?, private_key(key)?);
            builder
                .with_client_auth_cert(chain, private)
                .map_err(|error| {
                    let reason = server_text::one_line(&error.to_string());
                    let reason = format!(
                        "the client certificate {} and its key {} do not work: {reason}",
                        cert.display(),
                        key.display()
                    );
                    failed(reason).caused_by(error)
                })
        }
        (Some(_), None) => Err(failed(
            "a client certificate is given without its private key",
        )),
        (None, Some(_)) => Err(failed(
            "a private key is given without its client certificate",
        )),
    }
}

fn failed(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::Tls, reason)
}

fn verifier_of_file(path: &Path, provider: &Arc<CryptoProvider>) -> Result<ServerVerifier> {
    let verifier = ServerVerifier::trust(Arc::clone(provider), certificates(path)?);
    verifier.map_err(|error| {
        let reason = server_text::one_line(&error.to_string());
        let reason = format!(
            "{} holds a certificate that cannot be an authority: {reason}",
            path.display()
        );
        failed(reason).caused_by(error)
    })
}

/// Trusts the authorities of the operating system, or those that the environment names. The bundle is one file, and beside it
/// the same are in a file each, 150 of them: those are read when the bundle does not know a server's authority.
fn verifier_of_system(provider: &Arc<CryptoProvider>) -> Result<ServerVerifier> {
    let unusable =
        |error: rustls::Error| failed(server_text::one_line(&error.to_string())).caused_by(error);
    let mut roots = RootCertStore::empty();
    // Single certificates of the system's store may be broken; what matters is whether there is anything to trust.
    roots.add_parsable_certificates(bundle::certificates(&system_bundle()?));
    if !roots.is_empty() {
        let verifier = ServerVerifier::with_roots(Arc::clone(provider), roots);
        return Ok(verifier.map_err(unusable)?.or_else(all_system_roots));
    }
    let roots = all_system_roots();
    if roots.is_empty() {
        let reason = "the operating system has no certificate authorities, so no https server can be trusted";
        return Err(failed(reason));
    }
    ServerVerifier::with_roots(Arc::clone(provider), roots).map_err(unusable)
}

/// What is in the file that the environment names, or in the operating system's unless the environment names a folder.
fn system_bundle() -> Result<Vec<u8>> {
    if let Some(path) = env::var_os(openssl_probe::ENV_CERT_FILE) {
        let path = Path::new(&path);
        return regular_file::read(path, SIZE_LIMIT).map_err(|error| {
            let reason = io_error::text(&error);
            failed(format!("SSL_CERT_FILE names {}: {reason}", path.display())).caused_by(error)
        });
    }
    if env::var_os(openssl_probe::ENV_CERT_DIR).is_some() {
        return Ok(Vec::new());
    }
    let bundle = openssl_probe::probe().cert_file;
    let read = bundle.and_then(|path| regular_file::read(&path, SIZE_LIMIT).ok());
    Ok(read.unwrap_or_default())
}

fn all_system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unreadable = |error| unreadable(path, "certificate", error);
    let bytes = read(path)?;
    let items = CertificateDer::pem_slice_iter(&bytes);
    let certificates: Vec<_> = items.collect::<Result<_, _>>().map_err(unreadable)?;
    if certificates.is_empty() {
        return Err(unreadable(pem::Error::NoItemsFound));
    }
    Ok(certificates)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    let bytes = read(path)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| {
        if is_encrypted(&bytes) {
            return failed(format!(
                "the private key {} is encrypted, and nobody is there to be asked for its passphrase: give a key \
                 without one",
                path.display()
            ));
        }
        unreadable(path, "private key", error)
    })
}

/// Both forms of PEM keep the word out of the key itself: `BEGIN ENCRYPTED PRIVATE KEY`, and `Proc-Type: 4,ENCRYPTED`.
fn is_encrypted(pem: &[u8]) -> bool {
    String::from_utf8_lossy(pem).contains("ENCRYPTED")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    regular_file::read(path, SIZE_LIMIT).map_err(|error| {
        let reason = format!("cannot read {}: {}", path.display(), io_error::text(&error));
        failed(reason).caused_by(error)
    })
}

fn unreadable(path: &Path, what: &str, error: pem::Error) -> Error {
    let reason = match &error {
        pem::Error::NoItemsFound => format!("{} holds no {what} in PEM form", path.display()),
        _ => format!("{} is not a valid PEM file", path.display()),
    };
    failed(reason).caused_by(error)
}
