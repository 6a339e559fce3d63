//! `/machine/ID/interface`: anyone reads and changes any interface; addresses must lie in the network's pools.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{at_most, machine_with, storable};
use crate::call::Call;
use crate::net::Subnet;
use crate::reply::{Outcome, Reply};
use crate::routes::{Args, id};
use crate::schema::{Fields, Kind, Schema, optional, parse_ipv4};
use crate::state::{Db, Interface, Network, User};
use crate::world::World;

const DYNAMIC: &str = "dynamic";
const RESERVED: &str = "dynamic-reserved";
const STATIC: &str = "static";
const AUTO: &str = "auto";

static CHANGES: Schema = Schema {
    fields: &[
        optional("identifier", Kind::TextOrNull(|text| at_most(text, 64))),
        optional(
            "config_type_v4",
            Kind::Text(|text| [DYNAMIC, RESERVED, STATIC].contains(&text)),
        ),
        optional(
            "configured_ipv4",
            Kind::TextOrNull(|text| text == AUTO || dotted_quad(text)),
        ),
    ],
    ignore_unknown: true,
};

/// Four numbers up to 255; leading zeros pass here and are refused later.
fn dotted_quad(text: &str) -> bool {
    let octet = |part: &str| {
        part.len() <= 3
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && part.parse::<u8>().is_ok()
    };
    text.split('.').count() == 4 && text.split('.').all(octet)
}

fn config_type(interface: &Interface) -> &'static str {
    match (interface.static_ipv4, interface.reserved_ipv4) {
        (Some(_), _) => STATIC,
        (None, Some(_)) => RESERVED,
        (None, None) => DYNAMIC,
    }
}

fn configured(interface: &Interface) -> Option<Ipv4Addr> {
    interface.static_ipv4.or(interface.reserved_ipv4)
}

pub(crate) fn show(db: &Db, interface: &Interface) -> Value {
    let network = db.network_of(interface);
    let lease = db.lease_of(&interface.mac);
    let pool =
        |pick: fn(&Network) -> Option<Subnet>| network.and_then(pick).map(|pool| pool.to_string());
    json!({
        "id": interface.id,
        "identifier": interface.identifier,
        "mac": interface.mac,
        "network_name": network.map(|network| &network.name),
        "subnetv4": network.map(|network| network.subnet.to_string()),
        "netmaskv4": network.map(|network| network.subnet.mask().to_string()),
        "prefixlenv4": network.map(|network| network.subnet.prefix),
        "static_pool_v4": pool(|network| network.static_net),
        "reserved_pool_v4": pool(|network| network.reserved_net),
        "config_type_v4": config_type(interface),
        "configured_ipv4": configured(interface).map(|address| address.to_string()),
        "lease_ipv4": lease.map(|lease| &lease.ipv4),
        "last_seen_date": lease.map(|lease| httpdate::fmt_http_date(lease.last_seen)),
    })
}

pub(crate) fn list(world: &mut World, _: &User, _: &Call, args: &Args<'_>) -> Outcome {
    let machine = machine_with(world, id(args, 0))?;
    let shown: Vec<_> = world
        .db
        .interfaces_of(machine.id)
        .map(|interface| show(&world.db, interface))
        .collect();
    Ok(Reply::json(200, &json!(shown)))
}

fn find(world: &World, args: &Args<'_>) -> Result<Interface, Reply> {
    let machine = machine_with(world, id(args, 0))?;
    let found = world
        .db
        .interfaces
        .get(id(args, 1))
        .filter(|interface| interface.machine_id == machine.id);
    found
        .cloned()
        .ok_or_else(|| Reply::invalid(404, "interface not found"))
}

pub(crate) fn get(world: &mut World, _: &User, _: &Call, args: &Args<'_>) -> Outcome {
    let interface = find(world, args)?;
    Ok(Reply::json(200, &show(&world.db, &interface)))
}

pub(crate) fn put(world: &mut World, _: &User, call: &Call, args: &Args<'_>) -> Outcome {
    let fields = call.fields(&CHANGES)?;
    let mut interface = find(world, args)?;
    if let Some(identifier) = fields.nullable("identifier") {
        identifier.as_deref().map_or(Ok(()), storable)?;
        interface.identifier = identifier;
    }
    configure(&world.db, &mut interface, &fields)?;
    world.db.interfaces.update(interface.clone());
    Ok(Reply::json(200, &show(&world.db, &interface)))
}

fn configure(db: &Db, interface: &mut Interface, fields: &Fields) -> Result<(), Reply> {
    let wanted = fields
        .text("config_type_v4")
        .unwrap_or(config_type(interface))
        .to_owned();
    let current = configured(interface).map(|address| address.to_string());
    let address = fields.nullable("configured_ipv4").unwrap_or(current);
    let network = db.network_of(interface).cloned();
    if wanted == DYNAMIC {
        // The word is looked at before the type, and needs a network for that.
        if address.as_deref() == Some(AUTO) && network.is_none() {
            return Err(Reply::internal_error());
        }
        (interface.static_ipv4, interface.reserved_ipv4) = (None, None);
        return Ok(());
    }
    let network = network.ok_or_else(|| Reply::invalid(400, "interface has no network"))?;
    let is_static = wanted == STATIC;
    let (word, pool) = if is_static {
        ("static", network.static_net)
    } else {
        ("reserved", network.reserved_net)
    };
    let pool =
        pool.ok_or_else(|| Reply::invalid(400, &format!("network has no {word} IPv4 range")))?;
    let address = address
        .ok_or_else(|| Reply::invalid(400, "dynamic-reserved configuration requires an IPv4"))?;
    let column = format!("{word}_ipv4");
    if address == AUTO {
        return Err(auto_is_flushed(&column, interface.id));
    }
    let address =
        parse_ipv4(&address).map_err(|text| Reply::exception(400, "AddressValueError", text))?;
    if !pool.contains(address) {
        return Err(Reply::invalid(400, &format!("{wanted} IP out of range")));
    }
    let holds = |other: &Interface| if is_static { other.static_ipv4 } else { other.reserved_ipv4 } == Some(address);
    let others = db
        .interfaces
        .iter()
        .filter(|other| other.id != interface.id && other.network_id == Some(network.id));
    if others.into_iter().any(holds) {
        return Err(taken(&column, address, &network, interface.id));
    }
    (interface.static_ipv4, interface.reserved_ipv4) = if is_static {
        (Some(address), None)
    } else {
        (None, Some(address))
    };
    Ok(())
}

/// `auto` reaches the database before an address is chosen.
fn auto_is_flushed(column: &str, id: i64) -> Reply {
    Reply::exception(
        400,
        "DataError",
        format!(
            "(raised as a result of Query-invoked autoflush; consider using a session.no_autoflush block if this flush is \
             occurring prematurely) (psycopg2.DataError) invalid input syntax for type inet: \"auto\"\n\
             LINE 1: UPDATE interface SET {column}='auto' WHERE interface.id...\n [SQL: 'UPDATE interface SET \
             {column}=%({column})s WHERE interface.id = %(interface_id)s'] [parameters: {{'{column}': 'auto', 'interface_id': {id}}}]"
        ),
    )
}

fn taken(column: &str, address: Ipv4Addr, network: &Network, id: i64) -> Reply {
    Reply::integrity(
        &format!(
            "duplicate key value violates unique constraint \"interface_{column}_network_id_key\"\n\
             DETAIL:  Key ({column}, network_id)=({address}, {}) already exists.\n",
            network.id
        ),
        &format!(
            "UPDATE interface SET {column}=%({column})s WHERE interface.id = %(interface_id)s"
        ),
        &format!("'{column}': '{address}', 'interface_id': {id}"),
    )
}
