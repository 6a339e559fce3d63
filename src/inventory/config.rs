//! The configuration of an inventory: options from a file, and from the environment where the file has none.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::ansible::options::options_file::{self, OptionsFile};
use crate::ansible::{Call, Failure, Kind, ModuleSpec, Opt};
use crate::client::Scope;
use crate::inventory::cache::InventoryCache;
use crate::inventory::directory;
use crate::modules::options::{connection, info};
use crate::task::network::MachineSelection;

/// The environment variable that names the file; by default it lies beside the program.
const VARIABLE: &str = "MRP_INVENTORY_CONFIG";
/// In an inventory directory, Ansible ignores files with this extension.
const EXTENSION: &str = "cfg";

/// The options of the inventory and of the connection.
pub(crate) static SPEC: ModuleSpec = ModuleSpec {
    name: crate::inventory::NAME,
    options: &[OPTIONS, connection::OPTIONS],
    constraints: connection::CONSTRAINTS,
    ..ModuleSpec::EMPTY
}
.documented();

/// The options of the inventory itself.
pub const OPTIONS: &[Opt] = &[
    Opt::new("token_file", Kind::Path).about(&["File with the token, which nobody but its owner can read."]),
    Opt::new("scope", Kind::Str).choices(&["all", "mine"]).default_str("all").about(&[
        "Every machine of the server, or those that are assigned to the token's user.",
    ]),
    Opt::new("query", Kind::Str).about(&["Filter in the server's query language."]),
    Opt::new("interface", Kind::List(&Kind::Str)).about(&[
        "Interface identifiers in order of preference, for machines with several addresses.",
    ]),
    Opt::new("holders", Kind::Bool).default_bool(false).about(&[
        "Make a group for each user who holds a machine. It costs one request more for each machine.",
    ]),
    Opt::new("host_name", Kind::Str).choices(&["name", "hostname"]).default_str("name").about(&[
        "Which of the server's names the hosts have.",
    ]),
    Opt::new("cache", Kind::Path).about(&[
        "File for a copy of the inventory, which is used when the server cannot be reached.",
    ]),
    Opt::new("cache_lifetime", Kind::Float).default_float("86400").about(&[
        "Seconds after which the copy is not used any more.",
    ]),
];

pub(crate) struct InventoryConfig {
    /// The options of the connection.
    pub(super) call: Call,
    pub(super) scope: Scope,
    pub(super) machines: MachineSelection,
    pub(super) cache: Option<InventoryCache>,
    pub(super) options: InventoryOptions,
}

#[derive(Deserialize)]
pub(crate) struct InventoryOptions {
    scope: String,
    query: Option<String>,
    #[serde(default)]
    pub(super) interface: Vec<String>,
    pub(super) holders: bool,
    pub(super) host_name: String,
    cache: Option<PathBuf>,
    cache_lifetime: f64,
}

/// The options of the file that the environment names, or of the one beside the link where it exists.
pub(super) fn load(link: &Path) -> Result<Call, Failure> {
    let link = with_directory(link);
    let beside = link.with_extension(EXTENSION);
    let (path, options) = match env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        Some(path) => (PathBuf::from(&path), read(path.as_ref(), &link)?),
        None if options_file::exists(&beside) => (beside.clone(), read(&beside, &link)?),
        None => (beside, Map::new()),
    };
    Call::new(&SPEC, &options).map_err(|failure| {
        let path = path.display();
        let first_run = options.is_empty().then(|| {
            format!(
                "Set MRP_URL and MRP_TOKEN, or MRP_LAB to a lab of labs.cfg, or write mrp_url and token_file to {path}."
            )
        });
        let call = Call {
            options,
            ..Call::default()
        };
        let hint = failure.hint.clone().or(first_run);
        Failure::new(sentence(Failure { hint, ..failure }, &call))
    })
}

/// A failure as one text, without secrets.
pub(super) fn sentence(failure: Failure, call: &Call) -> String {
    let text = call.option_style.render(&failure.text());
    call.scrub_sentence(&SPEC, &text)
}

/// The options of a file, unless Ansible would read a file that is named for a list of hosts.
fn read(path: &Path, link: &Path) -> Result<Map<String, Value>, Failure> {
    let file = OptionsFile::read(path)?;
    if let Some(section) = file.names().next() {
        return Err(Failure::new(format!(
            "{} has a section [{section}], and an inventory's options have none",
            path.display()
        )));
    }
    let options = file.options("", &SPEC)?;
    directory::require_ignored("the file of options", path, link)?;
    for (option, path) in file.paths("", &SPEC) {
        directory::require_ignored(option, &path, link)?;
    }
    Ok(options)
}

/// The link that was called with its directory, so that each link has its own file of options.
fn with_directory(link: &Path) -> PathBuf {
    match link.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => link.to_owned(),
        _ => {
            let executable = env::current_exe().unwrap_or_default();
            let found = find_on_path(link, &executable);
            found.unwrap_or_else(|| executable.with_file_name(crate::inventory::NAME))
        }
    }
}

/// The link that a shell found on the PATH, for a name without a directory.
fn find_on_path(name: &Path, executable: &Path) -> Option<PathBuf> {
    let executable = executable.canonicalize().ok()?;
    env::split_paths(&env::var_os("PATH")?)
        .map(|directory| directory.join(name))
        .find(|link| link.canonicalize().is_ok_and(|target| target == executable))
}

impl InventoryConfig {
    /// The configuration that the options of a call say.
    pub(crate) fn new(call: Call) -> Result<InventoryConfig, Failure> {
        let mut options: InventoryOptions = call.options();
        for identifier in &mut options.interface {
            *identifier = identifier.trim().to_owned();
        }
        // It may be longer than the time of a wait, which is limited to a day.
        let lifetime = Duration::try_from_secs_f64(options.cache_lifetime)
            .map_err(|_| Failure::invalid_call("O(cache_lifetime) must be a number of seconds"))?;
        Ok(InventoryConfig {
            scope: info::scope(options.scope == "mine"),
            machines: info::selection(None, options.query.clone())?,
            cache: options.cache.clone().map(|path| InventoryCache {
                path,
                lifetime,
                secret: cache_secret(&call.options),
            }),
            options,
            call,
        })
    }
}

/// Everything on which the inventory depends, besides the state of the server.
fn cache_secret(options: &Map<String, Value>) -> String {
    let names = "mrp_url mrp_token scope query interface holders host_name";
    let values: Vec<_> = names.split(' ').map(|name| options.get(name)).collect();
    json!([env!("CARGO_PKG_VERSION"), values]).to_string()
}
