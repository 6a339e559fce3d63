//! docs/api.md is complete and true: its endpoints are the server's, its calls are the client's and ask for just these
//! endpoints, and no call is without a module that needs it.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

use std::collections::BTreeSet;
use std::io::Write;

use mr_provisioner::client::{
    AssigneeId, Client, Image, ImageChanges, ImageFile, ImageId, ImageType, InterfaceChanges,
    InterfaceId, Machine, MachineChanges, MachineId, NewAssignee, NewImage, NewPreseed, PowerOrder,
    PreseedChanges, PreseedId, PreseedType, Query, ReportedState, Scope,
};
use mrp_lab::Lab;

/// Endpoints that are not part of the token API.
const WITHOUT_TOKEN: [&str; 2] = ["/tftp/", "/preseed/MACHINE"];

struct Row {
    endpoint: String,
    verb: String,
    calls: Vec<String>,
    modules: Vec<String>,
}

fn table() -> Vec<Row> {
    let page = include_str!("../docs/api.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [endpoint, verb, calls, modules] = cells[..] else {
            panic!("not four cells: {line}");
        };
        let words = |cell: &str| {
            cell.split_whitespace()
                .map(|word| word.trim_matches('`').to_owned())
                .collect::<Vec<_>>()
        };
        Row {
            endpoint: endpoint.trim_matches('`').to_owned(),
            verb: verb.to_owned(),
            calls: words(calls),
            modules: words(modules),
        }
    })
    .collect()
}

/// All calls of the client, each as the verb of a handle: `machines.list`.
fn calls_of_the_client() -> BTreeSet<String> {
    let calls = every_call().into_iter();
    calls.map(|(name, _)| name.to_owned()).collect()
}

/// The endpoints of the server that need a token, as the lab routes them, with their verbs.
fn endpoints_of_the_server() -> BTreeSet<String> {
    let routes = mrp_lab::token_routes().into_iter();
    let endpoints = routes.map(|(verb, pattern)| {
        let endpoint = pattern.trim_start_matches("/api/v1");
        let endpoint = endpoint.replace("<int>", "ID").replace("<text>", "ID");
        format!("{verb} {endpoint}")
    });
    endpoints
        .filter(|endpoint| !endpoint.contains('<'))
        .collect()
}

macro_rules! calls {
    ($($resource:ident.$verb:ident($($argument:expr),*);)*) => {
        vec![$((
            concat!(stringify!($resource), ".", stringify!($verb)),
            (|client: &Client| drop(client.$resource().$verb($($argument),*))) as Call,
        )),*]
    };
}

/// Every call of the client once; a new call belongs here. What the server answers does not matter.
///
/// A test fails when an endpoint of the server has no call in this list. A second call for an endpoint that has one is not
/// noticed: compiled code cannot list the methods of a type.
fn every_call() -> Vec<(&'static str, Call)> {
    let calls = calls! {
        machines.list(Scope::Visible);
        machines.get(MACHINE);
        machines.find("qdc01");
        machines.query(Scope::Visible, &Query::name_is("qdc01"));
        machines.update(MACHINE, &MachineChanges::default());
        reservations.create(&machine(), "");
        interfaces.list(MACHINE);
        interfaces.get(MACHINE, InterfaceId(1));
        interfaces.update(MACHINE, InterfaceId(1), &InterfaceChanges::default());
        assignees.list(MACHINE);
        assignees.own(MACHINE);
        assignees.get(MACHINE, AssigneeId(2));
        assignees.create(MACHINE, &NewAssignee { user: "bob".into(), reason: None });
        assignees.update(MACHINE, AssigneeId(2), "");
        assignees.delete(MACHINE, AssigneeId(2));
        powers.get(MACHINE);
        powers.order(MACHINE, PowerOrder::On);
        states.get(MACHINE);
        states.provision(MACHINE);
        states.set(MACHINE, ReportedState::Ready);
        consoles.create(MACHINE);
        images.list(Scope::Own);
        images.get(ImageId(3));
        images.find(ImageId(3));
        images.create(&new_image(), &mut file());
        images.update(ImageId(3), &ImageChanges::default());
        images.delete(ImageId(3));
        images.holds(&image(), file().digest());
        preseeds.list(Scope::Own);
        preseeds.get(PreseedId(1));
        preseeds.find("p");
        preseeds.create(&new_preseed());
        preseeds.update(PreseedId(1), &PreseedChanges::default());
        preseeds.delete(PreseedId(1));
        preseeds.render(MACHINE);
    };
    calls
}

/// Makes one call of the client.
type Call = fn(&Client);

const MACHINE: MachineId = MachineId(2);

fn machine() -> Machine {
    let machine = serde_json::json!({
        "id": 8, "name": "d05-free", "arch": "arm64", "subarch": null, "kernel_id": null, "kernel_opts": null,
        "initrd_id": null, "preseed_id": null, "netboot_enabled": false,
    });
    serde_json::from_value(machine).unwrap()
}

fn image() -> Image {
    let name = "alice/Image.1a2b3c4d";
    let image = serde_json::json!({
        "id": 3, "name": name, "description": null, "type": "Kernel", "arch": "arm64",
        "upload_date": "Mon, 01 Jan 2018 00:00:00 GMT", "user": "alice", "known_good": false, "public": false,
    });
    serde_json::from_value(image).unwrap()
}

/// An image file that is already deleted. `ImageFile` keeps it open, so its content can still be read.
fn file() -> ImageFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"a kernel").unwrap();
    ImageFile::open(file.path()).unwrap()
}

fn new_image() -> NewImage {
    NewImage {
        description: None,
        kind: ImageType::Kernel,
        arch: "arm64".into(),
        known_good: false,
        public: false,
    }
}

fn new_preseed() -> NewPreseed {
    NewPreseed {
        name: "new".into(),
        kind: PreseedType::Preseed,
        content: String::new(),
        description: None,
        known_good: false,
        public: false,
    }
}

/// The request that a call is for, as the table writes it: what it writes, or else what it reads.
fn asked(call: Call) -> String {
    let lab = Lab::start();
    call(&Client::builder(lab.url(), "admin-token").connect().unwrap());
    let requests = lab.requests();
    let written = requests.iter().find(|request| request.method != "GET");
    let request = written.unwrap_or(&requests[0]);
    let path = request.path.split('?').next().unwrap();
    let (path, id) = match path.strip_prefix("/api/v1") {
        Some(path) => (path, "ID"),
        None => (path, "MACHINE"),
    };
    let is_id = |part: &str| part == "self" || part.parse::<u64>().is_ok();
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| if is_id(part) { id } else { part })
        .collect();
    format!("{} {}", request.method, parts.join("/"))
}

fn differences(one: &BTreeSet<String>, other: &BTreeSet<String>) -> Vec<String> {
    one.symmetric_difference(other).cloned().collect()
}

const NONE: [String; 0] = [];

#[test]
fn the_endpoints_are_those_of_the_server() {
    let listed = table()
        .into_iter()
        .filter(|row| !WITHOUT_TOKEN.contains(&row.endpoint.as_str()));
    let listed = listed
        .map(|row| format!("{} {}", row.verb, row.endpoint))
        .collect();
    assert_eq!(differences(&listed, &endpoints_of_the_server()), NONE);
}

#[test]
fn the_calls_are_those_of_the_client() {
    let listed = table().into_iter().flat_map(|row| row.calls).collect();
    assert_eq!(differences(&listed, &calls_of_the_client()), NONE);
}

#[test]
fn every_call_requests_the_endpoint_of_its_row() {
    let mut listed: Vec<(String, String)> = Vec::new();
    for row in table() {
        let endpoint = format!("{} {}", row.verb, row.endpoint);
        listed.extend(row.calls.into_iter().map(|call| (call, endpoint.clone())));
    }
    let mut made: Vec<_> = every_call()
        .into_iter()
        .map(|(name, call)| (name.to_owned(), asked(call)))
        .collect();
    listed.sort();
    made.sort();
    assert_eq!(listed, made);
}

#[test]
fn every_call_is_one_that_a_module_needs() {
    let rows = table();
    let all = modules_of_the_program();
    for call in calls_of_the_client() {
        let row = rows.iter().find(|row| row.calls.contains(&call));
        let row = row.unwrap_or_else(|| panic!("{call} is in no row"));
        assert!(!row.modules.is_empty(), "{call} has no module");
        for module in &row.modules {
            assert!(all.contains(module), "{call}: there is no module {module}");
        }
    }
}

#[test]
fn every_endpoint_has_a_call_and_a_module_and_every_module_an_endpoint() {
    let rows = table();
    for row in &rows {
        let Row { endpoint, verb, .. } = row;
        assert!(!row.calls.is_empty(), "{verb} {endpoint} has no call");
        assert!(!row.modules.is_empty(), "{verb} {endpoint} has no module");
    }
    let listed = rows.into_iter().flat_map(|row| row.modules).collect();
    assert_eq!(differences(&listed, &modules_of_the_program()), NONE);
}

fn modules_of_the_program() -> BTreeSet<String> {
    let modules = mr_provisioner::MODULES.iter();
    modules.map(|module| module.spec.name.to_owned()).collect()
}
