//! Passwords in what the server says.
//!
//! A failing BMC makes the server quote its `ipmitool` command line, as Python prints a list, with the BMC's
//! password behind `-P`. The raw answer is kept for those who ask for every detail, without that password.

/// What stands before a password in a quoted command line.
const FLAG: &str = "'-P', ";
const MASK: &str = "********";

/// The text with every quoted password behind `-P` masked; where its end cannot be found, the rest goes too.
pub(crate) fn passwords(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(flag) = rest.find(FLAG) {
        let (before, password) = rest.split_at(flag + FLAG.len());
        kept.push_str(before);
        kept.push_str(MASK);
        rest = after_quoted(password);
    }
    kept.push_str(rest);
    kept
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
    use crate::client::http::redact::passwords;

    #[test]
    fn the_password_of_a_command_line_is_masked() {
        let text = "Command '['ipmitool', '-U', 'u', '-P', 'hunter2', '-R', '1']' failed";
        assert_eq!(
            passwords(text),
            "Command '['ipmitool', '-U', 'u', '-P', ********, '-R', '1']' failed"
        );
    }

    #[test]
    fn a_password_with_quotes_is_masked_whole() {
        for quoted in [r"'it\'s'", r#"\"it's\""#, r#""it's""#] {
            assert_eq!(
                passwords(&format!("['-P', {quoted}, 'x']")),
                "['-P', ********, 'x']"
            );
        }
    }

    #[test]
    fn a_password_that_is_not_quoted_takes_the_rest_with_it() {
        for password in ["hunter2, 'x', 'hunter2'", "b'hunter2'", "", "é", "\\u0022x"] {
            assert_eq!(passwords(&format!("['-P', {password}")), "['-P', ********");
        }
    }

    #[test]
    fn a_body_that_was_cut_inside_the_password_keeps_nothing_of_it() {
        assert_eq!(passwords("['-P', 'hunt"), "['-P', ********");
    }
}
