//! Many tasks of one kind together: planned side by side, applied in their order, awaited in one round.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::course::{Course, Event};
use super::plan::{Halted, Outcome, Planning, Task};
use super::{TaskError, parallel};
use crate::api::{Reader, Writer};

/// What applying the plan of one task came to.
type Applied<T> = Result<Outcome<<T as Task>::Report>, Box<Halted>>;

/// Plans all tasks; each knows only what the server has now, so no two may be about the same object.
pub fn plan_all<T>(reader: &Reader, tasks: &[T]) -> Vec<Planning<T>>
where
    T: Task + Sync,
    T::Op: Send,
    T::Report: Send,
{
    let mut plans = parallel::map(tasks, |task| task.plan(reader));
    refuse_repeated(tasks, &mut plans);
    T::settle(&mut plans);
    plans
}

/// Applies the plans in their order. Where one has to wait, the others go on; then all that wait are looked at side by
/// side, again and again until none is left. With `fail_fast` nothing is begun any more once one has failed.
pub fn apply_all<T>(
    writer: &Writer,
    plans: Vec<Planning<T>>,
    fail_fast: bool,
    tell: impl Fn(Event) + Sync,
) -> Vec<Applied<T>>
where
    T: Task,
    T::Op: Send,
    T::Report: Send,
{
    let mut courses: Vec<Result<Course<T>, TaskError>> = plans
        .into_iter()
        .map(|plan| plan.map(Course::new))
        .collect();
    let mut pause = Duration::ZERO;
    let stopped = loop {
        let stopped = go_on(writer, &mut courses, fail_fast, &tell);
        let waiting = courses.iter_mut().flatten().filter(|it| it.is_waiting());
        let waiting: Vec<&mut Course<T>> = waiting.collect();
        if stopped || waiting.is_empty() {
            break stopped;
        }
        writer.clock().sleep(pause);
        let pauses = parallel::map(waiting, |course| course.step(writer, &tell));
        pause = pauses.into_iter().flatten().min().unwrap_or_default();
    };
    courses
        .into_iter()
        .map(|course| end(course, stopped))
        .collect()
}

/// Carries each on in its turn, as far as it comes without a wait, unless it is to stop.
fn go_on<T: Task>(
    writer: &Writer,
    courses: &mut [Result<Course<T>, TaskError>],
    fail_fast: bool,
    tell: &impl Fn(Event),
) -> bool {
    let has_failed =
        |course: &Result<Course<T>, _>| course.as_ref().map_or(true, Course::has_failed);
    let stops = |courses: &[Result<Course<T>, _>]| fail_fast && courses.iter().any(has_failed);
    for index in 0..courses.len() {
        if stops(courses) {
            return true;
        }
        if let Ok(course) = &mut courses[index] {
            course.go_on(writer, tell);
        }
    }
    stops(courses)
}

fn end<T: Task>(course: Result<Course<T>, TaskError>, stopped: bool) -> Applied<T> {
    match course {
        Ok(course) if stopped => course.abandon(),
        Ok(course) => course.end(),
        Err(error) => Err(Halted::unplanned(error)),
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
    for (plan, own) in plans.iter_mut().zip(&objects) {
        if let Some(object) = own.iter().find(|object| items_with[object.as_str()] > 1) {
            *plan = Err(TaskError::Refused(format!("{object} is in the list twice")));
        }
    }
}
