//! Screens of a terminal: tables, progress bars, waits, colours.
//!
//! With `MRP_TEST_SCREENS=DIRECTORY` the screens are saved there as texts.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use mrp_test_support::{TOKEN, TestLab, assert_contains};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use serde_json::json;
use vt100::{Color, Parser};

use crate::start_lab;

const WIDTHS: [u16; 2] = [80, 200];
const HEIGHT: u16 = 24;
/// A screen that is not seen within this time fails the test.
const DEADLINE: Duration = Duration::from_secs(60);

/// A command on a pseudo-terminal.
pub(crate) struct Terminal {
    screen: Parser,
    width: u16,
    output: Receiver<Vec<u8>>,
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    /// Keeps the terminal open while the command runs.
    master: Box<dyn MasterPty + Send>,
    all: Vec<u8>,
}

impl Terminal {
    pub(crate) fn run(lab: &TestLab, line: &str, width: u16) -> Terminal {
        Terminal::run_with(lab, line, width, &[])
    }

    fn run_with(lab: &TestLab, line: &str, width: u16, variables: &[(&str, &str)]) -> Terminal {
        Terminal::run_on(lab, line, (HEIGHT, width), variables)
    }

    pub(crate) fn run_on(
        lab: &TestLab,
        line: &str,
        (height, width): (u16, u16),
        variables: &[(&str, &str)],
    ) -> Terminal {
        let size = PtySize {
            rows: height,
            cols: width,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let typed = lab.mrp_command(line);
        let mut command = CommandBuilder::new(typed.get_program());
        command.args(typed.get_args());
        command.env_clear();
        command.cwd(typed.get_current_dir().unwrap());
        for (name, value) in typed.get_envs() {
            command.env(name, value.unwrap());
        }
        command.env("TERM", "xterm-256color");
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Reading fails when the command has ended.
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let number = |value| NonZeroU16::new(value).unwrap();
        Terminal {
            screen: Parser::new(number(height), number(width), 0),
            width,
            output,
            child,
            keyboard: pair.master.take_writer().unwrap(),
            master: pair.master,
            all: Vec::new(),
        }
    }

    /// Reads on until the screen satisfies a condition.
    pub(crate) fn until(&mut self, what: &str, mut is_seen: impl FnMut(&str) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !is_seen(&self.text()) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.show(&bytes),
                Err(_) => panic!("{what} was never seen:\n{}", self.text()),
            }
        }
    }

    pub(crate) fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// What the terminal does with lines and keys.
    pub(crate) fn modes(&self) -> (u32, u32, u32) {
        let modes = self.master.get_termios().unwrap();
        (
            modes.input_flags.bits(),
            modes.output_flags.bits(),
            modes.local_flags.bits(),
        )
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    fn show(&mut self, bytes: &[u8]) {
        self.screen.process(bytes);
        self.all.extend(bytes);
        let printed = String::from_utf8_lossy(&self.all);
        assert!(!printed.contains(TOKEN), "the token was printed: {printed}");
    }

    /// Reads on until the command ends, and gives its exit code.
    pub(crate) fn end(&mut self) -> u32 {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.show(&bytes),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("no end:\n{}", self.text()),
            }
        }
        self.child.wait().unwrap().exit_code()
    }

    pub(crate) fn text(&self) -> String {
        let rows = self.screen.screen().rows(0, self.width);
        let lines: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        lines.join("\n").trim_end().to_owned() + "\n"
    }

    /// The text without the line breaks of the terminal.
    pub(crate) fn unwrapped(&self) -> String {
        self.screen.screen().contents()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.text().lines().map(str::to_owned).collect()
    }

    /// Whether a line was longer than the terminal is wide.
    fn is_wrapped(&self) -> bool {
        (0..HEIGHT).any(|row| self.screen.screen().row_wrapped(row))
    }

    /// Whether anything on the screen has a colour.
    fn is_coloured(&self) -> bool {
        let cells = (0..HEIGHT).flat_map(|row| (0..self.width).map(move |column| (row, column)));
        cells
            .filter_map(|(row, column)| self.screen.screen().cell(row, column))
            .any(|cell| cell.fgcolor() != Color::Default)
    }

    /// The screen just before a text was printed for the first time.
    fn before(&self, what: &str) -> String {
        let printed = String::from_utf8_lossy(&self.all);
        let until = printed.find(what).unwrap();
        let number = |value| NonZeroU16::new(value).unwrap();
        let mut screen = Parser::new(number(HEIGHT), number(self.width), 0);
        screen.process(&printed.as_bytes()[..until]);
        screen.screen().contents()
    }

    /// Sends what Ctrl-C sends.
    pub(crate) fn interrupt(&self) {
        let id = self.child.process_id().unwrap().to_string();
        let mut kill = std::process::Command::new("kill");
        assert!(kill.args(["-INT", &id]).status().unwrap().success());
    }

    pub(crate) fn save(&self, name: &str) {
        let Some(directory) = std::env::var_os("MRP_TEST_SCREENS") else {
            return;
        };
        let directory = std::path::PathBuf::from(directory);
        std::fs::create_dir_all(&directory).unwrap();
        let mut text = String::new();
        writeln!(text, "{}", "-".repeat(usize::from(self.width))).unwrap();
        text.push_str(&self.text());
        std::fs::write(directory.join(format!("{name}-{}.txt", self.width)), text).unwrap();
    }
}

fn start_lab_with_seed() -> TestLab {
    let lab = start_lab();
    lab.write("seed", "d-i one\n");
    lab
}

#[test]
fn status_shows_a_line_for_each_machine() {
    for width in WIDTHS {
        let lab = start_lab_with_seed();
        lab.mrp_ok("machine report qdc01 --state ready");
        let mut terminal = Terminal::run(&lab, "lab status", width);
        assert_eq!(terminal.end(), 0, "{}", terminal.text());
        terminal.save("status");
        let machines = lab.server("api/v1/machine?show_all=true");
        let machines = machines.as_array().unwrap();
        let lines = terminal.lines();
        assert_eq!(lines.len(), machines.len() + 1, "{}", terminal.text());
        for machine in machines {
            let name = machine["name"].as_str().unwrap();
            assert!(
                lines.iter().any(|line| line.starts_with(name)),
                "{name}: {}",
                terminal.text()
            );
        }
        assert!(!terminal.is_wrapped(), "{}", terminal.text());
        assert!(terminal.is_coloured());
        let mut plain = Terminal::run_with(&lab, "lab status", width, &[("NO_COLOR", "1")]);
        plain.end();
        assert_eq!(plain.text(), terminal.text());
        assert!(!plain.is_coloured());
    }
}

#[test]
fn upload_shows_a_progress_bar() {
    for width in WIDTHS {
        let lab = start_lab_with_seed();
        lab.write("vmlinuz-6.1.0-debian-arm64", vec![7; 24_000_000]);
        // The server reads the file only after a second, so that the bar is seen.
        lab.fault(json!({ "method": "POST", "path": "/api/v1/image", "delay": 1.0 }));
        let line = "image upload vmlinuz-6.1.0-debian-arm64 --description 'debian 12' --type Kernel --arch arm64";
        let mut terminal = Terminal::run(&lab, line, width);
        terminal.until("the bar with its rate and the time left", |text| {
            let parts = ["vmlinuz", "MiB/22.89 MiB", "iB/s", "s left"];
            parts.iter().all(|part| text.contains(part))
        });
        terminal.save("upload");
        assert!(!terminal.is_wrapped(), "{}", terminal.text());
        assert_eq!(terminal.end(), 0, "{}", terminal.text());
        terminal.save("uploaded");
        let text = terminal.text();
        assert!(
            text.starts_with("uploaded 'debian 12' (22.9 MiB, ")
                && text.contains("iB/s) as image "),
            "{text}"
        );
        assert!(
            !text.contains("left") && !text.contains("vmlinuz"),
            "{text}"
        );
    }
}

/// Whether a text shows a time of a second or more: `(1s)`.
fn seconds_passed(text: &str) -> bool {
    let times = text.split('(').filter_map(|part| part.split_once("s)"));
    times
        .filter_map(|(number, _)| number.parse().ok())
        .any(|seconds: u32| seconds > 0)
}

#[test]
fn wait_shows_the_state_and_the_time_passed() {
    for width in WIDTHS {
        let lab = start_lab_with_seed();
        let line = "machine wait qdc01 --wait-timeout 60 --wait-interval 0.05";
        let mut terminal = Terminal::run(&lab, line, width);
        terminal.until("the line of the wait", |text| {
            text.contains("unknown")
                && text.contains("s) waiting for machine 'qdc01' to be ready")
                && seconds_passed(text)
        });
        terminal.save("wait");
        assert_eq!(terminal.lines().len(), 1, "{}", terminal.text());
        lab.mrp_ok("machine report qdc01 --state ready");
        assert_eq!(terminal.end(), 0, "{}", terminal.text());
        terminal.save("waited");
        assert!(!terminal.text().contains("waiting"), "{}", terminal.text());
    }
}

#[test]
fn verbose_requests_are_printed_above_the_line_of_a_wait() {
    let lab = start_lab_with_seed();
    let line = "machine wait qdc01 -v --wait-timeout 60 --wait-interval 0.2";
    let mut terminal = Terminal::run(&lab, line, 200);
    terminal.until("requests above the wait", |text| {
        let lines: Vec<&str> = text.lines().collect();
        let Some((last, requests)) = lines.split_last() else {
            return false;
        };
        requests.len() > 2
            && requests.iter().all(|line| line.starts_with("GET "))
            && last.contains("waiting for machine 'qdc01'")
    });
    terminal.save("verbose-wait");
    lab.mrp_ok("machine report qdc01 --state ready");
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
    let text = terminal.text();
    assert!(text.contains("GET ") && !text.contains("waiting"), "{text}");
}

#[test]
fn watched_status_is_refreshed_until_it_is_interrupted() {
    for width in WIDTHS {
        let lab = start_lab_with_seed();
        let mut terminal = Terminal::run(&lab, "lab status --watch --interval 0.1", width);
        terminal.until("the lab", |text| {
            text.contains("qdc01") && text.contains("x86-1")
        });
        assert!(!terminal.text().contains("error"), "{}", terminal.text());
        lab.mrp_ok("machine report qdc01 --state error");
        terminal.until("the lab again", |text| {
            let line = text.lines().find(|line| line.starts_with("qdc01"));
            line.is_some_and(|line| line.contains("error")) && text.contains("x86-1")
        });
        terminal.save("watch");
        assert!(
            terminal.lines()[0].starts_with("NAME"),
            "{}",
            terminal.text()
        );
        terminal.interrupt();
        assert_ne!(terminal.end(), 0);
    }
}

#[test]
fn failure_is_shown_in_colour() {
    for width in WIDTHS {
        let lab = start_lab_with_seed();
        let line = "machine configure qdc01 --kernel 'alice tst kernel'";
        let mut terminal = Terminal::run(&lab, line, width);
        assert_eq!(terminal.end(), 1);
        terminal.save("failed");
        let text = terminal.unwrapped();
        assert!(
            text.starts_with("mrp: ") && text.contains("alice test kernel"),
            "{text}"
        );
        assert!(terminal.is_coloured());
        let mut plain = Terminal::run_with(&lab, line, width, &[("NO_COLOR", "1")]);
        plain.end();
        assert!(!plain.is_coloured());
    }
}

/// The terminal of this width after a command that must succeed.
fn shown(lab: &TestLab, line: &str, width: u16) -> Terminal {
    let mut terminal = Terminal::run(lab, line, width);
    assert_eq!(terminal.end(), 0, "{}", terminal.text());
    assert!(!terminal.is_wrapped(), "{}", terminal.text());
    terminal.save(&line.replace(' ', "-"));
    terminal
}

#[test]
fn narrow_terminals_drop_the_least_important_columns_first() {
    let lab = start_lab_with_seed();
    let interfaces = shown(&lab, "interface list", 80).text();
    assert_contains(&interfaces, &["52:54:00:00:02:01", "10.40.5.12"]);
    assert!(!interfaces.contains('…'), "{interfaces}");

    let all = shown(
        &lab,
        "machine list --gather state,power,assignees,interfaces",
        80,
    )
    .text();
    assert_contains(
        &all,
        &["STATE", "POWER", "ASSIGNEES", "INTERFACES", "eth0, eth1,"],
    );
    assert!(!all.contains("SUBARCH"), "{all}");
    assert_contains(
        &shown(&lab, "machine list", 80).text(),
        &["SUBARCH", "NETBOOT ENABLED"],
    );
    let narrow = shown(&lab, "interface list", 40).text();
    assert!(
        narrow.contains("52:54:00:00:02:01") && !narrow.contains('…'),
        "{narrow}"
    );

    let description = "debian 12 installer of the nightly build, tested";
    lab.mrp_ok(&format!(
        "image upload seed --description '{description}' --type Kernel --arch arm64"
    ));
    let images = shown(&lab, "image list", 80).text();
    assert_contains(&images, &[description, "Kernel"]);
    assert!(!images.contains("UPLOAD"), "{images}");

    let status = shown(&lab, "lab status", 40);
    for machine in lab
        .server("api/v1/machine?show_all=true")
        .as_array()
        .unwrap()
    {
        let name = machine["name"].as_str().unwrap();
        let begins = |line: &String| line.split("  ").next() == Some(name);
        assert!(
            status.lines().iter().any(begins),
            "{name}: {}",
            status.text()
        );
    }
    assert_contains(
        &shown(&lab, "lab status", 80).text(),
        &["NETBOOT", "10.40.5.11, "],
    );
    // A long text is shortened before other columns are dropped.
    let description = "long ".repeat(30);
    lab.mrp_ok(&format!(
        "image upload seed --description '{description}' --type Initrd --arch arm64"
    ));
    assert_contains(
        &shown(&lab, "image list", 80).text(),
        &["ID", "long long", "…", "Initrd"],
    );
    for width in [1, 5, 12] {
        shown(&lab, "lab status", width);
        shown(&lab, "image list", width);
    }
}

#[test]
fn watched_status_fits_terminals_of_one_or_two_lines() {
    let lab = start_lab_with_seed();
    let machines = lab.server("api/v1/machine?show_all=true");
    let count = format!("{} machines", machines.as_array().unwrap().len());
    for height in [1, 2] {
        let line = "lab status --watch --interval 0.1";
        let mut terminal = Terminal::run_on(&lab, line, (height, 80), &[]);
        terminal.until("the number of machines", |text| text.trim_end() == count);
        terminal.interrupt();
        assert_ne!(terminal.end(), 0);
        let printed = String::from_utf8_lossy(&terminal.all);
        assert!(!printed.contains("panicked"), "{printed}");
    }
    let refused = lab.mrp_fails("lab status --watch --interval 0.00001", 2);
    assert_contains(&refused, &["mrp: interval must be at least 0.1 seconds"]);
}

#[test]
fn columns_are_aligned_with_wide_and_unprintable_characters() {
    let lab = start_lab_with_seed();
    for description in ["日本語のカーネル", "tab\tand\nline", "turned \u{202e}back"] {
        lab.mrp_ok(&format!(
            "image upload seed --description '{description}' --type Kernel --arch arm64 --force"
        ));
    }
    for width in [40, 80, 200] {
        let terminal = shown(&lab, "image list", width);
        let text = terminal.text();
        assert_contains(&text, &["日本語の", "tab and line", "turned back"]);
        let lines = terminal.lines();
        let column = u16::try_from(lines[0].find("TYPE").unwrap()).unwrap();
        let screen = terminal.screen.screen();
        let letter = |row, column| screen.cell(row, column).unwrap().contents();
        for row in 1..u16::try_from(lines.len()).unwrap() {
            // The screen of the tests does not draw the character that stands for an unprintable one.
            if lines[usize::from(row)].contains("turned") {
                continue;
            }
            assert!(
                ["K", "I", "b"].contains(&letter(row, column)),
                "{row}: {text}"
            );
            assert!(["", " "].contains(&letter(row, column - 1)), "{text}");
        }
    }
}

#[test]
fn progress_bar_shortens_a_long_name_and_keeps_the_rate() {
    let lab = start_lab_with_seed();
    let long = "vmlinuz-".to_owned() + &"6.1.0-debian-".repeat(4);
    assert_eq!(long.len(), 60);
    for (name, begin) in [
        (long.as_str(), "vmlinuz-6.1.0-debian-6.1.…"),
        (
            "日本語の日本語の日本語の日本語の",
            "日本語の日本語の日本語の…",
        ),
    ] {
        lab.write(name, vec![7; 24_000_000]);
        lab.fault(json!({ "method": "POST", "path": "/api/v1/image", "delay": 1.0 }));
        let line = format!(
            "image upload {name} --description '{name}' --type Kernel --arch arm64 --force"
        );
        let mut terminal = Terminal::run(&lab, &line, 80);
        terminal.until("the bar with its rate and the time left", |text| {
            let parts = [begin, "MiB/22.89 MiB", "iB/s", "s left"];
            parts.iter().all(|part| text.contains(part))
        });
        assert!(!terminal.is_wrapped(), "{}", terminal.text());
        assert_eq!(terminal.lines().len(), 1, "{}", terminal.text());
        assert_eq!(terminal.before(begin).trim(), "");
        assert_eq!(terminal.end(), 0, "{}", terminal.text());
    }
}

#[test]
fn progress_bar_stays_on_one_line() {
    let lab = start_lab_with_seed();
    lab.write("vmlinuz-6.1.0-debian-arm64", vec![7; 24_000_000]);
    let line = "image upload vmlinuz-6.1.0-debian-arm64 --description d --type Kernel --arch arm64";
    for (width, share) in [(40, "% "), (60, "% "), (72, "/22.89 MiB ")] {
        lab.fault(json!({ "method": "POST", "path": "/api/v1/image", "delay": 1.0 }));
        let mut terminal = Terminal::run(&lab, &format!("{line} --force"), width);
        let mut lines = 0;
        terminal.until("the bar with its rate and the time left", |text| {
            lines = lines.max(text.lines().count());
            [share, "iB/s", "s left"]
                .iter()
                .all(|part| text.contains(part))
        });
        terminal.save("upload");
        assert_eq!(lines, 1, "{}", terminal.text());
        assert!(!terminal.is_wrapped(), "{}", terminal.text());
        terminal.until("what is waited for", |text| {
            text.contains("22.89 MiB sent, waiting ") || text.contains("uploaded")
        });
        assert_eq!(terminal.end(), 0, "{}", terminal.text());
        assert!(!terminal.text().contains("left"), "{}", terminal.text());
    }
}

#[test]
fn wait_stays_on_one_line() {
    let lab = start_lab_with_seed();
    let line = "machine wait qdc01 --wait-timeout 60 --wait-interval 0.05";
    for width in [30, 40] {
        let mut terminal = Terminal::run(&lab, line, width);
        terminal.until("the line of the wait", |text| {
            text.contains("unknown") && text.contains("s) wait") && seconds_passed(text)
        });
        assert_eq!(terminal.lines().len(), 1, "{}", terminal.text());
        terminal.save("wait");
        lab.mrp_ok("machine report qdc01 --state ready");
        assert_eq!(terminal.end(), 0, "{}", terminal.text());
        lab.mrp_ok("machine report qdc01 --state unknown");
    }
    assert_contains(
        &lab.mrp_ok("machine wait qdc02 --check"),
        &["would wait for machine 'qdc02'"],
    );
}

#[test]
fn each_failed_machine_has_a_line() {
    let lab = start_lab_with_seed();
    let line = "machine configure nosuch bobs-box qdc01 x86-1 --kernel-opts quiet";
    let mut terminal = Terminal::run(&lab, line, 200);
    assert_eq!(terminal.end(), 1);
    terminal.save("several-failed");
    let lines = terminal.lines();
    let begins = [
        "updated machine 'qdc01'",
        "mrp: 3 of 4 failed",
        "  machine 'nosuch': there is no machine 'nosuch'",
        "  machine 'bobs-box' is not assigned",
        "  machine 'x86-1' is not assigned",
        // The hint of both machines is printed once.
        "Have the machine assigned",
    ];
    assert_eq!(lines.len(), begins.len(), "{}", terminal.text());
    for (line, begin) in lines.iter().zip(begins) {
        assert!(line.starts_with(begin), "{}", terminal.text());
    }
    let json = lab.mrp(&format!("{line} --json"));
    assert_contains(
        &json.out,
        &["failed: machine 'nosuch': there is no machine 'nosuch'"],
    );
}
