//! Reserving free machines, which every user may.
//!
//! The server as it is answers with a machine and does not store the reservation: the next one who asks is given the same
//! machine. So an answer is no reservation. Only the machine's assignees show whether there is one.

use serde::Serialize;

use crate::client::client::ReadWrite;
use crate::client::http::request::Request;
use crate::client::resources::handle::handle;
use crate::client::{ApiError, Assignees, Machine, Query, Result};

/// The longest query that the server takes, in characters.
const LONGEST: usize = 300;

#[derive(Serialize)]
struct Wish<'a> {
    query: String,
    reason: &'a str,
}

handle! {
    /// The reservations of a server's machines.
    Reservations
}

impl Reservations<'_, ReadWrite> {
    /// Asks for a machine, and returns the one that the server names; `None` when it is not free. The reason has at most
    /// 140 characters. Look at the machine's assignees whether it was stored.
    ///
    /// When the answer is lost, one's own assignment is looked for before another attempt.
    pub fn create(&self, machine: &Machine, reason: &str) -> Result<Option<Machine>> {
        let action = format!("reserving machine {}", machine.id);
        let query = Query::and([Query::name_is(&machine.name), Query::unassigned()]).to_string();
        if query.chars().count() > LONGEST {
            let reason = "its name does not fit into the 300 characters that a query may have";
            return Err(ApiError::InvalidValue { action, reason });
        }
        let request = Request::post(&["machine", "reservation"], action, &Wish { query, reason });
        let answer = self.pipeline.create(
            || self.pipeline.json_once(&request),
            || {
                let own = Assignees::<ReadWrite>::new(self.pipeline).own(machine.id)?;
                Ok(own.map(|_| machine.clone()))
            },
            std::convert::identity,
        );
        match answer {
            Err(ApiError::NotFound(_)) => Ok(None),
            answer => answer.map(Some),
        }
    }
}
