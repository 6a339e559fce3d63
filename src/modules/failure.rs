//! From a task's error to a module's failure: one sentence and a hint.

use crate::ansible::Failure;
use crate::client;
use crate::support::markup;
use crate::task::TaskError;

impl From<TaskError> for Failure {
    fn from(error: TaskError) -> Failure {
        let hint = error.hint();
        // An id is given by another option for each kind of object, so that hint names none.
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
