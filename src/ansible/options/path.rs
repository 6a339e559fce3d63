//! Expansion of `~` and `$VARIABLE` in paths, as Python's `expanduser(expandvars(path))` does it.

use std::env;
use std::fs;

/// Variables first, then the home directory.
pub fn expand(path: &str) -> String {
    let variable = |name: &str| env::var(name).ok();
    expand_user(&expand_variables(path, variable), home)
}

/// Replaces `$NAME` and `${NAME}`; a variable that is not set is left as it is written.
fn expand_variables(path: &str, variable: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::new();
    let mut rest = path;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        let (reference, name) = reference(rest);
        match variable(name).filter(|_| !name.is_empty()) {
            Some(value) => expanded.push_str(&value),
            None => expanded.push_str(reference),
        }
        rest = &rest[reference.len()..];
    }
    expanded + rest
}

/// The reference to a variable that a text starts with, at least the dollar sign, and the name in it.
fn reference(text: &str) -> (&str, &str) {
    if let Some((name, _)) = text
        .strip_prefix("${")
        .and_then(|rest| rest.split_once('}'))
    {
        return (&text[..name.len() + 3], name);
    }
    let name = &text[1..];
    let end = name
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(name.len());
    (&text[..=end], &name[..end])
}

/// Replaces a leading `~` or `~user`; a user that is not known is left as it is written.
fn expand_user(path: &str, home: impl Fn(&str) -> Option<String>) -> String {
    let Some(rest) = path.strip_prefix('~') else {
        return path.to_owned();
    };
    let (user, tail) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match home(user) {
        Some(home) => match format!("{}{tail}", home.trim_end_matches('/')) {
            root if root.is_empty() => "/".to_owned(),
            expanded => expanded,
        },
        None => path.to_owned(),
    }
}

/// The home directory of a user, of the one who runs this when none is named.
fn home(user: &str) -> Option<String> {
    if user.is_empty() {
        return env::home_dir()?.into_os_string().into_string().ok();
    }
    let users = fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        (fields.first() == Some(&user)).then(|| fields.get(5).map(|home| (*home).to_owned()))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_variables() {
        let variable = |name: &str| (name == "LAB").then(|| "/srv/lab".to_owned());
        for (path, expected) in [
            ("$LAB/x", "/srv/lab/x"),
            ("${LAB}x", "/srv/labx"),
            ("$LABx", "$LABx"),
            ("a$", "a$"),
            ("$$LAB", "$/srv/lab"),
            ("${LAB", "${LAB"),
            ("${}", "${}"),
            ("ä$LAB-ö", "ä/srv/lab-ö"),
        ] {
            assert_eq!(expand_variables(path, variable), expected, "{path}");
        }
    }

    #[test]
    fn expands_homes() {
        let home = |user: &str| match user {
            "" => Some("/home/me/".to_owned()),
            "root" => Some("/".to_owned()),
            _ => None,
        };
        for (path, expected) in [
            ("~", "/home/me"),
            ("~/x", "/home/me/x"),
            ("~root", "/"),
            ("~root/x", "/x"),
            ("~nobody-here/x", "~nobody-here/x"),
            ("a~", "a~"),
        ] {
            assert_eq!(expand_user(path, home), expected, "{path}");
        }
    }
}
