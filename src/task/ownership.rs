//! Whose image or preseed it is: everybody changes their own, and an administrator those of others too.
//!
//! The server does not say who the token's user is. Their own objects are those that it lists without `show_all`. Only
//! administrators see private ones of other users, so one such object proves an administrator; nothing else does.

use crate::client::{Preseed, ReadOnlyClient, Scope};
use crate::task::lookup::{Images, owner_text};
use crate::task::{Result, Step, TaskError};

/// The owner of an object that somebody wants to change.
#[derive(Debug)]
pub(super) enum Ownership {
    Own,
    /// It belongs to this user, or to nobody, and the token may be able to change it all the same.
    Foreign(String),
    /// Another run has deleted it since it was listed.
    Gone,
}

impl Ownership {
    pub(super) fn foreign(user: Option<&str>) -> Ownership {
        Ownership::Foreign(owner_text(user).to_owned())
    }

    /// The step with the owner in its reason, if it changes another user's object.
    pub(super) fn explain(&self, mut step: Step) -> Step {
        if let Ownership::Foreign(owner) = self {
            step.why += &format!("; it belongs to {owner}");
        }
        step
    }
}

/// Whether the token is seen to be an administrator's.
pub(super) fn is_administrator(client: &ReadOnlyClient) -> Result<bool> {
    if Images::fetch(client)?.has_private_of_others() {
        return Ok(true);
    }
    let visible = client.preseeds().list(Scope::Visible)?;
    let own = client.preseeds().list(Scope::Own)?;
    let is_own = |preseed: &Preseed| {
        let mut own = own.iter();
        own.any(|other| other.id == preseed.id || other.user == preseed.user)
    };
    let is_private = |preseed: &Preseed| !preseed.public && !is_own(preseed);
    Ok(visible.iter().any(is_private))
}

/// The error for a change that this token cannot make, as far as can be seen: `changing it`.
pub(super) fn not_yours(object: String, user: Option<&str>, change: &str) -> TaskError {
    TaskError::Failed {
        object: Some(object),
        problem: format!(
            "belongs to {}, so {change} is not possible with this token",
            owner_text(user)
        ),
        hint: Some("Only its owner and administrators can do that."),
    }
}
