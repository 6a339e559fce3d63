//! From a call to a module's result: plan the task, apply the plan, or only predict it in check mode.

use serde::Serialize;

use crate::ansible::{Call, Failure, Kind, Opt, Success};
use crate::modules::batch_result;
use crate::modules::options::connection;
use crate::modules::result::{ToFields, partial_failure, record_step, serialize_fields, success};
use crate::task::{self, Task};

/// Plans what the call asks for and, outside check mode, applies the plan: of one task, or of each item of a list.
/// `to_task` makes a task from the options of one object.
pub(crate) fn run<T>(
    call: &Call,
    to_task: fn(&Call) -> Result<T, Failure>,
) -> Result<Success, Failure>
where
    T: Task,
    T::Report: Serialize,
{
    run_with_fields(call, to_task, serialize_fields)
}

/// Like `run`, but `to_fields` makes the keys of the result from the report, which is not serialized itself.
pub(crate) fn run_with_fields<T: Task>(
    call: &Call,
    to_task: fn(&Call) -> Result<T, Failure>,
    to_fields: ToFields<T::Report>,
) -> Result<Success, Failure> {
    let valid_task = |call: &Call| valid_task(call, to_task);
    match &call.items {
        None => run_one(call, &valid_task(call)?, to_fields),
        Some(items) => {
            let tasks = items
                .iter()
                .map(valid_task)
                .collect::<Result<Vec<T>, _>>()?;
            batch_result::run(call, &tasks, to_fields)
        }
    }
}

/// The task that a call asks for, if its options fit together.
fn valid_task<T: Task>(
    call: &Call,
    to_task: fn(&Call) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let task = to_task(call).and_then(|task| match task.require_valid_options() {
        Ok(()) => Ok(task),
        Err(error) => Err(Failure::from(error).into_invalid_call()),
    });
    task.map_err(|failure| failure.at(call.position.as_deref()))
}

fn run_one<T: Task>(
    call: &Call,
    task: &T,
    to_fields: ToFields<T::Report>,
) -> Result<Success, Failure> {
    let client = connection::connect(call)?;
    let plan = task.plan(&client.read_only().with_response_cache());
    let plan = plan.map_err(|error| error.without_guess_at(&call.yaml_texts))?;
    if call.check_mode {
        return Ok(success(plan.predicted_outcome(), to_fields));
    }
    match task::apply::<T>(&client, plan, &record_step) {
        Ok(outcome) => Ok(success(outcome, to_fields)),
        Err(halted) => Err(partial_failure(*halted)),
    }
}

/// The option that takes a list of objects, of which each has `options`.
pub(crate) const fn items(name: &'static str, options: &'static [&'static [Opt]]) -> Opt {
    Opt::new(name, Kind::Items(options)).about(&[
        "Several objects in one task, over one connection: a list of dictionaries with the options of a single one.",
        "Options outside the list are the defaults of every item. All items are checked before anything is done; then \
         they are read side by side, changed in their order, and awaited together.",
        "Two items for the same object are refused, whatever they ask for.",
    ])
}

/// What to do when one object of a list fails.
pub(crate) const FAIL_FAST: Opt = Opt::new("fail_fast", Kind::Bool).default_bool(false).about(&[
    "With a list, stop as soon as an item fails. Otherwise the others go on, and the task fails at the end and names \
     those that failed. Where the server cannot be reached, is in trouble or does not take the token, no further one is \
     begun either way.",
]);
