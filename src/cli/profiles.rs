//! Which lab to talk to: typed, from the environment, or the default of the configuration file.

use std::env::{self, VarError};

use serde_json::{Map, Value};

use crate::ansible::Failure;
use crate::cli::output::markup;
use crate::cli::output::text::enumerate;
use crate::modules::options::connection;
use crate::modules::options::labs::{
    DEFAULT, VARIABLE, existing_file, file_with, invalid_lab, lab_options, read, user_file,
    variable,
};

/// The options of the lab to talk to. Empty where the server is typed or in the environment: no server gets the token of
/// another.
pub(crate) fn options(
    lab: Option<&str>,
    typed: &Map<String, Value>,
) -> Result<Map<String, Value>, Failure> {
    match (lab, typed.get("mrp_url").and_then(Value::as_str)) {
        (Some(_), Some(_)) => Err(Failure::invalid_call(
            "--lab and --mrp-url each name a server: give one of them",
        )),
        (Some(lab), None) => lab_options(&file_with(lab)?, lab),
        (None, Some(url)) => {
            require_own_token(url, typed)?;
            Ok(Map::new())
        }
        (None, None) => default_options(),
    }
}

/// Fails where neither the options nor the environment have the server and the token.
pub(crate) fn require_server(options: &Map<String, Value>) -> Result<(), Failure> {
    let needed = connection::OPTIONS.iter();
    let needed = needed.filter(|option| !options.contains_key(option.name));
    for variable in needed.filter_map(|option| option.env) {
        if matches!(env::var(variable), Err(VarError::NotUnicode(_))) {
            let problem = format!("the variable {variable} is not UTF-8");
            return Err(Failure::invalid_call(problem));
        }
    }
    let mut required = connection::OPTIONS.iter().filter(|option| option.required);
    let missing = required.find(|option| {
        !options.contains_key(option.name) && option.env.and_then(variable).is_none()
    });
    let Some(missing) = missing else {
        return Ok(());
    };
    Err(invalid_lab(
        format!("{} is missing", markup::flag(missing.name)),
        format!(
            "Set MRP_URL and MRP_TOKEN, or write a lab to {}: a line [NAME], then mrp_url = URL and token_file = FILE.",
            user_file().display()
        ),
    ))
}

/// A server that is typed gets the token of `MRP_TOKEN`, unless `MRP_URL` is another server.
fn require_own_token(url: &str, typed: &Map<String, Value>) -> Result<(), Failure> {
    let is_other = |other: &String| other.trim_end_matches('/') != url.trim_end_matches('/');
    let is_foreign = variable("MRP_URL").is_some_and(|other| is_other(&other))
        && variable("MRP_TOKEN").is_some()
        && !typed.contains_key("mrp_token");
    if !is_foreign {
        return Ok(());
    }
    Err(invalid_lab(
        "--mrp-url is not the server of MRP_URL, and MRP_TOKEN is for that one".to_owned(),
        "Give its own with --mrp-token, or set MRP_URL and MRP_TOKEN to that server's.",
    ))
}

/// The options of the lab in `MRP_LAB`; else none where `MRP_URL` has a server; else those of the file's default.
fn default_options() -> Result<Map<String, Value>, Failure> {
    if let Some(lab) = variable(VARIABLE) {
        return lab_options(&file_with(&lab)?, &lab);
    }
    let Some(path) = existing_file().filter(|_| variable("MRP_URL").is_none()) else {
        return Ok(Map::new());
    };
    let file = read(&path)?;
    let default = file.preamble().get(DEFAULT).and_then(Value::as_str);
    let labs: Vec<&str> = file.names().collect();
    match (default, &labs[..]) {
        (Some(lab), _) | (None, &[lab]) => lab_options(&file, lab),
        (None, []) => Ok(Map::new()),
        (None, labs) => {
            let (path, labs) = (path.display(), enumerate(labs));
            Err(invalid_lab(
                format!("no lab is chosen: {path} has {labs}"),
                format!(
                    "Choose one with --lab NAME, with {VARIABLE}, or with a line {DEFAULT} = NAME before the first."
                ),
            ))
        }
    }
}
