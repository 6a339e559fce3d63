//! Taking machines: all that are missing, or none.

use crate::client::{Assignee, Client, Machine, NewAssignee};
use crate::task::machine::named;
use crate::task::reservation::candidates::is_for;
use crate::task::reservation::{Held, Hold, plan};
use crate::task::{TaskError, lookup, verify};

/// Whose a machine is after one tried to take it.
enum Standing {
    /// One's own, for this reason.
    Ours(Assignee),
    /// Somebody's who was quicker, or one's own for another reason.
    Theirs,
    /// Nobody's.
    Nobodys,
}

/// Takes as many of the free machines as are missing; None when others were quicker. What was taken is then given back.
pub(super) fn all_or_none(
    client: &Client,
    hold: &Hold,
    free: &[Machine],
) -> Result<Option<Vec<Held>>, TaskError> {
    let mut taken: Vec<Held> = Vec::new();
    for machine in free {
        if taken.len() == hold.missing {
            break;
        }
        match claim(client, hold, machine) {
            Ok(None) => {}
            Ok(assignment) => taken.push(Held {
                machine: machine.clone(),
                assignment,
            }),
            Err(error) => {
                // How far it came with this one is open.
                let machines = taken.iter().map(|held| &held.machine).chain([machine]);
                return Err(given_back(client, hold, machines, error));
            }
        }
    }
    if taken.len() == hold.missing {
        return Ok(Some(taken));
    }
    match give_back(client, hold, taken.iter().map(|held| &held.machine)) {
        left if left.is_empty() => Ok(None),
        left => {
            let not_free =
                hold.wanted
                    .not_free(client.read_only(), &hold.reason, hold.missing, None);
            Err(not_given_back(not_free.unwrap_or_else(|error| error), left))
        }
    }
}

/// Takes one machine. The server's answer does not say whether it was stored, so the machine's assignees have to.
fn claim(client: &Client, hold: &Hold, machine: &Machine) -> Result<Option<Assignee>, TaskError> {
    let given = client.reservations().create(machine, &hold.reason)?;
    if let Some(other) = given.as_ref().filter(|given| given.id != machine.id) {
        let error = TaskError::ReadBack {
            object: title(machine),
            expected: named(machine),
            found: named(other),
        };
        return Err(given_back(client, hold, [other], error));
    }
    match standing(client, hold, machine)? {
        Standing::Ours(own) => Ok(Some(own)),
        Standing::Nobodys if given.is_some() => assign(client, hold, machine),
        Standing::Nobodys | Standing::Theirs => Ok(None),
    }
}

/// What an administrator can do where the server does not store reservations.
fn assign(client: &Client, hold: &Hold, machine: &Machine) -> Result<Option<Assignee>, TaskError> {
    let not_stored = || TaskError::NotStored {
        machine: machine.name.clone(),
    };
    let user = match &hold.user {
        Some(user) => user.clone(),
        None => lookup::own_name(client.read_only())?.ok_or_else(not_stored)?,
    };
    let new = NewAssignee {
        user,
        reason: Some(hold.reason.clone()),
    };
    match client.assignees().create(machine.id, &new) {
        Ok(made) if client.assignees().own(machine.id)?.is_none() => {
            client.assignees().delete(machine.id, made.id)?;
            return Err(plan::not_this_user(&new.user));
        }
        Ok(_) => {}
        Err(error) if error.is_conflict() => {}
        Err(error) if error.is_forbidden() => return Err(not_stored()),
        Err(error) => return Err(error.into()),
    }
    match standing(client, hold, machine)? {
        Standing::Ours(own) => Ok(Some(own)),
        Standing::Theirs | Standing::Nobodys => Ok(None),
    }
}

/// Looks whose the machine is. An administrator can assign a machine that somebody else just got: then the earlier
/// assignment holds, and one's own is given back.
fn standing(client: &Client, hold: &Hold, machine: &Machine) -> Result<Standing, TaskError> {
    let assignees = client.assignees();
    let own = verify::looked_at(&title(machine), assignees.own(machine.id))?;
    let all = verify::looked_at(&title(machine), assignees.list(machine.id))?;
    let Some(own) = own else {
        return Ok(match all.is_empty() {
            true => Standing::Nobodys,
            false => Standing::Theirs,
        });
    };
    if !is_for(&own, &hold.reason) {
        return Ok(Standing::Theirs);
    }
    if all.iter().any(|other| other.id < own.id) {
        assignees.delete(machine.id, own.id)?;
        return Ok(Standing::Theirs);
    }
    Ok(Standing::Ours(own))
}

/// The error after which all is given back that is held for this reason; it tells what could not be.
fn given_back<'a>(
    client: &Client,
    hold: &Hold,
    machines: impl IntoIterator<Item = &'a Machine>,
    error: TaskError,
) -> TaskError {
    match give_back(client, hold, machines) {
        left if left.is_empty() => error,
        left => not_given_back(error, left),
    }
}

fn not_given_back(error: TaskError, machines: Vec<String>) -> TaskError {
    TaskError::NotGivenBack {
        source: Box::new(error),
        machines,
    }
}

/// Gives back what is held for this reason; names what could not be.
#[must_use]
fn give_back<'a>(
    client: &Client,
    hold: &Hold,
    machines: impl IntoIterator<Item = &'a Machine>,
) -> Vec<String> {
    let release = |machine: &Machine| match client.assignees().own(machine.id)? {
        Some(own) if is_for(&own, &hold.reason) => client.assignees().delete(machine.id, own.id),
        _ => Ok(()),
    };
    machines
        .into_iter()
        .filter(|machine| release(machine).is_err())
        .map(named)
        .collect()
}

fn title(machine: &Machine) -> String {
    format!("reservation of {}", named(machine))
}
