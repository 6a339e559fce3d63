//! Waiting until the installed system of a machine answers on a TCP port, at the machine's own address.

mod identity;
mod installer;

use std::net::Ipv4Addr;

use identity::{Before, SystemIdentity, Verdict};

use crate::client::{Client, Clock, Interface, Machine, MachineState, ReadOnlyClient};
use crate::support::glob::Glob;
use crate::support::ssh_host_keys::{self, HostKey};
use crate::support::tcp_answer::{self, TcpAnswer};
use crate::task::interface::find;
use crate::task::machine::milestones::{MilestoneKind, Milestones};
use crate::task::machine::{MachineReport, apply, machine_title, netboot_of};
use crate::task::{OngoingWait, Result, StepOutcome, StepResult, TaskError, network};

const SSH_PORT: u16 = 22;

/// Where the installed system answers, and what tells it from others.
#[derive(Clone, Debug)]
pub(crate) struct AnswerSpec {
    pub port: u16,
    /// The interface to ask at, by its identifier or MAC; needed where several have an address.
    pub interface: Option<String>,
    pub host_key: Option<HostKey>,
    /// A pattern for the first line that it sends.
    pub banner: Option<Glob>,
}

/// A wait under way.
#[derive(Debug)]
pub(crate) struct AnswerWait {
    spec: AnswerSpec,
    wait: OngoingWait,
    before: Before,
    /// Whether the port was closed since the order.
    was_closed: bool,
    address: Option<Ipv4Addr>,
}

/// When the machine is looked at first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstLook {
    /// Now, before the order.
    Now,
    /// With the wait: the order was given before this task.
    Late,
    /// This is check mode.
    Never,
}

/// What a look at the machine found.
enum Sighting {
    NoAddress,
    Closed,
    Open(SystemIdentity),
}

impl AnswerWait {
    /// Looks at what answers before the order, where this is before it.
    pub(super) fn plan(
        spec: &AnswerSpec,
        wait: OngoingWait,
        client: &ReadOnlyClient,
        machine: &Machine,
        first_look: FirstLook,
    ) -> Result<AnswerWait> {
        if spec.host_key.is_some() && !ssh_host_keys::can_scan() {
            return Err(TaskError::with_hint(
                "a host key can be compared only with OpenSSH's program ssh-keyscan, which is not there",
                "Install OpenSSH's client where the task runs, or compare the banner instead.",
            ));
        }
        let interfaces = client.interfaces().list(machine.id)?;
        let address = spec.address(machine, &interfaces)?;
        let before = match address {
            _ if first_look == FirstLook::Late => Before::NotSeen {
                // The server switches it on, and only who takes the machine for installed switches it off.
                netboot_is_off: !netboot_of(machine),
            },
            Some(address) if first_look == FirstLook::Now => match spec.ask(address, true) {
                Some(identity) => Before::Open(identity),
                None => Before::Closed,
            },
            _ => Before::Closed,
        };
        Ok(AnswerWait {
            spec: spec.clone(),
            wait,
            before,
            was_closed: false,
            address,
        })
    }

    pub(super) fn ongoing(&mut self) -> &mut OngoingWait {
        &mut self.wait
    }

    /// Reads where the machine is.
    fn find_address(
        &mut self,
        poll: &ReadOnlyClient,
        machine: &Machine,
        milestones: &mut Milestones,
    ) -> Result<()> {
        if let Ok(interfaces) = poll.interfaces().list(machine.id) {
            milestones.look_at_leases(&interfaces, poll.clock());
            self.address = self.spec.address(machine, &interfaces)?;
        }
        Ok(())
    }

    /// Asks the machine once, at its last address.
    fn look(&mut self, clock: &dyn Clock, milestones: &mut Milestones) -> Sighting {
        let Some(address) = self.address else {
            return Sighting::NoAddress;
        };
        let needs_keys = self.spec.host_key.is_some() || self.before.has_keys();
        let Some(identity) = self.spec.ask(address, needs_keys) else {
            self.was_closed = true;
            milestones.reach(MilestoneKind::Gone, None, clock);
            return Sighting::Closed;
        };
        Sighting::Open(identity)
    }

    fn verdict(&self, sighting: &Sighting) -> Verdict {
        let at = |address: Ipv4Addr| format!("port {} of {address}", self.spec.port);
        let at = self.address.map_or_else(String::new, at);
        match sighting {
            Sighting::NoAddress => Verdict::NotYet("its address is not known yet".into()),
            Sighting::Closed => Verdict::NotYet(format!("{at} does not answer")),
            Sighting::Open(identity) => {
                let verdict = identity::judge(&self.spec, &self.before, self.was_closed, identity);
                match verdict {
                    Verdict::NotYet(reason) => Verdict::NotYet(format!("{at} {reason}")),
                    installed => installed,
                }
            }
        }
    }
}

impl AnswerSpec {
    /// What answers there; None if nothing does.
    fn ask(&self, address: Ipv4Addr, needs_keys: bool) -> Option<SystemIdentity> {
        let TcpAnswer::Open { banner } = tcp_answer::ask(address, self.port) else {
            return None;
        };
        let is_ssh = banner
            .as_deref()
            .is_some_and(|line| line.starts_with("SSH-"));
        let keys = match needs_keys && is_ssh {
            true => ssh_host_keys::scan(address, self.port),
            false => Vec::new(),
        };
        Some(SystemIdentity { banner, keys })
    }

    /// Refuses an installer that is known to answer like the system that it installs, where nothing given tells them
    /// apart.
    pub(super) fn require_silent_installer(
        &self,
        planned: &Machine,
        preseed: Option<&str>,
    ) -> Result<()> {
        if self.port != SSH_PORT || self.host_key.is_some() || self.banner.is_some() {
            return Ok(());
        }
        let options = planned.kernel_opts.as_deref().unwrap_or_default();
        let Some(sign) = installer::ssh_server_sign(options, preseed.unwrap_or_default()) else {
            return Ok(());
        };
        Err(TaskError::Failed {
            object: Some(machine_title(planned)),
            problem: format!(
                "has an installer with an SSH server of its own ({sign}), so an answer on port 22 does not tell the installed \
                 system"
            ),
            hint: Some(
                "Give O(ready_when) the host_key or the banner of the installed system, too.",
            ),
        })
    }

    /// The machine's own address; None while it has none.
    fn address(&self, machine: &Machine, interfaces: &[Interface]) -> Result<Option<Ipv4Addr>> {
        let address = match &self.interface {
            Some(name) => {
                let interface = find::find_by_name(machine, interfaces, name, None)?;
                network::address(interface).map(str::to_owned)
            }
            None => {
                let (facts, warning) = network::facts(machine.clone(), interfaces.to_vec(), &[]);
                if let Some(ambiguity) = warning {
                    return Err(TaskError::with_hint(
                        ambiguity,
                        "Name the interface to ask at in O(ready_when).",
                    ));
                }
                facts.ipv4
            }
        };
        Ok(address.and_then(|address| address.parse().ok()))
    }
}

/// Looks once whether the installed system answers. A state that somebody reports meanwhile counts, too.
pub(super) fn poll(
    client: &Client,
    wait: &mut AnswerWait,
    report: &mut MachineReport,
) -> StepResult {
    if let Some(order) = &report.unconfirmed {
        wait.wait.start_at(order.given_at());
    }
    let poll = wait.wait.poll_client(client);
    let machine = report.machine.machine.clone();
    let found = apply::read_state(client, &poll, &wait.wait, report)?;
    if let Ok(MachineState::Ready) = found {
        return Ok(StepOutcome::Done);
    }
    if found.is_ok() {
        wait.find_address(&poll, &machine, &mut report.milestones)?;
    }
    // Also where the server does not answer: that a machine goes away may be seen only now.
    let sighting = wait.look(client.clock(), &mut report.milestones);
    let state = match found {
        Ok(state) => state,
        Err(error) => return wait.wait.not_reached(client, Err(error)),
    };
    match (wait.verdict(&sighting), sighting) {
        (Verdict::Installed { doubt }, Sighting::Open(identity)) => {
            let clock = client.clock();
            report
                .milestones
                .reach(MilestoneKind::Answers, identity.banner, clock);
            let title = machine_title(&machine);
            let warnings: Vec<String> = doubt
                .map(|doubt| format!("{title} {doubt}"))
                .into_iter()
                .collect();
            Ok(match warnings.is_empty() {
                true => StepOutcome::Done,
                false => StepOutcome::DoneWithWarnings(warnings),
            })
        }
        (Verdict::NotYet(reason), _) => {
            // First what was reached: a terminal has no room for all.
            let seen = format!("{state}{}; {reason}", report.milestones.summary());
            wait.wait.not_reached(client, Ok(seen))
        }
        (Verdict::Installed { .. }, _) => wait.wait.not_reached(client, Ok(state.to_string())),
    }
}
