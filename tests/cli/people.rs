//! How people type, and what they are told.

use std::fs::OpenOptions;
use std::process::Stdio;

use mrp_test_support::command_line::{CommandOutput, words};
use mrp_test_support::{TOKEN, assert_contains};
use serde_json::{Value, json};

use crate::{start_bare_lab, start_lab};

use crate::help_pages;

#[test]
fn one_command_configures_several_machines() {
    let lab = start_lab();
    let told = lab.mrp_ok("machine configure qdc01 qdc02 --kernel-opts 'quiet splash'");
    assert_contains(
        &told,
        &["updated machine 'qdc01'", "updated machine 'qdc02'"],
    );
    for name in ["qdc01", "qdc02"] {
        let machine = lab.server_object("machine", "name", name);
        assert_eq!(machine["kernel_opts"], "quiet splash");
    }
    assert_eq!(
        lab.mrp_ok("machine configure qdc01 qdc02 --kernel-opts 'quiet splash'"),
        "nothing to do\n"
    );
}

#[test]
fn one_failing_machine_does_not_stop_the_others() {
    let lab = start_lab();
    let ran = lab.mrp("machine configure qdc01 nosuch qdc02 --kernel-opts quiet");
    assert_eq!(ran.code, 1);
    assert_contains(
        &ran.out,
        &["updated machine 'qdc01'", "updated machine 'qdc02'"],
    );
    assert_contains(
        &ran.err,
        &["mrp: 1 of 3 failed\n  machine 'nosuch': there is no machine 'nosuch'"],
    );
    let machine = lab.server_object("machine", "name", "qdc02");
    assert_eq!(machine["kernel_opts"], "quiet");
    let ran = lab.mrp("machine configure qdc01 nosuch --kernel-opts loud --diff");
    assert_eq!(ran.code, 1);
    assert_contains(
        &ran.out,
        &["\n--- machine 'qdc01'", "\n+kernel_opts: \"loud\""],
    );
}

#[test]
fn machines_that_fail_fast_skips_are_not_listed_as_failed() {
    let lab = start_lab();
    let ran = lab.mrp("machine configure qdc01 nosuch qdc02 --kernel-opts quiet --fail-fast");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert_contains(
        &ran.err,
        &["mrp: 1 of 3 failed, 2 not carried on\n  machine 'nosuch': there is no machine 'nosuch'"],
    );
    assert!(!ran.err.contains("'qdc02'"), "{}", ran.err);
}

#[test]
fn messages_name_options_as_they_are_typed() {
    let lab = start_lab();
    for (line, told) in [
        (
            "machine provision bobs-box",
            "act all the same with --allow-unassigned.",
        ),
        (
            "power reboot qdc02 --boot pxe",
            "all the same with --force.",
        ),
        (
            "reserve --query t --count 3 --reason x",
            "Wait until enough are free with --wait.",
        ),
        ("reserve d05-free", "name that user with --user if"),
        (
            "machine provision qdc01 --wait=no --netboot-when-ready=no",
            "mrp: --netboot-when-ready needs --wait\n",
        ),
        (
            "machine configure qdc01 bobs-box --kernel x",
            "act all the same with --allow-unassigned.",
        ),
        (
            "machine wait qdc01 --wait-timeout abc",
            "mrp: --wait-timeout must be a number, not 'abc'",
        ),
    ] {
        assert_contains(&lab.mrp(line).err, &[told]);
    }
}

/// Sentence, hint, and names that are near.
#[test]
fn failures_are_one_sentence_with_a_hint() {
    let lab = start_lab();
    for (line, parts) in [
        (
            "machine configure qdc1 --netboot",
            ["mrp: there is no machine 'qdc1'", "'qdc01'"],
        ),
        ("machine show qdc1", ["mrp: ", "'qdc01'"]),
        (
            "console qdc1",
            ["mrp: there is no machine 'qdc1'", "'qdc01'"],
        ),
        (
            "power on qdc1",
            ["mrp: there is no machine 'qdc1'", "'qdc01'"],
        ),
        ("interface set qdc01 eth1 --identifier x", ["mrp: ", "eth0"]),
        (
            "machine configure qdc01 --kernel 'alice tst kernel'",
            ["mrp: ", "'alice test kernel'"],
        ),
        ("machine show qdc001", ["mrp: ", "'qdc01'"]),
        (
            "image upload vmlinuz --description d --type Kernel --arch arm64",
            ["mrp: ", "vmlinuz"],
        ),
        (
            "--mrp-url http://127.0.0.1:1/ --mrp-token x --retries 0 lab status",
            ["mrp: ", "\nCheck the server's URL"],
        ),
        ("--mrp-token wrong lab status", ["mrp: ", "\n"]),
    ] {
        let said = lab.mrp_fails(line, 1);
        assert_contains(&said, &parts);
        assert!(said.lines().count() <= 2, "mrp {line}: {said}");
        assert!(said.ends_with('\n') && !said.contains("error:"), "{said}");
    }
    assert_eq!(lab.writes().len(), 0);
}

/// Every option of a command alone, as its help has it, with a value that makes sense.
fn each_option(help: &str) -> Vec<String> {
    let options = help.lines().filter_map(|line| {
        let (option, _) = line.strip_prefix("  --")?.split_once("  ")?;
        let (name, values) = option.split_once([' ', '['])?;
        let value = match (name, values.trim_matches(['<', '>'])) {
            ("query", _) => "t",
            ("ipv4", _) => "auto",
            ("config-type-v4", _) => "static",
            (_, "=<yes|no>]") => return Some(format!("--{name}")),
            (_, "ID" | "N" | "SECONDS") => "2",
            (_, choices) => choices.split('|').next()?,
        };
        Some(format!("--{name} {value}"))
    });
    options.collect()
}

#[test]
fn missing_options_are_answered_with_a_command_to_type() {
    // Nobody answers there, so nothing is done, and nothing is waited for.
    let lab = start_lab().with("MRP_URL", "http://127.0.0.1:1/");
    let mut asked = 0;
    for (command, help) in help_pages::helps() {
        if !help.contains("--json") {
            continue;
        }
        let mut tries = each_option(&help);
        tries.push(String::new());
        tries.push("--kernel-opts 'a b' --netboot=no".to_owned());
        for more in tries {
            let ran = lab.mrp(&format!("--retries 0 {command} {more}"));
            let Some(hint) = ran
                .err
                .lines()
                .find_map(|line| line.strip_prefix("Type: mrp "))
            else {
                continue;
            };
            asked += 1;
            assert_eq!(ran.code, 2, "mrp {command} {more}");
            assert_contains(&ran.err, &["mrp: ", " missing\n"]);
            assert!(
                hint.starts_with(&command) && hint.contains(more.trim_end_matches(" --netboot=no")),
                "{hint}"
            );
            // What is typed may name what is not there, but is understood.
            let typed = hint.replace(" QUERY", " t");
            let typed = lab.mrp(&typed);
            assert!(typed.code < 2, "mrp {hint}: {}", typed.err);
        }
    }
    assert!(asked > 60, "only {asked} commands miss something");
    let said = lab.mrp_fails("power reboot --force", 2);
    assert_contains(
        &said,
        &["Type: mrp power reboot MACHINE --boot pxe --force=true\n"],
    );
    let said = lab.mrp_fails("reserve --count 2", 2);
    assert_contains(
        &said,
        &["Type: mrp reserve --query QUERY --count 2 --reason REASON\n"],
    );
}

#[test]
fn no_command_is_suggested_where_the_typed_options_contradict_it() {
    let lab = start_lab();
    let said = lab.mrp_fails("reserve qdc01 --count 2", 2);
    assert_contains(
        &said,
        &["required by 'count': query", "For example: mrp reserve"],
    );
    assert!(!said.contains("Type:"), "{said}");
    lab.write(
        ".config/mrp/labs.cfg",
        format!("[b]\nmrp_url = {}\nmrp_token = {TOKEN}\n", lab.url()),
    );
    let said = lab.mrp_fails("--lab a image upload linux --lab b", 2);
    assert_contains(&said, &["--lab=b"]);
    assert!(!said.contains("--lab=a"), "{said}");
}

#[test]
fn invalid_calls_exit_with_2_before_anything_is_sent() {
    let lab = start_lab();
    for line in [
        "",
        "nothing",
        "machine",
        "machine nothing",
        "machine list --nothing",
        "machine list qdc01",
        "machine configure",
        "machine configure qdc01 --id 2",
        "machine configure qdc01 --netboot=perhaps",
        "machine report qdc01",
        "machine report qdc01 --state perhaps",
        "machine report qdc01 --state configured",
        "machine report qdc01 --state provisioned",
        "machine report qdc01 qdc02 --state provisioned",
        "machine configure qdc01 --kernel a --kernel b",
        "machine wait qdc01 --wait-timeout long",
        "console qdc01 qdc02",
        "interface set qdc01 eth0 eth1",
        "image list --type",
        "image list --type kernels",
        "lab status --mine --query '(= 1 1)'",
        "lab status --query '(= nmae \"x\")'",
        "lab status --watch --interval 0",
        "lab status --timeout 0",
        "--timeout 0 lab status",
        "machine wait --wait-interval 0 qdc01",
        "machine wait --wait-timeout=-5 qdc01",
        "machine provision qdc01 --netboot-when-ready --wait=no",
        "machine list --query '(= nmae \"x\")'",
        "machine configure '' --kernel x",
        "machine configure qdc01 qdc02 --kernel ''",
        "reserve qdc01 --count 2",
        "interface set qdc01 eth0 --ipv4 10.40.2.300 --config-type-v4 static",
        "inventory --query x",
        "completions tcsh",
        "completions",
    ] {
        let said = lab.mrp_fails(line, 2);
        assert!(said.len() > 10, "mrp {line}: {said}");
    }
    assert_eq!(lab.requests().len(), 0);
    assert_contains(&lab.mrp_fails("machine lst", 2), &["list"]);
    for (line, hint) in [
        ("machine list --gahter state", "Did you mean: --gather?\n"),
        ("machine list --kernel_opt x", "Usage: mrp machine list"),
        ("machine list --retires 2", "Did you mean: --retries?\n"),
        (
            "machine configure qdc01 --kernal_id 2",
            "Did you mean: --kernel-id",
        ),
        ("machine show --id 2", "Usage: mrp machine show"),
        (
            "image upload linux --p",
            "Did you mean: --path, --public, --prune?\n",
        ),
        ("imag", "Did you mean: image?\n"),
        ("imag list", "Did you mean: image?\n"),
        ("image lst", "Did you mean: list?\n"),
        ("lab sttus", "Did you mean: status?\n"),
    ] {
        assert_contains(&lab.mrp_fails(line, 2), &[hint]);
    }
    let bare = start_bare_lab();
    assert_contains(
        &bare.mrp_fails("lab status", 2),
        &["--mrp-url is missing", "MRP_URL", ".config/mrp/labs.cfg"],
    );
    let bare = bare.with("MRP_URL", "http://127.0.0.1:1/");
    assert_contains(
        &bare.mrp_fails("lab status", 2),
        &["--mrp-token is missing", "MRP_TOKEN"],
    );
}

/// As the parsers of Python's programs have taught people.
#[test]
fn options_are_accepted_in_all_usual_spellings_and_places() {
    let lab = start_bare_lab();
    let url = lab.url().to_owned();
    let all = lab.mrp_ok(&format!(
        "--mrp-url {url} --mrp-token {TOKEN} machine list --mine"
    ));
    for line in [
        format!("--mrp-url={url} --mrp-token={TOKEN} machine list --mine"),
        format!("machine list --mine --mrp-url {url} --mrp-token {TOKEN}"),
        format!("--mrp-u {url} machine list --mrp-t={TOKEN} --min"),
        format!("--mrp_url {url} --mrp_token {TOKEN} machine list --mine=yes"),
        format!("--url {url} --token {TOKEN} machine list --mine=true"),
    ] {
        assert_eq!(lab.mrp_ok(&line), all, "mrp {line}");
    }
    let lab = start_lab();
    for line in [
        "--check machine configure qdc01 --kernel-opts 'a b'",
        "--check machine configure qdc01 --kernel_opts='a b'",
        "--che machine configure --name qdc01 --kernel-o 'a b'",
        "machine configure --kernel-opts 'a b' --check qdc01",
        "machine configure --machine_name qdc01 --kernel-opts='a b' --check",
        "machine configure --kernel-opts='a b' --check -- qdc01",
    ] {
        assert_contains(&lab.mrp_ok(line), &["would update machine 'qdc01'"]);
    }
    let dashes = "machine configure qdc01 --kernel-opts '--- quiet' --check --diff";
    assert_contains(&lab.mrp_ok(dashes), &["--- quiet"]);
}

#[test]
fn word_after_a_boolean_option_is_not_taken_for_a_machine() {
    let lab = start_lab();
    let said = lab.mrp_fails("machine configure qdc01 --netboot no", 2);
    assert_contains(&said, &["'no' is taken for a name", "--netboot=no"]);
    lab.mrp_fails("machine provision qdc01 --wait no", 2);
    lab.mrp_fails("machine provision qdc01 --force No", 2);
    lab.assert_no_writes();
}

#[test]
fn option_after_an_option_is_not_taken_for_its_value() {
    let lab = start_lab();
    let said = lab.mrp_fails("machine configure qdc01 --kernel-opts --check", 2);
    assert_contains(&said, &["a value is required for '--kernel-opts"]);
    lab.assert_no_writes();
    let told = lab.mrp_ok("machine configure qdc01 --kernel-opts=--check --diff");
    assert_contains(&told, &["+kernel_opts: \"--check\""]);
}

#[test]
fn suggested_command_keeps_check_diff_and_the_server() {
    let lab = start_lab();
    let url = lab.url().to_owned();
    let typed = format!(
        "--mrp-url {url} --mrp-token {TOKEN} --check machine configure --kernel-opts x --diff"
    );
    let said = lab.mrp_fails(&typed, 2);
    assert_contains(
        &said,
        &[
            "Type: mrp machine configure MACHINE",
            "--check",
            "--diff",
            &url,
        ],
    );
}

#[test]
fn showing_an_unknown_name_is_an_error_with_similar_names() {
    let lab = start_lab();
    assert_contains(
        &lab.mrp_fails("preseed show alice-sed", 1),
        &["no preseed", "near: 'alice-seed'"],
    );
    assert_contains(
        &lab.mrp_fails("image show 'dup kernl'", 1),
        &["no image", "near: 'dup kernel'"],
    );
}

#[test]
fn deleting_an_unknown_name_warns_with_similar_names() {
    let lab = start_lab();
    for (line, near) in [
        (
            "preseed delete alice-sed",
            "no preseed to delete with the name 'alice-sed' (near: 'alice-seed')",
        ),
        // Of its own kind.
        (
            "image delete 'alice tst kernel' --type Kernel --arch arm64",
            "no image to delete with the description 'alice tst kernel' (near: 'alice test kernel')\n",
        ),
        (
            "preseed delete debian-sdt",
            "no preseed to delete with the name 'debian-sdt' (near: 'debian-std')\n",
        ),
    ] {
        let ran = lab.mrp(line);
        assert_eq!((ran.code, &*ran.out), (0, "nothing to do\n"), "mrp {line}");
        assert!(ran.err.starts_with("warning: there is "), "{}", ran.err);
        assert_contains(&ran.err, &[near]);
    }
    let ran = lab.mrp("preseed delete alice-sed --json");
    assert!(
        ran.err.is_empty() && !ran.out.contains("warnings"),
        "{}",
        ran.out
    );
    assert_eq!(lab.writes().len(), 0);
}

/// Every run of every test is looked through for it; these are the ways to say it.
#[test]
fn token_is_not_printed_however_it_was_given() {
    let bare = start_bare_lab();
    let url = bare.url().to_owned();
    bare.write("tokens/alice", format!("{TOKEN}\n"));
    bare.write(
        ".config/mrp/labs.cfg",
        format!("[file]\nmrp_url = {url}\ntoken_file = ../../tokens/alice\n[text]\nmrp_url = {url}\nmrp_token = {TOKEN}\n"),
    );
    let option = format!("--mrp-url {url} --mrp-token {TOKEN}");
    let environment = start_lab();
    for (lab, how) in [
        (&bare, option.as_str()),
        (&bare, "--lab file"),
        (&bare, "--lab text"),
        (&environment, ""),
    ] {
        // The server says it back, in a text and in a refusal.
        lab.fault(json!([
            { "path": "/api/v1/image", "status": 400, "body": format!("bad token {TOKEN}") },
            { "path": "/api/v1/machine", "nth": 1, "status": 500, "body": { "error": format!("Token {TOKEN}") } },
        ]));
        assert_eq!(lab.mrp(&format!("{how} -v image list")).code, 1);
        assert_eq!(lab.mrp(&format!("{how} -v --json machine list")).code, 1);
        let line = format!(
            "{how} machine configure qdc01 qdc02 --kernel-opts '{how} x={TOKEN}' --diff -v"
        );
        assert_contains(&lab.mrp_ok(&line), &["updated machine 'qdc01'"]);
        lab.mrp_ok(&format!("{how} machine show qdc01 qdc02"));
        lab.mrp_ok(&format!("{how} machine list --json"));
        lab.mrp_ok(&format!("{how} inventory"));
        lab.mrp_ok(&format!("{how} lab status"));
        lab.mrp(&format!("{how} machine provision --kernel-opts x={TOKEN}"));
        lab.mrp(&format!("{how} machine provision qdc01 --kernel {TOKEN}"));
        lab.mrp(&format!("{how} machine report qdc01 --state {TOKEN}"));
        lab.mrp(&format!(
            "{how} machine provision qdc01 --kernel x --kernel-id {TOKEN}"
        ));
    }
}

/// Neither from what the server stores, nor from how it fails; with and without JSON.
#[test]
fn control_characters_of_the_server_are_not_printed() {
    let orders = "x\u{1b}[31my\u{9b}2Jz\u{7}\u{7f}\rw";
    let lab = start_lab();
    let name = format!("host{orders}");
    lab.add_machine(json!({ "name": name, "assignee": "alice" }));
    lab.fault(json!({ "path": "/api/v1/preseed", "times": 0, "status": 400, "body": { "error": orders } }));
    for line in [
        "machine list",
        "machine show",
        "lab status",
        "interface list",
        "net show",
        "inventory",
    ] {
        for line in [
            line.to_owned(),
            format!("{line} --json"),
            format!("preseed list -v; {line}"),
        ] {
            let line = line
                .strip_prefix("preseed list -v; ")
                .map_or(line.as_str(), |_| "preseed list -v");
            no_orders(&lab.mrp(line));
        }
    }
    let ran = lab.mrp("machine list --json");
    assert_contains(&ran.out, &["\\u009b2J", "\\u001b[31m", "\\u007f"]);
    let listed: Value = serde_json::from_str(&ran.out).unwrap();
    let machines = listed["machines"].as_array().unwrap();
    assert!(
        machines
            .iter()
            .any(|machine| machine["name"] == name.as_str())
    );
    no_orders(&lab.mrp("machine configure 'hos' --netboot"));
    // The shell of the test has no way to say the name but as it is.
    let mut command = lab.mrp_command("machine configure --kernel-opts y --diff");
    no_orders(&ran_of(command.arg(&name)));
}

fn ran_of(command: &mut std::process::Command) -> CommandOutput {
    CommandOutput::checked(&command.output().unwrap())
}

fn no_orders(ran: &CommandOutput) {
    let printed = format!("{}{}", ran.out, ran.err);
    let order = printed
        .chars()
        .find(|character| character.is_control() && *character != '\n');
    assert_eq!(order, None, "{printed:?}");
}

#[test]
fn full_or_closed_output_exits_with_an_error_without_a_panic() {
    let lab = start_lab();
    for line in [
        "lab status",
        "lab status --json",
        "machine show",
        "inventory",
        "man",
        "completions bash",
        "--help",
        "image list --help",
        "--version",
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let run = lab
            .mrp_command(line)
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(
            CommandOutput::checked(&run).code,
            1,
            "mrp {line} on a full device"
        );
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let run = lab
            .mrp_command(line)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(CommandOutput::checked(&run).code, 1, "mrp {line} | true");
    }
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    for (line, code) in [
        ("lab status --nothing", 2),
        ("machine show nosuch", 1),
        ("machine configure", 2),
    ] {
        let run = lab.mrp_command(line).stderr(full()).output().unwrap();
        assert_eq!(
            CommandOutput::checked(&run).code,
            code,
            "mrp {line} 2> /dev/full"
        );
    }
}

#[test]
fn uploads_and_waits_show_no_progress_without_a_terminal() {
    let lab = start_lab();
    lab.settings(json!({ "install_seconds": 0 }));
    lab.write("vmlinuz", vec![7; 3_000_000]);
    let ran = lab.mrp("image upload vmlinuz --description big --type Kernel --arch arm64");
    assert_eq!((ran.code, &*ran.err), (0, ""));
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
    let ran = lab.mrp("machine wait qdc01 --wait-timeout 0.05 --wait-interval 0.01");
    assert_eq!((ran.code, &*ran.out), (1, ""));
    assert_contains(
        &ran.err,
        &["mrp: machine 'qdc01' was not ready within 0.05 s; the last state seen was unknown"],
    );
}

#[test]
fn words_splits_a_line_as_a_shell_does() {
    assert_eq!(words("a 'b c' \"d\"'e'"), ["a", "b c", "de"]);
    assert!(words("").is_empty());
}
