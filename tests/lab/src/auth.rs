//! Authorization. The server removes every `Bearer ` from the header and uses the rest as the token.

use crate::call::Call;
use crate::database::User;
use crate::lab_state::LabState;
use crate::reply::Reply;

/// The user of a request, or an empty 401 answer.
pub(crate) fn user(lab: &LabState, call: &Call) -> Result<User, Reply> {
    let header = call
        .header("authorization")
        .ok_or_else(Reply::unauthorized)?;
    lab.db.check_session()?;
    let text = header.replace("Bearer ", "");
    let token = lab.db.tokens.iter().find(|token| token.token == text);
    token
        .and_then(|token| lab.db.users.get(token.user_id))
        .cloned()
        .ok_or_else(Reply::unauthorized)
}
