//! Finds a text in any encoding that a server or a proxy may use: plain, percent-encoded, escaped in JSON or HTML, and any
//! mixture of them, since each encoder chooses which characters it escapes. An encoder may also get what another one has
//! encoded: JSON in JSON, or a URL in a query.

/// The bytes that an escape begins with.
pub(crate) const BEGINNINGS: [u8; 3] = *b"%\\&";

/// How many encoders one behind the other are undone.
const DEPTH: usize = 4;

/// The most characters that one character has after so many encoders.
pub(crate) const LONGEST_ENCODING: usize = 24;

/// The length of `wanted` at the beginning of `text` in any encoding; None where `text` begins otherwise.
pub(crate) fn prefix(text: &str, wanted: &str) -> Option<usize> {
    if text.starts_with(wanted) {
        return Some(wanted.len());
    }
    let may_begin =
        |first: &u8| wanted.as_bytes().first() == Some(first) || BEGINNINGS.contains(first);
    if !text.as_bytes().first().is_some_and(may_begin) {
        return None;
    }
    encoded_once(text, wanted).or_else(|| encoded_again(text, wanted))
}

/// The length of `wanted` behind one encoder, or several that escape different characters.
fn encoded_once(text: &str, wanted: &str) -> Option<usize> {
    let mut rest = text;
    for character in wanted.chars() {
        rest = match escaped(rest) {
            Some((length, meant)) if meant == character => &rest[length..],
            _ => rest.strip_prefix(character)?,
        };
    }
    Some(text.len() - rest.len())
}

/// The length of `wanted` behind several encoders.
fn encoded_again(text: &str, wanted: &str) -> Option<usize> {
    if !may_be_encoded_again(text, wanted) {
        return None;
    }
    let window = wanted.chars().count() * LONGEST_ENCODING;
    let mut ends = Vec::new();
    let mut decoded = String::new();
    for (start, character) in text.char_indices().take(window) {
        decoded.push(character);
        ends.push(start + character.len_utf8());
    }
    for _ in 1..DEPTH {
        if !decoded.bytes().any(|byte| BEGINNINGS.contains(&byte)) {
            return None;
        }
        (decoded, ends) = decode(&decoded, &ends);
        if let Some(length) = encoded_once(&decoded, wanted) {
            let characters = decoded[..length].chars().count();
            return ends.get(characters.checked_sub(1)?).copied();
        }
    }
    None
}

/// The characters that the beginning of a text may stand for: its first one, and what encoders may have made that from.
pub(crate) fn first_characters(text: &str) -> Vec<char> {
    let mut characters: Vec<char> = text.chars().take(1).collect();
    if !text
        .bytes()
        .next()
        .is_some_and(|byte| BEGINNINGS.contains(&byte))
    {
        return characters;
    }
    let mut decoded: String = text.chars().take(LONGEST_ENCODING).collect();
    for _ in 0..DEPTH {
        let ends = vec![0; decoded.chars().count()];
        let next = decode(&decoded, &ends).0;
        if next.len() == decoded.len() {
            break;
        }
        characters.extend(next.chars().next());
        decoded = next;
    }
    characters
}

/// Whether the first escape of a text may stand for the character that is wanted there. Most texts end here, which costs
/// little: the preseed in a diff may have a hundred thousand places at which a secret could begin.
fn may_be_encoded_again(text: &str, wanted: &str) -> bool {
    let mut rest = text;
    for character in wanted.chars() {
        if rest
            .bytes()
            .next()
            .is_some_and(|byte| BEGINNINGS.contains(&byte))
        {
            return first_characters(rest).contains(&character);
        }
        let Some(behind) = rest.strip_prefix(character) else {
            return false;
        };
        rest = behind;
    }
    false
}

/// The text with all its escapes decoded, and for each of its characters where that ends in the original text.
fn decode(text: &str, ends: &[usize]) -> (String, Vec<usize>) {
    let (mut decoded, mut decoded_ends) = (String::new(), Vec::new());
    let (mut rest, mut at) = (text, 0);
    while let Some(first) = rest.chars().next() {
        let (length, character) = escaped(rest).unwrap_or((first.len_utf8(), first));
        at += rest[..length].chars().count();
        decoded.push(character);
        decoded_ends.push(ends[at - 1]);
        rest = &rest[length..];
    }
    (decoded, decoded_ends)
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
            let unit =
                |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
            let units = [Some(unit(text)?), text.get(6..).and_then(unit)];
            // A character beyond 16 bits is a pair of surrogates.
            let character = char::decode_utf16(units.into_iter().flatten())
                .next()?
                .ok()?;
            return Some((6 * character.len_utf16(), character));
        }
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        &plain @ (b'"' | b'\'' | b'\\' | b'/') => char::from(plain),
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
    fn a_text_is_found_behind_several_encoders() {
        let wanted = "a/\"<\u{1f600}";
        for text in [
            r#"a/\\\"<\\ud83d\\ude00"#,
            r#"a\u002f\\\"\\u003c\ud83d\ude00"#,
            "a%252F%2522%253C%25F0%259F%2598%2580",
            "a%25252F%252522%25253C%2525F0%25259F%252598%252580",
            "a&amp;#x2f;&amp;quot;&amp;lt;&amp;#128512;",
            r#"%61%5C%2F%5C%22%5Cu003c%5Cud83d%5Cude00"#,
        ] {
            assert_eq!(prefix(text, wanted), Some(text.len()), "{text}");
            let longer = format!("{text}&%\\ b");
            assert_eq!(prefix(&longer, wanted), Some(text.len()), "{text}");
        }
        assert_eq!(prefix("a%2525b%252F", "a%b/"), Some(12));
        assert_eq!(prefix("a%2525b%252E", "a%b/"), None);
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
