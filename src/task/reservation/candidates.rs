//! The machines that a reservation can take: those that are held already, those that are free, and who holds the others.

use std::time::Duration;

use crate::client::{self, Assignee, Machine, Query, ReadOnlyClient, Scope};
use crate::task::machine::machine_title;
use crate::task::reservation::{Acquisition, HeldMachine, ReservationSelection};
use crate::task::{Result, TaskError, lookup, parallel};

/// The most machines that a message names.
const MAX_NAMED: usize = 5;

/// The machines that the selection allows.
#[derive(Debug)]
pub(super) struct Candidates {
    /// The only one, if a machine was named.
    pub(super) machine: Option<Machine>,
    /// Selects them, whoever holds them.
    query: Query,
}

impl Candidates {
    pub(super) fn resolve(
        client: &ReadOnlyClient,
        selection: &ReservationSelection,
    ) -> Result<Candidates> {
        let machine = match selection {
            ReservationSelection::Machine(machine) => lookup::find_machine(client, machine)?,
            ReservationSelection::Query(query) => {
                return Ok(Candidates {
                    machine: None,
                    query: query.clone(),
                });
            }
        };
        Ok(Candidates {
            query: Query::name_is(&machine.name),
            machine: Some(machine),
        })
    }

    /// The machine, or the number of machines.
    pub(super) fn title(&self, count: usize) -> String {
        match (&self.machine, count) {
            (Some(machine), _) => machine_title(machine),
            (None, 1) => "a machine".into(),
            (None, count) => format!("{count} machines"),
        }
    }

    /// The machines that the token's user holds for this reason, or for any reason if it is `None`.
    pub(super) fn held(
        &self,
        client: &ReadOnlyClient,
        reason: Option<&str>,
    ) -> Result<Vec<HeldMachine>, client::Error> {
        let own = client.machines().query(Scope::Own, &self.query)?;
        let own = lookup::sorted_by_name(own);
        let assignments = parallel::try_map(&own, |machine| client.assignees().own(machine.id))?;
        let is_for_reason = |own: &Assignee| reason.is_none_or(|reason| has_reason(own, reason));
        Ok(own
            .into_iter()
            .zip(assignments)
            .filter(|(_, assignment)| assignment.as_ref().is_some_and(is_for_reason))
            .map(|(machine, assignment)| HeldMachine {
                machine,
                assignment,
            })
            .collect())
    }

    pub(super) fn free(&self, client: &ReadOnlyClient) -> Result<Vec<Machine>, client::Error> {
        let free = Query::and([self.query.clone(), Query::unassigned()]);
        let free = client.machines().query(Scope::Visible, &free)?;
        Ok(lookup::sorted_by_name(free))
    }

    fn all(&self, client: &ReadOnlyClient) -> Result<Vec<Machine>, client::Error> {
        let all = client.machines().query(Scope::Visible, &self.query)?;
        Ok(lookup::sorted_by_name(all))
    }

    /// Refuses a count of more machines than there are, for which no wait helps.
    pub(super) fn require_enough(&self, client: &ReadOnlyClient, count: usize) -> Result<()> {
        match self.all(client)?.len() {
            0 => Err(TaskError::Refused("no machine matches the query".into())),
            all if all < count => Err(TaskError::Refused(format!(
                "only {all} of the {count} machines that are wanted match the query"
            ))),
            _ => Ok(()),
        }
    }
}

impl Acquisition {
    /// The error that not enough machines are free, with those who hold the others. Machines that are held for the same
    /// reason are not missing, so the error does not name them.
    pub(super) fn not_free_error(
        &self,
        client: &ReadOnlyClient,
        waited: Option<Duration>,
    ) -> Result<TaskError> {
        let free = self.candidates.free(client)?;
        let own = self.candidates.held(client, None)?;
        let mut others = self.candidates.all(client)?;
        others.retain(|machine| {
            let held = own.iter().find(|own| own.machine.id == machine.id);
            let assignment = held.and_then(|held| held.assignment.as_ref());
            let has_same_reason = assignment.is_some_and(|own| has_reason(own, &self.reason));
            !has_same_reason && free.iter().all(|free| free.id != machine.id)
        });
        let problem = match &self.candidates.machine {
            Some(_) => "the machine is not free".into(),
            None => format!("{} of {} needed machines free", free.len(), self.missing),
        };
        let unnamed = others.len().saturating_sub(MAX_NAMED);
        others.truncate(MAX_NAMED);
        let mut holders = holders(client, &others, &own)?;
        if unnamed > 0 {
            holders.push(format!("and {unnamed} more are held"));
        }
        Ok(TaskError::NotFree {
            problem,
            waited,
            holders,
        })
    }
}

/// Who holds each of these: `'qdc01' is held by alice (ci)`.
fn holders(
    client: &ReadOnlyClient,
    machines: &[Machine],
    own: &[HeldMachine],
) -> Result<Vec<String>> {
    let lists = parallel::try_map(machines, |machine| client.assignees().list(machine.id))?;
    let text = |(machine, assignees): (&Machine, Vec<Assignee>)| {
        let users: Vec<String> = assignees.iter().map(lookup::holder_text).collect();
        let users = users.join(" and ");
        let name = &machine.name;
        match own.iter().any(|own| own.machine.id == machine.id) {
            true => format!("'{name}' is held for another reason by this token's user, {users}"),
            false => format!("'{name}' is held by {users}"),
        }
    };
    Ok(machines.iter().zip(lists).map(text).collect())
}

/// Whether an assignment was made for this reason.
pub(super) fn has_reason(assignment: &Assignee, reason: &str) -> bool {
    assignment.reason.as_deref().unwrap_or("") == reason
}
