//! A machine with given boot parameters, provisioned or in a given state.
//!
//! The server lets anyone change any machine, so a machine that is not assigned to the token's user is
//! refused. Nothing on the server ends the state `provisioning`: the installed system does.

mod apply;
mod plan;
mod resolve;
mod wait_ready;

use serde::Serialize;

use resolve::ResolvedParameters;
pub use wait_ready::ReadinessSpec;

use crate::client::{
    Client, Image, ImageId, Machine, MachineChanges, MachineId, MachineState, PreseedId,
    ReadOnlyClient, ReportedState,
};
use crate::task::lookup;
pub use crate::task::lookup::MachineRef;
use crate::task::preseed::PreseedFacts;
use crate::task::wait::OngoingWait;
use crate::task::{Plan, StepOutcome, Task, TaskError, WaitLimits, verify};

/// The desired machine; what is None stays as it is.
#[derive(Clone, Debug)]
pub struct MachineSpec {
    /// Which machine.
    pub machine: MachineRef,
    /// Only compared: the server cannot change it.
    pub arch: Option<String>,
    /// The firmware variant that the machine boots with.
    pub subarch: Option<String>,
    /// What it boots. The server cannot clear a kernel.
    pub kernel: Option<ImageRef>,
    /// Its initrd.
    pub initrd: Setting<ImageRef>,
    /// Its preseed.
    pub preseed: Setting<PreseedRef>,
    /// The kernel's command line.
    pub kernel_opts: Option<String>,
    /// Whether it boots over the network. Not compared for [`MachineGoal::Provisioned`].
    pub netboot: Option<bool>,
    /// How far to go.
    pub goal: MachineGoal,
    /// Also change a machine that is not assigned to the token's user.
    pub allow_unassigned: bool,
    /// Plan with an image or preseed that does not exist yet. In check mode, an earlier task may be one that creates it.
    pub allow_missing: bool,
}

/// The desired value of something that can be set and cleared.
#[derive(Clone, Debug)]
pub enum Setting<T> {
    /// Leave it as it is.
    Keep,
    /// Clear it.
    Clear,
    /// Set it to this.
    To(T),
}

/// How a user names an image.
#[derive(Clone, Debug)]
pub enum ImageRef {
    /// By description: the newest own one, else the only one of other users.
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
pub enum MachineGoal {
    /// Set the boot parameters only.
    Configured,
    /// Provision it if the boot parameters change or it is not ready.
    Provisioned(ProvisionSettings),
    /// Report a state on the machine's behalf.
    Reported(ReportedState),
}

/// How to provision.
#[derive(Clone, Copy, Debug)]
pub struct ProvisionSettings {
    /// Also if nothing differs and the machine is ready.
    pub force: bool,
    /// None to end with the reboot into the installer.
    pub wait: Option<WaitLimits>,
    /// Netboot at the end; off prevents that a reboot installs again.
    pub netboot_when_ready: Option<bool>,
}

/// One operation on a machine.
#[derive(Debug)]
pub enum MachineOp {
    /// Change boot parameters.
    Configure(MachineId, MachineChanges),
    /// Reboot into the installer.
    Provision(Machine),
    /// Read whether the installed system has reported.
    AwaitReady(Machine, OngoingWait),
    /// Report a state.
    ReportState(MachineId, ReportedState),
}

/// The machine, with the objects that its parameters name.
#[derive(Clone, Debug, Serialize)]
pub struct MachineReport {
    /// The machine and its state.
    pub machine: MachineFacts,
    /// The kernel that was given; null where none was, or where it does not exist yet.
    pub kernel: Option<Image>,
    /// The initrd that was given.
    pub initrd: Option<Image>,
    /// The preseed that was given, without its text.
    pub preseed: Option<PreseedFacts>,
}

/// A machine with its state, which is a request of its own.
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
        verify::require_length(
            "O(kernel_opts)",
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
        let machine = lookup::find_machine(client, &self.machine)?;
        self.require_arch(&machine)?;
        if !self.allow_unassigned {
            lookup::require_assignment(client, &machine)?;
        }
        let resolved = self.resolve(client, &machine)?;
        let state = client.states().get(machine.id)?;
        let mut plan = Plan::empty(MachineReport::new(&machine, state, &resolved));
        plan.warnings.extend(plan::warnings_of_missing(&resolved));
        match &self.goal {
            MachineGoal::Configured => self.push_configure(&mut plan, &machine, &resolved),
            MachineGoal::Reported(state) => {
                // First, because only this is refused for other users' machines: then the parameters stay unchanged.
                plan::push_reported_state(&mut plan, &machine, *state);
                self.push_configure(&mut plan, &machine, &resolved);
            }
            MachineGoal::Provisioned(how) => {
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

    fn apply_step(
        client: &Client,
        op: MachineOp,
        report: &mut MachineReport,
    ) -> Result<StepOutcome<MachineOp>, TaskError> {
        match op {
            MachineOp::Configure(id, changes) => apply::configure(client, id, &changes, report),
            MachineOp::Provision(machine) => apply::provision(client, &machine, report),
            MachineOp::AwaitReady(machine, wait) => {
                apply::poll_ready(client, machine, wait, report)
            }
            MachineOp::ReportState(id, state) => apply::report_state(client, id, state, report),
        }
    }

    fn claimed_objects(&self, plan: &Plan<MachineOp, MachineReport>) -> Vec<String> {
        vec![machine_title(&plan.report.machine.machine)]
    }

    fn title(&self) -> String {
        self.machine.title()
    }
}

impl MachineReport {
    fn new(machine: &Machine, state: MachineState, resolved: &ResolvedParameters) -> Self {
        MachineReport {
            machine: MachineFacts {
                machine: machine.clone(),
                state,
            },
            kernel: resolved.kernel.object().cloned(),
            initrd: resolved.initrd.object().cloned(),
            preseed: resolved.preseed.object().map(PreseedFacts::from_preseed),
        }
    }
}

impl MachineFacts {
    /// An object that does not exist yet has no id.
    fn clear_missing(&mut self, resolved: &ResolvedParameters) {
        for (parameter, _) in resolved.missing() {
            match parameter {
                "kernel" => self.machine.kernel_id = None,
                "initrd" => self.machine.initrd_id = None,
                _ => self.machine.preseed_id = None,
            }
        }
    }

    fn apply_changes(&mut self, changes: &MachineChanges) {
        let machine = &mut self.machine;
        machine.subarch = changes.subarch.clone().or(machine.subarch.take());
        machine.kernel_id = changes.kernel_id.or(machine.kernel_id);
        machine.kernel_opts = changes.kernel_opts.clone().or(machine.kernel_opts.take());
        machine.initrd_id = changes.initrd_id.unwrap_or(machine.initrd_id);
        machine.preseed_id = changes.preseed_id.unwrap_or(machine.preseed_id);
        machine.netboot_enabled = changes.netboot_enabled.or(machine.netboot_enabled);
    }
}

/// A machine, for messages.
pub(super) fn machine_title(machine: &Machine) -> String {
    format!("machine '{}'", machine.name)
}

/// The server's column is nullable; null boots from disk as false does.
pub(super) fn netboot_of(machine: &Machine) -> bool {
    machine.netboot_enabled.unwrap_or(false)
}
