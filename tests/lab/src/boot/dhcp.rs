//! `/dhcp/ipv4`: what the DHCP bridge asks and reports. Refusals are plain texts.

use std::net::Ipv4Addr;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::call::Call;
use crate::net::{Subnet, parse_mac};
use crate::py::Py;
use crate::reply::{Outcome, Reply};
use crate::routes::Args;
use crate::schema::{Fields, Kind, Schema, required};
use crate::state::{DiscoveredMac, Lease};
use crate::world::World;

const BOOTFILE_OPTION: i64 = 67;
const SEEN_EVENT: i64 = 7;

const MAC: Kind = Kind::Text(|text| parse_mac(text).is_some());

static LEASE: Schema = Schema {
    fields: &[
        required("mac", MAC),
        required("ipv4", Kind::Address),
        required("duration", Kind::Int(|seconds| seconds >= 0)),
    ],
    ignore_unknown: true,
};

static SEEN: Schema = Schema {
    fields: &[
        required("mac", MAC),
        required("discover", Kind::Bool),
        required("options", Kind::List(&OPTION)),
    ],
    ignore_unknown: true,
};

static OPTION: Schema = Schema {
    fields: &[
        required("option", Kind::Int(|_| true)),
        required("value", Kind::IntOrStr),
    ],
    ignore_unknown: true,
};

static WHICH: Schema = Schema {
    fields: &[
        required("mac", MAC),
        required("subnets", Kind::List(&SUBNET)),
    ],
    ignore_unknown: true,
};

static SUBNET: Schema = Schema {
    fields: &[
        required("subnetId", Kind::Int(|_| true)),
        required("prefix", Kind::Address),
        required("prefixLen", Kind::Int(|bits| (0..=32).contains(&bits))),
        required("pools", Kind::List(&POOL)),
    ],
    ignore_unknown: true,
};

static POOL: Schema = Schema {
    fields: &[
        required("poolId", Kind::Int(|_| true)),
        required("capacity", Kind::Int(|_| true)),
        required("firstIP", Kind::Address),
        required("lastIP", Kind::Address),
    ],
    ignore_unknown: true,
};

fn fields(call: &Call, schema: &Schema) -> Result<Fields, Reply> {
    schema
        .check(&call.json()?)
        .map_err(|refusal| Reply::text(400, refusal.text()))
}

fn mac(fields: &Fields) -> String {
    fields.text("mac").and_then(parse_mac).unwrap_or_default()
}

pub(crate) fn get(world: &mut World, call: &Call, _: &Args<'_>) -> Outcome {
    let db = &world.db;
    let text = call.parameter("hwaddr").ok_or_else(Reply::bad_request)?;
    let mac = parse_mac(text).ok_or_else(Reply::internal_error)?;
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

pub(crate) fn lease(world: &mut World, call: &Call, _: &Args<'_>) -> Outcome {
    let fields = fields(call, &LEASE)?;
    let (mac, ipv4) = (
        mac(&fields),
        fields.text("ipv4").unwrap_or_default().to_owned(),
    );
    let last_seen = SystemTime::now();
    match world.db.lease_of(&mac).cloned() {
        Some(known) => world.db.leases.update(Lease {
            ipv4,
            last_seen,
            ..known
        }),
        None => drop(world.db.leases.insert(Lease {
            id: 0,
            mac,
            ipv4,
            last_seen,
        })),
    }
    Ok(Reply::text(201, ""))
}

pub(crate) fn seen(world: &mut World, call: &Call, _: &Args<'_>) -> Outcome {
    let fields = fields(call, &SEEN)?;
    let mac = mac(&fields);
    if let Some(machine_id) = world
        .db
        .interface_with(&mac)
        .map(|interface| interface.machine_id)
    {
        world.db.note(
            machine_id,
            None,
            SEEN_EVENT,
            json!({"discover": fields.flag("discover")}),
        );
        return Ok(Reply::text(200, ""));
    }
    let info = what_it_told(&fields);
    world.db.discovered.retain(|known| known.mac != mac);
    world.db.discovered.push(DiscoveredMac {
        mac,
        info,
        last_seen: SystemTime::now(),
    });
    Ok(Reply::text(202, ""))
}

const HOSTNAME_OPTION: i128 = 12;
const ARCH_OPTION: i128 = 93;

/// The host name and architecture that an unknown machine sent along.
fn what_it_told(fields: &Fields) -> Value {
    let mut info = json!({"mac_vendor": "Realtek (UpTech? also reported)"});
    let Some(Py::List(options)) = fields.value("options") else {
        return info;
    };
    for option in options {
        let Py::Dict(items) = option else { continue };
        let of = |name: &str| {
            items
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value)
        };
        match (of("option"), of("value")) {
            (Some(Py::Int(HOSTNAME_OPTION)), Some(Py::Str(name))) => info["hostname"] = json!(name),
            (Some(Py::Int(ARCH_OPTION)), Some(Py::Int(code))) => {
                info["arch_code"] = json!(*code as i64);
                info["arch"] = json!(arch_called(*code));
            }
            _ => {}
        }
    }
    info
}

/// RFC 4578 and its successors.
fn arch_called(code: i128) -> &'static str {
    match code {
        0 => "x86 BIOS",
        6 => "x86 UEFI",
        7 | 9 => "x64 UEFI",
        10 => "ARM 32-bit UEFI",
        11 => "ARM 64-bit UEFI",
        _ => "unknown",
    }
}

/// Which of the DHCP server's subnets an interface belongs to.
pub(crate) fn subnet(world: &mut World, call: &Call, _: &Args<'_>) -> Outcome {
    let fields = fields(call, &WHICH)?;
    let interface = world
        .db
        .interface_with(&mac(&fields))
        .ok_or_else(Reply::not_found)?;
    let network = world
        .db
        .network_of(interface)
        .ok_or_else(Reply::not_found)?;
    let Some(Py::List(subnets)) = fields.value("subnets") else {
        return Err(Reply::bad_request());
    };
    let found = subnets.iter().filter_map(Offered::read).find(|offered| {
        let reserved = |(first, last): &(Ipv4Addr, Ipv4Addr)| {
            network
                .reserved_net
                .is_some_and(|net| net.contains(*first) && net.contains(*last))
        };
        let has_dynamic = offered.pools.iter().any(|pool| !reserved(pool));
        offered.subnet == network.subnet && (interface.reserved_ipv4.is_some() || has_dynamic)
    });
    Ok(Reply::json(
        200,
        &json!({"subnetId": found.map(|offered| offered.id)}),
    ))
}

struct Offered {
    id: i64,
    subnet: Subnet,
    pools: Vec<(Ipv4Addr, Ipv4Addr)>,
}

impl Offered {
    fn read(value: &Py) -> Option<Offered> {
        let Py::Dict(items) = value else { return None };
        let of = |name: &str| {
            items
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value)
        };
        let (Py::Int(id), Py::Str(prefix), Py::Int(bits), Py::List(pools)) = (
            of("subnetId")?,
            of("prefix")?,
            of("prefixLen")?,
            of("pools")?,
        ) else {
            return None;
        };
        let subnet = Subnet::parse(&format!("{prefix}/{bits}"))?;
        Some(Offered {
            id: *id as i64,
            subnet,
            pools: pools.iter().filter_map(pool).collect(),
        })
    }
}

fn pool(value: &Py) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let Py::Dict(items) = value else { return None };
    let address = |name: &str| match items.iter().find(|(key, _)| key == name) {
        Some((_, Py::Str(text))) => text.parse().ok(),
        _ => None,
    };
    Some((address("firstIP")?, address("lastIP")?))
}
