//! Which machines a reservation is about: those that are held already, those that are free, and who holds the others.

use std::time::Duration;

use crate::client::{self, Assignee, Machine, Query, ReadOnlyClient, Scope};
use crate::support::sort;
use crate::task::machine::named;
use crate::task::reservation::{Held, Selection};
use crate::task::{TaskError, lookup, parallel};

/// How many machines a message names.
const NAMED: usize = 5;

/// The machines that would do.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// The only one, if it was named.
    pub(super) machine: Option<Machine>,
    /// What selects them, whoever holds them.
    query: Query,
}

impl Wanted {
    pub(super) fn resolve(
        client: &ReadOnlyClient,
        selection: &Selection,
    ) -> Result<Wanted, TaskError> {
        Ok(match selection {
            Selection::Machine(machine) => {
                let machine = lookup::machine(client, machine)?;
                Wanted {
                    query: Query::name_is(&machine.name),
                    machine: Some(machine),
                }
            }
            Selection::Query(query) => Wanted {
                machine: None,
                query: query.clone(),
            },
        })
    }

    /// The machine, or so many of them.
    pub(super) fn title(&self, count: usize) -> String {
        match (&self.machine, count) {
            (Some(machine), _) => named(machine),
            (None, 1) => "a machine".into(),
            (None, count) => format!("{count} machines"),
        }
    }

    /// Those that the token's user holds for that reason, or for any.
    pub(super) fn held(
        &self,
        client: &ReadOnlyClient,
        reason: Option<&str>,
    ) -> Result<Vec<Held>, TaskError> {
        let own = sorted(client.machines().query(Scope::Own, &self.query)?);
        let assignments = parallel::try_map(&own, |machine| client.assignees().own(machine.id))?;
        let mut held = Vec::new();
        for (machine, assignment) in own.into_iter().zip(assignments) {
            let assignment =
                assignment.filter(|own| reason.is_none_or(|reason| is_for(own, reason)));
            if assignment.is_some() {
                held.push(Held {
                    machine,
                    assignment,
                });
            }
        }
        Ok(held)
    }

    /// Those that nobody holds.
    pub(super) fn free(&self, client: &ReadOnlyClient) -> Result<Vec<Machine>, client::Error> {
        let free = Query::and([self.query.clone(), Query::unassigned()]);
        client.machines().query(Scope::Visible, &free).map(sorted)
    }

    /// All of them, whoever holds them.
    fn all(&self, client: &ReadOnlyClient) -> Result<Vec<Machine>, client::Error> {
        client
            .machines()
            .query(Scope::Visible, &self.query)
            .map(sorted)
    }

    /// Refuses to want more machines than there are, for which no wait would help.
    pub(super) fn require_enough(
        &self,
        client: &ReadOnlyClient,
        count: usize,
    ) -> Result<(), TaskError> {
        match self.all(client)?.len() {
            0 => Err(TaskError::Refused("no machine matches the query".into())),
            all if all < count => Err(TaskError::Refused(format!(
                "only {all} of the {count} machines that are wanted match the query"
            ))),
            _ => Ok(()),
        }
    }

    /// The error that not enough of them are free, with those who hold the others. What is held for the same reason is
    /// none of them: it was counted first.
    pub(super) fn not_free(
        &self,
        client: &ReadOnlyClient,
        reason: &str,
        missing: usize,
        waited: Option<Duration>,
    ) -> Result<TaskError, TaskError> {
        let free = self.free(client)?;
        let own = self.held(client, None)?;
        let is_counted = |machine: &Machine| {
            let held = own.iter().find(|own| own.machine.id == machine.id);
            let assignment = held.and_then(|held| held.assignment.as_ref());
            assignment.is_some_and(|assignment| is_for(assignment, reason))
        };
        let mut others = self.all(client)?;
        others.retain(|machine| {
            !is_counted(machine) && free.iter().all(|free| free.id != machine.id)
        });
        let problem = match &self.machine {
            Some(_) => "the machine is not free".into(),
            None => format!("{} of {missing} needed machines free", free.len()),
        };
        let unnamed = others.len().saturating_sub(NAMED);
        others.truncate(NAMED);
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
    own: &[Held],
) -> Result<Vec<String>, TaskError> {
    let lists = parallel::try_map(machines, |machine| client.assignees().list(machine.id))?;
    let mut texts = Vec::new();
    for (machine, assignees) in machines.iter().zip(lists) {
        let by: Vec<String> = assignees.iter().map(lookup::holder).collect();
        let whose = match own.iter().any(|own| own.machine.id == machine.id) {
            true => "for another reason by this token's user, ",
            false => "by ",
        };
        texts.push(format!(
            "'{}' is held {whose}{}",
            machine.name,
            by.join(" and ")
        ));
    }
    Ok(texts)
}

/// Whether an assignment was made for that reason.
pub(super) fn is_for(assignment: &Assignee, reason: &str) -> bool {
    assignment.reason.as_deref().unwrap_or("") == reason
}

fn sorted(machines: Vec<Machine>) -> Vec<Machine> {
    sort::sorted(machines, |machine| (machine.name.clone(), 0))
}
