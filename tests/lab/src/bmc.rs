//! BMCs. The server runs `ipmitool` and puts its whole command line, with the password, into errors.

use std::time::Duration;

use crate::database::{Bmc, Machine};
use crate::lab_state::{LabState, PowerEvent};
use crate::python::{not_an_int, parse_int};
use crate::reply::Reply;

pub(crate) const UNKNOWN: &str = "Unknown (BMC error)";

/// The BMC whose commands all fail.
const BROKEN: &str = "broken-bmc";
const MOONSHOT: &str = "moonshot";

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum BootDevice {
    Pxe,
    Disk,
    Bios,
}

/// The power switch of one machine.
pub(crate) struct Chassis {
    bmc: Bmc,
    slot: String,
    cartridge: i128,
    machine_id: i64,
    efi: bool,
    broken: bool,
    /// How long a request has to wait for it.
    wait: Duration,
}

impl Chassis {
    /// Returns `None` for a machine without a BMC. A chassis with cartridges needs the number of a cartridge.
    pub(crate) fn for_machine(lab: &LabState, machine: &Machine) -> Result<Option<Chassis>, Reply> {
        let Some(bmc) = machine.bmc_id.and_then(|id| lab.db.bmcs.get(id)).cloned() else {
            return Ok(None);
        };
        let cartridge = match bmc.bmc_type == MOONSHOT {
            true => {
                let not_a_number =
                    || Reply::exception(400, "ValueError", not_an_int(&machine.bmc_info));
                parse_int(&machine.bmc_info).ok_or_else(not_a_number)?
            }
            false => 0,
        };
        Ok(Some(Chassis {
            slot: if bmc.bmc_type == MOONSHOT {
                machine.bmc_info.clone()
            } else {
                String::new()
            },
            cartridge,
            machine_id: machine.id,
            efi: lab
                .db
                .subarch_of(machine)
                .is_some_and(|subarch| subarch.efiboot),
            broken: bmc.ip == BROKEN || lab.settings.bmc_fails(&machine.name),
            wait: Duration::try_from_secs_f64(lab.settings.bmc_seconds(&machine.name))
                .unwrap_or_default(),
            bmc,
        }))
    }

    /// The arguments of `ipmitool`.
    pub(crate) fn command(&self, words: &[&str]) -> Vec<String> {
        let mut command: Vec<String> = [
            "-I",
            "lanplus",
            "-H",
            &self.bmc.ip,
            "-U",
            &self.bmc.username,
            "-P",
            &self.bmc.password,
        ]
        .map(str::to_owned)
        .into();
        if self.bmc.bmc_type == MOONSHOT {
            let target = (128 + 2 * self.cartridge).to_string();
            command.extend(["-B", "0", "-T", &target, "-b", "7", "-t", "114"].map(str::to_owned));
        }
        command.extend(["-R", "1"].map(str::to_owned));
        command.extend(words.iter().map(|word| (*word).to_owned()));
        command
    }

    fn run(&self, lab: &mut LabState, words: &[&str]) -> Result<(), Reply> {
        lab.bmc_delay = self.wait;
        if !self.broken {
            let machine = lab.db.machines.get(self.machine_id);
            let name = machine.map(|machine| machine.name.clone());
            let order = (name.unwrap_or_default(), words.join(" "));
            lab.bmc_orders.push(order);
            return Ok(());
        }
        let quoted: Vec<_> = self
            .command(words)
            .iter()
            .map(|word| format!("'{word}'"))
            .collect();
        let text = format!(
            "BMC error: IPMI error: Command '['/usr/bin/ipmitool', {}]' returned non-zero exit status 1. \
             (b'Error: Unable to establish IPMI v2 / RMCP+ session\\n')",
            quoted.join(", ")
        );
        Err(Reply::exception(500, "BMCError", text))
    }

    pub(crate) fn key(&self) -> (String, String) {
        (self.bmc.ip.clone(), self.slot.clone())
    }

    pub(crate) fn is_on(&self, lab: &LabState) -> bool {
        lab.db.powered.get(&self.key()).copied().unwrap_or(false)
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether the chassis is on; `None` if the BMC does not answer.
    pub(crate) fn power(&self, lab: &mut LabState) -> Option<&'static str> {
        lab.bmc_delay = self.wait;
        (!self.broken).then(|| if self.is_on(lab) { "on" } else { "off" })
    }

    fn switch(&self, lab: &mut LabState, on: bool) {
        lab.db.powered.insert(self.key(), on);
    }

    pub(crate) fn on(&self, lab: &mut LabState) -> Result<(), Reply> {
        self.run(lab, &["chassis", "power", "on"])?;
        if !self.is_on(lab) {
            self.start(lab, BootDevice::Pxe);
        }
        Ok(())
    }

    pub(crate) fn off(&self, lab: &mut LabState) -> Result<(), Reply> {
        self.run(lab, &["chassis", "power", "off"])?;
        self.switch(lab, false);
        lab.power_events.push(PowerEvent::Stop(self.machine_id));
        Ok(())
    }

    /// Resets a machine. One that is off stays off, except a cartridge, whose power is cycled.
    pub(crate) fn reset(&self, lab: &mut LabState) -> Result<(), Reply> {
        let cycle = self.bmc.bmc_type == MOONSHOT;
        self.run(
            lab,
            &["chassis", "power", if cycle { "cycle" } else { "reset" }],
        )?;
        if cycle || self.is_on(lab) {
            self.start(lab, BootDevice::Pxe);
        }
        Ok(())
    }

    /// Sets the device of the next boot, then resets the machine or switches it on.
    pub(crate) fn reboot(&self, lab: &mut LabState, device: BootDevice) -> Result<(), Reply> {
        let name = match device {
            BootDevice::Pxe => "pxe",
            BootDevice::Disk => "disk",
            BootDevice::Bios => "bios",
        };
        let words = ["chassis", "bootdev", name, "options=efiboot"];
        self.run(lab, &words[..if self.efi { 4 } else { 3 }])?;
        let power = if self.is_on(lab) { "reset" } else { "on" };
        self.run(lab, &["chassis", "power", power])?;
        self.start(lab, device);
        Ok(())
    }

    /// Starts the machine. Without a boot device it tries the network first.
    fn start(&self, lab: &mut LabState, device: BootDevice) {
        self.switch(lab, true);
        lab.starts += 1;
        let wake = if device == BootDevice::Pxe {
            PowerEvent::Boot(self.machine_id)
        } else {
            PowerEvent::Stop(self.machine_id)
        };
        lab.power_events.push(wake);
    }
}
