//! The machines of a lab at one time, and which of them are the user's own or free.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::ansible::Call;
use crate::client::{Machine, MachineId, Query, ReadOnlyClient, Scope};
use crate::inventory::config::{InventoryConfig, SPEC};
use crate::inventory::names::{host_name, id_in};
use crate::task::TaskError;
use crate::task::list::{self, MachineDetails, MachineFilter, MachineInfo};
use crate::task::network::MachineSelection;

pub(super) struct LabSnapshot {
    /// With their interfaces, and with their assignees where the configuration asks for them.
    pub(super) machines: Vec<MachineInfo>,
    pub(super) mine: HashSet<MachineId>,
    pub(super) free: HashSet<MachineId>,
}

impl LabSnapshot {
    /// Reads all of it, or the machine alone that a host may be. `mine` and `free` cost a request each, the interfaces one for
    /// each machine.
    pub(super) fn read(
        client: &ReadOnlyClient,
        config: &InventoryConfig,
        host: Option<&str>,
    ) -> Result<LabSnapshot, TaskError> {
        let name = match host {
            Some(host) => Some(Query::name_is(&machine_name(client, host)?)),
            None => None,
        };
        let and_name = |query: &Query| match &name {
            Some(name) => Query::and([query.clone(), name.clone()]),
            None => query.clone(),
        };
        let named = name.clone().map(MachineSelection::Query);
        // Before the machines: one that is assigned or released meanwhile then counts as it was.
        let (mine, free) = match config.scope {
            Scope::Own => (None, HashSet::new()),
            Scope::Visible => {
                let unassigned = and_name(&Query::unassigned());
                let free = client.machines().query(Scope::Visible, &unassigned)?;
                let mine = named.clone().unwrap_or_default();
                (Some(ids(&mine.select(client, Scope::Own)?)), ids(&free))
            }
        };
        let filter = MachineFilter {
            machines: match (&config.machines, named) {
                (MachineSelection::Query(query), _) => MachineSelection::Query(and_name(query)),
                (_, Some(named)) => named,
                (all, None) => all.clone(),
            },
            scope: config.scope,
            details: MachineDetails {
                interfaces: true,
                assignees: config.options.holders,
                ..MachineDetails::default()
            },
            ..MachineFilter::default()
        };
        let mut machines = list::machines(client, &filter)?;
        scrub_names(&mut machines, &config.call);
        let all = || machines.iter().map(|info| info.machine.id).collect();
        Ok(LabSnapshot {
            mine: mine.unwrap_or_else(all),
            free,
            machines,
        })
    }
}

/// The name of the machine that a host of this name would be.
fn machine_name(client: &ReadOnlyClient, host: &str) -> Result<String, TaskError> {
    match id_in(host).map(|id| client.machines().get(id)) {
        Some(Ok(machine)) => Ok(machine.name),
        Some(Err(error)) if !error.is_not_found() => Err(error.into()),
        _ => Ok(host.to_owned()),
    }
}

/// The names of all hosts, without anything else of them.
pub(super) fn host_names(
    client: &ReadOnlyClient,
    config: &InventoryConfig,
) -> Result<Vec<String>, TaskError> {
    let filter = MachineFilter {
        machines: config.machines.clone(),
        scope: config.scope,
        ..MachineFilter::default()
    };
    let mut machines = list::machines(client, &filter)?;
    scrub_names(&mut machines, &config.call);
    let by_hostname = config.options.host_name == "hostname";
    let names = machines
        .iter()
        .map(|info| host_name(&info.machine, by_hostname));
    Ok(names.collect())
}

/// Removes the token from all texts of which host and group names are made. The names have other characters replaced, so
/// that the token would not be recognized in them.
fn scrub_names(machines: &mut [MachineInfo], call: &Call) {
    let texts: Vec<&mut String> = machines.iter_mut().flat_map(name_texts).collect();
    let Value::Array(scrubbed) = call.scrub(&SPEC, json!(texts)) else {
        return;
    };
    for (text, scrubbed) in texts.into_iter().zip(scrubbed) {
        *text = scrubbed.as_str().unwrap_or_default().to_owned();
    }
}

fn name_texts(info: &mut MachineInfo) -> Vec<&mut String> {
    let machine = &mut info.machine;
    let mut texts = vec![&mut machine.name];
    texts.extend(&mut machine.hostname);
    texts.extend(&mut machine.arch);
    texts.extend(&mut machine.subarch);
    for assignee in info.assignees.iter_mut().flatten() {
        texts.extend(&mut assignee.user);
    }
    texts
}

fn ids(machines: &[Machine]) -> HashSet<MachineId> {
    machines.iter().map(|machine| machine.id).collect()
}
