//! The administration interface, as far as the recordings of the token API need it: login, creation of machines, events,
//! discovered MAC addresses, and the WebSocket helper. The rest of GraphQL answers that it is not implemented.

use serde_json::{Map, Value, json};

use crate::bmc::Chassis;
use crate::call::Call;
use crate::database::{Machine, User};
use crate::date;
use crate::lab_state::LabState;
use crate::python::PyValue;
use crate::random;
use crate::reply::{HandlerResult, Reply};
use crate::routes::Args;

const NOT_BUILT: u16 = 501;
const CONSOLE_EVENT: i64 = 1;

pub(crate) fn page(_: &mut LabState, _: &Call, _: &Args<'_>) -> HandlerResult {
    Err(Reply::text(NOT_BUILT, "The lab has no user interface.\n"))
}

pub(crate) fn login(lab: &mut LabState, call: &Call, _: &Args<'_>) -> HandlerResult {
    let PyValue::Dict(items) = call.json()? else {
        return Err(Reply::internal_error());
    };
    let text_field = |name: &str| {
        items
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    let (Some(PyValue::Str(username)), Some(PyValue::Str(password))) =
        (text_field("username"), text_field("password"))
    else {
        return Err(Reply::internal_error());
    };
    lab.db.check_session()?;
    if lab.db.passwords.get(username) != Some(password) {
        return Err(Reply::json(
            403,
            &json!({"errors": ["Invalid username or password"]}),
        ));
    }
    let session = random::hex(32);
    lab.db.sessions.insert(session.clone(), username.clone());
    Ok(Reply::text(200, "").with("Set-Cookie", format!("session={session}; HttpOnly; Path=/")))
}

pub(crate) fn logout(_: &mut LabState, call: &Call, _: &Args<'_>) -> HandlerResult {
    Ok(Reply::redirect(302, "/admin/", &call.host()).with("Set-Cookie", "session=; Path=/"))
}

fn user(lab: &LabState, call: &Call) -> Result<User, Reply> {
    let cookies = call.header("cookie").unwrap_or_default();
    let session = cookies
        .split(';')
        .find_map(|cookie| cookie.trim().strip_prefix("session="));
    let name = session.and_then(|session| lab.db.sessions.get(session));
    let name = name.ok_or_else(Reply::unauthorized)?;
    lab.db.check_session()?;
    lab.db
        .find_user(name)
        .cloned()
        .ok_or_else(Reply::unauthorized)
}

pub(crate) fn graphql(lab: &mut LabState, call: &Call, _: &Args<'_>) -> HandlerResult {
    let user = user(lab, call)?;
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| Reply::bad_request())?;
    let query = body["query"].as_str().unwrap_or_default();
    let data = if query.contains("createMachine(") {
        create_machine(lab, &user, query, &body["variables"])
    } else if query.contains("machineEvents(") {
        events(lab, number(query, "id"), number(query, "limit"))
    } else if query.contains("discoveredMacs") {
        discovered(lab, &user)
    } else {
        return Err(Reply::text(
            NOT_BUILT,
            "The lab's GraphQL knows createMachine, machineEvents and discoveredMacs.\n",
        ));
    };
    Ok(Reply::json(200, &json!({"data": data})))
}

/// The number that an argument has in a GraphQL query.
fn number(query: &str, argument: &str) -> i64 {
    let value = query
        .split_once(&format!("{argument}:"))
        .map_or("", |(_, rest)| rest.trim_start());
    value
        .chars()
        .take_while(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .unwrap_or(0)
}

fn create_machine(lab: &mut LabState, user: &User, query: &str, variables: &Value) -> Value {
    let refused =
        |text: &str| json!({"createMachine": {"ok": false, "errors": [text], "machine": null}});
    let name = variables["n"]
        .as_str()
        .or(variables["name"].as_str())
        .unwrap_or_default();
    if !user.admin {
        return refused("Permission denied");
    }
    if !(2..=256).contains(&name.chars().count()) {
        return refused("name must be between 2 and 256 characters long");
    }
    if lab.db.machines.iter().any(|machine| machine.name == name) {
        lab.db.rollback();
        return refused("duplicate key value violates unique constraint \"machine_name_key\"");
    }
    let machine = lab
        .db
        .machines
        .insert(Machine::fresh(name, number(query, "archId")));
    lab.db.commit();
    let shown = json!({"id": machine.id.to_string(), "name": machine.name});
    json!({"createMachine": {"ok": true, "errors": [], "machine": shown}})
}

/// The newest events first. A limit of 0 means no limit.
fn events(lab: &LabState, machine_id: i64, limit: i64) -> Value {
    let limit = usize::try_from(limit)
        .ok()
        .filter(|limit| *limit > 0)
        .unwrap_or(usize::MAX);
    let events = lab
        .db
        .events
        .iter()
        .rev()
        .filter(|event| event.machine_id == machine_id)
        .take(limit);
    let shown: Vec<_> = events
        .map(|event| {
            json!({
                "username": event.username,
                "eventType": event.kind,
                "info": jsonb(&event.info),
                "date": date::iso(event.date),
            })
        })
        .collect();
    json!({"machineEvents": shown})
}

fn discovered(lab: &LabState, user: &User) -> Value {
    let macs = lab.db.discovered.iter().filter(|_| user.admin);
    let shown: Vec<_> =
        macs.map(|found| json!({"mac": found.mac, "info": jsonb(&found.info), "lastSeen": date::iso(found.last_seen)})).collect();
    json!({"discoveredMacs": shown})
}

/// Orders a JSON object like the database: shorter keys first.
fn jsonb(value: &Value) -> String {
    let mut items: Vec<_> = value
        .as_object()
        .unwrap_or(&Map::new())
        .clone()
        .into_iter()
        .collect();
    items.sort_by_key(|(key, _)| (key.len(), key.clone()));
    let items: Vec<_> = items
        .iter()
        .map(|(key, value)| format!("\"{key}\": {value}"))
        .collect();
    format!("{{{}}}", items.join(", "))
}

/// The machine whose console a token opens. That it was opened is an event.
pub(crate) fn take_console_token(lab: &mut LabState, token: &str) -> Result<i64, Reply> {
    lab.db.check_session()?;
    // It removes old console tokens.
    lab.db.commit();
    let none = || Reply::text(404, "");
    let (machine_id, username) = lab.db.consoles.get(token).cloned().ok_or_else(none)?;
    lab.db.machines.get(machine_id).ok_or_else(none)?;
    lab.db
        .add_event(machine_id, Some(&username), CONSOLE_EVENT, json!({}));
    Ok(machine_id)
}

/// Answers the console's WebSocket helper with the command to run. It contains the BMC's password and needs only a console token.
pub(crate) fn ws_subprocess(lab: &mut LabState, call: &Call, _: &Args<'_>) -> HandlerResult {
    let token = call
        .parameter("token")
        .ok_or_else(|| Reply::text(400, ""))?;
    let machine = take_console_token(lab, token)?;
    let machine = lab.db.machines.get(machine).cloned();
    let machine = machine.ok_or_else(|| Reply::text(404, ""))?;
    let chassis = Chassis::for_machine(lab, &machine)?.ok_or_else(|| Reply::text(404, ""))?;
    Ok(Reply::json(
        200,
        &json!({"command": "/usr/bin/ipmitool", "args": chassis.command(&["sol", "activate"])}),
    ))
}
