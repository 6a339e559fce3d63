//! The dynamic inventory: what the program does when it is called `mrp_inventory`.
//!
//! Ansible runs an executable inventory with `--list` and reads one JSON object from its output. So nothing is printed
//! before all is known. A failure prints one line on standard error, and no half inventory. What a successful run prints
//! there, Ansible shows as an error and goes on.
//!
//! Ansible is given a script that runs the program, `library/mrp_inventory`: an inventory that failed is read once more as
//! text, and of a program's bytes Ansible makes hosts.
//!
//! Texts of the server are data: they become variables only under `mrp_`, no templates that Ansible evaluates, and no
//! address that is invalid.

pub(crate) mod cache;
pub(crate) mod config;
mod directory;
mod document;
mod host_address;
mod names;
mod snapshot;
mod unsafe_text;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use crate::ansible::{Call, Failure};
use crate::client::{self, ReadOnlyClient};
use crate::modules::options::connection;
use crate::support::stdio::{print_stderr, print_stdout};
use crate::support::suggest::near;
use crate::task::TaskError;

use cache::InventoryCache;
use config::{InventoryConfig, sentence};
use snapshot::LabSnapshot;

pub use config::OPTIONS;
pub(crate) use config::SPEC;

/// The name under which the program is an inventory.
pub const NAME: &str = "mrp_inventory";

const USAGE: &str = "\
mrp_inventory is an inventory for Ansible: the machines of a Mr-Provisioner server.

Usage: ansible-playbook -i PATH/mrp_inventory ...
       mrp_inventory --list         print the inventory
       mrp_inventory --host NAME    print one host's variables

It takes the server from MRP_URL and MRP_TOKEN, or from mrp_inventory.cfg beside it.
";

/// An inventory, and warnings for its user.
pub(crate) struct Listing {
    pub(crate) inventory: Value,
    pub(crate) warnings: Vec<String>,
}

/// How the program was started as an inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartedBy {
    /// By the script `library/mrp_inventory`.
    Script,
    /// By a link to the program itself.
    Link,
}

/// What is wrong with a link to the program itself.
const LINK_HINT: &str =
    "Link it to library/mrp_inventory: of the program's bytes Ansible now makes hosts.";

/// Runs the inventory with the link that Ansible was given, and the arguments after it.
pub fn run(link: &Path, args: &[OsString], started_by: StartedBy) -> ExitCode {
    let args: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let host = match args.as_slice() {
        ["--list"] => None,
        ["--host", name] => Some(*name),
        ["--help" | "-h"] => return print_stdout(USAGE),
        _ => {
            print_stderr(USAGE);
            return ExitCode::from(2);
        }
    };
    match load(link, host) {
        Ok(listing) => {
            for warning in &listing.warnings {
                print_stderr(&format!("{NAME}: {warning}\n"));
            }
            print_stdout(&format!("{:#}\n", listing.inventory))
        }
        Err(sentence) => {
            let hint = match started_by {
                StartedBy::Script => String::new(),
                StartedBy::Link => format!(" {LINK_HINT}"),
            };
            print_stderr(&format!("{NAME}: {sentence}{hint}\n"));
            ExitCode::FAILURE
        }
    }
}

/// The whole inventory, or one host's variables, with the options of the configuration file.
fn load(link: &Path, host: Option<&str>) -> Result<Listing, String> {
    let call = config::load(link).map_err(|failure| sentence(failure, &Call::default()))?;
    let listing = match host {
        Some(name) => host_variables(call.clone(), name),
        None => list(call.clone()),
    };
    listing.map_err(|failure| sentence(failure, &call))
}

/// The inventory of the server, or its copy where the server cannot be reached.
pub(crate) fn list(call: Call) -> Result<Listing, Failure> {
    let config = InventoryConfig::new(call)?;
    let client = connection::connect(&config.call)?;
    read(client.read_only(), &config, None)
}

/// One host's variables. Its machine alone is asked for.
fn host_variables(call: Call, host: &str) -> Result<Listing, Failure> {
    let config = InventoryConfig::new(call)?;
    let client = connection::connect(&config.call)?;
    let mut listing = read(client.read_only(), &config, Some(host))?;
    let mut hosts = listing.inventory["_meta"]["hostvars"].take();
    if let Some(variables) = hosts.get_mut(host) {
        listing.inventory = variables.take();
        return Ok(listing);
    }
    let listed = hosts.as_object().into_iter().flat_map(|hosts| hosts.keys());
    let mut names: Vec<String> = listed.cloned().collect();
    if names.is_empty() {
        names = snapshot::host_names(client.read_only(), &config)?;
    }
    let near = near(host, names.iter().map(String::as_str));
    Err(Failure::from(TaskError::NotFound {
        what: "host".into(),
        name: format!("'{host}'"),
        near: near.into_iter().map(str::to_owned).collect(),
    }))
}

/// The inventory of all machines, or of the one that a host may be. A copy has all.
fn read(
    client: &ReadOnlyClient,
    config: &InventoryConfig,
    host: Option<&str>,
) -> Result<Listing, Failure> {
    let (mut inventory, warning) = match (LabSnapshot::read(client, config, host), &config.cache) {
        (Ok(lab), cache) => {
            let inventory = config.call.scrub(&SPEC, document::inventory(&lab, config));
            let cache = cache.as_ref().filter(|_| host.is_none());
            let stored = cache.map(|cache| cache.store(&inventory));
            // An inventory that cannot be copied is still valid.
            (inventory, stored.and_then(Result::err))
        }
        (Err(TaskError::Api(error)), Some(cache)) if error.is_unreachable() => {
            let (inventory, warning) = load_copy(cache, error)?;
            (inventory, Some(warning))
        }
        (Err(error), _) => return Err(error.into()),
    };
    let warning = warning.map(|warning| config.call.scrub_sentence(&SPEC, &warning));
    if let Some(warning) = &warning {
        document::add_warning(&mut inventory, warning);
    }
    Ok(Listing {
        inventory,
        warnings: Vec::from_iter(warning),
    })
}

/// The copy, with a warning that it is one. Without a copy, the failure to reach the server is what the user has to know.
fn load_copy(cache: &InventoryCache, error: client::Error) -> Result<(Value, String), Failure> {
    match cache.load() {
        Ok((mut inventory, age)) => {
            document::mark_stale(&mut inventory);
            Ok((inventory, format!("{error}; so this is a copy, {age}")))
        }
        Err(problem) => Err(Failure {
            message: format!("{error}; and {problem}"),
            ..Failure::from(error)
        }),
    }
}
