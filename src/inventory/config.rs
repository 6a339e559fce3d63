//! What to list and how: from a small file, and from the environment for what the file does not say.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::ansible::options::options_file;
use crate::ansible::options::options_file::OptionsFile;
use crate::ansible::{Call, Constraints, Failure, Kind, ModuleSpec, Opt};
use crate::client::{Query, Scope};
use crate::inventory::cache::Cache;
use crate::modules::failure::failure;
use crate::modules::options::connection;

/// The variable that names another file than the one beside the program.
const VARIABLE: &str = "MRP_INVENTORY_CONFIG";
/// Ansible passes over files that end like this when an inventory is a directory.
const EXTENSION: &str = "cfg";

/// The options of the inventory and the connection, which a module would have the same way.
pub(crate) static SPEC: ModuleSpec = ModuleSpec {
    name: crate::inventory::NAME,
    options: &[OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        required_together: connection::REQUIRED_TOGETHER,
        ..Constraints::NONE
    },
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

/// What to list, and how.
pub(super) struct Config {
    /// The options of the connection.
    pub(super) call: Call,
    pub(super) scope: Scope,
    pub(super) query: Option<Query>,
    pub(super) interface: Vec<String>,
    pub(super) holders: bool,
    pub(super) by_hostname: bool,
    pub(super) cache: Option<Cache>,
}

#[derive(Deserialize)]
struct Options {
    scope: String,
    query: Option<String>,
    #[serde(default)]
    interface: Vec<String>,
    holders: bool,
    host_name: String,
    cache: Option<PathBuf>,
    cache_lifetime: f64,
}

/// Reads the file that the environment names, or the one beside the program where there is one.
pub(super) fn load(arg0: &Path) -> Result<Call, Failure> {
    let beside = beside(arg0);
    let (path, given) = match env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        Some(path) => (PathBuf::from(&path), read(path.as_ref())?),
        None if options_file::exists(&beside) => (beside.clone(), read(&beside)?),
        None => (beside, Map::new()),
    };
    Call::new(&SPEC, &given).map_err(|failure| {
        let hint = failure.hint.or_else(|| missing(&given, &path));
        let call = Call {
            options: given,
            ..Call::default()
        };
        let sentences = Failure { hint, ..failure }.text();
        Failure::new(call.scrub_text(&SPEC, sentences))
    })
}

fn read(path: &Path) -> Result<Map<String, Value>, Failure> {
    let file = OptionsFile::read(path)?;
    match file.names().next() {
        Some(section) => Err(Failure::new(format!(
            "{} has a section [{section}], and an inventory's options have none",
            path.display()
        ))),
        None => file.options("", &SPEC),
    }
}

/// `mrp_inventory.cfg` in the directory of the link that was called, so that each link may have its own.
fn beside(arg0: &Path) -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    match arg0.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => arg0.to_owned(),
        _ => on_the_path(arg0, &program).unwrap_or(program.with_file_name(crate::inventory::NAME)),
    }
    .with_extension(EXTENSION)
}

/// Where a name without a directory was found: on the PATH, and not where the user happens to be.
fn on_the_path(name: &Path, program: &Path) -> Option<PathBuf> {
    let program = program.canonicalize().ok()?;
    env::split_paths(&env::var_os("PATH")?)
        .map(|directory| directory.join(name))
        .find(|link| link.canonicalize().is_ok_and(|target| target == program))
}

/// Somebody who runs the inventory for the first time has configured nothing.
fn missing(given: &Map<String, Value>, path: &Path) -> Option<String> {
    given.is_empty().then(|| {
        format!(
            "Set MRP_URL and MRP_TOKEN, or write mrp_url and token_file to {}.",
            path.display()
        )
    })
}

/// What the options mean.
pub(super) fn understand(call: Call) -> Result<Config, Failure> {
    let options: Options = call.options();
    let query = options.query.as_deref().map(Query::parse).transpose();
    // Longer than any time that somebody waits.
    let lifetime = Duration::try_from_secs_f64(options.cache_lifetime)
        .map_err(|_| Failure::new("cache_lifetime must be a number of seconds"))?;
    Ok(Config {
        scope: match options.scope.as_str() {
            "mine" => Scope::Own,
            _ => Scope::Visible,
        },
        query: query.map_err(|error| failure(error.into()))?,
        interface: options
            .interface
            .iter()
            .map(|identifier| identifier.trim().to_owned())
            .collect(),
        holders: options.holders,
        by_hostname: options.host_name == "hostname",
        cache: options.cache.map(|path| Cache {
            path,
            lifetime,
            secret: secret(&call.options),
        }),
        call,
    })
}

/// Everything on which the contents of an inventory depend, besides the server.
fn secret(options: &Map<String, Value>) -> String {
    let names = [
        "mrp_url",
        "mrp_token",
        "scope",
        "query",
        "interface",
        "holders",
        "host_name",
    ];
    json!([
        env!("CARGO_PKG_VERSION"),
        names.map(|name| options.get(name))
    ])
    .to_string()
}
