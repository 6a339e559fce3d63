//! A lab of its own for every test, and the modules run against it as Ansible runs them.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::LazyLock;

use mrp_lab::Lab;
use reqwest::blocking::Client;
use reqwest::blocking::multipart::{Form, Part};
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};

/// The lab's seeded user who holds most machines.
const TOKEN: &str = "alice-token";

pub(crate) struct Bench {
    pub(crate) lab: Lab,
    dir: TempDir,
}

/// How a module is run.
#[derive(Clone, Copy, Default)]
pub(crate) struct Mode {
    check: bool,
    diff: bool,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench {
            lab: Lab::start(),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A file of the test's own with these bytes.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs a module as alice, for real.
    pub(crate) fn run(&self, module: &str, options: Value) -> Value {
        self.run_as(TOKEN, module, options, Mode::default())
    }

    /// Runs a module as somebody else, for real.
    pub(crate) fn run_by(&self, token: &str, module: &str, options: Value) -> Value {
        self.run_as(token, module, options, Mode::default())
    }

    /// Runs a module as alice in check mode, which must not write.
    pub(crate) fn check(&self, module: &str, options: Value) -> Value {
        let before = self.lab.writes().len();
        let result = self.run_as(
            TOKEN,
            module,
            options,
            Mode {
                check: true,
                diff: true,
            },
        );
        assert_eq!(
            self.lab.writes().len(),
            before,
            "check mode wrote: {:?}",
            self.lab.writes()
        );
        result
    }

    /// Runs a module that must fail, and gives its message.
    pub(crate) fn failure(&self, module: &str, options: Value) -> String {
        let result = self.run(module, options);
        assert_eq!(result["failed"], true, "{result:#}");
        text(&result["msg"])
    }

    /// All four ways. The prediction must be what then happens, and a second run must find nothing to do.
    pub(crate) fn four_ways(&self, module: &str, options: Value) -> Value {
        let plain = self.run_as(
            TOKEN,
            module,
            options.clone(),
            Mode {
                check: true,
                diff: false,
            },
        );
        assert!(
            plain.get("diff").is_none(),
            "a diff that nobody asked for: {plain:#}"
        );
        let predicted = self.check(module, options.clone());
        let writes = self.lab.writes().len();
        let real = self.run_as(
            TOKEN,
            module,
            options.clone(),
            Mode {
                check: false,
                diff: true,
            },
        );
        assert_ne!(real.get("failed"), Some(&json!(true)), "{real:#}");
        assert_eq!(
            predicted["changed"], real["changed"],
            "check mode predicted otherwise: {real:#}"
        );
        assert_eq!(plain["changed"], real["changed"]);
        assert_eq!(
            predicted["plan"], real["plan"],
            "the plan was not what check mode showed"
        );
        assert_eq!(
            predicted["diff"], real["diff"],
            "the difference was not what check mode showed"
        );
        let changed = real["changed"] == true;
        assert_eq!(
            self.lab.writes().len() > writes,
            changed,
            "changed must mean written: {real:#}"
        );
        assert_eq!(
            real["diff"].as_array().is_some_and(|diff| !diff.is_empty()),
            changed
        );
        self.nothing_left_to_do(module, options);
        real
    }

    /// A further run changes nothing and writes nothing.
    pub(crate) fn nothing_left_to_do(&self, module: &str, options: Value) -> Value {
        let writes = self.lab.writes().len();
        let again = self.run(module, options);
        assert_eq!(
            again["changed"], false,
            "the second run changed something: {again:#}"
        );
        assert_eq!(again.get("plan").cloned().unwrap_or(json!([])), json!([]));
        assert_eq!(self.lab.writes().len(), writes, "the second run wrote");
        again
    }

    fn run_as(&self, token: &str, module: &str, options: Value, mode: Mode) -> Value {
        let token = options["mrp_token"].as_str().unwrap_or(token).to_owned();
        let output = self
            .command(&token, module, options, mode)
            .output()
            .unwrap();
        let result = result_of(&output);
        assert!(
            !result.to_string().contains(&token),
            "the token was printed: {result:#}"
        );
        result
    }

    /// The run of a module as alice, to be started.
    pub(crate) fn to_start(&self, module: &str, options: Value) -> Command {
        self.command(TOKEN, module, options, Mode::default())
    }

    fn command(&self, token: &str, module: &str, mut options: Value, mode: Mode) -> Command {
        let args = options.as_object_mut().unwrap();
        args.entry("mrp_url").or_insert(json!(self.lab.url()));
        args.entry("mrp_token").or_insert(json!(token));
        args.entry("retry_delay").or_insert(json!(0.01));
        args.insert("_ansible_check_mode".into(), json!(mode.check));
        args.insert("_ansible_diff".into(), json!(mode.diff));
        args.entry("_ansible_verbosity").or_insert(json!(4));
        args.insert("_ansible_version".into(), json!("2.19.14"));
        // A file of its own: several users may be at work at once.
        let file = NamedTempFile::new_in(self.dir.path()).unwrap();
        let (mut file, path) = file.keep().unwrap();
        file.write_all(options.to_string().as_bytes()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mrp-ansible"));
        command
            .arg0(format!("/tmp/ansible-tmp-1/AnsiballZ_{module}"))
            .arg(path)
            .env_clear();
        command
    }

    /// What the server has, asked by an administrator.
    pub(crate) fn server(&self, path: &str) -> Value {
        let url = format!("{}{}", self.lab.url(), path.trim_start_matches('/'));
        let answer = http().get(url).bearer_auth("admin-token").send().unwrap();
        answer.error_for_status().unwrap().json().unwrap()
    }

    /// A lease, as the DHCP server reports it.
    pub(crate) fn lease(&self, lease: &Value) {
        let url = format!("{}dhcp/ipv4/lease", self.lab.url());
        let answer = http().post(url).json(lease).send().unwrap();
        answer.error_for_status().unwrap();
    }

    /// The bytes that the boot endpoint has under an image's name.
    pub(crate) fn boot_file(&self, name: &str) -> Vec<u8> {
        let request = http().get(format!("{}tftp/", self.lab.url()));
        let answer = request
            .header("X-TFTP-IP", "127.0.0.1")
            .header("X-TFTP-File", name)
            .send();
        answer
            .unwrap()
            .error_for_status()
            .unwrap()
            .bytes()
            .unwrap()
            .to_vec()
    }

    /// A machine's preseed as its installer gets it.
    pub(crate) fn rendered(&self, machine: u64) -> String {
        let url = format!("{}preseed/{machine}", self.lab.url());
        let answer = http().get(url).send().unwrap();
        answer.error_for_status().unwrap().text().unwrap()
    }

    /// An upload as any other client might make it.
    pub(crate) fn upload(
        &self,
        token: &str,
        fields: &Value,
        file_name: &str,
        bytes: &'static [u8],
    ) {
        let file = Part::bytes(bytes).file_name(file_name.to_owned());
        let form = Form::new().text("q", fields.to_string()).part("file", file);
        let request = http()
            .post(format!("{}api/v1/image", self.lab.url()))
            .bearer_auth(token);
        request
            .multipart(form)
            .send()
            .unwrap()
            .error_for_status()
            .unwrap();
    }

    /// The object of a list of the server that has this value under this key.
    pub(crate) fn server_object(&self, list: &str, key: &str, value: &str) -> Value {
        let objects = self.server(&format!("/api/v1/{list}?show_all=true"));
        let found = objects
            .as_array()
            .unwrap()
            .iter()
            .find(|object| object[key] == value);
        found
            .unwrap_or_else(|| panic!("no {list} with {key} {value}: {objects:#}"))
            .clone()
    }
}

/// The one line that a run printed.
pub(crate) fn result_of(output: &Output) -> Value {
    let stdout = str::from_utf8(&output.stdout).unwrap();
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(stdout.is_ascii() && stdout.ends_with("}\n") && stdout.lines().count() == 1);
    serde_json::from_str(stdout).unwrap()
}

/// Past any proxy: the lab is on this machine.
fn http() -> &'static Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        // Somebody else may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder().no_proxy().build().unwrap()
    });
    &CLIENT
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a text: {value}"))
        .to_owned()
}

/// The actions of a result's plan.
pub(crate) fn actions(result: &Value) -> Vec<String> {
    result["plan"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| text(&step["action"]))
        .collect()
}

/// What the objects of a list have under a key.
pub(crate) fn column(list: &Value, key: &str) -> Vec<String> {
    let objects = list
        .as_array()
        .unwrap_or_else(|| panic!("not a list: {list}"));
    objects.iter().map(|object| text(&object[key])).collect()
}

/// Asserts that a message says each of these things.
pub(crate) fn says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}
