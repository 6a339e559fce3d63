//! What `mrp` prints about its work and its failures: sentences, hints, similar names, nothing that is secret or unsafe.

use std::fs::OpenOptions;
use std::process::Stdio;

use mrp_test_support::command_line::CommandOutput;
use mrp_test_support::{TOKEN, assert_contains};
use serde_json::{Value, json};

use crate::{start_bare_lab, start_lab};

#[test]
fn one_command_configures_several_machines() {
    let lab = start_lab();
    let printed = lab.mrp_ok("machine configure qdc01 qdc02 --kernel-opts 'quiet splash'");
    assert_contains(
        &printed,
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
    let output = lab.mrp("machine configure qdc01 nosuch qdc02 --kernel-opts quiet");
    assert_eq!(output.code, 1);
    assert_contains(
        &output.out,
        &["updated machine 'qdc01'", "updated machine 'qdc02'"],
    );
    assert_contains(
        &output.err,
        &["mrp: 1 of 3 failed\n  machine 'nosuch': there is no machine 'nosuch'"],
    );
    let machine = lab.server_object("machine", "name", "qdc02");
    assert_eq!(machine["kernel_opts"], "quiet");
    let output = lab.mrp("machine configure qdc01 nosuch --kernel-opts loud --diff");
    assert_eq!(output.code, 1);
    assert_contains(
        &output.out,
        &["\n--- machine 'qdc01'", "\n+kernel_opts: \"loud\""],
    );
}

#[test]
fn machines_that_fail_fast_skips_are_not_listed_as_failed() {
    let lab = start_lab();
    let output = lab.mrp("machine configure qdc01 nosuch qdc02 --kernel-opts quiet --fail-fast");
    assert_eq!((output.code, output.out.as_str()), (1, ""));
    assert_contains(
        &output.err,
        &["mrp: 1 of 3 failed, 2 not carried on\n  machine 'nosuch': there is no machine 'nosuch'"],
    );
    assert!(!output.err.contains("'qdc02'"), "{}", output.err);
}

#[test]
fn messages_name_options_as_they_are_typed() {
    let lab = start_lab();
    for (line, printed) in [
        (
            "machine provision bobs-box",
            "act all the same with the option --allow-unassigned.",
        ),
        (
            "power reboot qdc02 --boot pxe",
            "all the same with the option --force.",
        ),
        (
            "reserve --query t --count 3 --reason x",
            "Wait until enough are free with the option --wait.",
        ),
        (
            "reserve d05-free",
            "name that user with the option --user if",
        ),
        (
            "machine provision qdc01 --wait=no --netboot-when-ready=no",
            "mrp: --netboot-when-ready needs --wait\n",
        ),
        (
            "machine configure qdc01 bobs-box --kernel x",
            "act all the same with the option --allow-unassigned.",
        ),
        (
            "machine wait qdc01 --wait-timeout abc",
            "mrp: --wait-timeout must be a number, not 'abc'",
        ),
    ] {
        assert_contains(&lab.mrp(line).err, &[printed]);
    }
}

/// The sentence, its hint, and similar names.
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
        let error = lab.mrp_fails(line, 1);
        assert_contains(&error, &parts);
        assert!(error.lines().count() <= 2, "mrp {line}: {error}");
        assert!(
            error.ends_with('\n') && !error.contains("error:"),
            "{error}"
        );
    }
    lab.assert_no_writes();
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
    // The beginning of a name is enough.
    for (line, near) in [
        ("preseed show alise", "(near: 'alice-seed')"),
        ("image show 'grup arm'", "(near: 'grub arm64')"),
    ] {
        assert_contains(&lab.mrp_fails(line, 1), &[near]);
    }
    let far = lab.mrp_fails("preseed show nosuchthing", 1);
    assert!(!far.contains("near"), "{far}");
}

#[test]
fn deleting_an_unknown_name_warns_with_similar_names() {
    let lab = start_lab();
    for (line, near) in [
        (
            "preseed delete alice-sed",
            "no preseed to delete with the name 'alice-sed' (near: 'alice-seed')",
        ),
        // Only names of the given type are similar.
        (
            "image delete 'alice tst kernel' --type Kernel --arch arm64",
            "no image to delete with the description 'alice tst kernel' (near: 'alice test kernel')\n",
        ),
        (
            "preseed delete debian-sdt",
            "no preseed to delete with the name 'debian-sdt' (near: 'debian-std')\n",
        ),
    ] {
        let output = lab.mrp(line);
        assert_eq!(
            (output.code, &*output.out),
            (0, "nothing to do\n"),
            "mrp {line}"
        );
        assert!(
            output.err.starts_with("warning: there is "),
            "{}",
            output.err
        );
        assert_contains(&output.err, &[near]);
    }
    let output = lab.mrp("preseed delete alice-sed --json");
    assert!(
        output.err.is_empty() && !output.out.contains("warnings"),
        "{}",
        output.out
    );
    lab.assert_no_writes();
}

/// Every output of every test is searched for the token. These are all ways to give it.
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
        // The server repeats it, as a text and as an error.
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

/// A token that is a word of ours, or a part of one.
#[test]
fn redaction_leaves_our_own_sentences_whole() {
    let lab = start_bare_lab();
    let url = lab.url().to_owned();
    let message = |token: &str, line: &str| {
        let output = lab.mrp(&format!("--mrp-url {url} --mrp-token {token} {line}"));
        output.err + &output.out
    };
    for line in [
        "machine list",
        "machine configure qdc01 --netboot=perhaps",
        "machine provision",
    ] {
        let expected = message("a-token-that-is-wrong", line);
        for token in ["machine", "the", "e", "token", "12", "is"] {
            assert_eq!(message(token, line), expected, "{token}");
        }
    }
    // What comes from outside is masked.
    let dead = format!(
        "--mrp-url {url} --mrp-token machine machine configure machine --kernel-opts='x machine'"
    );
    let printed = lab.mrp(&dead);
    assert!(!printed.err.contains("'machine'"), "{}", printed.err);
    let json = message("update", "machine list --json");
    assert!(
        json.contains("\"failed\": true") && !json.contains("***"),
        "{json}"
    );
}

/// From names and from errors, with and without JSON.
#[test]
fn control_characters_of_the_server_are_not_printed() {
    let controls = "x\u{1b}[31my\u{9b}2Jz\u{7}\u{7f}\rw";
    let lab = start_lab();
    let name = format!("host{controls}");
    lab.add_machine(json!({ "name": name, "assignee": "alice" }));
    lab.fault(json!({ "path": "/api/v1/preseed", "times": 0, "status": 400, "body": { "error": controls } }));
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
            assert_no_control_characters(&lab.mrp(line));
        }
    }
    let output = lab.mrp("machine list --json");
    assert_contains(&output.out, &["\\u009b2J", "\\u001b[31m", "\\u007f"]);
    let listed: Value = serde_json::from_str(&output.out).unwrap();
    let machines = listed["machines"].as_array().unwrap();
    assert!(
        machines
            .iter()
            .any(|machine| machine["name"] == name.as_str())
    );
    assert_no_control_characters(&lab.mrp("machine configure 'hos' --netboot"));
    // The name cannot be quoted for the shell that splits the line.
    let mut command = lab.mrp_command("machine configure --kernel-opts y --diff");
    let output = command.arg(&name).output().unwrap();
    assert_no_control_characters(&CommandOutput::checked(&output));
}

fn assert_no_control_characters(output: &CommandOutput) {
    let printed = format!("{}{}", output.out, output.err);
    let control = printed
        .chars()
        .find(|character| character.is_control() && *character != '\n');
    assert_eq!(control, None, "{printed:?}");
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
    let output = lab.mrp("image upload vmlinuz --description big --type Kernel --arch arm64");
    assert_eq!((output.code, &*output.err), (0, ""));
    assert_eq!(output.out.lines().count(), 1, "{}", output.out);
    let output = lab.mrp("machine wait qdc01 --wait-timeout 0.05 --wait-interval 0.01");
    assert_eq!((output.code, &*output.out), (1, ""));
    assert_contains(
        &output.err,
        &["mrp: machine 'qdc01' was not ready within 0.05 s; the last state seen was unknown"],
    );
}
