//! TLS: private authorities, no validation, client certificates, and files that cannot be used.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use mr_provisioner::client::*;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::own_process;
use crate::server::{Server, Wrap, get};
use crate::support::*;

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

struct Identity {
    cert: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority {
            issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap(),
        }
    }

    fn sign(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let cert = CertificateParams::new(vec![name.to_owned()])
            .unwrap()
            .signed_by(&key, &self.issuer)
            .unwrap();
        Identity { cert, key }
    }
}

/// A connection that takes what the client still sends before it closes. Closed with bytes unread it would be reset, and
/// the alert, sent just before, could be lost.
struct DrainingStream(StreamOwned<ServerConnection, TcpStream>);

impl Read for DrainingStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for DrainingStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Drop for DrainingStream {
    fn drop(&mut self) {
        let _ = self.0.sock.shutdown(Shutdown::Write);
        let _ = io::copy(&mut self.0.sock, &mut io::sink());
    }
}

pub(crate) struct Lab {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Lab {
    pub(crate) fn new() -> Lab {
        Lab {
            folder: tempfile::tempdir().unwrap(),
            authority: Authority::new(),
        }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn roots(&self) -> PathBuf {
        self.file("ca.pem", &self.authority.issuer.pem())
    }

    /// A server with a certificate for `host`, which serves one machine if it is asked.
    fn server(&self, host: &str, wants_client_cert: bool, asked: bool) -> Server {
        self.server_as(&self.authority.sign(host), wants_client_cert, asked)
    }

    /// The configuration of a server at 127.0.0.1.
    pub(crate) fn local_config(&self) -> Arc<ServerConfig> {
        self.config(&self.authority.sign("127.0.0.1"), false)
    }

    fn config(&self, identity: &Identity, wants_client_cert: bool) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.issuer.der().clone()).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if wants_client_cert {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.serialize_der()));
        let chain = vec![identity.cert.der().clone()];
        Arc::new(builder.with_single_cert(chain, key).unwrap())
    }

    fn server_as(&self, identity: &Identity, wants_client_cert: bool, asked: bool) -> Server {
        let config = self.config(identity, wants_client_cert);
        let steps = asked.then(|| get("/api/v1/machine/7").json(200, machine_json(7, "a")));
        Server::start_with(steps, encrypted(config))
    }
}

/// Wraps the connections of a server in TLS.
pub(crate) fn encrypted(config: Arc<ServerConfig>) -> Wrap {
    Box::new(move |stream: TcpStream| {
        Box::new(DrainingStream(StreamOwned::new(
            ServerConnection::new(Arc::clone(&config)).unwrap(),
            stream,
        )))
    })
}

fn ask(server: &Server, tls: TlsSettings) -> Result<Machine> {
    let mut settings = settings(&format!("https://{}/", server.address));
    settings.tls = tls;
    let clock = Arc::new(FakeClock::default());
    let result = settings
        .builder(clock.clone())
        .connect()?
        .machines()
        .get(MachineId(7));
    assert!(clock.pauses().is_empty());
    result
}

pub(crate) fn trusting(roots: PathBuf) -> TlsSettings {
    TlsSettings {
        ca_path: Some(roots),
        ..TlsSettings::default()
    }
}

#[test]
fn a_private_authority_is_trusted_when_it_is_named() {
    let lab = Lab::new();
    let server = lab.server("127.0.0.1", false, true);
    ask(&server, trusting(lab.roots())).unwrap();
    server.finish();
}

#[test]
fn authorities_that_the_environment_names_are_trusted() {
    let (lab, other) = (Lab::new(), Lab::new());
    let (ours, others) = (lab.roots(), other.roots());
    let folder = lab.folder.path();
    for environment in [
        vec![("SSL_CERT_FILE", ours.as_path())],
        vec![("SSL_CERT_DIR", folder)],
        vec![("SSL_CERT_FILE", &others), ("SSL_CERT_DIR", folder)],
        vec![("SSL_CERT_FILE", &ours), ("SSL_CERT_DIR", "/none".as_ref())],
    ] {
        let server = lab.server("127.0.0.1", false, true);
        let environment = environment
            .iter()
            .map(|(name, path)| (*name, path.to_str().unwrap()));
        let url = format!("https://{}/", server.address);
        own_process::run(
            "tls::read_a_machine",
            &url,
            &environment.collect::<Vec<_>>(),
        );
        server.finish();
    }
}

#[test]
#[ignore = "a part of another test"]
fn read_a_machine() {
    let settings = settings(&std::env::var(own_process::URL).unwrap());
    let client = settings.builder(Arc::new(FakeClock::default())).connect();
    client.unwrap().machines().get(MachineId(7)).unwrap();
}

/// As `openssl req -x509` makes it: an authority, and its own.
fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> Identity {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap();
    Identity { cert, key }
}

#[test]
fn a_self_signed_authority_is_trusted_as_a_server_when_it_is_named() {
    let (lab, identity) = (Lab::new(), self_signed(|_| {}));
    let file = lab.file("server.pem", &identity.cert.pem());
    let server = lab.server_as(&identity, false, true);
    ask(&server, trusting(file)).unwrap();
    server.finish();
}

#[test]
fn a_servers_own_certificate_is_trusted_when_it_is_named() {
    let lab = Lab::new();
    let identity = lab.authority.sign("127.0.0.1");
    let file = lab.file("server.pem", &identity.cert.pem());
    let server = lab.server_as(&identity, false, true);
    ask(&server, trusting(file)).unwrap();
    server.finish();
}

#[test]
fn a_self_signed_certificate_is_not_trusted_for_another_host_or_time_or_as_another() {
    let other_host = self_signed(|params| {
        let name = "lab.example".to_owned();
        params.subject_alt_names = CertificateParams::new(vec![name])
            .unwrap()
            .subject_alt_names;
    });
    let expired = self_signed(|params| params.not_after = rcgen::date_time_ymd(2001, 1, 1));
    let future = self_signed(|params| params.not_before = rcgen::date_time_ymd(2100, 1, 1));
    let nameless = self_signed(|params| params.subject_alt_names.clear());
    let good = self_signed(|_| {});
    for (identity, named, expected) in [
        (
            &other_host,
            &other_host,
            "is for another host: it is for lab.example",
        ),
        (
            &expired,
            &expired,
            "has expired: it was valid until Mon, 01 Jan 2001 00:00:00 GMT, and this machine's clock says ",
        ),
        (
            &future,
            &future,
            "is not yet valid: it is from Fri, 01 Jan 2100 00:00:00 GMT on, and this machine's clock says ",
        ),
        (&nameless, &nameless, "certificate names no host"),
        (&good, &other_host, "is an authority's own"),
    ] {
        let lab = Lab::new();
        let file = lab.file("server.pem", &named.cert.pem());
        let server = lab.server_as(identity, false, false);
        let error = ask(&server, trusting(file)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Untrusted), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
        server.finish();
    }
}

#[test]
fn another_authority_is_not_trusted() {
    let (lab, other) = (Lab::new(), Lab::new());
    let server = lab.server("127.0.0.1", false, false);
    let error = ask(&server, trusting(other.roots())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Untrusted), "{error:?}");
    assert!(
        error
            .to_string()
            .ends_with("the server's certificate is signed by no known authority"),
        "{error}"
    );
    assert!(error.hint().is_some());
    server.finish();
}

#[test]
fn certificate_of_another_host_is_not_trusted() {
    let lab = Lab::new();
    let server = lab.server("lab.example", false, false);
    let error = ask(&server, trusting(lab.roots())).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("the server's certificate is for another host: it is for lab.example"),
        "{error}"
    );
    assert_eq!(
        error.hint(),
        Some("Give the server's URL with a name that its certificate has.")
    );
    server.finish();
}

#[test]
fn any_server_is_trusted_without_validation() {
    let lab = Lab::new();
    let server = lab.server("lab.example", false, true);
    ask(
        &server,
        TlsSettings {
            validate_certs: false,
            ..TlsSettings::default()
        },
    )
    .unwrap();
    server.finish();
}

#[test]
fn client_certificate_is_sent_where_the_server_asks_for_it() {
    let lab = Lab::new();
    let identity = lab.authority.sign("alice");
    let cert = lab.file("client.pem", &identity.cert.pem());
    let key = lab.file("client.key", &identity.key.serialize_pem());

    let server = lab.server("127.0.0.1", true, true);
    let tls = TlsSettings {
        client_cert: Some(cert),
        client_key: Some(key),
        ..trusting(lab.roots())
    };
    ask(&server, tls).unwrap();
    server.finish();

    let server = lab.server("127.0.0.1", true, false);
    let error = ask(&server, trusting(lab.roots())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Untrusted), "{error:?}");
    assert!(
        error
            .to_string()
            .ends_with("the server wants a client certificate"),
        "{error}"
    );
    server.finish();
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let lab = Lab::new();
    let identity = lab.authority.sign("alice");
    let good = lab.file("client.pem", &identity.cert.pem());
    let key = lab.file("client.key", &identity.key.serialize_pem());
    let other_key = lab.file("other.key", &KeyPair::generate().unwrap().serialize_pem());
    let empty = lab.file("empty.pem", "nothing here\n");
    let broken = lab.file(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
    );
    let nonsense = lab.file(
        "nonsense.pem",
        "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n",
    );
    let encrypted = lab.file(
        "encrypted.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nYWJj\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let old = lab.file(
        "old.key",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nYWJj\n\
         -----END RSA PRIVATE KEY-----\n",
    );
    let absent = lab.folder.path().join("absent.pem");
    let folder = lab.folder.path().to_owned();
    let with = |client_cert: Option<PathBuf>, client_key: Option<PathBuf>| TlsSettings {
        client_cert,
        client_key,
        ..TlsSettings::default()
    };
    for (tls, expected) in [
        (
            trusting(absent.clone()),
            "absent.pem: No such file or directory",
        ),
        (trusting(folder), "cannot read "),
        (trusting(empty.clone()), "empty.pem holds no certificate"),
        (trusting(broken), "broken.pem is not a valid PEM file"),
        (
            trusting(nonsense),
            "nonsense.pem holds a certificate that cannot be an authority",
        ),
        (with(Some(good.clone()), None), "without its private key"),
        (
            with(None, Some(key.clone())),
            "without its client certificate",
        ),
        (
            with(Some(empty.clone()), Some(key)),
            "empty.pem holds no certificate",
        ),
        (
            with(Some(good.clone()), Some(absent)),
            "absent.pem: No such file",
        ),
        (
            with(Some(good.clone()), Some(empty)),
            "empty.pem holds no private key",
        ),
        (with(Some(good.clone()), Some(other_key)), "do not work"),
        (
            with(Some(good.clone()), Some(encrypted)),
            "encrypted.key is encrypted",
        ),
        (with(Some(good), Some(old)), "old.key is encrypted"),
    ] {
        let mut settings = settings("http://127.0.0.1:1/");
        settings.tls = tls;
        let error = settings.builder(Arc::default()).connect().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Tls), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

/// A server that answers the first bytes of a connection with these, and its address.
fn answering_with(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = io::copy(&mut stream, &mut io::sink());
    });
    format!("https://{address}/")
}

#[test]
fn refused_handshake_names_its_reason_and_what_helps() {
    const CLIENT_CERTIFICATE: Option<&str> =
        Some("Give a client certificate that the server accepts.");
    let tls_1_1_hello: &[u8] = &{
        let mut hello = [0; 5 + 4 + 38];
        hello[..11].copy_from_slice(&[22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2]);
        // No session id; TLS_RSA_WITH_AES_128_CBC_SHA.
        hello[45] = 47;
        hello
    };
    for (answer, reason, hint) in [
        (
            &[21, 3, 1, 0, 2, 2, 70][..],
            "the server speaks neither TLS 1.2 nor TLS 1.3",
            None,
        ),
        (
            Box::leak(tls_1_1_hello.into()),
            "the server speaks neither TLS 1.2 nor TLS 1.3",
            None,
        ),
        (
            &[21, 3, 3, 0, 2, 2, 40],
            "it has no cipher in common with this program, or wants a client certificate",
            CLIENT_CERTIFICATE,
        ),
        (
            &[21, 3, 3, 0, 2, 2, 42],
            "does not accept the client certificate",
            CLIENT_CERTIFICATE,
        ),
        (
            &[21, 3, 3, 0, 2, 2, 112],
            "the server knows no host of this name",
            Some("Give the server's URL with a name that its certificate has."),
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "it does not speak TLS at this port",
            Some("If the server has no TLS, its URL begins with http://."),
        ),
    ] {
        let settings = settings(&answering_with(answer));
        let (client, _) = connect(&settings);
        let error = client.machines().get(MachineId(7)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Untrusted, "{error:?}");
        assert!(error.to_string().ends_with(reason), "{error}");
        assert_eq!(error.hint(), hint, "{reason}");
    }
}

#[test]
fn request_without_tls_to_a_port_for_tls_hints_at_https() {
    // What OpenSSL and rustls answer, and the pages of nginx, Apache and Go.
    for answer in [
        &[21, 3, 1, 0, 2, 2, 70][..],
        &[21, 3, 3, 0, 2, 2, 10],
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 84\r\n\r\n<html><body><center>The plain HTTP request was sent to HTTPS port</center>          \n",
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 73\r\n\r\nReason: You're speaking plain HTTP to an SSL-enabled server port.<br />  \n",
        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
    ] {
        let url = answering_with(answer).replace("https://", "http://");
        let (client, clock) = connect(&settings(&url));
        let error = client.machines().get(MachineId(7)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Untrusted, "{error:?}");
        assert_eq!(
            error.hint(),
            Some("If the server has TLS, its URL begins with https://.")
        );
        assert!(clock.pauses().is_empty(), "asked again: {error}");
    }
}

#[test]
fn server_that_closes_its_first_connection_without_an_answer_may_speak_tls() {
    // OpenSSL sends nothing, not even an alert.
    let url = answering_with(b"").replace("https://", "http://");
    let mut settings = settings(&url);
    settings.retry.retries = 0;
    let (client, _) = connect(&settings);
    let error = client.machines().get(MachineId(7)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error:?}");
    assert_eq!(
        error.hint(),
        Some("If the server has TLS, its URL begins with https://.")
    );
}

#[test]
fn real_server_with_tls_is_told_apart_from_a_broken_connection() {
    let lab = Lab::new();
    let server = lab.server("127.0.0.1", false, false);
    let url = server.url().replace("https://", "http://");
    let (client, _) = connect(&settings(&url));
    let error = client.machines().get(MachineId(7)).unwrap_err();
    assert_eq!(
        error.hint(),
        Some("If the server has TLS, its URL begins with https://."),
        "{error}"
    );
}
