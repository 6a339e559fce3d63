//! Preseeds rendered for a machine. The server renders only the one that a machine is assigned.

use crate::client::{Machine, ReadOnlyClient, RenderedPreseed};
#[cfg(feature = "cli")]
use crate::task::TaskError;
use crate::task::list::PreseedInfo;
use crate::task::machine::{MachineRef, machine_title};
use crate::task::{Result, lookup};

/// Renders the one of these preseeds that a machine is assigned. The result is a warning where it is none of them.
pub(crate) fn render_for(
    client: &ReadOnlyClient,
    machine: &str,
    preseeds: &mut [PreseedInfo],
) -> Result<Option<String>> {
    let machine = lookup::find_machine(client, &MachineRef::Name(machine.to_owned()))?;
    let assigned = preseeds
        .iter_mut()
        .find(|preseed| preseed.facts.id.is_some() && preseed.facts.id == machine.preseed_id);
    let Some(preseed) = assigned else {
        return Ok(Some(format!(
            "none of these preseeds was rendered: {}",
            not_assigned(client, &machine)
        )));
    };
    match client.preseeds().render(machine.id)? {
        RenderedPreseed::Text(text) => preseed.rendered = Some(text),
        RenderedPreseed::Broken { reason, line } => {
            preseed.render_error = Some(problem(&reason, line));
        }
    }
    Ok(None)
}

/// The text that a machine gets of a preseed, which has to be the one that it is assigned.
#[cfg(feature = "cli")]
pub(crate) fn render(client: &ReadOnlyClient, name: &str, machine: &str) -> Result<String> {
    let machine = lookup::find_machine(client, &MachineRef::Name(machine.to_owned()))?;
    let Some(preseed) = client.preseeds().find(name)? else {
        return Err(lookup::preseed_not_found(client, name)?);
    };
    if machine.preseed_id != Some(preseed.id) {
        return Err(TaskError::with_hint(
            format!(
                "preseed '{name}' cannot be rendered: {}",
                not_assigned(client, &machine)
            ),
            "Assign it first; nothing is booted by that.",
        ));
    }
    match client.preseeds().render(machine.id)? {
        RenderedPreseed::Text(text) => Ok(text),
        RenderedPreseed::Broken { reason, line } => Err(TaskError::failed(
            format!("preseed '{name}'"),
            format!(
                "cannot be rendered for {}: {}",
                machine_title(&machine),
                problem(&reason, line)
            ),
        )),
    }
}

fn not_assigned(client: &ReadOnlyClient, machine: &Machine) -> String {
    let assigned = match machine.preseed_id {
        Some(id) => {
            // Where it is private and another user's, or cannot be asked for, its name is not known.
            let preseed = client.preseeds().get(id).ok();
            let name = preseed.map_or_else(String::new, |preseed| format!(" '{}'", preseed.name));
            format!("preseed {id}{name}")
        }
        None => "no preseed".to_owned(),
    };
    format!(
        "{} is assigned {assigned}, and the server renders only what a machine is assigned",
        machine_title(machine)
    )
}

fn problem(reason: &str, line: Option<u32>) -> String {
    match line {
        Some(line) => format!("line {line}: {reason}"),
        None => reason.to_owned(),
    }
}
