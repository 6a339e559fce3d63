//! `/machine/ID/assignee`: the users of a machine. Only administrators can change them.

use serde_json::{Value, json};

use super::{at_most, machine_with, sendable, storable};
use crate::call::Call;
use crate::database::{Assignment, Database, User};
use crate::lab_state::LabState;
use crate::python::{parse_int, repr};
use crate::reply::{HandlerResult, Reply};
use crate::routes::{Args, id};
use crate::schema::{FieldType, Schema, optional, required};

static NEW: Schema = Schema {
    fields: &[
        required("user", FieldType::Str),
        optional("reason", FieldType::TextOrNull(|text| at_most(text, 140))),
    ],
    ignore_unknown: true,
};

static CHANGES: Schema = Schema {
    fields: &[required(
        "reason",
        FieldType::TextOrNull(|text| at_most(text, 140)),
    )],
    ignore_unknown: true,
};

pub(crate) fn show(db: &Database, assignment: &Assignment) -> Value {
    let user = db.users.get(assignment.user_id).map(|user| &user.username);
    json!({"id": assignment.id, "user": user, "reason": assignment.reason})
}

pub(crate) fn list(lab: &mut LabState, _: &User, _: &Call, args: &Args<'_>) -> HandlerResult {
    let machine = machine_with(lab, id(args, 0))?;
    let shown: Vec<_> = lab
        .db
        .assignments_of(machine.id)
        .map(|assignment| show(&lab.db, assignment))
        .collect();
    Ok(Reply::json(200, &json!(shown)))
}

/// Finds an assignment by its id or as `self`. Anything else is a 500.
fn find(lab: &LabState, user: &User, args: &Args<'_>) -> Result<Assignment, Reply> {
    let machine = machine_with(lab, id(args, 0))?;
    let key = args.get(1).copied().unwrap_or_default();
    let found = match (key, parse_int(key)) {
        ("self", _) => lab
            .db
            .assignments_of(machine.id)
            .find(|assignment| assignment.user_id == user.id),
        (_, Some(number)) => lab
            .db
            .assignments_of(machine.id)
            .find(|assignment| i128::from(assignment.id) == number),
        (_, None) => return Err(Reply::internal_error()),
    };
    found
        .cloned()
        .ok_or_else(|| Reply::invalid(404, "assignee not found"))
}

fn own(user: &User, assignment: &Assignment) -> Result<(), Reply> {
    match user.admin || assignment.user_id == user.id {
        true => Ok(()),
        false => Err(Reply::forbidden()),
    }
}

pub(crate) fn get(lab: &mut LabState, user: &User, _: &Call, args: &Args<'_>) -> HandlerResult {
    let assignment = find(lab, user, args)?;
    Ok(Reply::json(200, &show(&lab.db, &assignment)))
}

pub(crate) fn post(lab: &mut LabState, user: &User, call: &Call, args: &Args<'_>) -> HandlerResult {
    let fields = call.fields(&NEW)?;
    let machine = machine_with(lab, id(args, 0))?;
    if !user.admin {
        return Err(Reply::forbidden());
    }
    let name = fields.text("user").unwrap_or_default();
    sendable(name)?;
    let assignee = lab
        .db
        .find_user(name)
        .ok_or_else(|| Reply::invalid(400, "no such user"))?
        .id;
    let reason = fields.text("reason").unwrap_or_default().to_owned();
    storable(&reason)?;
    if lab
        .db
        .assignments_of(machine.id)
        .any(|assignment| assignment.user_id == assignee)
    {
        lab.db.assignments.next_id();
        return Err(duplicate(machine.id, assignee, &reason));
    }
    let assignment = lab.db.assignments.insert(Assignment {
        id: 0,
        machine_id: machine.id,
        user_id: assignee,
        reason,
    });
    lab.db.commit();
    Ok(Reply::json(201, &show(&lab.db, &assignment)))
}

fn duplicate(machine_id: i64, user_id: i64, reason: &str) -> Reply {
    Reply::integrity(
        &format!(
            "duplicate key value violates unique constraint \"machine_users_machine_id_user_id_key\"\n\
             DETAIL:  Key (machine_id, user_id)=({machine_id}, {user_id}) already exists.\n"
        ),
        "INSERT INTO machine_users (machine_id, user_id, permissions, start_date, reason) VALUES (%(machine_id)s, \
         %(user_id)s, %(permissions)s, %(start_date)s, %(reason)s) RETURNING machine_users.id",
        &format!(
            "'machine_id': {machine_id}, 'user_id': {user_id}, 'permissions': 0, 'reason': {}",
            repr(reason)
        ),
    )
}

pub(crate) fn put(lab: &mut LabState, user: &User, call: &Call, args: &Args<'_>) -> HandlerResult {
    let fields = call.fields(&CHANGES)?;
    let mut assignment = find(lab, user, args)?;
    own(user, &assignment)?;
    let reason = fields
        .text("reason")
        .ok_or_else(|| null_reason(&assignment))?;
    storable(reason)?;
    assignment.reason = reason.to_owned();
    lab.db.assignments.update(assignment.clone());
    lab.db.commit();
    Ok(Reply::json(200, &show(&lab.db, &assignment)))
}

/// The error for null, which the check accepts and the column does not.
fn null_reason(assignment: &Assignment) -> Reply {
    let Assignment {
        id,
        machine_id,
        user_id,
        ..
    } = assignment;
    Reply::integrity(
        &format!(
            "null value in column \"reason\" of relation \"machine_users\" violates not-null constraint\n\
             DETAIL:  Failing row contains ({id}, {machine_id}, {user_id}, 0, null).\n"
        ),
        "UPDATE machine_users SET reason=%(reason)s WHERE machine_users.id = %(machine_users_id)s",
        &format!("'reason': None, 'machine_users_id': {id}"),
    )
}

pub(crate) fn delete(lab: &mut LabState, user: &User, _: &Call, args: &Args<'_>) -> HandlerResult {
    let assignment = find(lab, user, args)?;
    own(user, &assignment)?;
    lab.db.assignments.remove(assignment.id);
    lab.db.commit();
    Ok(Reply::text(204, ""))
}
