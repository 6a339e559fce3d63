//! Finding the object that a user names, or similar names when there is none.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Display;
use std::sync::Arc;

use crate::client::{
    self, Assignee, Image, ImageId, ImageType, Machine, MachineId, Query, ReadOnlyClient, Scope,
};
use crate::support::sort::sorted;
use crate::support::suggest::near;
use crate::support::user_text::user_with_reason;
use crate::task::machine::machine_title;
use crate::task::{Result, StepOutcome, TaskError};

/// All images that are visible to the token's user, and which of them belong to this user.
///
/// The server does not say who the token's user is: their images are those that it lists without `show_all`.
pub(super) struct Images {
    visible: Arc<Vec<Image>>,
    own: Arc<Vec<Image>>,
    own_ids: HashSet<ImageId>,
}

impl Images {
    /// The newest of the user's own images that a description names: where there is one, no others need to be known.
    pub(super) fn find_own(
        client: &ReadOnlyClient,
        kind: &ImageType,
        arch: &str,
        description: &str,
    ) -> Result<Option<Image>> {
        let own = client.images().shared_list(Scope::Own)?;
        let described = own.iter().filter(|image| {
            image.kind == *kind
                && image.arch.as_deref() == Some(arch)
                && image.description.as_deref() == Some(description)
        });
        Ok(described.max_by_key(|image| image.id).cloned())
    }

    pub(super) fn fetch(client: &ReadOnlyClient) -> Result<Images> {
        let visible = client.images().shared_list(Scope::Visible)?;
        let own = client.images().shared_list(Scope::Own)?;
        let own_ids = own.iter().map(|image| image.id).collect();
        Ok(Images {
            visible,
            own,
            own_ids,
        })
    }

    /// Another run of the same user may upload or delete an image between the two requests. Only the second list counts
    /// for the user's own images.
    fn all(&self) -> impl Iterator<Item = &Image> {
        let user = self.own.iter().find_map(|image| image.user.as_ref());
        let others = self.visible.iter().filter(move |image| {
            (user.is_none() || image.user.as_ref() != user) && !self.is_own(image)
        });
        others.chain(self.own.iter())
    }

    pub(super) fn is_own(&self, image: &Image) -> bool {
        self.own_ids.contains(&image.id)
    }

    /// Whether there is a private image of another user, which only administrators see.
    pub(super) fn has_private_of_others(&self) -> bool {
        self.all().any(|image| !image.public && !self.is_own(image))
    }

    /// The own and the other images of that type, architecture and description, the newest first. Ids only grow, whereas
    /// dates are in the server's local time.
    pub(super) fn with_description<'a>(
        &'a self,
        kind: &ImageType,
        arch: &str,
        description: &str,
    ) -> (Vec<&'a Image>, Vec<&'a Image>) {
        let matching = self
            .of_kind(kind, arch)
            .filter(|image| image.description.as_deref() == Some(description))
            .collect();
        sorted(matching, |image| (String::new(), u64::MAX - image.id.0))
            .into_iter()
            .partition(|image| self.is_own(image))
    }

    /// The image that a description names: the newest own one, else the only one of other users.
    pub(super) fn find(
        &self,
        kind: &ImageType,
        arch: &str,
        description: &str,
    ) -> Result<Option<&Image>> {
        let (own, others) = self.with_description(kind, arch, description);
        match (own.first(), others.as_slice()) {
            (Some(newest), _) => Ok(Some(newest)),
            (None, []) => Ok(None),
            (None, [only]) => Ok(Some(only)),
            (None, several) => Err(TaskError::Ambiguous {
                what: format!("the {kind} image for {arch}"),
                name: format!("'{description}'"),
                candidates: several.iter().map(|image| candidate_text(image)).collect(),
            }),
        }
    }

    /// The error for a description that no image has.
    pub(super) fn not_found(&self, kind: &ImageType, arch: &str, description: &str) -> TaskError {
        let descriptions = self
            .of_kind(kind, arch)
            .filter_map(|image| image.description.as_deref());
        let what = format!("visible {kind} image for {arch}");
        name_not_found(&what, description, descriptions)
    }

    /// The architectures of all images, some of them several times.
    pub(super) fn archs(&self) -> impl Iterator<Item = &str> {
        self.all().filter_map(|image| image.arch.as_deref())
    }

    fn of_kind<'a>(&'a self, kind: &ImageType, arch: &str) -> impl Iterator<Item = &'a Image> {
        self.all()
            .filter(move |image| image.kind == *kind && image.arch.as_deref() == Some(arch))
    }
}

/// The answer to reading an object by its id, or the error that there is none.
pub(super) fn require_id<T>(
    what: &str,
    id: impl Display,
    answer: Result<T, client::Error>,
) -> Result<T> {
    match answer {
        Err(error) if error.is_not_found() => Err(TaskError::NotFound {
            what: what.into(),
            name: format!("with id {id}"),
            near: Vec::new(),
        }),
        answer => Ok(answer?),
    }
}

/// The error for a name that no visible preseed has.
pub(super) fn preseed_not_found(client: &ReadOnlyClient, name: &str) -> Result<TaskError> {
    let preseeds = client.preseeds().list(Scope::Visible)?;
    let names = preseeds.iter().map(|preseed| preseed.name.as_str());
    Ok(name_not_found("visible preseed", name, names))
}

/// The error for a user whom the server does not know. It lists no users, so similar names are those of owners of
/// visible images.
pub(super) fn user_not_found(client: &ReadOnlyClient, name: &str) -> Result<TaskError> {
    let images = client.images().list(Scope::Visible)?;
    let owners: BTreeSet<&str> = images
        .iter()
        .filter_map(|image| image.user.as_deref())
        .collect();
    Ok(name_not_found("user", name, owners.into_iter()))
}

/// How a user names a machine.
#[derive(Clone, Debug)]
pub(crate) enum MachineRef {
    Name(String),
    Id(MachineId),
}

impl MachineRef {
    /// For messages, without a request.
    pub(super) fn title(&self) -> String {
        match self {
            MachineRef::Name(name) => format!("machine '{name}'"),
            MachineRef::Id(id) => format!("machine {id}"),
        }
    }
}

/// The machine that is named, or the error with similar names.
pub(super) fn find_machine(client: &ReadOnlyClient, machine: &MachineRef) -> Result<Machine> {
    match machine {
        MachineRef::Name(name) => match client.machines().find(name)? {
            Some(found) => Ok(found),
            None => {
                let machines = client.machines().list(Scope::Visible)?;
                Err(machine_not_found(&machines, name))
            }
        },
        MachineRef::Id(id) => require_id("machine", id, client.machines().get(*id)),
    }
}

/// Machines in the order of their names: the server's lists have no order.
pub(super) fn sorted_by_name(machines: Vec<Machine>) -> Vec<Machine> {
    sorted(machines, |machine| (machine.name.clone(), 0))
}

/// The error for a machine name that none of `machines` has.
pub(super) fn machine_not_found(machines: &[Machine], name: &str) -> TaskError {
    let names = machines.iter().map(|machine| machine.name.as_str());
    name_not_found("machine", name, names)
}

/// Whether the machine is assigned to the token's user.
pub(super) fn is_assigned(client: &ReadOnlyClient, machine: &Machine) -> Result<bool> {
    let own = find_own_machine(client, &machine.name)?;
    Ok(own.is_some_and(|own| own.id == machine.id))
}

/// The machine of this name, if it is assigned to the token's user. The list of all that are may have thousands.
fn find_own_machine(client: &ReadOnlyClient, name: &str) -> Result<Option<Machine>> {
    let found = client.machines().query(Scope::Own, &Query::name_is(name))?;
    Ok(found.into_iter().find(|machine| machine.name == name))
}

/// Whether a machine has a BMC, which only a query of the server shows.
pub(super) fn has_bmc(client: &ReadOnlyClient, machine: &Machine) -> Result<bool> {
    let query = Query::and([Query::without_bmc(), Query::name_is(&machine.name)]);
    let without_bmc = client.machines().query(Scope::Visible, &query)?;
    Ok(without_bmc.iter().all(|other| other.id != machine.id))
}

/// The machine that is named. Where it shall be one's own, the answer also says that it is.
pub(super) fn find_machine_own_first(
    client: &ReadOnlyClient,
    machine: &MachineRef,
    allow_unassigned: bool,
) -> Result<Machine> {
    if let (MachineRef::Name(name), false) = (machine, allow_unassigned)
        && let Some(own) = find_own_machine(client, name)?
    {
        return Ok(own);
    }
    find_machine(client, machine)
}

/// The machine that is named. Refuses one that is not assigned to the token's user, unless that is allowed.
pub(super) fn find_assigned_machine(
    client: &ReadOnlyClient,
    machine: &MachineRef,
    allow_unassigned: bool,
) -> Result<Machine> {
    let machine = find_machine_own_first(client, machine, allow_unassigned)?;
    if !allow_unassigned {
        require_assignment(client, &machine)?;
    }
    Ok(machine)
}

/// Refuses a machine that is not assigned to the token's user: the server lets anyone change it.
pub(super) fn require_assignment(client: &ReadOnlyClient, machine: &Machine) -> Result<()> {
    if is_assigned(client, machine)? {
        return Ok(());
    }
    let holders = client.assignees().list(machine.id)?;
    let holders: Vec<String> = holders.iter().map(holder_text).collect();
    let holders = match holders.as_slice() {
        [] => "nobody holds it".to_owned(),
        _ => format!("it is held by {}", holders.join(", ")),
    };
    Err(TaskError::Failed {
        object: Some(machine_title(machine)),
        problem: format!("is not assigned to this token's user; {holders}"),
        hint: Some(
            "Have the machine assigned to this user, or act all the same with the option O(allow_unassigned).",
        ),
    })
}

/// The name of the token's user, where they own an image, hold a machine or own a preseed. The server shows it nowhere
/// else.
pub(super) fn token_user(client: &ReadOnlyClient) -> Result<Option<String>> {
    let images = client.images().list(Scope::Own)?;
    if let Some(name) = images.into_iter().find_map(|image| image.user) {
        return Ok(Some(name));
    }
    if let Some(machine) = client.machines().list(Scope::Own)?.first()
        && let Some(own) = client.assignees().own(machine.id)?
    {
        return Ok(own.user);
    }
    let preseeds = client.preseeds().list(Scope::Own)?;
    Ok(preseeds.into_iter().find_map(|preseed| preseed.user))
}

/// The uses of an image by machines: `kernel of qdc01` for each.
pub(super) fn uses_of_image(machines: &[Machine], image: ImageId) -> Vec<String> {
    let mut uses = Vec::new();
    for machine in machines {
        for (role, id) in [("kernel", machine.kernel_id), ("initrd", machine.initrd_id)] {
            if id == Some(image) {
                uses.push(format!("{role} of {}", machine.name));
            }
        }
    }
    uses
}

/// The owner's name, for messages.
pub(super) fn owner_text(user: Option<&str>) -> &str {
    user.unwrap_or("nobody")
}

/// The outcome of the deletion of an object that another run has deleted first.
pub(super) fn deleted_meanwhile(object: &str) -> StepOutcome {
    StepOutcome::Skipped(format!("{object} was deleted by another run meanwhile"))
}

/// The answer to a change of an object, or the error that another run has deleted it since the plan was made.
pub(super) fn require_still_there<T>(object: &str, answer: Result<T>) -> Result<T> {
    match answer {
        Err(TaskError::Api(error)) if error.is_not_found() => Err(deleted_before_change(object)),
        answer => answer,
    }
}

/// The error for the change of an object that another run has deleted first.
pub(super) fn deleted_before_change(object: &str) -> TaskError {
    TaskError::with_hint(
        format!("{object} was deleted by another run meanwhile, so it was not changed"),
        "Run the task again, and see which other run deletes it.",
    )
}

/// Refuses to delete an object that machines use.
pub(super) fn require_unused(object: &str, uses: Vec<String>) -> Result<()> {
    match uses.is_empty() {
        true => Ok(()),
        false => Err(TaskError::InUse {
            object: object.into(),
            uses,
        }),
    }
}

/// One of several images, with what distinguishes it.
fn candidate_text(image: &Image) -> String {
    let date = image.upload_date.as_deref().unwrap_or("an unknown date");
    format!(
        "id {} of {}, uploaded {date}",
        image.id,
        owner_text(image.user.as_deref())
    )
}

/// The user who holds a machine, and why: `alice (ci)`.
pub(super) fn holder_text(assignee: &Assignee) -> String {
    let user = assignee.user.as_deref().unwrap_or("an unknown user");
    user_with_reason(user, assignee.reason.as_deref())
}

/// The error for a name that none of the candidates has.
fn name_not_found<'a>(
    what: &str,
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> TaskError {
    TaskError::NotFound {
        what: what.into(),
        name: format!("'{name}'"),
        near: similar_names(name, candidates),
    }
}

/// The candidates that resemble a name.
pub(super) fn similar_names<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    near(name, candidates)
        .into_iter()
        .map(str::to_owned)
        .collect()
}
