//! The names of the machines that the server has shown, for the sentences of errors: paths have only their ids.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::client::http::server_text;
use crate::client::{Machine, MachineId};

#[derive(Debug, Default)]
pub(crate) struct MachineNames(Mutex<HashMap<u64, String>>);

impl MachineNames {
    /// Keeps the names of machines.
    pub(crate) fn learn<'a>(&self, machines: impl IntoIterator<Item = &'a Machine>) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.extend(
            machines
                .into_iter()
                .map(|machine| (machine.id.0, machine.name.clone())),
        );
    }

    /// `machine 'qdc01'`, or `machine 7` where the name is not known.
    pub(crate) fn title(&self, id: MachineId) -> String {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match names.get(&id.0) {
            Some(name) => format!("machine '{}'", server_text::one_line(name)),
            None => format!("machine {id}"),
        }
    }
}
