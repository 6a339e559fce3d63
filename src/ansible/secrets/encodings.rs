//! Finds a text in any encoding that a server or a proxy may use: plain, percent-encoded, escaped in JSON or HTML, and any
//! mixture of them, since each encoder chooses which characters it escapes.

/// The bytes that an escape begins with.
pub(crate) const BEGINNINGS: [u8; 3] = *b"%\\&";

/// The length of `wanted` at the beginning of `text` in any encoding; None where `text` begins otherwise.
pub(crate) fn prefix(text: &str, wanted: &str) -> Option<usize> {
    if text.starts_with(wanted) {
        return Some(wanted.len());
    }
    let mut rest = text;
    for character in wanted.chars() {
        rest = match escaped(rest) {
            Some((length, meant)) if meant == character => &rest[length..],
            _ => rest.strip_prefix(character)?,
        };
    }
    Some(text.len() - rest.len())
}

/// The escape at the beginning of a text: its length, and the character that it stands for.
fn escaped(text: &str) -> Option<(usize, char)> {
    match text.as_bytes().first()? {
        b'%' => percent_encoded(text),
        b'\\' => json_escaped(text),
        b'&' => html_escaped(text),
        _ => None,
    }
}

fn percent_encoded(text: &str) -> Option<(usize, char)> {
    // One character is up to four bytes of UTF-8.
    let bytes: Vec<u8> = (0..4)
        .map_while(|n| {
            let one = text.get(3 * n..3 * n + 3)?.strip_prefix('%')?;
            u8::from_str_radix(one, 16).ok()
        })
        .collect();
    let (length, character) = (1..=bytes.len()).find_map(|length| {
        let text = str::from_utf8(&bytes[..length]).ok()?;
        Some((length, text.chars().next()?))
    })?;
    Some((3 * length, character))
}

fn json_escaped(text: &str) -> Option<(usize, char)> {
    let character = match text.as_bytes().get(1)? {
        b'u' => {
            let code = u32::from_str_radix(text.get(2..6)?, 16).ok()?;
            return Some((6, char::from_u32(code)?));
        }
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        &plain @ (b'"' | b'\\' | b'/') => char::from(plain),
        _ => return None,
    };
    Some((2, character))
}

fn html_escaped(text: &str) -> Option<(usize, char)> {
    // The longest of them is `&#1114111;`.
    let end = text.bytes().take(10).position(|byte| byte == b';')?;
    let character = match &text[1..end] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        name => {
            let code = name.strip_prefix('#')?;
            let code = match code.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => code.parse(),
            };
            char::from_u32(code.ok()?)?
        }
    };
    Some((end + 1, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_every_form() {
        let wanted = "a/+=\"<ü\n";
        for text in [
            "a/+=\"<ü\n",
            "a%2F%2B%3D%22%3C%C3%BC%0A",
            "a%2f%2b%3d%22%3c%c3%bc%0a",
            "a/%2B=%22<ü%0A",
            r#"a/+=\"<\u00fc\n"#,
            r#"a\/\u002b\u003D\"\u003c\u00FC\n"#,
            "a/&#43;=&quot;&lt;&#xFC;&#10;",
            "a&#x2f;+=&#34;&lt;&#252;\n",
        ] {
            assert_eq!(prefix(text, wanted), Some(text.len()), "{text}");
            let longer = format!("{text}&%\\");
            assert_eq!(prefix(&longer, wanted), Some(text.len()), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_found() {
        for text in [
            "", "a", "a%2", "a%2G", "a&#", "a&amp;", "a\\", "a\\u00", "b/", "a%é/", "%", "é",
        ] {
            assert_eq!(prefix(text, "a/"), None, "{text}");
        }
        for text in ["%", "\\", "&", "%2F", "&amp;"] {
            assert_eq!(prefix(text, text), Some(text.len()));
        }
    }
}
