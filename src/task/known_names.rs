//! Architectures and subarchs: the API lists neither, so the known ones are those that machines and images have.

use std::collections::BTreeSet;

use crate::client::{Machine, ReadOnlyClient, Scope};
use crate::task::lookup::{Images, similar_names};
use crate::task::machine::machine_title;
use crate::task::{Result, TaskError};

/// Refuses to upload for an architecture that no machine and no image has: the server would take all bytes first.
pub(super) fn require_arch(client: &ReadOnlyClient, images: &Images, arch: &str) -> Result<()> {
    let mut known: BTreeSet<String> = images.archs().map(str::to_owned).collect();
    if known.contains(arch) {
        return Ok(());
    }
    let machines = client.machines().list(Scope::Visible)?;
    known.extend(machines.into_iter().filter_map(|machine| machine.arch));
    if known.is_empty() || known.contains(arch) {
        return Ok(());
    }
    Err(TaskError::with_hint(
        format!("no architecture {} is known", unknown(arch, &known)),
        "If the server has it all the same, upload with the option O(force).",
    ))
}

/// The error for a subarch that no machine of the same architecture has; None where one has it, or none has any.
pub(super) fn unknown_subarch(
    client: &ReadOnlyClient,
    machine: &Machine,
    subarch: &str,
) -> Result<Option<TaskError>> {
    let machines = client.machines().list(Scope::Visible)?.into_iter();
    let known: BTreeSet<String> = machines
        .filter(|other| other.arch == machine.arch)
        .filter_map(|other| other.subarch)
        .collect();
    if known.is_empty() || known.contains(subarch) {
        return Ok(None);
    }
    let arch = machine.arch.as_deref().unwrap_or("of no architecture");
    let problem = format!(
        "is {arch}, and no subarch {} of it is known",
        unknown(subarch, &known)
    );
    Ok(Some(TaskError::failed(machine_title(machine), problem)))
}

/// `'effi' (near: 'efi'; known: efi, uboot)`.
fn unknown(name: &str, known: &BTreeSet<String>) -> String {
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let list = names.join(", ");
    match similar_names(name, names.into_iter()).as_slice() {
        [] => format!("'{name}' (known: {list})"),
        near => format!("'{name}' (near: '{}'; known: {list})", near.join("', '")),
    }
}
