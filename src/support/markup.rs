//! Markup in messages and documentation: `O(force)` is the option `force`, wherever it is shown.
//!
//! Layers that know no face name options in this form, and each face renders them: Ansible `force`, the command line
//! `--force`. Documentation has further marks, those of `ansible-doc`.

/// What a mark stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mark {
    /// `O(name)` or `O(name=value)`: an option.
    Option,
    /// `V(value)`, `C(code)`, `M(module)` or `RV(return value)`: a word that is shown as it is.
    Word,
}

/// The marks, the longest first: `RV` ends with `V`.
const MARKS: [(&str, Mark); 5] = [
    ("RV", Mark::Word),
    ("O", Mark::Option),
    ("V", Mark::Word),
    ("C", Mark::Word),
    ("M", Mark::Word),
];

/// The text with every mark replaced by what `show` makes of its content.
pub(crate) fn render(text: &str, show: impl Fn(Mark, &str) -> String) -> String {
    let mut rendered = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('(') {
        let (before, behind) = rest.split_at(open);
        let mark = MARKS.iter().find(|(letters, _)| ends_with(before, letters));
        let (Some((letters, mark)), Some(length)) = (mark, closing(behind)) else {
            rendered.push_str(&rest[..=open]);
            rest = &rest[open + 1..];
            continue;
        };
        rendered.push_str(&before[..before.len() - letters.len()]);
        rendered.push_str(&show(*mark, &behind[1..length].replace('\\', "")));
        rest = &behind[length + 1..];
    }
    rendered + rest
}

/// The text as Ansible shows it: `O(force)` is `force`, and `O(wait=true)` is `wait: true`.
pub(crate) fn as_ansible(text: &str) -> String {
    render(text, |mark, content| match mark {
        Mark::Option => content.replacen('=', ": ", 1),
        Mark::Word => content.to_owned(),
    })
}

/// Whether the text ends with a mark's letters as a word of their own.
fn ends_with(text: &str, letters: &str) -> bool {
    text.strip_suffix(letters)
        .is_some_and(|head| !head.ends_with(|last: char| last.is_alphanumeric()))
}

/// Where the parenthesis ends that the text begins with; there may be others inside.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.char_indices()
        .find(|(_, character)| {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        })
        .map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_rendered_as_a_playbook_writes_them() {
        for (text, expected) in [
            (
                "act all the same with O(force).",
                "act all the same with force.",
            ),
            (
                "O(netboot_when_ready) needs O(wait=true)",
                "netboot_when_ready needs wait: true",
            ),
            (
                "the BMC(s) of C((= arch \"arm64\"))",
                "the BMC(s) of (= arch \"arm64\")",
            ),
        ] {
            assert_eq!(as_ansible(text), expected);
        }
    }
}
