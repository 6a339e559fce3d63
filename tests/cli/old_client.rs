//! Lines of the old client, `mrp_client.py`: what they print and how they end.

use mrp_test_support::command_line::CommandOutput;
use mrp_test_support::{TOKEN, TestLab, assert_contains};
use serde_json::{Value, json};

/// Recorded lines: what was typed, what was printed, the exit code.
const TABLE: &str = include_str!("old_client.txt");

/// The page with the reason for every difference from the old client.
const MIGRATION: &str = include_str!("../../docs/migration.md");

/// A lab with an empty environment: the lines name the server and the token.
fn start_lab() -> TestLab {
    TestLab::start().with_program(env!("CARGO_BIN_EXE_mrp"))
}

/// Runs a line with the server and the token in front of it.
fn run(lab: &TestLab, line: &str) -> CommandOutput {
    lab.mrp(&format!(
        "--mrp-url {} --mrp-token {TOKEN} {line}",
        lab.url()
    ))
}

/// Asserts the output and the exit code.
#[track_caller]
fn assert_ended(output: &CommandOutput, out: &str, code: i32) {
    let ended = (output.out.as_str(), output.code);
    assert_eq!(ended, (out, code), "{}", output.err);
}

/// Asserts that lines succeed, or answer no, and print exactly this.
#[track_caller]
fn assert_prints(lab: &TestLab, rows: &[(&str, &str)]) {
    for (line, out) in rows {
        let output = run(lab, line);
        let code = if *out == "False\n" { 2 } else { 0 };
        let ended = (output.out.as_str(), output.code, output.err.as_str());
        assert_eq!(ended, (*out, code, ""), "{line}");
    }
}

/// The newest image that the server has.
fn newest_image(lab: &TestLab) -> Value {
    let images = lab.server("api/v1/image?show_all=true");
    let images = images.as_array().unwrap().iter();
    images
        .max_by_key(|image| image["id"].as_i64())
        .unwrap()
        .clone()
}

/// Takes a recorded ending apart: standard output, exit code, parts of standard error.
fn ending(text: &str) -> (&str, i32, &str) {
    let (out, ending) = text.split_at(text.find('[').unwrap());
    let (code, error) = ending[1..].split_once(']').unwrap();
    (out, code.parse().unwrap(), error.trim())
}

#[test]
fn reading_lines_print_what_the_old_client_did_or_differ_for_a_documented_reason() {
    let lab = start_lab();
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
        let (out, code, error) = expected;
        let ended = run(&lab, line);
        assert_ended(&ended, out, code);
        assert_eq!(ended.err.is_empty(), error.is_empty(), "{}", ended.err);
        assert_contains(
            &ended.err,
            &error.split('|').map(str::trim).collect::<Vec<_>>(),
        );
    }
    lab.assert_no_writes();
}

#[test]
fn an_image_is_uploaded_once_and_flags_that_are_not_given_are_left_alone() {
    let lab = start_lab();
    lab.write("linux", "a kernel");
    let line = |action: &str, rest: &str| {
        format!(
            "image --action {action} --image-type Kernel --description 'my \"kernel\"' --arch arm64 {rest}"
        )
    };
    let (check, upload) = (
        line("check", ""),
        line("upload", "--image-path linux --knowngood"),
    );
    assert_prints(
        &lab,
        &[
            (&check, "False\n"),
            (&upload, ""),
            (&check, "True\n"),
            (&upload, ""),
        ],
    );
    assert_eq!(lab.written(), ["POST /api/v1/image"]);
    assert_prints(
        &lab,
        &[(
            &line(
                "upload",
                "--image-path linux --knowngood true --public=true",
            ),
            "",
        )],
    );
    let newest = newest_image(&lab);
    assert_eq!(
        (&newest["known_good"], &newest["public"]),
        (&json!(true), &json!(true))
    );
    assert_prints(
        &lab,
        &[(&line("upload", "--image-path linux --public false"), "")],
    );
    let image = lab.server(&format!("api/v1/image/{}", newest["id"]));
    assert_eq!(
        (&image["known_good"], &image["public"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn a_preseed_is_created_and_changed() {
    let lab = start_lab();
    lab.write("seed", "first\n");
    let upload = "preseed --action upload --preseed-name ks --preseed-path seed --type kickstart";
    let described = format!("{upload} --description 'for CI' --public");
    assert_prints(
        &lab,
        &[
            ("preseed --action check --preseed-name ks", "False\n"),
            (&described, ""),
            (
                "preseed --action check --preseed-name ks --type kickstart",
                "True\n",
            ),
        ],
    );
    lab.write("seed", "second\n");
    assert_prints(&lab, &[(upload, ""), (upload, "")]);
    let preseed = lab.server_object("preseed", "name", "ks");
    let stored = ["content", "type", "description", "public"].map(|key| &preseed[key]);
    assert_eq!(
        stored,
        [
            &json!("second\n"),
            &json!("kickstart"),
            &json!("for CI"),
            &json!(false)
        ]
    );
    assert_eq!(lab.written().len(), 2);
}

/// The options of every line that sets boot parameters.
const BOOTS: &str = "--arch arm64 --subarch efi --initrd-desc 'debian-installer initrd' --kernel-desc 'debian-installer kernel'";

#[test]
fn setparams_changes_only_the_given_parameters() {
    let lab = start_lab();
    let set = format!(
        "state --action setparams --machine qdc01 {BOOTS} --preseed-name debian-std --kernel-opts '--- console=ttyS0' --netboot"
    );
    assert_prints(&lab, &[(&set, ""), (&set, "")]);
    assert_eq!(lab.written(), ["PUT /api/v1/machine/2"]);
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
    // An omitted or empty option leaves its parameter unchanged.
    let off =
        format!("state --action setparams --machine qdc01 {BOOTS} --kernel-opts '' --netboot=n");
    assert_prints(
        &lab,
        &[
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
        ],
    );
    assert_eq!(lab.server("api/v1/machine/2/power"), json!({"state": "on"}));
}

#[test]
fn empty_description_is_looked_for_and_a_negative_number_is_accepted_as_a_value() {
    let lab = start_lab();
    lab.write("linux", "a kernel");
    let image = |action: &str| {
        format!(
            "image --action {action} --image-type Kernel --description '' --arch arm64 --image-path linux"
        )
    };
    let refused = run(&lab, &image("upload"));
    assert_ne!(refused.code, 0);
    assert_eq!(refused.err, "mrp: description must not be empty\n");
    let set = format!("state --action setparams --machine qdc01 {BOOTS} --kernel-opts -1");
    assert_prints(&lab, &[(&image("check"), "False\n"), (&set, "")]);
    assert_eq!(lab.server("api/v1/machine/2")["kernel_opts"], "-1");
}

#[test]
fn new_copy_of_a_public_image_is_public_only_with_the_option() {
    let lab = start_lab();
    let line = |rest: &str| {
        format!(
            "image --action upload --image-type Kernel --description k --arch arm64 --image-path linux {rest}"
        )
    };
    lab.write("linux", "first");
    assert_prints(
        &lab,
        &[(&line("--public --knowngood"), ""), (&line(""), "")],
    );
    let flags = || {
        let newest = newest_image(&lab);
        (newest["public"].clone(), newest["known_good"].clone())
    };
    assert_eq!(flags(), (json!(true), json!(true)));
    lab.write("linux", "second");
    assert_prints(&lab, &[(&line(""), "")]);
    assert_eq!(flags(), (json!(false), json!(false)));
}

#[test]
fn line_ends_of_a_preseed_are_compared_as_the_server_stores_them() {
    let lab = start_lab();
    lab.write("seed", "d-i a\r\nd-i b\r\n");
    let line = "preseed --action upload --preseed-name crlf --type preseed --preseed-path seed";
    assert_prints(&lab, &[(line, "")]);
    let writes = lab.written().len();
    assert_prints(&lab, &[(line, "")]);
    assert_eq!(lab.written().len(), writes);
    let stored = lab.server_object("preseed", "name", "crlf");
    assert_eq!(stored["content"], "d-i a\nd-i b\n");
}

#[test]
fn netboot_accepts_the_usual_words_for_true_and_false() {
    let lab = start_lab();
    for (word, netboot) in [("True", true), ("NO", false), ("", true), ("False", false)] {
        let line = format!("state --action setparams --machine qdc01 {BOOTS} --netboot {word}");
        assert_prints(&lab, &[(&line, "")]);
        assert_eq!(
            lab.server("api/v1/machine/2")["netboot_enabled"],
            netboot,
            "{word}"
        );
    }
}

#[test]
fn static_interface_has_its_configured_address_despite_an_older_lease() {
    let lab = start_lab();
    let line = "net --action getip --machine moonshot-c1 --interface eth2";
    let mac = run(&lab, &line.replace("getip", "getmac")).out;
    let lease = json!({ "mac": mac.trim(), "ipv4": "10.40.5.77", "duration": 3600 });
    lab.lease(&lease);
    assert_prints(&lab, &[(line, "10.40.2.31\n")]);
}

#[test]
fn hints_name_only_options_that_the_old_lines_have() {
    let lab = start_lab();
    let ended = run(&lab, "net --action getip --machine bobs-box");
    assert_eq!(ended.code, 1);
    assert_contains(&ended.err, &["bob (mine)"]);
    assert!(!ended.err.contains("allow_unassigned"), "{}", ended.err);
}

#[test]
fn a_machine_is_provisioned_every_time_without_a_wait() {
    let lab = start_lab();
    let line = format!("state --action provision --machine qdc01 {BOOTS}");
    assert_prints(&lab, &[(&line, ""), (&line, "")]);
    let orders = lab
        .written()
        .into_iter()
        .filter(|write| write == "POST /api/v1/machine/2/state");
    assert_eq!(orders.count(), 2);
    assert_eq!(lab.server("api/v1/machine/2")["netboot_enabled"], true);
}

#[test]
fn machine_without_a_bmc_is_not_written() {
    let lab = start_lab();
    let before = lab.server("api/v1/machine/6");
    let line = format!("state --action provision --machine no-bmc {BOOTS}");
    let ended = run(&lab, &line);
    assert_ended(&ended, "", 1);
    assert_contains(&ended.err, &["no-bmc", "no BMC"]);
    assert_eq!(lab.server("api/v1/machine/6"), before);
    lab.assert_no_writes();
}

#[test]
fn server_response_is_shown_only_with_verbose() {
    let lab = start_lab();
    let line = format!("state --action provision --machine 'bad bmc/box \"q\"' {BOOTS}");
    let plain = run(&lab, &line);
    let verbose = run(&lab, &format!("--verbose {line}"));
    assert_eq!((plain.code, verbose.code), (1, 1), "{}", plain.err);
    assert!(!plain.err.contains("The server said"), "{}", plain.err);
    assert!(verbose.err.contains("The server said"), "{}", verbose.err);
    assert_eq!(lab.server("api/v1/machine/7")["netboot_enabled"], false);
}

#[test]
fn server_and_token_are_taken_from_environment_or_profile() {
    let line = "net --action getmac --machine qdc01 --interface eth0";
    let mac = "52:54:00:00:02:01\n";
    assert_ended(&start_lab().with_credentials().mrp(line), mac, 0);
    let lab = start_lab();
    let without = lab.mrp(line);
    assert_ended(&without, "", 2);
    assert!(without.err.starts_with("Usage: mrp "), "{}", without.err);
    assert_contains(&without.err, &["MRP_TOKEN"]);

    let token = lab.write("token", TOKEN);
    let profile = format!(
        "[home]\nmrp_url = {}\ntoken_file = {}\n",
        lab.url(),
        token.display()
    );
    lab.write("mrp/labs.cfg", profile);
    let folder = lab.path("").display().to_string();
    let lab = lab.with("XDG_CONFIG_HOME", folder);
    assert_ended(&lab.mrp(line), mac, 0);
}

#[test]
fn new_commands_are_not_taken_for_old_lines() {
    let lab = start_lab();
    let list = run(&lab, "image list --arch x86_64 --type Kernel");
    assert_eq!(list.code, 0, "{}", list.err);
    assert!(list.out.starts_with("ID "), "{}", list.out);
    let help = run(&lab, "image --help");
    assert!(help.out.contains("upload"), "{}", help.out);
    assert!(!help.out.contains("--image-type"), "{}", help.out);
    assert_eq!(run(&lab, "").code, 2);
    let old_help = run(&lab, "state --help");
    assert_eq!(old_help.code, 0);
    assert!(old_help.out.contains("--kernel-desc"), "{}", old_help.out);
}

#[test]
fn lines_of_the_old_client_are_recognized() {
    let lab = start_lab();
    // Without a server, either command line prints its help or what is wrong. Only the old client has an --action.
    let is_old = |line: &str| {
        let output = lab.mrp(line);
        !output.err.starts_with("mrp: ") && (output.out + &output.err).contains("--action")
    };
    for line in [
        "--mrp-url U --mrp-token T image --action check",
        "--verbose --verbose --mrp-u=U --mrp-t T image --arch arm64 --act=check",
        "-vv net --machine qdc01 --ac getip",
        "preseed --a check",
        "state",
        "state --help",
        "--mrp-url image state --machine image",
    ] {
        assert!(is_old(line), "{line}");
    }
    for line in [
        "",
        "image",
        "image --help",
        "image list --arch arm64",
        "image upload linux --description --action --type Kernel",
        "image --arch arm64",
        "--lab state machine list",
        "--mrp-url state machine list",
        "machine show state --action check",
        "net show --action getip",
        "--json state",
    ] {
        assert!(!is_old(line), "{line}");
    }
}

#[test]
fn files_that_are_encrypted_or_no_image_are_refused() {
    let lab = start_lab();
    lab.write("vault", "$ANSIBLE_VAULT;1.1;AES256\n3336\n");
    lab.write("page", "<!DOCTYPE html>\n<html></html>");
    let image =
        "image --action upload --image-type Kernel --description k --arch arm64 --image-path";
    for (line, part) in [
        (
            "preseed --action upload --preseed-name seed --preseed-path vault --type preseed"
                .to_owned(),
            "encrypted with Ansible Vault",
        ),
        (format!("{image} vault"), "encrypted with Ansible Vault"),
        (format!("{image} page"), "is an HTML page"),
    ] {
        let ended = run(&lab, &line);
        assert_ne!(ended.code, 0, "{line}");
        assert!(ended.err.contains(part), "{line}: {}", ended.err);
    }
    lab.assert_no_writes();
}
