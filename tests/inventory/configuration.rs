use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::site::{Site, group, says};

#[test]
fn the_first_run_says_what_to_set() {
    let site = Site::bare();
    let path = site.path("mrp_inventory.cfg").display().to_string();
    says(
        &site.refusal(),
        &["mrp_token, mrp_url", "MRP_URL and MRP_TOKEN", &path],
    );
}

#[test]
fn the_file_beside_the_link_is_enough() {
    let site = Site::bare();
    site.write("token", "alice-token\n");
    let url = site.lab.url();
    site.config(&format!(
        "# the lab\nurl = {url}\n\ntoken_file = token\nscope = mine"
    ));
    assert_eq!(group(&site.list(), "mrp").len(), 5);
}

#[test]
fn a_variable_names_another_file() {
    let site = Site::new();
    site.config("nonsense");
    let other = site.write("other.cfg", "scope = mine\n");
    let site = site.with("MRP_INVENTORY_CONFIG", other.display().to_string());
    assert_eq!(group(&site.list(), "mrp").len(), 5);
    std::fs::remove_file(other).unwrap();
    says(&site.refusal(), &["cannot read", "other.cfg"]);
}

#[test]
fn the_file_wins_over_the_environment_as_an_option_does() {
    let site = Site::new();
    site.config("mrp_url = http://127.0.0.1:1/");
    says(&site.refusal(), &["no connection to 127.0.0.1:1"]);
}

#[test]
fn a_token_that_others_can_read_is_refused_with_what_to_type() {
    for mode in [0o640, 0o604] {
        let site = Site::bare();
        let token = site.write("it's a token", "alice-token");
        site.config(&format!(
            "mrp_url = {}\ntoken_file = it's a token",
            site.lab.url()
        ));
        site.allow(&token, mode);
        let command = format!(
            "chmod 600 '{}'",
            token.display().to_string().replace('\'', "'\\''")
        );
        says(&site.refusal(), &["others can read it", &command]);
        site.allow(&token, 0o600);
        site.list();
    }
}

#[test]
fn so_is_a_file_of_options_with_a_token_in_it() {
    for name in ["mrp_token", "token"] {
        let site = Site::bare();
        site.config(&format!(
            "mrp_url = {}\n{name} = alice-token",
            site.lab.url()
        ));
        site.list();
        site.allow(&site.path("mrp_inventory.cfg"), 0o644);
        says(
            &site.refusal(),
            &["mrp_inventory.cfg has a token", "chmod 600 '"],
        );
        assert!(site.lab.writes().is_empty());
    }
}

#[test]
fn a_file_of_options_that_everybody_can_write_is_refused_with_what_to_type() {
    let site = Site::new();
    site.config("scope = mine");
    let path = site.path("mrp_inventory.cfg");
    for mode in [0o602, 0o666, 0o646] {
        site.allow(&path, mode);
        let command = format!("chmod o-w '{}'", path.display());
        says(&site.refusal(), &["everybody can write it", &command]);
    }
    assert!(site.lab.requests().is_empty());
    site.allow(&path, 0o664);
    site.list();
    let site = site.with("MRP_INVENTORY_CONFIG", "/dev/null");
    assert_eq!(group(&site.list(), "mrp").len(), 8);
}

#[test]
fn a_link_that_leads_nowhere_is_not_passed_over() {
    let site = Site::new();
    let path = site.path("mrp_inventory.cfg");
    symlink(site.path("gone.cfg"), &path).unwrap();
    says(&site.refusal(), &["cannot read", "mrp_inventory.cfg"]);
    std::fs::remove_file(&path).unwrap();
    symlink(&path, &path).unwrap();
    says(&site.refusal(), &["cannot read", "mrp_inventory.cfg"]);
}

#[test]
fn called_through_the_path_it_finds_the_file_beside_the_link() {
    let site = Site::new();
    site.config("scope = mine");
    let path = format!("/nonexistent:{}", site.path("").display());
    let site = site.with("PATH", path);
    let mut command = Command::new(site.path("mrp_inventory"));
    let output = site.run_as(command.arg0("mrp_inventory").arg("--list"));
    let inventory = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(group(&inventory, "mrp").len(), 5);
}

#[test]
fn two_tokens_are_one_too_many() {
    let site = Site::new();
    site.config("mrp_token = a\ntoken_file = b");
    says(&site.refusal(), &["both a token and a token_file"]);
}

#[test]
fn mistakes_are_told_with_their_place_and_never_with_a_value() {
    let site = Site::new();
    for (lines, parts) in [
        ("[mrp]", &["has a section [mrp]"][..]),
        ("mrp", &["line 2 of ", "name = value"]),
        ("mrp_token canary", &["line 2 of "]),
        ("scope = all\nscope = mine", &["line 3 of ", "earlier line"]),
        ("holder = true", &["Did you mean 'holders'"]),
        (
            "scope = own",
            &["value of scope must be one of: all, mine, got: own"],
        ),
        ("holders = perhaps", &["holders", "not a valid boolean"]),
        ("cache_lifetime = -1", &["cache_lifetime"]),
        (
            "mrp_token = can\u{e4}ry",
            &["the token contains a character"],
        ),
    ] {
        site.config(lines);
        let sentence = site.refusal();
        says(&sentence, parts);
        assert!(
            !sentence.contains("canary") && !sentence.contains('\u{e4}'),
            "{sentence}"
        );
    }
}

#[test]
fn an_empty_value_is_none() {
    let site = Site::new();
    site.config("query =\nmrp_url =\ncache =");
    assert_eq!(group(&site.list(), "mrp").len(), 8);
}
