//! Idempotent tasks: compare a desired state with the server's, make a plan, apply the plan.
//!
//! Every task is a specification that implements [`Task`]. [`Task::plan`] takes a `ReadOnlyClient`, which has no writing
//! request, so planning is always safe: the result of check mode is the plan. [`Task::apply_step`] carries out one
//! planned operation with a `Client` and reads back whether it took effect, because the server drops unknown fields
//! silently. [`apply()`] runs a whole plan and records which steps were done.

mod apply;
mod batch;
mod error;
mod known_names;
mod lookup;
mod ownership;
mod parallel;
mod plan;
mod verify;
mod wait;

#[cfg(feature = "cli")]
pub(crate) mod account;
pub(crate) mod assignee;
pub(crate) mod console;
pub(crate) mod image;
pub(crate) mod interface;
pub(crate) mod list;
pub(crate) mod machine;
pub(crate) mod network;
pub(crate) mod power;
pub(crate) mod preseed;
pub(crate) mod reservation;
pub(crate) mod template;

pub(crate) use apply::{StepEvent, apply};
pub(crate) use batch::{apply_all, plan_all, predict_all};
pub(crate) use error::{Result, TaskError};
pub(crate) use plan::{
    Action, PartialOutcome, Plan, PlanResult, PlannedStep, Step, StepOutcome, StepResult, Task,
    TaskOutcome,
};
pub(crate) use wait::{OngoingWait, WaitLimits};
