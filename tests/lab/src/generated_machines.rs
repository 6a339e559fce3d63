//! Generated machines for tests that need many. They are the same in every run and all different.

use std::time::SystemTime;

use crate::database::{Assignment, Bmc, Database, Interface, Lease, Machine};

/// The number of addresses outside the pools of the seeded network.
const MOST: usize = 50_000;
const INTERFACES: u8 = 4;

/// Adds machines with the next free numbers.
pub(crate) fn add(db: &mut Database, count: usize) -> Result<(), String> {
    let before = db.generated;
    if count > MOST - before {
        return Err(format!("there can be at most {MOST} generated machines."));
    }
    db.generated += count;
    for number in before + 1..=before + count {
        add_one(db, number as u16);
    }
    db.commit_all();
    Ok(())
}

/// Of three machines the first is assigned to alice, the second to bob and the third to nobody. Every second one is on and has
/// a lease.
fn add_one(db: &mut Database, number: u16) {
    let [high, low] = number.to_be_bytes();
    let bmc = db.bmcs.insert(Bmc::plain(format!("10.98.{high}.{low}")));
    let (arm64, efi) = (1, 1);
    let machine = db.machines.insert(Machine {
        subarch_id: Some(efi),
        bmc_id: Some(bmc.id),
        ..Machine::fresh(&format!("gen-{number:04}"), arm64)
    });
    for index in 0..INTERFACES {
        db.interfaces.insert(Interface {
            id: 0,
            mac: mac(number, index),
            identifier: Some(format!("eth{index}")),
            static_ipv4: None,
            reserved_ipv4: None,
            machine_id: machine.id,
            network_id: Some(1),
        });
    }
    let (alice, bob) = (2, 3);
    if let Some(user_id) = [None, Some(alice), Some(bob)][usize::from(number % 3)] {
        db.assignments.insert(Assignment {
            id: 0,
            machine_id: machine.id,
            user_id,
            reason: "generated".into(),
        });
    }
    if number.is_multiple_of(2) {
        db.powered.insert((bmc.ip, String::new()), true);
        db.leases.insert(Lease {
            id: 0,
            mac: mac(number, 0),
            ipv4: format!("10.40.{}.{low}", 16 + u16::from(high)),
            last_seen: SystemTime::now(),
        });
    }
}

fn mac(number: u16, interface: u8) -> String {
    let [high, low] = number.to_be_bytes();
    format!("52:54:02:{high:02x}:{low:02x}:{interface:02x}")
}
