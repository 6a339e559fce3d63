//! The assignments of machines to users.
//!
//! Everybody may read it, and give back a machine of their own; only administrators assign. The server fails on the
//! address `assignee/NAME`: an assignment is addressed by its id.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::client::ReadWrite;
use crate::client::http::request::Request;
use crate::client::resources::handle::handle;
use crate::client::resources::wire_types::{id, required};
use crate::client::{ErrorCode, MachineId, Result};

id! {
    /// The id of an assignment, not of a user.
    AssigneeId
}

/// An assignment as the server shows it. Plans compare its fields, so one that is missing is an error, and not null.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Assignee {
    /// The assignment's id.
    pub id: AssigneeId,
    /// The user's name.
    #[serde(deserialize_with = "required")]
    pub user: Option<String>,
    /// Why, if a reason was given.
    #[serde(deserialize_with = "required")]
    pub reason: Option<String>,
}

/// A user to assign a machine to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NewAssignee {
    /// The user's name.
    pub user: String,
    /// Why, at most 140 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

handle! {
    /// The assignments of a server's machines.
    Assignees
}

impl<Access> Assignees<'_, Access> {
    /// All assignments of a machine, in no order.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when there is no such machine.
    pub fn list(&self, machine: MachineId) -> Result<Vec<Assignee>> {
        let action = format!(
            "listing the assignees of {}",
            self.pipeline.machine(machine)
        );
        self.pipeline
            .json(&Request::get(format!("machine/{machine}/assignee"), action))
    }

    /// One assignment of a machine.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when there is no such machine, or no such assignment of it.
    pub fn get(&self, machine: MachineId, id: AssigneeId) -> Result<Assignee> {
        let action = format!("reading assignment {id} of machine {machine}");
        self.pipeline.json(&Request::get(
            format!("machine/{machine}/assignee/{id}"),
            action,
        ))
    }

    /// The assignment of a machine to the token's own user; `None` when there is none.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when there is no such machine.
    pub fn own(&self, machine: MachineId) -> Result<Option<Assignee>> {
        let action = format!(
            "reading one's own assignment of {}",
            self.pipeline.machine(machine)
        );
        match self.pipeline.json(&Request::get(
            format!("machine/{machine}/assignee/self"),
            action,
        )) {
            Err(error) if error.code() == Some(ErrorCode::AssigneeNotFound) => Ok(None),
            other => other.map(Some),
        }
    }
}

impl Assignees<'_, ReadWrite> {
    /// Assigns a machine. When the answer is lost, the user is looked for before another attempt.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::client::ErrorKind::Conflict) when the user holds the machine already,
    /// [`Forbidden`](crate::client::ErrorKind::Forbidden) when the token's user is no administrator.
    pub fn create(&self, machine: MachineId, new: &NewAssignee) -> Result<Assignee> {
        let action = format!(
            "assigning {} to {:?}",
            self.pipeline.machine(machine),
            new.user
        );
        let request = Request::post(format!("machine/{machine}/assignee"), action)
            .json(new)
            .forbidden("only an administrator can assign machines")
            .conflict(
                "it conflicts with what the server has; the user may hold the machine already",
            );
        let is_it = |assignee: &Assignee| assignee.user.as_ref() == Some(&new.user);
        self.pipeline
            .create(&request, || Ok(self.list(machine)?.into_iter().find(is_it)))
    }

    /// Changes the reason of an assignment: the user's own, or any as an administrator. Sending it twice changes nothing more.
    ///
    /// # Errors
    ///
    /// [`Forbidden`](crate::client::ErrorKind::Forbidden) when it is another user's,
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when there is none.
    pub fn update(&self, machine: MachineId, id: AssigneeId, reason: &str) -> Result<Assignee> {
        let action = format!(
            "changing assignment {id} of {}",
            self.pipeline.machine(machine)
        );
        let request = Request::put(
            format!("machine/{machine}/assignee/{id}"),
            action,
            &json!({ "reason": reason }),
        );
        self.pipeline.json(&request.forbidden(FOREIGN))
    }

    /// Ends an assignment: the user's own, or any as an administrator.
    ///
    /// # Errors
    ///
    /// As for [`Assignees::update`].
    pub fn delete(&self, machine: MachineId, id: AssigneeId) -> Result<()> {
        let action = format!(
            "ending assignment {id} of {}",
            self.pipeline.machine(machine)
        );
        let request = Request::delete(format!("machine/{machine}/assignee/{id}"), action);
        self.pipeline.call(&request.forbidden(FOREIGN)).map(drop)
    }

    /// Like [`Assignees::delete`], and whether it was this call that ended it: false when there is no such assignment.
    pub(crate) fn end(&self, machine: MachineId, id: AssigneeId) -> Result<bool> {
        match self.delete(machine, id) {
            Err(error) if error.code() == Some(ErrorCode::AssigneeNotFound) => Ok(false),
            answer => answer.map(|()| true),
        }
    }
}

/// What a 403 means for an assignment that exists.
const FOREIGN: &str = "the assignment is another user's, and only an administrator can change it";
