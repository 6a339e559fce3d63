//! Progress on standard error: a bar for an upload, a line for a wait and, with `--verbose`, a line for each request.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::ansible::{Call, ModuleSpec};
use crate::cli::output::terminal;
use crate::cli::output::text::{truncate, without_controls};
use crate::client::{ProgressEvent, ProgressListener};

/// How often a line is drawn between two events.
const TICK: Duration = Duration::from_millis(250);

/// The least width of the terminal at which the line of an upload has room for the file's name (a third of the width),
/// sizes in gigabytes and a bar.
const UPLOAD_COLUMNS: usize = 72;

/// The state stands first: a narrow terminal cuts the end.
const WAIT: &str = "{spinner} {prefix} ({elapsed}) {wide_msg}";

/// The lines of the uploads and waits that are under way.
#[derive(Default)]
struct ProgressDisplay {
    screen: MultiProgress,
    /// By file, or by what a wait is for.
    lines: HashMap<String, ProgressBar>,
}

/// Shows the progress of a call: uploads and waits where standard error is a terminal, requests where the call is verbose.
pub(crate) fn listener(call: &Call, spec: &'static ModuleSpec) -> ProgressListener {
    let is_terminal = std::io::stderr().is_terminal();
    let display = Mutex::new(ProgressDisplay::default());
    let call = call.clone();
    ProgressListener::new(move |event| {
        let mut display = display.lock().unwrap_or_else(PoisonError::into_inner);
        match request_line(event) {
            Some(line) if call.verbosity > 0 => {
                // A name in the path may be a secret that was typed in the wrong place.
                let line = without_controls(&call.scrub_text(spec, line));
                display.screen.suspend(|| terminal::print_error(&line));
            }
            None if is_terminal => display.draw(event),
            _ => {}
        }
    })
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
    fn draw(&mut self, event: &ProgressEvent) {
        match event {
            ProgressEvent::RequestStarted | ProgressEvent::RequestEnded { .. } => {}
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
