//! A task's error as what a user reads of it: one sentence, and a hint.

use crate::ansible::Failure;
use crate::task::TaskError;

/// A task's error before anything was done.
pub(crate) fn failure(error: TaskError) -> Failure {
    let mut failure = Failure::new(error.to_string());
    failure.hint = error.hint();
    failure.server_response = error.server_response().map(str::to_owned);
    failure
}

/// Whether a hint is about an option of the modules, which whoever stands for them under an old name may not have.
pub(crate) fn names_an_option(hint: &str) -> bool {
    hint.contains("the option ") || hint.contains("Give the id")
}

/// What went wrong with one of several, which its sentence may begin with.
pub(crate) fn about(title: &str, sentence: &str) -> String {
    match sentence.starts_with(title) {
        true => sentence.to_owned(),
        false => format!("{title}: {sentence}"),
    }
}
