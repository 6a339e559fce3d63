//! Names, ids and formats: what may be typed in place of a name, and what is printed in place of an id.

use mrp_test_support::{TOKEN, assert_contains};
use serde_json::{Value, json};

use crate::{start_bare_lab, start_lab};

#[test]
fn ids_are_accepted_where_names_are() {
    let lab = start_lab();
    let machine = lab.server_object("machine", "name", "qdc01");
    let id = &machine["id"];
    for (by_id, by_name) in [
        (format!("machine show {id}"), "machine show qdc01"),
        (format!("power show {id} qdc02"), "power show qdc01 qdc02"),
        (format!("net show {id}"), "net show qdc01"),
        (
            format!("machine configure {id} --kernel 5 --check --diff"),
            "machine configure qdc01 --kernel 'alice test kernel' --check --diff",
        ),
        (format!("release {id} --check"), "release qdc01 --check"),
        (
            "image delete 12 --check".to_owned(),
            "image delete 'alice test initrd' --type Initrd --arch arm64 --check",
        ),
        ("image show 12".to_owned(), "image show 'alice test initrd'"),
    ] {
        assert_eq!(lab.mrp_ok(&by_id), lab.mrp_ok(by_name), "{by_id}");
    }
    let preseed = lab.server_object("preseed", "name", "alice-seed");
    assert_eq!(
        lab.mrp_ok(&format!("preseed show {}", preseed["id"])),
        lab.mrp_ok("preseed show alice-seed")
    );
    assert_contains(
        &lab.mrp_fails("machine show 9999", 1),
        &["there is no machine '9999'"],
    );
    // A name comes before an id.
    lab.add_machine(json!({ "name": id.to_string(), "assignee": "alice" }));
    let shown: Value =
        serde_json::from_str(&lab.mrp_ok(&format!("machine show {id} --json"))).unwrap();
    assert_eq!(shown["machines"][0]["name"], id.to_string());
}

#[test]
fn differences_and_details_have_names_in_place_of_ids() {
    let lab = start_lab();
    let printed = lab.mrp_ok("machine configure qdc01 --kernel 'alice test kernel' --diff");
    assert_contains(
        &printed,
        &[
            "\n+kernel: 'alice test kernel' (image 5)\n",
            "kernel is now 'alice test kernel' (image 5), it was ",
        ],
    );
    assert!(!printed.contains("kernel_id"), "{printed}");
    let shown = lab.mrp_ok("machine show qdc01");
    assert_contains(
        &shown,
        &[
            "'alice test kernel' (image 5)\n",
            "\n  eth0  52:54:00:00:02:01  10.40.5.12",
        ],
    );
    assert!(!shown.contains("GMT"), "{shown}");
}

#[test]
fn raw_preseed_is_its_bytes_and_nothing_else() {
    let lab = start_lab();
    for text in ["", "d-i x\r\n\u{1b}[31m\u{fc}", "no line feed at the end"] {
        lab.write("seed", text);
        lab.mrp_ok("preseed upload seed --name raw-seed");
        let mut command = lab.mrp_command("preseed show raw-seed --raw");
        assert_eq!(command.output().unwrap().stdout, text.as_bytes());
    }
    let error = lab.mrp_fails("preseed show '*' --raw", 1);
    assert_contains(&error, &["preseeds match"]);
    assert_contains(
        &lab.mrp_fails("preseed show alice-sed --raw", 1),
        &["near: 'alice-seed'"],
    );
    // Asterisks in place of the token would be taken for the text.
    lab.write("seed", format!("curl -H 'Authorization: {TOKEN}'\n"));
    lab.mrp_ok("preseed upload seed --name secret-seed");
    let error = lab.mrp_fails("preseed show secret-seed --raw", 1);
    assert_contains(&error, &["'secret-seed' has this token"]);
}

#[test]
fn release_says_whose_a_machine_is() {
    let lab = start_lab();
    let output = lab.mrp("release bobs-box qdc01 --reason 'no such'");
    assert_eq!((output.code, &*output.out), (0, "nothing to do\n"));
    assert_contains(
        &output.err,
        &[
            "warning: machine 'bobs-box' is held by bob",
            "warning: machine 'qdc01' is held by alice (ci), and not by you for 'no such'\n",
        ],
    );
    let output = lab.mrp("release d05-free");
    assert_contains(&output.err, &["machine 'd05-free' is held by nobody\n"]);
    lab.assert_no_writes();
}

#[test]
fn several_machines_are_reserved_together_or_not_at_all() {
    let lab = start_lab();
    lab.settings(json!({ "reservations": "stored" }));
    assert_contains(
        &lab.mrp_fails("reserve d05-free bobs-box --reason x", 1),
        &["bobs-box"],
    );
    assert_contains(
        &lab.mrp_fails("reserve d05-free x86-2 --reason x", 1),
        &["there is no machine 'x86-2' (near: 'x86-1')"],
    );
    lab.assert_no_writes();
    let printed = lab.mrp_ok("reserve x86-1 d05-free");
    assert_contains(&printed, &["reserved d05-free and x86-1\n"]);
    let again = lab.mrp_ok("reserve x86-1 d05-free");
    assert_contains(&again, &["nothing to do\n"]);
    let printed = lab.mrp_ok("release x86-1 d05-free");
    assert_contains(&printed, &["'d05-free'", "'x86-1'"]);
}

#[test]
fn results_are_printed_in_every_format() {
    let lab = start_lab();
    let json = lab.mrp_ok("machine list --output json");
    assert_eq!(json, lab.mrp_ok("machine list --json"));
    let names = lab.mrp_ok("machine list --mine -o names");
    assert_contains(&names, &["qdc01\n"]);
    assert_eq!(names.lines().count(), 5, "{names}");
    let table = lab.mrp_ok("machine list");
    let bare = lab.mrp_ok("machine list --no-headers");
    assert_eq!(table.lines().count(), bare.lines().count() + 1);
    assert!(table.starts_with("ID") && !bare.contains("ID"), "{bare}");
    let yaml = lab.mrp_ok("machine list --output yaml");
    assert!(yaml.starts_with("---\n"), "{yaml}");
    assert_contains(&yaml, &["name: qdc01\n"]);
    for (line, problem) in [
        (
            "machine list --output xml",
            "must be one of table, json, yaml, names, not 'xml'",
        ),
        ("machine list --json --output yaml", "give one of them"),
        (
            "power on qdc01 --output names",
            "for commands that list something",
        ),
    ] {
        assert_contains(&lab.mrp_fails(line, 2), &[problem]);
    }
}

#[test]
fn labs_are_listed_and_the_default_is_changed() {
    let lab = start_bare_lab();
    assert_contains(&lab.mrp_ok("help lab use"), &["<NAME>  The lab"]);
    let none = lab.mrp_ok("lab list");
    assert_contains(&none, &["none: write a lab to ", "/.config/mrp/labs.cfg: "]);
    let text = format!(
        "# mine\nlab = a\n[a]\nmrp_url = {}\nmrp_token = {TOKEN}\n[b]\nmrp_url = http://u:pw@b/\n",
        lab.url()
    );
    let path = lab.write(".config/mrp/labs.cfg", &text);
    let listed = lab.mrp_ok("lab list");
    assert_contains(&listed, &["NAME", "default", "http://b/"]);
    assert!(!listed.contains("pw"), "{listed}");
    assert_eq!(lab.mrp_ok("lab list -o names"), "a\nb\n");
    assert_eq!(lab.mrp_ok("lab use b"), "the default lab is b\n");
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(written, text.replace("lab = a\n", "lab = b\n"));
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_contains(&lab.mrp_fails("lab use c", 2), &["has no lab 'c'"]);
    let lab = lab.with("MRP_LAB", "a");
    assert_contains(
        &lab.mrp_ok("lab use b"),
        &["MRP_LAB is set and comes first\n"],
    );
    assert_contains(&lab.mrp_ok("whoami"), &["alice"]);
}

#[test]
fn whoami_tells_what_the_server_tells() {
    let lab = start_lab();
    let printed = lab.mrp_ok("whoami");
    assert_contains(&printed, &["user", "alice", lab.url(), "qdc01"]);
    assert!(!printed.contains("administrator"), "{printed}");
    assert_eq!(lab.mrp_ok("whoami -o names"), "alice\n");
    let admin = lab.mrp_ok("--mrp-token=admin-token whoami");
    assert_contains(&admin, &["administrator  yes\n"]);
    let nobody = lab.mrp("--mrp-token=carol-token whoami");
    if nobody.code == 0 {
        assert_contains(&nobody.err, &["does not tell whose this token is"]);
    }
}

#[test]
fn words_of_other_clients_are_answered_with_the_line_to_type() {
    let lab = start_lab();
    for (typed, meant) in [
        (
            "provision qdc01 --preseed ci",
            "machine provision qdc01 --preseed ci",
        ),
        ("status", "lab status"),
        ("list", "machine list"),
        ("machines", "machine list"),
        ("image rm 'my kernel'", "image delete 'my kernel'"),
        ("images ls", "image list"),
        ("preseed add seed --name x", "preseed upload seed --name x"),
        ("machine reboot qdc01", "power reboot qdc01"),
        ("host info qdc01", "machine show qdc01"),
        ("getip qdc01", "net show qdc01"),
        ("get-ip qdc01", "net show qdc01"),
        ("get_ip", "net show"),
        ("show qdc01", "machine show qdc01"),
        ("set qdc01 --netboot", "machine configure qdc01 --netboot"),
        ("list-machines", "machine list"),
        ("list machines", "machine list"),
        ("image_list", "image list"),
        (
            "--lab x machine set qdc01",
            "machine configure --lab x qdc01",
        ),
        ("--mrp-token=x acquire qdc01", "reserve qdc01"),
    ] {
        let error = lab.mrp_fails(typed, 2);
        assert_contains(&error, &[&format!("\nType: mrp {meant}\n")]);
    }
    for (typed, meant) in [
        ("delete x", ["image delete x", "preseed delete x"]),
        (
            "upload 'a b'",
            ["image upload 'a b'", "preseed upload 'a b'"],
        ),
    ] {
        let [first, second] = meant;
        let lines = format!("\nType one of these:\n  mrp {first}\n  mrp {second}\n");
        assert_contains(&lab.mrp_fails(typed, 2), &[&lines]);
    }
    let unknown = lab.mrp_fails("frobnicate qdc01", 2);
    assert!(!unknown.contains("Type"), "{unknown}");
}

#[test]
fn deleting_an_image_by_an_unknown_id_says_that_there_is_none() {
    let lab = start_lab();
    let error = lab.mrp_fails("image delete 99", 2);
    assert_eq!(error, "mrp: there is no image 99\n");
    lab.assert_no_writes();
}

#[test]
fn help_is_a_command_too_and_what_a_noun_alone_prints() {
    let lab = start_bare_lab();
    for (typed, same) in [
        ("help", "--help"),
        ("help machine", "machine --help"),
        ("help machine provision", "machine provision --help"),
    ] {
        assert_eq!(lab.mrp_ok(typed), lab.mrp_ok(same));
    }
    for noun in ["", "lab", "machine"] {
        assert_eq!(lab.mrp_fails(noun, 2), lab.mrp_ok(&format!("help {noun}")));
    }
    assert_contains(&lab.mrp_fails("help nothing", 2), &["nothing"]);
    assert_contains(&lab.mrp_ok("help machine wait"), &["(3600)"]);
}

#[test]
fn planned_steps_are_not_called_done() {
    let lab = start_lab();
    let line = "machine configure qdc01 nosuch --kernel-opts quiet --check";
    let output = lab.mrp(&format!("{line} --json"));
    let result: Value = serde_json::from_str(&output.out).unwrap();
    assert_eq!(result["done"], json!([]));
    assert_eq!(result["not_done"][0]["target"], "machine 'qdc01'");
    assert_contains(&lab.mrp(line).out, &["would update machine 'qdc01'"]);
}

#[test]
fn names_complete_a_line() {
    let lab = start_lab();
    for (typed, names) in [
        ("machine show qdc", "qdc01\nqdc02\n"),
        (
            "machine configure qdc01 --kernel 'alice test k'",
            "alice test kernel\n",
        ),
        (
            "machine configure --kernel=x qdc01 --preseed alice",
            "alice-seed\n",
        ),
        ("machine provision qdc01 qdc02 bobs", "bobs-box\n"),
        ("power off --wait x86", "x86-1\n"),
        ("image delete 'alice test i'", "alice test initrd\n"),
        ("image upload x", ""),
        ("preseed show debian-s", "debian-std\n"),
        ("interface set qdc01 e", ""),
        ("machine list --name qdc01", "qdc01\n"),
        ("lab status --timeout ''", ""),
        ("mach", ""),
    ] {
        assert_eq!(
            lab.mrp_ok(&format!("complete -- {typed}")),
            names,
            "{typed}"
        );
    }
    lab.write(
        ".config/mrp/labs.cfg",
        "[one]\nmrp_url = http://127.0.0.1:1/\n[two]\n",
    );
    assert_eq!(lab.mrp_ok("complete -- lab use t"), "two\n");
    assert_eq!(lab.mrp_ok("complete -- --lab ''"), "one\ntwo\n");
    let dead = start_lab().with("MRP_URL", "http://127.0.0.1:1/");
    let output = dead.mrp("complete -- machine show ''");
    assert_eq!((output.code, &*output.out, &*output.err), (0, "", ""));
}

/// The completions of bash for the last of these words, as they would be inserted.
fn completed_by_bash(lab: &mrp_test_support::TestLab, line: &[&str]) -> String {
    let script = lab.write("mrp.bash", lab.mrp_ok("completions bash"));
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_mrp"));
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    let asked = format!(
        "compopt() {{ :; }}\nsource '{}'\nCOMP_WORDS=(\"$@\")\nCOMP_CWORD={}\n_mrp_with_names mrp \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        line.len() - 1,
    );
    let mut bash = lab.command("bash");
    bash.env("PATH", path)
        .args(["-c", &asked, "bash"])
        .args(line);
    let output = bash.output().unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn bash_completes_names_with_blanks() {
    let lab = start_lab();
    let kernel = |typed| ["mrp", "machine", "configure", "qdc01", "--kernel", typed];
    assert_eq!(
        completed_by_bash(&lab, &kernel("al")),
        "alice\\ test\\ kernel\n"
    );
    assert_eq!(
        completed_by_bash(&lab, &kernel("alice\\ t")),
        "alice\\ test\\ kernel\n"
    );
    assert_eq!(
        completed_by_bash(&lab, &kernel("'alice t")),
        "alice test kernel\n"
    );
    assert_eq!(
        completed_by_bash(&lab, &["mrp", "power", "off", "qdc0"]),
        "qdc01\nqdc02\n"
    );
    assert_eq!(
        completed_by_bash(&lab, &["mrp", "machine", "pro"]),
        "provision\n"
    );
}
