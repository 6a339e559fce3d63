//! From a call to what a person gets to see of its result.

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::ansible::{Failure, Success};
use crate::cli::commands::status;
use crate::cli::output::show;
use crate::cli::output::show::Page;
use crate::cli::output::text::text_of;
use crate::cli::output::{markup, terminal};
use crate::cli::request::Request;
use crate::cli::{USAGE, not_found};
use crate::modules::options::connection;

/// A server is not to be asked without a pause.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

type Outcome = Result<Success, Failure>;

/// Asks the module and tells what came of it, once or again and again.
pub(crate) fn answer(request: &Request) -> ExitCode {
    match request.pause() {
        None => tell(request, ask(request)),
        Some(Ok(pause)) => watch(request, pause),
        Some(Err(failure)) => tell(request, Err(failure)),
    }
}

fn ask(request: &Request) -> Outcome {
    not_found::require(request, request.command.module.answer(&request.call))
}

/// What fails at first is not going to get better; what fails later may.
fn watch(request: &Request, pause: Duration) -> ExitCode {
    let mut outcome = ask(request);
    let mut goes_on = outcome.is_ok();
    loop {
        terminal::clear();
        let failed = outcome.is_err();
        let told = tell(request, outcome);
        goes_on &= failed || told == ExitCode::SUCCESS;
        if !goes_on {
            return told;
        }
        std::thread::sleep(pause);
        outcome = ask(request);
    }
}

fn tell(request: &Request, outcome: Outcome) -> ExitCode {
    let failure = outcome
        .as_ref()
        .err()
        .map(|failure| request.in_words_to_type(failure));
    let result = request.call.result(request.command.module.spec, outcome);
    let told = if request.json {
        terminal::print(&show::json(&result))
    } else {
        request.warn(&result["warnings"]);
        match &failure {
            None => terminal::print(&show::result(request.command, &result, request.page())),
            Some(failure) => {
                let done = terminal::print(&show::done(&result, request.page()));
                match show::failures(request.command, &result) {
                    None => terminal::complain(failure),
                    Some((count, items)) => {
                        terminal::complain(&Failure::new(count));
                        terminal::tell(&items);
                    }
                }
                terminal::tell_response(result["server_response"].as_str());
                done
            }
        }
    };
    match failure {
        None => told,
        Some(_) if request.is_asked() => ExitCode::FAILURE,
        // What is refused for itself, whatever the server has, was called wrongly.
        Some(_) => ExitCode::from(USAGE),
    }
}

impl Request {
    fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }

    fn warn(&self, warnings: &serde_json::Value) {
        let warnings = warnings.as_array().into_iter().flatten();
        let typed =
            warnings.map(|warning| markup::typed(&text_of(warning), self.command.module.spec));
        terminal::warn(&typed.collect());
    }

    /// Hints are about options, and so is what fails before the server is asked; other sentences have names of its objects.
    fn in_words_to_type(&self, failure: &Failure) -> Failure {
        let module = self.command.module;
        let failure = terminal::scrubbed(module, &self.call, failure);
        let typed = |sentence: &str| markup::typed(sentence, module.spec);
        Failure {
            hint: failure.hint.as_deref().map(typed),
            message: match self.is_asked() {
                true => failure.message,
                false => typed(&failure.message),
            },
            ..Failure::default()
        }
    }

    /// The time between two looks, where it is to be shown again and again.
    fn pause(&self) -> Option<Result<Duration, Failure>> {
        let option = |name| self.call.options.get(name);
        let seconds = option(status::INTERVAL).and_then(serde_json::Value::as_f64)?;
        let watches = option(status::WATCH).and_then(serde_json::Value::as_bool)?;
        watches.then(|| match connection::seconds(status::INTERVAL, seconds)? {
            pause if pause < LEAST_PAUSE => Err(Failure::new(format!(
                "{} must be at least {} seconds with {}, not {seconds}",
                status::INTERVAL,
                LEAST_PAUSE.as_secs_f64(),
                status::WATCH,
            ))),
            pause => Ok(pause),
        })
    }

    fn page(&self) -> Page {
        let size = terminal::size();
        let watches = matches!(self.pause(), Some(Ok(_)));
        Page {
            width: size.map(|(columns, _)| columns),
            // One line for the cursor.
            height: size
                .filter(|_| watches)
                .map(|(_, lines)| usize::from(lines).saturating_sub(1)),
            is_check: self.call.check_mode,
            is_diff: self.call.diff_mode,
        }
    }
}
