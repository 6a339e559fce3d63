//! The file of options, the environment, and the permissions that their files need.

use mrp_test_support::inventory::group_hosts;
use mrp_test_support::{assert_contains, project_folder};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;

use crate::{start_bare_lab, start_lab};

#[test]
fn run_without_options_names_the_missing_ones() {
    let lab = start_bare_lab();
    let path = lab.path("mrp_inventory.cfg").display().to_string();
    assert_contains(
        &lab.inventory_error(),
        &["mrp_token, mrp_url", "MRP_URL and MRP_TOKEN", &path],
    );
}

#[test]
fn file_beside_the_link_is_read() {
    let lab = start_bare_lab();
    lab.write(".token", "alice-token\n");
    let url = lab.url();
    lab.configure_inventory(&format!(
        "# the lab\nurl = {url}\n\ntoken_file = .token\nscope = mine"
    ));
    assert_eq!(group_hosts(&lab.inventory(), "mrp").len(), 5);
}

#[test]
fn environment_variable_names_another_file() {
    let lab = start_lab();
    lab.configure_inventory("nonsense");
    let other = lab.write("other.cfg", "scope = mine\n");
    let lab = lab.with("MRP_INVENTORY_CONFIG", other.display().to_string());
    assert_eq!(group_hosts(&lab.inventory(), "mrp").len(), 5);
    std::fs::remove_file(other).unwrap();
    assert_contains(&lab.inventory_error(), &["cannot read", "other.cfg"]);
}

#[test]
fn the_file_wins_over_the_environment_as_an_option_does() {
    let lab = start_lab();
    lab.configure_inventory("mrp_url = http://127.0.0.1:1/");
    assert_contains(&lab.inventory_error(), &["no connection to 127.0.0.1:1"]);
}

#[test]
fn a_token_that_others_can_read_is_refused_with_what_to_type() {
    for mode in [0o640, 0o604] {
        let lab = start_bare_lab();
        let token = lab.write("it's a token.cfg", "alice-token");
        lab.configure_inventory(&format!(
            "mrp_url = {}\ntoken_file = it's a token.cfg",
            lab.url()
        ));
        lab.set_mode(&token, mode);
        let command = format!(
            "chmod 600 '{}'",
            token.display().to_string().replace('\'', "'\\''")
        );
        assert_contains(&lab.inventory_error(), &["others can read it", &command]);
        lab.set_mode(&token, 0o600);
        lab.inventory();
    }
}

#[test]
fn file_of_options_with_a_token_that_others_can_read_is_refused() {
    for name in ["mrp_token", "token"] {
        let lab = start_bare_lab();
        lab.configure_inventory(&format!("mrp_url = {}\n{name} = alice-token", lab.url()));
        lab.inventory();
        lab.set_mode(&lab.path("mrp_inventory.cfg"), 0o644);
        assert_contains(
            &lab.inventory_error(),
            &["mrp_inventory.cfg has a token", "chmod 600 '"],
        );
        lab.assert_no_writes();
    }
}

#[test]
fn a_file_of_options_that_everybody_can_write_is_refused_with_what_to_type() {
    let lab = start_lab();
    lab.configure_inventory("scope = mine");
    let path = lab.path("mrp_inventory.cfg");
    for mode in [0o602, 0o666, 0o646] {
        lab.set_mode(&path, mode);
        let command = format!("chmod o-w '{}'", path.display());
        assert_contains(
            &lab.inventory_error(),
            &["everybody can write it", &command],
        );
    }
    assert!(lab.requests().is_empty());
    lab.set_mode(&path, 0o664);
    lab.inventory();
    let lab = lab.with("MRP_INVENTORY_CONFIG", "/dev/null");
    assert_eq!(group_hosts(&lab.inventory(), "mrp").len(), 8);
}

#[test]
fn dangling_link_to_a_file_of_options_is_an_error() {
    let lab = start_lab();
    let path = lab.path("mrp_inventory.cfg");
    symlink(lab.path("gone.cfg"), &path).unwrap();
    assert_contains(
        &lab.inventory_error(),
        &["cannot read", "mrp_inventory.cfg"],
    );
    std::fs::remove_file(&path).unwrap();
    symlink(&path, &path).unwrap();
    assert_contains(
        &lab.inventory_error(),
        &["cannot read", "mrp_inventory.cfg"],
    );
}

#[test]
fn file_beside_the_link_is_found_when_called_through_path() {
    let lab = start_lab();
    lab.configure_inventory("scope = mine");
    let path = format!("/nonexistent:{}", lab.path("").display());
    let lab = lab.with("PATH", path);
    let mut command = lab.command(lab.path("mrp_inventory"));
    let output = lab.run_inventory_command(command.arg0("mrp_inventory").arg("--list"));
    let inventory = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(group_hosts(&inventory, "mrp").len(), 5);
}

#[test]
fn token_and_token_file_exclude_each_other() {
    let lab = start_lab();
    lab.configure_inventory("mrp_token = a\ntoken_file = b");
    assert_contains(&lab.inventory_error(), &["both a token and a token_file"]);
}

#[test]
fn mistakes_are_reported_with_their_place_and_without_values() {
    let lab = start_lab();
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
        lab.configure_inventory(lines);
        let sentence = lab.inventory_error();
        assert_contains(&sentence, parts);
        assert!(
            !sentence.contains("canary") && !sentence.contains('\u{e4}'),
            "{sentence}"
        );
    }
}

#[test]
fn empty_value_counts_as_not_given() {
    let lab = start_lab();
    lab.configure_inventory("query =\nmrp_url =\ncache =");
    assert_eq!(group_hosts(&lab.inventory(), "mrp").len(), 8);
}

#[test]
fn files_without_an_end_and_texts_with_nul_are_refused() {
    let lab = start_lab();
    let path = lab.path("mrp_inventory.cfg");
    symlink("/dev/zero", &path).unwrap();
    assert_contains(
        &lab.inventory_error(),
        &["mrp_inventory.cfg: it is a device and not a regular file"],
    );
    std::fs::remove_file(&path).unwrap();
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(1 << 40).unwrap();
    assert_contains(&lab.inventory_error(), &["it is larger than 1 MiB"]);
    lab.write("mrp_inventory.cfg", "interface = eth0,a\0b\n");
    assert_contains(
        &lab.inventory_error(),
        &["The option 'interface[1]' has a NUL character"],
    );
    lab.write("mrp_inventory.cfg", "token_file = /dev/zero\n");
    assert_contains(
        &lab.inventory_error(),
        &["/dev/zero: it is a device and not a regular file"],
    );
}

#[test]
fn files_in_the_inventorys_directory_that_ansible_takes_for_hosts_are_refused() {
    let lab = start_lab();
    lab.write("sub/token", "alice-token\n");
    lab.write("token", "alice-token\n");
    for lines in [
        "token_file = token",
        "token_file = sub/token",
        "cache = token",
        "client_key = token\nclient_cert = .cert",
        "ca_path = token",
    ] {
        lab.configure_inventory(lines);
        let (option, _) = lines.split_once(' ').unwrap();
        assert_contains(
            &lab.inventory_error(),
            &[
                option,
                "token is in the inventory's directory",
                "Begin its name with a dot",
            ],
        );
    }
    lab.write("options", "scope = mine\n");
    let named = lab.path("options").display().to_string();
    let lab = lab.with("MRP_INVENTORY_CONFIG", named);
    assert_contains(
        &lab.inventory_error(),
        &["the file of options", "is in the inventory's directory"],
    );
}

#[test]
fn script_runs_the_program_beside_it_for_the_link_that_was_called() {
    let lab = start_lab();
    lab.write("lab/mrp_inventory.cfg", "scope = mine\n");
    std::fs::create_dir(lab.path("library")).unwrap();
    let script = lab.path("library/mrp_inventory");
    std::fs::copy(project_folder().join("library/mrp_inventory"), &script).unwrap();
    symlink(
        env!("CARGO_BIN_EXE_mrp-ansible"),
        lab.path("library/mrp-ansible"),
    )
    .unwrap();
    symlink("../library/mrp_inventory", lab.path("lab/mrp_inventory")).unwrap();
    let run = |program: &str| {
        let mut command = lab.command(program);
        lab.run_inventory_command(command.env("PATH", "/usr/bin:/bin").arg("--list"))
    };
    for (program, machines) in [("lab/mrp_inventory", 5), ("library/mrp_inventory", 8)] {
        let inventory = serde_json::from_slice(&run(program).stdout).unwrap();
        assert_eq!(group_hosts(&inventory, "mrp").len(), machines, "{program}");
    }
    lab.write("lab/mrp_inventory.cfg", "scope = x\n");
    let output = run("lab/mrp_inventory");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(!String::from_utf8_lossy(&output.stderr).contains("Link it"));
}

#[test]
fn failure_of_a_link_to_the_program_itself_says_what_to_link() {
    let lab = start_lab();
    lab.configure_inventory("scope = x");
    assert_contains(
        &lab.inventory_error(),
        &["value of scope", "Link it to library/mrp_inventory"],
    );
}
