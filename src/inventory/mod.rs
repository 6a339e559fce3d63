//! The lab as an inventory: what the program does when it is called `mrp_inventory`.
//!
//! Ansible runs an executable inventory with `--list` and reads one JSON object from its output. So all is printed at
//! once when all is known: a failure prints one line on standard error, and no half inventory. What a run that succeeds
//! prints there, Ansible shows as an error and goes on.
//!
//! Everything that the server says is data: it makes no variable but under `mrp_`, no template that Ansible would
//! evaluate, and no address that is none.

mod address;
mod cache;
mod config;
mod data;
mod document;
mod lab;
mod names;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use crate::ansible::{Call, Failure};
use crate::client;
use crate::modules::failure::failure;
use crate::modules::options::connection;
use crate::support::stdio::{complain, say};
use crate::support::suggest::near;
use crate::task::TaskError;

use cache::Cache;

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

/// An inventory, and what its user must hear although there is one.
pub(crate) struct Listing {
    pub(crate) inventory: Value,
    pub(crate) warnings: Vec<String>,
}

/// Prints what is asked for with what stands behind the program's name.
pub fn run(arg0: &Path, args: &[OsString]) -> ExitCode {
    let args: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let host = match args.as_slice() {
        ["--list"] => None,
        ["--host", name] => Some(*name),
        ["--help" | "-h"] => return say(USAGE),
        _ => {
            complain(USAGE);
            return ExitCode::from(2);
        }
    };
    match answer(arg0, host) {
        Ok(listing) => {
            listing.warnings.iter().for_each(|warning| tell(warning));
            say(&format!("{:#}\n", listing.inventory))
        }
        Err(sentence) => {
            tell(&sentence);
            ExitCode::FAILURE
        }
    }
}

fn tell(sentence: &str) {
    complain(&format!("{NAME}: {sentence}\n"));
}

/// The whole inventory or one host's variables, as the file of options has it, or why there is none.
fn answer(arg0: &Path, host: Option<&str>) -> Result<Listing, String> {
    let sentence = |failure: Failure, call: &Call| call.scrub_text(&SPEC, failure.text());
    let call = config::load(arg0).map_err(|failure| sentence(failure, &Call::default()))?;
    let listing = list(call.clone());
    let answer = listing.and_then(|listing| match host {
        Some(name) => only(listing, name),
        None => Ok(listing),
    });
    answer.map_err(|failure| sentence(failure, &call))
}

/// The whole inventory: the server's, or a copy of it when the server cannot be reached.
pub(crate) fn list(call: Call) -> Result<Listing, Failure> {
    let config = config::understand(call)?;
    let client = connection::connect(&config.call)?;
    let (mut inventory, warning) = match (
        lab::gather(client.read_only(), &config),
        config.cache.as_ref(),
    ) {
        (Ok(lab), cache) => {
            let inventory = document::of(&lab, &config);
            let inventory = config.call.scrub(&SPEC, inventory);
            // An inventory without a copy is one all the same.
            let problem = cache.and_then(|cache| cache.store(&inventory).err());
            (inventory, problem)
        }
        (Err(TaskError::Api(error)), Some(cache)) if error.is_unreachable() => {
            copied(cache, error)?
        }
        (Err(error), _) => return Err(failure(error)),
    };
    let warning = warning.map(|sentence| config.call.scrub_text(&SPEC, sentence));
    // Where a playbook sees it, besides where a person does.
    if let Some(sentence) = &warning {
        document::add_warning(&mut inventory, sentence);
    }
    Ok(Listing {
        inventory,
        warnings: Vec::from_iter(warning),
    })
}

/// The copy, and that it is one; without it, the failure to reach the server is what happened.
fn copied(cache: &Cache, error: client::Error) -> Result<(Value, Option<String>), Failure> {
    match cache.load() {
        Ok(mut copy) => {
            document::mark_stale(&mut copy.inventory);
            let warning = format!("{error}; so this is a copy, {}", copy.age);
            Ok((copy.inventory, Some(warning)))
        }
        Err(why) => Err(Failure {
            message: format!("{error}; and {why}"),
            ..failure(error.into())
        }),
    }
}

/// The variables of one host.
fn only(listing: Listing, name: &str) -> Result<Listing, Failure> {
    let hosts = &listing.inventory["_meta"]["hostvars"];
    match hosts.get(name) {
        Some(variables) => Ok(Listing {
            inventory: variables.clone(),
            ..listing
        }),
        None => {
            let names = hosts.as_object().into_iter().flat_map(|hosts| hosts.keys());
            let near = near(name, names.map(String::as_str));
            Err(failure(TaskError::NotFound {
                what: "host".into(),
                name: format!("'{name}'"),
                near: near.into_iter().map(str::to_owned).collect(),
            }))
        }
    }
}
