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

/// What is typed, printed and said, and how it ends.
const TABLE: &str = include_str!("old_client.txt");

/// Where the reasons stand for what is different.
const MIGRATION: &str = include_str!("../../docs/migration.md");

/// How a line ended.
struct Ended {
    line: String,
    out: String,
    err: String,
    code: i32,
}

impl Ended {
    /// Asserts what was printed and how it ended.
    fn is(&self, out: &str, code: i32) {
        let told = (self.out.as_str(), self.code);
        assert_eq!(told, (out, code), "{}: {}", self.line, self.err);
    }

    /// Asserts that standard error says each of these things.
    fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(
                self.err.contains(part),
                "{:?} does not say {part:?}",
                self.err
            );
        }
    }
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
        let words: Vec<&str> = words.collect();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mrp"));
        command
            .env_clear()
            .current_dir(self.dir.path())
            .args(&words);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let ended = Ended {
            line: words.join(" "),
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
    fn prints(&self, rows: &[(&str, &str)]) {
        for (line, out) in rows {
            let ended = self.type_line(line);
            ended.is(out, if *out == "False\n" { 2 } else { 0 });
            assert_eq!(ended.err, "", "{line}");
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

/// What is printed, how it ends, and what standard error says.
fn ending(text: &str) -> (&str, i32, &str) {
    let (out, ending) = text.split_at(text.find('[').unwrap());
    let (code, said) = ending[1..].split_once(']').unwrap();
    (out, code.parse().unwrap(), said.trim())
}

#[test]
fn lines_that_only_look_print_and_end_as_recorded_or_for_a_reason_otherwise() {
    let desk = Desk::new();
    let rows: Vec<&str> = TABLE.split("\n$ ").skip(1).collect();
    assert!(rows.len() > 100, "the table is not read");
    for row in rows {
        let (line, rest) = row.split_once('\n').unwrap();
        let expected = match rest.split_once("\n! ") {
            None => ending(rest),
            Some((recorded, rest)) => {
                let (reason, here) = rest.split_once('\n').unwrap();
                let is_told = MIGRATION.contains(&format!("| {reason} |"));
                assert!(is_told, "docs/migration.md does not have: {reason}");
                let ((out, code, _), here) = (ending(recorded), ending(here));
                assert_ne!((out, code), (here.0, here.1), "{line}: it is the same");
                here
            }
        };
        let (out, code, said) = expected;
        let ended = desk.type_line(line);
        ended.is(out, code);
        assert_eq!(ended.err.is_empty(), said.is_empty(), "{}", ended.err);
        ended.says(&said.split('|').map(str::trim).collect::<Vec<_>>());
    }
    assert_eq!(desk.writes(), Vec::<String>::new());
}

#[test]
fn an_image_is_uploaded_once_and_flags_that_are_not_given_are_left_alone() {
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
        (&check, "False\n"),
        (&upload, ""),
        (&check, "True\n"),
        (&upload, ""),
    ]);
    assert_eq!(desk.writes(), ["POST /api/v1/image"]);
    desk.prints(&[(
        &line(
            "upload",
            "--image-path linux --knowngood true --public=true",
        ),
        "",
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
    desk.prints(&[(&line("upload", "--image-path linux --public false"), "")]);
    let image = desk.get(&format!("image/{}", newest["id"]));
    assert_eq!(
        (&image["known_good"], &image["public"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn a_preseed_is_created_and_changed() {
    let desk = Desk::new();
    desk.file("seed", "first\n");
    let upload = "preseed --action upload --preseed-name ks --preseed-path seed --type kickstart";
    let described = format!("{upload} --description 'for CI' --public");
    desk.prints(&[
        ("preseed --action check --preseed-name ks", "False\n"),
        (&described, ""),
        (
            "preseed --action check --preseed-name ks --type kickstart",
            "True\n",
        ),
    ]);
    desk.file("seed", "second\n");
    desk.prints(&[(upload, ""), (upload, "")]);
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
    assert_eq!(desk.writes().len(), 2);
}

/// What all lines have that tell a machine what to boot.
const BOOTS: &str = "--arch arm64 --subarch efi --initrd-desc 'debian-installer initrd' --kernel-desc 'debian-installer kernel'";

#[test]
fn parameters_are_set_and_nothing_else() {
    let desk = Desk::new();
    let set = format!(
        "state --action setparams --machine qdc01 {BOOTS} --preseed-name debian-std --kernel-opts '--- console=ttyS0' --netboot"
    );
    desk.prints(&[(&set, ""), (&set, "")]);
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
        ("state --action getparams --machine qdc01", after),
        (&off, ""),
        (
            "state --action getparams --machine qdc01",
            &after.replace("True", "False"),
        ),
        (
            &format!("state --action setparams --machine 'bad bmc/box \"q\"' {BOOTS}"),
            "",
        ),
    ]);
    assert_eq!(desk.get("machine/2/power"), json!({"state": "on"}));
}

#[test]
fn an_empty_description_and_a_negative_number_are_values() {
    let desk = Desk::new();
    desk.file("linux", "a kernel");
    let image = |action: &str| {
        format!(
            "image --action {action} --image-type Kernel --description '' --arch arm64 --image-path linux"
        )
    };
    let set = format!("state --action setparams --machine qdc01 {BOOTS} --kernel-opts -1");
    desk.prints(&[
        (&image("upload"), ""),
        (&image("check"), "True\n"),
        (&set, ""),
    ]);
    assert_eq!(desk.get("machine/2")["kernel_opts"], "-1");
}

#[test]
fn a_new_copy_of_a_public_image_is_public_only_where_the_line_says_so() {
    let desk = Desk::new();
    let line = |rest: &str| {
        format!(
            "image --action upload --image-type Kernel --description k --arch arm64 --image-path linux {rest}"
        )
    };
    desk.file("linux", "first");
    desk.prints(&[(&line("--public --knowngood"), ""), (&line(""), "")]);
    let flags = || {
        let images = desk.get("image?show_all=true");
        let own = images.as_array().unwrap().iter();
        let newest = own
            .max_by_key(|image| image["id"].as_i64())
            .unwrap()
            .clone();
        (newest["public"].clone(), newest["known_good"].clone())
    };
    assert_eq!(flags(), (json!(true), json!(true)));
    desk.file("linux", "second");
    desk.prints(&[(&line(""), "")]);
    assert_eq!(flags(), (json!(false), json!(false)));
}

#[test]
fn line_ends_of_a_preseed_are_those_of_the_server() {
    let desk = Desk::new();
    desk.file("seed", "d-i a\r\nd-i b\r\n");
    let line = "preseed --action upload --preseed-name crlf --type preseed --preseed-path seed";
    desk.prints(&[(line, "")]);
    let writes = desk.writes().len();
    desk.prints(&[(line, "")]);
    assert_eq!(desk.writes().len(), writes);
    let preseeds = desk.get("preseed?show_all=true");
    let mut preseeds = preseeds.as_array().unwrap().iter();
    let stored = preseeds.find(|preseed| preseed["name"] == "crlf").unwrap();
    assert_eq!(stored["content"], "d-i a\nd-i b\n");
}

#[test]
fn netboot_is_switched_by_the_words_of_any_language() {
    let desk = Desk::new();
    for (word, netboot) in [("True", true), ("NO", false), ("", true), ("False", false)] {
        let line = format!("state --action setparams --machine qdc01 {BOOTS} --netboot {word}");
        desk.prints(&[(&line, "")]);
        assert_eq!(desk.get("machine/2")["netboot_enabled"], netboot, "{word}");
    }
}

#[test]
fn a_static_interface_is_where_it_is_configured_whatever_it_leased_before() {
    let desk = Desk::new();
    let line = "net --action getip --machine moonshot-c1 --interface eth2";
    let mac = desk.type_line(&line.replace("getip", "getmac")).out;
    let lease = json!({ "mac": mac.trim(), "ipv4": "10.40.5.77", "duration": 3600 });
    let url = format!("{}dhcp/ipv4/lease", desk.lab.url());
    let answer = http().post(url).json(&lease).send().unwrap();
    answer.error_for_status().unwrap();
    desk.prints(&[(line, "10.40.2.31\n")]);
}

#[test]
fn hints_name_no_options_that_the_lines_do_not_have() {
    let desk = Desk::new();
    let ended = desk.type_line("net --action getip --machine bobs-box");
    assert_eq!(ended.code, 1);
    ended.says(&["bob (mine)"]);
    assert!(!ended.err.contains("allow_unassigned"), "{}", ended.err);
}

#[test]
fn a_machine_is_provisioned_every_time_without_a_wait() {
    let desk = Desk::new();
    let line = format!("state --action provision --machine qdc01 {BOOTS}");
    desk.prints(&[(&line, ""), (&line, "")]);
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
    let ended = desk.type_line(&line);
    ended.is("", 1);
    ended.says(&["no-bmc", "no BMC"]);
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
    assert!(!plain.err.contains("The server said"), "{}", plain.err);
    assert!(verbose.err.contains("The server said"), "{}", verbose.err);
    assert_eq!(desk.get("machine/7")["netboot_enabled"], false);
}

#[test]
fn server_and_token_need_not_be_typed() {
    let desk = Desk::new();
    let line = words("net --action getmac --machine qdc01 --interface eth0");
    let line = || line.iter().map(String::as_str);
    let environment = [("MRP_URL", desk.lab.url()), ("MRP_TOKEN", TOKEN)];
    let ended = desk.run(line(), &environment);
    ended.is("52:54:00:00:02:01\n", 0);
    let without = desk.run(line(), &[]);
    without.is("", 2);
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
    let ended = desk.run(line(), &[("XDG_CONFIG_HOME", config)]);
    ended.is("52:54:00:00:02:01\n", 0);
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
    assert_eq!(desk.type_line("").code, 2);
    let old_help = desk.type_line("state --help");
    assert_eq!(old_help.code, 0);
    assert!(old_help.out.contains("--kernel-desc"), "{}", old_help.out);
}
