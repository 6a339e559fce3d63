//! Routing: the handler of each path and method, and the answers for unknown ones.
//!
//! A method that a path does not have gets 405 before the token is checked. Unknown paths below `/api/v1` belong to a
//! catch-all route for GET, so they need a token, and other methods get 405.

use crate::api::{
    assignee, console, image, interface, machine, owned, power, preseed, reservation, state,
};
use crate::auth;
use crate::boot::{dhcp, preseed as rendered, tftp};
use crate::call::Call;
use crate::database::{Image, Preseed, User};
use crate::lab_state::LabState;
use crate::reply::{HandlerResult, Reply};
use crate::session::Sessions;
use crate::{admin, cors, open_pages};

/// The method and the pattern of every route that needs a token.
#[must_use]
pub fn token_routes() -> Vec<(&'static str, &'static str)> {
    let routes = RULES
        .iter()
        .filter(|rule| matches!(rule.handler, Handler::Api(_)));
    routes.map(|rule| (rule.method, rule.pattern)).collect()
}

/// The variable parts of a path.
pub(crate) type Args<'a> = [&'a str];

enum Handler {
    /// Needs a token.
    Api(fn(&mut LabState, &User, &Call, &Args<'_>) -> HandlerResult),
    Open(fn(&mut LabState, &Call, &Args<'_>) -> HandlerResult),
}

struct Rule {
    method: &'static str,
    /// `<int>`: digits; `<text>`: anything without a slash; `<rest>`: anything that does not begin with a slash.
    pattern: &'static str,
    handler: Handler,
}

const fn api(
    method: &'static str,
    pattern: &'static str,
    handler: fn(&mut LabState, &User, &Call, &Args<'_>) -> HandlerResult,
) -> Rule {
    Rule {
        method,
        pattern,
        handler: Handler::Api(handler),
    }
}

const fn open(
    method: &'static str,
    pattern: &'static str,
    handler: fn(&mut LabState, &Call, &Args<'_>) -> HandlerResult,
) -> Rule {
    Rule {
        method,
        pattern,
        handler: Handler::Open(handler),
    }
}

static RULES: &[Rule] = &[
    api("GET", "/api/v1/machine", machine::list),
    api("GET", "/api/v1/machine/<int>", machine::get),
    api("PUT", "/api/v1/machine/<int>", machine::put),
    api("POST", "/api/v1/machine/reservation", reservation::post),
    api("GET", "/api/v1/machine/<int>/interface", interface::list),
    api(
        "GET",
        "/api/v1/machine/<int>/interface/<int>",
        interface::get,
    ),
    api(
        "PUT",
        "/api/v1/machine/<int>/interface/<int>",
        interface::put,
    ),
    api("GET", "/api/v1/machine/<int>/assignee", assignee::list),
    api("POST", "/api/v1/machine/<int>/assignee", assignee::post),
    api(
        "GET",
        "/api/v1/machine/<int>/assignee/<text>",
        assignee::get,
    ),
    api(
        "PUT",
        "/api/v1/machine/<int>/assignee/<text>",
        assignee::put,
    ),
    api(
        "DELETE",
        "/api/v1/machine/<int>/assignee/<text>",
        assignee::delete,
    ),
    api("GET", "/api/v1/machine/<int>/power", power::get),
    api("POST", "/api/v1/machine/<int>/power", power::post),
    api("GET", "/api/v1/machine/<int>/state", state::get),
    api("POST", "/api/v1/machine/<int>/state", state::post),
    api("PUT", "/api/v1/machine/<int>/state", state::put),
    api("POST", "/api/v1/machine/<int>/console", console::post),
    api("GET", "/api/v1/image", owned::list::<Image>),
    api("POST", "/api/v1/image", image::post),
    api("GET", "/api/v1/image/<int>", owned::get::<Image>),
    api("PUT", "/api/v1/image/<int>", image::put),
    api("DELETE", "/api/v1/image/<int>", image::delete),
    api("GET", "/api/v1/preseed", owned::list::<Preseed>),
    api("POST", "/api/v1/preseed", preseed::post),
    api("GET", "/api/v1/preseed/<int>", owned::get::<Preseed>),
    api("PUT", "/api/v1/preseed/<int>", preseed::put),
    api("DELETE", "/api/v1/preseed/<int>", preseed::delete),
    open("GET", "/api/v1/", open_pages::index),
    open("GET", "/api/v1/docs", open_pages::page),
    open("GET", "/api/v1/swagger.yaml", open_pages::swagger),
    open("GET", "/api/v1/static/<rest>", open_pages::file),
    open("GET", "/static/<rest>", open_pages::file),
    api("GET", "/api/v1/<rest>", unknown),
    open("GET", "/", open_pages::root),
    open("GET", "/tftp/", tftp::get),
    open("GET", "/dhcp/ipv4", dhcp::get),
    open("POST", "/dhcp/ipv4/lease", dhcp::lease),
    open("POST", "/dhcp/ipv4/seen", dhcp::seen),
    open("POST", "/dhcp/ipv4/subnet", dhcp::subnet),
    open("GET", "/preseed/<text>", rendered::get),
    open("POST", "/admin/login", admin::login),
    open("GET", "/admin/logout", admin::logout),
    open("POST", "/admin/graphql", admin::graphql),
    open("GET", "/admin/ws-subprocess", admin::ws_subprocess),
    open("GET", "/admin/", admin::page),
];

/// Answers a request.
pub(crate) fn answer(lab: &mut LabState, call: &Call) -> Reply {
    let reply = dispatch(lab, call);
    if let Some(failure) = reply.session {
        lab.db.apply_failure(failure);
    }
    if lab.settings.kind.sessions == Sessions::Request {
        lab.db.close_session();
    }
    let script = call
        .header("x-requested-with")
        .is_some_and(|by| by.eq_ignore_ascii_case("XMLHttpRequest"));
    cors::add_headers(call, if script { reply.compact() } else { reply })
}

fn dispatch(lab: &mut LabState, call: &Call) -> Reply {
    let found: Vec<(&Rule, Vec<&str>)> = RULES
        .iter()
        .filter_map(|rule| Some((rule, matches(rule.pattern, &call.path)?)))
        .collect();
    if found.is_empty() {
        return answer_unknown_path(call);
    }
    if call.method == "OPTIONS" {
        return Reply::text(200, "").with("Allow", allowed(&found));
    }
    let method = if call.method == "HEAD" {
        "GET"
    } else {
        &call.method
    };
    let Some((rule, args)) = found.iter().find(|(rule, _)| rule.method == method) else {
        return Reply::method_not_allowed(&allowed(&found));
    };
    let outcome = match rule.handler {
        Handler::Open(handler) => handler(lab, call, args),
        Handler::Api(handler) => {
            auth::user(lab, call).and_then(|user| handler(lab, &user, call, args))
        }
    };
    outcome.unwrap_or_else(|refusal| refusal)
}

/// Answers an unknown path: a redirect if only the final slash is missing, else 404.
fn answer_unknown_path(call: &Call) -> Reply {
    let with_slash = format!("{}/", call.path);
    match RULES.iter().any(|rule| rule.pattern == with_slash) {
        true => Reply::redirect(301, &call.with_query(&with_slash), &call.host()),
        false => Reply::not_found(),
    }
}

fn allowed(found: &[(&Rule, Vec<&str>)]) -> String {
    let mut methods: Vec<&str> = found.iter().map(|(rule, _)| rule.method).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.sort_unstable();
    methods.dedup();
    methods.join(", ")
}

/// Returns the variable parts of a path that matches a pattern.
fn matches<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut args = Vec::new();
    let mut wanted = pattern.split('/').skip(1);
    let mut given = path.trim_start_matches('/').split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(args),
            (Some("<rest>"), Some(part)) if !part.is_empty() => return Some(args),
            (Some("<int>"), Some(part))
                if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                args.push(part)
            }
            (Some("<text>"), Some(part)) if !part.is_empty() => args.push(part),
            (Some(want), Some(part)) if want == part => {}
            _ => return None,
        }
    }
}

/// Parses an id in a path. A number that is too large becomes one that no row has.
pub(crate) fn id(args: &Args<'_>, index: usize) -> i64 {
    args.get(index)
        .and_then(|text| text.parse().ok())
        .unwrap_or(i64::MAX)
}

fn unknown(_: &mut LabState, _: &User, _: &Call, _: &Args<'_>) -> HandlerResult {
    Err(Reply::error(
        404,
        "NotFound",
        serde_json::json!(["404: Not Found"]),
    ))
}
