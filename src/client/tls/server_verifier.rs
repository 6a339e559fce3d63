//! Verification of servers' certificates: by the operating system's authorities, by a file, or not at all.

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::verify_server_name,
};

/// Accepts any server, or those that certificates of a file stand for. Either way the server must hold its key.
#[derive(Debug)]
pub(crate) struct ServerVerifier {
    provider: Arc<CryptoProvider>,
    trusted: Option<TrustedCertificates>,
}

/// Authorities, and certificates of a file that may be those of servers.
#[derive(Debug)]
struct TrustedCertificates {
    certificates: Vec<CertificateDer<'static>>,
    authorities: Arc<WebPkiServerVerifier>,
    /// Reads further authorities, where these are not all.
    further: Option<fn() -> RootCertStore>,
}

impl ServerVerifier {
    pub(crate) fn accept_any(provider: Arc<CryptoProvider>) -> ServerVerifier {
        ServerVerifier {
            provider,
            trusted: None,
        }
    }

    /// Fails when a certificate cannot be an authority.
    pub(crate) fn trust(
        provider: Arc<CryptoProvider>,
        certificates: Vec<CertificateDer<'static>>,
    ) -> Result<ServerVerifier, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone())?;
        }
        let mut verifier = ServerVerifier::with_roots(provider, roots)?;
        if let Some(trusted) = &mut verifier.trusted {
            trusted.certificates = certificates;
        }
        Ok(verifier)
    }

    /// Trusts these authorities.
    pub(crate) fn with_roots(
        provider: Arc<CryptoProvider>,
        roots: RootCertStore,
    ) -> Result<ServerVerifier, Error> {
        let authorities =
            WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
                .build()
                .map_err(|error| Error::General(error.to_string()))?;
        let trusted = Some(TrustedCertificates {
            certificates: Vec::new(),
            authorities,
            further: None,
        });
        Ok(ServerVerifier { provider, trusted })
    }

    /// Trusts further authorities as well, which are read when they are needed.
    pub(crate) fn or_else(mut self, further: fn() -> RootCertStore) -> ServerVerifier {
        if let Some(trusted) = &mut self.trusted {
            trusted.further = Some(further);
        }
        self
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(trusted) = &self.trusted else {
            return Ok(ServerCertVerified::assertion());
        };
        let verdict = trusted
            .authorities
            .verify_server_cert(certificate, chain, host, ocsp, now);
        match &verdict {
            // What `openssl req -x509` makes is an authority, and most servers use it as it is. Its time was checked before
            // these errors; its name was not.
            Err(Error::InvalidCertificate(
                CertificateError::Other(_)
                | CertificateError::UnknownIssuer
                | CertificateError::BadSignature,
            )) if trusted.certificates.contains(certificate) => {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, host)?;
                Ok(ServerCertVerified::assertion())
            }
            Err(Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            )) => {
                let Some(further) = trusted.further else {
                    return verdict;
                };
                let provider = Arc::clone(&self.provider);
                ServerVerifier::with_roots(provider, further())?.verify_server_cert(
                    certificate,
                    chain,
                    host,
                    ocsp,
                    now,
                )
            }
            _ => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms).map_err(unproven_key)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms).map_err(unproven_key)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The error for a handshake whose signature does not fit the certificate: rustls gives it the name that it gives to the
/// signature of an authority.
fn unproven_key(error: Error) -> Error {
    match error {
        Error::InvalidCertificate(CertificateError::BadSignature) => {
            let unproven = OtherError(Arc::new(UnprovenKey));
            Error::InvalidCertificate(CertificateError::Other(unproven))
        }
        error => error,
    }
}

/// The server did not sign the handshake with a key that is accepted.
#[derive(Debug)]
pub(crate) struct UnprovenKey;

impl fmt::Display for UnprovenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "the server does not prove that its certificate is its own; an RSA key of less than 2048 bits cannot",
        )
    }
}

impl std::error::Error for UnprovenKey {}
