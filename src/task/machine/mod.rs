//! A machine with given boot parameters, provisioned or in a given state.
//!
//! The server lets anyone change any machine, so a machine that is not assigned to the token's user is
//! refused. Nothing on the server ends the state `provisioning`: the installed system does.

mod apply;
mod plan;
mod resolve;
mod wait_ready;

use serde::Serialize;

use resolve::Resolved;
pub use wait_ready::Readiness;

use crate::client::{
    Client, Image, ImageId, Machine, MachineChanges, MachineId, MachineState, PreseedId,
    ReadOnlyClient, ReportedState,
};
use crate::task::lookup;
pub use crate::task::lookup::MachineRef;
use crate::task::preseed::PreseedFacts;
use crate::task::wait::Waiting;
use crate::task::{Plan, StepOutcome, Task, TaskError, Wait, verify};

/// The machine as it shall be; what is None stays as it is.
#[derive(Clone, Debug)]
pub struct MachineSpec {
    /// Which machine.
    pub machine: MachineRef,
    /// Only compared: the server cannot change it.
    pub arch: Option<String>,
    /// The firmware variant that the machine boots with.
    pub subarch: Option<String>,
    /// What it boots. The server cannot take a kernel away again.
    pub kernel: Option<ImageRef>,
    /// Its initrd.
    pub initrd: Wish<ImageRef>,
    /// Its preseed.
    pub preseed: Wish<PreseedRef>,
    /// The kernel's command line.
    pub kernel_opts: Option<String>,
    /// Whether it boots over the network. Not compared for [`Goal::Provisioned`].
    pub netboot: Option<bool>,
    /// How far to go.
    pub goal: Goal,
    /// Act on a machine that is not assigned to the token's user.
    pub allow_unassigned: bool,
    /// Plan with an image or preseed that does not exist yet: in check mode an earlier task may be to create it.
    pub allow_missing: bool,
}

/// What is wished for something that can be set and taken away.
#[derive(Clone, Debug)]
pub enum Wish<T> {
    /// Leave it as it is.
    Keep,
    /// Take it away.
    Clear,
    /// Set it to this.
    To(T),
}

/// How a user names an image.
#[derive(Clone, Debug)]
pub enum ImageRef {
    /// By description: the newest own one, else the only one of others.
    Description(String),
    /// By id.
    Id(ImageId),
}

/// How a user names a preseed.
#[derive(Clone, Debug)]
pub enum PreseedRef {
    /// By name.
    Name(String),
    /// By id.
    Id(PreseedId),
}

/// How far to go with a machine.
#[derive(Clone, Debug)]
pub enum Goal {
    /// Only set the boot parameters.
    Configured,
    /// Provision it where the boot parameters change or it is not ready.
    Provisioned(Provisioning),
    /// Report a state on the machine's behalf.
    Reported(ReportedState),
}

/// How to provision.
#[derive(Clone, Copy, Debug)]
pub struct Provisioning {
    /// Also where nothing differs and the machine is ready.
    pub force: bool,
    /// None ends with the reboot into the installer.
    pub wait: Option<Wait>,
    /// Netboot at the end; off keeps a reboot from installing again.
    pub netboot_when_ready: Option<bool>,
}

/// One operation on a machine.
#[derive(Debug)]
pub enum MachineOp {
    /// Change boot parameters.
    Configure(MachineId, MachineChanges),
    /// Reboot into the installer.
    Provision(Machine),
    /// Look whether the installed system has reported.
    Await(Machine, Waiting),
    /// Report a state.
    Report(MachineId, ReportedState),
}

/// The machine as it is told, with what its parameters were resolved to.
#[derive(Clone, Debug, Serialize)]
pub struct MachineReport {
    /// The machine and its state.
    pub machine: MachineFacts,
    /// The kernel that was asked for; null where none was, or where it does not exist yet.
    pub kernel: Option<Image>,
    /// The initrd that was asked for.
    pub initrd: Option<Image>,
    /// The preseed that was asked for, without its text.
    pub preseed: Option<PreseedFacts>,
}

/// A machine with its state, which the server tells separately.
#[derive(Clone, Debug, Serialize)]
pub struct MachineFacts {
    /// The server's fields.
    #[serde(flatten)]
    pub machine: Machine,
    /// unknown, provisioning, ready or error.
    pub state: MachineState,
}

impl Task for MachineSpec {
    type Op = MachineOp;
    type Report = MachineReport;

    fn require_valid_options(&self) -> Result<(), TaskError> {
        verify::at_most(
            "kernel_opts",
            self.kernel_opts.as_deref().unwrap_or(""),
            1024,
        )?;
        match &self.subarch {
            Some(subarch) if subarch.is_empty() => Err(TaskError::Refused(
                "the server cannot take a subarch away; name one".into(),
            )),
            _ => Ok(()),
        }
    }

    fn plan(&self, client: &ReadOnlyClient) -> Result<Plan<MachineOp, MachineReport>, TaskError> {
        let machine = lookup::machine(client, &self.machine)?;
        self.require_arch(&machine)?;
        if !self.allow_unassigned {
            lookup::require_assignment(client, &machine)?;
        }
        let resolved = self.resolve(client, &machine)?;
        let state = client.states().get(machine.id)?;
        let mut plan = Plan::nothing(MachineReport::of(&machine, state, &resolved));
        plan.warnings.extend(plan::warnings_of_missing(&resolved));
        match &self.goal {
            Goal::Configured => self.push_configure(&mut plan, &machine, &resolved),
            Goal::Reported(state) => {
                // First, since only this needs the assignment: a refusal then leaves the parameters alone.
                plan::push_report(&mut plan, &machine, *state);
                self.push_configure(&mut plan, &machine, &resolved);
            }
            Goal::Provisioned(how) => {
                let assigned = lookup::is_assigned(client, &machine)?;
                let unknown_first = !assigned || plan.report.machine.state == MachineState::Ready;
                self.push_provisioning(
                    &mut plan,
                    client,
                    &machine,
                    &resolved,
                    *how,
                    unknown_first,
                )?;
            }
        }
        Ok(plan)
    }

    fn perform(
        client: &Client,
        op: MachineOp,
        report: &mut MachineReport,
    ) -> Result<StepOutcome<MachineOp>, TaskError> {
        match op {
            MachineOp::Configure(id, changes) => apply::configure(client, id, &changes, report),
            MachineOp::Provision(machine) => apply::provision(client, &machine, report),
            MachineOp::Await(machine, waiting) => apply::look(client, machine, waiting, report),
            MachineOp::Report(id, state) => apply::report(client, id, state, report),
        }
    }

    fn objects(&self, plan: &Plan<MachineOp, MachineReport>) -> Vec<String> {
        vec![named(&plan.report.machine.machine)]
    }

    fn title(&self) -> String {
        self.machine.title()
    }
}

impl MachineReport {
    fn of(machine: &Machine, state: MachineState, resolved: &Resolved) -> Self {
        MachineReport {
            machine: MachineFacts {
                machine: machine.clone(),
                state,
            },
            kernel: resolved.kernel.object().cloned(),
            initrd: resolved.initrd.object().cloned(),
            preseed: resolved.preseed.object().map(PreseedFacts::of),
        }
    }
}

impl MachineFacts {
    /// Which id an object will have that does not exist yet is not known.
    fn forget(&mut self, resolved: &Resolved) {
        for (what, _) in resolved.missing() {
            match what {
                "kernel" => self.machine.kernel_id = None,
                "initrd" => self.machine.initrd_id = None,
                _ => self.machine.preseed_id = None,
            }
        }
    }

    fn take(&mut self, changes: &MachineChanges) {
        let machine = &mut self.machine;
        machine.subarch = changes.subarch.clone().or(machine.subarch.take());
        machine.kernel_id = changes.kernel_id.or(machine.kernel_id);
        machine.kernel_opts = changes.kernel_opts.clone().or(machine.kernel_opts.take());
        machine.initrd_id = changes.initrd_id.unwrap_or(machine.initrd_id);
        machine.preseed_id = changes.preseed_id.unwrap_or(machine.preseed_id);
        machine.netboot_enabled = changes.netboot_enabled.or(machine.netboot_enabled);
    }
}

pub(super) fn named(machine: &Machine) -> String {
    format!("machine '{}'", machine.name)
}

/// The column is nullable; null boots from disk as false does.
pub(super) fn netboot_of(machine: &Machine) -> bool {
    machine.netboot_enabled.unwrap_or(false)
}
