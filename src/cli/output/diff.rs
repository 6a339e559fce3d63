//! Differences, line by line, as `diff -u` shows them.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::cli::output::colours::{self, paint};
use crate::cli::output::object_names::named_lines;
use crate::cli::output::text::without_controls;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

/// One difference of a result; empty where the texts are equal. `names` are for the ids in a difference of fields.
pub(crate) fn diff_text(diff: &Value, names: Option<&Value>) -> String {
    let text = |key: &str| without_controls(diff[key].as_str().unwrap_or_default());
    let (mut before, mut after) = (text("before"), text("after"));
    if let Some(names) = names {
        (before, after) = (named_lines(&before, names), named_lines(&after, names));
    }
    if before == after {
        return String::new();
    }
    let headers = [text("before_header"), text("after_header")];
    let mut shown = format!("--- {}\n+++ {}\n", headers[0], headers[1]);
    let lines = TextDiff::from_lines(before.as_str(), after.as_str());
    for operation in lines.grouped_ops(CONTEXT).concat() {
        for change in lines.iter_changes(&operation) {
            let line = change.value().trim_end_matches('\n');
            let line = match change.tag() {
                ChangeTag::Equal => format!(" {line}"),
                ChangeTag::Delete => paint(colours::REMOVED, &format!("-{line}")),
                ChangeTag::Insert => paint(colours::GOOD, &format!("+{line}")),
            };
            shown.push_str(&(line + "\n"));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_texts_have_no_difference() {
        let shown = |after: &str| {
            diff_text(
                &json!({ "before_header": "it", "after_header": "it", "before": "a\n", "after": after }),
                None,
            )
        };
        assert_eq!(shown("a\n"), "");
        assert!(shown("b\n").starts_with("--- it\n+++ it\n"));
    }
}
