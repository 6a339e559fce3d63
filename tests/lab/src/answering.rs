//! What machines answer on a TCP port: their old system, an installer, and the installed system.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::bmc::Chassis;
use crate::lab_state::LabState;

/// What a machine runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RunningSystem {
    /// Nothing that answers.
    None,
    Installer,
    /// What is on its disk: the old system, or the installed one.
    Disk,
}

/// The ports that are open.
pub(crate) struct Answering {
    pub(crate) runtime: Handle,
    open: HashMap<i64, AbortHandle>,
    /// The machines that were installed since the lab was seeded.
    installed: HashSet<i64>,
}

impl Answering {
    pub(crate) fn new(runtime: Handle) -> Answering {
        Answering {
            runtime,
            open: HashMap::new(),
            installed: HashSet::new(),
        }
    }

    pub(crate) fn close_all(&mut self) {
        self.open.drain().for_each(|(_, task)| task.abort());
    }
}

/// From now on a machine runs this.
pub(crate) fn run(lab: &mut LabState, machine: i64, system: RunningSystem) {
    if let Some(task) = lab.answering.open.remove(&machine) {
        task.abort();
    }
    let Some((address, banner)) = answer(lab, machine, system) else {
        return;
    };
    let runtime = lab.answering.runtime.clone();
    // At once, so that a test finds it open; later, if the port of the previous system is not closed yet.
    let bound = {
        let _inside = runtime.enter();
        let bound = std::net::TcpListener::bind(address);
        bound.and_then(|bound| {
            bound.set_nonblocking(true)?;
            TcpListener::from_std(bound)
        })
    };
    let task = runtime.spawn(async move {
        let mut bound = bound;
        let listener = loop {
            match bound {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
            bound = TcpListener::bind(address).await;
        };
        while let Ok((connection, _)) = listener.accept().await {
            drop(tokio::spawn(greet(connection, banner.clone())));
        }
    });
    lab.answering.open.insert(machine, task.abort_handle());
}

/// From now on a machine has the installed system on its disk, and runs it.
pub(crate) fn run_installed(lab: &mut LabState, machine: i64) {
    lab.answering.installed.insert(machine);
    run(lab, machine, RunningSystem::Disk);
}

/// Lets every machine that is on and does not boot answer as it is set.
pub(crate) fn run_all(lab: &mut LabState) {
    let ids: Vec<i64> = lab.db.machines.iter().map(|machine| machine.id).collect();
    for id in ids {
        if !lab.running.contains_key(&id) {
            run_disk(lab, id);
        }
    }
}

/// Runs what is on the disk of a machine that is on.
pub(crate) fn run_disk(lab: &mut LabState, machine: i64) {
    let system = match is_on(lab, machine) {
        true => RunningSystem::Disk,
        false => RunningSystem::None,
    };
    run(lab, machine, system);
}

fn is_on(lab: &LabState, id: i64) -> bool {
    let machine = lab.db.machines.get(id);
    let chassis = machine.and_then(|machine| Chassis::for_machine(lab, machine).ok().flatten());
    chassis.is_some_and(|chassis| chassis.is_on(lab))
}

/// Where a system answers, and with what; only on loopback addresses.
fn answer(lab: &LabState, machine: i64, system: RunningSystem) -> Option<(SocketAddr, String)> {
    let name = &lab.db.machines.get(machine)?.name;
    let banner = match system {
        RunningSystem::None => return None,
        RunningSystem::Installer => lab.settings.answer(name, "answer_installer"),
        RunningSystem::Disk if lab.answering.installed.contains(&machine) => {
            lab.settings.answer(name, "answer_installed")
        }
        RunningSystem::Disk => lab.settings.answer(name, "answer_old"),
    }?;
    let mut interfaces: Vec<_> = lab.db.interfaces_of(machine).collect();
    interfaces.sort_by_key(|interface| interface.id);
    let lease = interfaces
        .iter()
        .find_map(|interface| lab.db.lease_of(&interface.mac));
    let address: Ipv4Addr = match lease {
        Some(lease) => lease.ipv4.parse().ok()?,
        None => lab.settings.lease(name)?.parse().ok()?,
    };
    let port = lab.settings.answer_port(name)?;
    address
        .is_loopback()
        .then(|| (SocketAddrV4::new(address, port).into(), banner))
}

/// Sends the line that a server begins with, and closes when the client says something or goes.
async fn greet(mut connection: TcpStream, banner: String) {
    if !banner.is_empty() {
        let line = format!("{banner}\r\n");
        let _ = connection.write_all(line.as_bytes()).await;
    }
    // No more than the first line of a protocol is simulated.
    let mut buffer = [0; 256];
    let next = connection.read(&mut buffer);
    let _ = tokio::time::timeout(Duration::from_secs(10), next).await;
}
