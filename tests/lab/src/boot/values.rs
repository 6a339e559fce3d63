//! Values in templates: Python's None, named tuples, and a list of the undefined names that were used.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Enumerator, Object, ObjectRepr, Value, ValueKind};
use serde_json::Value as Json;

/// The names that a template may use.
pub(crate) type Facts = Vec<(&'static str, Fact)>;

/// The fields of a named tuple, in their order.
pub(crate) type Fields = Vec<(&'static str, Json)>;

#[derive(Clone, Debug)]
pub(crate) enum Fact {
    Plain(Json),
    Tuple(Fields),
    Tuples(Vec<Fields>),
}

/// The functions that every template has.
const GLOBALS: [&str; 2] = ["dict", "range"];

/// Undefined names and attributes that a template used, in order.
#[derive(Debug, Default)]
pub(super) struct Gaps(Mutex<Vec<Gap>>);

#[derive(Clone, Debug)]
pub(super) enum Gap {
    Name(String),
    /// An attribute of something that does not have it.
    Attribute(&'static str, String),
}

impl Gaps {
    fn add(&self, gap: Gap) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(gap);
    }

    pub(super) fn list(&self) -> Vec<Gap> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Gap {
    /// The text that the server logs.
    pub(super) fn note(&self) -> String {
        match self {
            Gap::Name(name) => format!("{name} is undefined"),
            Gap::Attribute(kind, name) => format!("{kind} has no attribute {name}"),
        }
    }

    /// The exception that Jinja2 raises when an undefined value is used for more than printing.
    pub(super) fn exception(&self) -> String {
        match self {
            Gap::Name(name) => format!("'{name}' is undefined"),
            Gap::Attribute(kind, name) => format!("'{kind}' has no attribute '{name}'"),
        }
    }
}

#[derive(Debug)]
pub(super) struct Names {
    pub(super) facts: Facts,
    pub(super) gaps: Arc<Gaps>,
}

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let tuple = |fields: &Fields| {
            Value::from_object(Tuple {
                fields: fields.clone(),
                gaps: self.gaps.clone(),
            })
        };
        match self.facts.iter().find(|(known, _)| *known == name) {
            Some((_, Fact::Plain(Json::Null))) => {
                Some(Value::from_object(Nothing(self.gaps.clone())))
            }
            Some((_, Fact::Plain(value))) => Some(converted(value)),
            Some((_, Fact::Tuple(fields))) => Some(tuple(fields)),
            Some((_, Fact::Tuples(tuples))) => Some(tuples.iter().map(tuple).collect()),
            None if GLOBALS.contains(&name) => None,
            None => {
                self.gaps.add(Gap::Name(name.to_owned()));
                None
            }
        }
    }
}

/// Python's None. An attribute of it is undefined, which is not an error yet.
#[derive(Debug)]
struct Nothing(Arc<Gaps>);

const NONE: &str = "None";

impl Object for Nothing {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.add(Gap::Attribute(NONE, key.to_string()));
        None
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NONE)
    }
}

/// A named tuple, whose type the server calls `object`.
#[derive(Debug)]
struct Tuple {
    fields: Fields,
    gaps: Arc<Gaps>,
}

const TUPLE: &str = "mr_provisioner.preseed.controllers.object object";

impl Object for Tuple {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let found = match key.as_str() {
            Some(name) => self.fields.iter().find(|(known, _)| *known == name),
            None => self.fields.get(key.as_usize()?),
        };
        if found.is_none() {
            self.gaps.add(Gap::Attribute(TUPLE, key.to_string()));
        }
        found.map(|(_, value)| converted(value))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.fields.len())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("object(")?;
        for (index, (name, value)) in self.fields.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            let value = match value {
                Json::String(text) => crate::py::repr(text),
                other => python(&converted(other)),
            };
            write!(f, "{comma}{name}={value}")?;
        }
        f.write_str(")")
    }
}

pub(super) fn is_none(value: &Value) -> bool {
    value.is_none() || value.downcast_object_ref::<Nothing>().is_some()
}

/// A plain value as Python prints it.
pub(super) fn python(value: &Value) -> String {
    match value.kind() {
        ValueKind::None => NONE.into(),
        ValueKind::Bool if value.is_true() => "True".into(),
        ValueKind::Bool => "False".into(),
        _ => value.to_string(),
    }
}

/// The name of a value's type in Jinja2's messages.
pub(super) fn type_name(value: &Value) -> &'static str {
    if is_none(value) {
        return NONE;
    }
    if value.downcast_object_ref::<Tuple>().is_some() {
        return TUPLE;
    }
    match value.kind() {
        ValueKind::String => "str object",
        ValueKind::Seq => "list object",
        ValueKind::Map => "dict object",
        ValueKind::Bool => "bool object",
        ValueKind::Number if value.is_integer() => "int object",
        ValueKind::Number => "float object",
        _ => "object object",
    }
}

fn converted(value: &Json) -> Value {
    match value {
        Json::Null => Value::from(()),
        Json::Bool(flag) => Value::from(*flag),
        Json::Number(number) => Value::from(number.as_i64().unwrap_or_default()),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => items.iter().map(converted).collect(),
        Json::Object(items) => Value::from_pairs(
            items
                .iter()
                .map(|(key, value)| (key.as_str(), converted(value))),
        ),
    }
}
