//! Many tasks of one kind together: planned side by side, applied in their order, awaited in one round.

use std::collections::HashSet;
use std::time::Duration;

use super::plan::{Course, Event, Halted, Outcome, Plan, Task};
use super::{TaskError, parallel};
use crate::api::{Reader, Writer};

/// What planning one task came to.
type Planned<T> = Result<Plan<<T as Task>::Op, <T as Task>::Report>, TaskError>;

/// What applying the plan of one task came to.
type Applied<T> = Result<Outcome<<T as Task>::Report>, Box<Halted>>;

/// Plans all tasks; each knows only what the server has now, so no two may be about the same object.
pub fn plan_all<T>(reader: &Reader, tasks: &[T]) -> Vec<Planned<T>>
where
    T: Task + Sync,
    T::Op: Send,
    T::Report: Send,
{
    let mut plans = parallel::map(tasks, |task| task.plan(reader));
    refuse_second_plans(&mut plans);
    T::settle(&mut plans);
    plans
}

/// Applies the plans in their order. Where one has to wait, the others go on; then all that wait are looked at in turn,
/// until none is left. With `fail_fast` nothing is begun any more once one has failed.
pub fn apply_all<T: Task>(
    writer: &Writer,
    plans: Vec<Planned<T>>,
    fail_fast: bool,
    mut tell: impl FnMut(Event),
) -> Vec<Applied<T>> {
    let mut courses: Vec<Result<Course<T>, TaskError>> = plans
        .into_iter()
        .map(|plan| plan.map(Course::new))
        .collect();
    let mut stopped = fail_fast && courses.iter().any(Result::is_err);
    while !stopped {
        let mut pause: Option<Duration> = None;
        for course in courses
            .iter_mut()
            .flatten()
            .filter(|course| !course.has_failed())
        {
            let wanted = course.advance(writer, &mut tell);
            pause = [pause, wanted].into_iter().flatten().min();
            stopped = fail_fast && course.has_failed();
            if stopped {
                break;
            }
        }
        match pause {
            Some(pause) if !stopped => writer.clock().sleep(pause),
            _ => break,
        }
    }
    courses
        .into_iter()
        .map(|course| end(course, stopped))
        .collect()
}

fn end<T: Task>(course: Result<Course<T>, TaskError>, stopped: bool) -> Applied<T> {
    match course {
        Ok(course) if stopped => course.abandon(),
        Ok(course) => course.end(),
        Err(error) => Err(Box::new(Halted::before_the_first_step(error))),
    }
}

/// A plan is made from what the server has before any of them is applied; a second one for the same object would be
/// wrong by the time it is applied.
fn refuse_second_plans<Op, Report>(plans: &mut [Result<Plan<Op, Report>, TaskError>]) {
    let mut targets = HashSet::new();
    for plan in plans {
        let Ok(made) = plan else { continue };
        let own: HashSet<String> = made
            .steps
            .iter()
            .map(|planned| planned.step.target.clone())
            .collect();
        match own.iter().find(|target| targets.contains(*target)) {
            Some(target) => {
                let sentence = format!("{target} is in the list twice, with different wishes");
                *plan = Err(TaskError::Refused(sentence));
            }
            None => targets.extend(own),
        }
    }
}
