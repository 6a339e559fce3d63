//! `/machine/ID/interface`: every user can read and change every interface. Addresses must be in the network's pools.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{at_most, machine_with, storable};
use crate::call::Call;
use crate::database::{Database, Interface, Network, User};
use crate::lab_state::LabState;
use crate::network_address::Subnet;
use crate::reply::{HandlerResult, Reply};
use crate::routes::{Args, id};
use crate::schema::{FieldType, Fields, Schema, optional, parse_ipv4};
use crate::session::SessionFailure;

const DYNAMIC: &str = "dynamic";
const RESERVED: &str = "dynamic-reserved";
const STATIC: &str = "static";
const AUTO: &str = "auto";

static CHANGES: Schema = Schema {
    fields: &[
        optional(
            "identifier",
            FieldType::TextOrNull(|text| at_most(text, 64)),
        ),
        optional(
            "config_type_v4",
            FieldType::Text(|text| [DYNAMIC, RESERVED, STATIC].contains(&text)),
        ),
        optional(
            "configured_ipv4",
            FieldType::TextOrNull(|text| text == AUTO || dotted_quad(text)),
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

pub(crate) fn show(db: &Database, interface: &Interface) -> Value {
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

pub(crate) fn list(lab: &mut LabState, _: &User, _: &Call, args: &Args<'_>) -> HandlerResult {
    let machine = machine_with(lab, id(args, 0))?;
    let shown: Vec<_> = lab
        .db
        .interfaces_of(machine.id)
        .map(|interface| show(&lab.db, interface))
        .collect();
    Ok(Reply::json(200, &json!(shown)))
}

fn find(lab: &LabState, args: &Args<'_>) -> Result<Interface, Reply> {
    let machine = machine_with(lab, id(args, 0))?;
    let found = lab
        .db
        .interfaces
        .get(id(args, 1))
        .filter(|interface| interface.machine_id == machine.id);
    found
        .cloned()
        .ok_or_else(|| Reply::invalid(404, "interface not found"))
}

pub(crate) fn get(lab: &mut LabState, _: &User, _: &Call, args: &Args<'_>) -> HandlerResult {
    let interface = find(lab, args)?;
    Ok(Reply::json(200, &show(&lab.db, &interface)))
}

pub(crate) fn put(lab: &mut LabState, _: &User, call: &Call, args: &Args<'_>) -> HandlerResult {
    let fields = call.fields(&CHANGES)?;
    let mut interface = find(lab, args)?;
    let change = requested_change(&lab.db, &interface, &fields)?;
    if let Some(identifier) = fields.nullable("identifier") {
        interface.identifier = identifier;
    }
    let identifier = interface.identifier.as_deref().map_or(Ok(()), storable);
    if matches!(change, AddressChange::DynamicWithoutNetwork) {
        return Err(fail_without_network(lab, interface, identifier));
    }
    identifier?;
    let set = set_address(&lab.db, &mut interface, &change);
    if set.as_ref().is_err_and(|refusal| refusal.status == 409) {
        // The server rolls back here and once more in its error handler.
        lab.db.rollback();
    }
    set?;
    lab.db.interfaces.update(interface.clone());
    lab.db.commit();
    Ok(Reply::json(200, &show(&lab.db, &interface)))
}

/// The server fails after it has changed the interface, and does not roll back. A text that cannot be stored is noticed later.
fn fail_without_network(
    lab: &mut LabState,
    mut interface: Interface,
    identifier: Result<(), Reply>,
) -> Reply {
    (interface.static_ipv4, interface.reserved_ipv4) = (None, None);
    if identifier.is_err() {
        return Reply::internal_error().failing(SessionFailure::Flush);
    }
    lab.db.interfaces.update(interface);
    Reply::internal_error()
}

/// The requested address of an interface.
enum AddressChange {
    Dynamic,
    /// `auto` without a network, which the server needs for it although the address is not fixed.
    DynamicWithoutNetwork,
    /// An address of a kind. Without an address the server chooses one.
    Fixed(&'static AddressKind, Option<Ipv4Addr>),
}

/// The differences between static and reserved addresses.
struct AddressKind {
    config_type: &'static str,
    column: &'static str,
    word: &'static str,
    pool: fn(&Network) -> Option<Subnet>,
    address: fn(&Interface) -> Option<Ipv4Addr>,
}

static ADDRESS_KINDS: [AddressKind; 2] = [
    AddressKind {
        config_type: STATIC,
        column: "static_ipv4",
        word: "static",
        pool: |network| network.static_net,
        address: |interface| interface.static_ipv4,
    },
    AddressKind {
        config_type: RESERVED,
        column: "reserved_ipv4",
        word: "reserved",
        pool: |network| network.reserved_net,
        address: |interface| interface.reserved_ipv4,
    },
];

/// Checks a change against the pools of the interface's network.
fn requested_change(
    db: &Database,
    interface: &Interface,
    fields: &Fields,
) -> Result<AddressChange, Reply> {
    let wanted = fields
        .text("config_type_v4")
        .unwrap_or(config_type(interface));
    let current = configured(interface).map(|address| address.to_string());
    let address = fields.nullable("configured_ipv4").unwrap_or(current);
    let auto = address.as_deref() == Some(AUTO);
    let network = db.network_of(interface);
    let Some(kind) = ADDRESS_KINDS.iter().find(|kind| kind.config_type == wanted) else {
        return Ok(match auto && network.is_none() {
            true => AddressChange::DynamicWithoutNetwork,
            false => AddressChange::Dynamic,
        });
    };
    let invalid = |text: &str| Reply::invalid(400, text);
    let network = network.ok_or_else(|| invalid("interface has no network"))?;
    let pool = (kind.pool)(network)
        .ok_or_else(|| invalid(&format!("network has no {} IPv4 range", kind.word)))?;
    let address =
        address.ok_or_else(|| invalid("dynamic-reserved configuration requires an IPv4"))?;
    if auto {
        return Ok(AddressChange::Fixed(kind, None));
    }
    let address =
        parse_ipv4(&address).map_err(|text| Reply::exception(400, "AddressValueError", text))?;
    match pool.contains(address) {
        true => Ok(AddressChange::Fixed(kind, Some(address))),
        false => Err(invalid(&format!("{wanted} IP out of range"))),
    }
}

/// Sets an interface's address, which must be unique in its network.
fn set_address(
    db: &Database,
    interface: &mut Interface,
    change: &AddressChange,
) -> Result<(), Reply> {
    (interface.static_ipv4, interface.reserved_ipv4) = match change {
        AddressChange::Dynamic | AddressChange::DynamicWithoutNetwork => (None, None),
        AddressChange::Fixed(kind, None) => return Err(auto_not_stored(kind.column, interface.id)),
        AddressChange::Fixed(kind, Some(address)) => {
            let taken_by = db.interfaces.iter().find(|other| {
                other.id != interface.id
                    && other.network_id == interface.network_id
                    && (kind.address)(other) == Some(*address)
            });
            if taken_by.is_some() {
                return Err(address_taken(kind.column, *address, interface));
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
fn auto_not_stored(column: &str, id: i64) -> Reply {
    Reply::database_error(
        "DataError",
        format!(
            "(raised as a result of Query-invoked autoflush; consider using a session.no_autoflush block if this flush is \
             occurring prematurely) (psycopg2.DataError) invalid input syntax for type inet: \"auto\"\n\
             LINE 1: UPDATE interface SET {column}='auto' WHERE interface.id...\n [SQL: 'UPDATE interface SET \
             {column}=%({column})s WHERE interface.id = %(interface_id)s'] [parameters: {{'{column}': 'auto', 'interface_id': {id}}}]"
        ),
    )
}

fn address_taken(column: &str, address: Ipv4Addr, interface: &Interface) -> Reply {
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
