//! The names of images and preseeds in place of their ids.

use serde_json::Value;

use crate::cli::output::text::display_text;

/// The fields of a machine that are ids, with the word for the field and the kind of the object.
const ID_FIELDS: [(&str, &str, &str); 3] = [
    ("kernel_id", "kernel", "image"),
    ("initrd_id", "initrd", "image"),
    ("preseed_id", "preseed", "preseed"),
];

/// The kind of the object whose id a field has.
pub(crate) fn kind_of(field: &str) -> Option<&'static str> {
    let mut fields = ID_FIELDS.iter();
    fields
        .find(|(name, ..)| *name == field)
        .map(|(_, _, kind)| *kind)
}

/// The word for a field and its value, with the object's name where the field is an id. `names` has an object with the
/// names for each kind.
pub(crate) fn field_text(field: &str, value: &Value, names: &Value) -> (String, String) {
    let known = ID_FIELDS.iter().find(|(name, ..)| *name == field);
    let Some((_, word, kind)) = known else {
        return match (field, value) {
            ("netboot_enabled", Value::Bool(true)) => ("netboot".into(), "on".into()),
            ("netboot_enabled", _) => ("netboot".into(), "off".into()),
            (_, Value::Null) => (field.into(), "none".into()),
            (_, Value::String(text)) => (
                field.into(),
                format!("'{}'", display_text(&text.as_str().into())),
            ),
            _ => (field.into(), display_text(value)),
        };
    };
    let text = match value {
        Value::Null => "none".to_owned(),
        Value::Number(id) => match names[*kind][id.to_string()].as_str() {
            Some(name) => format!("'{}' ({kind} {id})", display_text(&name.into())),
            None => format!("{kind} {id}"),
        },
        other => display_text(other),
    };
    ((*word).to_owned(), text)
}

/// The lines `FIELD: VALUE` of a difference, with names in place of ids.
pub(crate) fn named_lines(text: &str, names: &Value) -> String {
    let line = |line: &str| {
        let named = line.split_once(": ").and_then(|(field, value)| {
            kind_of(field)?;
            let value: Value = serde_json::from_str(value).ok()?;
            Some(field_text(field, &value, names))
        });
        match named {
            Some((word, value)) => format!("{word}: {value}\n"),
            None => format!("{line}\n"),
        }
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_replaced_by_names_and_nothing_else_is() {
        let names = json!({ "image": { "14": "my kernel" }, "preseed": {} });
        assert_eq!(
            named_lines(
                "kernel_id: 14\ninitrd_id: null\npreseed_id: 3\nkernel_opts: \"kernel_id: 14\"\n",
                &names
            ),
            "kernel: 'my kernel' (image 14)\ninitrd: none\npreseed: preseed 3\nkernel_opts: \"kernel_id: 14\"\n"
        );
    }
}
