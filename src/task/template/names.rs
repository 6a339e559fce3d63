//! The names that a template uses and does not define.

use crate::task::template::tokens::{Tag, TagKind, Token};

/// What the server gives to every preseed.
const GIVEN: [&str; 7] = [
    "hostname",
    "ssh_key",
    "ssh_keys",
    "interfaces",
    "kernel",
    "initrd",
    "kernel_options",
];

/// What Jinja2 itself knows, in its expressions and inside its blocks, and its words.
const KNOWN: [&str; 34] = [
    "range",
    "dict",
    "lipsum",
    "cycler",
    "joiner",
    "loop",
    "self",
    "super",
    "varargs",
    "kwargs",
    "caller",
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "true",
    "false",
    "none",
    "True",
    "False",
    "None",
    "recursive",
    "ignore",
    "missing",
    "with",
    "without",
    "context",
    "import",
    "as",
    "scoped",
    "namespace",
];

#[derive(Default)]
pub(super) struct Names<'a> {
    /// Each with the first line that uses it.
    used: Vec<(&'a str, usize)>,
    defined: Vec<&'a str>,
}

impl<'a> Names<'a> {
    pub(super) fn of(tags: &[Tag<'a>]) -> Names<'a> {
        let mut names = Names::default();
        for tag in tags {
            names.add(tag);
        }
        names
    }

    /// A name is defined for the whole template, wherever that is done: some undefined ones are not found.
    pub(super) fn undefined(self) -> Vec<(String, usize)> {
        let is_known = |name: &str| {
            GIVEN.contains(&name) || KNOWN.contains(&name) || self.defined.contains(&name)
        };
        let unknown = self.used.iter().filter(|(name, _)| !is_known(name));
        unknown
            .map(|(name, line)| ((*name).to_owned(), *line))
            .collect()
    }

    fn add(&mut self, tag: &Tag<'a>) {
        let (targets, expression) = match tag.kind {
            TagKind::Print => (&[][..], tag.tokens.as_slice()),
            TagKind::Statement => targets_and_expression(&tag.tokens),
        };
        self.defined.extend(targets.iter().filter_map(name));
        for (index, token) in expression.iter().enumerate() {
            let Some(used) = name(token) else { continue };
            let before = index
                .checked_sub(1)
                .and_then(|before| expression.get(before));
            let after = &expression[index + 1..];
            match before {
                Some(Token::Sign("." | "|") | Token::Name("is")) => continue,
                Some(Token::Name("not")) if is_test(&expression[..index - 1]) => continue,
                _ => {}
            }
            match after {
                // The name of an argument.
                [Token::Sign("="), ..] => {}
                // The template says what stands for it where it is not defined.
                [Token::Name("is"), Token::Name("defined" | "undefined"), ..]
                | [
                    Token::Name("is"),
                    Token::Name("not"),
                    Token::Name("defined"),
                    ..,
                ]
                | [Token::Sign("|"), Token::Name("default" | "d"), ..] => self.defined.push(used),
                _ if self.used.iter().any(|(known, _)| *known == used) => {}
                _ => self.used.push((used, tag.line)),
            }
        }
    }
}

fn name<'a>(token: &Token<'a>) -> Option<&'a str> {
    match token {
        Token::Name(name) => Some(name),
        _ => None,
    }
}

fn is_test(before: &[Token]) -> bool {
    before.last() == Some(&Token::Name("is"))
}

/// What a statement defines, and what it reads.
fn targets_and_expression<'t, 'a>(tokens: &'t [Token<'a>]) -> (&'t [Token<'a>], &'t [Token<'a>]) {
    let Some((Token::Name(word), rest)) = tokens.split_first() else {
        return (&[], &[]);
    };
    let split_at = |sign: Token| {
        let at = rest.iter().position(|token| *token == sign);
        rest.split_at(at.unwrap_or(rest.len()))
    };
    match *word {
        "set" => split_at(Token::Sign("=")),
        "for" => split_at(Token::Name("in")),
        "macro" | "from" | "import" => (rest, &[]),
        "block" | "include" | "extends" => (&[], &[]),
        // The first word of a filter block is the filter, and a call's are arguments and a macro.
        "filter" | "call" => (rest, &[]),
        _ => (&[], rest),
    }
}
