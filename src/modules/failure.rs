//! From a task's error to a module's failure: one sentence and a hint.

use crate::ansible::Failure;
use crate::client;
use crate::support::markup;
use crate::task::TaskError;

impl From<TaskError> for Failure {
    fn from(error: TaskError) -> Failure {
        let hint = error.hint().map(str::to_owned);
        // The hint of an ambiguous name says to give the id. The option for that differs between kinds of objects, so the
        // hint has no option in markup and `names_option` does not recognize it.
        let hint_names_option = matches!(error, TaskError::Ambiguous { .. })
            || hint.as_deref().is_some_and(markup::names_option);
        Failure {
            hint,
            hint_names_option,
            server_response: error.server_response().map(str::to_owned),
            ..Failure::new(error.to_string())
        }
    }
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Failure {
        TaskError::from(error).into()
    }
}
