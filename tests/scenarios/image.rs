use serde_json::json;

use crate::bench::{Bench, actions, says, text};

const MODULE: &str = "mrp_image";

fn kernel(path: &std::path::Path) -> serde_json::Value {
    json!({ "description": "ci kernel", "type": "Kernel", "arch": "arm64", "path": path })
}

#[test]
fn a_file_is_uploaded_once() {
    let bench = Bench::new();
    let result = bench.four_ways(MODULE, kernel(&bench.file("Image", "bytes of a kernel")));
    assert_eq!(actions(&result), ["upload"]);
    assert_eq!(result["image"]["size"], 17);
    says(&text(&result["image"]["name"]), &["alice/Image.s256-"]);
    assert_eq!(result["image"]["public"], false);
}

#[test]
fn a_changed_file_is_uploaded_anew_and_the_old_copy_stays() {
    let bench = Bench::new();
    let first = bench.run(MODULE, kernel(&bench.file("Image", "version 1")));
    let second = bench.four_ways(MODULE, kernel(&bench.file("Image", "version 2")));
    assert_ne!(first["image"]["id"], second["image"]["id"]);
    bench.server(&format!("/api/v1/image/{}", first["image"]["id"]));
}

#[test]
fn going_back_to_an_earlier_file_uploads_it_again_because_the_newer_image_hides_it() {
    let bench = Bench::new();
    let one = bench.file("one", "version 1");
    bench.run(MODULE, kernel(&one));
    bench.run(MODULE, kernel(&bench.file("two", "version 2")));
    let back = bench.four_ways(MODULE, kernel(&one));
    let machine = bench.run(
        "mrp_machine",
        json!({ "name": "qdc01", "kernel": "ci kernel" }),
    );
    assert_eq!(machine["machine"]["kernel_id"], back["image"]["id"]);
}

#[test]
fn prune_deletes_superseded_images_that_nothing_uses() {
    let bench = Bench::new();
    let used = bench.run(MODULE, kernel(&bench.file("Image", "used by a machine")));
    bench.run(
        "mrp_machine",
        json!({ "name": "qdc01", "kernel": "ci kernel" }),
    );
    let unused = bench.run(MODULE, kernel(&bench.file("Image", "used by nothing")));
    let mut options = kernel(&bench.file("Image", "newest"));
    options["prune"] = json!(true);
    let result = bench.four_ways(MODULE, options);
    assert_eq!(actions(&result), ["upload", "delete"]);
    assert_eq!(result["pruned"][0]["id"], unused["image"]["id"]);
    bench.server(&format!("/api/v1/image/{}", used["image"]["id"]));
}

#[test]
fn flags_are_compared_only_when_given() {
    let bench = Bench::new();
    let path = bench.file("Image", "bytes");
    let mut options = kernel(&path);
    options["public"] = json!(true);
    options["known_good"] = json!("yes");
    assert_eq!(bench.four_ways(MODULE, options)["image"]["public"], true);
    bench.nothing_left_to_do(MODULE, kernel(&path));
    let mut options = kernel(&path);
    options["public"] = json!(false);
    let result = bench.four_ways(MODULE, options);
    assert_eq!(actions(&result), ["update"]);
    assert_eq!(result["plan"][0]["before"], json!({ "public": true }));
    assert_eq!(result["image"]["known_good"], true);
}

#[test]
fn force_uploads_every_time() {
    let bench = Bench::new();
    let mut options = kernel(&bench.file("Image", "bytes"));
    options["force"] = json!(true);
    let first = bench.run(MODULE, options.clone());
    let second = bench.run(MODULE, options);
    assert_eq!(
        (&first["changed"], &second["changed"]),
        (&json!(true), &json!(true))
    );
    assert_ne!(first["image"]["id"], second["image"]["id"]);
}

#[test]
fn an_own_image_without_a_mark_is_read_back() {
    let bench = Bench::new();
    let bytes = bench.boot_file("alice/Image-test.00000005");
    let path = bench.file("Image", bytes);
    let options = json!({
        "description": "alice test kernel", "type": "Kernel", "arch": "arm64", "path": path,
    });
    assert_eq!(bench.nothing_left_to_do(MODULE, options)["image"]["id"], 5);
}

#[test]
fn an_own_image_that_cannot_be_read_back_is_replaced_with_a_warning() {
    let bench = Bench::new();
    bench.lab.settings(json!({ "tftp": false }));
    let options = json!({
        "description": "alice test kernel", "type": "Kernel", "arch": "arm64",
        "path": bench.file("Image", "bytes"),
    });
    let result = bench.four_ways(MODULE, options);
    assert_eq!(actions(&result), ["upload"]);
    says(
        &text(&result["warnings"][0]),
        &["image 5 'alice test kernel'", "could not be read back"],
    );
}

#[test]
fn another_users_image_counts_only_after_its_bytes_were_read_back() {
    let bench = Bench::new();
    let same = bench.file("linux", "the installer");
    let theirs = bench.run_by(
        "bob-token",
        MODULE,
        json!({ "description": "shared", "type": "Kernel", "arch": "arm64", "path": same, "public": true }),
    );
    let mut options = kernel(&same);
    options["description"] = json!("shared");
    assert_eq!(
        bench.nothing_left_to_do(MODULE, options.clone())["image"]["id"],
        theirs["image"]["id"]
    );
    options["path"] = json!(bench.file("other", "another installer"));
    let own = bench.four_ways(MODULE, options);
    assert_ne!(own["image"]["id"], theirs["image"]["id"]);
}

#[test]
fn a_forged_mark_of_another_user_is_not_believed() {
    let bench = Bench::new();
    let mine = bench.file("mine", "what I want to boot");
    let own = bench.run(MODULE, kernel(&mine));
    let mark = text(&own["image"]["name"])
        .split('/')
        .nth(1)
        .unwrap()
        .rsplit_once('.')
        .unwrap()
        .0
        .to_owned();
    bench.run(
        MODULE,
        json!({ "description": "ci kernel", "type": "Kernel", "arch": "arm64", "state": "absent" }),
    );
    let forged =
        json!({ "description": "ci kernel", "type": "Kernel", "arch": "arm64", "public": true });
    bench.upload("bob-token", &forged, &mark, b"something else");
    let result = bench.four_ways(MODULE, kernel(&mine));
    assert_eq!(actions(&result), ["upload"]);
}

#[test]
fn a_missing_image_without_a_path_is_an_error_with_near_names() {
    let bench = Bench::new();
    let options = json!({ "description": "alice test kernal", "type": "Kernel", "arch": "arm64" });
    let message = bench.failure(MODULE, options);
    says(
        &message,
        &[
            "there is no visible Kernel image for arm64 'alice test kernal'",
            "'alice test kernel'",
        ],
    );
}

#[test]
fn an_ambiguous_description_lists_ids_owners_and_dates() {
    let bench = Bench::new();
    for name in ["one", "two"] {
        let options = json!({
            "description": "theirs", "type": "Kernel", "arch": "arm64", "public": true, "force": true,
            "path": bench.file(name, name),
        });
        bench.run_by("bob-token", MODULE, options);
    }
    let options = json!({ "description": "theirs", "type": "Kernel", "arch": "arm64" });
    says(
        &bench.failure(MODULE, options),
        &["ambiguous", "id 1", "of bob", "uploaded ", "Give the id"],
    );
}

#[test]
fn an_own_image_comes_before_others_of_the_same_description() {
    let bench = Bench::new();
    let options = json!({ "description": "dup kernel", "type": "Kernel", "arch": "arm64" });
    assert_eq!(bench.nothing_left_to_do(MODULE, options)["image"]["id"], 6);
}

#[test]
fn absent_deletes_own_images_and_leaves_those_of_others() {
    let bench = Bench::new();
    let options = json!({ "description": "dup kernel", "type": "Kernel", "arch": "arm64", "state": "absent" });
    let result = bench.four_ways(MODULE, options);
    assert_eq!(actions(&result), ["delete"]);
    assert_eq!(result["image"], json!(null));
    says(
        &text(&result["warnings"][0]),
        &["image 7", "belongs to admin"],
    );
    bench.server("/api/v1/image/7");
}

#[test]
fn absent_refuses_an_image_in_use_and_names_the_machines() {
    let bench = Bench::new();
    let options = json!({
        "description": "alice test kernel", "type": "Kernel", "arch": "arm64", "state": "absent",
    });
    says(
        &bench.failure(MODULE, options),
        &["image 5 'alice test kernel' is in use", "kernel of qdc02"],
    );
    bench.server("/api/v1/image/5");
}

#[test]
fn absent_never_deletes_the_image_of_another_user_by_id() {
    let bench = Bench::new();
    let options = json!({
        "description": "dup kernel", "type": "Kernel", "arch": "arm64", "id": 7, "state": "absent",
    });
    says(&bench.failure(MODULE, options), &["belongs to admin"]);
    bench.server("/api/v1/image/7");
}

#[test]
fn an_id_names_one_image_and_its_description_is_brought_up_to_date() {
    let bench = Bench::new();
    let options = json!({ "description": "renamed", "type": "Kernel", "arch": "arm64", "id": 6 });
    let result = bench.four_ways(MODULE, options);
    assert_eq!(actions(&result), ["update"]);
    assert_eq!(bench.server("/api/v1/image/6")["description"], "renamed");
}

#[test]
fn an_id_of_another_kind_is_refused() {
    let bench = Bench::new();
    let options = json!({ "description": "x", "type": "Initrd", "arch": "arm64", "id": 6 });
    says(
        &bench.failure(MODULE, options),
        &["is of type Kernel for arm64, not Initrd"],
    );
}

#[test]
fn a_lost_answer_makes_no_second_copy() {
    let bench = Bench::new();
    bench.lab.fault(
        json!({ "method": "POST", "path": "/api/v1/image", "reset": true, "when": "after" }),
    );
    let result = bench.run(MODULE, kernel(&bench.file("Image", "bytes")));
    assert_eq!(result["changed"], true, "{result:#}");
    let uploads = bench
        .lab
        .writes()
        .iter()
        .filter(|request| request.method == "POST")
        .count();
    assert_eq!(uploads, 1);
}

#[test]
fn an_upload_that_never_arrived_is_sent_again() {
    let bench = Bench::new();
    bench.lab.fault(
        json!({ "method": "POST", "path": "/api/v1/image", "reset": true, "when": "before" }),
    );
    let path = bench.file("Image", "bytes");
    assert_eq!(bench.run(MODULE, kernel(&path))["changed"], true);
    bench.nothing_left_to_do(MODULE, kernel(&path));
}

#[test]
fn an_upload_over_the_limit_is_told_with_its_size() {
    let bench = Bench::new();
    let path = bench.file("big", vec![7; 33 << 20]);
    says(
        &bench.failure(MODULE, kernel(&path)),
        &["33.0 MiB", "max_upload_size"],
    );
}

#[test]
fn an_upload_that_the_http_server_drops_without_a_word_is_told_with_its_size() {
    let bench = Bench::new();
    let path = bench.file("big", "");
    std::fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(101 << 20)
        .unwrap();
    says(
        &bench.failure(MODULE, kernel(&path)),
        &["101.0 MiB", "100 MiB"],
    );
}

#[test]
fn a_missing_file_is_one_sentence() {
    let bench = Bench::new();
    let message = bench.failure(MODULE, kernel(std::path::Path::new("/nonexistent/Image")));
    says(&message, &["/nonexistent/Image", "No such file"]);
}

#[test]
fn an_unknown_architecture_is_the_servers_sentence() {
    let bench = Bench::new();
    let mut options = kernel(&bench.file("Image", "bytes"));
    options["arch"] = json!("riscv64");
    says(&bench.failure(MODULE, options), &["no such architecture"]);
}

#[test]
fn a_failure_half_way_says_what_was_done_and_what_was_not() {
    let bench = Bench::new();
    bench.run(MODULE, kernel(&bench.file("Image", "old")));
    bench
        .lab
        .fault(json!({ "method": "DELETE", "path": "/api/v1/image/*", "status": 500, "times": 9 }));
    let mut options = kernel(&bench.file("Image", "new"));
    options["prune"] = json!(true);
    let result = bench.run(MODULE, options);
    assert_eq!(
        (&result["failed"], &result["changed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(result["done"][0]["action"], "upload");
    assert_eq!(result["not_done"][0]["action"], "delete");
}

#[test]
fn several_images_of_others_are_no_substitute_for_an_own_one() {
    let bench = Bench::new();
    for text in ["ours", "another"] {
        let options = json!({
            "description": "shared", "type": "Kernel", "arch": "arm64", "public": true, "force": true,
            "path": bench.file("theirs", text),
        });
        bench.run_by("bob-token", MODULE, options);
    }
    let mut options = kernel(&bench.file("mine", "ours"));
    options["description"] = json!("shared");
    let own = bench.four_ways(MODULE, options);
    let machine = bench.run(
        "mrp_machine",
        json!({ "name": "qdc01", "kernel": "shared" }),
    );
    assert_eq!(machine["machine"]["kernel_id"], own["image"]["id"]);
}

#[test]
fn a_new_copy_is_as_public_as_the_one_it_supersedes() {
    let bench = Bench::new();
    let mut options = kernel(&bench.file("Image", "version 1"));
    options["public"] = json!(true);
    options["known_good"] = json!(true);
    bench.run(MODULE, options);
    let newer = bench.four_ways(MODULE, kernel(&bench.file("Image", "version 2")));
    assert_eq!(newer["image"]["public"], true);
    assert_eq!(newer["image"]["known_good"], false);
}

#[test]
fn an_id_with_a_path_compares_the_bytes() {
    let bench = Bench::new();
    let path = bench.file("Image", "bytes");
    let id = bench.run(MODULE, kernel(&path))["image"]["id"].clone();
    let mut options = kernel(&path);
    options["id"] = id;
    bench.nothing_left_to_do(MODULE, options.clone());
    options["path"] = json!(bench.file("other", "other bytes"));
    says(
        &bench.failure(MODULE, options),
        &["does not hold the bytes", "leave out id"],
    );
}

#[test]
fn a_bootloader_that_a_subarch_uses_stays_and_the_message_says_so() {
    let bench = Bench::new();
    let options = json!({
        "description": "grub arm64", "type": "bootloader", "arch": "arm64", "state": "absent",
    });
    let result = bench.run_by("admin-token", MODULE, options);
    says(
        &text(&result["msg"]),
        &["image 1 'grub arm64' is in use", "bootloader of a subarch"],
    );
}

#[test]
fn a_machine_that_takes_the_image_meanwhile_is_named() {
    let bench = Bench::new();
    let path = bench.file("Image", "bytes");
    let id = bench.run(MODULE, kernel(&path))["image"]["id"].clone();
    let list = bench.server("/api/v1/machine?show_all=true");
    bench.run(
        "mrp_machine",
        json!({ "name": "qdc01", "kernel": "ci kernel" }),
    );
    bench
        .lab
        .fault(json!({ "method": "GET", "path": "/api/v1/machine", "status": 200, "body": list }));
    let mut options = kernel(&path);
    options["state"] = json!("absent");
    says(
        &bench.failure(MODULE, options),
        &["in use", "kernel of qdc01"],
    );
    bench.server(&format!("/api/v1/image/{id}"));
}
