//! Files and values as people have them: byte order marks, quotes, vaults, web pages, names of interfaces.

use mrp_test_support::{TOKEN, assert_contains};

use crate::{start_bare_lab, start_lab};

const PROFILES: &str = ".config/mrp/labs.cfg";

#[test]
fn byte_order_mark_in_a_configuration_or_token_file_is_passed_over() {
    let lab = start_bare_lab();
    let url = lab.url().to_owned();
    lab.write(
        PROFILES,
        format!("\u{feff}[a]\r\nmrp_url = {url}\r\ntoken_file = token\r\n"),
    );
    lab.write(".config/mrp/token", format!("\u{feff}{TOKEN}\r\n"));
    lab.mrp_ok("lab status");
}

#[test]
fn quotes_and_comments_in_a_configuration_file_are_told_as_that() {
    let lab = start_bare_lab();
    let url = lab.url().to_owned();
    for (line, part) in [
        (
            format!("mrp_url = \"{url}\"\nmrp_token = {TOKEN}"),
            "URL is in quotes",
        ),
        (
            format!("mrp_url = {url} # ours\nmrp_token = {TOKEN}"),
            "URL has a comment behind it",
        ),
        (
            format!("mrp_url = {url}\nmrp_token = '{TOKEN}'"),
            "token is in quotes",
        ),
        (
            format!("mrp_url = {url}\nmrp_token = {TOKEN} # mine"),
            "token has a comment behind it",
        ),
    ] {
        lab.write(PROFILES, format!("[a]\n{line}\n"));
        assert_contains(&lab.mrp_fails("lab status", 2), &[part]);
    }
    lab.write(PROFILES, "$ANSIBLE_VAULT;1.1;AES256\n3336\n");
    assert_contains(
        &lab.mrp_fails("lab status", 2),
        &["labs.cfg: it is encrypted with Ansible Vault"],
    );
}

#[test]
fn interface_that_a_named_machine_does_not_have_is_an_error() {
    let lab = start_lab();
    assert_contains(
        &lab.mrp_fails("net show qdc01 --interface eth7", 1),
        &["machine 'qdc01' has no interface 'eth7'", "it has 'eth0'"],
    );
    lab.mrp_ok("net show qdc01 --interface eth7,eth0");
    // Of all machines, not every one has it.
    let listed = lab.mrp("net show --interface eth1");
    assert_eq!(listed.code, 0, "{}", listed.err);
    assert_contains(&listed.err, &["machine 'qdc01' has no interface 'eth1'"]);
}

#[test]
fn files_that_are_encrypted_or_no_image_are_refused() {
    let lab = start_lab();
    lab.write("vault", "$ANSIBLE_VAULT;1.1;AES256\n3336\n");
    lab.write("page", "<html><body>not found</body></html>");
    for (line, part) in [
        (
            "preseed upload vault --name seed",
            "is encrypted with Ansible Vault",
        ),
        (
            "image upload vault --description d --type Kernel --arch arm64",
            "is encrypted with Ansible Vault",
        ),
        (
            "image upload page --description d --type Kernel --arch arm64",
            "is an HTML page",
        ),
        (
            "machine list --ca-path vault",
            "is encrypted with Ansible Vault",
        ),
    ] {
        let ended = lab.mrp(line);
        assert_ne!(ended.code, 0, "{line}");
        assert_contains(&ended.err, &[part]);
    }
    assert_contains(
        &lab.mrp_fails("machine list --ca-path=", 2),
        &["must not be empty"],
    );
    lab.assert_no_writes();
}

#[test]
fn net_show_keeps_the_column_of_addresses_where_no_machine_has_one() {
    let lab = start_lab();
    let printed = lab.mrp_ok("net show bobs-box");
    assert!(printed.starts_with("NAME      IPV4"), "{printed}");
    let output = lab.mrp("net show moonshot-c1");
    assert_contains(&output.err, &["so it has no ipv4"]);
}

#[test]
fn preseed_name_of_one_character_is_told_in_the_singular() {
    let lab = start_lab();
    lab.write("seed", "d-i one\n");
    let error = lab.mrp_fails("preseed upload seed --name x", 2);
    assert_contains(&error, &["is 1 character long"]);
}
