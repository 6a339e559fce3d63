//! What there is on the server: images, preseeds and machines, as far as filters let them through. Nothing is ever
//! written.

use serde::Serialize;

use crate::client::{
    self, Assignee, Image, ImageType, Interface, Machine, MachineState, Power, PreseedType,
    ReadOnlyClient, Scope,
};
use crate::support::glob::Glob;
use crate::support::sort::sorted;
use crate::task::network::Selection;
use crate::task::preseed::PreseedFacts;
use crate::task::{TaskError, parallel};

/// Which images are meant; what is not given lets everything through.
#[derive(Clone, Debug)]
pub struct ImageFilter {
    /// One's own ones, or all that one may see.
    pub scope: Scope,
    /// Held against the path below the boot root.
    pub name: Option<Glob>,
    /// Held against the description; where there is none, against an empty text.
    pub description: Option<Glob>,
    /// What they are.
    pub kind: Option<ImageType>,
    /// For which architecture.
    pub arch: Option<String>,
    /// Whether their owner vouches for them.
    pub known_good: Option<bool>,
}

/// The images that are meant, the oldest first.
pub fn images(client: &ReadOnlyClient, filter: &ImageFilter) -> Result<Vec<Image>, TaskError> {
    let mut images = client.images().list(filter.scope)?;
    images.retain(|image| {
        fits(&filter.name, image.name.as_deref())
            && fits(&filter.description, image.description.as_deref())
            && is(&filter.kind, Some(&image.kind))
            && is(&filter.arch, image.arch.as_ref())
            && is(&filter.known_good, Some(&image.known_good))
    });
    Ok(sorted(images, |image| (String::new(), image.id.0)))
}

/// Which preseeds are meant; what is not given lets everything through.
#[derive(Clone, Debug)]
pub struct PreseedFilter {
    /// One's own ones, or all that one may see.
    pub scope: Scope,
    /// Held against the name.
    pub name: Option<Glob>,
    /// Held against the description; where there is none, against an empty text.
    pub description: Option<Glob>,
    /// For which installer.
    pub kind: Option<PreseedType>,
    /// Whether their owner vouches for them.
    pub known_good: Option<bool>,
    /// Whether to tell their texts too.
    pub content: bool,
}

/// A preseed, with its text only where it was asked for.
#[derive(Clone, Debug, Serialize)]
pub struct PreseedInfo {
    /// All but the text.
    #[serde(flatten)]
    pub facts: PreseedFacts,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// The preseeds that are meant, in the order of their names.
pub fn preseeds(
    client: &ReadOnlyClient,
    filter: &PreseedFilter,
) -> Result<Vec<PreseedInfo>, TaskError> {
    let mut preseeds = client.preseeds().list(filter.scope)?;
    preseeds.retain(|preseed| {
        fits(&filter.name, Some(&preseed.name))
            && fits(&filter.description, preseed.description.as_deref())
            && is(&filter.kind, Some(&preseed.kind))
            && is(&filter.known_good, Some(&preseed.known_good))
    });
    let preseeds = sorted(preseeds, |preseed| (preseed.name.clone(), 0));
    let told = preseeds.into_iter().map(|preseed| PreseedInfo {
        facts: PreseedFacts::of(&preseed),
        content: filter.content.then(|| preseed.content.unwrap_or_default()),
    });
    Ok(told.collect())
}

/// Which machines are meant, and what to tell of them; what is not given lets everything through.
#[derive(Clone, Debug)]
pub struct MachineFilter {
    /// Which machines.
    pub machines: Selection,
    /// Those assigned to the token's user or all, where the selection does not name them.
    pub scope: Scope,
    /// Held against the name.
    pub name: Option<Glob>,
    /// Of which architecture.
    pub arch: Option<String>,
    /// In one of these states; none lets all through.
    pub states: Vec<MachineState>,
    /// What to ask for besides.
    pub details: Details,
}

/// What the server tells of each machine separately: each costs one request a machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Details {
    /// How far it is.
    pub state: bool,
    /// Its interfaces.
    pub interfaces: bool,
    /// Who holds it.
    pub assignees: bool,
    /// Whether it is on. The server asks its BMC each time, and answers nobody else meanwhile.
    pub power: bool,
}

/// A machine with the details that were asked for.
#[derive(Clone, Debug, Serialize)]
pub struct MachineInfo {
    /// The server's fields.
    #[serde(flatten)]
    pub machine: Machine,
    /// unknown, provisioning, ready or error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<MachineState>,
    /// All of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interfaces: Option<Vec<Interface>>,
    /// Who holds it, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignees: Option<Vec<Assignee>>,
    /// What its BMC says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power: Option<Power>,
}

/// The machines that are meant, in the order of their names, or in the order in which they were named.
pub fn machines(
    client: &ReadOnlyClient,
    filter: &MachineFilter,
) -> Result<Vec<MachineInfo>, TaskError> {
    let mut machines = filter.machines.select(client, filter.scope)?;
    machines.retain(|machine| {
        fits(&filter.name, Some(&machine.name)) && is(&filter.arch, machine.arch.as_ref())
    });
    let found = parallel::try_map(&machines, |machine| {
        match filter.look(client, machine.clone()) {
            // It was deleted since the list was made.
            Err(error) if error.is_not_found() => Ok(None),
            answer => answer,
        }
    })?;
    Ok(found.into_iter().flatten().collect())
}

impl MachineFilter {
    /// Asks for the details of a machine; nothing when its state is none of those that are meant.
    fn look(
        &self,
        client: &ReadOnlyClient,
        machine: Machine,
    ) -> Result<Option<MachineInfo>, client::Error> {
        let (id, details) = (machine.id, self.details);
        let state = when(details.state || !self.states.is_empty(), || {
            client.states().get(id)
        })?;
        if !self.states.is_empty() && !state.iter().all(|state| self.states.contains(state)) {
            return Ok(None);
        }
        Ok(Some(MachineInfo {
            state,
            interfaces: when(details.interfaces, || client.interfaces().list(id))?,
            assignees: when(details.assignees, || client.assignees().list(id))?,
            power: when(details.power, || client.powers().get(id))?,
            machine,
        }))
    }
}

fn when<T>(
    wanted: bool,
    ask: impl FnOnce() -> Result<T, client::Error>,
) -> Result<Option<T>, client::Error> {
    wanted.then(ask).transpose()
}

/// A text that is not there is an empty one.
fn fits(pattern: &Option<Glob>, text: Option<&str>) -> bool {
    pattern
        .as_ref()
        .is_none_or(|pattern| pattern.matches(text.unwrap_or("")))
}

fn is<T: PartialEq>(wanted: &Option<T>, found: Option<&T>) -> bool {
    wanted.is_none() || wanted.as_ref() == found
}
