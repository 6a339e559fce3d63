//! CORS headers as Flask-CORS adds them when every origin is allowed.

use crate::call::Call;
use crate::reply::Reply;

const METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";

/// Adds CORS headers to an answer.
pub(crate) fn add_headers(call: &Call, reply: Reply) -> Reply {
    let Some(origin) = call.header("origin") else {
        return reply.with("Access-Control-Allow-Origin", "*");
    };
    let reply = reply
        .with("Access-Control-Allow-Origin", origin)
        .with("Vary", "Origin");
    let wanted = call
        .header("access-control-request-method")
        .unwrap_or_default()
        .to_ascii_uppercase();
    let preflight = call.method == "OPTIONS" && METHODS.split(", ").any(|method| method == wanted);
    if !preflight {
        return reply;
    }
    let headers = call
        .header("access-control-request-headers")
        .unwrap_or_default();
    let mut headers: Vec<&str> = headers
        .split(',')
        .map(str::trim)
        .filter(|header| !header.is_empty())
        .collect();
    headers.sort_unstable();
    let reply = reply.with("Access-Control-Allow-Methods", METHODS);
    match headers.is_empty() {
        true => reply,
        false => reply.with("Access-Control-Allow-Headers", headers.join(", ")),
    }
}
