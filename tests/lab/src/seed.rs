//! The seed: database rows of a real server, and the files below its TFTP root.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::database::*;
use crate::session::Session;

const SEED: &str = include_str!("../seed.json");

#[derive(Deserialize)]
struct Seed {
    tables: Tables,
    passwords: HashMap<String, String>,
    config: Config,
}

#[derive(Deserialize)]
struct Tables {
    #[serde(rename = "BMC")]
    bmc: Vec<Bmc>,
    arch: Vec<Arch>,
    lease: Vec<Lease>,
    network: Vec<Network>,
    user: Vec<User>,
    image: Vec<Image>,
    preseed: Vec<Preseed>,
    token: Vec<Token>,
    subarch: Vec<Subarch>,
    machine: Vec<Machine>,
    interface: Vec<Interface>,
    machine_users: Vec<Assignment>,
}

/// The BMCs whose chassis are on at first; the others are off.
const INITIALLY_ON: [&str; 1] = ["10.99.0.11"];

/// Reads the seed and writes its files into `folder`.
pub(crate) fn load(folder: &Path) -> io::Result<Database> {
    let seed: Seed = serde_json::from_str(SEED)?;
    let tables = seed.tables;
    let files = write_files(folder, &tables.image, &seed.config.default_bootfile)?;
    let on = |ip: &&str| ((*ip).to_owned(), String::new());
    let mut db = Database {
        config: seed.config,
        users: Table::new(tables.user),
        tokens: tables.token,
        passwords: seed.passwords,
        archs: Table::new(tables.arch),
        subarchs: Table::new(tables.subarch),
        images: Table::new(tables.image),
        preseeds: Table::new(tables.preseed),
        bmcs: Table::new(tables.bmc),
        networks: Table::new(tables.network),
        machines: Table::new(tables.machine),
        interfaces: Table::new(tables.interface),
        leases: Table::new(tables.lease),
        assignments: Table::new(tables.machine_users),
        events: Table::new(Vec::new()),
        discovered: Table::new(Vec::new()),
        session: Session::default(),
        files,
        powered: INITIALLY_ON
            .iter()
            .map(on)
            .map(|chassis| (chassis, true))
            .collect(),
        sessions: HashMap::new(),
        consoles: HashMap::new(),
        generated: 0,
    };
    db.commit_all();
    Ok(db)
}

/// Writes a file for every image except the default bootloader, whose file a new installation lacks.
fn write_files(
    folder: &Path,
    images: &[Image],
    without: &str,
) -> io::Result<HashMap<String, PathBuf>> {
    let mut files = HashMap::new();
    for image in images.iter().filter(|image| image.filename != without) {
        let path = folder.join(format!("seed-{}", image.id));
        let mut content = format!("seed file {}\n", image.filename).into_bytes();
        content.extend(0..=u8::MAX);
        fs::write(&path, content)?;
        files.insert(image.filename.clone(), path);
    }
    Ok(files)
}
