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
use crate::api::ApiError;
use crate::connection;
use crate::failure::failure;
use crate::near::near;
use crate::streams::{complain, say};
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
    let answer = match args.as_slice() {
        ["--list"] => configured(arg0),
        ["--host", name] => configured(arg0).and_then(|listing| only(listing, name)),
        ["--help" | "-h"] => return say(USAGE),
        _ => {
            complain(USAGE);
            return ExitCode::from(2);
        }
    };
    match answer {
        Ok(listing) => {
            listing.warnings.iter().for_each(|warning| tell(warning));
            say(&format!("{:#}\n", listing.inventory))
        }
        Err(failure) => {
            tell(&failure.text());
            ExitCode::FAILURE
        }
    }
}

fn tell(sentence: &str) {
    complain(&format!("{NAME}: {sentence}\n"));
}

/// The whole inventory, as the file of options has it.
fn configured(arg0: &Path) -> Result<Listing, Failure> {
    list(config::load(arg0)?)
}

/// The whole inventory: the server's, or a copy of it when the server cannot be reached.
pub(crate) fn list(call: Call) -> Result<Listing, Failure> {
    let config = config::understand(call)?;
    let writer = connection::connect(&config.call)?;
    match (lab::gather(writer.reader(), &config), &config.cache) {
        (Ok(lab), cache) => {
            let inventory = document::of(&lab, &config);
            Ok(kept(
                config.call.scrub(&config::SPEC, inventory),
                cache.as_ref(),
            ))
        }
        (Err(TaskError::Api(error)), Some(cache)) if error.is_unreachable() => copied(cache, error),
        (Err(error), _) => Err(failure(error)),
    }
}

/// Keeps a copy where one is wanted. An inventory without a copy is one all the same.
fn kept(inventory: Value, cache: Option<&Cache>) -> Listing {
    let mut listing = Listing {
        inventory,
        warnings: Vec::new(),
    };
    if let Some(Err(problem)) = cache.map(|cache| cache.store(&listing.inventory)) {
        listing.warn(problem);
    }
    listing
}

/// The copy; without one, the failure to reach the server is what happened.
fn copied(cache: &Cache, error: ApiError) -> Result<Listing, Failure> {
    match cache.load() {
        Ok(copy) => {
            let mut listing = Listing {
                inventory: copy.inventory,
                warnings: Vec::new(),
            };
            document::mark_stale(&mut listing.inventory);
            listing.warn(format!("{error}; so this is a copy, {}", copy.age));
            Ok(listing)
        }
        Err(why) => Err(Failure {
            message: format!("{error}; and {why}"),
            ..failure(error.into())
        }),
    }
}

impl Listing {
    /// Says it where a person sees it and where a playbook does.
    fn warn(&mut self, sentence: String) {
        document::add_warning(&mut self.inventory, &sentence);
        self.warnings.push(sentence);
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
