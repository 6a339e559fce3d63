//! The labs of the configuration file, `mrp/labs.cfg`: the server and the token of each.
//!
//! The file is the command line's, and serves the modules and the inventory as well.

use std::env;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::ansible::options::options_file::{self, OptionsFile};
use crate::ansible::{Failure, Kind, ModuleSpec, Opt};
use crate::modules::options::connection;
use crate::support::suggest::{did_you_mean, near};

/// The file's name below a configuration directory.
const FILE: &str = "mrp/labs.cfg";
/// The option before the first section that names the default lab.
pub(crate) const DEFAULT: &str = "lab";
/// The environment variable that names a lab.
pub(crate) const VARIABLE: &str = "MRP_LAB";
/// The option that names a lab.
pub(crate) const NAME: &str = "mrp_lab";

/// The options of a lab's section.
static SPEC: ModuleSpec = ModuleSpec {
    options: &[connection::OPTIONS, &[Opt::new("token_file", Kind::Path)]],
    ..ModuleSpec::EMPTY
};

/// The options of the lab that a task or `MRP_LAB` names. A task that names a server does not want the lab of the
/// environment: no server gets the token of another.
pub(crate) fn expand(
    lab: Option<&str>,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Failure> {
    let is_given = |name: &&str| given.get(*name).is_some_and(|value| !value.is_null());
    let has_server = ["mrp_url", "url"].iter().any(is_given);
    let lab = match (lab, has_server) {
        (Some(_), true) => {
            return Err(Failure::invalid_call(
                "O(mrp_lab) and O(mrp_url) each name a server: give one of them",
            ));
        }
        (Some(lab), false) => lab.to_owned(),
        (None, true) => return Ok(Map::new()),
        (None, false) => match variable(VARIABLE) {
            Some(lab) => lab,
            None => return Ok(Map::new()),
        },
    };
    lab_options(&file_with(&lab)?, &lab)
}

pub(crate) fn invalid_lab(message: String, hint: impl Into<String>) -> Failure {
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

/// The file of labs, if there is one.
#[cfg(feature = "cli")]
pub(crate) fn file() -> Result<Option<OptionsFile>, Failure> {
    existing_file().map(|path| read(&path)).transpose()
}

/// The file, which must exist when a lab is named.
pub(crate) fn file_with(lab: &str) -> Result<OptionsFile, Failure> {
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

/// The file, which has nothing but labs and the default.
pub(crate) fn read(path: &Path) -> Result<OptionsFile, Failure> {
    require_labs(OptionsFile::read(path)?)
}

/// The same file, if it has nothing but labs and the default.
pub(crate) fn require_labs(file: OptionsFile) -> Result<OptionsFile, Failure> {
    let path = file.path().display();
    match file.preamble().keys().find(|name| *name != DEFAULT) {
        Some(name) => Err(invalid_lab(
            format!("{path} has an option '{name}' before its first lab"),
            "A lab begins with a line [NAME].",
        )),
        None => Ok(file),
    }
}

pub(crate) fn lab_options(file: &OptionsFile, lab: &str) -> Result<Map<String, Value>, Failure> {
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
        let mut known = SPEC.all_options().filter(|option| option.name != NAME);
        let Some(option) = known.find(has_name) else {
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
pub(crate) fn existing_file() -> Option<PathBuf> {
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
