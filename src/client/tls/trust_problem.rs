//! Why the two sides of a TLS connection do not accept each other, in words, and what helps.

use std::time::{Duration, SystemTime};

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription as Alert, CertificateError as Bad, Error, PeerIncompatible};

use crate::client::http::server_text;
use crate::client::tls::server_verifier::UnprovenKey;

/// The last second that a date can be made of: the end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// A reason, as the rest of a sentence, and what the user can do about it.
pub(crate) struct TrustProblem {
    pub(crate) reason: String,
    pub(crate) remedy: Option<TrustRemedy>,
}

/// What the user can do; where nothing on this side helps, there is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TrustRemedy {
    /// Trust the authority that signed the server's certificate, or the certificate itself.
    Authority,
    /// Give a client certificate, or another one.
    ClientCertificate,
    /// Use a name of the server that its certificate has.
    HostName,
    /// Set the clock.
    Clock,
    /// Connect without TLS.
    PlainHttp,
    /// Connect with TLS.
    Https,
}

/// Whether the server refuses this client, and not the other way round.
pub(crate) fn refuses_the_client(error: &Error) -> bool {
    matches!(
        error,
        Error::AlertReceived(
            Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::AccessDenied
        )
    )
}

impl TrustProblem {
    /// The problem behind an error of the TLS library.
    pub(crate) fn of(error: &Error) -> TrustProblem {
        match error {
            Error::InvalidCertificate(bad) => TrustProblem::of_certificate(bad),
            Error::AlertReceived(Alert::CertificateRequired) => problem(
                "the server wants a client certificate",
                Some(TrustRemedy::ClientCertificate),
            ),
            refusal if refuses_the_client(refusal) => problem(
                "the server does not accept the client certificate",
                Some(TrustRemedy::ClientCertificate),
            ),
            Error::AlertReceived(Alert::ProtocolVersion)
            | Error::PeerIncompatible(
                PeerIncompatible::ServerDoesNotSupportTls12Or13
                | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
                | PeerIncompatible::Tls12NotOffered
                | PeerIncompatible::Tls12NotOfferedOrEnabled,
            ) => problem("the server speaks neither TLS 1.2 nor TLS 1.3", None),
            // With TLS 1.2, servers refuse a client without a certificate like this too.
            Error::AlertReceived(Alert::HandshakeFailure) => problem(
                "the server refuses the handshake: it has no cipher in common with this program, or wants a client \
                 certificate",
                Some(TrustRemedy::ClientCertificate),
            ),
            Error::PeerIncompatible(
                PeerIncompatible::NoCipherSuitesInCommon
                | PeerIncompatible::NoKxGroupsInCommon
                | PeerIncompatible::NoSignatureSchemesInCommon,
            )
            | Error::AlertReceived(Alert::InsufficientSecurity) => problem(
                "the server has no secure TLS cipher in common with this program",
                None,
            ),
            Error::AlertReceived(Alert::UnrecognisedName) => problem(
                "the server knows no host of this name",
                Some(TrustRemedy::HostName),
            ),
            Error::InvalidMessage(_) => problem(
                "it does not speak TLS at this port",
                Some(TrustRemedy::PlainHttp),
            ),
            other => problem(server_text::one_line(&other.to_string()), None),
        }
    }

    fn of_certificate(bad: &Bad) -> TrustProblem {
        let (problem_text, remedy) = match bad {
            Bad::UnknownIssuer | Bad::BadSignature => (
                "is signed by no known authority".to_owned(),
                Some(TrustRemedy::Authority),
            ),
            Bad::Expired => ("has expired".to_owned(), None),
            Bad::ExpiredContext { time, not_after } => (
                format!(
                    "has expired: it was valid until {}, and this machine's clock says {}",
                    date(*not_after),
                    date(*time)
                ),
                None,
            ),
            Bad::NotValidYet => ("is not yet valid".to_owned(), Some(TrustRemedy::Clock)),
            Bad::NotValidYetContext { time, not_before } => (
                format!(
                    "is not yet valid: it is from {} on, and this machine's clock says {}",
                    date(*not_before),
                    date(*time)
                ),
                Some(TrustRemedy::Clock),
            ),
            Bad::NotValidForName => (
                "is for another host".to_owned(),
                Some(TrustRemedy::HostName),
            ),
            Bad::NotValidForNameContext { presented, .. } if presented.is_empty() => (
                "names no host: its subjectAltName is missing, and its common name does not count"
                    .to_owned(),
                None,
            ),
            Bad::NotValidForNameContext { presented, .. } => {
                let names: Vec<&str> = presented.iter().map(|name| host_name(name)).collect();
                let names = server_text::one_line(&names.join(", "));
                (
                    format!("is for another host: it is for {names}"),
                    Some(TrustRemedy::HostName),
                )
            }
            Bad::Revoked => ("has been revoked".to_owned(), None),
            Bad::InvalidPurpose | Bad::InvalidPurposeContext { .. } => {
                ("is not one for a server".to_owned(), None)
            }
            #[expect(deprecated, reason = "older parts of rustls make it")]
            Bad::UnsupportedSignatureAlgorithm
            | Bad::UnsupportedSignatureAlgorithmContext { .. }
            | Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
                "is signed with an algorithm that is not accepted, such as SHA-1".to_owned(),
                None,
            ),
            Bad::BadEncoding => ("is damaged".to_owned(), None),
            Bad::Other(other) if other.0.is::<UnprovenKey>() => {
                return problem(UnprovenKey.to_string(), None);
            }
            // What rustls passes on without a name of its own.
            Bad::Other(other) => match other.to_string().as_str() {
                "CaUsedAsEndEntity" => (
                    "is an authority's own, and is not one of those that are trusted".to_owned(),
                    Some(TrustRemedy::Authority),
                ),
                "UnsupportedCertVersion" => (
                    "has an old form, and X.509 version 3 is needed".to_owned(),
                    None,
                ),
                other => (
                    format!("is not valid: {}", server_text::one_line(other)),
                    None,
                ),
            },
            other => (
                format!(
                    "is not valid: {}",
                    server_text::one_line(&other.to_string())
                ),
                None,
            ),
        };
        problem(format!("the server's certificate {problem_text}"), remedy)
    }
}

fn problem(reason: impl Into<String>, remedy: Option<TrustRemedy>) -> TrustProblem {
    TrustProblem {
        reason: reason.into(),
        remedy,
    }
}

fn date(time: UnixTime) -> String {
    let seconds = time.as_secs().min(LAST_SECOND);
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// The name in a text such as `DnsName("lab.example")`, as rustls shows the names of a certificate.
fn host_name(shown: &str) -> &str {
    let inner = shown.split_once('(').map_or(shown, |(_, inner)| inner);
    inner.trim_end_matches(')').trim_matches('"')
}
