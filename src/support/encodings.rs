//! Finds a text in any encoding that a server or a proxy may use: plain, percent-encoded, escaped in JSON, Python or HTML,
//! and any mixture of them, since each encoder chooses which characters it escapes. An encoder may also get what another
//! one has encoded: JSON in JSON, or a URL in a query.

/// The bytes that an escape begins with.
pub(crate) const BEGINNINGS: [u8; 3] = *b"%\\&";

/// How many encoders one behind the other are undone.
const DEPTH: usize = 4;

/// The longest name of a character in HTML, `&#1114111;`, behind its `&`.
const LONGEST_NAME: usize = 9;

/// The length of `wanted` at the beginning of `text` in any encoding; None where `text` begins otherwise.
pub(crate) fn prefix(text: &str, wanted: &str) -> Option<usize> {
    if text.starts_with(wanted) {
        return Some(wanted.len());
    }
    // Up to the first escape a text stands for itself, so most are told apart at their first bytes.
    let mut bytes = text.bytes().zip(wanted.bytes());
    let (escape, _) = bytes.find(|(byte, wanted)| byte != wanted || BEGINNINGS.contains(byte))?;
    if !BEGINNINGS.contains(&escape) {
        return None;
    }
    (1..=DEPTH).find_map(|depth| encoded(text, wanted, depth))
}

/// The characters that an escape at the beginning of a text may stand for: its first one, and what encoders may have made that
/// from.
pub(crate) fn first_characters(text: &str) -> Vec<char> {
    (0..=DEPTH)
        .filter_map(|depth| decode(&mut &*text, depth))
        .collect()
}

/// The length of `wanted` behind so many encoders, of which the last escapes any of its characters.
fn encoded(text: &str, wanted: &str, depth: usize) -> Option<usize> {
    let mut rest = text;
    for character in wanted.chars() {
        let behind = [depth, depth - 1].into_iter().find_map(|depth| {
            let mut behind = rest;
            (decode(&mut behind, depth) == Some(character)).then_some(behind)
        });
        rest = behind?;
    }
    Some(text.len() - rest.len())
}

/// Takes what stands for one character behind so many encoders from the beginning of a text, and no more than is needed
/// to know it: the preseed in a diff may have a hundred thousand places at which a secret could begin.
fn decode(text: &mut &str, depth: usize) -> Option<char> {
    let Some(depth) = depth.checked_sub(1) else {
        let mut characters = text.chars();
        let first = characters.next();
        *text = characters.as_str();
        return first;
    };
    let first = decode(text, depth)?;
    let mut ahead = *text;
    match escaped(first, &mut || decode(&mut ahead, depth)) {
        Some(character) => {
            *text = ahead;
            Some(character)
        }
        None => Some(first),
    }
}

/// The characters behind the first one of an escape.
type Next<'a> = &'a mut dyn FnMut() -> Option<char>;

/// The character that an escape stands for.
fn escaped(first: char, next: Next) -> Option<char> {
    match first {
        '%' => bytes(next, "%"),
        '\\' => json_escaped(next),
        '&' => html_escaped(next),
        _ => None,
    }
}

/// A character as the bytes of its UTF-8, each with a mark and two hexadecimal digits; the first mark was read.
fn bytes(next: Next, mark: &str) -> Option<char> {
    let mut utf8 = vec![digits(next, 2)? as u8];
    let more = match utf8[0] {
        0..0x80 => 0,
        0xc0..0xe0 => 1,
        0xe0..0xf0 => 2,
        _ => 3,
    };
    for _ in 0..more {
        require(next, mark)?;
        utf8.push(digits(next, 2)? as u8);
    }
    str::from_utf8(&utf8).ok()?.chars().next()
}

fn json_escaped(next: Next) -> Option<char> {
    let character = match next()? {
        'u' => return utf16(next),
        // Python prints bytes so.
        'x' => return bytes(next, "\\x"),
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        plain @ ('"' | '\'' | '\\' | '/') => plain,
        _ => return None,
    };
    Some(character)
}

/// A character of 16 bits, or a pair of surrogates, behind the first `\u`.
fn utf16(next: Next) -> Option<char> {
    let mut units = vec![digits(next, 4)? as u16];
    if (0xd800..0xdc00).contains(&units[0]) {
        require(next, "\\u")?;
        units.push(digits(next, 4)? as u16);
    }
    char::decode_utf16(units).next()?.ok()
}

fn html_escaped(next: Next) -> Option<char> {
    let mut name = String::new();
    loop {
        match next()? {
            ';' => break,
            part if name.len() < LONGEST_NAME && (part.is_ascii_alphanumeric() || part == '#') => {
                name.push(part);
            }
            _ => return None,
        }
    }
    Some(match name.as_str() {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "equals" => '=',
        "plus" => '+',
        "sol" => '/',
        name => {
            let code = name.strip_prefix('#')?;
            let code = match code.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => code.parse(),
            };
            return char::from_u32(code.ok()?);
        }
    })
}

/// So many hexadecimal digits.
fn digits(next: Next, count: usize) -> Option<u32> {
    (0..count).try_fold(0, |number, _| Some(number * 16 + next()?.to_digit(16)?))
}

/// These characters and no others.
fn require(next: Next, characters: &str) -> Option<()> {
    let mut characters = characters.chars();
    characters
        .all(|character| next() == Some(character))
        .then_some(())
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
            "a&sol;&plus;&equals;&quot;&lt;ü&#10;",
            r#"a/+=\"<\xc3\xbc\n"#,
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
