//! `mrp preseed render`: what a machine's installer gets, and nothing else.

use mrp_test_support::assert_contains;

use crate::start_lab;

#[test]
fn assigned_preseed_is_printed_as_the_installer_gets_it() {
    let lab = start_lab();
    lab.write("seed", "host {{ hostname }}\n\n");
    lab.mrp_ok("preseed upload seed --name ci");
    lab.mrp_ok("machine configure qdc01 --preseed ci");
    let mut command = lab.mrp_command("preseed render ci --machine qdc01");
    assert_eq!(
        command.output().unwrap().stdout,
        lab.rendered_preseed(2).as_bytes()
    );
    let json = lab.mrp_ok("preseed render ci --machine qdc01 --json");
    assert_contains(&json, &["host qdc01"]);
}

#[test]
fn preseed_that_is_not_assigned_and_a_broken_one_say_what_to_do() {
    let lab = start_lab();
    let error = lab.mrp_fails("preseed render alice-seed --machine qdc01", 1);
    assert_contains(
        &error,
        &["machine 'qdc01' is assigned no preseed", "Assign it first"],
    );
    let error = lab.mrp_fails("preseed render alice-sed --machine qdc01", 1);
    assert_contains(&error, &["'alice-seed'"]);
    lab.mrp_ok("machine configure qdc01 --preseed debian-std");
    let error = lab.mrp_fails("preseed render alice-seed --machine qdc01", 1);
    assert_contains(
        &error,
        &["machine 'qdc01' is assigned preseed 1 'debian-std'"],
    );
    lab.mrp_ok("machine configure qdc01 --preseed broken-syntax");
    let error = lab.mrp_fails("preseed render broken-syntax --machine qdc01", 1);
    assert_contains(
        &error,
        &["preseed 'broken-syntax' cannot be rendered for machine 'qdc01': line 2: "],
    );
}

#[test]
fn file_is_checked_as_far_as_that_goes_without_the_server() {
    let lab = start_lab();
    lab.write("seed", "x\nawk '{{print $1}}'\n");
    let error = lab.mrp_fails("preseed render seed --machine qdc01", 1);
    assert_contains(
        &error,
        &[
            "renders only the preseed that a machine is assigned",
            "line 2: unexpected '$'",
            "mrp preseed upload",
        ],
    );
    lab.write("seed", "host {{ hostname }}\n");
    let error = lab.mrp_fails("preseed render seed --machine qdc01", 1);
    assert_contains(&error, &["no mistake was seen"]);
    lab.assert_no_writes();
}
