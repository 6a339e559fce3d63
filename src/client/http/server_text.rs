//! Which of the server's texts a user may read.
//!
//! Error bodies hold SQL with all its values, HTML, whole preseeds, and command lines with the BMC's password. A text is
//! shown only when its `error_type` is one whose texts are sentences for users. The raw body is kept for those who ask for
//! every detail, without passwords.

/// The longest text that is shown, in characters.
const LONGEST: usize = 200;

/// The types of errors whose texts are sentences, as recorded from the server.
///
/// The others are not shown. `SchemaError` quotes the server's functions with their memory addresses (a sentence such as
/// `5 should be instance of 'str'` is rare among its texts, and this client sends no value of a wrong type);
/// `IntegrityError`, `DataError` and `ProgrammingError` quote SQL, and `BMCError` the command line of `ipmitool`.
const READABLE_TYPES: [&str; 9] = [
    "AddressValueError",
    "InvalidUsage",
    "JSONDecodeError",
    "NotFound",
    "SchemaMissingKeyError",
    "SchemaUnexpectedTypeError",
    WRONG_KEY,
    "UnicodeEncodeError",
    "ValueError",
];

/// `Wrong keys 'x' in {...}`: a field that an older server does not know, and the whole request as Python prints it.
const WRONG_KEY: &str = "SchemaWrongKeyError";

/// The text, if it is fit for a user: one short line of a type that is readable.
pub(crate) fn readable<'a>(error_type: &str, text: &'a str) -> Option<&'a str> {
    let text = match text.split_once(" in {") {
        Some((wrong_keys, _request)) if error_type == WRONG_KEY => wrong_keys,
        _ => text.trim(),
    };
    let fit = READABLE_TYPES.contains(&error_type)
        && !text.is_empty()
        && text.chars().count() <= LONGEST
        && !text.chars().any(char::is_control)
        // No sentence for users has a command line.
        && password_start(text).is_none();
    fit.then_some(text)
}

/// A text of a library in one line of bounded length.
pub(crate) fn one_line(text: &str) -> String {
    let words = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty());
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

/// What stands before a password in a command line. A BMC that fails makes the server quote its `ipmitool` command, as
/// Python prints a list: `'-P', 'password'`. Other versions may quote it in another way, or not at all.
const PASSWORD_FLAG: &str = "-P";
const MASK: &str = "********";

/// The text with every password behind `-P` masked; where its end cannot be found, the rest is left out too.
pub(crate) fn without_passwords(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = password_start(rest) {
        let (before, password) = rest.split_at(start);
        kept.push_str(before);
        kept.push_str(MASK);
        rest = after_password(before, password);
    }
    kept.push_str(rest);
    kept
}

/// Where the first password behind a flag begins.
fn password_start(text: &str) -> Option<usize> {
    let mut flags = text.match_indices(PASSWORD_FLAG);
    let flag = flags.find(|(at, _)| may_stand_before_flag(&text[..*at]));
    let behind = flag?.0 + PASSWORD_FLAG.len();
    let rest = &text[behind..];
    // The flag's own closing quote belongs to it only where a comma or a blank comes next.
    let quotes = rest.trim_start_matches(['\\', '"', '\'']);
    let unquoted = match quotes.starts_with([',', ' ', '=', '\t']) {
        true => quotes,
        false => rest,
    };
    let password = unquoted.trim_start_matches([',', ' ', '=', '\t']);
    Some(text.len() - password.len())
}

/// Whether a flag may follow: no letter, digit or dash stands before it, unless that is a part of an escaped quote.
fn may_stand_before_flag(text: &str) -> bool {
    let escaped = |escape: &str, length| {
        let start = text.len().checked_sub(length);
        start.is_some_and(|start| text.get(start..).is_some_and(|end| end.starts_with(escape)))
    };
    escaped("%", 3)
        || escaped("\\u", 6)
        || !text.ends_with(|last: char| last.is_alphanumeric() || last == '-')
}

/// What follows a password, by the text before it.
fn after_password<'a>(before: &str, password: &'a str) -> &'a str {
    let is_quoted = password.starts_with(['\\', '"', '\'', '&', '%']);
    if is_quoted || before.ends_with(", ") {
        return after_quoted(password);
    }
    let end = password.find(|end: char| end.is_whitespace() || "\"'\\<>".contains(end));
    end.map_or("", |end| &password[end..])
}

/// What follows a string as Python quotes it: in `'` or `"`, with `\` before a quote inside.
/// In a JSON body the double quotes and backslashes are escaped once more. Behind anything else nothing is kept.
fn after_quoted(text: &str) -> &str {
    let quotes = ["\\\"", "\"", "'"];
    let Some(opening) = quotes.into_iter().find(|quote| text.starts_with(quote)) else {
        return "";
    };
    let inside = &text[opening.len()..];
    let mut searched = 0;
    while let Some(found) = inside[searched..].find(opening) {
        let end = searched + found;
        if !inside[..end].ends_with('\\') {
            return &inside[end + opening.len()..];
        }
        searched = end + opening.len();
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentence_of_a_readable_type_is_shown() {
        for (error_type, text) in [
            ("InvalidUsage", "machine not found"),
            ("InvalidUsage", "not allowed to use kernel"),
            ("ValueError", "`foo` is not a valid operation"),
            (
                "InvalidUsage",
                "Enabled netboot requires a subarch with a valid bootloader",
            ),
            ("SchemaMissingKeyError", "Missing keys: 'name', 'type'"),
            ("SchemaUnexpectedTypeError", "5 should be instance of 'str'"),
            (
                "JSONDecodeError",
                "Expecting value: line 1 column 1 (char 0)",
            ),
            (
                "UnicodeEncodeError",
                "'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed",
            ),
        ] {
            assert_eq!(readable(error_type, text), Some(text));
        }
        assert_eq!(
            readable("InvalidUsage", " no such user\n"),
            Some("no such user")
        );
    }

    #[test]
    fn wrong_keys_are_shown_without_the_request() {
        for text in [
            "Wrong keys 'foo' in {'state': 'on', 'foo': 1}",
            &format!("Wrong keys 'foo' in {{'content': '{}'}}", "x".repeat(300)),
        ] {
            assert_eq!(readable(WRONG_KEY, text), Some("Wrong keys 'foo'"));
        }
    }

    #[test]
    fn long_or_broken_text_and_other_types_are_hidden() {
        let long = "x".repeat(201);
        for (error_type, text) in [
            ("InvalidUsage", ""),
            ("InvalidUsage", " \n"),
            ("InvalidUsage", "two\nlines"),
            ("InvalidUsage", &long),
            ("IntegrityError", "(psycopg2.IntegrityError) duplicate key"),
            ("DataError", "oops [SQL: 'x']"),
            ("IntegrityError", "INSERT INTO image"),
            ("ProgrammingError", "update machine SET x"),
            (
                "BMCError",
                "IPMI error: Command '['ipmitool', '-P', 'canary']' returned 1",
            ),
            ("", "<h1>Bad Request</h1>"),
            ("", "<!DOCTYPE html>"),
            ("SchemaError", "<lambda>('soft') should evaluate to True"),
            ("SchemaError", "<function f at 0x7f>"),
        ] {
            assert_eq!(readable(error_type, text), None, "{text}");
        }
    }

    /// The error types and texts of all recorded answers.
    fn recorded_errors() -> Vec<(String, String)> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings");
        let mut errors = Vec::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            // A recorded request holds half a character, which is no JSON here.
            let text = std::fs::read_to_string(path).unwrap();
            let text = text.replace(r#""\ud800""#, r#""?""#);
            let exchanges: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
            for exchange in exchanges {
                let body = &exchange["response"]["json"];
                let Some(error_type) = body["error_type"].as_str() else {
                    continue;
                };
                let list = body["errors"].as_array().cloned();
                let list = list.unwrap_or_else(|| vec![body["errors"].clone()]);
                let texts = list.iter().filter_map(serde_json::Value::as_str);
                errors.extend(texts.map(|text| (error_type.to_owned(), text.to_owned())));
            }
        }
        errors
    }

    #[test]
    fn recorded_sentences_are_shown_and_sql_markup_and_command_lines_are_not() {
        let errors = recorded_errors();
        assert!(errors.len() > 200, "{}", errors.len());
        for (error_type, text) in &errors {
            let shown = readable(error_type, text);
            if READABLE_TYPES.contains(&error_type.as_str()) && error_type != WRONG_KEY {
                assert_eq!(shown, Some(text.as_str()), "{error_type}");
            }
            let harmful = [
                "psycopg2",
                "[SQL",
                "<",
                "{",
                "at 0x",
                "ipmitool",
                "Command '",
            ];
            let shown = shown.unwrap_or_default();
            assert!(
                !harmful.iter().any(|mark| shown.contains(mark)),
                "{error_type}: {shown}"
            );
        }
    }

    #[test]
    fn text_of_many_lines_becomes_one_bounded_line() {
        assert_eq!(one_line(" a\n\tb\0 c "), "a b c");
        assert_eq!(one_line(&"ü".repeat(300)).chars().count(), 203);
    }

    #[test]
    fn password_of_a_command_line_is_masked() {
        let masked = "['-U', 'u', '-P', ********, '-R', '1']' failed";
        for quoted in ["'hunter2'", r"'it\'s'", r#"\"it's\""#, r#""it's""#] {
            let text = format!("['-U', 'u', '-P', {quoted}, '-R', '1']' failed");
            assert_eq!(without_passwords(&text), masked);
        }
        for (text, masked) in [
            (
                "ipmitool -U u -P hunter2 power",
                "ipmitool -U u -P ******** power",
            ),
            ("ipmitool -Phunter2 power", "ipmitool -P******** power"),
            ("ipmitool -P 'hunter 2' power", "ipmitool -P ******** power"),
            (r#"["-P", "hunter2", "x"]"#, r#"["-P", ********, "x"]"#),
            (r#"[\"-P\", \"hunter2\", 1]"#, r#"[\"-P\", ********, 1]"#),
            ("[&#39;-P&#39;, &#39;hunter2&#39;]", "[&#39;-P********"),
            ("[%27-P%27%2C%20%27hunter2%27]", "[%27-P********"),
            (
                r"[\u0027-P\u0027, \u0027hunter2\u0027]",
                r"[\u0027-P********",
            ),
            ("X-Powered-By, --PS, VIA-PXE", "X-Powered-By, --PS, VIA-PXE"),
        ] {
            assert_eq!(without_passwords(text), masked);
        }
        assert_eq!(readable("InvalidUsage", "ipmitool -P hunter2 failed"), None);
        // Where the end of the password cannot be found, or was cut off, nothing behind the flag is kept.
        for rest in [
            "hunter2, 'x', 'hunter2'",
            "b'hunter2'",
            "",
            "é",
            "\\u0022x",
            "'hunt",
        ] {
            let text = format!("['-P', {rest}");
            assert_eq!(without_passwords(&text), "['-P', ********");
        }
    }
}
