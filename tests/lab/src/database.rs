//! The server's database tables. Lists are unordered in SQL: an updated row moves to the end.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Deserialize;

use crate::session::Session;

/// A row with its primary key.
pub(crate) trait Row: Clone + PartialEq {
    fn id(&self) -> i64;
    fn set_id(&mut self, id: i64);
}

macro_rules! rows {
    ($($row:ty),*) => {
        $(impl Row for $row {
            fn id(&self) -> i64 { self.id }
            fn set_id(&mut self, id: i64) { self.id = id; }
        })*
    };
}

rows!(
    User,
    Arch,
    Subarch,
    Image,
    Preseed,
    Bmc,
    Network,
    Machine,
    Interface,
    Lease,
    Assignment,
    Event,
    DiscoveredMac
);

/// Rows that can be copied fast: copies share them until one is changed.
pub(crate) type SharedRows<T> = Arc<Vec<Arc<T>>>;

#[derive(Debug)]
pub(crate) struct Table<T> {
    rows: SharedRows<T>,
    last_id: i64,
}

impl<T: Row> Table<T> {
    pub(crate) fn new(rows: Vec<T>) -> Table<T> {
        let last_id = rows.iter().map(Row::id).max().unwrap_or(0);
        Table {
            rows: Arc::new(rows.into_iter().map(Arc::new).collect()),
            last_id,
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.iter().map(Arc::as_ref)
    }

    pub(crate) fn get(&self, id: i64) -> Option<&T> {
        self.iter().find(|row| row.id() == id)
    }

    /// Takes the next key. An insert that violates a constraint uses one too.
    pub(crate) fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn insert(&mut self, mut row: T) -> T {
        row.set_id(self.next_id());
        Arc::make_mut(&mut self.rows).push(Arc::new(row.clone()));
        row
    }

    /// Moves a changed row to the end. An unchanged row keeps its position, because no UPDATE is sent for it.
    pub(crate) fn update(&mut self, row: T) {
        if let Some(at) = self
            .rows
            .iter()
            .position(|known| known.id() == row.id() && **known != row)
        {
            let rows = Arc::make_mut(&mut self.rows);
            rows.remove(at);
            rows.push(Arc::new(row));
        }
    }

    pub(crate) fn remove(&mut self, id: i64) {
        Arc::make_mut(&mut self.rows).retain(|row| row.id() != id);
    }

    /// A copy of the rows.
    pub(crate) fn rows(&self) -> SharedRows<T> {
        self.rows.clone()
    }

    /// Replaces the rows. The next key stays, as that of a sequence in the database.
    pub(crate) fn restore(&mut self, rows: SharedRows<T>) {
        self.rows = rows;
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) username: String,
    pub(crate) ssh_key: String,
    pub(crate) admin: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Token {
    pub(crate) user_id: i64,
    pub(crate) token: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Arch {
    pub(crate) id: i64,
    pub(crate) name: String,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Subarch {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) arch_id: i64,
    pub(crate) bootloader_id: Option<i64>,
    pub(crate) efiboot: bool,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Image {
    pub(crate) id: i64,
    pub(crate) filename: String,
    pub(crate) description: Option<String>,
    pub(crate) file_type: String,
    #[serde(deserialize_with = "crate::date::deserialize")]
    pub(crate) date: SystemTime,
    pub(crate) user_id: Option<i64>,
    pub(crate) known_good: bool,
    pub(crate) public: bool,
    pub(crate) arch_id: i64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Preseed {
    pub(crate) id: i64,
    pub(crate) filename: String,
    pub(crate) description: Option<String>,
    pub(crate) file_type: String,
    pub(crate) file_content: Option<String>,
    pub(crate) user_id: i64,
    pub(crate) known_good: bool,
    pub(crate) public: bool,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Bmc {
    pub(crate) id: i64,
    pub(crate) ip: String,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) bmc_type: String,
}

impl Bmc {
    /// A BMC of the plain type with the credentials of the seeded ones.
    pub(crate) fn plain(ip: String) -> Bmc {
        Bmc {
            id: 0,
            ip,
            username: "ipmiuser".into(),
            password: "ipmipass".into(),
            bmc_type: "plain".into(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Network {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) subnet: crate::network_address::Subnet,
    pub(crate) reserved_net: Option<crate::network_address::Subnet>,
    pub(crate) static_net: Option<crate::network_address::Subnet>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Machine {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) arch_id: i64,
    pub(crate) subarch_id: Option<i64>,
    pub(crate) kernel_id: Option<i64>,
    pub(crate) kernel_opts: Option<String>,
    pub(crate) initrd_id: Option<i64>,
    pub(crate) preseed_id: Option<i64>,
    pub(crate) netboot_enabled: bool,
    pub(crate) bmc_id: Option<i64>,
    pub(crate) bmc_info: String,
    pub(crate) state: String,
}

impl Machine {
    /// A machine without any configuration.
    pub(crate) fn fresh(name: &str, arch_id: i64) -> Machine {
        Machine {
            id: 0,
            name: name.to_owned(),
            arch_id,
            subarch_id: None,
            kernel_id: None,
            kernel_opts: Some(String::new()),
            initrd_id: None,
            preseed_id: None,
            netboot_enabled: false,
            bmc_id: None,
            bmc_info: String::new(),
            state: "unknown".into(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Interface {
    pub(crate) id: i64,
    pub(crate) mac: String,
    pub(crate) identifier: Option<String>,
    pub(crate) static_ipv4: Option<std::net::Ipv4Addr>,
    pub(crate) reserved_ipv4: Option<std::net::Ipv4Addr>,
    pub(crate) machine_id: i64,
    pub(crate) network_id: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Lease {
    pub(crate) id: i64,
    pub(crate) mac: String,
    pub(crate) ipv4: String,
    #[serde(deserialize_with = "crate::date::deserialize")]
    pub(crate) last_seen: SystemTime,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Assignment {
    pub(crate) id: i64,
    pub(crate) machine_id: i64,
    pub(crate) user_id: i64,
    pub(crate) reason: String,
}

/// An event of a machine. Kinds: 3 preseed fetched, 4 preseed error, 7 DHCP, 8 boot configuration, ...
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: i64,
    pub(crate) machine_id: i64,
    pub(crate) username: Option<String>,
    pub(crate) kind: i64,
    pub(crate) info: serde_json::Value,
    pub(crate) date: SystemTime,
}

/// A MAC address that requested an IP address and belongs to no machine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DiscoveredMac {
    pub(crate) id: i64,
    pub(crate) mac: String,
    pub(crate) info: serde_json::Value,
    pub(crate) last_seen: SystemTime,
}

/// The parts of the server's configuration that affect its answers.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Config {
    pub(crate) max_upload_size: u64,
    pub(crate) tftp_proxy_host: String,
    pub(crate) default_bootfile: String,
    pub(crate) access_uri: String,
}

#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) config: Config,
    pub(crate) users: Table<User>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) passwords: HashMap<String, String>,
    pub(crate) archs: Table<Arch>,
    pub(crate) subarchs: Table<Subarch>,
    pub(crate) images: Table<Image>,
    pub(crate) preseeds: Table<Preseed>,
    pub(crate) bmcs: Table<Bmc>,
    pub(crate) networks: Table<Network>,
    pub(crate) machines: Table<Machine>,
    pub(crate) interfaces: Table<Interface>,
    pub(crate) leases: Table<Lease>,
    pub(crate) assignments: Table<Assignment>,
    pub(crate) events: Table<Event>,
    pub(crate) discovered: Table<DiscoveredMac>,
    /// What is stored of the tables above, and what is not yet.
    pub(crate) session: Session,
    /// The files below the TFTP root, by name. Deleting an image keeps its file.
    pub(crate) files: HashMap<String, PathBuf>,
    /// The power state of each chassis, by the BMC's address and slot.
    pub(crate) powered: HashMap<(String, String), bool>,
    /// User names by session.
    pub(crate) sessions: HashMap<String, String>,
    /// The machine's id and the user's name by console token.
    pub(crate) consoles: HashMap<String, (i64, String)>,
    /// The number of generated machines.
    pub(crate) generated: usize,
}

impl Database {
    pub(crate) fn user(&self, id: Option<i64>) -> Option<&User> {
        id.and_then(|id| self.users.get(id))
    }

    pub(crate) fn find_user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.username == name)
    }

    pub(crate) fn token_of(&self, user_id: i64) -> Option<&str> {
        let token = self.tokens.iter().find(|token| token.user_id == user_id);
        token.map(|token| token.token.as_str())
    }

    pub(crate) fn find_arch(&self, name: &str) -> Option<&Arch> {
        self.archs.iter().find(|arch| arch.name == name)
    }

    pub(crate) fn arch_name(&self, id: i64) -> &str {
        self.archs.get(id).map_or("", |arch| &arch.name)
    }

    pub(crate) fn subarch_of(&self, machine: &Machine) -> Option<&Subarch> {
        self.loaded_subarch(machine)
            .and_then(|id| self.subarchs.get(id))
    }

    pub(crate) fn bootloader_of(&self, machine: &Machine) -> Option<&Image> {
        self.subarch_of(machine)
            .and_then(|subarch| subarch.bootloader_id)
            .and_then(|id| self.images.get(id))
    }

    pub(crate) fn assignments_of(&self, machine_id: i64) -> impl Iterator<Item = &Assignment> {
        self.assignments
            .iter()
            .filter(move |assignment| assignment.machine_id == machine_id)
    }

    pub(crate) fn interfaces_of(&self, machine_id: i64) -> impl Iterator<Item = &Interface> {
        self.interfaces
            .iter()
            .filter(move |interface| interface.machine_id == machine_id)
    }

    pub(crate) fn interface_with(&self, mac: &str) -> Option<&Interface> {
        self.interfaces
            .iter()
            .find(|interface| interface.mac == mac)
    }

    pub(crate) fn network_of(&self, interface: &Interface) -> Option<&Network> {
        interface.network_id.and_then(|id| self.networks.get(id))
    }

    pub(crate) fn lease_of(&self, mac: &str) -> Option<&Lease> {
        self.leases.iter().find(|lease| lease.mac == mac)
    }

    /// Whether a user is assigned to the machine or is an administrator.
    pub(crate) fn holds(&self, user: &User, machine_id: i64) -> bool {
        user.admin
            || self
                .assignments_of(machine_id)
                .any(|assignment| assignment.user_id == user.id)
    }

    /// Adds an event and commits, as the server does for every event.
    pub(crate) fn add_event(
        &mut self,
        machine_id: i64,
        username: Option<&str>,
        kind: i64,
        info: serde_json::Value,
    ) {
        let username = username.map(str::to_owned);
        self.events.insert(Event {
            id: 0,
            machine_id,
            username,
            kind,
            info,
            date: SystemTime::now(),
        });
        self.commit();
    }
}
