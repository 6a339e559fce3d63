//! `mrp console`: the console of a machine on a terminal, in a pipe and in a file.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use mrp_test_support::{TestLab, assert_contains};
use serde_json::json;

use crate::start_lab;
use crate::terminal::Terminal;

fn print(lab: &TestLab, text: &str) {
    lab.console(json!({ "machine": "qdc01", "print": text }));
}

fn typed(lab: &TestLab) -> String {
    let seen = lab.console(json!({ "machine": "qdc01" }));
    seen["typed"].as_str().unwrap().to_owned()
}

/// A terminal that is connected to the console of qdc01, and its modes before.
fn attached(lab: &TestLab, line: &str) -> (Terminal, (u32, u32, u32)) {
    // What a new terminal is like: this command changes nothing.
    let mut other = Terminal::run(lab, "--version", 80);
    other.end();
    let modes = other.modes();
    let mut terminal = Terminal::run(lab, line, 80);
    terminal.until("the session", |screen| {
        screen.contains("SOL Session operational")
    });
    assert_ne!(terminal.modes(), modes);
    (terminal, modes)
}

#[test]
fn terminal_is_connected_until_tilde_and_dot() {
    let lab = start_lab();
    let (mut terminal, modes) = attached(&lab, "console qdc01");
    assert_contains(
        &terminal.text(),
        &["connected to the console of qdc01; type ~. after a line break to end"],
    );
    print(&lab, "printed by the machine\r\n");
    terminal.until("what is printed", |screen| {
        screen.contains("printed by the machine")
    });
    // Ctrl-C goes to the machine, and what it echoes comes back.
    terminal.type_in("root\u{3}~.\r");
    terminal.until("the echo", |screen| screen.contains("qdc01 login:"));
    assert_eq!(typed(&lab), "root\u{3}~.\r");
    terminal.type_in("~.");
    assert_eq!(terminal.end(), 0);
    assert_eq!(terminal.modes(), modes);
    assert_eq!(typed(&lab), "root\u{3}~.\r");
    lab.wait_until("the session is closed", |lab| {
        lab.console(json!({ "machine": "qdc01" }))["is_read"] == false
    });
}

#[test]
fn terminal_is_put_back_when_a_signal_ends_the_command() {
    let lab = start_lab();
    for signal in ["TERM", "HUP", "INT", "QUIT"] {
        let (mut terminal, modes) = attached(&lab, "console qdc01");
        let kill = Command::new("kill")
            .args(["-s", signal, &terminal.process().to_string()])
            .status();
        assert!(kill.unwrap().success());
        assert_ne!(terminal.end(), 0, "{signal}");
        assert_eq!(terminal.modes(), modes, "{signal}");
        lab.wait_until("the session is closed", |lab| {
            lab.console(json!({ "machine": "qdc01" }))["is_read"] == false
        });
    }
}

#[test]
fn terminal_is_put_back_when_the_other_side_ends_the_session() {
    let lab = start_lab();
    let (mut terminal, modes) = attached(&lab, "console qdc01");
    lab.reset();
    assert_eq!(terminal.end(), 1);
    assert_eq!(terminal.modes(), modes);
    assert_contains(
        &terminal.text(),
        &["the console of machine 'qdc01' was closed by the other side"],
    );
}

#[test]
fn console_that_another_session_reads_is_busy() {
    let lab = start_lab();
    let (_first, _) = attached(&lab, "console qdc01");
    let mut second = Terminal::run(&lab, "console qdc01", 80);
    assert_eq!(second.end(), 1);
    assert_contains(
        &second.text(),
        &["the console of machine 'qdc01' is busy: another session reads it"],
    );
}

#[test]
fn console_without_a_terminal_needs_follow_or_address() {
    let lab = start_lab();
    let error = lab.mrp_fails("console qdc01", 2);
    assert_contains(&error, &["comes from a terminal", "--follow", "--address"]);
    lab.assert_no_writes();
    let url = lab.mrp_ok("console qdc01 --address");
    assert_contains(&url, &["ws://127.0.0.1:", "/ws?token="]);
}

#[test]
fn console_is_followed_into_a_pipe_and_a_file() {
    let lab = start_lab();
    let log = lab.path("qdc01.log");
    let mut command = lab.mrp_command("console qdc01 --follow --log qdc01.log");
    let shown = std::fs::File::create(lab.path("shown")).unwrap();
    let command = command.stdout(shown).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    lab.wait_until("the console is read", |lab| {
        lab.console(json!({ "machine": "qdc01" }))["is_read"] == true
    });
    let bytes: Vec<u8> = (0..=255).collect();
    lab.console(json!({ "machine": "qdc01", "print": bytes, "repeat": 1000 }));
    let logged = || std::fs::read(&log).unwrap_or_default();
    lab.wait_until("all is in the file", |_| logged().len() > 256_000);
    lab.reset();
    let output = child.wait_with_output().unwrap();
    assert!(logged().ends_with(&bytes.repeat(1000)));
    assert!(std::fs::read(lab.path("shown")).unwrap() == logged());
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert_contains(
        &error,
        &[
            "connected to the console of qdc01; Ctrl-C ends",
            "the console of machine 'qdc01' was closed by the other side",
        ],
    );
    let mode = std::fs::metadata(&log).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn log_that_cannot_be_written_is_told_before_anything_is_asked() {
    let lab = start_lab();
    let error = lab.mrp_fails("console qdc01 --follow --log missing/qdc01.log", 1);
    assert_contains(
        &error.to_lowercase(),
        &["missing/qdc01.log", "no such file"],
    );
    assert!(lab.requests().is_empty());
}

#[test]
fn failed_installation_shows_the_last_lines_of_the_console() {
    let lab = start_lab();
    lab.settings(json!({ "install_result": "error" }));
    let line = "machine provision qdc01 --subarch efi --kernel-id 3 --console-log qdc01.log";
    let output = lab.mrp(line);
    assert_eq!(output.code, 1, "{}", output.err);
    assert_contains(
        &output.err,
        &[
            "The console of machine 'qdc01' ended with:\n",
            "\n  Partitions were made.\n  !! Installation step failed\n",
            "reported the state error",
        ],
    );
}
