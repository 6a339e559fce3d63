//! What is odd about the text of a preseed: marks of an editor, a file of another kind, a secret.

use crate::task::template::{self, TemplateCheck};

/// The length of the server's own tokens, and of other keys of 32 bytes, in base64.
const TOKEN_LENGTH: usize = 44;

/// The shortest word behind `Bearer` that is taken for a token.
const SHORTEST_TOKEN: usize = 8;

/// What the server would not take, or render to nothing, in the template of a preseed: sentences with what helps.
pub(in crate::task) fn template_warnings(title: &str, check: &TemplateCheck) -> Vec<String> {
    if let Some(problem) = &check.problem {
        return vec![template_problem(title, problem)];
    }
    let undefined = check.undefined.iter();
    undefined
        .map(|(name, line)| {
            format!(
                "{title} names '{name}' in line {line}, which the server does not know and renders to nothing; it knows \
                 hostname, ssh_key, ssh_keys, interfaces, kernel, initrd and kernel_options"
            )
        })
        .collect()
}

pub(super) fn template_problem(title: &str, problem: &template::SyntaxProblem) -> String {
    let template::SyntaxProblem { line, reason } = problem;
    format!(
        "{title} is no template that the server can render: line {line}: {reason}; put such text between \
         '{{% raw %}}' and '{{% endraw %}}'"
    )
}

/// What an installer would stumble over, or what should not be public: sentences with what helps.
pub(in crate::task) fn text_warnings(title: &str, text: &str) -> Vec<String> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let starts_with = |mark: &str| {
        let head = start.as_bytes().get(..mark.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(mark.as_bytes()))
    };
    let mut problems: Vec<&str> = Vec::new();
    if starts_with("<!doctype html") || starts_with("<html") {
        problems.push("is a page of HTML and no answer file; the download of it may have failed");
    }
    if starts_with("\u{7f}ELF") {
        problems.push("is a program and no answer file; look whether the right file was named");
    }
    if text.starts_with('\u{feff}') {
        problems.push("begins with a byte order mark, which installers take for a part of the first line; save it without");
    }
    if text.contains("\r\n") {
        problems.push("has the line ends of Windows, and installers take the carriage return for a part of the value; save it with LF alone");
    }
    if has_secret(text) {
        problems.push(
            "seems to hold a token or a private key, and anyone who reaches the server can read it rendered; keep secrets out of it",
        );
    }
    problems
        .into_iter()
        .map(|problem| format!("{title} {problem}"))
        .collect()
}

/// Whether a text has something that looks like a token or a private key.
fn has_secret(text: &str) -> bool {
    text.contains("PRIVATE KEY-----")
        || words_after_bearer(text).any(is_token)
        || text
            .split_inclusive('=')
            .filter_map(|part| part.strip_suffix('='))
            .any(ends_with_token)
}

/// Whether a text before a `=` ends like a token. The `=` of an assignment before the token is none of it.
fn ends_with_token(before: &str) -> bool {
    let word = before.rsplit(|c: char| !is_base64(c)).next();
    word.is_some_and(|word| word.len() == TOKEN_LENGTH - 1)
}

fn words_after_bearer(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split("Bearer ").skip(1);
    after.filter_map(|rest| {
        rest.split(|c: char| c.is_whitespace() || "\"'".contains(c))
            .next()
    })
}

/// Whether it is a token, and no variable of a shell or a template that stands for one.
fn is_token(word: &str) -> bool {
    word.len() >= SHORTEST_TOKEN && word.chars().all(|c| is_base64(c) || "-_.".contains(c))
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_no_answer_file_or_not_for_all_eyes_is_told() {
        for (text, part) in [
            ("<!DOCTYPE HTML>\n<p>", "HTML"),
            ("\u{feff}\n<html lang=\"en\">", "HTML"),
            ("\u{7f}ELF\u{2}", "is a program"),
            ("\u{feff}d-i a/b string c\n", "byte order mark"),
            ("d-i a/b string c\r\n", "line ends of Windows"),
            ("curl -H 'Authorization: Bearer alice-token'", "a token"),
            (
                "x=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n",
                "a token",
            ),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "private key"),
        ] {
            let found = text_warnings("preseed 'x'", text).join("\n");
            assert!(found.contains(part), "{text:?}: {found}");
        }
    }

    #[test]
    fn ordinary_text_is_not_warned_of() {
        for text in [
            "d-i passwd/user-password-crypted password $6$abc$defghijk\n",
            "curl -H \"Authorization: Bearer $token\" -H 'Authorization: Bearer {{ x }}' # Bearer TOKEN",
            "<?xml version=\"1.0\"?>\n<profile/>",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9cZ0hV0y5Qf1Nn7c8YbUe0Q2l6S0m3VQ1o4p5q6r7s a@b",
            "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ] {
            assert_eq!(text_warnings("preseed 'x'", text), [""; 0], "{text}");
        }
    }
}
