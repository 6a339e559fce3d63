//! The labs of the configuration file: the server and the token of each.

use std::env;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::ansible::options::options_file::{self, OptionsFile};
use crate::ansible::{Failure, Kind, ModuleSpec, Opt};
use crate::cli::output::markup;
use crate::cli::output::text::{did_you_mean, enumerate};
use crate::modules::options::connection;
use crate::support::suggest::near;

/// The file's name below a configuration directory.
const FILE: &str = "mrp/labs.cfg";
/// The option before the first section that names the default lab.
pub(crate) const DEFAULT: &str = "lab";
/// The environment variable that names a lab as `--lab` does.
pub(crate) const VARIABLE: &str = "MRP_LAB";

/// The options of a lab's section.
static SPEC: ModuleSpec = ModuleSpec {
    options: &[connection::OPTIONS, &[Opt::new("token_file", Kind::Path)]],
    ..ModuleSpec::EMPTY
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

fn invalid_lab(message: String, hint: impl Into<String>) -> Failure {
    Failure {
        hint: Some(hint.into()),
        ..Failure::invalid_call(message)
    }
}

/// The value of an environment variable; None where it is empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    let value = env::var_os(name).filter(|value| !value.is_empty());
    value.map(|value| value.to_string_lossy().into_owned())
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

/// The file of labs, if there is one.
pub(crate) fn file() -> Result<Option<OptionsFile>, Failure> {
    existing_file().map(|path| read(&path)).transpose()
}

/// The file, which must exist when a lab is named.
fn file_with(lab: &str) -> Result<OptionsFile, Failure> {
    if let Some(path) = existing_file() {
        return read(&path);
    }
    let file = user_file();
    Err(invalid_lab(
        format!("there is no configuration file with a lab '{lab}'"),
        format!(
            "Write [{lab}] with mrp_url and token_file to {}.",
            file.display()
        ),
    ))
}

/// The file. Before the first lab it may have nothing but the default.
fn read(path: &Path) -> Result<OptionsFile, Failure> {
    let file = OptionsFile::read(path)?;
    let path = path.display();
    match file.preamble().keys().find(|name| *name != DEFAULT) {
        Some(name) => Err(invalid_lab(
            format!("{path} has an option '{name}' before its first lab"),
            "A lab begins with a line [NAME].",
        )),
        None => Ok(file),
    }
}

fn lab_options(file: &OptionsFile, lab: &str) -> Result<Map<String, Value>, Failure> {
    let path = file.path().display();
    let labs: Vec<&str> = file.names().collect();
    if !labs.contains(&lab) {
        let near = near(lab, labs.iter().copied());
        let all = || format!("It has {}.", labs.join(", "));
        return Err(invalid_lab(
            format!("{path} has no lab '{lab}'"),
            did_you_mean(&near).unwrap_or_else(all),
        ));
    }
    let mut options = Map::new();
    for (name, value) in file.options(lab, &SPEC)? {
        let has_name = |option: &&Opt| option.name == name || option.aliases.contains(&&*name);
        let Some(option) = SPEC.all_options().find(has_name) else {
            let names = SPEC.all_options().map(|option| option.name);
            let problem = format!("the lab '{lab}' in {path} has an option '{name}' that is none");
            return Err(Failure {
                hint: did_you_mean(&near(&name, names)),
                ..Failure::invalid_call(problem)
            });
        };
        // The canonical name, so that the same option overrides it when typed.
        options.insert(option.name.to_owned(), value);
    }
    let problem = if !options.contains_key("mrp_url") {
        "mrp_url"
    } else if !options.contains_key("mrp_token") && variable("MRP_URL").is_some() {
        "token, and MRP_TOKEN is the one for MRP_URL"
    } else {
        return Ok(options);
    };
    Err(Failure::invalid_call(format!(
        "the lab '{lab}' in {path} has no {problem}"
    )))
}

/// The first file that exists, in the order of the XDG base directories.
fn existing_file() -> Option<PathBuf> {
    let directories = env::var_os("XDG_CONFIG_DIRS").filter(|list| !list.is_empty());
    let directories = directories.unwrap_or_else(|| "/etc/xdg".into());
    let system = env::split_paths(&directories).filter(|path| path.is_absolute());
    let mut files = vec![user_file()];
    files.extend(system.map(|path| path.join(FILE)));
    files.into_iter().find(|path| options_file::exists(path))
}

/// The user's own file, whether or not it exists.
pub(crate) fn user_file() -> PathBuf {
    let directory = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let directory = directory.filter(|path| path.is_absolute());
    let home = || Path::new(&env::var_os("HOME").unwrap_or_default()).join(".config");
    directory.unwrap_or_else(home).join(FILE)
}
