//! Settings of the lab: limits, boot endpoints, BMCs, and how machines install.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::release::{Release, ServerKind};
use crate::session::Sessions;

/// The application's default limit. If it is raised, the HTTP server's buffer is raised too.
const DEFAULT_UPLOAD_SIZE: u64 = 1 << 30;
const DEFAULT_BUFFER_SIZE: u64 = 100 << 20;

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) max_upload_size: u64,
    max_buffer_size: Option<u64>,
    /// The status of the boot endpoints' answers to clients, if they are closed to clients.
    pub(crate) tftp_status: Option<u16>,
    /// Whether reservations are stored at once, which the real server fails to do.
    pub(crate) stores_reservations: bool,
    /// Which requests share a database session, and which release the server is.
    pub(crate) kind: ServerKind,
    /// Whether all requests wait while one waits for a BMC, as on the real server.
    pub(crate) bmc_blocks: bool,
    /// Whether installed machines run the late command of their preseed. Cannot be set over the control path.
    pub(crate) late_commands: bool,
    /// The port of the consoles that the server tells, instead of the lab's own.
    pub(crate) console_port: Option<u16>,
    install: Install,
    machines: BTreeMap<String, Install>,
}

/// How a machine installs. What is not set for a machine is as set for all machines.
#[derive(Clone, Debug, Default)]
struct Install {
    seconds: Option<f64>,
    result: Option<String>,
    lease: Option<String>,
    bmc: Option<String>,
    bmc_seconds: Option<f64>,
    console: Option<String>,
    reset_seconds: Option<f64>,
    boot_seconds: Option<f64>,
    answer_port: Option<u16>,
    /// The first line that a system sends on that port, by the name of the setting; null for a closed port.
    answers: BTreeMap<String, Option<String>>,
}

const RESULTS: [&str; 4] = ["ready", "error", "never", "silent"];
const ANSWERS: [&str; 3] = ["answer_old", "answer_installer", "answer_installed"];
const BMC: [&str; 2] = ["works", "fails"];
const CONSOLE: [&str; 4] = ["works", "busy", "refused", "silent"];
const RESERVATIONS: [&str; 2] = ["confirmed", "stored"];
const BAD_GATEWAY: u16 = 502;

impl Settings {
    pub(crate) fn new(max_upload_size: u64, kind: ServerKind) -> Settings {
        let install = Install {
            seconds: Some(0.2),
            result: Some("ready".into()),
            ..Install::default()
        };
        Settings {
            max_upload_size,
            max_buffer_size: None,
            tftp_status: None,
            stores_reservations: false,
            kind,
            bmc_blocks: true,
            late_commands: false,
            console_port: None,
            install,
            machines: BTreeMap::new(),
        }
    }

    /// The largest body that the HTTP server takes. A larger one closes the connection without an answer.
    pub(crate) fn max_buffer_size(&self) -> u64 {
        let raised = if self.max_upload_size > DEFAULT_UPLOAD_SIZE {
            self.max_upload_size + (1 << 20)
        } else {
            0
        };
        self.max_buffer_size
            .unwrap_or(DEFAULT_BUFFER_SIZE.max(raised))
    }

    pub(crate) fn install_seconds(&self, machine: &str) -> f64 {
        self.setting(machine, |install| install.seconds)
            .unwrap_or_default()
    }

    pub(crate) fn install_result(&self, machine: &str) -> String {
        self.setting(machine, |install| install.result.clone())
            .unwrap_or_default()
    }

    pub(crate) fn lease(&self, machine: &str) -> Option<String> {
        self.setting(machine, |install| install.lease.clone())
    }

    /// Whether a machine's BMC is set to fail.
    pub(crate) fn bmc_fails(&self, machine: &str) -> bool {
        self.setting(machine, |install| install.bmc.clone())
            .as_deref()
            == Some("fails")
    }

    /// How long a request waits for a machine's BMC.
    pub(crate) fn bmc_seconds(&self, machine: &str) -> f64 {
        self.setting(machine, |install| install.bmc_seconds)
            .unwrap_or_default()
    }

    /// What a machine's console does.
    pub(crate) fn console(&self, machine: &str) -> String {
        self.setting(machine, |install| install.console.clone())
            .unwrap_or_default()
    }

    /// How long the old system of a machine goes on after a reset.
    pub(crate) fn reset_seconds(&self, machine: &str) -> f64 {
        self.setting(machine, |install| install.reset_seconds)
            .unwrap_or_default()
    }

    /// How long a machine answers nothing before it boots from the network.
    pub(crate) fn boot_seconds(&self, machine: &str) -> f64 {
        self.setting(machine, |install| install.boot_seconds)
            .unwrap_or_default()
    }

    pub(crate) fn answer_port(&self, machine: &str) -> Option<u16> {
        self.setting(machine, |install| install.answer_port)
    }

    /// The first line that a system of a machine sends; None for one that does not answer.
    pub(crate) fn answer(&self, machine: &str, system: &str) -> Option<String> {
        self.setting(machine, |install| install.answers.get(system).cloned())?
    }

    fn setting<T>(&self, machine: &str, pick: impl Fn(&Install) -> Option<T>) -> Option<T> {
        self.machines
            .get(machine)
            .and_then(&pick)
            .or_else(|| pick(&self.install))
    }

    /// Changes the settings that an object names. On an error nothing is changed.
    pub(crate) fn merge(&mut self, value: &Value) -> Result<(), String> {
        let mut changed = self.clone();
        for (name, value) in object("settings", value)? {
            match name.as_str() {
                "max_upload_size" => changed.max_upload_size = size(name, value)?,
                "max_buffer_size" if value.is_null() => changed.max_buffer_size = None,
                "max_buffer_size" => changed.max_buffer_size = Some(size(name, value)?),
                "tftp" => changed.tftp_status = parse_tftp(value)?,
                "reservations" => {
                    changed.stores_reservations =
                        one_of(name, value, &RESERVATIONS)? == RESERVATIONS[1];
                }
                "sessions" => {
                    let sessions = one_of(name, value, &Sessions::NAMES)?;
                    changed.kind.sessions = Sessions::from_name(&sessions).unwrap_or_default();
                }
                "release" => {
                    let release = one_of(name, value, &Release::NAMES)?;
                    changed.kind.release = Release::from_name(&release).unwrap_or_default();
                }
                "console_port" if value.is_null() => changed.console_port = None,
                "console_port" => changed.console_port = Some(port(name, value)?),
                "bmc_blocks" => {
                    let flag = value.as_bool();
                    changed.bmc_blocks =
                        flag.ok_or_else(|| format!("{name} must be true or false, not {value}."))?;
                }
                "machines" => {
                    for (machine, value) in object(name, value)? {
                        let install = changed.machines.entry(machine.clone()).or_default();
                        for (name, value) in object(machine, value)? {
                            install.set(name, value)?;
                        }
                    }
                }
                "lease" => {
                    return Err("lease can be set for one machine only, below machines.".into());
                }
                _ => changed.install.set(name, value)?,
            }
        }
        *self = changed;
        Ok(())
    }

    pub(crate) fn show(&self) -> Value {
        let mut all = self.install.show();
        let machines: Map<_, _> = self
            .machines
            .iter()
            .map(|(name, install)| (name.clone(), install.show().into()))
            .collect();
        let tftp = self.tftp_status.map_or(json!(true), |status| {
            if status == BAD_GATEWAY {
                json!(false)
            } else {
                json!(status)
            }
        });
        all.insert("max_upload_size".into(), json!(self.max_upload_size));
        all.insert("max_buffer_size".into(), json!(self.max_buffer_size()));
        all.insert("tftp".into(), tftp);
        let reservations = RESERVATIONS[usize::from(self.stores_reservations)];
        all.insert("reservations".into(), json!(reservations));
        all.insert("sessions".into(), json!(self.kind.sessions.name()));
        all.insert("release".into(), json!(self.kind.release.name()));
        all.insert("bmc_blocks".into(), json!(self.bmc_blocks));
        all.insert("console_port".into(), json!(self.console_port));
        all.insert("machines".into(), Value::Object(machines));
        Value::Object(all)
    }
}

impl Install {
    fn set(&mut self, name: &str, value: &Value) -> Result<(), String> {
        match name {
            "install_seconds" => self.seconds = Some(seconds(name, value)?),
            "install_result" => self.result = Some(one_of(name, value, &RESULTS)?),
            "bmc" => self.bmc = Some(one_of(name, value, &BMC)?),
            "bmc_seconds" => self.bmc_seconds = Some(seconds(name, value)?),
            "reset_seconds" => self.reset_seconds = Some(seconds(name, value)?),
            "boot_seconds" => self.boot_seconds = Some(seconds(name, value)?),
            "console" => self.console = Some(one_of(name, value, &CONSOLE)?),
            "answer_port" => self.answer_port = Some(port(name, value)?),
            _ if ANSWERS.contains(&name) => {
                if !value.is_null() && !value.is_string() {
                    return Err(format!("{name} must be a text or null, not {value}."));
                }
                let answer = value.as_str().map(str::to_owned);
                self.answers.insert(name.to_owned(), answer);
            }
            "lease" => {
                let address = value
                    .as_str()
                    .filter(|text| text.parse::<std::net::Ipv4Addr>().is_ok());
                self.lease = Some(
                    address
                        .ok_or_else(|| format!("{name} must be an IPv4 address, not {value}."))?
                        .to_owned(),
                );
            }
            _ => return Err(format!("there is no setting {name}.")),
        }
        Ok(())
    }

    fn show(&self) -> Map<String, Value> {
        let values = [
            ("install_seconds", json!(self.seconds)),
            ("install_result", json!(self.result)),
            ("lease", json!(self.lease)),
            ("bmc", json!(self.bmc)),
            ("bmc_seconds", json!(self.bmc_seconds)),
            ("console", json!(self.console)),
            ("reset_seconds", json!(self.reset_seconds)),
            ("boot_seconds", json!(self.boot_seconds)),
            ("answer_port", json!(self.answer_port)),
        ];
        let answers = self.answers.iter();
        let answers = answers.map(|(name, answer)| (name.as_str(), json!(answer)));
        values
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .chain(answers)
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

fn parse_tftp(value: &Value) -> Result<Option<u16>, String> {
    match (value.as_bool(), value.as_u64()) {
        (Some(open), _) => Ok((!open).then_some(BAD_GATEWAY)),
        (None, Some(status @ 400..=599)) => Ok(Some(status as u16)),
        _ => Err(format!(
            "tftp must be true, false or a status from 400 to 599, not {value}."
        )),
    }
}

fn object<'a>(name: &str, value: &'a Value) -> Result<&'a Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{name} must be an object, not {value}."))
}

fn seconds(name: &str, value: &Value) -> Result<f64, String> {
    value
        .as_f64()
        .filter(|seconds| (0.0..1e6).contains(seconds))
        .ok_or_else(|| format!("{name} must be a number of seconds, not {value}."))
}

fn size(name: &str, value: &Value) -> Result<u64, String> {
    value
        .as_u64()
        .ok_or_else(|| format!("{name} must be a number of bytes, not {value}."))
}

fn port(name: &str, value: &Value) -> Result<u16, String> {
    let port = value.as_u64().and_then(|port| u16::try_from(port).ok());
    port.ok_or_else(|| format!("{name} must be a port, not {value}."))
}

fn one_of(name: &str, value: &Value, words: &[&str]) -> Result<String, String> {
    let word = value.as_str().filter(|word| words.contains(word));
    word.map(str::to_owned)
        .ok_or_else(|| format!("{name} must be one of {}, not {value}.", words.join(", ")))
}
