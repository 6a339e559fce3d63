//! Reads a bundle: all the certificates of a file in PEM form.
//!
//! Every task over https reads the system's, 220 kB. The reader that comes with rustls is as slow as secrets need it, more than
//! twice this. What is no whole certificate is passed over: what matters is whether there is anything to trust.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;

/// The certificates of a text.
pub(super) fn certificates(text: &[u8]) -> Vec<CertificateDer<'static>> {
    let mut certificates = Vec::new();
    // The base64 of the certificate whose beginning was read.
    let mut open: Option<Vec<u8>> = None;
    for line in text.split(|byte| matches!(byte, b'\n' | b'\r')) {
        let line = line.trim_ascii_end();
        match line {
            b"-----BEGIN CERTIFICATE-----" => open = Some(Vec::new()),
            b"-----END CERTIFICATE-----" => {
                let decoded = open.take().and_then(|base64| STANDARD.decode(base64).ok());
                certificates.extend(decoded.map(CertificateDer::from));
            }
            line if line.starts_with(b"-----") => open = None,
            line => {
                if let Some(open) = &mut open {
                    open.extend_from_slice(line);
                }
            }
        }
    }
    certificates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_whole_certificate_is_passed_over() {
        let text = "\
# A name
-----BEGIN CERTIFICATE-----\r\nAQ\r\nID \r\n-----END CERTIFICATE-----\r
-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----
-----BEGIN PRIVATE KEY-----\nBAUG\n-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----\nBAUG
-----BEGIN CERTIFICATE-----\nBwgJ\n-----END CERTIFICATE-----
-----END CERTIFICATE-----
-----BEGIN CERTIFICATE-----\nBAUG";
        let expected = [[1, 2, 3], [7, 8, 9]].map(|der| CertificateDer::from(der.to_vec()));
        assert_eq!(certificates(text.as_bytes()), expected);
    }
}
