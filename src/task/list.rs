//! Filtered lists of images, preseeds and machines.

use serde::Serialize;

use crate::client::{
    self, Assignee, Image, ImageType, Interface, Machine, MachineState, Power, PreseedType,
    ReadOnlyClient, Scope,
};
use crate::support::glob::Glob;
use crate::support::sort::sorted;
use crate::task::network::MachineSelection;
use crate::task::preseed::PreseedFacts;
use crate::task::{Result, parallel};

/// A filter for images; what is not given matches every image.
#[derive(Clone, Debug, Default)]
pub(crate) struct ImageFilter {
    pub scope: Scope,
    /// For the path below the boot endpoint.
    pub name: Option<Glob>,
    /// For the description; one that is missing counts as empty.
    pub description: Option<Glob>,
    pub kind: Option<ImageType>,
    pub arch: Option<String>,
    pub known_good: Option<bool>,
}

/// The images that match, the oldest first.
pub(crate) fn images(client: &ReadOnlyClient, filter: &ImageFilter) -> Result<Vec<Image>> {
    let mut images = client.images().list(filter.scope)?;
    images.retain(|image| {
        matches_pattern(&filter.name, image.name.as_deref())
            && matches_pattern(&filter.description, image.description.as_deref())
            && equals(&filter.kind, Some(&image.kind))
            && equals(&filter.arch, image.arch.as_ref())
            && equals(&filter.known_good, Some(&image.known_good))
    });
    Ok(sorted(images, |image| (String::new(), image.id.0)))
}

/// A filter for preseeds; what is not given matches every preseed.
#[derive(Clone, Debug, Default)]
pub(crate) struct PreseedFilter {
    pub scope: Scope,
    pub name: Option<Glob>,
    /// For the description; one that is missing counts as empty.
    pub description: Option<Glob>,
    pub kind: Option<PreseedType>,
    pub known_good: Option<bool>,
    pub content: bool,
}

/// A preseed, with its content only if the filter includes it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PreseedInfo {
    #[serde(flatten)]
    pub facts: PreseedFacts,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The text that a machine gets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendered: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub render_error: Option<String>,
}

/// The preseeds that match, in the order of their names.
pub(crate) fn preseeds(
    client: &ReadOnlyClient,
    filter: &PreseedFilter,
) -> Result<Vec<PreseedInfo>> {
    let mut preseeds = client.preseeds().list(filter.scope)?;
    preseeds.retain(|preseed| {
        matches_pattern(&filter.name, Some(&preseed.name))
            && matches_pattern(&filter.description, preseed.description.as_deref())
            && equals(&filter.kind, Some(&preseed.kind))
            && equals(&filter.known_good, Some(&preseed.known_good))
    });
    let preseeds = sorted(preseeds, |preseed| (preseed.name.clone(), 0));
    let mut infos = Vec::new();
    for mut preseed in preseeds {
        if filter.content && preseed.omitted_content.is_some() {
            preseed = client.preseeds().get(preseed.id)?;
        }
        infos.push(PreseedInfo {
            facts: PreseedFacts::from_preseed(&preseed),
            content: filter.content.then(|| preseed.content.unwrap_or_default()),
            rendered: None,
            render_error: None,
        });
    }
    Ok(infos)
}

/// A filter for machines, and the details to read; what is not given matches every machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct MachineFilter {
    pub machines: MachineSelection,
    /// Those assigned to the token's user, or all; for a selection that does not name them.
    pub scope: Scope,
    pub name: Option<Glob>,
    pub arch: Option<String>,
    /// In one of these states; empty for any state.
    pub states: Vec<MachineState>,
    pub details: MachineDetails,
}

/// Details of machines, each of which is one request for each machine.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MachineDetails {
    pub state: bool,
    pub interfaces: bool,
    pub assignees: bool,
    /// Its power. The server queries the BMC each time, and answers no other request meanwhile.
    pub power: bool,
}

/// A machine with the details that were read.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MachineInfo {
    #[serde(flatten)]
    pub machine: Machine,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<MachineState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interfaces: Option<Vec<Interface>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignees: Option<Vec<Assignee>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power: Option<Power>,
}

/// The machines that match, in the order of their names, or in the order in which the selection names them.
pub(crate) fn machines(
    client: &ReadOnlyClient,
    filter: &MachineFilter,
) -> Result<Vec<MachineInfo>> {
    let mut machines = filter.machines.select(client, filter.scope)?;
    machines.retain(|machine| {
        matches_pattern(&filter.name, Some(&machine.name))
            && equals(&filter.arch, machine.arch.as_ref())
    });
    let found = parallel::try_map(&machines, |machine| {
        unless_deleted(filter.read_details(client, machine.clone()))
    })?;
    let found: Vec<MachineInfo> = found.into_iter().flatten().collect();
    if !filter.details.power {
        return Ok(found);
    }
    // After all others, so that none of them is in line behind a BMC.
    let found = found
        .into_iter()
        .map(|info| unless_deleted(with_power(client, info)));
    let found: Result<Vec<_>, client::Error> = found.collect();
    Ok(found?.into_iter().flatten().collect())
}

/// None for a machine that was deleted after it was listed.
fn unless_deleted<T>(answer: Result<Option<T>, client::Error>) -> Result<Option<T>, client::Error> {
    match answer {
        Err(error) if error.is_not_found() => Ok(None),
        answer => answer,
    }
}

fn with_power(
    client: &ReadOnlyClient,
    mut info: MachineInfo,
) -> Result<Option<MachineInfo>, client::Error> {
    info.power = Some(client.powers().get(info.machine.id)?);
    Ok(Some(info))
}

impl MachineFilter {
    /// Reads the details of a machine but its power; None if the filter excludes its state.
    fn read_details(
        &self,
        client: &ReadOnlyClient,
        machine: Machine,
    ) -> Result<Option<MachineInfo>, client::Error> {
        let (id, details) = (machine.id, self.details);
        let mut info = MachineInfo {
            machine,
            state: None,
            interfaces: None,
            assignees: None,
            power: None,
        };
        if details.state || !self.states.is_empty() {
            let state = client.states().get(id)?;
            if !self.states.is_empty() && !self.states.contains(&state) {
                return Ok(None);
            }
            info.state = Some(state);
        }
        if details.interfaces {
            info.interfaces = Some(client.interfaces().list(id)?);
        }
        if details.assignees {
            info.assignees = Some(client.assignees().list(id)?);
        }
        Ok(Some(info))
    }
}

/// Whether a text matches a pattern, if one was given. A missing text counts as empty.
fn matches_pattern(pattern: &Option<Glob>, text: Option<&str>) -> bool {
    pattern
        .as_ref()
        .is_none_or(|pattern| pattern.matches(text.unwrap_or("")))
}

/// Whether a field has a value, if one was given.
fn equals<T: PartialEq>(given: &Option<T>, found: Option<&T>) -> bool {
    given.is_none() || given.as_ref() == found
}
