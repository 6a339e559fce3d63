//! Values in templates: Python's None, named tuples, and a list of the undefined names that were used.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Enumerator, Object, ObjectRepr, Value, ValueKind};
use serde_json::Value as Json;

/// The names that a template may use.
pub(crate) type TemplateValues = Vec<(&'static str, TemplateValue)>;

/// The fields of a named tuple, in their order.
pub(crate) type TupleFields = Vec<(&'static str, Json)>;

#[derive(Clone, Debug)]
pub(crate) enum TemplateValue {
    Plain(Json),
    Tuple(TupleFields),
    Tuples(Vec<TupleFields>),
}

/// The functions that every template has.
const GLOBALS: [&str; 2] = ["dict", "range"];

/// Undefined names and attributes that a template used, in order.
#[derive(Debug, Default)]
pub(super) struct UndefinedNames(Mutex<Vec<UndefinedName>>);

#[derive(Clone, Debug)]
pub(super) enum UndefinedName {
    Name(String),
    /// An attribute of something that does not have it.
    Attribute(&'static str, String),
}

impl UndefinedNames {
    fn add(&self, undefined_name: UndefinedName) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(undefined_name);
    }

    pub(super) fn list(&self) -> Vec<UndefinedName> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl UndefinedName {
    /// The text that the server logs.
    pub(super) fn note(&self) -> String {
        match self {
            UndefinedName::Name(name) => format!("{name} is undefined"),
            UndefinedName::Attribute(kind, name) => format!("{kind} has no attribute {name}"),
        }
    }

    /// The exception that Jinja2 raises when an undefined value is used for more than printing.
    pub(super) fn exception(&self) -> String {
        match self {
            UndefinedName::Name(name) => format!("'{name}' is undefined"),
            UndefinedName::Attribute(kind, name) => format!("'{kind}' has no attribute '{name}'"),
        }
    }
}

#[derive(Debug)]
pub(super) struct TemplateNames {
    pub(super) values: TemplateValues,
    pub(super) undefined_names: Arc<UndefinedNames>,
}

impl Object for TemplateNames {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        let tuple = |fields: &TupleFields| {
            Value::from_object(NamedTuple {
                fields: fields.clone(),
                undefined_names: self.undefined_names.clone(),
            })
        };
        match self.values.iter().find(|(known, _)| *known == name) {
            Some((_, TemplateValue::Plain(Json::Null))) => {
                Some(Value::from_object(NoneValue(self.undefined_names.clone())))
            }
            Some((_, TemplateValue::Plain(value))) => Some(converted(value)),
            Some((_, TemplateValue::Tuple(fields))) => Some(tuple(fields)),
            Some((_, TemplateValue::Tuples(tuples))) => Some(tuples.iter().map(tuple).collect()),
            None if GLOBALS.contains(&name) => None,
            None => {
                self.undefined_names
                    .add(UndefinedName::Name(name.to_owned()));
                None
            }
        }
    }
}

/// Python's None. An attribute of it is undefined, which is not an error yet.
#[derive(Debug)]
struct NoneValue(Arc<UndefinedNames>);

const NONE: &str = "None";

impl Object for NoneValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.add(UndefinedName::Attribute(NONE, key.to_string()));
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
struct NamedTuple {
    fields: TupleFields,
    undefined_names: Arc<UndefinedNames>,
}

const TUPLE: &str = "mr_provisioner.preseed.controllers.object object";

impl Object for NamedTuple {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let found = match key.as_str() {
            Some(name) => self.fields.iter().find(|(known, _)| *known == name),
            None => self.fields.get(key.as_usize()?),
        };
        if found.is_none() {
            self.undefined_names
                .add(UndefinedName::Attribute(TUPLE, key.to_string()));
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
                Json::String(text) => crate::python::repr(text),
                other => python(&converted(other)),
            };
            write!(f, "{comma}{name}={value}")?;
        }
        f.write_str(")")
    }
}

pub(super) fn is_none(value: &Value) -> bool {
    value.is_none() || value.downcast_object_ref::<NoneValue>().is_some()
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
    if value.downcast_object_ref::<NamedTuple>().is_some() {
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
