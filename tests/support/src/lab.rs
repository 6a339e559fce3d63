//! A lab for one test, with a folder for files and an environment for programs.

use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use mrp_lab::{Lab, Release, ServerKind, Sessions};
use reqwest::blocking::multipart::{Form, Part};
use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The token of alice, who holds most of the lab's machines. No output may contain it.
pub const TOKEN: &str = "alice-token";

/// The token of the lab's administrator.
pub const ADMIN_TOKEN: &str = "admin-token";

/// Names the kind of server that tests run against, `SESSIONS RELEASE` such as `one 0.3.1`; without it, the default one.
pub const SERVER_VARIABLE: &str = "MRP_TEST_SERVER";

/// A simulated server, a folder that goes away with it, and the program under test.
///
/// What the server itself offers (`fault`, `settings`, `requests`, `writes` ...) is called on this directly.
pub struct TestLab {
    lab: Lab,
    kind: ServerKind,
    folder: TempDir,
    program: Option<PathBuf>,
    environment: Vec<(&'static str, String)>,
}

impl Deref for TestLab {
    type Target = Lab;

    fn deref(&self) -> &Lab {
        &self.lab
    }
}

impl TestLab {
    /// A new server of the kind that is tested, an empty folder, no program and an empty environment.
    #[must_use]
    pub fn start() -> TestLab {
        TestLab::of_kind(tested_kind())
    }

    /// The same with a server whose requests have these database sessions.
    #[must_use]
    pub fn with_sessions(sessions: Sessions) -> TestLab {
        TestLab::of_kind(ServerKind {
            sessions,
            ..tested_kind()
        })
    }

    fn of_kind(kind: ServerKind) -> TestLab {
        TestLab {
            lab: Lab::of_kind(kind),
            kind,
            folder: tempfile::tempdir().unwrap(),
            program: None,
            environment: Vec::new(),
        }
    }

    /// Makes the server keep the reservations that it confirms. One with one database session does so by itself.
    pub fn keep_reservations(&self) {
        if self.kind.sessions == Sessions::Request {
            self.settings(json!({ "reservations": "stored" }));
        }
    }

    /// The release of the server.
    pub fn release(&self) -> Release {
        self.kind.release
    }

    /// With the program under test.
    #[must_use]
    pub fn with_program(mut self, program: &str) -> TestLab {
        self.program = Some(program.into());
        self
    }

    /// With a variable in the environment of the programs, or another value for it.
    #[must_use]
    pub fn with(mut self, variable: &'static str, value: impl Into<String>) -> TestLab {
        self.environment.retain(|(known, _)| *known != variable);
        self.environment.push((variable, value.into()));
        self
    }

    /// With the server and alice's token in the environment.
    #[must_use]
    pub fn with_credentials(self) -> TestLab {
        let url = self.url().to_owned();
        self.with("MRP_URL", url).with("MRP_TOKEN", TOKEN)
    }

    /// The program under test.
    pub(crate) fn program(&self) -> &Path {
        self.program
            .as_deref()
            .expect("with_program names the program under test")
    }

    /// A command with nothing but this lab's environment, which is run in its folder.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .envs(self.environment.clone())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// A path in the folder; the folder itself for an empty name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file in the folder that only its owner can read.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        self.set_mode(&path, 0o600);
        path
    }

    /// Sets the permissions of a file.
    pub fn set_mode(&self, path: &Path, mode: u32) {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    /// Asserts that no request has written since the server was started or reset.
    #[track_caller]
    pub fn assert_no_writes(&self) {
        let writes = self.writes();
        assert!(writes.is_empty(), "requests that write: {writes:?}");
    }

    /// Does something that must send no request that writes.
    #[track_caller]
    pub fn without_writes<T>(&self, action: impl FnOnce() -> T) -> T {
        let before = self.writes().len();
        let done = action();
        let writes = &self.writes()[before..];
        assert!(writes.is_empty(), "requests that write: {writes:?}");
        done
    }

    /// The requests that have written, as method and path.
    pub fn written(&self) -> Vec<String> {
        let writes = self.writes().into_iter();
        writes
            .map(|request| format!("{} {}", request.method, request.path))
            .collect()
    }

    /// What the server has at a path, asked by an administrator.
    pub fn server(&self, path: &str) -> Value {
        self.send(http().get(self.at(path)).bearer_auth(ADMIN_TOKEN))
            .json()
            .unwrap()
    }

    /// The newest object of one of the server's lists that has this value under this key.
    pub fn server_object(&self, list: &str, key: &str, value: &str) -> Value {
        let objects = self.server(&format!("api/v1/{list}?show_all=true"));
        let mut newest_last = objects.as_array().unwrap().iter();
        let found = newest_last.rfind(|object| object[key] == value);
        found
            .unwrap_or_else(|| panic!("no {list} with {key} {value}: {objects:#}"))
            .clone()
    }

    /// Reports a lease, as the DHCP server does.
    pub fn lease(&self, lease: &Value) {
        self.send(http().post(self.at("dhcp/ipv4/lease")).json(lease));
    }

    /// The bytes that the boot endpoint has under an image's name.
    pub fn boot_file(&self, name: &str) -> Vec<u8> {
        let request = http()
            .get(self.at("tftp/"))
            .header("X-TFTP-IP", "127.0.0.1")
            .header("X-TFTP-File", name);
        self.send(request).bytes().unwrap().to_vec()
    }

    /// A machine's preseed as its installer gets it.
    pub fn rendered_preseed(&self, machine: u64) -> String {
        let request = http().get(self.at(&format!("preseed/{machine}")));
        self.send(request).text().unwrap()
    }

    /// Uploads an image as any other client might.
    pub fn upload(&self, token: &str, fields: &Value, file_name: &str, bytes: &'static [u8]) {
        let file = Part::bytes(bytes).file_name(file_name.to_owned());
        let form = Form::new().text("q", fields.to_string()).part("file", file);
        let request = http().post(self.at("api/v1/image")).bearer_auth(token);
        self.send(request.multipart(form));
    }

    fn at(&self, path: &str) -> String {
        format!("{}{}", self.url(), path.trim_start_matches('/'))
    }

    fn send(&self, request: RequestBuilder) -> Response {
        request.send().unwrap().error_for_status().unwrap()
    }
}

/// The kind of server that the environment names.
fn tested_kind() -> ServerKind {
    let Ok(text) = std::env::var(SERVER_VARIABLE) else {
        return ServerKind::default();
    };
    let kind = text.split_once(' ').and_then(|(sessions, release)| {
        Some(ServerKind {
            sessions: Sessions::from_name(sessions)?,
            release: Release::from_name(release)?,
        })
    });
    kind.unwrap_or_else(|| panic!("{SERVER_VARIABLE} is such as 'one 0.3.1', not '{text}'"))
}

/// The project's folder.
pub fn project_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
}

/// Uses no proxy: the lab is on this machine.
fn http() -> &'static Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        // It fails where a test has installed one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder().no_proxy().build().unwrap()
    });
    &CLIENT
}
