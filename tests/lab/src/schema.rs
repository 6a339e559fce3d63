//! Checks of request bodies. The server uses the Python library `schema`, whose errors have a fixed form for each field type.
//!
//! An error names the value but not the field. Only the first invalid field in the order of the body is reported. The list of
//! messages has a null for every level of nesting without a message.

use std::net::Ipv4Addr;

use crate::python::{PyValue, repr};
use crate::reply::Reply;

/// What a field may hold.
pub(crate) enum FieldType {
    /// `bool`
    Bool,
    /// `str`
    Str,
    /// `And(str, lambda)`
    Text(fn(&str) -> bool),
    /// `Or(None, And(str, lambda))`
    TextOrNull(fn(&str) -> bool),
    /// `Or(None, Use(int))`
    IdOrNull,
    /// `And(int, lambda)`
    Int(fn(i128) -> bool),
    /// `Use(IPv4Address)`
    Address,
    /// A list of objects.
    List(&'static Schema),
    /// `Or(int, str)`
    IntOrStr,
}

pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) kind: FieldType,
}

pub(crate) struct Schema {
    pub(crate) fields: &'static [Field],
    /// Whether unknown fields are allowed. Three endpoints refuse them.
    pub(crate) ignore_unknown: bool,
}

/// An optional field.
pub(crate) const fn optional(name: &'static str, kind: FieldType) -> Field {
    Field {
        name,
        required: false,
        kind,
    }
}

/// A required field.
pub(crate) const fn required(name: &'static str, kind: FieldType) -> Field {
    Field {
        name,
        required: true,
        kind,
    }
}

/// The fields of a valid body.
pub(crate) struct Fields(Vec<(String, PyValue)>);

impl Fields {
    pub(crate) fn value(&self, name: &str) -> Option<&PyValue> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Some(PyValue::Str(text)) => Some(text),
            _ => None,
        }
    }

    /// The text of a nullable field: `None` if the field is missing, `Some(None)` if it is null.
    pub(crate) fn nullable(&self, name: &str) -> Option<Option<String>> {
        self.value(name).map(|_| self.text(name).map(str::to_owned))
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name) {
            Some(PyValue::Bool(flag)) => Some(*flag),
            _ => None,
        }
    }

    /// The number of a nullable field, like [`Fields::nullable`].
    pub(crate) fn number(&self, name: &str) -> Option<Option<i128>> {
        self.value(name).map(|value| match value {
            PyValue::Int(number) => Some(*number),
            _ => None,
        })
    }
}

/// Why a body is invalid.
#[derive(Debug, PartialEq)]
pub(crate) struct Refusal {
    class: &'static str,
    texts: Vec<Option<String>>,
}

impl Refusal {
    /// One message below `nulls` levels without a message.
    fn new(class: &'static str, nulls: usize, text: String) -> Refusal {
        let mut texts = vec![None; nulls];
        texts.push(Some(text));
        Refusal { class, texts }
    }

    fn wrong_type(value: &PyValue, kind: &str) -> Refusal {
        Refusal::new("SchemaUnexpectedTypeError", 1, not_instance(value, kind))
    }

    /// The answer of the DHCP endpoints: only the distinct messages.
    pub(crate) fn text(&self) -> String {
        let mut texts: Vec<&str> = Vec::new();
        for text in self.texts.iter().flatten() {
            if !texts.contains(&text.as_str()) {
                texts.push(text);
            }
        }
        texts.join("\n")
    }

    /// The error for an item of a list. `schema` reports it as matching none of the alternatives, of which there is one.
    fn of_item(self, item: &PyValue) -> Refusal {
        let text = format!("Or({{...}}) did not validate {}", item.repr());
        let mut texts = vec![None, Some(text)];
        texts.extend(self.texts);
        Refusal {
            class: "SchemaError",
            texts,
        }
    }

    pub(crate) fn into_reply(self) -> Reply {
        Reply::error(400, self.class, serde_json::json!(self.texts))
    }
}

/// The error for a text that its field does not take.
pub(crate) fn refused_text(text: &str) -> Reply {
    let value = PyValue::Str(text.to_owned());
    Refusal::new("SchemaError", 3, not_true(&value)).into_reply()
}

fn not_instance(value: &PyValue, kind: &str) -> String {
    format!("{} should be instance of '{kind}'", value.repr())
}

fn not_true(value: &PyValue) -> String {
    format!("<lambda>({}) should evaluate to True", value.repr())
}

/// The end of an error of `Or(...)`: the alternatives, then the message of the last one.
fn neither(alternatives: &str, value: &PyValue, text: String) -> Refusal {
    let mut refusal = Refusal::new(
        "SchemaError",
        5,
        format!("Or({alternatives}) did not validate {}", value.repr()),
    );
    refusal.texts.extend([None, Some(text)]);
    refusal
}

impl Schema {
    /// Checks a body and converts numbers given as text.
    pub(crate) fn check(&self, body: &PyValue) -> Result<Fields, Refusal> {
        let PyValue::Dict(items) = body else {
            return Err(Refusal::wrong_type(body, "dict"));
        };
        let mut fields = Vec::new();
        for (name, value) in items {
            if let Some(field) = self.fields.iter().find(|field| field.name == name) {
                fields.push((name.clone(), field.kind.check(value)?));
            }
        }
        self.no_missing(items)?;
        self.no_unknown(items)?;
        Ok(Fields(fields))
    }

    fn no_missing(&self, items: &[(String, PyValue)]) -> Result<(), Refusal> {
        let missing =
            |field: &&Field| field.required && !items.iter().any(|(name, _)| name == field.name);
        let names = self
            .fields
            .iter()
            .filter(missing)
            .map(|field| repr(field.name))
            .collect();
        listed("Missing keys: ", names, "").map_or(Ok(()), |text| {
            Err(Refusal::new("SchemaMissingKeyError", 1, text))
        })
    }

    fn no_unknown(&self, items: &[(String, PyValue)]) -> Result<(), Refusal> {
        if self.ignore_unknown {
            return Ok(());
        }
        let unknown = |name: &&String| !self.fields.iter().any(|field| field.name == name.as_str());
        let names = items
            .iter()
            .map(|(name, _)| name)
            .filter(unknown)
            .map(|name| repr(name))
            .collect();
        let tail = format!(" in {}", PyValue::Dict(items.to_vec()).repr());
        listed("Wrong keys ", names, &tail).map_or(Ok(()), |text| {
            Err(Refusal::new("SchemaWrongKeyError", 1, text))
        })
    }
}

fn listed(head: &str, mut names: Vec<String>, tail: &str) -> Option<String> {
    names.sort();
    (!names.is_empty()).then(|| format!("{head}{}{tail}", names.join(", ")))
}

impl FieldType {
    fn check(&self, value: &PyValue) -> Result<PyValue, Refusal> {
        match (self, value) {
            (FieldType::Bool, PyValue::Bool(_))
            | (FieldType::Str, PyValue::Str(_))
            | (FieldType::IntOrStr, PyValue::Int(_) | PyValue::Bool(_) | PyValue::Str(_)) => {}
            (FieldType::Bool, _) => return Err(Refusal::wrong_type(value, "bool")),
            (FieldType::Str, _) => return Err(Refusal::wrong_type(value, "str")),
            (FieldType::IntOrStr, _) => {
                return Err(neither(
                    "<class 'int'>, <class 'str'>",
                    value,
                    not_instance(value, "str"),
                ));
            }
            (FieldType::Text(accepts), _) => {
                text_passes(value, accepts).map_err(|text| Refusal::new("SchemaError", 3, text))?
            }
            (FieldType::TextOrNull(_), PyValue::None) | (FieldType::IdOrNull, PyValue::None) => {}
            (FieldType::TextOrNull(accepts), _) => text_passes(value, accepts).map_err(|text| {
                neither(
                    "None, And(<class 'str'>, <function <lambda> at 0x7f5b22367b90>)",
                    value,
                    text,
                )
            })?,
            (FieldType::IdOrNull, _) => {
                let raised = |error| format!("int({}) raised {error}", value.repr());
                let id = value
                    .to_int()
                    .map_err(|error| neither("None, Use(<class 'int'>)", value, raised(error)))?;
                return Ok(PyValue::Int(id));
            }
            (FieldType::Int(accepts), _) => {
                int_passes(value, accepts).map_err(|text| Refusal::new("SchemaError", 3, text))?
            }
            (FieldType::Address, _) => {
                let raised = |error| format!("IPv4Address({}) raised {error}", value.repr());
                let address = address(value)
                    .map_err(|error| Refusal::new("SchemaError", 1, raised(error)))?;
                return Ok(PyValue::Str(address.to_string()));
            }
            (FieldType::List(schema), PyValue::List(items)) => {
                for item in items {
                    schema.check(item).map_err(|inner| inner.of_item(item))?;
                }
            }
            (FieldType::List(_), _) => return Err(Refusal::wrong_type(value, "list")),
        }
        Ok(value.clone())
    }
}

fn text_passes(value: &PyValue, accepts: &fn(&str) -> bool) -> Result<(), String> {
    match value {
        PyValue::Str(text) if accepts(text) => Ok(()),
        PyValue::Str(_) => Err(not_true(value)),
        _ => Err(not_instance(value, "str")),
    }
}

fn int_passes(value: &PyValue, accepts: &fn(i128) -> bool) -> Result<(), String> {
    match value {
        PyValue::Int(number) if accepts(*number) => Ok(()),
        PyValue::Bool(flag) if accepts(i128::from(*flag)) => Ok(()),
        PyValue::Int(_) | PyValue::Bool(_) => Err(not_true(value)),
        _ => Err(not_instance(value, "int")),
    }
}

/// Python's `IPv4Address()`. The error is the exception's message.
fn address(value: &PyValue) -> Result<Ipv4Addr, String> {
    match value {
        PyValue::Int(number) if *number >= 0 && *number <= i128::from(u32::MAX) => {
            Ok(Ipv4Addr::from(*number as u32))
        }
        PyValue::Int(number) if *number < 0 => Err(raised(format!(
            "{number} (< 0) is not permitted as an IPv4 address"
        ))),
        PyValue::Int(number) => Err(raised(format!(
            "{number} (>= 2**32) is not permitted as an IPv4 address"
        ))),
        PyValue::Bool(flag) => Ok(Ipv4Addr::from(u32::from(*flag))),
        PyValue::Str(text) => parse_ipv4(text).map_err(raised),
        other => parse_ipv4(&other.repr()).map_err(raised),
    }
}

fn raised(message: String) -> String {
    format!("AddressValueError({},)", repr(&message))
}

/// Parses an IPv4 address like Python 3.6, which refuses a leading zero that could mean octal.
pub(crate) fn parse_ipv4(text: &str) -> Result<Ipv4Addr, String> {
    if text.contains('/') {
        return Err(format!("Unexpected '/' in {}", repr(text)));
    }
    let octets: Vec<_> = text.split('.').collect();
    if octets.len() != 4 {
        return Err(format!("Expected 4 octets in {}", repr(text)));
    }
    let mut numbers = [0; 4];
    for (number, octet) in numbers.iter_mut().zip(&octets) {
        *number = parse_octet(octet).map_err(|problem| format!("{problem} in {}", repr(text)))?;
    }
    Ok(Ipv4Addr::from(numbers))
}

fn parse_octet(octet: &str) -> Result<u8, String> {
    if octet.is_empty() {
        return Err("Empty octet not permitted".into());
    }
    if !octet.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("Only decimal digits permitted in {}", repr(octet)));
    }
    if octet.len() > 3 {
        return Err(format!("At most 3 characters permitted in {}", repr(octet)));
    }
    let number: u16 = octet.parse().unwrap_or(u16::MAX);
    if number > 7 && octet.starts_with('0') {
        return Err(format!(
            "Ambiguous (octal/decimal) value in {} not permitted",
            repr(octet)
        ));
    }
    u8::try_from(number).map_err(|_| format!("Octet {number} (> 255) not permitted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    static POWER: Schema = Schema {
        fields: &[required("state", FieldType::Text(|text| text == "on"))],
        ignore_unknown: false,
    };
    static LOOSE: Schema = Schema {
        fields: &[
            optional("id", FieldType::IdOrNull),
            required("flag", FieldType::Bool),
            required("also", FieldType::Str),
        ],
        ignore_unknown: true,
    };

    fn refusal(schema: &Schema, body: &str) -> (&'static str, String) {
        let refusal = schema.check(&PyValue::parse(body).unwrap()).err().unwrap();
        (refusal.class, serde_json::json!(refusal.texts).to_string())
    }

    #[test]
    fn errors_have_the_form_of_their_field_type() {
        assert_eq!(
            refusal(&POWER, "[]"),
            (
                "SchemaUnexpectedTypeError",
                r#"[null,"[] should be instance of 'dict'"]"#.into()
            )
        );
        assert_eq!(
            refusal(&POWER, "{}"),
            (
                "SchemaMissingKeyError",
                r#"[null,"Missing keys: 'state'"]"#.into()
            )
        );
        let wrong = r#"[null,"Wrong keys 'a', 'b' in {'b': 1, 'state': 'on', 'a': 2}"]"#;
        assert_eq!(
            refusal(&POWER, r#"{"b": 1, "state": "on", "a": 2}"#),
            ("SchemaWrongKeyError", wrong.into())
        );
        assert_eq!(
            refusal(&LOOSE, "{}"),
            (
                "SchemaMissingKeyError",
                r#"[null,"Missing keys: 'also', 'flag'"]"#.into()
            )
        );
    }

    #[test]
    fn first_invalid_field_of_the_body_is_reported() {
        let (class, _) = refusal(&LOOSE, r#"{"id": "x", "flag": 1}"#);
        assert_eq!(class, "SchemaError");
        let (class, _) = refusal(&LOOSE, r#"{"flag": 1, "id": "x"}"#);
        assert_eq!(class, "SchemaUnexpectedTypeError");
    }

    #[test]
    fn addresses_are_parsed_like_python() {
        assert_eq!(
            parse_ipv4("10.040.2.051").unwrap_err(),
            "Ambiguous (octal/decimal) value in '040' not permitted in '10.040.2.051'"
        );
        assert_eq!(parse_ipv4("foo").unwrap_err(), "Expected 4 octets in 'foo'");
        assert_eq!(parse_ipv4("10.0.0.07").unwrap(), Ipv4Addr::new(10, 0, 0, 7));
    }
}
