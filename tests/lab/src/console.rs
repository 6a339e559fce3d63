//! Serial consoles: what machines print there, what is typed, and the one session that a BMC has.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::bmc::Chassis;
use crate::lab_state::LabState;

// `ipmitool` writes to a pipe here, so its own lines end as on any Unix.

/// What it says when the BMC has a session already.
const BUSY: &str = "Info: SOL payload already active on another session\n";
const OPERATIONAL: &str = "[SOL Session operational.  Use ~? for help]\n";
const BROKEN: &str = "Error: Unable to establish IPMI v2 / RMCP+ session\n";

#[derive(Default)]
pub(crate) struct Consoles {
    /// The session of each chassis.
    sessions: HashMap<(String, String), Session>,
    /// After how many bytes the next session of a machine breaks.
    breaks: HashMap<i64, u64>,
    /// What was typed, by the machine's id.
    typed: HashMap<i64, Vec<u8>>,
    opened: u64,
}

struct Session {
    number: u64,
    to_reader: UnboundedSender<Bytes>,
}

/// What a new connection gets.
pub(crate) enum Opened {
    /// A text, and the end.
    Closing(&'static str),
    Session(ConsoleSession),
}

/// A session as its connection sees it.
pub(crate) struct ConsoleSession {
    pub(crate) machine: i64,
    key: (String, String),
    number: u64,
    pub(crate) printed: UnboundedReceiver<Bytes>,
    /// After how many bytes the connection breaks.
    pub(crate) breaks_after: Option<u64>,
}

/// Opens a session of a machine's console. None is refused.
pub(crate) fn open(lab: &mut LabState, machine: i64) -> Option<Opened> {
    let row = lab.db.machines.get(machine).cloned()?;
    let chassis = Chassis::for_machine(lab, &row).ok()??;
    let setting = lab.settings.console(&row.name);
    if setting == "refused" {
        return None;
    }
    if chassis.is_broken() {
        return Some(Opened::Closing(BROKEN));
    }
    let key = chassis.key();
    if setting == "busy" || lab.consoles.sessions.contains_key(&key) {
        return Some(Opened::Closing(BUSY));
    }
    let consoles = &mut lab.consoles;
    let (to_reader, printed) = unbounded_channel();
    consoles.opened += 1;
    let number = consoles.opened;
    if setting != "silent" {
        // The receiver is there.
        let _ = to_reader.send(OPERATIONAL.into());
    }
    consoles
        .sessions
        .insert(key.clone(), Session { number, to_reader });
    Some(Opened::Session(ConsoleSession {
        machine,
        key,
        number,
        printed,
        breaks_after: consoles.breaks.remove(&machine),
    }))
}

/// Ends a session, unless a reset of the lab has ended it.
pub(crate) fn close(lab: &mut LabState, session: &ConsoleSession) {
    let sessions = &mut lab.consoles.sessions;
    if sessions.get(&session.key).map(|session| session.number) == Some(session.number) {
        sessions.remove(&session.key);
    }
}

/// Prints on a machine's console. Without a session, nobody ever sees it.
pub(crate) fn print(lab: &mut LabState, machine: i64, bytes: impl Into<Bytes>) {
    let Some(row) = lab.db.machines.get(machine).cloned() else {
        return;
    };
    if lab.settings.console(&row.name) == "silent" {
        return;
    }
    if let Some(session) = session(lab, machine) {
        // Its connection may be about to end.
        let _ = session.to_reader.send(bytes.into());
    }
}

/// Types on a machine's console. Whatever runs there echoes it, and asks for the user's name after each line.
pub(crate) fn type_in(lab: &mut LabState, machine: i64, bytes: &[u8]) {
    let typed = lab.consoles.typed.entry(machine).or_default();
    typed.extend(bytes);
    let mut echo = Vec::new();
    for byte in bytes {
        match byte {
            b'\r' | b'\n' => echo.extend(login_prompt(lab, machine).as_bytes()),
            byte => echo.push(*byte),
        }
    }
    print(lab, machine, echo);
}

/// What an installed system asks.
pub(crate) fn login_prompt(lab: &LabState, machine: i64) -> String {
    let name = lab.db.machines.get(machine).map(|row| row.name.as_str());
    format!("\r\n{} login: ", name.unwrap_or_default())
}

fn session(lab: &LabState, machine: i64) -> Option<&Session> {
    let row = lab.db.machines.get(machine)?;
    let chassis = Chassis::for_machine(lab, row).ok()??;
    lab.consoles.sessions.get(&chassis.key())
}

/// An order of the control path for one machine.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsoleOrder {
    machine: String,
    /// A text, or a list of bytes.
    #[serde(default)]
    print: Value,
    #[serde(default = "once")]
    repeat: usize,
    break_after: Option<u64>,
}

fn once() -> usize {
    1
}

/// Carries out an order of the control path, and tells whether somebody reads the console and what was typed.
pub(crate) fn control(lab: &mut LabState, order: &Value) -> Result<Value, String> {
    let order: ConsoleOrder = serde_json::from_value(order.clone())
        .map_err(|error| format!("no order for a console: {error}."))?;
    let machines = &lab.db.machines;
    let machine = machines
        .iter()
        .find(|machine| machine.name == order.machine)
        .map(|machine| machine.id);
    let id = machine.ok_or_else(|| format!("there is no machine {}.", order.machine))?;
    let bytes = match &order.print {
        Value::Null => Vec::new(),
        Value::String(text) => text.clone().into_bytes(),
        list => serde_json::from_value(list.clone())
            .map_err(|_| "print must be a text or a list of bytes.".to_owned())?,
    };
    if !bytes.is_empty() {
        print(lab, id, bytes.repeat(order.repeat));
    }
    if let Some(bytes) = order.break_after {
        lab.consoles.breaks.insert(id, bytes);
    }
    let typed = lab.consoles.typed.get(&id).map(Vec::as_slice);
    Ok(json!({
        "is_read": session(lab, id).is_some(),
        "typed": String::from_utf8_lossy(typed.unwrap_or_default()),
    }))
}
