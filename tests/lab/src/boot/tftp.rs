//! `/tftp/`: files below the TFTP root and generated boot configurations. It needs no token, also for private images.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::call::Call;
use crate::database::{Database, Machine};
use crate::lab_state::LabState;
use crate::network_address::parse_mac;
use crate::reply::{HandlerResult, Reply};
use crate::routes::Args;

const CONFIG_EVENT: i64 = 8;

const LOCAL_GRUB: &str = "# default=0\n# timeout=0\n# \n# title local\n# \tquit\n\nefiquit";
const LOCAL_PXELINUX: &str = "default local\nprompt 0\ntimeout 0\ntotaltimeout 0\nontimeout local\n\nlabel local\n\tLOCALBOOT -1";

pub(crate) fn get(lab: &mut LabState, call: &Call, _: &Args<'_>) -> HandlerResult {
    let (Some(_), Some(file)) = (call.header("x-tftp-ip"), call.header("x-tftp-file")) else {
        return Err(Reply::bad_request());
    };
    let name = file.trim_start_matches('/').replace("..", "");
    if name.starts_with('/') {
        return Err(Reply::not_found());
    }
    if let Some(reply) = served(lab, &name) {
        return Ok(reply);
    }
    let machine = match mac_in(&name) {
        Some(mac) => asked_for(&lab.db, &mac)?,
        None => None,
    };
    if let Some(machine) = machine {
        lab.db
            .add_event(machine.id, None, CONFIG_EVENT, json!({"filename": name}));
        return Ok(Reply::text(200, configuration(&lab.db, &machine, &name)));
    }
    if name.contains("/pxelinux.cfg/default") || name.contains("/efidefault") {
        return Ok(Reply::text(200, local(&name)));
    }
    Err(Reply::text(404, ""))
}

/// The file of that name, if there is one.
fn served(lab: &LabState, name: &str) -> Option<Reply> {
    let parts: Vec<&str> = name
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    let path = lab.db.files.get(&parts.join("/"))?;
    let metadata = path.metadata().ok()?;
    let modified = metadata.modified().unwrap_or(SystemTime::now());
    let seconds = modified
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let tag = format!("flask-{seconds}.0-{}", metadata.len());
    Some(Reply::file(
        path.clone(),
        &httpdate::fmt_http_date(modified),
        &tag,
    ))
}

/// The MAC address in a name such as `grub.cfg/01-52-54-00-00-01-01`.
fn mac_in(name: &str) -> Option<String> {
    let mut places = name.match_indices("/01-").map(|(at, mark)| at + mark.len());
    places.find_map(|at| {
        let text = name.get(at..at + 17)?;
        let pairs = text.split('-').all(|pair| pair.len() == 2);
        parse_mac(text).filter(|_| pairs)
    })
}

fn asked_for(db: &Database, mac: &str) -> Result<Option<Machine>, Reply> {
    db.check_session()?;
    let interface = db.interface_with(mac);
    let machine = interface.and_then(|interface| db.machines.get(interface.machine_id));
    Ok(machine.cloned())
}

fn is_pxelinux(name: &str) -> bool {
    name.contains("pxelinux.cfg")
}

fn local(name: &str) -> &'static str {
    if is_pxelinux(name) {
        LOCAL_PXELINUX
    } else {
        LOCAL_GRUB
    }
}

fn configuration(db: &Database, machine: &Machine, name: &str) -> String {
    if !machine.netboot_enabled {
        return local(name).to_owned();
    }
    let file = |id: Option<i64>| {
        id.and_then(|id| db.images.get(id))
            .map(|image| image.filename.as_str())
    };
    let kernel = file(machine.kernel_id).unwrap_or_default();
    let initrd = file(machine.initrd_id);
    let options = format!(
        "{} {}",
        installer_options(db, machine),
        machine.kernel_opts.as_deref().unwrap_or_default()
    );
    match is_pxelinux(name) {
        true => {
            let initrd = initrd
                .map(|initrd| format!("initrd={initrd}"))
                .unwrap_or_default();
            format!(
                "default linux\nprompt 0\ntimeout 1\nlabel linux\n\tkernel {kernel}\n\tipappend 2\n\tappend {initrd} {options}"
            )
        }
        false => {
            let initrd = initrd
                .map(|initrd| format!("\tinitrd (tftp)/{initrd}\n\n"))
                .unwrap_or_default();
            format!(
                "set default=\"linux\"\nset timeout=3\n\ntr -s net_default_mac_dash : - $net_default_mac\n\n\
                 menuentry \"linux\" {{\n\tlinux (tftp)/{kernel} BOOTIF=01-$net_default_mac_dash {options}\n\n{initrd}}}"
            )
        }
    }
}

/// The kernel options that tell the installer the preseed's URL.
fn installer_options(db: &Database, machine: &Machine) -> String {
    let url = format!("{}/preseed/{}", db.config.access_uri, machine.id);
    let preseed = machine.preseed_id.and_then(|id| db.preseeds.get(id));
    match preseed.map(|preseed| preseed.file_type.as_str()) {
        None => String::new(),
        Some("kickstart") => format!("ks={url} kssendmac"),
        Some("autoyast") => format!("autoyast={url}"),
        Some(_) => format!("auto=true priority=critical url={url} interface=auto"),
    }
}
