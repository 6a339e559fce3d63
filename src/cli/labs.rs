//! `mrp lab list` and `mrp lab use`: the labs of the configuration file, and which of them is the default.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::ArgMatches;
use serde_json::{Value, json};

use crate::ansible::Failure;
use crate::cli::INVALID_CALL;
use crate::cli::command_request::format;
use crate::cli::output::format::{OutputFormat, data_text, names_text};
use crate::cli::output::table::{TableOptions, table_text};
use crate::cli::output::terminal;
use crate::cli::output::text::display_text;
use crate::cli::parser::NO_HEADERS;
use crate::modules::options;
use crate::support::io_error;
use crate::support::suggest::{did_you_mean, near};

/// The keys of a lab, which are the columns of the list too.
const COLUMNS: [&str; 3] = ["name", "mrp_url", "chosen"];

/// Prints the labs.
pub(crate) fn list(matches: &ArgMatches) -> ExitCode {
    let text = labs().and_then(|labs| labs_text(matches, &labs));
    print(text)
}

/// Makes a lab the default.
pub(crate) fn choose(matches: &ArgMatches) -> ExitCode {
    let lab: &String = matches.get_one("name").expect("it is required");
    print(make_default(lab))
}

fn print(text: Result<String, Failure>) -> ExitCode {
    match text {
        Ok(text) => terminal::print(&text),
        Err(failure) => {
            terminal::print_failure(&failure);
            ExitCode::from(INVALID_CALL)
        }
    }
}

fn labs_text(matches: &ArgMatches, labs: &[Value]) -> Result<String, Failure> {
    let format = format(matches)?;
    if format == OutputFormat::Names {
        return Ok(names_text(labs, "name"));
    }
    if format.is_data() {
        return Ok(data_text(format, &json!({ "labs": labs })));
    }
    if labs.is_empty() && !matches.get_flag(NO_HEADERS) {
        let path = options::labs::user_file();
        return Ok(format!(
            "none: write a lab to {}: a line [NAME], then mrp_url = URL and token_file = FILE\n",
            path.display()
        ));
    }
    let cells = |lab: &Value| COLUMNS.iter().map(|key| display_text(&lab[*key])).collect();
    let rows: Vec<Vec<String>> = labs.iter().map(cells).collect();
    let options = TableOptions {
        width: terminal::size().map(|(columns, _)| columns),
        has_heading: !matches.get_flag(NO_HEADERS),
    };
    Ok(table_text(&COLUMNS, &rows, &[], options))
}

/// Each lab, with what chooses it.
fn labs() -> Result<Vec<Value>, Failure> {
    let Some(file) = options::labs::file()? else {
        return Ok(Vec::new());
    };
    let names: Vec<&str> = file.names().collect();
    let default = file
        .preamble()
        .get(options::labs::DEFAULT)
        .and_then(Value::as_str);
    let named = options::labs::variable(options::labs::VARIABLE);
    let labs = names.iter().map(|name| {
        let chosen = if named.is_some() {
            (named.as_deref() == Some(name)).then_some(options::labs::VARIABLE)
        } else if options::labs::variable("MRP_URL").is_some() {
            None
        } else {
            let is_default = default == Some(name) || (default.is_none() && names.len() == 1);
            is_default.then_some("default")
        };
        let section = file.section(name);
        let url = ["mrp_url", "url"].iter().find_map(|key| section.get(*key));
        json!({ "name": name, "mrp_url": url.map(public_url), "chosen": chosen })
    });
    Ok(labs.collect())
}

/// A URL without what may be a password.
fn public_url(url: &Value) -> String {
    let url = display_text(url);
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => url,
    }
}

/// Writes the line `lab = NAME` to the user's own file, and leaves the rest of it as it is.
fn make_default(lab: &str) -> Result<String, Failure> {
    let path = options::labs::user_file();
    let file = options::labs::file()?.filter(|file| file.path() == path);
    let Some(file) = file else {
        return Err(Failure {
            hint: Some(format!(
                "Set {}={lab} instead, or write a file of your own.",
                options::labs::VARIABLE
            )),
            ..Failure::invalid_call(format!("there is no {}", path.display()))
        });
    };
    if !file.names().any(|name| name == lab) {
        return Err(Failure {
            hint: did_you_mean(&near(lab, file.names())),
            ..Failure::invalid_call(format!("{} has no lab '{lab}'", path.display()))
        });
    }
    rewrite(&path, lab).map_err(|error| {
        let error = io_error::text(&error);
        Failure::new(format!("{} cannot be written: {error}", path.display()))
    })?;
    let mut text = format!("the default lab is {lab}\n");
    for variable in [options::labs::VARIABLE, "MRP_URL"] {
        if options::labs::variable(variable).is_some() {
            text.push_str(&format!("{variable} is set and comes first\n"));
            break;
        }
    }
    Ok(text)
}

/// Replaces the file by a copy with the line, so that it is never half written. A link stays one.
fn rewrite(path: &Path, lab: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let text = with_default(&fs::read_to_string(&path)?, lab);
    let copy = path.with_extension("cfg.new");
    fs::copy(&path, &copy)?;
    let written = fs::write(&copy, text).and_then(|()| fs::rename(&copy, &path));
    if written.is_err() {
        let _ = fs::remove_file(&copy);
    }
    written
}

/// The text of a file of labs with this default.
fn with_default(text: &str, lab: &str) -> String {
    // A byte order mark is passed over at the beginning of a file alone, and would be a part of the line behind the new one.
    let text = text.trim_start_matches('\u{feff}');
    let line = format!("{} = {lab}", options::labs::DEFAULT);
    let is_default = |text: &str| {
        let name = text.split_once('=').map(|(name, _)| name.trim());
        name == Some(options::labs::DEFAULT)
    };
    let before_first_lab = text
        .lines()
        .take_while(|text| !text.trim().starts_with('['));
    let old = before_first_lab
        .enumerate()
        .find(|(_, text)| is_default(text));
    match old {
        Some((index, _)) => {
            let lines = text.lines().enumerate();
            let lines = lines.map(|(at, old)| if at == index { line.as_str() } else { old });
            lines.map(|line| format!("{line}\n")).collect()
        }
        None => format!("{line}\n{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_is_written_before_the_first_lab() {
        for (text, expected) in [
            ("[a]\nlab = x\n", "lab = b\n[a]\nlab = x\n"),
            ("# labs\nlab=a\n\n[a]\n", "# labs\nlab = b\n\n[a]\n"),
            ("", "lab = b\n"),
            ("\u{feff}[a]\n", "lab = b\n[a]\n"),
            ("\u{feff}lab = a\n[a]\n", "lab = b\n[a]\n"),
        ] {
            assert_eq!(with_default(text, "b"), expected);
        }
    }

    #[test]
    fn url_is_shown_without_a_password() {
        let shown = public_url(&json!("https://user:p@ss@lab.example/mrp/"));
        assert_eq!(shown, "https://lab.example/mrp/");
    }
}
