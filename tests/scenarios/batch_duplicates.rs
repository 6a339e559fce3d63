//! Lists in which an object occurs more than once: refused before anything is written.

use mrp_test_support::{TestLab, assert_contains, message};
use serde_json::{Value, json};

use crate::start_lab;

/// Asserts that a list is refused in every run before anything is written.
fn assert_refused(lab: &TestLab, module: &str, options: &Value, object: &str) {
    for _ in 0..3 {
        let checked = lab.check(module, options.clone());
        let real = lab.without_writes(|| lab.run(module, options.clone()));
        for result in [checked, real] {
            assert_eq!(result["changed"], false, "{result:#}");
            assert_eq!(result["plan"], json!([]));
            let sentence = format!("{object} is in the list more than once");
            assert_contains(&message(&result), &["2 of 2 failed: ", &sentence]);
        }
    }
}

#[test]
fn contradicting_items_are_refused_although_one_is_already_fulfilled() {
    let lab = start_lab();
    let machines = json!([{ "name": "qdc01", "state": "on" }, { "name": "qdc01", "state": "off" }]);
    let options = json!({ "machines": machines });
    assert_refused(&lab, "mrp_power", &options, "machine 'qdc01'");

    lab.run("mrp_machine", json!({ "id": 2, "kernel_opts": "a" }));
    let machines =
        json!([{ "name": "qdc01", "kernel_opts": "a" }, { "id": 2, "kernel_opts": "b" }]);
    let options = json!({ "machines": machines });
    assert_refused(&lab, "mrp_machine", &options, "machine 'qdc01'");

    lab.run("mrp_preseed", json!({ "name": "seed", "content": "a" }));
    let preseeds = json!([{ "name": "seed", "content": "a" }, { "name": "seed", "content": "b" }]);
    let options = json!({ "preseeds": preseeds });
    assert_refused(&lab, "mrp_preseed", &options, "preseed 'seed'");
}

#[test]
fn interface_named_in_two_ways_is_refused_as_a_duplicate() {
    let lab = start_lab();
    let interface = &lab.server("/api/v1/machine/2/interface")[0];
    let options = json!({
        "name": "qdc01",
        "interfaces": [
            { "interface": interface["identifier"], "config_type_v4": "dynamic" },
            { "interface": interface["mac"], "config_type_v4": "static", "ipv4": "auto" },
        ],
    });
    assert_refused(
        &lab,
        "mrp_interface",
        &options,
        "interface 'eth0' of machine 'qdc01'",
    );
}

#[test]
fn images_of_one_description_in_a_list_are_refused_as_duplicates() {
    let lab = start_lab();
    let kernel = |file: &str| json!({ "path": lab.write(file, file) });
    let options = json!({
        "description": "k", "type": "Kernel", "arch": "arm64", "images": [kernel("one"), kernel("two")],
    });
    assert_refused(&lab, "mrp_image", &options, "Kernel image 'k' for arm64");
    let alone = json!({
        "description": "k", "type": "Kernel", "arch": "arm64", "path": lab.write("one", "one"),
    });
    let image = lab.run("mrp_image", alone)["image"].clone();
    assert_refused(&lab, "mrp_image", &options, "Kernel image 'k' for arm64");

    let options = json!({
        "description": "k", "type": "Kernel", "arch": "arm64",
        "images": [{ "public": false }, { "id": image["id"], "public": true }],
    });
    assert_refused(&lab, "mrp_image", &options, "Kernel image 'k' for arm64");
}

#[test]
fn duplicates_are_refused_before_anything_is_written() {
    let lab = start_lab();
    let options = json!({ "state": "off", "machines": [{ "name": "qdc01" }, { "id": 2 }] });
    assert_refused(&lab, "mrp_power", &options, "machine 'qdc01'");
}

#[test]
fn duplicates_do_not_stop_the_other_items() {
    let lab = start_lab();
    let options = json!({
        "kernel_opts": "quiet", "machines": [{ "name": "qdc01" }, { "id": 2 }, { "name": "qdc02" }],
    });
    let result = lab.run("mrp_machine", options);
    assert_contains(&message(&result), &["2 of 3 failed"]);
    assert_eq!(result["results"][2]["machine"]["kernel_opts"], "quiet");
}
