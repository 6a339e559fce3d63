//! The TLS configuration: which servers are trusted, and how the client identifies itself.
//!
//! It is built here and handed to the HTTP client ready made, because the client would otherwise read the operating
//! system's roots at every start, even for plain HTTP.

mod server_verifier;
pub(crate) mod trust_problem;

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{self, cipher_suite};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedCipherSuite};

use crate::client::http::server_text;
use crate::client::tls::server_verifier::ServerVerifier;
use crate::client::{Error, ErrorKind, Result, TlsSettings};
use crate::support::{io_error, regular_file};

/// The most bytes that are read of a file: bundles of all public authorities have less than one MiB.
const SIZE_LIMIT: u64 = 16 * 1024 * 1024;

/// All but those with ChaCha20: it has 50 kB of code, and a server that has it has AES as well, which TLS 1.3 demands and
/// which RFC 9325 recommends for TLS 1.2.
const CIPHER_SUITES: [SupportedCipherSuite; 6] = [
    cipher_suite::TLS13_AES_256_GCM_SHA384,
    cipher_suite::TLS13_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

/// Builds the configuration. The operating system's roots are read only when they are needed.
pub(crate) fn config(settings: &TlsSettings, is_https: bool) -> Result<ClientConfig> {
    let provider = Arc::new(CryptoProvider {
        cipher_suites: CIPHER_SUITES.to_vec(),
        ..ring::default_provider()
    });
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(format!("TLS cannot be set up: {error}")).caused_by(error))?;
    // A file that is named must be usable, even where any certificate is accepted.
    let mut verifier = match &settings.ca_path {
        Some(path) => Some(verifier_of_file(path, &provider)?),
        None if is_https && settings.validate_certs => {
            let verifier = ServerVerifier::with_roots(Arc::clone(&provider), system_roots()?);
            Some(verifier.map_err(|error| {
                failed(server_text::one_line(&error.to_string())).caused_by(error)
            })?)
        }
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

fn system_roots() -> Result<RootCertStore> {
    // The file that the variable names in place of the system's own is read without any check.
    if let Some(path) = std::env::var_os("SSL_CERT_FILE") {
        let path = Path::new(&path);
        regular_file::read(path, SIZE_LIMIT).map_err(|error| {
            let reason = io_error::text(&error);
            failed(format!("SSL_CERT_FILE names {}: {reason}", path.display())).caused_by(error)
        })?;
    }
    let mut roots = RootCertStore::empty();
    // Single files of the system's store may be broken; what matters is whether there is anything to trust.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        let reason = "the operating system has no certificate authorities, so no https server can be trusted";
        return Err(failed(reason));
    }
    Ok(roots)
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
