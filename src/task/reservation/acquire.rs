//! Acquiring machines, now or after a wait: all that are missing, or none.
//!
//! Runs with the same token and reason share a reservation, and several may acquire machines at the same time. So what is
//! held is counted again after machines were acquired, and the run whose assignments are the latest gives back.
//!
//! A server that keeps one database session for its whole life shows a reservation and does not store it: the next error of
//! anybody may take it back, and a restart does. So a machine counts as acquired only after a write of its own assignment,
//! which stores all that is open, and after it was read back. On a server with a session for each request, nothing of a
//! confirmed reservation is left, and there is nothing to write.

use crate::client::{self, AssigneeId, Client, ErrorCode, Machine, NewAssignee};
use crate::task::machine::machine_title;
use crate::task::reservation::candidates::has_reason;
use crate::task::reservation::{
    Acquisition, HeldMachine, ReservationReport, other_user_error, reservation_title,
};
use crate::task::{Result, StepOutcome, StepResult, TaskError, lookup, verify};

/// Who holds a machine after an attempt to acquire it.
enum ClaimResult {
    /// The token's user, for this reason.
    Acquired(AssigneeId),
    /// Another user, or the token's user for another reason.
    HeldOtherwise,
    Unassigned,
}

/// The outcome of an attempt to acquire one machine.
enum Claim {
    /// This run acquired it.
    Made,
    /// Another run of the same reservation did.
    Joined,
    NotFree,
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
        if free.len() < self.missing {
            // Another run of this reservation may have acquired since the plan was made.
            let held = match self.held(client) {
                Ok(held) => held,
                Err(error) => return self.wait_or_fail(client, Err(error)),
            };
            self.missing = self.count.saturating_sub(held.len());
            if self.missing == 0 {
                return self.keep_first(client, held, &[], report);
            }
            if free.len() < self.missing {
                return self.wait_or_fail(client, Ok(free.len()));
            }
        }
        let (made, is_complete) = self.claim_missing(client, &free)?;
        let held = self.held(client);
        match held {
            Ok(held) if held.len() >= self.count => self.keep_first(client, held, &made, report),
            Err(source) if is_complete => Err(TaskError::Unverified {
                object: format!("reservation of {}", self.candidates.title(self.count)),
                source,
            }),
            held => {
                let unreleased = self.release_all(client, made);
                if unreleased.is_empty() {
                    return self.wait_or_fail(client, held.map(|_| free.len()));
                }
                let not_free = self.not_free_error(client.read_only(), None);
                let error = not_free.unwrap_or_else(|error| error);
                Err(with_unreleased(error, unreleased))
            }
        }
    }

    /// All machines that are held for this reason now.
    fn held(&self, client: &Client) -> Result<Vec<HeldMachine>, client::Error> {
        self.candidates.held(client.read_only(), Some(&self.reason))
    }

    /// Keeps as many of the held machines as are wanted: those that were acquired first, by whichever run. What this run
    /// `made` beyond them is given back.
    fn keep_first(
        &self,
        client: &Client,
        mut held: Vec<HeldMachine>,
        made: &[&Machine],
        report: &mut ReservationReport,
    ) -> StepResult {
        // The ids of assignments only grow.
        held.sort_by_key(|held| held.assignment.as_ref().map(|own| own.id));
        let surplus = held.split_off(self.count);
        let is_made = |held: &HeldMachine| made.iter().any(|machine| machine.id == held.machine.id);
        let mut given_back = surplus.iter().filter(|held| is_made(held)).peekable();
        if given_back.peek().is_some() {
            let unreleased = self.release_all(client, given_back.map(|held| &held.machine));
            if !unreleased.is_empty() {
                let error = "another run reserved machines for the same reason first";
                return Err(with_unreleased(
                    TaskError::Refused(error.into()),
                    unreleased,
                ));
            }
            self.require_held(client, &held)?;
        }
        let has_changed = held.iter().any(is_made);
        *report = ReservationReport::default();
        report.add(held);
        Ok(match has_changed {
            true => StepOutcome::DoneWith(self.fields_after(report)),
            false => StepOutcome::Skipped(format!(
                "{} was reserved for the same reason by another run meanwhile",
                self.candidates.title(self.count)
            )),
        })
    }

    /// Fails if the other run has given back meanwhile what this run relies on.
    fn require_held(&self, client: &Client, expected: &[HeldMachine]) -> Result<()> {
        let title = format!("reservation of {}", self.candidates.title(self.count));
        let held = verify::require_read_back(&title, self.held(client))?;
        let is_held = |expected: &HeldMachine| {
            let mut held = held.iter();
            held.any(|held| held.machine.id == expected.machine.id)
        };
        if expected.iter().all(is_held) {
            return Ok(());
        }
        Err(TaskError::with_hint(
            "another run with the same reason gave machines back meanwhile, and too few are held",
            "Run the task again.",
        ))
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

    /// Acquires as many of the free machines as are missing, and returns those that this run acquired, and whether enough
    /// are held now. After an error they are released again.
    fn claim_missing<'a>(
        &mut self,
        client: &Client,
        free: &'a [Machine],
    ) -> Result<(Vec<&'a Machine>, bool)> {
        let mut made: Vec<&Machine> = Vec::new();
        let mut missing = self.missing;
        for machine in free {
            if missing == 0 {
                break;
            }
            let confirmed = match client.reservations().create(machine, &self.reason) {
                Err(error) if !error.may_have_taken_effect() => {
                    let unreleased = self.release_all(client, made);
                    return Err(with_unreleased(error.into(), unreleased));
                }
                answer => answer.map_err(TaskError::from),
            };
            let claim = confirmed.and_then(|confirmed| self.claim(client, machine, confirmed));
            match claim {
                Ok(Claim::NotFree) => continue,
                Ok(Claim::Made) => made.push(machine),
                Ok(Claim::Joined) => {}
                Err(error) => {
                    // Whether this machine was acquired is not known.
                    made.push(machine);
                    let unreleased = self.release_all(client, made);
                    return Err(with_unreleased(error, unreleased));
                }
            }
            missing -= 1;
        }
        Ok((made, missing == 0))
    }

    /// Finds out what became of a reservation. A confirmed one of which nothing is left was taken back by an error of somebody
    /// else, or the server never stores any.
    fn claim(
        &mut self,
        client: &Client,
        machine: &Machine,
        confirmed: Option<Machine>,
    ) -> Result<Claim> {
        if let Some(claim) = self.settle(client, machine, confirmed)? {
            return Ok(claim);
        }
        let again = client.reservations().create(machine, &self.reason)?;
        match self.settle(client, machine, again)? {
            Some(claim) => Ok(claim),
            None => self.assign(client, machine),
        }
    }

    /// Makes a reservation durable, if there is one; None where it was confirmed and is gone. The server's answer does not
    /// say whether it was stored; the machine's assignees do.
    fn settle(
        &mut self,
        client: &Client,
        machine: &Machine,
        confirmed: Option<Machine>,
    ) -> Result<Option<Claim>> {
        if let Some(other) = confirmed.as_ref().filter(|other| other.id != machine.id) {
            let error = TaskError::ReadBack {
                object: reservation_title(machine),
                expected: machine_title(machine),
                found: machine_title(other),
            };
            let unreleased = self.release_all(client, [other]);
            return Err(with_unreleased(error, unreleased));
        }
        let is_refused = confirmed.is_none();
        self.refused += usize::from(is_refused);
        let mut found = self.read_claim(client, machine)?;
        if let ClaimResult::Acquired(own) = found {
            self.store(client, machine, own)?;
            found = self.read_claim(client, machine)?;
        }
        Ok(match found {
            ClaimResult::Acquired(_) if is_refused => Some(Claim::Joined),
            _ if is_refused => Some(Claim::NotFree),
            ClaimResult::Acquired(_) => Some(Claim::Made),
            ClaimResult::HeldOtherwise => Some(Claim::NotFree),
            ClaimResult::Unassigned => None,
        })
    }

    /// Makes the server store a reservation, by a write of its reason that changes nothing. Each refused reservation has left
    /// a savepoint open, and a write closes only the latest one; so there is one more write than refused reservations. The
    /// savepoints of other clients cannot be seen: so a run that was refused what an equal run got closes its own, too.
    fn store(
        &mut self,
        client: &Client,
        machine: &Machine,
        own: AssigneeId,
    ) -> Result<(), client::Error> {
        for _ in 0..=self.refused {
            match client.assignees().update(machine.id, own, &self.reason) {
                // An error of somebody else has taken it back, as the read after this shows.
                Err(error) if error.code() == Some(ErrorCode::AssigneeNotFound) => return Ok(()),
                answer => answer?,
            };
        }
        self.refused = 0;
        Ok(())
    }

    /// Assigns a machine to the token's user, which only administrators can do: a server that confirms reservations
    /// without storing them does store assignments.
    fn assign(&self, client: &Client, machine: &Machine) -> Result<Claim> {
        let not_stored = || {
            TaskError::with_hint(
                format!(
                    "the server confirmed the reservation of machine '{}' and did not store it: the machine is assigned \
                     to nobody",
                    machine.name
                ),
                "That is a fault of the server. With an administrator's token the machine is assigned instead (name \
                 that user with the option O(user) if they own no image, machine or preseed); otherwise have an \
                 administrator assign it.",
            )
        };
        let user = match &self.user {
            Some(user) => user.clone(),
            None => lookup::token_user(client.read_only())?.ok_or_else(not_stored)?,
        };
        let new = NewAssignee {
            user,
            reason: Some(self.reason.clone()),
        };
        let acquired = match client.assignees().create(machine.id, &new) {
            Ok(made) if client.assignees().own(machine.id)?.is_none() => {
                client.assignees().end(machine.id, made.id)?;
                return Err(other_user_error(&new.user));
            }
            Ok(_) => Claim::Made,
            Err(error) if error.is_conflict() => Claim::Joined,
            Err(error) if error.is_forbidden() => return Err(not_stored()),
            Err(error) => return Err(error.into()),
        };
        match self.read_claim(client, machine)? {
            ClaimResult::Acquired(_) => Ok(acquired),
            ClaimResult::HeldOtherwise | ClaimResult::Unassigned => Ok(Claim::NotFree),
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
            assignees.end(machine.id, own.id)?;
            return Ok(ClaimResult::HeldOtherwise);
        }
        Ok(ClaimResult::Acquired(own.id))
    }

    /// Releases those of the machines that are held for this reason, and names those that could not be released. After an
    /// error that concerns all, no further one is tried.
    #[must_use]
    fn release_all<'a>(
        &self,
        client: &Client,
        machines: impl IntoIterator<Item = &'a Machine>,
    ) -> Vec<String> {
        let mut all_would_fail = false;
        let mut unreleased = Vec::new();
        for machine in machines {
            if !all_would_fail {
                match self.release(client, machine) {
                    Ok(()) => continue,
                    Err(error) => all_would_fail = error.concerns_all(),
                }
            }
            unreleased.push(machine_title(machine));
        }
        unreleased
    }

    fn release(&self, client: &Client, machine: &Machine) -> Result<(), client::Error> {
        match client.assignees().own(machine.id)? {
            Some(own) if has_reason(&own, &self.reason) => {
                client.assignees().end(machine.id, own.id).map(drop)
            }
            _ => Ok(()),
        }
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
