//! docs/api.md is complete and true: its endpoints are the server's, its calls are the client's and ask for just these
//! endpoints, and no call is without a module that needs it.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use mr_provisioner::client::{
    AssigneeId, Client, Image, ImageChanges, ImageFile, ImageId, ImageType, InterfaceChanges,
    InterfaceId, Machine, MachineChanges, MachineId, NewAssignee, NewImage, NewPreseed, PowerOrder,
    PreseedChanges, PreseedId, PreseedType, Query, ReportedState, Scope,
};
use mrp_lab::Lab;

/// The boot endpoint is not part of the token API.
const BOOT: &str = "/tftp/";

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

/// The sources below a folder, without their comments and their own tests.
fn sources(folder: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(folder).unwrap();
        let (inner, files): (Vec<PathBuf>, Vec<PathBuf>) = entries
            .map(|entry| entry.unwrap().path())
            .partition(|path| path.is_dir());
        folders.extend(inner);
        texts.extend(
            files
                .iter()
                .map(|file| code(&std::fs::read_to_string(file).unwrap())),
        );
    }
    texts
}

fn code(source: &str) -> String {
    let lines = source.lines().take_while(|line| *line != "#[cfg(test)]");
    lines
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// All calls of the client: the public methods of the handles, each under its handle's name in `Client`.
fn calls_of_the_client() -> BTreeSet<String> {
    let sources = sources("src/client");
    let mut calls = BTreeSet::new();
    for door in sources.iter().flat_map(|source| source.lines()) {
        // Such as `pub fn images(&self) -> Images<'_, Access> {`.
        let Some((name, handle)) = door
            .trim()
            .strip_prefix("pub fn ")
            .and_then(|door| door.split_once("(&self) -> "))
        else {
            continue;
        };
        let Some(handle) = handle.strip_suffix("<'_, Access> {") else {
            continue;
        };
        for source in &sources {
            for access in [
                "impl<Access> HANDLE<'_, Access> {",
                "impl HANDLE<'_, ReadWrite> {",
            ] {
                let head = access.replace("HANDLE", handle);
                let body = source
                    .split_once(&head)
                    .map(|(_, rest)| rest.split("\n}\n").next().unwrap());
                let methods = body
                    .into_iter()
                    .flat_map(|body| body.split("\n    pub fn ").skip(1));
                calls.extend(
                    methods.map(|method| format!("{name}.{}", method.split('(').next().unwrap())),
                );
            }
        }
    }
    calls
}

/// The endpoints of the server that need a token, as the lab routes them, with their verbs.
fn endpoints_of_the_server() -> BTreeSet<String> {
    let routes: String = include_str!("lab/src/routes.rs")
        .split_whitespace()
        .collect();
    let rules = routes.split("api(\"").skip(1).filter_map(|rule| {
        let (verb, rest) = rule.split_once("\",\"/api/v1")?;
        let pattern = rest.split_once('"')?.0;
        let endpoint = pattern.replace("<int>", "ID").replace("<text>", "ID");
        (!endpoint.contains('<')).then(|| format!("{verb} {endpoint}"))
    });
    rules.collect()
}

macro_rules! calls {
    ($($resource:ident.$verb:ident($($argument:expr),*);)*) => {
        vec![$((
            concat!(stringify!($resource), ".", stringify!($verb)),
            (|client: &Client| drop(client.$resource().$verb($($argument),*))) as Call,
        )),*]
    };
}

/// Every call once. What the server answers does not matter here.
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
    };
    calls
}

/// Makes one call of the client.
type Call = fn(&Client);

const MACHINE: MachineId = MachineId(2);

fn machine() -> Machine {
    serde_json::from_value(serde_json::json!({ "id": 8, "name": "d05-free" })).unwrap()
}

fn image() -> Image {
    let name = "alice/Image.1a2b3c4d";
    serde_json::from_value(serde_json::json!({ "id": 3, "name": name, "type": "Kernel" })).unwrap()
}

/// It stays open, so it can be read when its name is gone.
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
    let path = request
        .path
        .split('?')
        .next()
        .unwrap()
        .trim_start_matches("/api/v1");
    let is_id = |part: &str| part == "self" || part.parse::<u64>().is_ok();
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| if is_id(part) { "ID" } else { part })
        .collect();
    format!("{} {}", request.method, parts.join("/"))
}

fn differences(one: &BTreeSet<String>, other: &BTreeSet<String>) -> Vec<String> {
    one.symmetric_difference(other).cloned().collect()
}

const NONE: [String; 0] = [];

#[test]
fn the_endpoints_are_those_of_the_server() {
    let told = table().into_iter().filter(|row| row.endpoint != BOOT);
    let told = told
        .map(|row| format!("{} {}", row.verb, row.endpoint))
        .collect();
    assert_eq!(differences(&told, &endpoints_of_the_server()), NONE);
}

#[test]
fn the_calls_are_those_of_the_client() {
    let told = table().into_iter().flat_map(|row| row.calls).collect();
    assert_eq!(differences(&told, &calls_of_the_client()), NONE);
}

#[test]
fn every_call_asks_for_the_endpoint_that_it_stands_beside() {
    let mut told: Vec<(String, String)> = Vec::new();
    for row in table() {
        let endpoint = format!("{} {}", row.verb, row.endpoint);
        told.extend(row.calls.into_iter().map(|call| (call, endpoint.clone())));
    }
    let mut made: Vec<_> = every_call()
        .into_iter()
        .map(|(name, call)| (name.to_owned(), asked(call)))
        .collect();
    told.sort();
    made.sort();
    assert_eq!(told, made);
}

#[test]
fn every_call_is_one_that_a_module_needs() {
    let users: String = ["src/task", "src/modules"]
        .into_iter()
        .flat_map(sources)
        .collect();
    let users: String = users.split_whitespace().collect();
    let needed = |call: &String| {
        let (resource, verb) = call.split_once('.').unwrap();
        users.contains(&format!(".{resource}().{verb}("))
    };
    let idle: Vec<String> = calls_of_the_client()
        .into_iter()
        .filter(|call| !needed(call))
        .collect();
    assert_eq!(idle, NONE, "the client has calls that no module uses");
}

#[test]
fn every_endpoint_has_a_module_and_every_module_an_endpoint() {
    let rows = table();
    for row in &rows {
        assert!(
            !row.modules.is_empty(),
            "{} {} has no module",
            row.verb,
            row.endpoint
        );
    }
    let told = rows.into_iter().flat_map(|row| row.modules).collect();
    let all = mr_provisioner::MODULES
        .iter()
        .map(|module| module.spec.name.to_owned())
        .collect();
    assert_eq!(differences(&told, &all), NONE);
}
