//! `/dhcp/ipv4`: requests of the DHCP bridge. Errors are plain texts.

use std::net::Ipv4Addr;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::call::Call;
use crate::database::{DiscoveredMac, Lease};
use crate::lab_state::LabState;
use crate::network_address::{Subnet, parse_mac};
use crate::python::PyValue;
use crate::reply::{HandlerResult, Reply};
use crate::routes::Args;
use crate::schema::{FieldType, Fields, Schema, required};
use crate::session::SessionFailure;

const BOOTFILE_OPTION: i64 = 67;
const SEEN_EVENT: i64 = 7;

/// The server checks only that the first 17 characters have the form with colons. The database checks the whole text.
const MAC: FieldType = FieldType::Text(|text| {
    text.get(..17).is_some_and(|head| {
        head.split(':').count() == 6
            && head
                .split(':')
                .all(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()))
    })
});

static LEASE: Schema = Schema {
    fields: &[
        required("mac", MAC),
        required("ipv4", FieldType::Address),
        required("duration", FieldType::Int(|seconds| seconds >= 0)),
    ],
    ignore_unknown: false,
};

static SEEN: Schema = Schema {
    fields: &[
        required("mac", MAC),
        required("discover", FieldType::Bool),
        required("options", FieldType::List(&OPTION)),
    ],
    ignore_unknown: false,
};

static OPTION: Schema = Schema {
    fields: &[
        required("option", FieldType::Int(|code| code >= 0)),
        required("value", FieldType::IntOrStr),
    ],
    ignore_unknown: false,
};

static WHICH: Schema = Schema {
    fields: &[
        required("mac", MAC),
        required("subnets", FieldType::List(&SUBNET)),
    ],
    ignore_unknown: false,
};

static SUBNET: Schema = Schema {
    fields: &[
        required("subnetId", FieldType::Int(|_| true)),
        required("prefix", FieldType::Address),
        required("prefixLen", FieldType::Int(|bits| (0..=32).contains(&bits))),
        required("pools", FieldType::List(&POOL)),
    ],
    ignore_unknown: false,
};

static POOL: Schema = Schema {
    fields: &[
        required("poolId", FieldType::Int(|_| true)),
        required("capacity", FieldType::Int(|_| true)),
        required("firstIP", FieldType::Address),
        required("lastIP", FieldType::Address),
    ],
    ignore_unknown: false,
};

fn fields(call: &Call, schema: &Schema) -> Result<Fields, Reply> {
    schema
        .check(&call.json()?)
        .map_err(|refusal| Reply::text(400, refusal.text()))
}

/// Reads a MAC address as the database does.
fn mac(lab: &LabState, text: &str) -> Result<String, Reply> {
    lab.db.check_session()?;
    parse_mac(text).ok_or_else(refused_by_database)
}

/// A statement that the database refuses is a 500 here.
fn refused_by_database() -> Reply {
    Reply::internal_error().failing(SessionFailure::Statement)
}

pub(crate) fn get(lab: &mut LabState, call: &Call, _: &Args<'_>) -> HandlerResult {
    let text = call
        .parameter("hwaddr")
        .filter(|text| !text.is_empty())
        .ok_or_else(Reply::bad_request)?;
    let mac = mac(lab, text)?;
    let db = &lab.db;
    let interface = db.interface_with(&mac).ok_or_else(Reply::not_found)?;
    let machine = db
        .machines
        .get(interface.machine_id)
        .ok_or_else(Reply::not_found)?;
    let mut answer = json!({"options": []});
    if machine.netboot_enabled {
        let bootfile = db
            .bootloader_of(machine)
            .map_or(&db.config.default_bootfile, |image| &image.filename);
        answer["options"] = json!([{"option": BOOTFILE_OPTION, "value": bootfile}]);
        answer["next-server"] = json!(db.config.tftp_proxy_host);
    }
    if let Some(address) = interface.reserved_ipv4 {
        answer["ipv4"] = json!(address.to_string());
    }
    Ok(Reply::json(200, &answer))
}

pub(crate) fn lease(lab: &mut LabState, call: &Call, _: &Args<'_>) -> HandlerResult {
    let fields = fields(call, &LEASE)?;
    let mac = mac(lab, fields.text("mac").unwrap_or_default())?;
    let ipv4 = fields.text("ipv4").unwrap_or_default().to_owned();
    // The check accepts a number as an address; the database does not.
    let PyValue::Dict(items) = call.json()? else {
        return Err(Reply::internal_error());
    };
    if !matches!(field(&items, "ipv4"), Some(PyValue::Str(_))) {
        return Err(refused_by_database());
    }
    let last_seen = SystemTime::now();
    match lab.db.lease_of(&mac).cloned() {
        Some(known) => lab.db.leases.update(Lease {
            ipv4,
            last_seen,
            ..known
        }),
        None => drop(lab.db.leases.insert(Lease {
            id: 0,
            mac,
            ipv4,
            last_seen,
        })),
    }
    lab.db.commit();
    Ok(Reply::text(201, ""))
}

pub(crate) fn seen(lab: &mut LabState, call: &Call, _: &Args<'_>) -> HandlerResult {
    let fields = fields(call, &SEEN)?;
    let mac = mac(lab, fields.text("mac").unwrap_or_default())?;
    if let Some(machine_id) = lab
        .db
        .interface_with(&mac)
        .map(|interface| interface.machine_id)
    {
        lab.db.add_event(
            machine_id,
            None,
            SEEN_EVENT,
            json!({"discover": fields.flag("discover")}),
        );
        return Ok(Reply::text(200, ""));
    }
    let info = what_it_told(&fields);
    let known = lab.db.discovered.iter().find(|known| known.mac == mac);
    let found = DiscoveredMac {
        id: known.map_or(0, |known| known.id),
        mac,
        info,
        last_seen: SystemTime::now(),
    };
    match found.id {
        0 => drop(lab.db.discovered.insert(found)),
        _ => lab.db.discovered.update(found),
    }
    lab.db.commit();
    Ok(Reply::text(202, ""))
}

const HOSTNAME_OPTION: i128 = 12;
const ARCH_OPTION: i128 = 93;

/// The host name and architecture that an unknown machine sent. Of a repeated option the last one counts.
fn what_it_told(fields: &Fields) -> Value {
    let mut info = json!({"mac_vendor": "Realtek (UpTech? also reported)"});
    let Some(PyValue::List(options)) = fields.value("options") else {
        return info;
    };
    for option in options {
        let PyValue::Dict(items) = option else {
            continue;
        };
        match (field(items, "option"), field(items, "value")) {
            (Some(PyValue::Int(HOSTNAME_OPTION)), Some(name)) => info["hostname"] = shown(name),
            (Some(PyValue::Int(ARCH_OPTION)), Some(code)) => {
                info["arch_code"] = shown(code);
                info["arch"] = json!(arch_called(code));
            }
            _ => {}
        }
    }
    info
}

fn shown(value: &PyValue) -> Value {
    match value {
        PyValue::Int(number) => json!(*number as i64),
        PyValue::Str(text) => json!(text),
        PyValue::Bool(flag) => json!(flag),
        _ => Value::Null,
    }
}

fn field<'a>(items: &'a [(String, PyValue)], name: &str) -> Option<&'a PyValue> {
    items
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

/// Client architectures of RFC 4578 and its successors.
fn arch_called(code: &PyValue) -> &'static str {
    let PyValue::Int(code) = code else {
        return "unknown";
    };
    match code {
        0x00 => "x86 BIOS",
        0x02 => "Itanium",
        0x06 => "x86 UEFI",
        0x07 => "x64 UEFI",
        0x09 => "EBC",
        0x0a => "ARM 32-bit UEFI",
        0x0b => "ARM 64-bit UEFI",
        0x0f => "x86 uefi boot from http",
        0x10 => "x64 uefi boot from http",
        0x12 => "arm uefi 32 boot from http",
        0x13 => "arm uefi 64 boot from http",
        _ => "unknown",
    }
}

/// Finds the DHCP server's subnet with the pool of an interface that has a reserved address. Other interfaces may be in any
/// subnet.
pub(crate) fn subnet(lab: &mut LabState, call: &Call, _: &Args<'_>) -> HandlerResult {
    let fields = fields(call, &WHICH)?;
    let mac = mac(lab, fields.text("mac").unwrap_or_default())?;
    let interface = lab.db.interface_with(&mac).ok_or_else(Reply::not_found)?;
    let network = lab.db.network_of(interface).ok_or_else(Reply::not_found)?;
    let (Some(_), Some(pool)) = (interface.reserved_ipv4, network.reserved_net) else {
        return Ok(Reply::json(200, &json!({"subnetId": null})));
    };
    let Some(PyValue::List(subnets)) = fields.value("subnets") else {
        return Err(Reply::bad_request());
    };
    let found = subnets.iter().filter_map(DhcpSubnet::read).find(|offered| {
        offered.subnet.overlaps(network.subnet)
            && offered.first.iter().any(|first| pool.contains(*first))
    });
    Ok(Reply::json(
        200,
        &found.map_or(json!({}), |offered| json!({"subnetId": offered.id})),
    ))
}

struct DhcpSubnet {
    id: i64,
    subnet: Subnet,
    /// The first address of each of its pools.
    first: Vec<Ipv4Addr>,
}

impl DhcpSubnet {
    fn read(value: &PyValue) -> Option<DhcpSubnet> {
        let PyValue::Dict(items) = value else {
            return None;
        };
        let (PyValue::Int(id), PyValue::Str(prefix), PyValue::Int(bits), PyValue::List(pools)) = (
            field(items, "subnetId")?,
            field(items, "prefix")?,
            field(items, "prefixLen")?,
            field(items, "pools")?,
        ) else {
            return None;
        };
        let first = |pool: &PyValue| match pool {
            PyValue::Dict(items) => match field(items, "firstIP") {
                Some(PyValue::Str(text)) => text.parse().ok(),
                _ => None,
            },
            _ => None,
        };
        Some(DhcpSubnet {
            id: *id as i64,
            subnet: Subnet::parse(&format!("{prefix}/{bits}"))?,
            first: pools.iter().filter_map(first).collect(),
        })
    }
}
