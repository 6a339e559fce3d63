//! Lists all machines of a server with their states: `MRP_URL=... MRP_TOKEN=... cargo run --example list_machines`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;

use mr_provisioner::client::{Client, Scope};

fn main() -> Result<(), Box<dyn Error>> {
    let (url, token) = (std::env::var("MRP_URL")?, std::env::var("MRP_TOKEN")?);
    let client = Client::builder(url, token).connect_read_only()?;

    let mut machines = client.machines().list(Scope::Visible)?;
    machines.sort_by(|one, other| one.name.cmp(&other.name));
    for machine in machines {
        let state = client.states().get(machine.id)?;
        println!("{}\t{}\t{state}", machine.id, machine.name);
    }
    Ok(())
}
