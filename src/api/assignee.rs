//! Who machines are assigned to. Everybody may read it.

use serde::{Deserialize, Serialize};

use super::handle::handle;
use super::request::Request;
use super::words::id;
use super::{ApiError, MachineId, Result};

id! {
    /// The id of an assignment, not of a user.
    AssigneeId
}

/// An assignment as the server shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Assignee {
    /// The assignment's id.
    pub id: AssigneeId,
    /// The user's name.
    pub user: Option<String>,
    /// Why, if a reason was given.
    pub reason: Option<String>,
}

handle! {
    /// The assignments of a server's machines.
    Assignees
}

impl<Access> Assignees<'_, Access> {
    /// All assignments of a machine, in no order.
    pub fn list(&self, machine: MachineId) -> Result<Vec<Assignee>> {
        let action = format!("listing the assignees of machine {machine}");
        self.pipeline.json(&Request::get(
            &["machine", &machine.to_string(), "assignee"],
            action,
        ))
    }

    /// The assignment of a machine to the token's own user; `None` when there is none.
    pub fn own(&self, machine: MachineId) -> Result<Option<Assignee>> {
        let action = format!("reading one's own assignment of machine {machine}");
        match self.pipeline.json(&Request::get(
            &["machine", &machine.to_string(), "assignee", "self"],
            action,
        )) {
            // A machine that does not exist is another 404.
            Err(ApiError::NotFound(refusal)) if refusal.reason() == "assignee not found" => {
                Ok(None)
            }
            other => other.map(Some),
        }
    }
}
