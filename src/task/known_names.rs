//! Architectures and subarchs: the API lists neither, so the known ones are those that machines and images have.

use std::collections::BTreeSet;

use crate::client::{self, Machine, ReadOnlyClient, Scope};
use crate::task::lookup::{Images, similar_names};
use crate::task::machine::machine_title;
use crate::task::{Result, TaskError};

/// Architectures with two names. By its letters, amd64 would be near to arm64.
const SAME_ARCHS: [[&str; 2]; 2] = [["amd64", "x86_64"], ["aarch64", "arm64"]];

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
        format!(
            "no machine and no image has the architecture '{arch}' ({})",
            alternatives(arch, &known)
        ),
        "If the server has it all the same, upload with the option O(force).",
    ))
}

/// Refuses a subarch that no machine of the same architecture has.
pub(super) fn require_subarch(
    client: &ReadOnlyClient,
    machine: &Machine,
    subarch: &str,
) -> Result<()> {
    let known = subarchs(client, machine)?;
    if known.is_empty() || known.contains(subarch) {
        return Ok(());
    }
    let arch = machine.arch.as_deref().unwrap_or("of no architecture");
    let alternatives = alternatives(subarch, &known);
    Err(TaskError::failed(
        machine_title(machine),
        format!("is {arch}, and no machine of that has the subarch '{subarch}' ({alternatives})"),
    ))
}

/// The server's refusal of a subarch, with those that it knows.
pub(super) fn refused_subarch(
    client: &ReadOnlyClient,
    machine: &Machine,
    subarch: &str,
    refusal: client::Error,
) -> TaskError {
    match subarchs(client, machine) {
        Ok(known) if !known.is_empty() => {
            let alternatives = format!(" ('{subarch}'; {})", alternatives(subarch, &known));
            refusal.with_addition(&alternatives).into()
        }
        _ => refusal.into(),
    }
}

/// Those of the machines of the same architecture.
fn subarchs(client: &ReadOnlyClient, machine: &Machine) -> Result<BTreeSet<String>> {
    let machines = client.machines().list(Scope::Visible)?.into_iter();
    let same = machines.filter(|other| other.arch == machine.arch);
    Ok(same.filter_map(|other| other.subarch).collect())
}

/// `near: 'efi'; known: efi, uboot`.
fn alternatives(name: &str, known: &BTreeSet<String>) -> String {
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let list = names.join(", ");
    let lower = name.to_lowercase();
    let near = match SAME_ARCHS
        .iter()
        .find(|same| same.contains(&lower.as_str()))
    {
        Some(same) => known
            .iter()
            .filter(|known| same.contains(&known.as_str()))
            .cloned()
            .collect(),
        None => similar_names(name, names.into_iter()),
    };
    match near.as_slice() {
        [] => format!("known: {list}"),
        near => format!("near: '{}'; known: {list}", near.join("', '")),
    }
}
