//! Which server is talked to, and as whom.

use mrp_lab::Lab;

use crate::site::{Site, TOKEN, says};

/// Labs that can be told apart by a machine each.
fn lab(machine: &str) -> Lab {
    let lab = Lab::start();
    lab.add_machine(serde_json::json!({ "name": machine }));
    lab
}

/// A lab's section.
fn section(name: &str, lab: &Lab) -> String {
    format!("[{name}]\nmrp_url = {}\nmrp_token = {TOKEN}\n", lab.url())
}

const FIRST: &str = ".config/mrp/labs.cfg";

fn listed(site: &Site, line: &str) -> String {
    let listed = site.good(&format!("{line} machine list --name 'is-*'"));
    let last = listed.lines().next_back().unwrap().to_owned();
    last.split_whitespace().nth(1).unwrap_or("none").to_owned()
}

#[test]
fn the_file_is_where_the_xdg_rules_say() {
    let (home, own, system, late) = (
        lab("is-home"),
        lab("is-own"),
        lab("is-system"),
        lab("is-late"),
    );
    let site = Site::bare();
    let at = |name: &str| site.path(name).to_str().unwrap().to_owned();
    let dirs = format!("relative:{}:{}", at("system"), at("late"));
    site.write("late/mrp/labs.cfg", section("x", &late));
    site.write("relative/mrp/labs.cfg", section("x", &home));
    let own_home = at("own");
    let site = site.with("XDG_CONFIG_DIRS", dirs);
    assert_eq!(listed(&site, ""), "is-late");
    site.write("system/mrp/labs.cfg", section("x", &system));
    assert_eq!(listed(&site, ""), "is-system");
    site.write(FIRST, section("x", &home));
    assert_eq!(listed(&site, ""), "is-home");
    site.write("own/mrp/labs.cfg", section("x", &own));
    let site = site.with("XDG_CONFIG_HOME", "own");
    assert_eq!(
        listed(&site, ""),
        "is-home",
        "a relative path counts as none"
    );
    let site = site.with("XDG_CONFIG_HOME", own_home);
    assert_eq!(listed(&site, ""), "is-own");
    // Where there is none below it, the others are still looked for.
    let site = site.with("XDG_CONFIG_HOME", "/nonexistent");
    assert_eq!(listed(&site, ""), "is-system");
    let site = site.with("XDG_CONFIG_HOME", "");
    assert_eq!(listed(&site, ""), "is-home");
}

#[test]
fn what_was_asked_for_last_comes_first() {
    let labs = ["is-a", "is-b", "is-c", "is-d"].map(lab);
    let [a, b, c, d] = &labs;
    let site = Site::bare();
    let text = ["a", "b", "c"].into_iter().zip([a, b, c]);
    let text: String = text.map(|(name, lab)| section(name, lab)).collect();
    site.write(FIRST, &text);
    let said = site.bad("machine list", 2);
    says(
        &said,
        &[
            "mrp: no lab is chosen: ",
            "labs.cfg has a, b and c\n",
            "--lab NAME",
            "MRP_LAB",
            "lab = NAME",
        ],
    );
    site.write(FIRST, format!("lab = a\n{text}"));
    assert_eq!(listed(&site, ""), "is-a");
    let site = site.with("MRP_TOKEN", TOKEN).with("MRP_URL", d.url());
    assert_eq!(listed(&site, ""), "is-d");
    let site = site.with("MRP_LAB", "b");
    assert_eq!(listed(&site, ""), "is-b");
    assert_eq!(listed(&site, "--lab c"), "is-c");
    let behind = site.good("machine list --name 'is-*' --lab c");
    says(&behind, &["is-c"]);
    let both = format!("--lab c --mrp-url {} lab status", a.url());
    says(&site.bad(&both, 2), &["--lab and --mrp-url"]);
    // A lab of the environment is nobody's wish where a server is typed.
    let typed = format!("--mrp-url {} --mrp-token {TOKEN}", a.url());
    assert_eq!(listed(&site, &typed), "is-a");
    let site = site.with("MRP_LAB", "");
    assert_eq!(listed(&site, ""), "is-d");
    assert_eq!(listed(&site, &typed), "is-a");
}

#[test]
fn no_server_gets_the_token_of_another() {
    let [a, b] = &["is-a", "is-b"].map(lab);
    let site = Site::bare();
    site.write(FIRST, section("a", a));
    let site = site.with("MRP_LAB", "a");
    let said = site.bad(&format!("--mrp-url {} --retries 0 lab status", b.url()), 2);
    says(&said, &["--mrp-token is missing"]);
    assert!(b.requests().is_empty(), "{:?}", b.requests());
    let site = Site::bare()
        .with("MRP_URL", a.url())
        .with("MRP_TOKEN", TOKEN);
    site.write(FIRST, format!("[b]\nmrp_url = {}\n", b.url()));
    says(
        &site.bad("--lab b lab status", 2),
        &["the lab 'b'", "has no token"],
    );
    let typed = format!("--mrp-url {}", b.url());
    for line in [
        format!("{typed} lab status"),
        format!("lab status {typed}"),
        format!("{typed} net --action getip --machine is-b"),
    ] {
        says(
            &site.bad(&line, 2),
            &["--mrp-url is not the server of MRP_URL"],
        );
    }
    assert!(b.requests().is_empty(), "{:?}", b.requests());
    assert_eq!(
        listed(&site, &format!("{typed} --mrp-token {TOKEN}")),
        "is-b"
    );
    // Who names the same server again, or has but a token in the environment, goes on as before.
    let same = a.url().trim_end_matches('/');
    assert_eq!(listed(&site, &format!("--mrp-url {same}")), "is-a");
    let site = site.with("MRP_URL", "");
    assert_eq!(listed(&site, &typed), "is-b");
}

#[test]
fn a_line_that_is_no_option_is_told_by_its_number_and_not_by_its_text() {
    let site = Site::bare();
    site.write(
        FIRST,
        "[a]\nmrp_url = http://127.0.0.1:1/\nmrp_token: c2VjcmV0==\n",
    );
    let said = site.bad("lab status", 2);
    says(&said, &["line 3 of"]);
    assert!(!said.contains("c2VjcmV0"), "{said}");
    site.write(FIRST, "mrp_url = http://127.0.0.1:1/\n[a]\n");
    says(
        &site.bad("lab status", 2),
        &["'mrp_url' before its first lab"],
    );
}

#[test]
fn an_only_lab_is_meant() {
    let only = lab("is-only");
    let site = Site::bare();
    site.write(FIRST, section("only", &only));
    assert_eq!(listed(&site, ""), "is-only");
}

#[test]
fn a_lab_that_is_none_is_answered_with_near_names() {
    let site = Site::bare();
    let said = site.bad("--lab cambridge lab status", 2);
    says(
        &said,
        &[
            "mrp: there is no configuration file with a lab 'cambridge'\n",
            FIRST,
        ],
    );
    let url = site.lab.url().to_owned();
    site.write(
        FIRST,
        format!("[cambridge]\nmrp_url = {url}\n[austin]\nmrp_url = {url}\n"),
    );
    let said = site.bad("--lab cambrigde lab status", 2);
    says(
        &said,
        &[
            "labs.cfg has no lab 'cambrigde'\n",
            "Did you mean: cambridge?\n",
        ],
    );
    site.write(FIRST, format!("lab = autsin\n[austin]\nmrp_url = {url}\n"));
    says(&site.bad("lab status", 2), &["no lab 'autsin'", "austin"]);
}

#[test]
fn an_option_of_a_lab_that_is_none_is_told() {
    let site = Site::bare();
    let url = site.lab.url().to_owned();
    for (wrong, near) in [
        ("mrp_ulr = x", "mrp_url"),
        ("tokenfile = x", "token_file"),
        ("retires = 1", "retries"),
    ] {
        site.write(
            FIRST,
            format!("[a]\nmrp_url = {url}\nmrp_token = {TOKEN}\n{wrong}\n"),
        );
        let name = wrong.split_once(' ').unwrap().0;
        let said = site.bad("lab status", 2);
        says(
            &said,
            &[
                "the lab 'a' in",
                &format!("'{name}'"),
                &format!("Did you mean: {near}?"),
            ],
        );
    }
    site.write(
        FIRST,
        format!("[a]\nmrp_url = {url}\nmrp_token = {TOKEN}\nmrp_token {TOKEN}\n"),
    );
    says(&site.bad("lab status", 2), &["line 4 of", "labs.cfg"]);
    site.write(
        FIRST,
        format!("[a]\nmrp_url = {url}\nmrp_token = {TOKEN}\nretries = many\n"),
    );
    says(&site.bad("lab status", 2), &["retries"]);
    // What the module's own names allow is allowed here.
    site.write(
        FIRST,
        format!("[a]\nurl = {url}\ntoken = {TOKEN}\nretries = 0\n"),
    );
    site.good("lab status");
}

/// What it says to type, typed by a shell.
#[test]
fn a_token_that_others_can_read_is_refused_until_they_cannot() {
    let site = Site::bare();
    let url = site.lab.url().to_owned();
    let config = site.write(
        FIRST,
        format!("[a]\nmrp_url = {url}\nmrp_token = {TOKEN}\n"),
    );
    refused_until_private(&site, &config);
    let token = site.write("it's/my token", format!("{TOKEN}\n"));
    site.write(
        FIRST,
        format!("[a]\nmrp_url = {url}\ntoken_file = {}\n", token.display()),
    );
    refused_until_private(&site, &token);
    // A file without a token is nobody's secret.
    site.allow(&config, 0o644);
    site.good("lab status");
}

fn refused_until_private(site: &Site, file: &std::path::Path) {
    for mode in [0o644, 0o640, 0o604] {
        site.allow(file, mode);
        let said = site.bad("lab status", 2);
        says(&said, &["others can read it"]);
        let (_, typed) = said.trim_end().split_once("type: ").unwrap();
        assert!(typed.starts_with("chmod 600 "), "{typed}");
        let mut shell = std::process::Command::new("sh");
        assert!(shell.args(["-c", typed]).status().unwrap().success());
        site.good("lab status");
    }
    assert!(
        site.lab
            .requests()
            .iter()
            .all(|request| request.status == Some(200))
    );
}

#[test]
fn files_are_named_from_the_file_that_names_them() {
    let site = Site::bare();
    let url = site.lab.url().to_owned();
    site.write(".config/mrp/tokens/alice", format!("{TOKEN}\n"));
    site.write(
        FIRST,
        format!("[a]\nmrp_url = {url}\ntoken_file = tokens/alice\n"),
    );
    site.good("lab status");
    site.write("elsewhere", TOKEN);
    site.write(
        FIRST,
        format!("[a]\nmrp_url = {url}\ntoken_file = ~/elsewhere\n"),
    );
    site.good("lab status");
    site.write(
        FIRST,
        format!("[a]\nmrp_url = {url}\ntoken_file = nowhere\n"),
    );
    says(
        &site.bad("lab status", 2),
        &["cannot read", ".config/mrp/nowhere"],
    );
}
