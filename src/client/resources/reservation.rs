//! Reserving free machines, which every user may.
//!
//! The server answers with a machine and does not store the reservation: the next request gets the same machine. So an
//! answer is no reservation. Only the machine's assignees show whether there is one.

use serde_json::json;

use crate::client::client::ReadWrite;
use crate::client::http::operation::Subject;
use crate::client::http::request::Request;
use crate::client::resources::handle::handle;
use crate::client::{Assignees, Error, Machine, Query, Result};

/// The longest query that the server takes, in characters.
const LONGEST_QUERY: usize = 300;

handle! {
    /// The reservations of a server's machines.
    Reservations
}

impl Reservations<'_, ReadWrite> {
    /// Asks for a machine, and returns the one that the server names; `None` when it is not free. The reason has at most
    /// 140 characters. The machine's assignees show whether it was stored.
    ///
    /// When the answer is lost, the user's own assignment is looked for before another attempt.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](crate::client::ErrorKind::InvalidValue) when the machine's name is too long for a query.
    pub fn create(&self, machine: &Machine, reason: &str) -> Result<Option<Machine>> {
        let action = format!("reserving {}", self.pipeline.machine(machine.id));
        let query = Query::and([Query::name_is(&machine.name), Query::unassigned()]).to_string();
        if query.chars().count() > LONGEST_QUERY {
            let reason = "its name does not fit into the 300 characters that a query may have";
            return Err(Error::invalid_value(&action, reason));
        }
        let request = Request::post("machine/reservation", action)
            .json(&json!({ "query": query, "reason": reason }))
            .about(Subject::Server);
        let answer = self.pipeline.create(&request, || {
            let own = Assignees::<ReadWrite>::new(self.pipeline).own(machine.id)?;
            Ok(own.map(|_| machine.clone()))
        });
        match answer {
            Err(error) if error.is_not_found() => Ok(None),
            answer => answer.map(Some),
        }
    }
}
