//! A machine with given boot parameters, provisioned or in a given state.
//!
//! The server lets anyone change any machine, so a machine that is not assigned to the token's user is
//! refused. Nothing on the server ends the state `provisioning`: the installed system does.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::lookup::{self, Images, MachineRef};
use super::plan::{Action, Effect, Plan, Step, Task};
use super::preseed::PreseedFacts;
use super::{TaskError, Wait, check};
use crate::api::{
    Image, ImageId, ImageType, Machine, MachineChanges, MachineId, MachineState, Preseed,
    PreseedId, Query, Reader, ReportedState, Scope, Writer,
};

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
    pub initrd: Option<Clearable<ImageRef>>,
    /// Its preseed.
    pub preseed: Option<Clearable<PreseedRef>>,
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

/// Something that can be set or taken away.
#[derive(Clone, Debug)]
pub enum Clearable<T> {
    /// Set to this.
    To(T),
    /// Taken away.
    Cleared,
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
    /// Wait for the installed system's report.
    Wait(Machine, Wait),
    /// Report a state.
    Report(MachineId, ReportedState),
}

/// The machine as it is told, with what its parameters were resolved to.
#[derive(Debug, Serialize)]
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

/// What the references of a specification were resolved to.
#[derive(Default)]
struct Resolved {
    kernel: Option<Found<Image>>,
    initrd: Option<Clearable<Found<Image>>>,
    preseed: Option<Clearable<Found<Preseed>>>,
}

/// An object, or the name of one that does not exist yet.
enum Found<T> {
    Existing(T),
    Missing(String),
}

impl Task for MachineSpec {
    type Op = MachineOp;
    type Report = MachineReport;

    fn plan(&self, reader: &Reader) -> Result<Plan<MachineOp, MachineReport>, TaskError> {
        self.require_valid_options()?;
        let machine = lookup::machine(reader, &self.machine)?;
        self.require_arch(&machine)?;
        if !self.allow_unassigned {
            lookup::require_assignment(reader, &machine)?;
        }
        let resolved = self.resolve(reader, &machine)?;
        let state = reader.states().get(machine.id)?;
        let mut plan = Plan::nothing(MachineReport::of(&machine, state, &resolved));
        plan.warnings.extend(resolved.warnings());
        self.push_configure(&mut plan, &machine, &resolved);
        match &self.goal {
            Goal::Configured => {}
            Goal::Provisioned(how) => self.push_provision(&mut plan, reader, &machine, *how)?,
            Goal::Reported(state) => push_report(&mut plan, &machine, *state),
        }
        Ok(plan)
    }

    fn perform(
        writer: &Writer,
        op: MachineOp,
        report: &mut MachineReport,
    ) -> Result<Effect, TaskError> {
        match op {
            MachineOp::Configure(id, changes) => configure(writer, id, &changes, report)?,
            MachineOp::Provision(machine) => provision(writer, &machine, report)?,
            MachineOp::Wait(machine, wait) => {
                wait.until_ready(writer.reader(), &machine)?;
                report.machine.state = MachineState::Ready;
            }
            MachineOp::Report(id, state) => set_state(writer, id, state, report)?,
        }
        Ok(Effect::Done)
    }
}

impl MachineSpec {
    fn require_valid_options(&self) -> Result<(), TaskError> {
        check::at_most("kernel_opts", self.kernel_opts.as_deref().unwrap_or(""), 1024)?;
        match &self.subarch {
            Some(subarch) if subarch.is_empty() => {
                Err(TaskError::Refused("the server cannot take a subarch away; name one".into()))
            }
            _ => Ok(()),
        }
    }

    fn require_arch(&self, machine: &Machine) -> Result<(), TaskError> {
        match (&self.arch, &machine.arch) {
            (Some(wanted), found) if found.as_ref() != Some(wanted) => {
                let found = found.as_deref().unwrap_or("of no architecture");
                Err(TaskError::Refused(format!(
                    "machine '{}' is {found}, not {wanted}",
                    machine.name
                )))
            }
            _ => Ok(()),
        }
    }

    fn resolve(&self, reader: &Reader, machine: &Machine) -> Result<Resolved, TaskError> {
        let by_description = [&self.kernel, &self.initrd_ref()]
            .into_iter()
            .any(|image| matches!(image, Some(ImageRef::Description(_))));
        let images = by_description.then(|| Images::fetch(reader)).transpose()?;
        let image = |kind, image: &ImageRef| {
            self.resolve_image(reader, images.as_ref(), machine, kind, image)
        };
        Ok(Resolved {
            kernel: self.kernel.as_ref().map(|kernel| image(ImageType::Kernel, kernel)).transpose()?,
            initrd: try_clearable(&self.initrd, |initrd| image(ImageType::Initrd, initrd))?,
            preseed: try_clearable(&self.preseed, |preseed| self.resolve_preseed(reader, preseed))?,
        })
    }

    fn initrd_ref(&self) -> Option<ImageRef> {
        match &self.initrd {
            Some(Clearable::To(initrd)) => Some(initrd.clone()),
            _ => None,
        }
    }

    fn resolve_image(
        &self,
        reader: &Reader,
        images: Option<&Images>,
        machine: &Machine,
        kind: ImageType,
        image: &ImageRef,
    ) -> Result<Found<Image>, TaskError> {
        let arch = machine.arch.as_deref().unwrap_or("");
        match (image, images) {
            (ImageRef::Description(description), Some(images)) => {
                match images.resolve(&kind, arch, description)? {
                    Some(image) => Ok(Found::Existing(image.clone())),
                    None if self.allow_missing => Ok(Found::Missing(description.clone())),
                    None => Err(images.not_found(&kind, arch, description)),
                }
            }
            (ImageRef::Description(_), None) => unreachable!("images are fetched for descriptions"),
            (ImageRef::Id(id), _) => {
                let image = lookup::image_by_id(reader, *id)?;
                require_bootable(&image, &kind, arch)?;
                Ok(Found::Existing(image))
            }
        }
    }

    fn resolve_preseed(
        &self,
        reader: &Reader,
        preseed: &PreseedRef,
    ) -> Result<Found<Preseed>, TaskError> {
        match preseed {
            PreseedRef::Id(id) => Ok(Found::Existing(lookup::preseed_by_id(reader, *id)?)),
            PreseedRef::Name(name) => match reader.preseeds().find(name)? {
                Some(preseed) => Ok(Found::Existing(preseed)),
                None if self.allow_missing => Ok(Found::Missing(name.clone())),
                None => Err(lookup::no_such_preseed(reader, name)?),
            },
        }
    }

    fn push_configure(
        &self,
        plan: &mut Plan<MachineOp, MachineReport>,
        machine: &Machine,
        resolved: &Resolved,
    ) {
        let changes = self.differences(machine, resolved);
        let mut after = check::fields_sent(json!(changes));
        let before = check::same_fields(json!(machine), &after);
        let mut before = before;
        for (field, current, missing) in resolved.unresolved(machine) {
            before.insert(field.into(), current);
            after.insert(field.into(), json!(format!("unresolved: '{missing}'")));
        }
        if after.is_empty() {
            return;
        }
        let step = Step {
            action: Action::Update,
            target: named(machine),
            why: format!("{} differ", check::names_of(&after)),
            before: Value::Object(before),
            after: Value::Object(after),
            text: None,
        };
        plan.report.machine.take(&changes);
        plan.push(MachineOp::Configure(machine.id, changes), step);
    }

    /// What was asked for and is otherwise; null and an empty text are the same to a machine.
    fn differences(&self, machine: &Machine, resolved: &Resolved) -> MachineChanges {
        let compares_netboot = !matches!(self.goal, Goal::Provisioned(_));
        MachineChanges {
            subarch: self.subarch.clone().filter(|wanted| Some(wanted) != machine.subarch.as_ref()),
            kernel_id: match &resolved.kernel {
                Some(Found::Existing(kernel)) if Some(kernel.id) != machine.kernel_id => {
                    Some(kernel.id)
                }
                _ => None,
            },
            kernel_opts: self
                .kernel_opts
                .clone()
                .filter(|wanted| wanted != machine.kernel_opts.as_deref().unwrap_or("")),
            initrd_id: wanted_id(&resolved.initrd, |initrd| initrd.id)
                .filter(|wanted| *wanted != machine.initrd_id),
            preseed_id: wanted_id(&resolved.preseed, |preseed| preseed.id)
                .filter(|wanted| *wanted != machine.preseed_id),
            netboot_enabled: self
                .netboot
                .filter(|wanted| compares_netboot && *wanted != netboot_of(machine)),
        }
    }

    fn push_provision(
        &self,
        plan: &mut Plan<MachineOp, MachineReport>,
        reader: &Reader,
        machine: &Machine,
        how: Provisioning,
    ) -> Result<(), TaskError> {
        if self.netboot == Some(false) {
            plan.warnings.push(
                "netboot: false has no effect with state: provisioned, which boots the installer over the \
                 network; netboot_when_ready: false switches netboot off at the end"
                    .into(),
            );
        }
        let state = plan.report.machine.state.clone();
        let why = match (how.force, plan.steps.is_empty(), &state) {
            (true, _, _) => "force is set".to_owned(),
            (_, false, _) => "the boot parameters change".to_owned(),
            (_, true, MachineState::Ready) => {
                push_netboot(plan, machine, netboot_of(machine), how.netboot_when_ready);
                return Ok(());
            }
            (_, true, state) => format!("the machine is {state}, not ready"),
        };
        self.require_provisionable(reader, machine)?;
        plan.push(
            MachineOp::Provision(machine.clone()),
            Step {
                action: Action::Provision,
                target: named(machine),
                why,
                before: json!({ "state": state, "netboot_enabled": machine.netboot_enabled }),
                after: json!({ "state": "provisioning", "netboot_enabled": true }),
                text: None,
            },
        );
        plan.report.machine.state = MachineState::Provisioning;
        plan.report.machine.machine.netboot_enabled = Some(true);
        if let Some(wait) = how.wait {
            push_wait(plan, machine, wait);
            push_netboot(plan, machine, true, how.netboot_when_ready);
        }
        Ok(())
    }

    /// The server checks these only after it has taken the parameters, and without a BMC after that.
    fn require_provisionable(&self, reader: &Reader, machine: &Machine) -> Result<(), TaskError> {
        let lacks = |what: &str| {
            Err(TaskError::Refused(format!(
                "machine '{}' has no {what}, so it cannot be provisioned",
                machine.name
            )))
        };
        if machine.kernel_id.is_none() && self.kernel.is_none() {
            return lacks("kernel");
        }
        if machine.subarch.is_none() && self.subarch.is_none() {
            return lacks("subarch");
        }
        let without_bmc = Query::and([Query::name_is(&machine.name), Query::without_bmc()]);
        match reader.machines().query(Scope::Visible, &without_bmc)?.as_slice() {
            [] => Ok(()),
            _ => lacks("BMC"),
        }
    }
}

impl Resolved {
    /// The fields whose object does not exist yet: name, present value, and what is missing.
    fn unresolved(&self, machine: &Machine) -> Vec<(&'static str, Value, &str)> {
        let mut missing = Vec::new();
        if let Some(Found::Missing(name)) = &self.kernel {
            missing.push(("kernel_id", json!(machine.kernel_id), name.as_str()));
        }
        if let Some(Clearable::To(Found::Missing(name))) = &self.initrd {
            missing.push(("initrd_id", json!(machine.initrd_id), name.as_str()));
        }
        if let Some(Clearable::To(Found::Missing(name))) = &self.preseed {
            missing.push(("preseed_id", json!(machine.preseed_id), name.as_str()));
        }
        missing
    }

    fn warnings(&self) -> Vec<String> {
        let what = [
            ("kernel", missing_name(self.kernel.as_ref())),
            ("initrd", missing_name(set_to(&self.initrd))),
            ("preseed", missing_name(set_to(&self.preseed))),
        ];
        what.into_iter()
            .filter_map(|(what, name)| {
                let name = name?;
                Some(format!(
                    "{what} '{name}' does not exist yet: planned as unresolved, since an earlier task may create it"
                ))
            })
            .collect()
    }
}

impl MachineReport {
    fn of(machine: &Machine, state: MachineState, resolved: &Resolved) -> Self {
        MachineReport {
            machine: MachineFacts { machine: machine.clone(), state },
            kernel: existing(resolved.kernel.as_ref()).cloned(),
            initrd: existing(set_to(&resolved.initrd)).cloned(),
            preseed: existing(set_to(&resolved.preseed)).map(PreseedFacts::of),
        }
    }
}

impl MachineFacts {
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

fn push_wait(plan: &mut Plan<MachineOp, MachineReport>, machine: &Machine, wait: Wait) {
    let step = Step {
        action: Action::Wait,
        target: named(machine),
        why: format!("the installed system reports within {} s", wait.timeout.as_secs_f64()),
        before: json!({ "state": "provisioning" }),
        after: json!({ "state": "ready" }),
        text: None,
    };
    plan.report.machine.state = MachineState::Ready;
    plan.push(MachineOp::Wait(machine.clone(), wait), step);
}

fn push_netboot(
    plan: &mut Plan<MachineOp, MachineReport>,
    machine: &Machine,
    current: bool,
    wanted: Option<bool>,
) {
    let Some(wanted) = wanted.filter(|wanted| *wanted != current) else { return };
    let changes = MachineChanges { netboot_enabled: Some(wanted), ..MachineChanges::default() };
    let step = Step {
        action: Action::Update,
        target: named(machine),
        why: "netboot_when_ready asks for it".into(),
        before: json!({ "netboot_enabled": current }),
        after: json!({ "netboot_enabled": wanted }),
        text: None,
    };
    plan.report.machine.take(&changes);
    plan.push(MachineOp::Configure(machine.id, changes), step);
}

fn push_report(
    plan: &mut Plan<MachineOp, MachineReport>,
    machine: &Machine,
    wanted: ReportedState,
) {
    let (current, wanted_state) = (plan.report.machine.state.clone(), MachineState::from(wanted));
    if current == wanted_state {
        return;
    }
    let step = Step {
        action: Action::Update,
        target: named(machine),
        why: format!("the machine is {current}"),
        before: json!({ "state": current }),
        after: json!({ "state": wanted_state }),
        text: None,
    };
    plan.report.machine.state = wanted_state;
    plan.push(MachineOp::Report(machine.id, wanted), step);
}

fn configure(
    writer: &Writer,
    id: MachineId,
    changes: &MachineChanges,
    report: &mut MachineReport,
) -> Result<(), TaskError> {
    writer.machines().update(id, changes)?;
    let found = writer.machines().get(id)?;
    let sent: Map<String, Value> = check::fields_sent(json!(changes));
    check::read_back(&named(&found), &sent, &check::same_fields(json!(found), &sent))?;
    report.machine.machine = found;
    Ok(())
}

fn provision(
    writer: &Writer,
    machine: &Machine,
    report: &mut MachineReport,
) -> Result<(), TaskError> {
    if let Err(source) = writer.states().provision(machine.id) {
        let aftermath = undo_provision(writer, machine);
        return Err(TaskError::Provision { machine: machine.name.clone(), source, aftermath });
    }
    report.machine.machine = writer.machines().get(machine.id)?;
    report.machine.state = writer.states().get(machine.id)?;
    Ok(())
}

/// The server stores `provisioning` and netboot before it asks the BMC, and keeps both when the BMC fails.
/// Netboot left on would install at the next reboot, and a state left `ready` would pass for provisioned
/// with parameters that never booted.
fn undo_provision(writer: &Writer, machine: &Machine) -> String {
    let netboot_off = MachineChanges {
        netboot_enabled: Some(netboot_of(machine)),
        ..MachineChanges::default()
    };
    let netboot = writer.machines().update(machine.id, &netboot_off);
    let state = writer.states().set(machine.id, ReportedState::Error);
    match (netboot, state) {
        (Ok(_), Ok(_)) => "its state was set to error and netboot back to what it was".into(),
        (Ok(_), Err(_)) => "netboot was set back to what it was, the state could not be set".into(),
        (Err(_), Ok(_)) => "its state was set to error, netboot may have been left on".into(),
        (Err(_), Err(_)) => "netboot and the state provisioning may have been left as they are".into(),
    }
}

fn set_state(
    writer: &Writer,
    id: MachineId,
    wanted: ReportedState,
    report: &mut MachineReport,
) -> Result<(), TaskError> {
    writer.states().set(id, wanted)?;
    let found = writer.states().get(id)?;
    if found != MachineState::from(wanted) {
        return Err(TaskError::ReadBack {
            object: named(&report.machine.machine),
            expected: format!("the state {}", MachineState::from(wanted)),
            found: format!("the state {found}"),
        });
    }
    report.machine.state = found;
    Ok(())
}

/// The server compares neither the architecture nor, for an id, says which image it refused.
fn require_bootable(image: &Image, kind: &ImageType, arch: &str) -> Result<(), TaskError> {
    if image.kind == *kind && image.arch.as_deref() == Some(arch) {
        return Ok(());
    }
    Err(TaskError::Refused(format!(
        "{} is a {} image for {}, and a {kind} image for {arch} is needed",
        super::image::named(image),
        image.kind,
        image.arch.as_deref().unwrap_or("no architecture"),
    )))
}

fn named(machine: &Machine) -> String {
    format!("machine '{}'", machine.name)
}

/// The column is nullable; null boots from disk as false does.
fn netboot_of(machine: &Machine) -> bool {
    machine.netboot_enabled.unwrap_or(false)
}

fn try_clearable<T, R>(
    wanted: &Option<Clearable<T>>,
    resolve: impl FnOnce(&T) -> Result<Found<R>, TaskError>,
) -> Result<Option<Clearable<Found<R>>>, TaskError> {
    Ok(match wanted {
        None => None,
        Some(Clearable::Cleared) => Some(Clearable::Cleared),
        Some(Clearable::To(object)) => Some(Clearable::To(resolve(object)?)),
    })
}

fn wanted_id<T, Id>(
    wanted: &Option<Clearable<Found<T>>>,
    id: impl FnOnce(&T) -> Id,
) -> Option<Option<Id>> {
    match wanted {
        Some(Clearable::To(Found::Existing(object))) => Some(Some(id(object))),
        Some(Clearable::Cleared) => Some(None),
        Some(Clearable::To(Found::Missing(_))) | None => None,
    }
}

fn set_to<T>(wanted: &Option<Clearable<T>>) -> Option<&T> {
    match wanted {
        Some(Clearable::To(object)) => Some(object),
        _ => None,
    }
}

fn existing<T>(found: Option<&Found<T>>) -> Option<&T> {
    match found {
        Some(Found::Existing(object)) => Some(object),
        _ => None,
    }
}

fn missing_name<T>(found: Option<&Found<T>>) -> Option<&str> {
    match found {
        Some(Found::Missing(name)) => Some(name),
        _ => None,
    }
}
