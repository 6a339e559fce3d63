//! `/machine/ID/interface`: every user can read and change every interface. Addresses must be in the network's pools.

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

/// Four numbers up to 255. Leading zeros pass this check and are refused later.
fn dotted_quad(text: &str) -> bool {
    let octet = |part: &str| {
        let number = part.trim_start_matches('0');
        let zero = number.is_empty() && !part.is_empty();
        number.bytes().all(|byte| byte.is_ascii_digit()) && (zero || number.parse::<u8>().is_ok())
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
    let wish = wish(&world.db, &interface, &fields)?;
    if let Some(identifier) = fields.nullable("identifier") {
        identifier.as_deref().map_or(Ok(()), storable)?;
        interface.identifier = identifier;
    }
    grant(&world.db, &mut interface, &wish)?;
    world.db.interfaces.update(interface.clone());
    Ok(Reply::json(200, &show(&world.db, &interface)))
}

/// The requested address of an interface.
enum Wish {
    Dynamic,
    /// An address of a kind. Without an address the server chooses one.
    Fixed(&'static Kinds, Option<Ipv4Addr>),
}

/// The differences between static and reserved addresses.
struct Kinds {
    config_type: &'static str,
    column: &'static str,
    word: &'static str,
    pool: fn(&Network) -> Option<Subnet>,
    of: fn(&Interface) -> Option<Ipv4Addr>,
}

static KINDS: [Kinds; 2] = [
    Kinds {
        config_type: STATIC,
        column: "static_ipv4",
        word: "static",
        pool: |network| network.static_net,
        of: |interface| interface.static_ipv4,
    },
    Kinds {
        config_type: RESERVED,
        column: "reserved_ipv4",
        word: "reserved",
        pool: |network| network.reserved_net,
        of: |interface| interface.reserved_ipv4,
    },
];

/// Checks a change against the pools of the interface's network.
fn wish(db: &Db, interface: &Interface, fields: &Fields) -> Result<Wish, Reply> {
    let wanted = fields
        .text("config_type_v4")
        .unwrap_or(config_type(interface));
    let current = configured(interface).map(|address| address.to_string());
    let address = fields.nullable("configured_ipv4").unwrap_or(current);
    let auto = address.as_deref() == Some(AUTO);
    let network = db.network_of(interface);
    let Some(kind) = KINDS.iter().find(|kind| kind.config_type == wanted) else {
        // The server checks for `auto` before the type, and needs a network for it.
        return match auto && network.is_none() {
            true => Err(Reply::internal_error()),
            false => Ok(Wish::Dynamic),
        };
    };
    let invalid = |text: &str| Reply::invalid(400, text);
    let network = network.ok_or_else(|| invalid("interface has no network"))?;
    let pool = (kind.pool)(network)
        .ok_or_else(|| invalid(&format!("network has no {} IPv4 range", kind.word)))?;
    let address =
        address.ok_or_else(|| invalid("dynamic-reserved configuration requires an IPv4"))?;
    if auto {
        return Ok(Wish::Fixed(kind, None));
    }
    let address =
        parse_ipv4(&address).map_err(|text| Reply::exception(400, "AddressValueError", text))?;
    match pool.contains(address) {
        true => Ok(Wish::Fixed(kind, Some(address))),
        false => Err(invalid(&format!("{wanted} IP out of range"))),
    }
}

/// Sets an interface's address, which must be unique in its network.
fn grant(db: &Db, interface: &mut Interface, wish: &Wish) -> Result<(), Reply> {
    (interface.static_ipv4, interface.reserved_ipv4) = match wish {
        Wish::Dynamic => (None, None),
        Wish::Fixed(kind, None) => return Err(auto_is_flushed(kind.column, interface.id)),
        Wish::Fixed(kind, Some(address)) => {
            let taken_by = db.interfaces.iter().find(|other| {
                other.id != interface.id
                    && other.network_id == interface.network_id
                    && (kind.of)(other) == Some(*address)
            });
            if taken_by.is_some() {
                return Err(taken(kind.column, *address, interface));
            }
            match kind.config_type == STATIC {
                true => (Some(*address), None),
                false => (None, Some(*address)),
            }
        }
    };
    Ok(())
}

/// The error for `auto`, which the server stores before it chooses an address.
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

fn taken(column: &str, address: Ipv4Addr, interface: &Interface) -> Reply {
    let (id, network) = (interface.id, interface.network_id.unwrap_or_default());
    Reply::integrity(
        &format!(
            "duplicate key value violates unique constraint \"interface_{column}_network_id_key\"\n\
             DETAIL:  Key ({column}, network_id)=({address}, {network}) already exists.\n"
        ),
        &format!(
            "UPDATE interface SET {column}=%({column})s WHERE interface.id = %(interface_id)s"
        ),
        &format!("'{column}': '{address}', 'interface_id': {id}"),
    )
}
