//! Network boots: the lab's machines send the requests of the DHCP and TFTP bridges and of installers to the lab itself.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;

use crate::answering::{self, RunningSystem};
use crate::boot_config::{BootConfig, own_options};
use crate::boot_messages as messages;
use crate::console;
use crate::lab_state::{LabState, PowerEvent, RunningBoot, Shared};
use crate::late_command;
use crate::request_origin::{BY_MACHINE, BootId};

/// A file that a machine fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fetched {
    /// Its name below the TFTP root, which is the image's name.
    pub name: String,
    /// The SHA-256 of its bytes in hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A network boot of a machine. Fields are set while it proceeds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Boot {
    /// The machine's name.
    pub machine: String,
    /// The machine's id.
    pub machine_id: i64,
    /// The MAC of the interface it boots from.
    pub mac: Option<String>,
    /// The boot file in the DHCP answer.
    pub bootfile: Option<String>,
    /// The kernel.
    pub kernel: Option<Fetched>,
    /// The initrd, if its boot configuration names one.
    pub initrd: Option<Fetched>,
    /// The machine's own kernel options.
    pub kernel_opts: Option<String>,
    /// The whole kernel command line, with the server's options before the machine's.
    pub command_line: Option<String>,
    /// The rendered preseed.
    pub preseed: Option<String>,
    /// The leased address.
    pub lease: Option<String>,
    /// `booting`, `installing`, then `ready`, `error`, `never` or `silent` as the settings say; `failed` if it could not boot, `aborted` if
    /// it was switched off, rebooted or provisioned again before its end.
    pub result: String,
    /// Why it failed.
    pub error: Option<String>,
}

impl Boot {
    /// Whether the boot has ended.
    pub fn is_over(&self) -> bool {
        self.result != "booting" && self.result != "installing"
    }
}

/// Starts and stops machines as the last handler requested.
pub(crate) fn apply_power_events(shared: &Arc<Shared>, lab: &mut LabState) {
    for event in std::mem::take(&mut lab.power_events) {
        match event {
            PowerEvent::Stop(id) => {
                stop(lab, id);
                answering::run_disk(lab, id);
            }
            PowerEvent::Boot(id) => {
                stop(lab, id);
                start(shared, lab, id);
            }
        }
    }
}

fn stop(lab: &mut LabState, id: i64) {
    if let Some(RunningBoot { index, task, .. }) = lab.running.remove(&id) {
        task.abort();
        if let Some(boot) = lab.boots.get_mut(index) {
            boot.result = "aborted".into();
        }
    }
}

/// Starts a network boot. With netboot off a machine starts from its disk and sends no request.
fn start(shared: &Arc<Shared>, lab: &mut LabState, id: i64) {
    let Some(machine) = lab
        .db
        .machines
        .get(id)
        .filter(|machine| machine.netboot_enabled)
    else {
        answering::run_disk(lab, id);
        return;
    };
    let mac = lab
        .db
        .interfaces_of(id)
        .min_by_key(|interface| interface.id)
        .map(|interface| interface.mac.clone());
    let boot = Boot {
        machine: machine.name.clone(),
        machine_id: id,
        mac: mac.clone(),
        result: "booting".into(),
        ..Boot::default()
    };
    lab.boots.push(boot);
    let index = lab.boots.len() - 1;
    let booting = BootRun {
        shared: shared.clone(),
        boot: BootId {
            machine: id,
            index,
            resets: lab.resets(),
        },
        mac: mac.unwrap_or_default(),
    };
    let task = tokio::spawn(booting.run());
    let running = RunningBoot {
        index,
        task: task.abort_handle(),
        reporting: false,
    };
    lab.running.insert(id, running);
}

struct BootRun {
    shared: Arc<Shared>,
    boot: BootId,
    mac: String,
}

impl BootRun {
    async fn run(self) {
        let result = self.boot().await;
        if result.is_err() {
            // The firmware tries the disk next.
            self.run_system(RunningSystem::Disk);
        }
        if let Err(problem) = &result {
            self.print(messages::installer_failed(problem));
            self.print(messages::BOOTS_DISK);
        }
        self.update(|boot| match result {
            Ok(result) => boot.result = result,
            Err(problem) => (boot.result, boot.error) = ("failed".into(), Some(problem)),
        });
        let mut lab = self.shared.lock();
        if self.boot.is_running(&lab) {
            lab.running.remove(&self.boot.machine);
        }
    }

    fn update(&self, change: impl FnOnce(&mut Boot)) {
        let mut lab = self.shared.lock();
        if self.boot.is_running(&lab) {
            lab.boots.get_mut(self.boot.index).map(change);
        }
    }

    /// Prints on the machine's console.
    fn print(&self, text: impl Into<String>) {
        let mut lab = self.shared.lock();
        if self.boot.is_running(&lab) {
            console::print(&mut lab, self.boot.machine, text.into());
        }
    }

    fn run_system(&self, system: RunningSystem) {
        let mut lab = self.shared.lock();
        if self.boot.is_running(&lab) {
            answering::run(&mut lab, self.boot.machine, system);
        }
    }

    fn run_installed(&self) {
        let mut lab = self.shared.lock();
        if self.boot.is_running(&lab) {
            answering::run_installed(&mut lab, self.boot.machine);
        }
    }

    /// The old system goes on for a while after a reset, and then nothing answers until something has booted.
    async fn reset(&self) {
        let (reset, boot) = {
            let (name, settings) = (self.name(), &self.shared.lock().settings);
            (settings.reset_seconds(&name), settings.boot_seconds(&name))
        };
        sleep(reset).await;
        self.run_system(RunningSystem::None);
        sleep(boot).await;
    }

    async fn boot(&self) -> Result<String, String> {
        self.reset().await;
        self.print(messages::FIRMWARE);
        if self.mac.is_empty() {
            return Err("the machine has no interface.".into());
        }
        self.print(messages::network_boot(&self.mac));
        let offer = self.dhcp().await?;
        let command_line = self.load().await?;
        self.preseed(&command_line).await?;
        self.update(|boot| boot.result = "installing".into());
        self.print(messages::INSTALLING);
        let name = self.name();
        let (seconds, boot_seconds, result, late_commands, answers) = {
            let settings = &self.shared.lock().settings;
            (
                settings.install_seconds(&name),
                settings.boot_seconds(&name),
                settings.install_result(&name),
                settings.late_commands,
                settings.answer(&name, "answer_installer").is_some(),
            )
        };
        if answers {
            self.lease(offer.clone()).await?;
        }
        self.run_system(RunningSystem::Installer);
        sleep(seconds).await;
        if result != "never" {
            self.print(match result.as_str() {
                "error" => messages::INSTALLATION_FAILED,
                _ => messages::INSTALLED,
            });
            self.run_system(RunningSystem::None);
            // The installed system starts.
            sleep(boot_seconds).await;
            self.lease(offer).await?;
            self.run_installed();
            if result != "error" {
                let prompt = console::login_prompt(&self.shared.lock(), self.boot.machine);
                self.print(prompt);
            }
            if result == "silent" {
                return Ok(result);
            }
            if let Some(running) = self.shared.lock().running.get_mut(&self.boot.machine) {
                running.reporting = true;
            }
            if late_commands {
                return self.late_command(&command_line).await;
            }
            self.report(&result).await?;
        }
        Ok(result)
    }

    /// Runs the late command of the preseed and returns the machine's state after it.
    async fn late_command(&self, command_line: &str) -> Result<String, String> {
        let (command, command_line) = {
            let lab = self.shared.lock();
            let preseed = lab
                .boots
                .get(self.boot.index)
                .and_then(|boot| boot.preseed.as_deref());
            let command = preseed.and_then(late_command::find);
            let here = format!("http://{}", self.shared.address);
            // The address in the seed is that of the recorded server, which does not exist here.
            (
                command.ok_or("the preseed has no late command.")?,
                command_line.replace(&lab.db.config.access_uri, &here),
            )
        };
        let run = tokio::task::spawn_blocking(move || late_command::run(&command, &command_line));
        run.await.map_err(|error| error.to_string())??;
        let lab = self.shared.lock();
        let machine = lab.db.machines.get(self.boot.machine);
        Ok(machine
            .map(|machine| machine.state.clone())
            .unwrap_or_default())
    }

    fn name(&self) -> String {
        self.shared
            .lock()
            .db
            .machines
            .get(self.boot.machine)
            .map(|machine| machine.name.clone())
            .unwrap_or_default()
    }

    /// Requests the boot file's name and fetches the file. Returns the reserved address, if there is one.
    async fn dhcp(&self) -> Result<Option<String>, String> {
        let text = self
            .text(
                "GET",
                &format!("/dhcp/ipv4?hwaddr={}", self.mac),
                &[],
                Value::Null,
            )
            .await?;
        let offer: Value =
            serde_json::from_str(&text).map_err(|error| format!("DHCP: {error}."))?;
        let bootfile = offer["options"]
            .as_array()
            .and_then(|options| options.iter().find(|option| option["option"] == 67));
        let bootfile = bootfile
            .and_then(|option| option["value"].as_str())
            .ok_or("DHCP told no boot file.")?;
        self.update(|boot| boot.bootfile = Some(bootfile.to_owned()));
        self.fetch(bootfile).await?;
        self.print(messages::fetched("boot file", bootfile));
        Ok(offer["ipv4"].as_str().map(str::to_owned))
    }

    /// Fetches the boot configuration, kernel and initrd. Returns the kernel command line.
    async fn load(&self) -> Result<String, String> {
        let dashes = self.mac.replace(':', "-");
        let efi = {
            let lab = self.shared.lock();
            let machine = lab.db.machines.get(self.boot.machine).cloned();
            machine
                .and_then(|machine| lab.db.subarch_of(&machine).map(|subarch| subarch.efiboot))
                .unwrap_or(true)
        };
        let file = if efi {
            format!("grub.cfg/01-{dashes}")
        } else {
            format!("pxelinux.cfg/01-{dashes}")
        };
        let text = self
            .text("GET", "/tftp/", &tftp_headers(&file), Value::Null)
            .await?;
        self.print(messages::fetched("boot configuration", &file));
        let plan =
            BootConfig::read(&text).ok_or("the boot configuration says to boot from disk.")?;
        let kernel = self.fetch(&plan.kernel).await?;
        self.print(messages::fetched("kernel", &plan.kernel));
        self.update(|boot| {
            boot.kernel = Some(kernel);
            boot.kernel_opts = Some(own_options(&plan.command_line).to_owned());
            boot.command_line = Some(plan.command_line.clone());
        });
        if let Some(initrd) = &plan.initrd {
            let initrd = self.fetch(initrd).await?;
            self.print(messages::fetched("initrd", &initrd.name));
            self.update(|boot| boot.initrd = Some(initrd));
        }
        self.print(messages::kernel_start(&plan.command_line));
        Ok(plan.command_line)
    }

    /// Fetches the preseed that the command line names, from the lab whatever host it names.
    async fn preseed(&self, command_line: &str) -> Result<(), String> {
        let urls = ["url=", "ks=", "autoyast="];
        let url = command_line
            .split_whitespace()
            .find_map(|word| urls.iter().find_map(|key| word.strip_prefix(key)));
        let Some(path) = url.and_then(|url| url.find("/preseed/").map(|at| &url[at..])) else {
            return Ok(());
        };
        let text = self.text("GET", path, &[], Value::Null).await?;
        self.print(messages::fetched("preseed", path));
        self.update(|boot| boot.preseed = Some(text));
        Ok(())
    }

    async fn lease(&self, reserved: Option<String>) -> Result<(), String> {
        let address = reserved.unwrap_or_else(|| self.free_address());
        let lease = json!({"mac": self.mac, "ipv4": address, "duration": 3600});
        self.text("POST", "/dhcp/ipv4/lease", &[], lease).await?;
        self.update(|boot| boot.lease = Some(address));
        Ok(())
    }

    /// The address in the settings, else the previous lease, else an address computed from the machine's id.
    fn free_address(&self) -> String {
        let name = self.name();
        let lab = self.shared.lock();
        let known = || lab.db.lease_of(&self.mac).map(|lease| lease.ipv4.clone());
        let network = lab
            .db
            .interface_with(&self.mac)
            .and_then(|interface| lab.db.network_of(interface));
        let computed = || {
            let (base, prefix) = network.map_or((Ipv4Addr::new(10, 40, 0, 0), 16), |network| {
                (network.subnet.base, network.subnet.prefix)
            });
            let offset =
                if prefix <= 16 { 5 * 256 } else { 0 } + 100 + self.boot.machine as u32 % 100;
            Ipv4Addr::from(u32::from(base) + offset).to_string()
        };
        lab.settings
            .lease(&name)
            .or_else(known)
            .unwrap_or_else(computed)
    }

    /// Sets the machine's state as the installed system does, with a token of an assigned user or an administrator.
    async fn report(&self, state: &str) -> Result<(), String> {
        let token = {
            let db = &self.shared.lock().db;
            let holders: Vec<i64> = db
                .assignments_of(self.boot.machine)
                .map(|assignment| assignment.user_id)
                .collect();
            let admins: Vec<i64> = db
                .users
                .iter()
                .filter(|user| user.admin)
                .map(|user| user.id)
                .collect();
            let mut users = holders.iter().chain(&admins);
            users.find_map(|user| db.token_of(*user)).map(str::to_owned)
        };
        let header = (
            "authorization",
            format!("Bearer {}", token.unwrap_or_default()),
        );
        let path = format!("/api/v1/machine/{}/state", self.boot.machine);
        self.text("PUT", &path, &[header], json!({"state": state}))
            .await
            .map(drop)
    }

    async fn fetch(&self, name: &str) -> Result<Fetched, String> {
        let mut response = self
            .ask("GET", "/tftp/", &tftp_headers(name), &Value::Null)
            .await?;
        if response.status() != 200 {
            return Err(format!("TFTP has no file {name} ({}).", response.status()));
        }
        let (mut hash, mut size) = (Sha256::new(), 0);
        while let Some(frame) = response.frame().await {
            let frame =
                frame.map_err(|error| format!("the transfer of {name} broke off: {error}."))?;
            if let Some(data) = frame.data_ref() {
                hash.update(data);
                size += data.len() as u64;
            }
        }
        let sha256 = hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Fetched {
            name: name.to_owned(),
            sha256,
            size,
        })
    }

    /// Returns the text of an answer. Any status except success is an error.
    async fn text(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Value,
    ) -> Result<String, String> {
        let response = self.ask(method, path, headers, &body).await?;
        let status = response.status();
        let body = response
            .collect()
            .await
            .map_err(|error| format!("{method} {path}: {error}."))?;
        let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        match status.is_success() {
            true => Ok(text),
            false => Err(format!("{method} {path}: {status} {text}")
                .trim_end()
                .to_owned()),
        }
    }

    async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: &Value,
    ) -> Result<Response<Incoming>, String> {
        let failed = |error: &dyn std::fmt::Display| format!("{method} {path}: {error}.");
        let stream = TcpStream::connect(self.shared.address)
            .await
            .map_err(|error: io::Error| failed(&error))?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| failed(&error))?;
        // It ends with the exchange, which reports its errors.
        drop(tokio::spawn(connection));
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.shared.address.to_string());
        request = request.header(BY_MACHINE, json!(self.boot).to_string());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let bytes = if body.is_null() {
            Bytes::new()
        } else {
            Bytes::from(body.to_string())
        };
        let request = request
            .body(Full::new(bytes))
            .map_err(|error| failed(&error))?;
        sender
            .send_request(request)
            .await
            .map_err(|error| failed(&error))
    }
}

async fn sleep(seconds: f64) {
    tokio::time::sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default()).await;
}

fn tftp_headers(file: &str) -> [(&'static str, String); 2] {
    [
        ("x-tftp-ip", "0.0.0.0".into()),
        ("x-tftp-file", file.into()),
    ]
}
