//! Command lines as people type them: accepted spellings, invalid calls, missing options.

use mrp_test_support::command_line::{CommandOutput, words};
use mrp_test_support::{TOKEN, assert_contains};

use crate::{help_pages, start_bare_lab, start_lab};

/// Every option in a help text, with a valid value.
fn each_option(help: &str) -> Vec<String> {
    let options = help.lines().filter_map(|line| {
        let (option, _) = line.strip_prefix("  --")?.split_once("  ")?;
        let (name, values) = option.split_once([' ', '['])?;
        let value = match (name, values.trim_matches(['<', '>'])) {
            ("query", _) => "t",
            ("ready-when", _) => "reported",
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
    // No server listens there, so that nothing is changed and no command waits.
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
            let output = lab.mrp(&format!("--retries 0 {command} {more}"));
            let Some(hint) = output
                .err
                .lines()
                .find_map(|line| line.strip_prefix("Type: mrp "))
            else {
                continue;
            };
            asked += 1;
            assert_eq!(output.code, 2, "mrp {command} {more}");
            assert_contains(&output.err, &["mrp: ", " missing\n"]);
            assert!(
                hint.starts_with(&command) && hint.contains(more.trim_end_matches(" --netboot=no")),
                "{hint}"
            );
            // The suggested command may name an object that does not exist, but is valid.
            let typed = hint.replace(" QUERY", " t");
            let typed = lab.mrp(&typed);
            assert!(typed.code < 2, "mrp {hint}: {}", typed.err);
        }
    }
    assert!(asked > 60, "only {asked} commands miss something");
    let error = lab.mrp_fails("power reboot --force", 2);
    assert_contains(
        &error,
        &["Type: mrp power reboot MACHINE --boot pxe --force=true\n"],
    );
    let error = lab.mrp_fails("reserve --count 2", 2);
    assert_contains(
        &error,
        &["Type: mrp reserve --query QUERY --count 2 --reason REASON\n"],
    );
}

#[test]
fn no_command_is_suggested_where_the_typed_options_contradict_it() {
    let lab = start_lab();
    let error = lab.mrp_fails("reserve qdc01 --count 2", 2);
    assert_contains(
        &error,
        &["required by 'count': query", "For example: mrp reserve"],
    );
    assert!(!error.contains("Type:"), "{error}");
    lab.write(
        ".config/mrp/labs.cfg",
        format!("[b]\nmrp_url = {}\nmrp_token = {TOKEN}\n", lab.url()),
    );
    let error = lab.mrp_fails("--lab a image upload linux --lab b", 2);
    assert_contains(&error, &["--lab=b"]);
    assert!(!error.contains("--lab=a"), "{error}");
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
        let error = lab.mrp_fails(line, 2);
        assert!(error.len() > 10, "mrp {line}: {error}");
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

/// As with Python's argparse.
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
    let error = lab.mrp_fails("machine configure qdc01 --netboot no", 2);
    assert_contains(&error, &["'no' is taken for a name", "--netboot=no"]);
    lab.mrp_fails("machine provision qdc01 --wait no", 2);
    lab.mrp_fails("machine provision qdc01 --force No", 2);
    lab.assert_no_writes();
}

#[test]
fn option_after_an_option_is_not_taken_for_its_value() {
    let lab = start_lab();
    let error = lab.mrp_fails("machine configure qdc01 --kernel-opts --check", 2);
    assert_contains(&error, &["a value is required for '--kernel-opts"]);
    lab.assert_no_writes();
    let printed = lab.mrp_ok("machine configure qdc01 --kernel-opts=--check --diff");
    assert_contains(&printed, &["+kernel_opts: \"--check\""]);
}

#[test]
fn suggested_command_keeps_check_diff_and_the_server() {
    let lab = start_lab();
    let url = lab.url().to_owned();
    let typed = format!(
        "--mrp-url {url} --mrp-token {TOKEN} --check machine configure --kernel-opts x --diff"
    );
    let error = lab.mrp_fails(&typed, 2);
    assert_contains(
        &error,
        &[
            "Type: mrp machine configure MACHINE",
            "--check",
            "--diff",
            &url,
        ],
    );
}

#[test]
fn words_splits_a_line_as_a_shell_does() {
    assert_eq!(words("a 'b c' \"d\"'e'"), ["a", "b c", "de"]);
    assert!(words("").is_empty());
}

#[test]
fn missing_option_of_several_machines_is_answered_with_all_of_them() {
    let lab = start_lab();
    assert_contains(
        &lab.mrp_fails("machine report qdc01 'bad box'", 2),
        &[
            "--state is missing",
            "Type: mrp machine report qdc01 'bad box' --state ready",
        ],
    );
}

#[test]
fn state_typed_as_the_last_machine_is_taken_for_the_state_in_the_line_to_type() {
    let lab = start_lab();
    for (typed, meant) in [
        ("qdc01 ready", "qdc01 --state ready"),
        ("qdc01 qdc02 error", "qdc01 qdc02 --state error"),
        ("ready", "ready --state ready"),
    ] {
        assert_contains(
            &lab.mrp_fails(&format!("machine report {typed}"), 2),
            &[&format!("Type: mrp machine report {meant}\n")],
        );
    }
}

#[test]
fn errors_about_several_machines_name_no_list_that_nobody_typed() {
    let lab = start_lab();
    let output = lab.mrp("machine configure qdc01 qdc02 --kernel-opts 'a\nb'");
    assert_eq!(output.code, 2);
    assert_contains(&output.err, &["mrp: machine 'qdc01': "]);
    let error = lab.mrp_fails("machine configure qdc01 qdc02 --netboot=perhaps", 2);
    assert!(!error.contains("machines["), "{error}");
    lab.assert_no_writes();
}

#[cfg(unix)]
#[test]
fn variable_that_is_not_utf8_is_named() {
    use std::os::unix::ffi::OsStrExt;
    let lab = start_lab();
    for variable in ["MRP_URL", "MRP_TOKEN"] {
        let mut command = lab.mrp_command("machine list");
        command.env(variable, std::ffi::OsStr::from_bytes(b"caf\xe9"));
        let output = CommandOutput::checked(&command.output().unwrap());
        let said = format!("mrp: the variable {variable} is not UTF-8\n");
        assert_eq!((output.code, output.err), (2, said));
    }
}
