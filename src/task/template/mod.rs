//! A check of preseeds as the server reads them: Jinja2 templates. It finds the everyday mistakes, such as a shell's
//! `${#name}`, and names that the server does not know. A template engine would find all, but adds more than a hundred
//! kilobytes to what Ansible copies for every task; the server's own rendering has the last word.

mod names;
mod tokens;

use names::Names;
pub(crate) use tokens::SyntaxProblem;
use tokens::{Tag, TagKind, Token};

/// What was found in a template.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct TemplateCheck {
    /// Why the server would refuse it.
    pub(crate) problem: Option<SyntaxProblem>,
    /// Names that render to nothing, each with its first line.
    pub(crate) undefined: Vec<(String, usize)>,
}

/// Checks a template.
pub(crate) fn check(text: &str) -> TemplateCheck {
    let tags = match tokens::tags(text) {
        Ok(tags) => tags,
        Err(problem) => {
            return TemplateCheck {
                problem: Some(problem),
                undefined: Vec::new(),
            };
        }
    };
    let problem = tags.iter().find_map(grammar_problem);
    let problem = problem.or_else(|| nesting_problem(&tags));
    let undefined = match problem {
        None => Names::of(&tags).undefined(),
        Some(_) => Vec::new(),
    };
    TemplateCheck { problem, undefined }
}

/// The statements of the server's Jinja2 that stand alone.
const SINGLE: [&str; 6] = ["extends", "print", "include", "from", "import", "set"];
/// Those that have an end, `for` and `endfor`.
const BLOCKS: [&str; 6] = ["for", "if", "block", "macro", "call", "filter"];

/// What is wrong in a tag of its own.
fn grammar_problem(tag: &Tag) -> Option<SyntaxProblem> {
    let expression = match (tag.kind, tag.tokens.as_slice()) {
        (TagKind::Print, tokens) => tokens,
        (TagKind::Statement, [Token::Name("if" | "elif"), rest @ ..]) => rest,
        (TagKind::Statement, [Token::Name(_), ..]) => return None,
        (TagKind::Statement, _) => return Some(problem(tag.line, "a '{%' has no statement")),
    };
    let reason = expression_problem(expression)?;
    Some(problem(tag.line, reason))
}

fn problem(line: usize, reason: impl Into<String>) -> SyntaxProblem {
    let reason = reason.into();
    SyntaxProblem { line, reason }
}

/// Whether operands and operators take turns; no more is checked.
fn expression_problem(tokens: &[Token]) -> Option<String> {
    let mut has_operand = false;
    let mut before: Option<Token> = None;
    let mut is_test = false;
    for token in tokens {
        let after = before.replace(*token);
        let follows_dot = matches!(after, Some(Token::Sign(".")));
        match token {
            Token::Sign(")" | "]" | "}" | "," | ":" | ";") => {
                has_operand = matches!(token, Token::Sign(")" | "]" | "}"));
                is_test = false;
            }
            Token::Sign("(" | "[" | "{") => has_operand = false,
            // A sign of a number, or the arguments of a call.
            Token::Sign("+" | "-" | "*" | "**") => has_operand = false,
            Token::Sign(sign) if !has_operand => return Some(format!("unexpected '{sign}'")),
            Token::Sign(_) => has_operand = false,
            Token::Name("not") => {}
            Token::Name("is") if has_operand => (has_operand, is_test) = (false, true),
            Token::Name("and" | "or" | "in" | "if" | "else") if has_operand && !follows_dot => {
                (has_operand, is_test) = (false, false);
            }
            // Two texts beside each other are one, and a test may have its argument without brackets.
            Token::Literal if has_operand && (is_test || after == Some(Token::Literal)) => {}
            Token::Name(_) if has_operand && is_test => {}
            Token::Name(name) if has_operand => return Some(format!("unexpected '{name}'")),
            Token::Literal if has_operand => return Some("unexpected text or number".into()),
            Token::Name(_) | Token::Literal => has_operand = true,
        }
    }
    (!has_operand).then(|| "an expression is missing".to_owned())
}

/// A statement that is none, or a block that does not end where it should.
fn nesting_problem(tags: &[Tag]) -> Option<SyntaxProblem> {
    let mut open: Vec<(&str, usize)> = Vec::new();
    for tag in tags.iter().filter(|tag| tag.kind == TagKind::Statement) {
        let Some(Token::Name(word)) = tag.tokens.first() else {
            continue;
        };
        match word.strip_prefix("end") {
            Some(name) if open.last().is_some_and(|(block, _)| *block == name) => drop(open.pop()),
            Some(_) => return Some(problem(tag.line, format!("unexpected '{{% {word} %}}'"))),
            None if *word == "set" && !tag.tokens.contains(&Token::Sign("=")) => {
                open.push((word, tag.line));
            }
            None if BLOCKS.contains(word) => open.push((word, tag.line)),
            None if matches!(*word, "else" | "elif") => {
                if !open
                    .last()
                    .is_some_and(|(block, _)| matches!(*block, "if" | "for"))
                {
                    return Some(problem(tag.line, format!("unexpected '{{% {word} %}}'")));
                }
            }
            None if SINGLE.contains(word) => {}
            None => return Some(problem(tag.line, format!("unknown statement '{word}'"))),
        }
    }
    let (block, line) = open.last()?;
    Some(problem(
        *line,
        format!("'{{% {block} %}}' has no '{{% end{block} %}}'"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> Option<String> {
        check(text)
            .problem
            .map(|problem| format!("{}: {}", problem.line, problem.reason))
    }

    #[test]
    fn everyday_words_of_shells_and_tools_are_problems() {
        for (text, expected) in [
            (
                "a\necho ${#array[@]}\n",
                "2: '${#' of a shell begins a comment, which has no end",
            ),
            ("awk '{{print $1}}'", "1: unexpected '$'"),
            ("docker ps --format '{{.Names}}'", "1: unexpected '.'"),
            ("{{ }}", "1: an expression is missing"),
            ("{{ hostname", "1: '{{' has no '}}'"),
            ("\n\n{% if hostname", "3: '{%' has no '%}'"),
            ("{% if hostname %}\nx", "1: '{% if %}' has no '{% endif %}'"),
            ("{% endif %}", "1: unexpected '{% endif %}'"),
            ("{% for a in b %}{% endif %}", "1: unexpected '{% endif %}'"),
            ("date +{%Y}", "1: '{%' has no '%}'"),
            ("{% foo %}", "1: unknown statement 'foo'"),
            ("{% else %}", "1: unexpected '{% else %}'"),
            ("{{ a b }}", "1: unexpected 'b'"),
            ("{{ a + }}", "1: an expression is missing"),
            ("{{ 'a }}", "1: unexpected '"),
            ("{% raw %} {{ x", "1: '{% raw %}' has no '{% endraw %}'"),
        ] {
            assert_eq!(reason(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn templates_that_the_server_takes_are_no_problems() {
        for text in [
            "",
            "d-i a/b string ${name} { } #} %} }}",
            "{# comment\n#}x",
            "{{ hostname }} {{hostname|upper}} {{- hostname -}}",
            "{% raw %}{{ .Names }} ${#a}{%- endraw %}",
            "{{ interfaces[0].name if interfaces else 'none' }}",
            "{{ {'a': 1, 'b': {}}['a'] }} {{ (1, 2) }} {{ [] }} {{ () }}",
            "{% for i in interfaces if i.mac -%}{{ loop.index }}{% else %}x{% endfor %}",
            "{% set a = 1 %}{% set b %}x{% endset %}{{ a + -1 }}",
            "{{ a is defined and a is not none }} {{ 4 is divisibleby 2 }} {{ 'a' 'b' }}",
            "{{ a not in b or not c }} {{ a[1:2] }} {{ a[:2] }} {{ f(*a, **b) }}",
            "{{ ssh_keys|join('\\n') }} {{ a ~ \"b\\\"c\" }} {{ 1.5 * 2 // 3 }} {{ a != b }}",
            "{% if a %}x{% elif b %}y{% else %}z{% endif %}",
            "{% macro m(a, b=1) %}{{ a }}{% endmacro %}{{ m(1, b=2) }}",
        ] {
            assert_eq!(reason(text), None, "{text}");
        }
    }

    #[test]
    fn names_that_the_server_does_not_know_are_found_with_their_lines() {
        let undefined = |text: &str| {
            let found = check(text);
            assert_eq!(found.problem, None, "{text}");
            found
                .undefined
                .into_iter()
                .map(|(name, line)| format!("{name} {line}"))
                .collect::<Vec<_>>()
        };
        let empty: [&str; 0] = [];
        for known in [
            "{{ hostname }} {{ ssh_key }} {{ ssh_keys[0] }} {{ kernel.description }}",
            "{{ initrd.filename }} {{ kernel_options }}{% for i in interfaces %}{{ i.name }}{{ loop.index }}{% endfor %}",
            "{% set x = 1 %}{{ x }}{% macro m(a, b=2) %}{{ a ~ b ~ varargs }}{% endmacro %}{{ m(a=1) }}",
            "{{ proxy is defined }} {{ mirror|default('x') }} {{ range(3)|list }} {{ true or none }}",
            "{% for k, v in {}.items() recursive %}{{ k ~ v }}{% endfor %} {{ a if a is defined else 1 }}",
        ] {
            assert_eq!(undefined(known), empty, "{known}");
        }
        assert_eq!(
            undefined(
                "{{ host }}\n{{ proxy.url|upper }} {{ host }}\n{% if disk == 'a' %}{% endif %}"
            ),
            ["host 1", "proxy 2", "disk 3"]
        );
        assert_eq!(
            undefined("{% for i in disks %}{{ i }}{% endfor %}"),
            ["disks 1"]
        );
    }
}
