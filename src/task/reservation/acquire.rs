//! Acquiring machines, now or after a wait: all that are missing, or none.

use crate::client::{self, Assignee, Client, Machine, NewAssignee};
use crate::task::machine::machine_title;
use crate::task::reservation::candidates::has_reason;
use crate::task::reservation::{
    Acquisition, HeldMachine, ReservationReport, other_user_error, reservation_title,
};
use crate::task::{Result, StepOutcome, StepResult, TaskError, lookup, verify};

/// Who holds a machine after an attempt to acquire it.
enum ClaimResult {
    /// The token's user, for this reason.
    Acquired(Assignee),
    /// Another user, or the token's user for another reason.
    HeldOtherwise,
    Unassigned,
}

impl Acquisition {
    pub(super) fn acquire_or_wait(
        &mut self,
        client: &Client,
        report: &mut ReservationReport,
    ) -> StepResult {
        let poll = match &mut self.wait {
            Some(wait) => wait.poll_client(client),
            None => client.read_only().clone(),
        };
        let free = match self.candidates.free(&poll) {
            Ok(free) => free,
            Err(error) => return self.wait_or_fail(client, Err(error)),
        };
        let Some(acquired) = self.acquire_all_or_none(client, &free)? else {
            return self.wait_or_fail(client, Ok(free.len()));
        };
        report.machines.retain(|held| held.assignment.is_some());
        report.add(acquired);
        Ok(StepOutcome::DoneWith(self.fields_after(report)))
    }

    /// The outcome when not all machines that are missing are free. None is held during the wait for the others: two
    /// clients that each hold what the other one waits for would wait for ever.
    fn wait_or_fail(&mut self, client: &Client, free: Result<usize, client::Error>) -> StepResult {
        let Some(wait) = &mut self.wait else {
            free?;
            return Err(self.not_free_error(client.read_only(), None)?);
        };
        match wait.not_reached(client, free.map(|free| format!("{free} free"))) {
            Err(TaskError::WaitTimeout { waited, .. }) => {
                // The end of the wait is reported before the requests for the error.
                self.wait = None;
                Err(self.not_free_error(client.read_only(), Some(waited))?)
            }
            outcome => outcome,
        }
    }

    /// Acquires as many of the free machines as are missing. None if there are too few, or if other users acquire them
    /// first; then those that were acquired are released again.
    fn acquire_all_or_none(
        &self,
        client: &Client,
        free: &[Machine],
    ) -> Result<Option<Vec<HeldMachine>>> {
        if free.len() < self.missing {
            return Ok(None);
        }
        let mut acquired: Vec<HeldMachine> = Vec::new();
        for machine in free {
            if acquired.len() == self.missing {
                break;
            }
            match self.claim(client, machine) {
                Ok(None) => {}
                Ok(assignment) => acquired.push(HeldMachine {
                    machine: machine.clone(),
                    assignment,
                }),
                Err(error) => {
                    // Whether this machine was acquired is not known.
                    let machines = acquired.iter().map(|held| &held.machine).chain([machine]);
                    let unreleased = self.release_all(client, machines);
                    return Err(with_unreleased(error, unreleased));
                }
            }
        }
        if acquired.len() == self.missing {
            return Ok(Some(acquired));
        }
        let unreleased = self.release_all(client, acquired.iter().map(|held| &held.machine));
        if unreleased.is_empty() {
            return Ok(None);
        }
        let not_free = self.not_free_error(client.read_only(), None);
        let error = not_free.unwrap_or_else(|error| error);
        Err(with_unreleased(error, unreleased))
    }

    /// Reserves one machine. The server's answer does not say whether the reservation was stored; the machine's assignees
    /// do.
    fn claim(&self, client: &Client, machine: &Machine) -> Result<Option<Assignee>> {
        let confirmed = client.reservations().create(machine, &self.reason)?;
        if let Some(other) = confirmed.as_ref().filter(|other| other.id != machine.id) {
            let error = TaskError::ReadBack {
                object: reservation_title(machine),
                expected: machine_title(machine),
                found: machine_title(other),
            };
            let unreleased = self.release_all(client, [other]);
            return Err(with_unreleased(error, unreleased));
        }
        match self.read_claim(client, machine)? {
            ClaimResult::Acquired(own) => Ok(Some(own)),
            ClaimResult::Unassigned if confirmed.is_some() => self.assign(client, machine),
            ClaimResult::Unassigned | ClaimResult::HeldOtherwise => Ok(None),
        }
    }

    /// Assigns a machine to the token's user, which only administrators can do: a server that confirms reservations
    /// without storing them does store assignments.
    fn assign(&self, client: &Client, machine: &Machine) -> Result<Option<Assignee>> {
        let not_stored = || TaskError::Failed {
            problem: format!(
                "the server confirmed the reservation of machine '{}' and did not store it: the machine is assigned to \
                 nobody",
                machine.name
            ),
            hint: "That is a fault of the server. With an administrator's token the machine is assigned instead (name \
                   that user with the option O(user) if they own no image, machine or preseed); otherwise have an \
                   administrator assign it.",
        };
        let user = match &self.user {
            Some(user) => user.clone(),
            None => lookup::token_user(client.read_only())?.ok_or_else(not_stored)?,
        };
        let new = NewAssignee {
            user,
            reason: Some(self.reason.clone()),
        };
        match client.assignees().create(machine.id, &new) {
            Ok(made) if client.assignees().own(machine.id)?.is_none() => {
                client.assignees().delete(machine.id, made.id)?;
                return Err(other_user_error(&new.user));
            }
            Ok(_) => {}
            Err(error) if error.is_conflict() => {}
            Err(error) if error.is_forbidden() => return Err(not_stored()),
            Err(error) => return Err(error.into()),
        }
        match self.read_claim(client, machine)? {
            ClaimResult::Acquired(own) => Ok(Some(own)),
            ClaimResult::HeldOtherwise | ClaimResult::Unassigned => Ok(None),
        }
    }

    /// Reads who holds the machine. An administrator can assign a machine that another user got at the same time. Then
    /// the earlier assignment counts, and the own one is ended.
    fn read_claim(&self, client: &Client, machine: &Machine) -> Result<ClaimResult> {
        let assignees = client.assignees();
        let title = reservation_title(machine);
        let own = verify::require_read_back(&title, assignees.own(machine.id))?;
        let all = verify::require_read_back(&title, assignees.list(machine.id))?;
        let Some(own) = own else {
            return Ok(match all.is_empty() {
                true => ClaimResult::Unassigned,
                false => ClaimResult::HeldOtherwise,
            });
        };
        if !has_reason(&own, &self.reason) {
            return Ok(ClaimResult::HeldOtherwise);
        }
        if all.iter().any(|other| other.id < own.id) {
            assignees.delete(machine.id, own.id)?;
            return Ok(ClaimResult::HeldOtherwise);
        }
        Ok(ClaimResult::Acquired(own))
    }

    /// Releases those of the machines that are held for this reason, and names those that could not be released.
    #[must_use]
    fn release_all<'a>(
        &self,
        client: &Client,
        machines: impl IntoIterator<Item = &'a Machine>,
    ) -> Vec<String> {
        let release = |machine: &Machine| match client.assignees().own(machine.id)? {
            Some(own) if has_reason(&own, &self.reason) => {
                client.assignees().delete(machine.id, own.id)
            }
            _ => Ok(()),
        };
        machines
            .into_iter()
            .filter(|machine| release(machine).is_err())
            .map(machine_title)
            .collect()
    }
}

fn with_unreleased(error: TaskError, machines: Vec<String>) -> TaskError {
    if machines.is_empty() {
        return error;
    }
    TaskError::NotGivenBack {
        source: Box::new(error),
        machines,
    }
}
