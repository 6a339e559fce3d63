//! Profiles of labs: which file is read, which server and token it leads to.

use mrp_test_support::module::ModuleRun;
use mrp_test_support::{Lab, TOKEN, TestLab, assert_contains, message};
use serde_json::{Value, json};

use crate::start_bare_lab;

/// A second server, recognised by a machine of its own.
fn start_server(machine: &str) -> Lab {
    let lab = Lab::start();
    lab.add_machine(serde_json::json!({ "name": machine }));
    lab
}

/// The section of a profile.
fn section(name: &str, lab: &Lab) -> String {
    format!("[{name}]\nmrp_url = {}\nmrp_token = {TOKEN}\n", lab.url())
}

const PROFILES: &str = ".config/mrp/labs.cfg";

fn first_machine(lab: &TestLab, line: &str) -> String {
    let listed = lab.mrp_ok(&format!("{line} machine list --name 'is-*'"));
    let last = listed.lines().next_back().unwrap().to_owned();
    last.split_whitespace().nth(1).unwrap_or("none").to_owned()
}

#[test]
fn profiles_are_found_where_the_xdg_rules_say() {
    let (home, own, system, late) = (
        start_server("is-home"),
        start_server("is-own"),
        start_server("is-system"),
        start_server("is-late"),
    );
    let lab = start_bare_lab();
    let at = |name: &str| lab.path(name).to_str().unwrap().to_owned();
    let dirs = format!("relative:{}:{}", at("system"), at("late"));
    lab.write("late/mrp/labs.cfg", section("x", &late));
    lab.write("relative/mrp/labs.cfg", section("x", &home));
    let own_home = at("own");
    let lab = lab.with("XDG_CONFIG_DIRS", dirs);
    assert_eq!(first_machine(&lab, ""), "is-late");
    lab.write("system/mrp/labs.cfg", section("x", &system));
    assert_eq!(first_machine(&lab, ""), "is-system");
    lab.write(PROFILES, section("x", &home));
    assert_eq!(first_machine(&lab, ""), "is-home");
    lab.write("own/mrp/labs.cfg", section("x", &own));
    let lab = lab.with("XDG_CONFIG_HOME", "own");
    assert_eq!(
        first_machine(&lab, ""),
        "is-home",
        "a relative path counts as none"
    );
    let lab = lab.with("XDG_CONFIG_HOME", own_home);
    assert_eq!(first_machine(&lab, ""), "is-own");
    // A folder without the file does not end the search.
    let lab = lab.with("XDG_CONFIG_HOME", "/nonexistent");
    assert_eq!(first_machine(&lab, ""), "is-system");
    let lab = lab.with("XDG_CONFIG_HOME", "");
    assert_eq!(first_machine(&lab, ""), "is-home");
}

#[test]
fn options_win_over_the_environment_and_the_environment_over_the_file() {
    let labs = ["is-a", "is-b", "is-c", "is-d"].map(start_server);
    let [a, b, c, d] = &labs;
    let lab = start_bare_lab();
    let text = ["a", "b", "c"].into_iter().zip([a, b, c]);
    let text: String = text.map(|(name, lab)| section(name, lab)).collect();
    lab.write(PROFILES, &text);
    let error = lab.mrp_fails("machine list", 2);
    assert_contains(
        &error,
        &[
            "mrp: no lab is chosen: ",
            "labs.cfg has a, b and c\n",
            "--lab NAME",
            "MRP_LAB",
            "lab = NAME",
        ],
    );
    lab.write(PROFILES, format!("lab = a\n{text}"));
    assert_eq!(first_machine(&lab, ""), "is-a");
    let lab = lab.with("MRP_TOKEN", TOKEN).with("MRP_URL", d.url());
    assert_eq!(first_machine(&lab, ""), "is-d");
    let lab = lab.with("MRP_LAB", "b");
    assert_eq!(first_machine(&lab, ""), "is-b");
    assert_eq!(first_machine(&lab, "--lab c"), "is-c");
    let behind = lab.mrp_ok("machine list --name 'is-*' --lab c");
    assert_contains(&behind, &["is-c"]);
    let both = format!("--lab c --mrp-url {} lab status", a.url());
    assert_contains(&lab.mrp_fails(&both, 2), &["--lab and --mrp-url"]);
    // MRP_LAB is ignored where a server is typed.
    let typed = format!("--mrp-url {} --mrp-token {TOKEN}", a.url());
    assert_eq!(first_machine(&lab, &typed), "is-a");
    let lab = lab.with("MRP_LAB", "");
    assert_eq!(first_machine(&lab, ""), "is-d");
    assert_eq!(first_machine(&lab, &typed), "is-a");
}

#[test]
fn token_of_one_server_is_not_sent_to_another() {
    let [a, b] = &["is-a", "is-b"].map(start_server);
    let lab = start_bare_lab();
    lab.write(PROFILES, section("a", a));
    let lab = lab.with("MRP_LAB", "a");
    let error = lab.mrp_fails(&format!("--mrp-url {} --retries 0 lab status", b.url()), 2);
    assert_contains(&error, &["--mrp-token is missing"]);
    assert!(b.requests().is_empty(), "{:?}", b.requests());
    let lab = start_bare_lab()
        .with("MRP_URL", a.url())
        .with("MRP_TOKEN", TOKEN);
    lab.write(PROFILES, format!("[b]\nmrp_url = {}\n", b.url()));
    assert_contains(
        &lab.mrp_fails("--lab b lab status", 2),
        &["the lab 'b'", "has no token"],
    );
    let typed = format!("--mrp-url {}", b.url());
    for line in [
        format!("{typed} lab status"),
        format!("lab status {typed}"),
        format!("{typed} net --action getip --machine is-b"),
    ] {
        assert_contains(
            &lab.mrp_fails(&line, 2),
            &["--mrp-url is not the server of MRP_URL"],
        );
    }
    assert!(b.requests().is_empty(), "{:?}", b.requests());
    assert_eq!(
        first_machine(&lab, &format!("{typed} --mrp-token {TOKEN}")),
        "is-b"
    );
    // The token of the environment is used for the server of the environment, and where it names none.
    let same = a.url().trim_end_matches('/');
    assert_eq!(first_machine(&lab, &format!("--mrp-url {same}")), "is-a");
    let lab = lab.with("MRP_URL", "");
    assert_eq!(first_machine(&lab, &typed), "is-b");
}

#[test]
fn line_without_an_option_is_reported_by_number_without_its_text() {
    let lab = start_bare_lab();
    lab.write(
        PROFILES,
        "[a]\nmrp_url = http://127.0.0.1:1/\nmrp_token: c2VjcmV0==\n",
    );
    let error = lab.mrp_fails("lab status", 2);
    assert_contains(&error, &["line 3 of"]);
    assert!(!error.contains("c2VjcmV0"), "{error}");
    lab.write(PROFILES, "mrp_url = http://127.0.0.1:1/\n[a]\n");
    assert_contains(
        &lab.mrp_fails("lab status", 2),
        &["'mrp_url' before its first lab"],
    );
}

#[test]
fn single_profile_is_the_default() {
    let only = start_server("is-only");
    let lab = start_bare_lab();
    lab.write(PROFILES, section("only", &only));
    assert_eq!(first_machine(&lab, ""), "is-only");
}

#[test]
fn unknown_profile_is_an_error_with_similar_names() {
    let lab = start_bare_lab();
    let error = lab.mrp_fails("--lab cambridge lab status", 2);
    assert_contains(
        &error,
        &[
            "mrp: there is no configuration file with a lab 'cambridge'\n",
            PROFILES,
        ],
    );
    let url = lab.url().to_owned();
    lab.write(
        PROFILES,
        format!("[cambridge]\nmrp_url = {url}\n[austin]\nmrp_url = {url}\n"),
    );
    let error = lab.mrp_fails("--lab cambrigde lab status", 2);
    assert_contains(
        &error,
        &[
            "labs.cfg has no lab 'cambrigde'\n",
            "Did you mean: cambridge?\n",
        ],
    );
    lab.write(
        PROFILES,
        format!("lab = autsin\n[austin]\nmrp_url = {url}\n"),
    );
    assert_contains(
        &lab.mrp_fails("lab status", 2),
        &["no lab 'autsin'", "austin"],
    );
}

#[test]
fn unknown_option_of_a_profile_is_an_error() {
    let lab = start_bare_lab();
    let url = lab.url().to_owned();
    for (wrong, near) in [
        ("mrp_ulr = x", "mrp_url"),
        ("tokenfile = x", "token_file"),
        ("retires = 1", "retries"),
    ] {
        lab.write(
            PROFILES,
            format!("[a]\nmrp_url = {url}\nmrp_token = {TOKEN}\n{wrong}\n"),
        );
        let name = wrong.split_once(' ').unwrap().0;
        let error = lab.mrp_fails("lab status", 2);
        assert_contains(
            &error,
            &[
                "the lab 'a' in",
                &format!("'{name}'"),
                &format!("Did you mean: {near}?"),
            ],
        );
    }
    lab.write(
        PROFILES,
        format!("[a]\nmrp_url = {url}\nmrp_token = {TOKEN}\nmrp_token {TOKEN}\n"),
    );
    assert_contains(&lab.mrp_fails("lab status", 2), &["line 4 of", "labs.cfg"]);
    lab.write(
        PROFILES,
        format!("[a]\nmrp_url = {url}\nmrp_token = {TOKEN}\nretries = many\n"),
    );
    assert_contains(&lab.mrp_fails("lab status", 2), &["retries"]);
    // The aliases of the modules' options are accepted.
    lab.write(
        PROFILES,
        format!("[a]\nurl = {url}\ntoken = {TOKEN}\nretries = 0\n"),
    );
    lab.mrp_ok("lab status");
}

/// The command that the message suggests is run by a shell.
#[test]
fn token_that_others_can_read_is_refused_until_its_file_is_private() {
    let lab = start_bare_lab();
    let url = lab.url().to_owned();
    let config = lab.write(
        PROFILES,
        format!("[a]\nmrp_url = {url}\nmrp_token = {TOKEN}\n"),
    );
    refused_until_private(&lab, &config);
    let token = lab.write("it's/my token", format!("{TOKEN}\n"));
    lab.write(
        PROFILES,
        format!("[a]\nmrp_url = {url}\ntoken_file = {}\n", token.display()),
    );
    refused_until_private(&lab, &token);
    // A file without a token may be readable by others.
    lab.set_mode(&config, 0o644);
    lab.mrp_ok("lab status");
}

fn refused_until_private(lab: &TestLab, file: &std::path::Path) {
    for mode in [0o644, 0o640, 0o604] {
        lab.set_mode(file, mode);
        let error = lab.mrp_fails("lab status", 2);
        assert_contains(&error, &["others can read it"]);
        let (_, typed) = error.trim_end().split_once("type: ").unwrap();
        assert!(typed.starts_with("chmod 600 "), "{typed}");
        let mut shell = std::process::Command::new("sh");
        assert!(shell.args(["-c", typed]).status().unwrap().success());
        lab.mrp_ok("lab status");
    }
    assert!(
        lab.requests()
            .iter()
            .all(|request| request.status == Some(200))
    );
}

#[test]
fn paths_in_a_profile_are_relative_to_its_file() {
    let lab = start_bare_lab();
    let url = lab.url().to_owned();
    lab.write(".config/mrp/tokens/alice", format!("{TOKEN}\n"));
    lab.write(
        PROFILES,
        format!("[a]\nmrp_url = {url}\ntoken_file = tokens/alice\n"),
    );
    lab.mrp_ok("lab status");
    lab.write("elsewhere", TOKEN);
    lab.write(
        PROFILES,
        format!("[a]\nmrp_url = {url}\ntoken_file = ~/elsewhere\n"),
    );
    lab.mrp_ok("lab status");
    lab.write(
        PROFILES,
        format!("[a]\nmrp_url = {url}\ntoken_file = nowhere\n"),
    );
    assert_contains(
        &lab.mrp_fails("lab status", 2),
        &["cannot read", ".config/mrp/nowhere"],
    );
}

#[test]
fn files_without_an_end_are_refused() {
    let lab = start_bare_lab();
    let path = lab.write(PROFILES, "");
    let unending = lab.path("unending");
    let endless = [
        ("mkfifo", "it is a pipe and not a regular file"),
        ("ln -s /dev/zero", "it is a device and not a regular file"),
        ("truncate -s 1T", "it is larger than 1 MiB"),
    ];
    for (command, problem) in endless {
        std::fs::remove_file(&path).unwrap();
        make(command, &path);
        lab.set_mode(&path, 0o600);
        let expected = format!("cannot read {}: {problem}", path.display());
        assert_contains(&lab.mrp_fails("lab status", 2), &[&expected]);
    }
    std::fs::remove_file(&path).unwrap();
    let text = "[a]\nmrp_url = http://127.0.0.1:1/\ntoken_file = ../../unending\n";
    lab.write(PROFILES, text);
    for (command, problem) in endless {
        make(command, &unending);
        let error = lab.mrp_fails("lab status", 2);
        assert_contains(&error, &["cannot read", "unending", problem]);
        std::fs::remove_file(&unending).unwrap();
    }
}

fn make(command: &str, path: &std::path::Path) {
    let line = format!("{command} '{}'", path.display());
    let made = std::process::Command::new("sh")
        .args(["-c", &line])
        .status();
    assert!(made.unwrap().success(), "{line}");
}

#[test]
fn nul_in_the_file_is_refused_with_the_name_of_its_option() {
    let lab = start_bare_lab();
    lab.write(
        PROFILES,
        "[a]\nmrp_url = http://127.0.0.1:1/\nmrp_token = a\0b\n",
    );
    let error = lab.mrp_fails("machine list", 2);
    assert_contains(&error, &["The option 'mrp_token' has a NUL character"]);
}

#[test]
fn preseed_is_read_from_standard_input() {
    let lab = start_bare_lab().with_credentials();
    let upload = |script: &str, line: &str| {
        let run = format!("{script} | {} {line}", env!("CARGO_BIN_EXE_mrp"));
        let output = lab.command("/bin/sh").args(["-c", &run]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    upload("echo one", "preseed upload /dev/stdin --name ci-seed");
    assert_eq!(
        lab.server_object("preseed", "name", "ci-seed")["content"],
        "one\n"
    );
}

const MODULES: &str = env!("CARGO_BIN_EXE_mrp-ansible");

/// The result of a module that lists machines, with this home and these variables.
fn list_machines(lab: &TestLab, mut options: Value, variables: &[(&str, &str)]) -> Value {
    options["name"] = json!("is-*");
    options["_ansible_verbosity"] = json!(3);
    let mut run = ModuleRun::new(MODULES, "mrp_machine_info", &options);
    run.command
        .env("HOME", lab.path(""))
        .env("XDG_CONFIG_DIRS", lab.path("xdg"))
        .envs(variables.iter().copied());
    let result = run.result();
    assert!(!result.to_string().contains(TOKEN), "{result:#}");
    result
}

#[test]
fn labs_serve_modules_too() {
    let servers = ["is-a", "is-b"].map(start_server);
    let [a, b] = &servers;
    let lab = start_bare_lab();
    lab.write(PROFILES, section("a", a) + &section("b", b));
    let first = |options: Value, variables: &[(&str, &str)]| {
        let result = list_machines(&lab, options, variables);
        result["machines"][0]["name"].clone()
    };
    assert_eq!(first(json!({ "mrp_lab": "a" }), &[]), "is-a");
    assert_eq!(
        first(json!({ "mrp_lab": null }), &[("MRP_LAB", "b")]),
        "is-b"
    );
    assert_eq!(
        first(json!({ "mrp_lab": "a" }), &[("MRP_LAB", "b")]),
        "is-a"
    );
    // As on the command line: a lab comes before MRP_URL, and a server that is typed before MRP_LAB.
    let other = [("MRP_LAB", "a"), ("MRP_URL", b.url()), ("MRP_TOKEN", TOKEN)];
    assert_eq!(first(json!({}), &other), "is-a");
    let typed = json!({ "url": b.url(), "mrp_token": TOKEN });
    assert_eq!(first(typed, &[("MRP_LAB", "a")]), "is-b");
    let fails = |options: Value, variables: &[(&str, &str)]| {
        message(&list_machines(&lab, options, variables))
    };
    for (options, variables, problem) in [
        (
            json!({ "mrp_lab": "a", "mrp_url": b.url() }),
            &[][..],
            "mrp_lab and mrp_url each name a server",
        ),
        (json!({ "mrp_lab": "c" }), &[], "has no lab 'c'"),
        (json!({}), &[("MRP_LAB", "c")], "has no lab 'c'"),
        (
            json!({}),
            &[],
            "missing required arguments: mrp_token, mrp_url",
        ),
    ] {
        assert_contains(&fails(options, variables), &[problem]);
    }
}

#[test]
fn labs_serve_the_inventory_too() {
    let servers = ["is-a", "is-b"].map(start_server);
    let [a, b] = &servers;
    let lab = start_bare_lab().with_inventory(MODULES);
    lab.write(PROFILES, section("a", a) + &section("b", b));
    lab.configure_inventory("mrp_lab = a");
    assert!(lab.inventory()["_meta"]["hostvars"]["is-a"].is_object());
    lab.configure_inventory("");
    let lab = lab.with("MRP_LAB", "b");
    assert!(lab.inventory()["_meta"]["hostvars"]["is-b"].is_object());
}
