//! From a task to a module's result: the same keys for every module.

use serde::Serialize;

use crate::ansible::{Call, Failure, Kind, Opt, Return, Success};
use crate::modules::batch_result;
pub(crate) use crate::modules::failure::failure;
use crate::modules::options::connection;
pub(crate) use crate::modules::result::fields_of;
use crate::modules::result::{Tell, halfway, record, success};
use crate::task;
use crate::task::Task;

/// Plans what the call asks for and, outside check mode, applies the plan: of one task, or of each item of a list.
/// `task` makes a task of the options of one.
pub(crate) fn run<T>(call: &Call, task: fn(&Call) -> Result<T, Failure>) -> Result<Success, Failure>
where
    T: Task + Sync,
    T::Op: Send,
    T::Report: Serialize + Send,
{
    run_telling(call, task, fields_of)
}

/// The same, with other keys than the report has fields.
pub(crate) fn run_telling<T>(
    call: &Call,
    task: fn(&Call) -> Result<T, Failure>,
    tell: Tell<T::Report>,
) -> Result<Success, Failure>
where
    T: Task + Sync,
    T::Op: Send,
    T::Report: Send,
{
    let valid = |call: &Call| valid(call, task);
    match &call.items {
        None => run_one(call, &valid(call)?, tell),
        Some(items) => {
            let tasks = items.iter().map(valid).collect::<Result<Vec<T>, _>>()?;
            batch_result::run(call, &tasks, tell)
        }
    }
}

/// The task that a call asks for, if its options fit together.
fn valid<T: Task>(call: &Call, task: fn(&Call) -> Result<T, Failure>) -> Result<T, Failure> {
    let task = task(call).and_then(|task| {
        task.require_valid_options().map_err(failure)?;
        Ok(task)
    });
    task.map_err(|failure| failure.at(call.place.as_deref()))
}

fn run_one<T: Task>(call: &Call, task: &T, tell: Tell<T::Report>) -> Result<Success, Failure> {
    let client = connection::connect(call)?;
    let plan = task
        .plan(&client.read_only().with_response_cache())
        .map_err(failure)?;
    if call.check_mode {
        return Ok(success(plan.predicted_outcome(), tell));
    }
    match task::apply::<T>(&client, plan, record) {
        Ok(outcome) => Ok(success(outcome, tell)),
        Err(halted) => Err(halfway(*halted)),
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
     those that failed. Where the server cannot be reached, is in trouble or does not take the token while the items are \
     compared with it, no further one is begun either way.",
]);

/// The documentation of the key `plan`.
pub(crate) const PLAN: Return = Return::new("plan", "list")
    .returned("always, when there was something to plan")
    .about(
        "The steps that were done (in check mode: that would be), in their order. When the task failed half-way, \
         all steps, and C(done) and C(not_done) tell them apart.",
    )
    .contains(&[
        Return::new("action", "str").about("create, upload, update, delete, provision, reboot or wait."),
        Return::new("target", "str").about("What it was done to."),
        Return::new("why", "str").about("The reason."),
        Return::new("before", "dict").about("The fields that change, as they were."),
        Return::new("after", "dict").about("The same fields as they are now."),
    ]);

/// The documentation of the key `results`.
pub(crate) const RESULTS: Return = Return::new("results", "list")
    .returned("when a list was given")
    .about(
        "One entry an item, in their order, with C(item) (what it was about), C(changed) and the keys of the result for \
         a single object; of an item that failed or was abandoned also C(failed), C(msg) and C(hint). C(abandoned) is true \
         for one that did not fail itself and was not carried on because another did. C(plan), C(done) and \
         C(not_done) of the task are those of all items.",
    );
