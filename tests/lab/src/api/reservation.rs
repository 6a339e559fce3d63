//! `/machine/reservation`: returns a free machine with 200, but stores the reservation only if the settings say so.

use super::{at_most, machine, storable};
use crate::call::Call;
use crate::query;
use crate::reply::{Outcome, Reply};
use crate::routes::Args;
use crate::schema::{Kind, Schema, optional, required};
use crate::state::{Assignment, User};
use crate::world::World;

static WISH: Schema = Schema {
    fields: &[
        required("query", Kind::TextOrNull(|text| at_most(text, 300))),
        optional("reason", Kind::TextOrNull(|text| at_most(text, 140))),
    ],
    ignore_unknown: true,
};

pub(crate) fn post(world: &mut World, user: &User, call: &Call, _: &Args<'_>) -> Outcome {
    let fields = call.fields(&WISH)?;
    let db = &world.db;
    let filter = query::parse(fields.text("query").unwrap_or_default())?;
    let mut free = db
        .machines
        .iter()
        .filter(|machine| db.assignments_of(machine.id).next().is_none());
    let found = free
        .find(|machine| filter.accepts(db, machine))
        .ok_or_else(|| Reply::invalid(404, "no matching machine"))?;
    let reason = fields.text("reason").unwrap_or_default();
    // The real server rolls the insert back at the end of the request. Its errors and its key remain.
    storable(reason)?;
    let (machine_id, shown) = (found.id, machine::show(db, found));
    if world.settings.stores_reservations {
        world.db.assignments.insert(Assignment {
            id: 0,
            machine_id,
            user_id: user.id,
            reason: reason.to_owned(),
        });
    } else {
        world.db.assignments.next_id();
    }
    Ok(Reply::json(200, &shown))
}
