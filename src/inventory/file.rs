//! The file with the inventory's options, and the one with the token.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Map, Value};

use super::config::SPEC;
use crate::ansible::{Failure, Kind, expand_path};

const TOKEN: &str = "mrp_token";
const TOKEN_FILE: &str = "token_file";

/// The options that a file gives, with the token out of the file that it names.
pub(super) fn read(path: &Path) -> Result<Map<String, Value>, Failure> {
    let file = Text::read(path)?;
    let mut given = parse(&file.text).map_err(|(line, problem)| {
        Failure::new(format!("line {line} of {} {problem}", path.display()))
    })?;
    find_files(&mut given, path.parent().unwrap_or(Path::new("")));
    let has_token = [TOKEN, "token"]
        .iter()
        .any(|name| given.contains_key(*name));
    if has_token {
        file.require_private(path)?;
    }
    let Some(token_file) = given.get(TOKEN_FILE).and_then(Value::as_str).map(Path::new) else {
        return Ok(given);
    };
    if has_token {
        return Err(Failure::new(format!(
            "{} has both a token and a {TOKEN_FILE}",
            path.display()
        )));
    }
    let token = Text::read(token_file)?;
    token.require_private(token_file)?;
    given.insert(TOKEN.into(), token.text.into());
    Ok(given)
}

/// Lines of `name = value`, blank ones, and comments behind a `#` at the beginning of a line.
fn parse(text: &str) -> Result<Map<String, Value>, (usize, &'static str)> {
    let mut given = Map::new();
    for (line, text) in (1..).zip(text.lines().map(str::trim)) {
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (name, value) = text
            .split_once('=')
            .ok_or((line, "is not of the form name = value"))?;
        if given
            .insert(name.trim().to_owned(), value.trim().into())
            .is_some()
        {
            return Err((line, "gives an option that an earlier line gives"));
        }
    }
    given.retain(|_, value| value != "");
    Ok(given)
}

/// A file is named from where the one with the options is, wherever Ansible is run.
fn find_files(given: &mut Map<String, Value>, here: &Path) {
    for option in SPEC.all_options() {
        if let (Kind::Path, Some(Value::String(path))) = (option.kind, given.get_mut(option.name)) {
            *path = here.join(expand_path(path)).to_string_lossy().into_owned();
        }
    }
}

struct Text {
    text: String,
    /// Whether its owner alone can read it.
    is_private: bool,
}

impl Text {
    fn read(path: &Path) -> Result<Text, Failure> {
        let mut text = String::new();
        let read = File::open(path).and_then(|mut file| {
            file.read_to_string(&mut text)?;
            file.metadata()
        });
        match read {
            Ok(metadata) => Ok(Text {
                text,
                is_private: metadata.permissions().mode() & 0o077 == 0,
            }),
            Err(error) => Err(Failure::new(format!(
                "cannot read {}: {error}",
                path.display()
            ))),
        }
    }

    fn require_private(&self, path: &Path) -> Result<(), Failure> {
        if self.is_private {
            return Ok(());
        }
        let path = path.display().to_string();
        Err(Failure::new(format!(
            "{path} has a token and others can read it; type: chmod 600 '{}'",
            path.replace('\'', "'\\''")
        )))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_comments_and_blanks() {
        let text = "# the lab\n\nmrp_url = http://lab/?a=b\r\n  query=(= arch \"arm64\") # no comment \ncache =\n";
        assert_eq!(
            Value::from(parse(text).unwrap()),
            json!({ "mrp_url": "http://lab/?a=b", "query": "(= arch \"arm64\") # no comment" })
        );
    }

    #[test]
    fn what_is_no_option_is_told_by_its_line_and_not_by_its_text() {
        assert_eq!(parse("a = 1\n\n[mrp]\n").unwrap_err().0, 3);
        assert_eq!(parse("a = 1\na = 2\n").unwrap_err().0, 2);
    }

    #[test]
    fn files_are_named_from_the_file_that_names_them() {
        let mut given = parse("token_file = token\ncache = /var/x\nquery = y\n").unwrap();
        find_files(&mut given, Path::new("/lab"));
        assert_eq!(
            Value::from(given),
            json!({ "token_file": "/lab/token", "cache": "/var/x", "query": "y" })
        );
    }
}
