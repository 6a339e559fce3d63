//! The faults: what can happen to a request and its answer between the program and the server.

use serde_json::{Map, Value};

use crate::http::Message;
use crate::secrets;

/// What happens to one request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Nobody listens.
    Refused,
    /// The connection is reset when the request has arrived; the server does not get it.
    ResetBefore,
    /// The server gets half of the request.
    ResetInRequest,
    /// The request takes effect, and half of its answer arrives.
    ResetInAnswer,
    /// The request takes effect, and nothing of its answer arrives.
    AnswerLost,
    /// The connection ends in the middle of the answer without a reset.
    Cut,
    /// The server does not get the request, and nobody answers.
    Stalled(Effect),
    /// The server gets the request when the program has given up.
    Late,
    /// Something before the server answers.
    Answer {
        status: u16,
        headers: &'static str,
        body: Body,
        effect: Effect,
    },
    /// The server's answer arrives with another content.
    Altered(Change),
    /// The server's answer arrives byte by byte, each after a pause that is no stall.
    Slow,
    /// The answer does not end.
    Huge,
}

/// Whether the server acts on the request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Effect {
    None,
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Body {
    Empty,
    /// A page that repeats the request's token and a BMC's password.
    Page,
}

/// A change of an answer's JSON.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// The text ends in the middle.
    Truncated,
    /// A byte that is not UTF-8 stands in a text.
    InvalidUtf8,
    /// All values have other types.
    WrongTypes,
    /// An empty object takes its place.
    NoFields,
    /// Its objects lack this field.
    Missing(String),
    /// Its objects have null in this field.
    Null(String),
    /// Its objects have another type in this field.
    WrongType(String),
}

/// For how many requests a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Once,
    Lasting,
}

/// A fault with the name that figures are printed under.
#[derive(Clone, Debug)]
pub(crate) struct NamedFault {
    pub(crate) name: String,
    pub(crate) fault: Fault,
}

const ELSEWHERE: &str = "Location: http://127.0.0.1:9/elsewhere\r\n";
const HTML: &str = "Content-Type: text/html\r\n";

/// The faults that any request can meet.
pub(crate) fn general() -> Vec<NamedFault> {
    let answer = |status, headers, body, effect| Fault::Answer {
        status,
        headers,
        body,
        effect,
    };
    let rows = [
        ("refused", Fault::Refused),
        ("reset before", Fault::ResetBefore),
        ("reset in the request", Fault::ResetInRequest),
        ("reset in the answer", Fault::ResetInAnswer),
        ("answer lost after the effect", Fault::AnswerLost),
        ("closed in the answer", Fault::Cut),
        ("stalled", Fault::Stalled(Effect::None)),
        ("stalled after the effect", Fault::Stalled(Effect::Done)),
        ("delivered late", Fault::Late),
        ("500", answer(500, HTML, Body::Page, Effect::None)),
        (
            "500 after the effect",
            answer(500, HTML, Body::Page, Effect::Done),
        ),
        ("502", answer(502, HTML, Body::Page, Effect::None)),
        (
            "502 after the effect",
            answer(502, HTML, Body::Page, Effect::Done),
        ),
        (
            "503 with Retry-After",
            answer(503, "Retry-After: 1\r\n", Body::Empty, Effect::None),
        ),
        ("504", answer(504, HTML, Body::Page, Effect::None)),
        (
            "504 after the effect",
            answer(504, HTML, Body::Page, Effect::Done),
        ),
        (
            "429",
            answer(429, "Retry-After: 1\r\n", Body::Empty, Effect::None),
        ),
        ("empty 200", answer(200, "", Body::Empty, Effect::None)),
        (
            "empty 200 after the effect",
            answer(200, "", Body::Empty, Effect::Done),
        ),
        ("HTML", answer(200, HTML, Body::Page, Effect::None)),
        (
            "HTML after the effect",
            answer(200, HTML, Body::Page, Effect::Done),
        ),
        (
            "redirect elsewhere",
            answer(302, ELSEWHERE, Body::Empty, Effect::None),
        ),
        (
            "redirect with the method",
            answer(307, ELSEWHERE, Body::Empty, Effect::None),
        ),
        ("one byte a second", Fault::Slow),
        ("huge", Fault::Huge),
    ];
    named(rows)
}

/// The faults that only an answer in JSON can meet: those of the whole, and those of each field of its objects.
pub(crate) fn of_answer(answer: &[u8]) -> Vec<NamedFault> {
    let Ok(json) = serde_json::from_slice::<Value>(answer) else {
        return Vec::new();
    };
    let mut faults = named([
        ("truncated", Fault::Altered(Change::Truncated)),
        ("invalid UTF-8", Fault::Altered(Change::InvalidUtf8)),
        ("wrong types", Fault::Altered(Change::WrongTypes)),
        ("no fields", Fault::Altered(Change::NoFields)),
    ]);
    for key in keys(&json) {
        faults.extend(named([
            (
                "missing field",
                Fault::Altered(Change::Missing(key.clone())),
            ),
            ("null field", Fault::Altered(Change::Null(key.clone()))),
            (
                "field of a wrong type",
                Fault::Altered(Change::WrongType(key)),
            ),
        ]));
    }
    faults
}

fn named<const N: usize>(rows: [(&str, Fault); N]) -> Vec<NamedFault> {
    let rows = rows.into_iter();
    rows.map(|(name, fault)| NamedFault {
        name: name.to_owned(),
        fault,
    })
    .collect()
}

/// The keys of an object, or of the first object of a list.
fn keys(json: &Value) -> Vec<String> {
    let object = match json {
        Value::Array(list) => list.first(),
        object => Some(object),
    };
    let object = object.and_then(Value::as_object);
    object
        .map(|object| object.keys().cloned().collect())
        .unwrap_or_default()
}

impl Body {
    pub(crate) fn bytes(self) -> Vec<u8> {
        match self {
            Body::Empty => Vec::new(),
            Body::Page => secrets::page().into_bytes(),
        }
    }
}

impl Fault {
    /// Whether the program only notices it by its stall timeout.
    pub(crate) fn takes_time(&self) -> bool {
        matches!(self, Fault::Stalled(_) | Fault::Late | Fault::Slow)
    }
}

impl Change {
    /// The answer with the change.
    pub(crate) fn apply(&self, answer: &Message) -> Message {
        let Ok(json) = serde_json::from_slice::<Value>(&answer.body) else {
            return answer.clone();
        };
        let body = match self {
            Change::Truncated => answer.body[..answer.body.len() / 2].to_vec(),
            Change::InvalidUtf8 => with_invalid_utf8(&answer.body),
            Change::WrongTypes => all_other_types(json).to_string().into_bytes(),
            Change::NoFields => b"{}".to_vec(),
            Change::Missing(key) => {
                let change = |object: &mut Map<String, Value>| drop(object.remove(key));
                in_objects(json, &change)
            }
            Change::Null(key) => set(json, key, |_| Value::Null),
            Change::WrongType(key) => set(json, key, other_type),
        };
        answer.with_body(body)
    }
}

fn with_invalid_utf8(body: &[u8]) -> Vec<u8> {
    let text = body.iter().position(|byte| *byte == b'"');
    let mut body = body.to_vec();
    body.insert(text.map_or(0, |at| at + 1), 0xff);
    body
}

fn set(json: Value, key: &str, value: impl Fn(Value) -> Value) -> Vec<u8> {
    in_objects(json, &|object: &mut Map<String, Value>| {
        if let Some(field) = object.get_mut(key) {
            *field = value(field.take());
        }
    })
}

/// Changes an object, or each object of a list.
fn in_objects(mut json: Value, change: &dyn Fn(&mut Map<String, Value>)) -> Vec<u8> {
    match &mut json {
        Value::Array(list) => {
            let objects = list.iter_mut().filter_map(Value::as_object_mut);
            objects.for_each(change);
        }
        Value::Object(object) => change(object),
        _ => {}
    }
    json.to_string().into_bytes()
}

/// A value of a type that the field never has.
fn other_type(value: Value) -> Value {
    match value {
        Value::Array(_) => Value::Bool(true),
        _ => Value::Array(vec![value]),
    }
}

fn all_other_types(json: Value) -> Value {
    match json {
        Value::Array(list) => Value::Array(list.into_iter().map(all_other_types).collect()),
        Value::Object(object) => {
            let fields = object.into_iter();
            Value::Object(
                fields
                    .map(|(key, value)| (key, other_type(value)))
                    .collect(),
            )
        }
        other => other_type(other),
    }
}
