//! The tasks: every module in what it is typically used for.

use std::path::Path;

use mrp_test_support::{ADMIN_TOKEN, TOKEN};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A task of a playbook, with what the lab has before it.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) name: &'static str,
    pub(crate) module: &'static str,
    pub(crate) options: Value,
    pub(crate) token: &'static str,
    /// What is done before, in order.
    pub(crate) preparation: Vec<(&'static str, Value)>,
    /// Names of free machines that the lab has in addition.
    pub(crate) free_machines: Vec<&'static str>,
    /// Whether each run acts anew, as a reboot does.
    pub(crate) acts_anew: bool,
    /// How long a machine installs.
    pub(crate) install_seconds: f64,
}

impl Task {
    fn new(name: &'static str, module: &'static str, options: Value) -> Task {
        Task {
            name,
            module,
            options,
            token: TOKEN,
            preparation: Vec::new(),
            free_machines: Vec::new(),
            acts_anew: false,
            install_seconds: 0.01,
        }
    }

    /// Whether it waits for a machine.
    pub(crate) fn waits(&self) -> bool {
        self.options.get("wait_interval").is_some()
    }

    fn after(mut self, module: &'static str, options: Value) -> Task {
        self.preparation.push((module, options));
        self
    }

    fn by_admin(self) -> Task {
        Task {
            token: ADMIN_TOKEN,
            ..self
        }
    }

    fn acting_anew(self) -> Task {
        Task {
            acts_anew: true,
            ..self
        }
    }

    /// With machines that install so slowly that they are seen doing it.
    fn installing_slowly(self) -> Task {
        Task {
            install_seconds: 1.5,
            ..self
        }
    }

    fn with_free_machines(self) -> Task {
        Task {
            free_machines: vec!["free-1", "free-2", "free-3"],
            ..self
        }
    }
}

/// The files that tasks upload.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Files {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, content) in [
            ("linux", "a kernel\n"),
            ("linux-2", "a newer kernel\n"),
            ("initrd", "an initrd\n"),
            ("seed", "d-i one {{ hostname }}\n"),
        ] {
            std::fs::write(folder.path().join(name), content).expect("a file can be written");
        }
        Files(folder)
    }

    fn path(&self, name: &str) -> Value {
        json!(Path::join(self.0.path(), name))
    }
}

/// All tasks, by module.
pub(crate) fn all(files: &Files) -> Vec<Task> {
    [
        images(files),
        preseeds(files),
        machines(),
        power(),
        holders(),
        interfaces(),
        readers(),
        old_role(files),
    ]
    .concat()
}

fn with(mut options: Value, more: Value) -> Value {
    if let (Some(options), Value::Object(more)) = (options.as_object_mut(), more) {
        options.extend(more);
    }
    options
}

fn images(files: &Files) -> Vec<Task> {
    let kernel = |file| json!({ "description": "ci kernel", "type": "Kernel", "arch": "arm64", "path": files.path(file) });
    let list = json!({ "arch": "arm64", "description": "installer", "images": [
        { "type": "Kernel", "path": files.path("linux") },
        { "type": "Initrd", "path": files.path("initrd"), "public": true },
    ] });
    let without_file = json!({ "description": "ci kernel", "type": "Kernel", "arch": "arm64" });
    vec![
        Task::new("upload an image", "mrp_image", kernel("linux")),
        Task::new(
            "replace an image",
            "mrp_image",
            with(kernel("linux-2"), json!({ "prune": true })),
        )
        .after("mrp_image", kernel("linux")),
        Task::new(
            "publish an image",
            "mrp_image",
            with(kernel("linux"), json!({ "public": true })),
        )
        .after("mrp_image", kernel("linux")),
        Task::new(
            "delete an image",
            "mrp_image",
            with(without_file, json!({ "state": "absent" })),
        )
        .after("mrp_image", kernel("linux")),
        Task::new("upload two images", "mrp_image", list),
    ]
}

fn preseeds(files: &Files) -> Vec<Task> {
    let seed = json!({ "name": "ci-seed", "path": files.path("seed"), "type": "preseed", "description": "ci" });
    let other = json!({ "name": "ci-seed", "content": "d-i old\n" });
    let list = json!({ "preseeds": [
        { "name": "ci-seed", "content": "d-i one\n" }, { "name": "alice-seed", "content": "d-i two\n" },
    ] });
    vec![
        Task::new("create a preseed", "mrp_preseed", seed.clone()),
        Task::new("change a preseed", "mrp_preseed", seed).after("mrp_preseed", other),
        Task::new(
            "delete a preseed",
            "mrp_preseed",
            json!({ "name": "alice-seed", "state": "absent" }),
        ),
        Task::new("create and change preseeds", "mrp_preseed", list),
    ]
}

fn machines() -> Vec<Task> {
    let boot = json!({
        "name": "qdc01", "subarch": "efi", "kernel": "debian-installer kernel", "initrd": "debian-installer initrd",
        "preseed": "alice-seed", "kernel_opts": "console=ttyAMA0",
    });
    let waiting = json!({ "state": "provisioned", "wait_interval": 0.02 });
    let provisioned = with(boot.clone(), waiting.clone());
    let two = with(
        json!({ "subarch": "efi", "kernel_id": 3, "initrd_id": 4, "machines": [{ "name": "qdc01" }, { "name": "qdc02" }] }),
        waiting,
    );
    vec![
        Task::new("configure a machine", "mrp_machine", boot),
        Task::new("provision a machine", "mrp_machine", provisioned.clone()),
        Task::new(
            "provision a machine and switch netboot off",
            "mrp_machine",
            with(provisioned.clone(), json!({ "netboot_when_ready": false })),
        ),
        Task::new(
            "provision without a wait",
            "mrp_machine",
            with(provisioned.clone(), json!({ "wait": false })),
        ),
        Task::new(
            "provision with other parameters",
            "mrp_machine",
            with(provisioned.clone(), json!({ "kernel_opts": "quiet" })),
        )
        .after("mrp_machine", provisioned.clone()),
        Task::new(
            "find a machine provisioned",
            "mrp_machine",
            provisioned.clone(),
        )
        .after("mrp_machine", provisioned.clone()),
        Task::new(
            "begin an installation anew",
            "mrp_machine",
            with(provisioned.clone(), json!({ "force": true })),
        )
        .after("mrp_machine", provisioned)
        .acting_anew()
        .installing_slowly(),
        Task::new("provision two machines", "mrp_machine", two),
        Task::new(
            "report a state",
            "mrp_machine",
            json!({ "name": "qdc01", "state": "ready" }),
        ),
    ]
}

fn power() -> Vec<Task> {
    let waiting = |options| with(options, json!({ "wait_interval": 0.02 }));
    let netboot = json!({ "name": "qdc01", "subarch": "efi", "kernel_id": 3, "netboot": true });
    let on = json!({ "state": "on", "machines": [{ "name": "qdc02" }, { "name": "moonshot-c1" }] });
    vec![
        Task::new(
            "switch a machine off",
            "mrp_power",
            waiting(json!({ "name": "qdc01", "state": "off" })),
        ),
        Task::new(
            "switch a machine on",
            "mrp_power",
            waiting(json!({ "name": "qdc02", "state": "on" })),
        ),
        Task::new("switch two machines on", "mrp_power", waiting(on)),
        Task::new(
            "reboot a machine",
            "mrp_power",
            waiting(json!({ "name": "qdc01", "state": "rebooted" })),
        )
        .acting_anew(),
        Task::new(
            "reboot a machine from the network",
            "mrp_power",
            waiting(json!({ "name": "qdc01", "state": "rebooted", "boot": "pxe", "force": true })),
        )
        .after("mrp_machine", netboot)
        .acting_anew(),
    ]
}

fn holders() -> Vec<Task> {
    let query = json!({ "query": "(=~ name \"free-\")", "count": 2, "reason": "job" });
    let named = json!({ "name": "d05-free", "reason": "job" });
    let assigned = json!({ "name": "d05-free", "user": "bob", "reason": "tests" });
    vec![
        Task::new("reserve a machine", "mrp_reservation", named.clone()),
        Task::new(
            "reserve two machines of a query",
            "mrp_reservation",
            query.clone(),
        )
        .with_free_machines(),
        Task::new(
            "release a machine",
            "mrp_reservation",
            json!({ "name": "qdc01", "state": "absent" }),
        ),
        Task::new(
            "release the machines of a query",
            "mrp_reservation",
            with(query.clone(), json!({ "count": null, "state": "absent" })),
        )
        .with_free_machines()
        .after("mrp_reservation", query),
        Task::new("assign a user", "mrp_assignee", assigned.clone()).by_admin(),
        Task::new(
            "change the reason",
            "mrp_assignee",
            json!({ "name": "bobs-box", "user": "bob", "reason": "another" }),
        )
        .by_admin(),
        Task::new(
            "remove a user",
            "mrp_assignee",
            json!({ "name": "bobs-box", "user": "bob", "state": "absent" }),
        )
        .by_admin(),
    ]
}

fn interfaces() -> Vec<Task> {
    let eth0 = |options| with(json!({ "name": "qdc01", "interface": "eth0" }), options);
    let two = json!({ "config_type_v4": "dynamic-reserved", "interfaces": [
        { "name": "qdc01", "interface": "eth0", "ipv4": "10.40.1.5" },
        { "name": "qdc02", "interface": "eth0", "ipv4": "10.40.1.6" },
    ] });
    vec![
        Task::new(
            "set an address",
            "mrp_interface",
            eth0(json!({ "config_type_v4": "static", "ipv4": "10.40.2.17" })),
        ),
        Task::new(
            "choose an address",
            "mrp_interface",
            eth0(json!({ "config_type_v4": "static", "ipv4": "auto" })),
        ),
        Task::new(
            "make an address dynamic",
            "mrp_interface",
            json!({ "name": "moonshot-c1", "interface": "eth2", "config_type_v4": "dynamic" }),
        ),
        Task::new(
            "name an interface",
            "mrp_interface",
            json!({ "name": "qdc01", "interface_id": 7, "identifier": "lan" }),
        ),
        Task::new("set two addresses", "mrp_interface", two),
    ]
}

fn readers() -> Vec<Task> {
    vec![
        Task::new("open a console", "mrp_console", json!({ "name": "qdc01" })),
        Task::new("list images", "mrp_image_info", json!({})),
        Task::new(
            "list preseeds",
            "mrp_preseed_info",
            json!({ "content": true }),
        ),
        Task::new(
            "list machines",
            "mrp_machine_info",
            json!({ "gather": ["state", "interfaces", "assignees", "power"], "names": ["qdc01", "qdc02"] }),
        ),
        Task::new(
            "find addresses",
            "mrp_network_facts",
            json!({ "machines": ["qdc01", "qdc02"] }),
        ),
    ]
}

fn old_role(files: &Files) -> Vec<Task> {
    let image = |kind, file| json!({ "description": "installer", "type": kind, "arch": "arm64", "path": files.path(file) });
    let seed = json!({ "name": "ci-seed", "path": files.path("seed") });
    let machine = json!({
        "machine_name": "qdc01", "kernel_description": "installer", "initrd_description": "installer",
        "arch": "arm64", "subarch": "efi", "preseed_name": "ci-seed", "kernel_options": "console=ttyAMA0",
    });
    vec![
        Task::new(
            "old role: upload an image",
            "mr_provisioner_image",
            image("Kernel", "linux"),
        ),
        Task::new(
            "old role: upload a preseed",
            "mr_provisioner_preseed",
            seed.clone(),
        ),
        Task::new(
            "old role: provision a machine",
            "mr_provisioner_machine_provision",
            machine,
        )
        .after("mr_provisioner_image", image("Kernel", "linux"))
        .after("mr_provisioner_image", image("Initrd", "initrd"))
        .after("mr_provisioner_preseed", seed)
        .acting_anew()
        .installing_slowly(),
        Task::new(
            "old role: find an address",
            "mr_provisioner_get_ip",
            json!({ "machine_name": "qdc01", "interface_name": "eth0" }),
        ),
    ]
}
