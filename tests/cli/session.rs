//! A session of commands on terminals 80 and 200 columns wide: what is on the screen, line by line.
//!
//! The screens are kept in `session-80.txt` and `session-200.txt`. With `MRP_TEST_SCREENS=DIRECTORY` the present ones are
//! written there: look at them, and copy them here when a change is meant.

use std::path::Path;

use mrp_test_support::{TOKEN, TestLab};
use serde_json::json;

use crate::start_bare_lab;
use crate::terminal::Terminal;

const SESSIONS: [(u16, &str); 2] = [
    (80, include_str!("session-80.txt")),
    (200, include_str!("session-200.txt")),
];

/// Enough lines for the longest output.
const HEIGHT: u16 = 120;

const COMMANDS: &[&str] = &[
    "",
    "help machine",
    "help machine provision",
    "lab",
    "provision qdc01",
    "image rm 'my kernel'",
    "lab list",
    "lab use attic",
    "lab use cambridge",
    "whoami",
    "lab status",
    "machine list --mine",
    "machine list --output names",
    "machine list --mine --no-headers",
    "machine show qdc01",
    "machine show 2 --output yaml",
    "machine show qdc1",
    "image list",
    "image upload vmlinuz --description 'my kernel' --type Kernel --arch arm64 --check",
    "image upload vmlinuz --description 'my kernel' --type Kernel --arch arm64",
    "image upload vmlinuz --description 'my kernel' --type Kernel --arch arm64",
    "image show 5",
    "preseed upload seed --name ci-seed --diff",
    "preseed show ci-seed --raw",
    "preseed list",
    "machine configure qdc01 --kernel 'my kernel' --preseed ci-seed --check --diff",
    "machine configure qdc01 --kernel 'my kernel' --kernel-opts 'console=ttyAMA0 quiet'",
    "machine configure qdc01 --kernel 5 --diff",
    "power show qdc01 qdc02",
    "power off qdc01",
    "power on qdc01 --check",
    "power on qdc01 --wait=no",
    "power reboot qdc01 --boot disk",
    "machine provision qdc01 --initrd 'debian-installer initrd' --preseed ci-seed --check",
    "machine provision qdc01 --initrd 'debian-installer initrd' --preseed ci-seed",
    "machine provision qdc01 --initrd 'debian-installer initrd' --preseed ci-seed",
    "machine report qdc01 --state error",
    "machine wait qdc01",
    "reserve d05-free x86-1 --reason 'CI run 7'",
    "release bobs-box",
    "release d05-free x86-1",
    "interface list qdc01",
    "interface set qdc01 eth0 --config-type-v4 static --ipv4 auto --check",
    "net show qdc01",
    "preseed delete ci-seed",
    "image delete 12 --check",
];

/// A lab whose times do not differ between two runs, chosen by a configuration file.
fn start_lab() -> TestLab {
    let lab = start_bare_lab();
    lab.settings(json!({ "reservations": "stored", "install_seconds": 0 }));
    lab.write("vmlinuz", "the bytes of a kernel");
    lab.write("seed", "d-i debian-installer/locale string en_GB\n");
    let labs = format!(
        "lab = cambridge\n[cambridge]\nmrp_url = {}\nmrp_token = {TOKEN}\n[attic]\nmrp_url = http://192.168.1.5:5000/\n",
        lab.url()
    );
    lab.write(".config/mrp/labs.cfg", labs);
    lab
}

/// The screen without what differs between two runs: addresses of the lab, ages, times and folders.
fn comparable(text: &str, lab: &TestLab) -> String {
    let folder = lab.path("").display().to_string();
    let text = text.replace(lab.url(), "http://lab/");
    let text = text.replace(folder.trim_end_matches('/'), "~");
    let lines = text.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let mut shown: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        for index in 0..words.len() {
            let next = words.get(index + 1).copied().unwrap_or_default();
            let is_number = words[index].parse::<f64>().is_ok();
            if is_number && ["year", "years", "days", "s"].contains(&next.trim_end_matches(',')) {
                "N".clone_into(&mut shown[index]);
            }
        }
        shown.join(" ").trim_end().to_owned() + "\n"
    });
    lines.collect()
}

#[test]
fn session_is_shown_as_it_is_kept() {
    let mut sessions = Vec::new();
    for (width, kept) in SESSIONS {
        let lab = start_lab();
        let mut session = String::new();
        for line in COMMANDS {
            let mut terminal = Terminal::run_on(&lab, line, (HEIGHT, width), &[]);
            let code = terminal.end();
            let text = comparable(&terminal.text(), &lab);
            session.push_str(&format!("$ mrp {line}\n{text}"));
            if code != 0 {
                session.push_str(&format!("[ends with {code}]\n"));
            }
            session.push('\n');
        }
        if let Some(directory) = std::env::var_os("MRP_TEST_SCREENS") {
            let directory = Path::new(&directory);
            std::fs::create_dir_all(directory).unwrap();
            std::fs::write(directory.join(format!("session-{width}.txt")), &session).unwrap();
        }
        sessions.push((width, session, kept));
    }
    for (width, session, kept) in sessions {
        for (shown, kept) in session.lines().zip(kept.lines()) {
            assert_eq!(shown, kept, "{width} columns");
        }
        assert_eq!(session.lines().count(), kept.lines().count());
    }
}
