//! Dictionaries written as text: JSON, Python literals and `key=value` pairs.

use serde_json::{Map, Value};

use crate::ansible::options::literal;

/// Reads a text the way AnsibleModule reads one that is given for a dictionary.
pub(crate) fn parse(text: &str) -> Result<Map<String, Value>, String> {
    if text.starts_with('{') {
        let literal = || literal::parse(text).and_then(|value| value.as_object().cloned());
        return serde_json::from_str(text)
            .ok()
            .or_else(literal)
            .ok_or_else(|| "unable to evaluate string as dictionary".to_owned());
    }
    if !text.contains('=') {
        return Err("dictionary requested, could not parse JSON or key=value".to_owned());
    }
    pairs(text)
        .iter()
        .map(|field| {
            field
                .split_once('=')
                .map(|(key, value)| (key.to_owned(), value.into()))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| {
            "unable to evaluate string in the \"key=value\" format as dictionary".to_owned()
        })
}

/// Splits at commas and spaces outside quotes; a backslash takes the next character as it is.
fn pairs(text: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quote = None;
    let mut characters = text.trim().chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => field.extend(characters.next()),
            '\'' | '"' if quote.is_none() => quote = Some(character),
            _ if quote == Some(character) => quote = None,
            ',' | ' ' if quote.is_none() => fields.push(std::mem::take(&mut field)),
            _ => field.push(character),
        }
    }
    fields.push(field);
    fields.retain(|field| !field.is_empty());
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(text: &str) -> Value {
        parse(text).map_or_else(Value::from, Value::from)
    }

    #[test]
    fn reads_json_and_python() {
        assert_eq!(parsed(r#"{"a": [1, null]}"#), json!({"a": [1, null]}));
        assert_eq!(parsed("{'a': None}"), json!({"a": null}));
        assert_eq!(
            parsed("{nonsense"),
            json!("unable to evaluate string as dictionary")
        );
    }

    #[test]
    fn reads_pairs() {
        assert_eq!(parsed("a=1, b=2"), json!({"a": "1", "b": "2"}));
        assert_eq!(
            parsed("a='x y' b=\"p,q\" c=d=e f=\\,"),
            json!({"a": "x y", "b": "p,q", "c": "d=e", "f": ","})
        );
        assert_eq!(
            parsed("a=1, b"),
            json!("unable to evaluate string in the \"key=value\" format as dictionary")
        );
        assert_eq!(
            parsed("a"),
            json!("dictionary requested, could not parse JSON or key=value")
        );
    }
}
