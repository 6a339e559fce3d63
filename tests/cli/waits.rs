//! Waits and servers that do not answer, on a terminal and without one.

use mrp_test_support::assert_contains;
use serde_json::json;

use crate::start_lab;
use crate::terminal::Terminal;

#[test]
fn ctrl_c_while_waiting_says_that_the_machine_goes_on_and_what_to_type() {
    let lab = start_lab();
    lab.settings(json!({ "install_seconds": 3600 }));
    let line = "machine provision qdc01 --kernel 'alice test kernel' --initrd '' --preseed ''";
    let mut terminal = Terminal::run(&lab, line, 200);
    terminal.until("the wait", |text| {
        text.contains("waiting for machine 'qdc01'")
    });
    terminal.interrupt();
    assert_ne!(terminal.end(), 0);
    terminal.save("interrupted");
    assert_contains(
        &terminal.text(),
        &[
            "mrp: not waiting any more; what was begun on the machine goes on\n",
            "To wait on, type: mrp machine wait qdc01\n",
        ],
    );
    assert!(
        !terminal.text().contains("waiting for"),
        "{}",
        terminal.text()
    );
}

#[test]
fn provision_of_a_machine_that_is_installing_alike_waits_for_it() {
    let lab = start_lab();
    lab.settings(json!({ "install_seconds": 3600 }));
    let line = "machine provision qdc01 --kernel 'alice test kernel'";
    lab.mrp_ok(&format!("{line} --wait=no"));
    assert_eq!(
        lab.mrp_ok(&format!("{line} --wait=no")),
        "nothing to do: being installed already: qdc01\n"
    );
    let before = lab.writes().len();
    let mut terminal = Terminal::run(&lab, &format!("{line} --wait-interval 0.1"), 200);
    terminal.until("the wait", |text| {
        text.contains("provisioning") && text.contains("waiting for machine 'qdc01'")
    });
    assert_eq!(lab.writes().len(), before);
    lab.mrp_ok("machine report qdc01 --state ready");
    assert_eq!(terminal.end(), 0);
    let text = terminal.text();
    assert!(
        text.starts_with("qdc01 is ready at 10.40.5.12 after "),
        "{text}"
    );
    // Only --force begins anew.
    lab.mrp_ok("machine report qdc01 --state unknown");
    lab.mrp_ok(&format!("{line} --wait=no"));
    let forced = lab.mrp_ok(&format!("{line} --wait=no --force"));
    assert_contains(&forced, &["started the installation of qdc01"]);
}

#[test]
fn dead_server_is_told_of_on_a_terminal_while_it_is_tried_again() {
    let lab = start_lab().with("MRP_URL", "http://127.0.0.1:1/");
    let line = "machine list --retries 1 --retry-delay 5";
    let mut terminal = Terminal::run(&lab, line, 80);
    terminal.until("that there is no answer", |text| {
        text.contains("no answer from http://127.0.0.1:1/ (attempt 1 of 2)")
    });
    terminal.save("dead-server");
    assert_eq!(terminal.end(), 1);
    let text = terminal.unwrapped();
    assert!(
        text.starts_with("mrp: ") && !text.contains("no answer from"),
        "{text}"
    );
    let quiet = lab.mrp("machine list --retries 1 --retry-delay 0");
    assert!(!quiet.err.contains("no answer from"), "{}", quiet.err);
}

#[test]
fn silent_server_is_told_of_on_a_terminal() {
    let lab = start_lab();
    lab.fault(json!({ "path": "/api/v1/machine", "delay": 6.0 }));
    let mut terminal = Terminal::run(&lab, "machine list", 80);
    let line = format!("no answer from {} yet", lab.url());
    terminal.until("that there is no answer", |text| text.contains(&line));
    terminal.save("silent-server");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.text().starts_with("ID"), "{}", terminal.text());
}

#[test]
fn wait_for_a_machine_that_is_ready_says_that_it_is() {
    let lab = start_lab();
    lab.mrp_ok("machine report qdc01 --state ready");
    let printed = lab.without_writes(|| lab.mrp_ok("machine wait qdc01"));
    assert_eq!(printed, "qdc01 is ready at 10.40.5.12\n");
}

#[test]
fn switching_machines_that_are_switched_already_says_how_they_are() {
    let lab = start_lab();
    lab.mrp_ok("power off qdc01 --wait-interval 0.01");
    assert_eq!(lab.mrp_ok("power off qdc01"), "qdc01 is off already\n");
    let both = lab.mrp_ok("power on qdc01 --wait-interval 0.01");
    assert_contains(&both, &["switched on qdc01"]);
    assert_eq!(
        lab.mrp_ok("power on qdc01 --check"),
        "qdc01 is on already\n"
    );
}

#[test]
fn what_is_seen_of_an_installation_is_on_the_line_of_its_wait_while_it_goes_on() {
    let lab = start_lab();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    lab.settings(json!({
        "install_seconds": 3600, "answer_port": port, "answer_installer": "SSH-2.0-installer",
        "machines": { "qdc01": { "lease": "127.1.0.3" } },
    }));
    let line = format!(
        "machine provision qdc01 --kernel 'alice test kernel' --wait-interval 0.1 --ready-when 'port={port},banner=SSH-2.0-new'"
    );
    let mut terminal = Terminal::run(&lab, &line, 200);
    terminal.until("the lease", |text| text.contains("lease 127.1.0.3 seen at"));
    terminal.until("what answers", |text| {
        text.contains(&format!("port {port} of 127.1.0.3 answers"))
    });
    lab.mrp_ok("machine report qdc01 --state ready");
    assert_eq!(terminal.end(), 0);
}
