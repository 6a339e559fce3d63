//! What is under way, on a terminal: a bar for an upload, a line for a wait.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::output::text::{shortened, without_controls};
use crate::client::{ProgressEvent, ProgressListener};

/// How often a line is drawn while nothing is heard.
const TICK: Duration = Duration::from_millis(250);

/// How an upload looks.
struct Upload {
    /// Nothing is known of the rate yet.
    begun: &'static str,
    sending: &'static str,
    /// The server works on it, and does not say how far it is.
    sent: &'static str,
}

const UPLOAD: Upload = Upload {
    begun: "{msg} {wide_bar} {bytes}/{total_bytes}",
    sending: "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
    sent: "{msg} {bytes} sent, waiting for the server {elapsed}",
};
/// Where the name and the sizes would leave nothing for the bar.
const NARROW: Upload = Upload {
    begun: "{wide_bar} {percent}%",
    sending: "{wide_bar} {percent}% {bytes_per_sec} {eta} left",
    sent: "{bytes} sent, waiting {elapsed}",
};
/// From here on, beside a third for the name, sizes of gigabytes leave something for the bar.
const WIDE: usize = 72;

/// What matters most comes first, as a narrow terminal cuts the end.
const WAIT: &str = "{spinner} {prefix} ({elapsed}) {wide_msg}";

/// The lines on the terminal, by what they are about.
struct Display {
    screen: MultiProgress,
    lines: HashMap<String, ProgressBar>,
}

/// Who notes that the server is asked, and draws what is under way where standard error is a terminal.
pub(crate) fn progress(is_asked: Arc<AtomicBool>) -> ProgressListener {
    let display = std::io::stderr().is_terminal().then(|| {
        Mutex::new(Display {
            screen: MultiProgress::new(),
            lines: HashMap::new(),
        })
    });
    ProgressListener::new(move |notice| {
        if *notice == ProgressEvent::Connected {
            is_asked.store(true, Ordering::Relaxed);
        }
        if let Some(display) = &display {
            display
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .draw(notice);
        }
    })
}

impl Display {
    fn draw(&mut self, notice: &ProgressEvent) {
        match notice {
            ProgressEvent::Connected | ProgressEvent::RequestEnded { .. } => {}
            ProgressEvent::Sending { file, sent, size } => {
                let name = file
                    .file_name()
                    .unwrap_or(file.as_os_str())
                    .to_string_lossy();
                let look = if columns() < WIDE { NARROW } else { UPLOAD };
                let line = self.line(&file.to_string_lossy(), || {
                    // A third of the terminal: the bar, the rate and the time left need the others.
                    ProgressBar::new(*size)
                        .with_style(style(look.begun))
                        .with_message(shortened(&without_controls(&name), columns() / 3))
                });
                if *sent == 0 {
                    line.reset_eta();
                    line.set_style(style(look.begun));
                } else if sent == size {
                    line.set_style(style(look.sent));
                } else if line.position() == 0 {
                    line.set_style(style(look.sending));
                }
                line.set_position(*sent);
            }
            ProgressEvent::SendingEnded { file } => self.end(&file.to_string_lossy()),
            ProgressEvent::Awaiting { what, seen, .. } => {
                let line = self.line(what, || ProgressBar::no_length().with_style(style(WAIT)));
                let told = |text: &str| without_controls(text).replace('\n', " ");
                line.set_prefix(shortened(&told(seen), columns() / 2));
                line.set_message(told(&format!("waiting for {what}")));
            }
            ProgressEvent::AwaitingEnded { what } => self.end(what),
        }
    }

    /// The line about something. A new one is all there before it is added, as it may be drawn from then on.
    fn line(&mut self, about: &str, new: impl FnOnce() -> ProgressBar) -> &ProgressBar {
        let new = || {
            let line = self.screen.add(new());
            line.enable_steady_tick(TICK);
            line
        };
        self.lines.entry(about.to_owned()).or_insert_with(new)
    }

    /// What is over leaves no line behind: the result tells it.
    fn end(&mut self, about: &str) {
        if let Some(line) = self.lines.remove(about) {
            line.finish_and_clear();
        }
    }
}

/// How wide the terminal is.
fn columns() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    size.map_or(usize::MAX, |(columns, _)| usize::from(columns.0))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
