//! A machine with given boot parameters, provisioned or in a given state.
//!
//! The server lets anyone change any machine, so a machine that is not assigned to the token's user is
//! refused. Nothing on the server ends the state `provisioning`: the installed system does.

mod answer;
mod apply;
mod boot_objects;
mod boot_once;
mod console;
mod end;
mod kernel_opts;
mod late_report;
mod milestones;
mod order;
mod plan;
mod preseed_check;
// The shipped modules wait in their own tasks.
#[cfg(feature = "cli")]
mod wait_ready;

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value, json};

pub(crate) use answer::AnswerSpec;
use answer::{AnswerWait, FirstLook};
use boot_objects::BootObjects;
use boot_once::{IdleRecord, KeptSettings};
use console::ConsoleLog;
pub(crate) use kernel_opts::without_line_end;
use milestones::Milestones;
use order::UnconfirmedOrder;
use preseed_check::PreseedCheck;
#[cfg(feature = "cli")]
pub(crate) use wait_ready::ReadinessSpec;

use crate::client::{
    Client, Image, ImageId, Machine, MachineChanges, MachineState, PreseedId, ReadOnlyClient,
    ReportedState,
};
pub(crate) use crate::task::lookup::MachineRef;
use crate::task::preseed::PreseedFacts;
use crate::task::verify::Change;
use crate::task::{
    OngoingWait, Plan, PlanResult, Result, StepOutcome, StepResult, Task, TaskError, WaitLimits,
    lookup, verify,
};

/// The desired machine; what is None stays as it is.
#[derive(Clone, Debug)]
pub(crate) struct MachineSpec {
    pub machine: MachineRef,
    /// Only compared: the server cannot change it.
    pub arch: Option<String>,
    /// The firmware variant that the machine boots with.
    pub subarch: Option<String>,
    /// What it boots. The server cannot clear a kernel.
    pub kernel: Option<ImageRef>,
    pub initrd: Setting<ImageRef>,
    pub preseed: Setting<PreseedRef>,
    pub kernel_opts: Option<String>,
    /// Whether it boots over the network. Not compared for [`MachineGoal::Provisioned`].
    pub netboot: Option<bool>,
    pub goal: MachineGoal,
    /// Also change a machine that is not assigned to the token's user.
    pub allow_unassigned: bool,
    /// Plan with an image or preseed that does not exist yet. In check mode, an earlier task may be one that creates it.
    pub allow_missing: bool,
    /// Look at what the machine itself answers before it is rebooted, and open the file of its console. Check mode asks the server
    /// alone.
    pub looks_at_machine: bool,
    /// Where the records of boots once are kept; None where there is no place.
    pub record_directory: Option<PathBuf>,
}

/// The desired value of something that can be set and cleared.
#[derive(Clone, Debug)]
pub(crate) enum Setting<T> {
    Keep,
    Clear,
    To(T),
}

/// How a user names an image.
#[derive(Clone, Debug)]
pub(crate) enum ImageRef {
    /// By description: the newest own one, else the only one of other users.
    Description(String),
    Id(ImageId),
}

/// How a user names a preseed.
#[derive(Clone, Debug)]
pub(crate) enum PreseedRef {
    Name(String),
    Id(PreseedId),
}

#[derive(Clone, Debug)]
pub(crate) enum MachineGoal {
    /// Set the boot parameters only.
    Configured,
    /// Provision it if the boot parameters change or it is not ready.
    Provisioned(ProvisionSettings),
    /// Report a state on the machine's behalf.
    Reported(ReportedState),
}

#[derive(Clone, Debug)]
pub(crate) struct ProvisionSettings {
    /// Also if nothing differs and the machine is ready.
    pub force: bool,
    /// Whether what it boots is put back afterwards; then it is provisioned whether or not anything differs.
    pub boot_once: bool,
    /// None to end with the reboot into the installer.
    pub wait: Option<WaitLimits>,
    /// Netboot at the end; off prevents that a reboot installs again.
    pub netboot_when_ready: Option<bool>,
    pub ready_when: ReadyWhen,
    /// The file that gets the machine's console during the wait; its path may have `{name}` in it.
    pub console_log: Option<String>,
}

/// What ends an installation.
#[derive(Clone, Debug)]
pub(crate) enum ReadyWhen {
    /// The installed system, or somebody for it, reports it.
    Reported,
    /// The installed system answers; this task reports it then.
    Answers(AnswerSpec),
}

/// One operation on the machine in the report.
#[derive(Debug)]
pub(crate) enum MachineOp {
    Configure(Change<MachineChanges>),
    /// Report `unknown`, so that a run that is cut short is completed by the next. Not if the state is not the planned
    /// one any more: then another client may have begun to install.
    Invalidate {
        planned_state: MachineState,
    },
    Provision(ProvisionOrder),
    /// Read whether the installed system has reported.
    AwaitReady(OngoingWait),
    /// Look whether the installed system answers.
    AwaitAnswer(Box<AnswerWait>),
    ReportState(ReportedState),
    /// Write to a file what the machine boots before it is booted once.
    KeepRecord(Box<KeptSettings>),
    /// Put back what it booted before, and delete the file.
    PutBack(Box<KeptSettings>),
    DeleteRecord(IdleRecord),
}

/// What was planned about the reboot into the installer.
#[derive(Debug)]
pub(crate) struct ProvisionOrder {
    /// Also if another client has begun to install the machine in the meantime.
    force: bool,
    /// The state just before the order, unless another client changes it.
    planned_state: MachineState,
    /// The machine with the parameters that it boots.
    machine: Machine,
    parameters_change: bool,
    /// Set again if the BMC fails.
    netboot_before: bool,
    /// What is to be seen before the order.
    preseed_check: Option<PreseedCheck>,
    /// The limits of the wait that follows; None where none does.
    wait: Option<WaitLimits>,
}

type MachinePlan = Plan<MachineOp, MachineReport>;

/// The machine, with the objects that its parameters name.
#[derive(Debug, Serialize)]
pub(crate) struct MachineReport {
    pub machine: MachineFacts,
    /// The kernel that was given; null where none was, or where it does not exist yet.
    pub kernel: Option<Image>,
    pub initrd: Option<Image>,
    /// The preseed that was given, without its text.
    pub preseed: Option<PreseedFacts>,
    #[serde(skip_serializing_if = "Milestones::is_empty")]
    pub milestones: Milestones,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console_log: Option<ConsoleLog>,
    /// An order of which the effect was not seen yet; the wait looks for it.
    #[serde(skip)]
    unconfirmed: Option<UnconfirmedOrder>,
    /// Whether this run has kept what it replaces.
    #[serde(skip)]
    has_record: bool,
}

/// A machine with its state, which is a request of its own.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MachineFacts {
    #[serde(flatten)]
    pub machine: Machine,
    pub state: MachineState,
}

impl Task for MachineSpec {
    type Op = MachineOp;
    type Report = MachineReport;

    fn require_valid_options(&self) -> Result<()> {
        verify::require_length("O(kernel_opts)", self.kernel_opts.as_deref(), 1024)?;
        kernel_opts::require_one_line(self.kernel_opts.as_deref().unwrap_or(""))?;
        match self.subarch.as_deref() {
            Some("") => Err(TaskError::Refused(
                "the server cannot take a subarch away; name one".into(),
            )),
            _ => Ok(()),
        }
    }

    fn plan(&self, client: &ReadOnlyClient) -> PlanResult<Self> {
        let machine = lookup::find_machine_own_first(client, &self.machine, self.allow_unassigned)?;
        self.require_arch(&machine)?;
        if !self.allow_unassigned {
            lookup::require_assignment(client, &machine)?;
        }
        self.require_known_subarch(client, &machine)?;
        let objects = self.find_boot_objects(client, &machine)?;
        let state = client.states().get(machine.id)?;
        let mut plan = Plan::empty(MachineReport::new(machine, state, &objects));
        if let Some(directory) = &self.record_directory {
            boot_once::push_left(&mut plan, client, directory)?;
        }
        let machine = plan.report.machine.machine.clone();
        let kernel_opts = self.kernel_opts.as_deref();
        plan.warnings
            .extend(kernel_opts.and_then(kernel_opts::warning));
        for (parameter, name) in self.missing_objects(&objects) {
            plan.warnings.push(format!(
                "{parameter} '{name}' does not exist yet: planned as unresolved, since an earlier task may create it"
            ));
        }
        match &self.goal {
            MachineGoal::Configured => self.push_configure(&mut plan, &machine, &objects),
            MachineGoal::Reported(state) => {
                // First, because only this is refused for other users' machines: then the parameters stay unchanged.
                let current = plan.report.machine.state.clone();
                if current != MachineState::from(*state) {
                    plan::push_state(&mut plan, *state, format!("the machine is {current}"));
                }
                self.push_configure(&mut plan, &machine, &objects);
            }
            MachineGoal::Provisioned(how) => {
                self.push_provisioning(&mut plan, client, &machine, &objects, how)?;
            }
        }
        Ok(plan)
    }

    fn apply_step(client: &Client, op: &mut MachineOp, report: &mut MachineReport) -> StepResult {
        match op {
            MachineOp::Configure(change) => apply::configure(client, change, report),
            MachineOp::Invalidate { planned_state } => {
                apply::invalidate(client, planned_state, report)
            }
            MachineOp::Provision(order) => order::provision(client, order, report),
            MachineOp::AwaitReady(wait) => with_console(client, report, |report| {
                apply::poll_ready(client, wait, report)
            }),
            MachineOp::AwaitAnswer(wait) => {
                with_console(client, report, |report| answer::poll(client, wait, report))
            }
            MachineOp::ReportState(state) => apply::report_state(client, *state, report),
            MachineOp::KeepRecord(kept) => boot_once::keep(kept, report),
            MachineOp::PutBack(kept) => boot_once::put_back(client, kept, report),
            MachineOp::DeleteRecord(record) => boot_once::delete(record),
        }
    }

    fn runs_whatever_happens(op: &MachineOp, report: &MachineReport) -> bool {
        boot_once::runs_whatever_happens(op, report)
    }

    fn settle(client: &Client, report: &mut MachineReport) -> Result<Vec<String>> {
        late_report::settle(client, report)
    }

    /// A machine that is not there takes seconds to look at, so the waits for many begin together.
    fn queued_wait(op: &mut MachineOp) -> Option<&mut OngoingWait> {
        match op {
            MachineOp::AwaitAnswer(wait) => Some(wait.ongoing()),
            _ => None,
        }
    }

    fn failure_facts(report: &MachineReport) -> Map<String, Value> {
        let mut facts = Map::new();
        if !report.milestones.is_empty() {
            facts.insert("milestones".to_owned(), json!(report.milestones));
        }
        if let Some(log) = &report.console_log {
            log.stop();
            if let Some(tail) = log.tail() {
                facts.insert("console_log".to_owned(), json!(log));
                facts.insert("console_tail".to_owned(), json!(tail));
            }
        }
        facts
    }

    fn closing_warnings(report: &MachineReport) -> Vec<String> {
        let log = report.console_log.as_ref();
        log.map(ConsoleLog::warnings).unwrap_or_default()
    }

    fn resolve_conflicts(plans: &mut [PlanResult<Self>]) {
        console::refuse_shared_files(plans);
    }

    fn claimed_objects(&self, plan: &MachinePlan) -> Vec<String> {
        vec![machine_title(&plan.report.machine.machine)]
    }

    fn title(&self) -> String {
        self.machine.title()
    }
}

/// Polls while the machine's console is read, and ends that with the wait.
fn with_console(
    client: &Client,
    report: &mut MachineReport,
    poll: impl FnOnce(&mut MachineReport) -> StepResult,
) -> StepResult {
    if let Some(log) = &mut report.console_log {
        log.start(client, false);
    }
    let outcome = poll(report);
    let goes_on = matches!(outcome, Ok(StepOutcome::Pending(_)));
    if let Some(log) = report.console_log.as_ref().filter(|_| !goes_on) {
        log.stop();
    }
    outcome
}

impl MachineReport {
    fn new(machine: Machine, state: MachineState, objects: &BootObjects) -> Self {
        MachineReport {
            machine: MachineFacts { machine, state },
            kernel: objects.kernel.clone(),
            initrd: objects.initrd.clone(),
            preseed: objects.preseed.as_ref().map(PreseedFacts::from_preseed),
            milestones: Milestones::default(),
            console_log: None,
            unconfirmed: None,
            has_record: false,
        }
    }
}

pub(super) fn machine_title(machine: &Machine) -> String {
    format!("machine '{}'", machine.name)
}

/// Fails on a state that this library does not know: what it allows is not known either.
pub(super) fn require_known_state(machine: &Machine, state: &MachineState) -> Result<()> {
    let MachineState::Other(word) = state else {
        return Ok(());
    };
    Err(TaskError::Failed {
        object: Some(machine_title(machine)),
        problem: format!("has the state '{word}', which is not known here, so nothing was ordered"),
        hint: Some(
            "If the machine may be installed, report a state that is known first, with O(state=unknown).",
        ),
    })
}

/// The server's column is nullable; null boots from disk as false does.
pub(super) fn netboot_of(machine: &Machine) -> bool {
    machine.netboot_enabled.unwrap_or(false)
}
