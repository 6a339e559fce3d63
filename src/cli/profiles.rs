//! The configuration file with the labs: where each is, and who one is there.

use std::env;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::ansible::options::options_file;
use crate::ansible::options::options_file::OptionsFile;
use crate::ansible::{Failure, Kind, ModuleSpec, Opt};
use crate::cli::output::markup::{did_you_mean, listed};
use crate::modules::options::connection;
use crate::support::suggest::near;

/// The file's name below a configuration directory.
const FILE: &str = "mrp/labs.cfg";
/// The option in front of the sections that names the lab to use when none is asked for.
const DEFAULT: &str = "lab";
/// The variable that asks for a lab as `--lab` does.
pub(crate) const VARIABLE: &str = "MRP_LAB";

/// What may stand in a lab's section.
static SPEC: ModuleSpec = ModuleSpec {
    options: &[connection::OPTIONS, &[Opt::new("token_file", Kind::Path)]],
    ..ModuleSpec::EMPTY
};

/// The options of the lab that is meant; none where a server is typed or in the environment, so that no server ever gets
/// the token of another.
pub(crate) fn options(
    asked_for: Option<&str>,
    typed: &Map<String, Value>,
) -> Result<Map<String, Value>, Failure> {
    match (asked_for, typed.get("mrp_url").and_then(Value::as_str)) {
        (Some(_), Some(_)) => Err(Failure::new(
            "--lab and --mrp-url each name a server: give one of them",
        )),
        (Some(name), None) => of(&file_with(name)?, name),
        (None, Some(url)) => require_own_token(url, typed),
        (None, None) => unasked(),
    }
}

/// A variable with something in it.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// A server that is typed may have the token of the environment, unless that is another server's.
fn require_own_token(url: &str, typed: &Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    let is_other = |other: &String| other.trim_end_matches('/') != url.trim_end_matches('/');
    match variable("MRP_URL").filter(is_other) {
        Some(_) if variable("MRP_TOKEN").is_some() && !typed.contains_key("mrp_token") => {
            Err(Failure {
                hint: Some(
                    "Give its own with --mrp-token, or set MRP_URL and MRP_TOKEN to that server's."
                        .to_owned(),
                ),
                ..Failure::new(
                    "--mrp-url is not the server of MRP_URL, and MRP_TOKEN is for that one",
                )
            })
        }
        _ => Ok(Map::new()),
    }
}

/// The lab that the environment asks for, else its server, else the lab that the file has for such cases.
fn unasked() -> Result<Map<String, Value>, Failure> {
    if let Some(name) = variable(VARIABLE) {
        return of(&file_with(&name)?, &name);
    }
    let Some(path) = place().filter(|_| variable("MRP_URL").is_none()) else {
        return Ok(Map::new());
    };
    let file = read(&path)?;
    let default = file.preamble().get(DEFAULT).and_then(Value::as_str);
    let names: Vec<&str> = file.names().collect();
    match (default, &names[..]) {
        (Some(name), _) => of(&file, name),
        (None, [only]) => of(&file, only),
        (None, []) => Ok(Map::new()),
        (None, several) => Err(Failure {
            hint: Some(format!(
                "Choose one with --lab NAME, with {VARIABLE}, or with a line {DEFAULT} = NAME before the first."
            )),
            ..Failure::new(format!(
                "no lab is chosen: {} has {}",
                path.display(),
                listed(several)
            ))
        }),
    }
}

/// The file, which has to be there when a lab is asked for.
fn file_with(name: &str) -> Result<OptionsFile, Failure> {
    let path = place().ok_or_else(|| Failure {
        hint: Some(format!(
            "Write [{name}] with mrp_url and token_file to {}.",
            first_place().display()
        )),
        ..Failure::new(format!(
            "there is no configuration file with a lab '{name}'"
        ))
    })?;
    read(&path)
}

/// Before the first lab stands nothing but which one is meant.
fn read(path: &Path) -> Result<OptionsFile, Failure> {
    let file = OptionsFile::read(path)?;
    match file.preamble().keys().find(|name| *name != DEFAULT) {
        Some(name) => Err(Failure {
            hint: Some("A lab begins with a line [NAME].".to_owned()),
            ..Failure::new(format!(
                "{} has an option '{name}' before its first lab",
                path.display()
            ))
        }),
        None => Ok(file),
    }
}

fn of(file: &OptionsFile, name: &str) -> Result<Map<String, Value>, Failure> {
    if !file.names().any(|known| known == name) {
        let all = || format!("It has {}.", file.names().collect::<Vec<_>>().join(", "));
        return Err(Failure {
            hint: did_you_mean(&near(name, file.names())).or_else(|| Some(all())),
            ..Failure::new(format!("{} has no lab '{name}'", file.path().display()))
        });
    }
    let mut options = Map::new();
    for (given, value) in file.options(name, &SPEC)? {
        let known = SPEC
            .all_options()
            .find(|option| option.name == given || option.aliases.contains(&given.as_str()));
        let option = known.ok_or_else(|| unknown(file, name, &given))?;
        // Under one name, so that what is typed takes its place.
        options.insert(option.name.to_owned(), value);
    }
    require_server(file, name, &options)?;
    Ok(options)
}

/// A token of the environment that belongs to a server of the environment is not for this one.
fn require_server(
    file: &OptionsFile,
    name: &str,
    options: &Map<String, Value>,
) -> Result<(), Failure> {
    let lacks = |what: &str| {
        let path = file.path().display();
        Err(Failure::new(format!(
            "the lab '{name}' in {path} has no {what}"
        )))
    };
    if !options.contains_key("mrp_url") {
        return lacks("mrp_url");
    }
    if variable("MRP_URL").is_some() && !options.contains_key("mrp_token") {
        return lacks("token, and MRP_TOKEN is the one for MRP_URL");
    }
    Ok(())
}

fn unknown(file: &OptionsFile, lab: &str, given: &str) -> Failure {
    let names = SPEC.all_options().map(|option| option.name);
    Failure {
        hint: did_you_mean(&near(given, names)),
        ..Failure::new(format!(
            "the lab '{lab}' in {} has an option '{given}' that is none",
            file.path().display()
        ))
    }
}

/// Where the file is: the first that there is, in the order of the XDG rules.
fn place() -> Option<PathBuf> {
    let system = env::var_os("XDG_CONFIG_DIRS")
        .filter(|list| !list.is_empty())
        .unwrap_or_else(|| "/etc/xdg".into());
    let others: Vec<PathBuf> = env::split_paths(&system).collect();
    std::iter::once(first_place())
        .chain(
            others
                .iter()
                .filter(|path| path.is_absolute())
                .map(|path| path.join(FILE)),
        )
        .find(|path| options_file::exists(path))
}

/// Where it should be.
pub(crate) fn first_place() -> PathBuf {
    let home = env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    home.filter(|path| path.is_absolute())
        .unwrap_or_else(|| Path::new(&env::var_os("HOME").unwrap_or_default()).join(".config"))
        .join(FILE)
}
