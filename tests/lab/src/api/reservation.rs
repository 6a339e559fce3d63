//! `/machine/reservation`: returns a free machine with 200, but commits only a savepoint, which stores nothing.

use super::{at_most, machine, storable};
use crate::call::Call;
use crate::database::{Assignment, Machine, User};
use crate::lab_state::LabState;
use crate::query;
use crate::reply::{HandlerResult, Reply};
use crate::routes::Args;
use crate::schema::{FieldType, Schema, optional, required};

static WISH: Schema = Schema {
    fields: &[
        required("query", FieldType::TextOrNull(|text| at_most(text, 300))),
        optional("reason", FieldType::TextOrNull(|text| at_most(text, 140))),
    ],
    ignore_unknown: true,
};

pub(crate) fn post(lab: &mut LabState, user: &User, call: &Call, _: &Args<'_>) -> HandlerResult {
    let fields = call.fields(&WISH)?;
    let filter = query::parse(fields.text("query").unwrap_or_default())?;
    // A corrected server opens no savepoint, so that its commit stores the reservation.
    if !lab.settings.stores_reservations {
        lab.db.begin_nested();
    }
    filter.check()?;
    let db = &lab.db;
    let is_free = |machine: &&Machine| db.assignments_of(machine.id).next().is_none();
    let found = db
        .machines
        .iter()
        .filter(is_free)
        .find(|machine| filter.accepts(db, machine))
        .ok_or_else(|| Reply::invalid(404, "no matching machine"))?;
    let reason = fields.text("reason").unwrap_or_default();
    storable(reason)?;
    let (machine_id, shown) = (found.id, machine::show(db, found));
    lab.db.assignments.insert(Assignment {
        id: 0,
        machine_id,
        user_id: user.id,
        reason: reason.to_owned(),
    });
    lab.db.commit();
    Ok(Reply::json(200, &shown))
}
