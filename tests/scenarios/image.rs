//! mrp_image: uploads, comparison by content, deletion, lost answers.

use mrp_test_support::{ADMIN_TOKEN, actions, assert_contains, assert_failed, message, text};
use serde_json::json;

use crate::start_lab;

const MODULE: &str = "mrp_image";

fn kernel(path: &std::path::Path) -> serde_json::Value {
    json!({ "description": "ci kernel", "type": "Kernel", "arch": "arm64", "path": path })
}

#[test]
fn a_file_is_uploaded_once() {
    let lab = start_lab();
    let result = lab.run_in_all_modes(MODULE, kernel(&lab.write("Image", "bytes of a kernel")));
    assert_eq!(actions(&result), ["upload"]);
    assert_eq!(result["image"]["size"], 17);
    assert_contains(&text(&result["image"]["name"]), &["alice/Image.s256-"]);
    assert_eq!(result["image"]["public"], false);
}

#[test]
fn a_changed_file_is_uploaded_anew_and_the_old_copy_stays() {
    let lab = start_lab();
    let first = lab.run(MODULE, kernel(&lab.write("Image", "version 1")));
    let second = lab.run_in_all_modes(MODULE, kernel(&lab.write("Image", "version 2")));
    assert_ne!(first["image"]["id"], second["image"]["id"]);
    lab.server(&format!("/api/v1/image/{}", first["image"]["id"]));
}

#[test]
fn going_back_to_an_earlier_file_uploads_it_again_because_the_newer_image_hides_it() {
    let lab = start_lab();
    let one = lab.write("one", "version 1");
    lab.run(MODULE, kernel(&one));
    lab.run(MODULE, kernel(&lab.write("two", "version 2")));
    let back = lab.run_in_all_modes(MODULE, kernel(&one));
    let machine = lab.run(
        "mrp_machine",
        json!({ "name": "qdc01", "kernel": "ci kernel" }),
    );
    assert_eq!(machine["machine"]["kernel_id"], back["image"]["id"]);
}

#[test]
fn prune_deletes_superseded_images_that_nothing_uses() {
    let lab = start_lab();
    let used = lab.run(MODULE, kernel(&lab.write("Image", "used by a machine")));
    lab.run(
        "mrp_machine",
        json!({ "name": "qdc01", "kernel": "ci kernel" }),
    );
    let unused = lab.run(MODULE, kernel(&lab.write("Image", "used by nothing")));
    let mut options = kernel(&lab.write("Image", "newest"));
    options["prune"] = json!(true);
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(actions(&result), ["upload", "delete"]);
    assert_eq!(result["pruned"][0]["id"], unused["image"]["id"]);
    lab.server(&format!("/api/v1/image/{}", used["image"]["id"]));
}

#[test]
fn flags_are_compared_only_when_given() {
    let lab = start_lab();
    let path = lab.write("Image", "bytes");
    let mut options = kernel(&path);
    options["public"] = json!(true);
    options["known_good"] = json!("yes");
    assert_eq!(
        lab.run_in_all_modes(MODULE, options)["image"]["public"],
        true
    );
    lab.assert_unchanged(MODULE, kernel(&path));
    let mut options = kernel(&path);
    options["public"] = json!(false);
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(actions(&result), ["update"]);
    assert_eq!(result["plan"][0]["before"], json!({ "public": true }));
    assert_eq!(result["image"]["known_good"], true);
}

#[test]
fn force_uploads_every_time() {
    let lab = start_lab();
    let mut options = kernel(&lab.write("Image", "bytes"));
    options["force"] = json!(true);
    let first = lab.run(MODULE, options.clone());
    let second = lab.run(MODULE, options);
    assert_eq!(
        (&first["changed"], &second["changed"]),
        (&json!(true), &json!(true))
    );
    assert_ne!(first["image"]["id"], second["image"]["id"]);
}

#[test]
fn an_own_image_without_a_mark_is_read_back() {
    let lab = start_lab();
    let bytes = lab.boot_file("alice/Image-test.00000005");
    let path = lab.write("Image", bytes);
    let options = json!({
        "description": "alice test kernel", "type": "Kernel", "arch": "arm64", "path": path,
    });
    assert_eq!(lab.assert_unchanged(MODULE, options)["image"]["id"], 5);
}

#[test]
fn an_own_image_that_cannot_be_read_back_is_replaced_with_a_warning() {
    let lab = start_lab();
    lab.settings(json!({ "tftp": false }));
    let options = json!({
        "description": "alice test kernel", "type": "Kernel", "arch": "arm64",
        "path": lab.write("Image", "bytes"),
    });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(actions(&result), ["upload"]);
    assert_contains(
        &text(&result["warnings"][0]),
        &["image 5 'alice test kernel'", "could not be read back"],
    );
}

#[test]
fn another_users_image_counts_only_after_its_bytes_were_read_back() {
    let lab = start_lab();
    let same = lab.write("linux", "the installer");
    let theirs = lab.run_as(
        "bob-token",
        MODULE,
        json!({ "description": "shared", "type": "Kernel", "arch": "arm64", "path": same, "public": true }),
    );
    let mut options = kernel(&same);
    options["description"] = json!("shared");
    assert_eq!(
        lab.assert_unchanged(MODULE, options.clone())["image"]["id"],
        theirs["image"]["id"]
    );
    options["path"] = json!(lab.write("other", "another installer"));
    let own = lab.run_in_all_modes(MODULE, options);
    assert_ne!(own["image"]["id"], theirs["image"]["id"]);
}

#[test]
fn a_forged_mark_of_another_user_is_not_believed() {
    let lab = start_lab();
    let mine = lab.write("mine", "what I want to boot");
    let own = lab.run(MODULE, kernel(&mine));
    let mark = text(&own["image"]["name"])
        .split('/')
        .nth(1)
        .unwrap()
        .rsplit_once('.')
        .unwrap()
        .0
        .to_owned();
    lab.run(
        MODULE,
        json!({ "description": "ci kernel", "type": "Kernel", "arch": "arm64", "state": "absent" }),
    );
    let forged =
        json!({ "description": "ci kernel", "type": "Kernel", "arch": "arm64", "public": true });
    lab.upload("bob-token", &forged, &mark, b"something else");
    let result = lab.run_in_all_modes(MODULE, kernel(&mine));
    assert_eq!(actions(&result), ["upload"]);
}

#[test]
fn missing_image_without_a_path_is_an_error_with_similar_names() {
    let lab = start_lab();
    let options = json!({ "description": "alice test kernal", "type": "Kernel", "arch": "arm64" });
    lab.assert_fails(
        MODULE,
        options,
        &[
            "there is no visible Kernel image for arm64 'alice test kernal'",
            "'alice test kernel'",
        ],
    );
}

#[test]
fn an_ambiguous_description_lists_ids_owners_and_dates() {
    let lab = start_lab();
    for name in ["one", "two"] {
        let options = json!({
            "description": "theirs", "type": "Kernel", "arch": "arm64", "public": true, "force": true,
            "path": lab.write(name, name),
        });
        lab.run_as("bob-token", MODULE, options);
    }
    let options = json!({ "description": "theirs", "type": "Kernel", "arch": "arm64" });
    lab.assert_fails(
        MODULE,
        options,
        &["ambiguous", "id 1", "of bob", "uploaded ", "Give the id"],
    );
}

#[test]
fn own_image_is_preferred_over_others_of_the_same_description() {
    let lab = start_lab();
    let options = json!({ "description": "dup kernel", "type": "Kernel", "arch": "arm64" });
    assert_eq!(lab.assert_unchanged(MODULE, options)["image"]["id"], 6);
}

#[test]
fn absent_deletes_own_images_and_leaves_those_of_others() {
    let lab = start_lab();
    let options = json!({ "description": "dup kernel", "type": "Kernel", "arch": "arm64", "state": "absent" });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(actions(&result), ["delete"]);
    assert_eq!(result["image"], json!(null));
    assert_contains(
        &text(&result["warnings"][0]),
        &["image 7", "belongs to admin"],
    );
    lab.server("/api/v1/image/7");
}

#[test]
fn absent_refuses_an_image_in_use_and_names_the_machines() {
    let lab = start_lab();
    let options = json!({
        "description": "alice test kernel", "type": "Kernel", "arch": "arm64", "state": "absent",
    });
    lab.assert_fails(
        MODULE,
        options,
        &["image 5 'alice test kernel' is in use", "kernel of qdc02"],
    );
    lab.server("/api/v1/image/5");
}

#[test]
fn absent_never_deletes_the_image_of_another_user_by_id() {
    let lab = start_lab();
    let options = json!({
        "description": "dup kernel", "type": "Kernel", "arch": "arm64", "id": 7, "state": "absent",
    });
    lab.assert_fails(MODULE, options, &["belongs to admin"]);
    lab.server("/api/v1/image/7");
}

#[test]
fn an_id_names_one_image_and_its_description_is_brought_up_to_date() {
    let lab = start_lab();
    let options = json!({ "description": "renamed", "type": "Kernel", "arch": "arm64", "id": 6 });
    let result = lab.run_in_all_modes(MODULE, options);
    assert_eq!(actions(&result), ["update"]);
    assert_eq!(lab.server("/api/v1/image/6")["description"], "renamed");
}

#[test]
fn an_id_of_another_kind_is_refused() {
    let lab = start_lab();
    let options = json!({ "description": "x", "type": "Initrd", "arch": "arm64", "id": 6 });
    lab.assert_fails(
        MODULE,
        options,
        &["is of type Kernel for arm64, not Initrd"],
    );
}

#[test]
fn upload_is_not_repeated_after_a_lost_answer() {
    let lab = start_lab();
    lab.fault(json!({ "method": "POST", "path": "/api/v1/image", "reset": true, "when": "after" }));
    let result = lab.run(MODULE, kernel(&lab.write("Image", "bytes")));
    assert_eq!(result["changed"], true, "{result:#}");
    let uploads = lab
        .writes()
        .iter()
        .filter(|request| request.method == "POST")
        .count();
    assert_eq!(uploads, 1);
}

#[test]
fn upload_that_never_arrived_is_repeated() {
    let lab = start_lab();
    lab.fault(
        json!({ "method": "POST", "path": "/api/v1/image", "reset": true, "when": "before" }),
    );
    let path = lab.write("Image", "bytes");
    assert_eq!(lab.run(MODULE, kernel(&path))["changed"], true);
    lab.assert_unchanged(MODULE, kernel(&path));
}

#[test]
fn upload_over_the_limit_is_an_error_with_its_size() {
    let lab = start_lab();
    lab.settings(json!({ "max_upload_size": 32 << 20 }));
    let path = lab.write("big", vec![7; 33 << 20]);
    lab.assert_fails(MODULE, kernel(&path), &["33.0 MiB", "max_upload_size"]);
}

#[test]
fn upload_that_the_http_server_drops_without_an_answer_is_an_error_with_its_size() {
    let lab = start_lab();
    let path = lab.write("big", "");
    std::fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(101 << 20)
        .unwrap();
    lab.assert_fails(MODULE, kernel(&path), &["101.0 MiB", "100 MiB"]);
}

#[test]
fn missing_file_is_reported_in_one_sentence() {
    let lab = start_lab();
    lab.assert_fails(
        MODULE,
        kernel(std::path::Path::new("/nonexistent/Image")),
        &["/nonexistent/Image", "No such file"],
    );
}

#[test]
fn unknown_architecture_is_reported_in_the_servers_words() {
    let lab = start_lab();
    let mut options = kernel(&lab.write("Image", "bytes"));
    options["arch"] = json!("riscv64");
    options["force"] = json!(true);
    lab.assert_fails(MODULE, options, &["no such architecture"]);
}

#[test]
fn failure_half_way_lists_done_and_not_done_steps() {
    let lab = start_lab();
    lab.run(MODULE, kernel(&lab.write("Image", "old")));
    lab.fault(json!({ "method": "DELETE", "path": "/api/v1/image/*", "status": 500, "times": 9 }));
    let mut options = kernel(&lab.write("Image", "new"));
    options["prune"] = json!(true);
    let result = lab.run(MODULE, options);
    assert_failed(&result, true);
    assert_eq!(result["done"][0]["action"], "upload");
    assert_eq!(result["not_done"][0]["action"], "delete");
}

#[test]
fn several_images_of_others_do_not_replace_an_own_upload() {
    let lab = start_lab();
    for text in ["ours", "another"] {
        let options = json!({
            "description": "shared", "type": "Kernel", "arch": "arm64", "public": true, "force": true,
            "path": lab.write("theirs", text),
        });
        lab.run_as("bob-token", MODULE, options);
    }
    let mut options = kernel(&lab.write("mine", "ours"));
    options["description"] = json!("shared");
    let own = lab.run_in_all_modes(MODULE, options);
    let machine = lab.run(
        "mrp_machine",
        json!({ "name": "qdc01", "kernel": "shared" }),
    );
    assert_eq!(machine["machine"]["kernel_id"], own["image"]["id"]);
}

#[test]
fn a_new_copy_is_as_public_as_the_one_it_supersedes() {
    let lab = start_lab();
    let mut options = kernel(&lab.write("Image", "version 1"));
    options["public"] = json!(true);
    options["known_good"] = json!(true);
    lab.run(MODULE, options);
    let newer = lab.run_in_all_modes(MODULE, kernel(&lab.write("Image", "version 2")));
    assert_eq!(newer["image"]["public"], true);
    assert_eq!(newer["image"]["known_good"], false);
}

#[test]
fn an_id_with_a_path_compares_the_bytes() {
    let lab = start_lab();
    let path = lab.write("Image", "bytes");
    let id = lab.run(MODULE, kernel(&path))["image"]["id"].clone();
    let mut options = kernel(&path);
    options["id"] = id;
    lab.assert_unchanged(MODULE, options.clone());
    options["path"] = json!(lab.write("other", "other bytes"));
    lab.assert_fails(
        MODULE,
        options,
        &["does not hold the bytes", "leave out id"],
    );
}

#[test]
fn bootloader_that_a_subarch_uses_is_not_deleted_and_the_error_says_why() {
    let lab = start_lab();
    let options = json!({
        "description": "grub arm64", "type": "bootloader", "arch": "arm64", "state": "absent",
    });
    let result = lab.run_as(ADMIN_TOKEN, MODULE, options);
    assert_contains(
        &message(&result),
        &["image 1 'grub arm64' is in use", "bootloader of a subarch"],
    );
}

#[test]
fn machine_that_starts_to_use_the_image_meanwhile_is_named() {
    let lab = start_lab();
    let path = lab.write("Image", "bytes");
    let id = lab.run(MODULE, kernel(&path))["image"]["id"].clone();
    let list = lab.server("/api/v1/machine?show_all=true");
    lab.run(
        "mrp_machine",
        json!({ "name": "qdc01", "kernel": "ci kernel" }),
    );
    lab.fault(json!({ "method": "GET", "path": "/api/v1/machine", "status": 200, "body": list }));
    let mut options = kernel(&path);
    options["state"] = json!("absent");
    lab.assert_fails(MODULE, options, &["in use", "kernel of qdc01"]);
    lab.server(&format!("/api/v1/image/{id}"));
}

/// What failed downloads and unfetched files leave behind.
const NO_IMAGES: [(&str, &[u8], &str); 7] = [
    ("empty", b"", "is empty"),
    (
        "page",
        b"\n<!DOCTYPE html>\n<html><body>404</body></html>",
        "is an HTML page",
    ),
    ("upper", b"<HTML><HEAD><TITLE>502", "is an HTML page"),
    (
        "xhtml",
        b"<?xml version=\"1.0\"?>\n<html>",
        "is an HTML page",
    ),
    (
        "json",
        b"{\"errors\": [{\"status\": 404}]}\n",
        "is a JSON document",
    ),
    (
        "spread",
        b"{\n  \"message\": \"Not Found\"\n}",
        "is a JSON document",
    ),
    (
        "pointer",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n",
        "is a pointer of Git LFS",
    ),
];

#[test]
fn file_that_is_no_image_is_refused_without_force() {
    let lab = start_lab();
    for (name, bytes, look) in NO_IMAGES {
        let path = lab.write(name, bytes);
        for kind in ["Kernel", "Initrd"] {
            let options =
                json!({ "description": "download", "type": kind, "arch": "arm64", "path": path });
            let parts = [name, look, "and no image", "option force"];
            lab.assert_fails("mrp_image", options.clone(), &parts);
            assert_eq!(lab.check("mrp_image", options.clone())["failed"], true);
            lab.assert_fails(
                "mr_provisioner_image",
                options,
                &[look, "mrp_image has that option"],
            );
        }
    }
    lab.assert_no_writes();
    let page = lab.path("page");
    let forced = json!({ "description": "page", "type": "Kernel", "arch": "arm64", "path": page, "force": true });
    assert_eq!(lab.run("mrp_image", forced)["changed"], true);
    // What is on the server as it shall be needs no upload.
    let same = json!({ "description": "page", "type": "Kernel", "arch": "arm64", "path": page });
    lab.assert_unchanged("mrp_image", same);
}

#[test]
fn image_that_only_begins_like_a_text_is_uploaded() {
    let lab = start_lab();
    for (name, bytes) in [
        ("brace", &b"{\x00\x01\x02"[..]),
        ("script", b"#!ipxe\nchain http://lab/\n"),
        ("blanks", b"   \n"),
    ] {
        let path = lab.write(name, bytes);
        lab.run_in_all_modes(
            "mrp_image",
            json!({ "description": name, "type": "Kernel", "arch": "arm64", "path": path }),
        );
    }
}

#[test]
fn image_that_ansible_vault_encrypted_is_refused_even_with_force() {
    let lab = start_lab();
    let path = lab.write("linux", "$ANSIBLE_VAULT;1.1;AES256\n3336\n");
    for force in [false, true] {
        lab.assert_fails(
            "mrp_image",
            json!({ "description": "d", "type": "Kernel", "arch": "arm64", "path": path, "force": force }),
            &["linux: it is encrypted with Ansible Vault", "ansible-vault decrypt"],
        );
    }
    for option in ["ca_path", "client_cert"] {
        let mut options =
            json!({ "description": "alice kernel", "type": "Kernel", "arch": "arm64" });
        options[option] = json!(path);
        options["client_key"] = json!(path);
        if option == "ca_path" {
            options["client_cert"] = json!(path);
        }
        lab.assert_fails("mrp_image", options, &["encrypted with Ansible Vault"]);
    }
    lab.assert_no_writes();
}
