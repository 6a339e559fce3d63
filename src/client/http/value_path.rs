//! Where in a JSON text an error is, as a path such as `[3].kernel_id`.
//!
//! It is read from the text after a failure, by the place that the decoder tells: tracked while decoding, it would cost every
//! good answer time, and the program a second decoder for each type.

/// The path of the value at a decoder's error. Empty where that is the whole text.
pub(super) fn at(text: &[u8], error: &serde_json::Error) -> String {
    let before: usize = text
        .split_inclusive(|byte| *byte == b'\n')
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    // What a value cannot be is told at its first byte or behind its last one, a wrong character behind itself.
    let end = before + error.column() - usize::from(error.is_syntax() && error.column() > 0);
    of_value(&text[..end.min(text.len())])
}

/// A list or an object that is not closed yet.
enum Open {
    List {
        index: usize,
    },
    Object {
        /// The text that was read last where a key is due.
        read: String,
        /// The key of the value that is read, from its colon on.
        key: Option<String>,
    },
}

/// The path of the value in which a text breaks off.
fn of_value(text: &[u8]) -> String {
    let mut open = Vec::new();
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        match (byte, open.last_mut()) {
            (b'[', _) => open.push(Open::List { index: 0 }),
            (b'{', _) => open.push(Open::Object {
                read: String::new(),
                key: None,
            }),
            (b']' | b'}', _) => drop(open.pop()),
            (b',', Some(Open::List { index })) => *index += 1,
            (b',', Some(Open::Object { key, .. })) => *key = None,
            (b':', Some(Open::Object { read, key })) => *key = Some(std::mem::take(read)),
            (b'"', innermost) => {
                let string = string(&mut rest);
                if let Some(Open::Object { read, key: None }) = innermost {
                    *read = string;
                }
            }
            _ => {}
        }
    }
    let mut path = String::new();
    for value in open {
        match value {
            Open::List { index } => path += &format!("[{index}]"),
            Open::Object { key: None, .. } => {}
            Open::Object { key: Some(key), .. } => {
                if !path.is_empty() {
                    path.push('.');
                }
                path += &key;
            }
        }
    }
    path
}

/// The string whose quotation mark was read, up to the next one.
fn string(rest: &mut impl Iterator<Item = u8>) -> String {
    let mut read = Vec::from(*b"\"");
    while let Some(byte) = rest.next() {
        read.push(byte);
        match byte {
            b'\\' => read.extend(rest.next()),
            b'"' => break,
            _ => {}
        }
    }
    serde_json::from_slice(&read).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::error::Error;

    use super::*;

    #[test]
    fn path_of_an_unfinished_text_is_that_of_its_last_value() {
        for (text, expected) in [
            ("", ""),
            ("[", "[0]"),
            ("[1, 2", "[1]"),
            (r#"{"a": 1"#, "a"),
            (r#"{"a": 1, "b""#, ""),
            (r#"{"a": 1, "b": "#, "b"),
            (r#"{"a": 1}"#, ""),
            (r#"[{"a": [1, {"b": ""#, "[0].a[1].b"),
            (r#"[{"a": "]}, \" [{"}, {"b": 2"#, "[1].b"),
            (r#"[{"a\u0062\"": 1"#, "[0].ab\""),
            ("]]}", ""),
        ] {
            assert_eq!(of_value(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn wrong_character_is_part_of_no_path() {
        for (text, expected) in [
            ("x", ""),
            ("[1,\n {\"a\":\n }]", "[1].a"),
            ("[1,\n 2]]", ""),
            ("\n\n[tru]", "[0]"),
        ] {
            let error: Error = serde_json::from_str::<Value>(text).unwrap_err();
            assert_eq!(at(text.as_bytes(), &error), expected, "{text}: {error}");
        }
    }
}
