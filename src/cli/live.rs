//! What is under way, on a terminal: a bar for an upload, a line for a wait.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::text::{shortened, without_controls};
use crate::api::{Notice, Watcher};

/// How often a line is drawn while nothing is heard.
const TICK: Duration = Duration::from_millis(250);
/// Nothing is known of the rate yet.
const BEGUN: &str = "{msg} {wide_bar} {bytes}/{total_bytes}";
const UPLOAD: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
/// The server works on it, and does not say how far it is.
const UPLOADED: &str = "{msg} {bytes} sent, waiting for the server {elapsed}";
const WAIT: &str = "{spinner} ({elapsed}) {wide_msg}";

/// The lines on the terminal, by what they are about.
struct Display {
    screen: MultiProgress,
    lines: HashMap<String, ProgressBar>,
}

/// Who notes that the server is asked, and draws what is under way where standard error is a terminal.
pub(super) fn watcher(is_asked: Arc<AtomicBool>) -> Watcher {
    let display = std::io::stderr().is_terminal().then(|| {
        Mutex::new(Display {
            screen: MultiProgress::new(),
            lines: HashMap::new(),
        })
    });
    Watcher::new(move |notice| {
        if *notice == Notice::Connected {
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
    fn draw(&mut self, notice: &Notice) {
        match notice {
            Notice::Connected => {}
            Notice::Sending { file, sent, size } => {
                let name = file
                    .file_name()
                    .unwrap_or(file.as_os_str())
                    .to_string_lossy();
                let line = self.line(&file.to_string_lossy(), || {
                    ProgressBar::new(*size)
                        .with_style(style(BEGUN))
                        .with_message(shortened(&without_controls(&name), room_for_name()))
                });
                if *sent == 0 {
                    line.reset_eta();
                    line.set_style(style(BEGUN));
                } else if sent == size {
                    line.set_style(style(UPLOADED));
                } else if line.position() == 0 {
                    line.set_style(style(UPLOAD));
                }
                line.set_position(*sent);
            }
            Notice::SendingEnded { file } => self.end(&file.to_string_lossy()),
            Notice::Awaiting { what, seen, .. } => {
                let line = self.line(what, || ProgressBar::no_length().with_style(style(WAIT)));
                let told = format!("waiting for {what}: {seen}").replace('\n', " ");
                line.set_message(without_controls(&told));
            }
            Notice::AwaitingEnded { what } => self.end(what),
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

/// A third of the terminal: the bar, the rate and the time left need the others.
fn room_for_name() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    size.map_or(usize::MAX, |(columns, _)| usize::from(columns.0) / 3)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
