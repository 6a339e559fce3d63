//! Images and preseeds: both belong to a user and may be public.

use serde_json::{Value, json};

use crate::call::Call;
use crate::database::{Database, Row, Table, User};
use crate::lab_state::LabState;
use crate::reply::{HandlerResult, Reply};
use crate::routes::{Args, id};

pub(crate) trait Owned: Row + 'static {
    /// What the server calls it in errors.
    const NAME: &'static str;

    fn table(db: &Database) -> &Table<Self>;
    fn show(&self, db: &Database) -> Value;
    fn owner(&self) -> Option<i64>;
    fn public(&self) -> bool;

    fn visible_to(&self, user: &User) -> bool {
        self.public() || self.changeable_by(user)
    }

    fn changeable_by(&self, user: &User) -> bool {
        user.admin || self.owner() == Some(user.id)
    }

    /// Whether a list contains it: the user's own, with `show_all` also public ones, and all for administrators.
    fn listed_for(&self, user: &User, show_all: bool) -> bool {
        self.owner() == Some(user.id) || show_all && self.visible_to(user)
    }
}

pub(crate) fn list<T: Owned>(
    lab: &mut LabState,
    user: &User,
    call: &Call,
    _: &Args<'_>,
) -> HandlerResult {
    let shown: Vec<_> = T::table(&lab.db)
        .iter()
        .filter(|row| row.listed_for(user, call.show_all()))
        .map(|row| row.show(&lab.db))
        .collect();
    Ok(Reply::json(200, &json!(shown)))
}

pub(crate) fn get<T: Owned>(
    lab: &mut LabState,
    user: &User,
    _: &Call,
    args: &Args<'_>,
) -> HandlerResult {
    let row = find_if(lab, args, |row: &T| row.visible_to(user))?;
    Ok(Reply::json(200, &row.show(&lab.db)))
}

/// Finds the row that a path names, if the user may change it.
pub(crate) fn find_changeable<T: Owned>(
    lab: &LabState,
    user: &User,
    args: &Args<'_>,
) -> Result<T, Reply> {
    find_if(lab, args, |row: &T| row.changeable_by(user))
}

fn find_if<T: Owned>(
    lab: &LabState,
    args: &Args<'_>,
    is_allowed: impl Fn(&T) -> bool,
) -> Result<T, Reply> {
    match T::table(&lab.db).get(id(args, 0)) {
        None => Err(Reply::invalid(404, &format!("{} not found", T::NAME))),
        Some(row) if is_allowed(row) => Ok(row.clone()),
        Some(_) => Err(Reply::forbidden()),
    }
}
