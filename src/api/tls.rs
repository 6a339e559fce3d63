//! The TLS configuration: which servers are trusted, and how the client identifies itself.
//!
//! It is built here and handed to the HTTP client ready made, because the client would otherwise read the operating
//! system's roots at every start, even for plain HTTP.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::{ApiError, Result, TlsSettings, sentence};

/// Builds the configuration. The operating system's roots are read only when they are needed.
pub(super) fn config(settings: &TlsSettings, is_https: bool) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(format!("TLS cannot be set up: {error}")))?;
    let roots = match &settings.ca_path {
        Some(path) => roots_of(path)?,
        None if is_https && settings.validate_certs => system_roots()?,
        None => RootCertStore::empty(),
    };
    let builder = if settings.validate_certs {
        builder.with_root_certificates(roots)
    } else {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyServer(provider)))
    };
    match (&settings.client_cert, &settings.client_key) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(cert), Some(key)) => {
            let (chain, private) = (certificates(cert)?, private_key(key)?);
            builder
                .with_client_auth_cert(chain, private)
                .map_err(|error| {
                    let reason = sentence::one_line(&error.to_string());
                    failed(format!(
                        "the client certificate {} and its key {} do not work: {reason}",
                        cert.display(),
                        key.display()
                    ))
                })
        }
        (Some(_), None) => Err(failed(
            "a client certificate is given without its private key".to_owned(),
        )),
        (None, Some(_)) => Err(failed(
            "a private key is given without its client certificate".to_owned(),
        )),
    }
}

fn failed(reason: String) -> ApiError {
    ApiError::Tls { reason }
}

fn roots_of(path: &Path) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| {
            let reason = sentence::one_line(&error.to_string());
            failed(format!(
                "{} holds a certificate that cannot be an authority: {reason}",
                path.display()
            ))
        })?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    // Single files of the system's store may be broken; what matters is whether there is anything to trust.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(failed("the operating system has no certificate authorities, so no https server can be trusted".to_owned()));
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unreadable = |error: pem::Error| unreadable(path, "certificate", &error);
    let certificates = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    let certificates = certificates
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    if certificates.is_empty() {
        return Err(failed(format!(
            "{} holds no certificate in PEM form",
            path.display()
        )));
    }
    Ok(certificates)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| unreadable(path, "private key", &error))
}

fn unreadable(path: &Path, what: &str, error: &pem::Error) -> ApiError {
    failed(match error {
        pem::Error::Io(error) => {
            let reason = error.to_string();
            format!(
                "cannot read {}: {}",
                path.display(),
                reason.split(" (os error").next().unwrap_or_default()
            )
        }
        pem::Error::NoItemsFound => format!("{} holds no {what} in PEM form", path.display()),
        _ => format!("{} is not a valid PEM file", path.display()),
    })
}

/// Accepts any certificate, but still wants the server to hold its key.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
