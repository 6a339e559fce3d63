//! What an inventory is made of: the machines, and which of them are one's own or free.

use serde_json::{Value, json};

use crate::ansible::Call;
use crate::client::{Machine, MachineId, Query, ReadOnlyClient, Scope};
use crate::inventory::config::{Config, SPEC};
use crate::task::TaskError;
use crate::task::list;
use crate::task::list::{MachineDetails, MachineFilter, MachineInfo};
use crate::task::network::MachineSelection;

/// The server's machines at one time.
pub(super) struct Lab {
    /// With their interfaces, and with their holders when these are asked for.
    pub(super) machines: Vec<MachineInfo>,
    mine: Vec<MachineId>,
    free: Vec<MachineId>,
}

impl Lab {
    pub(super) fn is_mine(&self, machine: &Machine) -> bool {
        self.mine.contains(&machine.id)
    }

    pub(super) fn is_free(&self, machine: &Machine) -> bool {
        self.free.contains(&machine.id)
    }
}

/// Reads all of it. Whose machines are which costs a request each, the addresses one for each machine.
pub(super) fn gather(client: &ReadOnlyClient, config: &Config) -> Result<Lab, TaskError> {
    let filter = MachineFilter {
        machines: match &config.query {
            Some(query) => MachineSelection::Query(query.clone()),
            None => MachineSelection::All,
        },
        scope: config.scope,
        details: MachineDetails {
            interfaces: true,
            assignees: config.holders,
            ..MachineDetails::default()
        },
        ..MachineFilter::default()
    };
    // Before the machines: one that is taken or given back meanwhile then counts as it was.
    let (mine, free) = match config.scope {
        Scope::Own => (None, Vec::new()),
        Scope::Visible => {
            let free = client
                .machines()
                .query(Scope::Visible, &Query::unassigned())?;
            (Some(ids(&client.machines().list(Scope::Own)?)), ids(&free))
        }
    };
    let mut machines = list::machines(client, &filter)?;
    hide_secrets_in_names(&mut machines, &config.call);
    let all = || machines.iter().map(|info| info.machine.id).collect();
    Ok(Lab {
        mine: mine.unwrap_or_else(all),
        free,
        machines,
    })
}

/// Takes the token out of all texts of which names are made: what a name makes of it would be hidden no more.
fn hide_secrets_in_names(machines: &mut [MachineInfo], call: &Call) {
    let texts: Vec<&mut String> = machines.iter_mut().flat_map(texts_of_names).collect();
    let Value::Array(hidden) = call.scrub(&SPEC, json!(texts)) else {
        return;
    };
    for (text, hidden) in texts.into_iter().zip(hidden) {
        *text = hidden.as_str().unwrap_or_default().to_owned();
    }
}

fn texts_of_names(info: &mut MachineInfo) -> impl Iterator<Item = &mut String> {
    let machine = &mut info.machine;
    let holders = info.assignees.iter_mut().flatten();
    [
        &mut machine.hostname,
        &mut machine.arch,
        &mut machine.subarch,
    ]
    .into_iter()
    .chain(holders.map(|holder| &mut holder.user))
    .flatten()
    .chain([&mut machine.name])
}

fn ids(machines: &[Machine]) -> Vec<MachineId> {
    machines.iter().map(|machine| machine.id).collect()
}
