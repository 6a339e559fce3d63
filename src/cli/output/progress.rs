//! Progress on standard error: a bar for an upload, a line for a wait and for a server that does not answer and, with
//! `--verbose`, a line for each request.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::ansible::{Call, ModuleSpec};
use crate::cli::output::terminal;
use crate::cli::output::text::{truncate, without_controls};
use crate::cli::output::time_text::duration_text;
use crate::client::{ProgressEvent, ProgressListener};

/// How often a line is drawn between two events.
const TICK: Duration = Duration::from_millis(250);

/// The least width of the terminal at which the line of an upload has room for the file's name (a third of the width),
/// sizes in gigabytes and a bar.
const UPLOAD_COLUMNS: usize = 72;

/// The state stands first: a narrow terminal cuts the end.
const WAIT: &str = "{spinner} {prefix} ({elapsed}) {wide_msg}";

/// How often a wait is told of where standard error is no terminal.
const LOG_PERIOD: Duration = Duration::from_secs(30);

/// How long a server may be silent before that is told of.
const SILENCE: Duration = Duration::from_secs(2);

/// The key of the line about a server that does not answer.
const SERVER: &str = "";

/// What is under way in a command, and how long took what is over.
#[derive(Clone, Default)]
pub(crate) struct ProgressMonitor(Arc<Mutex<ProgressDisplay>>);

/// The lines of what is under way on a terminal, and the times of uploads and waits.
#[derive(Default)]
struct ProgressDisplay {
    screen: MultiProgress,
    /// By file, or by what a wait is for.
    lines: HashMap<String, ProgressBar>,
    /// When each wait that is under way began.
    waits: HashMap<String, Instant>,
    waited: HashMap<String, Duration>,
    /// How many periods of a wait were told of.
    logged: HashMap<String, u64>,
    /// Whether a request has ended, or the command.
    is_answered: bool,
    upload_start: Option<Instant>,
    upload_time: Option<Duration>,
}

impl ProgressMonitor {
    /// How long a wait took that is over, if it had to wait at all.
    pub(crate) fn waited(&self, what: &str) -> Option<Duration> {
        self.display().waited.get(what).copied()
    }

    /// How long the last upload took.
    pub(crate) fn upload_time(&self) -> Option<Duration> {
        self.display().upload_time
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.display().waits.is_empty()
    }

    /// Removes all lines, before something else is printed.
    pub(crate) fn clear(&self) {
        let mut display = self.display();
        display.is_answered = true;
        for (_, line) in display.lines.drain() {
            line.finish_and_clear();
        }
    }

    /// Tells of a server that does not answer the first request.
    fn tell_of_silence(&self, text: String) {
        let monitor = self.clone();
        // Without the thread, the first that is told is the answer.
        let _ = thread::Builder::new().spawn(move || {
            thread::sleep(SILENCE);
            let mut display = monitor.display();
            if !display.is_answered && display.lines.is_empty() {
                display.draw_retry(Some(text));
            }
        });
    }

    fn display(&self) -> MutexGuard<'_, ProgressDisplay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the progress of a call: uploads, waits and a server that does not answer where standard error is a terminal,
/// requests where the call is verbose.
pub(crate) fn listener(
    call: &Call,
    spec: &'static ModuleSpec,
    monitor: &ProgressMonitor,
) -> ProgressListener {
    let is_terminal = std::io::stderr().is_terminal();
    let url = call.options.get("mrp_url").and_then(Value::as_str);
    if let Some(url) = url.filter(|_| is_terminal && call.verbosity == 0) {
        let text = call.scrub_sentence(spec, &format!("no answer from {url} yet"));
        monitor.tell_of_silence(without_controls(&text));
    }
    let monitor = monitor.clone();
    let call = call.clone();
    ProgressListener::new(move |event| {
        let mut display = monitor.display();
        display.measure(event);
        // A name in the text may be a secret that was typed in the wrong place.
        let clean = |text: String| without_controls(&call.scrub_text(spec, text));
        let clean_sentence = |text: String| without_controls(&call.scrub_sentence(spec, &text));
        match event {
            ProgressEvent::RequestEnded { .. } if call.verbosity > 0 => {
                let line = request_line(event).map(clean).unwrap_or_default();
                display.screen.suspend(|| terminal::print_error(&line));
            }
            ProgressEvent::RequestEnded { .. } if is_terminal => {
                let line = retry_line(event, &call).map(clean_sentence);
                display.draw_retry(line);
            }
            _ if is_terminal => display.draw(event),
            _ => {
                if let Some(line) = display.wait_line(event) {
                    terminal::print_error(&clean_sentence(line));
                }
            }
        }
    })
}

/// `no answer from http://lab/ (attempt 1 of 4)`; None where there is an answer, or no further attempt.
fn retry_line(event: &ProgressEvent, call: &Call) -> Option<String> {
    let ProgressEvent::RequestEnded {
        status, attempt, ..
    } = event
    else {
        return None;
    };
    let attempts = call.options.get("retries")?.as_u64()? + 1;
    if u64::from(*attempt) >= attempts {
        return None;
    }
    let problem = match status {
        None => "no answer".to_owned(),
        Some(502..=504) => format!("answer {}", status.unwrap_or_default()),
        Some(_) => return None,
    };
    let url = call.options.get("mrp_url")?.as_str()?;
    Some(format!(
        "{problem} from {url} (attempt {attempt} of {attempts})"
    ))
}

/// `GET /api/v1/machine: 200 in 12 ms, attempt 1`; None for an event of another kind.
fn request_line(event: &ProgressEvent) -> Option<String> {
    let ProgressEvent::RequestEnded {
        method,
        path,
        status,
        elapsed,
        attempt,
    } = event
    else {
        return None;
    };
    let status = status.map_or("no answer".to_owned(), |status| status.to_string());
    let milliseconds = elapsed.as_millis();
    Some(format!(
        "{method} {path}: {status} in {milliseconds} ms, attempt {attempt}\n"
    ))
}

impl ProgressDisplay {
    /// Keeps the times of uploads and waits.
    fn measure(&mut self, event: &ProgressEvent) {
        let now = Instant::now();
        match event {
            ProgressEvent::RequestEnded { .. } => self.is_answered = true,
            ProgressEvent::Sending { sent: 0, .. } => self.upload_start = Some(now),
            ProgressEvent::SendingEnded { .. } => {
                self.upload_time = self.upload_start.map(|start| now - start);
            }
            ProgressEvent::Awaiting { what, elapsed, .. } => {
                let start = now.checked_sub(*elapsed).unwrap_or(now);
                self.waits.entry((*what).to_owned()).or_insert(start);
            }
            ProgressEvent::AwaitingEnded { what } => {
                if let Some(start) = self.waits.remove(*what) {
                    self.waited.insert((*what).to_owned(), now - start);
                }
            }
            _ => {}
        }
    }

    /// A line on a wait, once for each period that it takes.
    fn wait_line(&mut self, event: &ProgressEvent) -> Option<String> {
        let ProgressEvent::Awaiting {
            what,
            seen,
            elapsed,
        } = event
        else {
            return None;
        };
        let periods = elapsed.as_secs() / LOG_PERIOD.as_secs();
        let logged = self.logged.insert((*what).to_owned(), periods);
        let time = duration_text(*elapsed);
        (periods > logged.unwrap_or(0))
            .then(|| format!("waiting for {what}: {seen} after {time}\n"))
    }

    /// Shows that the server does not answer, until it does.
    fn draw_retry(&mut self, text: Option<String>) {
        match text {
            None => self.remove(SERVER),
            Some(text) => {
                let style = style("{spinner} {wide_msg}");
                let line = self.line(SERVER, || ProgressBar::no_length().with_style(style));
                line.set_message(text);
            }
        }
    }

    fn draw(&mut self, event: &ProgressEvent) {
        match event {
            ProgressEvent::RequestStarted { .. } | ProgressEvent::RequestEnded { .. } => {}
            ProgressEvent::Sending { file, sent, size } => self.draw_upload(file, *sent, *size),
            ProgressEvent::SendingEnded { file } => self.remove(&file.to_string_lossy()),
            ProgressEvent::Awaiting { what, seen, .. } => {
                let line = self.line(what, || ProgressBar::no_length().with_style(style(WAIT)));
                let on_one_line = |text: &str| without_controls(text).replace('\n', " ");
                line.set_prefix(truncate(&on_one_line(seen), columns() / 2));
                line.set_message(on_one_line(&format!("waiting for {what}")));
            }
            ProgressEvent::AwaitingEnded { what } => self.remove(what),
        }
    }

    fn draw_upload(&mut self, file: &Path, sent: u64, size: u64) {
        let name = file.file_name().unwrap_or(file.as_os_str());
        let name = without_controls(&name.to_string_lossy());
        let columns = columns();
        let style = style(upload_template(columns < UPLOAD_COLUMNS, sent, size));
        let line = self.line(&file.to_string_lossy(), || {
            ProgressBar::new(size)
                .with_style(style.clone())
                .with_message(truncate(&name, columns / 3))
        });
        if sent == 0 {
            line.reset_eta();
        }
        line.set_style(style);
        line.set_position(sent);
    }

    /// The line with this key. A new one has its style and message before it is added, since it may be drawn from then on.
    fn line(&mut self, key: &str, new: impl FnOnce() -> ProgressBar) -> &ProgressBar {
        let new = || {
            let line = self.screen.add(new());
            line.enable_steady_tick(TICK);
            line
        };
        self.lines.entry(key.to_owned()).or_insert_with(new)
    }

    fn remove(&mut self, key: &str) {
        if let Some(line) = self.lines.remove(key) {
            line.finish_and_clear();
        }
    }
}

/// The template of an upload. The rate is known once something was sent. The server then stores the file, and does not say
/// how far it is. On a narrow terminal, the name and the sizes would leave no room for the bar.
fn upload_template(is_narrow: bool, sent: u64, size: u64) -> &'static str {
    match (sent, is_narrow) {
        (0, false) => "{msg} {wide_bar} {bytes}/{total_bytes}",
        (0, true) => "{wide_bar} {percent}%",
        (_, false) if sent == size => "{msg} {bytes} sent, waiting for the server {elapsed}",
        (_, true) if sent == size => "{bytes} sent, waiting {elapsed}",
        (_, false) => "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
        (_, true) => "{wide_bar} {percent}% {bytes_per_sec} {eta} left",
    }
}

/// The width of the terminal on standard error.
fn columns() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    size.map_or(usize::MAX, |(columns, _)| usize::from(columns.0))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_has_a_line_for_each_half_minute() {
        let mut display = ProgressDisplay::default();
        let what = "machine 'qdc01' to be ready";
        let seconds = [0, 10, 29, 31, 41, 59, 60, 125, 126];
        let lines = seconds.map(|seconds| {
            display.wait_line(&ProgressEvent::Awaiting {
                what,
                seen: "provisioning",
                elapsed: Duration::from_secs(seconds),
            })
        });
        let lines: Vec<String> = lines.into_iter().flatten().collect();
        let line = |time| format!("waiting for {what}: provisioning after {time}\n");
        assert_eq!(lines, [line("31 s"), line("1 min 0 s"), line("2 min 5 s")]);
    }
}
