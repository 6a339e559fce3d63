//! Many tasks of one kind together: planned side by side, applied in their order, awaited in one round.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::client::{Client, ReadOnlyClient};
use crate::task::apply::{Event, Execution};
use crate::task::plan::{Halted, Outcome, Plan, Planning, Task};
use crate::task::{TaskError, parallel};

/// Why an item is not carried on that did not fail itself.
const ANOTHER_FAILED: &str = "another item failed and fail_fast is set";
const ALL_WOULD_FAIL: &str = "another item failed as all of them would";

/// What applying the plan of one task came to.
type Applied<T> = Result<Outcome<<T as Task>::Report>, Box<Halted>>;

/// Plans all tasks; each knows only what the server has now, so no two may be about the same object. Once one fails at
/// what all need, the server is asked for no other.
pub fn plan_all<T>(client: &ReadOnlyClient, tasks: &[T]) -> Vec<Planning<T>>
where
    T: Task + Sync,
    T::Op: Send,
    T::Report: Send,
{
    let all_would_fail = AtomicBool::new(false);
    let mut plans = parallel::map(tasks, |task| {
        if all_would_fail.load(Ordering::Relaxed) {
            return Err(TaskError::Abandoned(ALL_WOULD_FAIL));
        }
        let plan = task.plan(client);
        all_would_fail.fetch_or(concerns_all(&plan), Ordering::Relaxed);
        plan
    });
    for plan in plans.iter_mut().filter(|plan| concerns_all(plan)).skip(1) {
        *plan = Err(TaskError::Abandoned(ALL_WOULD_FAIL));
    }
    refuse_repeated(tasks, &mut plans);
    T::settle(&mut plans);
    plans
}

/// What [`apply_all`] would come to, with nothing done: check mode.
pub fn pretend_all<T: Task>(plans: Vec<Planning<T>>, fail_fast: bool) -> Vec<Applied<T>> {
    match reason_to_stop(&plans, |_| false, fail_fast) {
        None => plans
            .into_iter()
            .map(|plan| plan.map(Plan::pretend).map_err(Halted::unplanned))
            .collect(),
        stop => courses::<T>(plans)
            .into_iter()
            .map(|course| end(course, stop))
            .collect(),
    }
}

/// Applies the plans in their order. Where one has to wait, the others go on; then all that wait are looked at side by
/// side, again and again until none is left. With `fail_fast` nothing is begun any more once one has failed.
pub fn apply_all<T>(
    client: &Client,
    plans: Vec<Planning<T>>,
    fail_fast: bool,
    tell: impl Fn(Event) + Sync,
) -> Vec<Applied<T>>
where
    T: Task,
    T::Op: Send,
    T::Report: Send,
{
    let mut courses = courses::<T>(plans);
    let mut pause = Duration::ZERO;
    let stop = loop {
        let stop = go_on(client, &mut courses, fail_fast, &tell);
        let waiting = courses.iter_mut().flatten().filter(|it| it.is_waiting());
        let waiting: Vec<&mut Execution<T>> = waiting.collect();
        if stop.is_some() || waiting.is_empty() {
            break stop;
        }
        client.clock().sleep(pause);
        let pauses = parallel::map(waiting, |course| course.step(client, &tell));
        pause = pauses.into_iter().flatten().min().unwrap_or_default();
    };
    courses
        .into_iter()
        .map(|course| end(course, stop))
        .collect()
}

fn courses<T: Task>(plans: Vec<Planning<T>>) -> Vec<Result<Execution<T>, TaskError>> {
    plans
        .into_iter()
        .map(|plan| plan.map(Execution::new))
        .collect()
}

/// Carries each on in its turn, as far as it comes without a wait, unless there is a reason to stop.
fn go_on<T: Task>(
    client: &Client,
    courses: &mut [Result<Execution<T>, TaskError>],
    fail_fast: bool,
    tell: &impl Fn(Event),
) -> Option<&'static str> {
    let stop = |courses: &_| reason_to_stop(courses, Execution::has_failed, fail_fast);
    for index in 0..courses.len() {
        if let Some(reason) = stop(courses) {
            return Some(reason);
        }
        if let Ok(course) = &mut courses[index] {
            course.go_on(client, tell);
        }
    }
    stop(courses)
}

/// Why nothing more is to be begun, if that is so.
fn reason_to_stop<Item>(
    items: &[Result<Item, TaskError>],
    has_failed: impl Fn(&Item) -> bool,
    fail_fast: bool,
) -> Option<&'static str> {
    let one_failed = || {
        items
            .iter()
            .any(|item| item.as_ref().is_ok_and(&has_failed))
    };
    if items.iter().any(concerns_all) {
        Some(ALL_WOULD_FAIL)
    } else if fail_fast && (items.iter().any(Result::is_err) || one_failed()) {
        Some(ANOTHER_FAILED)
    } else {
        None
    }
}

fn concerns_all<Item>(item: &Result<Item, TaskError>) -> bool {
    item.as_ref().is_err_and(TaskError::concerns_all)
}

fn end<T: Task>(course: Result<Execution<T>, TaskError>, stop: Option<&'static str>) -> Applied<T> {
    match (course, stop) {
        (Ok(course), Some(reason)) => course.abandon(reason),
        (Ok(course), None) => course.end(),
        (Err(error), _) => Err(Halted::unplanned(error)),
    }
}

/// A plan is made from what the server has before any of them is applied; a second one for the same object would be
/// wrong by the time it is applied, and which of the two is meant nobody can tell.
fn refuse_repeated<T: Task>(tasks: &[T], plans: &mut [Planning<T>]) {
    let objects_of = |(task, plan): (&T, &Planning<T>)| match plan {
        Ok(plan) => task.objects(plan).into_iter().collect(),
        Err(_) => BTreeSet::new(),
    };
    let objects: Vec<BTreeSet<String>> = tasks.iter().zip(&*plans).map(objects_of).collect();
    let mut items_with: HashMap<&str, usize> = HashMap::new();
    for object in objects.iter().flatten() {
        *items_with.entry(object).or_default() += 1;
    }
    for ((plan, own), task) in plans.iter_mut().zip(&objects).zip(tasks) {
        if own.iter().any(|object| items_with[object.as_str()] > 1) {
            let sentence = format!("{} is in the list more than once", task.title());
            *plan = Err(TaskError::Refused(sentence));
        }
    }
}
