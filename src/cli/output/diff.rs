//! Differences, line by line.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::cli::output::style;
use crate::cli::output::style::paint;
use crate::cli::output::text::without_controls;

/// Lines around a change that show where it is.
const CONTEXT: usize = 3;

/// One difference of a result, as `diff -u` shows it; nothing where there is none.
pub(crate) fn of(diff: &Value) -> String {
    let text = |key: &str| without_controls(diff[key].as_str().unwrap_or_default());
    let (before, after) = (text("before"), text("after"));
    if before == after {
        return String::new();
    }
    let mut told = format!(
        "--- {}\n+++ {}\n",
        text("before_header"),
        text("after_header")
    );
    let lines = TextDiff::from_lines(before.as_str(), after.as_str());
    for hunk in lines.grouped_ops(CONTEXT) {
        for change in hunk
            .iter()
            .flat_map(|operation| lines.iter_changes(operation))
        {
            let line = change.value().trim_end_matches('\n');
            told.push_str(&match change.tag() {
                ChangeTag::Equal => format!(" {line}\n"),
                ChangeTag::Delete => paint(style::REMOVED, &format!("-{line}")) + "\n",
                ChangeTag::Insert => paint(style::GOOD, &format!("+{line}")) + "\n",
            });
        }
    }
    told
}
