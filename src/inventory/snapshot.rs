//! The machines of a lab at one time, and which of them are the user's own or free.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::ansible::Call;
use crate::client::{Machine, MachineId, Query, ReadOnlyClient, Scope};
use crate::inventory::config::{InventoryConfig, SPEC};
use crate::task::TaskError;
use crate::task::list::{self, MachineDetails, MachineFilter, MachineInfo};

pub(super) struct LabSnapshot {
    /// With their interfaces, and with their assignees where the configuration asks for them.
    pub(super) machines: Vec<MachineInfo>,
    pub(super) mine: HashSet<MachineId>,
    pub(super) free: HashSet<MachineId>,
}

impl LabSnapshot {
    /// Reads all of it. `mine` and `free` cost a request each, the interfaces one for each machine.
    pub(super) fn read(
        client: &ReadOnlyClient,
        config: &InventoryConfig,
    ) -> Result<LabSnapshot, TaskError> {
        // Before the machines: one that is assigned or released meanwhile then counts as it was.
        let (mine, free) = match config.scope {
            Scope::Own => (None, HashSet::new()),
            Scope::Visible => {
                let machines = client.machines();
                let free = machines.query(Scope::Visible, &Query::unassigned())?;
                (Some(ids(&machines.list(Scope::Own)?)), ids(&free))
            }
        };
        let filter = MachineFilter {
            machines: config.machines.clone(),
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
