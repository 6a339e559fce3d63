//! Authorization. The server removes every `Bearer ` from the header and uses the rest as the token.

use crate::call::Call;
use crate::reply::Reply;
use crate::state::User;
use crate::world::World;

/// The user of a request, or an empty 401 answer.
pub(crate) fn user(world: &World, call: &Call) -> Result<User, Reply> {
    let header = call.header("authorization").unwrap_or_default();
    let text = header.replace("Bearer ", "");
    let token = world.db.tokens.iter().find(|token| token.token == text);
    token
        .and_then(|token| world.db.users.get(token.user_id))
        .cloned()
        .ok_or_else(Reply::unauthorized)
}
