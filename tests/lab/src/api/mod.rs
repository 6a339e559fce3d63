//! The token API, one file per resource.

pub(crate) mod assignee;
pub(crate) mod console;
pub(crate) mod image;
pub(crate) mod interface;
pub(crate) mod machine;
pub(crate) mod owned;
pub(crate) mod power;
pub(crate) mod preseed;
pub(crate) mod reservation;
pub(crate) mod state;

use crate::database::Machine;
use crate::lab_state::LabState;
use crate::python::lone_surrogate;
use crate::reply::Reply;
use crate::session::SessionFailure;

pub(crate) fn machine_with(lab: &LabState, id: i64) -> Result<Machine, Reply> {
    lab.db
        .machines
        .get(id)
        .cloned()
        .ok_or_else(|| Reply::invalid(404, "machine not found"))
}

/// Checks that the database accepts a text to be stored. Otherwise the session breaks.
pub(crate) fn storable(text: &str) -> Result<(), Reply> {
    sendable(text).map_err(|refusal| refusal.failing(SessionFailure::Flush))
}

/// Checks that a text can be sent to the database, such as one to be searched for: no NUL and valid UTF-8.
pub(crate) fn sendable(text: &str) -> Result<(), Reply> {
    if let Some((at, code)) = text
        .chars()
        .enumerate()
        .find_map(|(at, c)| Some((at, lone_surrogate(c)?)))
    {
        let run = text
            .chars()
            .skip(at)
            .take_while(|c| lone_surrogate(*c).is_some())
            .count();
        let what = match run {
            1 => format!("character '\\u{code:04x}' in position {at}"),
            _ => format!("characters in position {at}-{}", at + run - 1),
        };
        let text = format!("'utf-8' codec can't encode {what}: surrogates not allowed");
        return Err(Reply::exception(400, "UnicodeEncodeError", text));
    }
    no_nul(text)
}

pub(crate) fn no_nul(text: &str) -> Result<(), Reply> {
    match text.contains('\0') {
        true => Err(Reply::exception(
            400,
            "ValueError",
            "A string literal cannot contain NUL (0x00) characters.",
        )),
        false => Ok(()),
    }
}

/// Whether a text has at most this number of characters.
pub(crate) fn at_most(text: &str, characters: usize) -> bool {
    text.len() <= characters || text.chars().count() <= characters
}
