//! Lines of `mrp_client.py`, with what it printed and how it ended.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use mrp_lab::Lab;
use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The lab's seeded user who holds most machines; no output may have it.
const TOKEN: &str = "alice-token";

/// How a line ended.
struct Ended {
    out: String,
    err: String,
    code: i32,
}

/// A lab, and whoever types lines for the old client.
struct Desk {
    lab: Lab,
    dir: TempDir,
}

impl Desk {
    fn new() -> Desk {
        Desk {
            lab: Lab::start(),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A line without the server and the token, which are put in front of it.
    fn type_line(&self, line: &str) -> Ended {
        let front = ["--mrp-url", self.lab.url(), "--mrp-token", TOKEN];
        let words = words(line);
        self.run(
            front.into_iter().chain(words.iter().map(String::as_str)),
            &[],
        )
    }

    fn run<'a>(&self, words: impl Iterator<Item = &'a str>, variables: &[(&str, &str)]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mrp"));
        command.env_clear().current_dir(self.dir.path()).args(words);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let ended = Ended {
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap(),
        };
        for printed in [&ended.out, &ended.err] {
            assert!(!printed.contains(TOKEN), "the token was printed: {printed}");
        }
        ended
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        path
    }

    /// Lines that do their work, and say nothing besides what they print.
    fn prints(&self, rows: &[(&str, &str, i32)]) {
        for (line, out, code) in rows {
            let ended = self.type_line(line);
            assert_eq!(
                (ended.out.as_str(), ended.code, ended.err.as_str()),
                (*out, *code, ""),
                "{line}"
            );
        }
    }

    /// Lines that fail: nothing is printed but the sentence, which says these things.
    fn fails(&self, rows: &[(&str, &[&str])]) {
        for (line, parts) in rows {
            let ended = self.type_line(line);
            assert_eq!(
                (ended.out.as_str(), ended.code),
                ("", 1),
                "{line}: {}",
                ended.err
            );
            assert!(ended.err.starts_with("mrp: "), "{line}: {}", ended.err);
            for part in *parts {
                assert!(
                    ended.err.contains(part),
                    "{line}: {:?} does not say {part:?}",
                    ended.err
                );
            }
        }
    }

    /// What the server has at a path.
    fn get(&self, path: &str) -> Value {
        let url = format!("{}api/v1/{path}", self.lab.url());
        let request = http().get(url).bearer_auth("admin-token");
        request.send().unwrap().json().unwrap()
    }

    fn writes(&self) -> Vec<String> {
        let writes = self.lab.writes().into_iter();
        writes
            .map(|request| format!("{} {}", request.method, request.path))
            .collect()
    }
}

fn http() -> &'static Client {
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder().no_proxy().build().unwrap()
    });
    &CLIENT
}

/// A line as a shell splits it; what stands between apostrophes is one word.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    for character in line.chars() {
        match character {
            '\'' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            ' ' if !is_quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

const MOONSHOT: &str = "\
arch: arm64
hostname: moonshot-c1
id: 1
initrd_id: 4
kernel_id: 3
kernel_opts: console=ttyS0
name: moonshot-c1
netboot_enabled: False
preseed_id: 1
subarch: efi
";

const QDC02: &str = "\
arch: arm64
hostname: qdc02
id: 3
initrd_id: None
kernel_id: 5
kernel_opts: None
name: qdc02
netboot_enabled: False
preseed_id: None
subarch: None
";

const QUOTED: &str = "\
arch: arm64
hostname: bad-bmc-box--q-
id: 7
initrd_id: None
kernel_id: 3
kernel_opts: 
name: bad bmc/box \"q\"
netboot_enabled: False
preseed_id: None
subarch: efi
";

#[test]
fn lines_that_look_print_and_end_as_they_did() {
    let desk = Desk::new();
    let installer = "--description 'debian-installer kernel'";
    let image = |rest: &str| format!("image --action check {rest}");
    let found = image(&format!("--image-type Kernel {installer} --arch arm64"));
    let shortened =
        format!("image --act=check --image-t Kernel --desc='debian-installer kernel' --ar arm64");
    let rows: &[(&str, &str, i32)] = &[
        (&found, "True\n", 0),
        (&shortened, "True\n", 0),
        (
            &image(&format!(
                "--image-type Kernel {installer} --arch x86_64 --public --knowngood"
            )),
            "True\n",
            0,
        ),
        (
            &image(&format!("--image-type Initrd {installer} --arch arm64")),
            "False\n",
            2,
        ),
        (
            &image(&format!("--image-type Kernel {installer} --arch sparc")),
            "False\n",
            2,
        ),
        (
            &image("--image-type Kernel --description 'alice test kernel' --arch arm64"),
            "True\n",
            0,
        ),
        (
            &image("--image-type Kernel --description 'bob secret kernel' --arch arm64"),
            "False\n",
            2,
        ),
        (
            &image("--image-type Kernel --description 'dup kernel' --arch arm64"),
            "True\n",
            0,
        ),
        (
            &image("--image-type Kernel --description 'debian*' --arch arm64"),
            "False\n",
            2,
        ),
        (
            &image("--image-type Kernel --description '' --arch arm64"),
            "False\n",
            2,
        ),
        (
            "preseed --action check --preseed-name debian-std",
            "True\n",
            0,
        ),
        (
            "preseed --action check --preseed-n=centos-ks --type kickstart",
            "True\n",
            0,
        ),
        (
            "preseed --action check --preseed-name centos-ks --type preseed",
            "False\n",
            2,
        ),
        (
            "preseed --a check --preseed-name suse-ay --ty autoyast",
            "True\n",
            0,
        ),
        (
            "preseed --action check --preseed-name bob-secret",
            "False\n",
            2,
        ),
        (
            "preseed --action check --preseed-name 'debian-*'",
            "False\n",
            2,
        ),
        (
            "state --action getparams --machine moonshot-c1",
            MOONSHOT,
            0,
        ),
        ("state --machine=qdc02 --act getparams", QDC02, 0),
        (
            "--verb --verbose state --machine qdc02 --action getparams --arch arm64",
            QDC02,
            0,
        ),
        (
            "state --action getparams --machine 'bad bmc/box \"q\"'",
            QUOTED,
            0,
        ),
        (
            "net --action getip --machine moonshot-c1",
            "10.40.1.21\n",
            0,
        ),
        (
            "net --action getip --machine qdc01 --interface eth0",
            "10.40.5.12\n",
            0,
        ),
        ("net --ac=getip --ma=qdc01 --int=eth0", "10.40.5.12\n", 0),
        (
            "net --action getmac --machine moonshot-c1",
            "52:54:00:00:01:02\n",
            0,
        ),
        (
            "net --action getnetmask --machine moonshot-c1",
            "255.255.0.0\n",
            0,
        ),
        (
            "net --action getmac --machine 'bad bmc/box \"q\"' --interface eth0",
            "52:54:00:00:07:01\n",
            0,
        ),
        (
            "net --action getip --machine moonshot-c1 --interface eth2",
            "10.40.2.31\n",
            0,
        ),
        (
            "net --action getip --machine moonshot-c1 --interface eth4",
            "None\n",
            0,
        ),
        (
            "net --action getnetmask --machine moonshot-c1 --interface eth4",
            "Network Not Configured in MrP\n",
            0,
        ),
        // The last of several wins.
        (
            "net --action getmac --action getip --machine qdc01 --machine moonshot-c1",
            "10.40.1.21\n",
            0,
        ),
    ];
    desk.prints(rows);
    assert_eq!(desk.writes(), Vec::<String>::new());
}

#[test]
fn lines_that_fail_say_why_in_one_sentence() {
    let desk = Desk::new();
    desk.fails(&[
        ("state --action getparams --machine qdc1", &["no machine 'qdc1'", "qdc01"]),
        ("state --action getparams --machine bobs-box", &["bobs-box", "bob (mine)"]),
        ("net --action getip --machine d05-free", &["d05-free", "not assigned"]),
        ("net --action getip --machine qdc01 --interface eth7", &["'eth7'", "eth0"]),
        ("net --action getip --machine qdc01", &["'eth1'", "eth0"]),
        (
            "image --action check --image-type kernel --description x --arch arm64",
            &["Kernel, Initrd", "kernel"],
        ),
        (
            "image --action upload --image-type Kernel --description x --arch arm64",
            &["--image-path"],
        ),
        (
            "image --action upload --image-type Kernel --description x --arch arm64 --image-path missing",
            &["missing"],
        ),
        ("preseed --action upload --preseed-name debian-sdt", &["debian-std"]),
        (
            "preseed --action upload --preseed-name new-one --preseed-path missing",
            &["missing"],
        ),
        (
            "state --action setparams --machine qdc01 --arch arm64",
            &["--subarch and --initrd-desc and --kernel-desc"],
        ),
        (
            "state --action provision --machine qdc01 --arch arm64 --subarch efi --kernel-desc 'dup kernel' --initrd-desc ''",
            &["--initrd-desc"],
        ),
        (
            "state --action setparams --machine qdc01 --arch x86_64 --subarch efi --kernel-desc k --initrd-desc i",
            &["qdc01", "arm64", "x86_64"],
        ),
    ]);
    assert_eq!(desk.writes(), Vec::<String>::new());
}

#[test]
fn a_wrong_call_ends_with_2_and_a_usage_line() {
    let desk = Desk::new();
    for line in [
        "image --action check --image-type Kernel --description x",
        "image --action fetch --image-type Kernel --description x --arch arm64",
        "image --image-type Kernel --description x --arch arm64",
        "image --a check --image-type Kernel --description x --arch arm64",
        "preseed --action check --preseed-name x --type jumpstart",
        "preseed --action check --preseed x",
        "state --machine qdc01",
        "state --action reboot --machine qdc01",
        "state --action setparams --machine qdc01 --kernel x",
        "state --action setparams --machine qdc01 --netboot maybe",
        "state --action getparams --machine qdc01 --arch --subarch efi",
        "state --action getparams --machine qdc01 --force",
        "net --action getip",
        "net --action getip --machine qdc01 --mrp-token=alice-token",
        "net --action getip --machine qdc01 qdc02",
        "",
    ] {
        let ended = desk.type_line(line);
        assert_eq!(
            (ended.out.as_str(), ended.code),
            ("", 2),
            "{line}: {}",
            ended.err
        );
        assert!(ended.err.contains("Usage: mrp"), "{line}: {}", ended.err);
    }
    assert!(desk.lab.requests().is_empty());
}

#[test]
fn an_image_is_uploaded_once_and_its_flags_are_those_of_the_line() {
    let desk = Desk::new();
    desk.file("linux", "a kernel");
    let line = |action: &str, rest: &str| {
        format!(
            "image --action {action} --image-type Kernel --description 'my \"kernel\"' --arch arm64 {rest}"
        )
    };
    let (check, upload) = (
        line("check", ""),
        line("upload", "--image-path linux --knowngood"),
    );
    desk.prints(&[
        (&check, "False\n", 2),
        (&upload, "", 0),
        (&check, "True\n", 0),
        (&upload, "", 0),
    ]);
    assert_eq!(desk.writes(), ["POST /api/v1/image"]);
    desk.prints(&[(
        &line(
            "upload",
            "--image-path linux --knowngood true --public=true",
        ),
        "",
        0,
    )]);
    let images = desk.get("image?show_all=true");
    let newest = images
        .as_array()
        .unwrap()
        .iter()
        .max_by_key(|image| image["id"].as_i64())
        .unwrap();
    assert_eq!(
        (&newest["known_good"], &newest["public"]),
        (&json!(true), &json!(true))
    );
    desk.prints(&[(&line("upload", "--image-path linux --public false"), "", 0)]);
    let image = desk.get(&format!("image/{}", newest["id"]));
    assert_eq!(
        (&image["known_good"], &image["public"]),
        (&json!(false), &json!(false))
    );
}

#[test]
fn a_preseed_is_created_and_changed() {
    let desk = Desk::new();
    desk.file("seed", "first\n");
    let upload = "preseed --action upload --preseed-name ks --preseed-path seed";
    let kickstart = format!("{upload} --type kickstart --description 'for CI' --public");
    desk.prints(&[
        ("preseed --action check --preseed-name ks", "False\n", 2),
        (&kickstart, "", 0),
        (
            "preseed --action check --preseed-name ks --type kickstart",
            "True\n",
            0,
        ),
    ]);
    desk.file("seed", "second\n");
    desk.prints(&[(upload, "", 0), (upload, "", 0)]);
    let preseeds = desk.get("preseed?show_all=true");
    let of_name = |preseed: &&Value| preseed["name"] == "ks";
    let preseed = preseeds.as_array().unwrap().iter().find(of_name).unwrap();
    let told = ["content", "type", "description", "public"].map(|key| &preseed[key]);
    assert_eq!(
        told,
        [
            &json!("second\n"),
            &json!("kickstart"),
            &json!("for CI"),
            &json!(false)
        ]
    );
    let writes = desk.writes();
    assert_eq!(writes.len(), 2, "{writes:?}");
    // Without a file it must be there, whoever it belongs to, and stays as it is.
    desk.prints(&[(
        "preseed --action upload --preseed-name debian-std --public",
        "",
        0,
    )]);
    assert_eq!(desk.writes(), writes);
}

/// What all lines have that tell a machine what to boot.
const BOOTS: &str = "--arch arm64 --subarch efi --initrd-desc 'debian-installer initrd' --kernel-desc 'debian-installer kernel'";

#[test]
fn parameters_are_set_and_nothing_else() {
    let desk = Desk::new();
    let set = format!(
        "state --action setparams --machine qdc01 {BOOTS} --preseed-name debian-std --kernel-opts '--- console=ttyS0' --netboot"
    );
    desk.prints(&[(&set, "", 0), (&set, "", 0)]);
    assert_eq!(desk.writes(), ["PUT /api/v1/machine/2"]);
    let after = "\
arch: arm64
hostname: qdc01
id: 2
initrd_id: 4
kernel_id: 3
kernel_opts: --- console=ttyS0
name: qdc01
netboot_enabled: True
preseed_id: 1
subarch: efi
";
    // What is not given, or empty, stays.
    let off =
        format!("state --action setparams --machine qdc01 {BOOTS} --kernel-opts '' --netboot=n");
    desk.prints(&[
        ("state --action getparams --machine qdc01", after, 0),
        (&off, "", 0),
        (
            "state --action getparams --machine qdc01",
            &after.replace("True", "False"),
            0,
        ),
        (
            &format!("state --action setparams --machine 'bad bmc/box \"q\"' {BOOTS}"),
            "",
            0,
        ),
    ]);
    assert_eq!(desk.get("machine/2/power"), json!({"state": "on"}));
}

#[test]
fn a_machine_is_provisioned_every_time_without_a_wait() {
    let desk = Desk::new();
    let line = format!("state --action provision --machine qdc01 {BOOTS}");
    desk.prints(&[(&line, "", 0), (&line, "", 0)]);
    let orders = desk
        .writes()
        .into_iter()
        .filter(|write| write == "POST /api/v1/machine/2/state");
    assert_eq!(orders.count(), 2);
    assert_eq!(desk.get("machine/2")["netboot_enabled"], true);
}

#[test]
fn a_machine_without_a_bmc_is_left_as_it_is() {
    let desk = Desk::new();
    let before = desk.get("machine/6");
    let line = format!("state --action provision --machine no-bmc {BOOTS}");
    desk.fails(&[(&line, &["no-bmc", "no BMC"])]);
    assert_eq!(desk.get("machine/6"), before);
    assert_eq!(desk.writes(), Vec::<String>::new());
}

#[test]
fn what_the_server_said_is_shown_when_asked() {
    let desk = Desk::new();
    let line = format!("state --action provision --machine 'bad bmc/box \"q\"' {BOOTS}");
    let plain = desk.type_line(&line);
    let verbose = desk.type_line(&format!("--verbose {line}"));
    assert_eq!((plain.code, verbose.code), (1, 1), "{}", plain.err);
    assert!(!plain.err.contains("the server said"), "{}", plain.err);
    assert!(verbose.err.contains("the server said"), "{}", verbose.err);
    assert_eq!(desk.get("machine/7")["netboot_enabled"], false);
}

#[test]
fn server_and_token_need_not_be_typed() {
    let desk = Desk::new();
    let line = [
        "net",
        "--action",
        "getmac",
        "--machine",
        "qdc01",
        "--interface",
        "eth0",
    ];
    let environment = [("MRP_URL", desk.lab.url()), ("MRP_TOKEN", TOKEN)];
    let ended = desk.run(line.into_iter(), &environment);
    assert_eq!(
        (ended.out.as_str(), ended.code),
        ("52:54:00:00:02:01\n", 0),
        "{}",
        ended.err
    );
    let without = desk.run(line.into_iter(), &[]);
    assert_eq!((without.out.as_str(), without.code), ("", 2));
    assert!(without.err.starts_with("Usage: mrp "), "{}", without.err);
    assert!(without.err.contains("MRP_TOKEN"), "{}", without.err);

    std::fs::create_dir(desk.dir.path().join("mrp")).unwrap();
    let token = desk.file("token", TOKEN);
    let lab = format!(
        "[home]\nmrp_url = {}\ntoken_file = {}\n",
        desk.lab.url(),
        token.display()
    );
    desk.file("mrp/labs.cfg", &lab);
    let config = desk.dir.path().to_str().unwrap();
    let ended = desk.run(line.into_iter(), &[("XDG_CONFIG_HOME", config)]);
    assert_eq!(
        (ended.out.as_str(), ended.code),
        ("52:54:00:00:02:01\n", 0),
        "{}",
        ended.err
    );
}

#[test]
fn the_new_command_line_keeps_its_own() {
    let desk = Desk::new();
    let list = desk.type_line("image list --arch x86_64 --type Kernel");
    assert_eq!(list.code, 0, "{}", list.err);
    assert!(list.out.starts_with("ID "), "{}", list.out);
    let help = desk.type_line("image --help");
    assert!(help.out.contains("upload"), "{}", help.out);
    assert!(!help.out.contains("--image-type"), "{}", help.out);
    let old_help = desk.type_line("state --help");
    assert_eq!(old_help.code, 0);
    assert!(old_help.out.contains("--kernel-desc"), "{}", old_help.out);
}
