//! `mrp inventory`: the inventory that `mrp_inventory` gives to Ansible, with options from the command line.

use crate::ansible::{Call, Failure, Module, Success};
use crate::inventory;

pub(crate) const MODULE: Module = Module {
    spec: &inventory::SPEC,
    run,
};

fn run(call: &Call) -> Result<Success, Failure> {
    let listing = inventory::list(call.clone())?;
    Ok(Success {
        warnings: listing.warnings,
        ..Success::with_fields([("inventory", listing.inventory)])
    })
}
