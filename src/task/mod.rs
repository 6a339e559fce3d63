//! Idempotent tasks: what shall be, held against what the server has, makes a plan; applying the plan makes it so.
//!
//! Every task is a specification with two functions. [`Task::plan`] is handed a [`ReadOnlyClient`], which has no
//! writing request, so a plan is always safe to make: check mode is the plan, printed. [`Task::perform`]
//! carries out one planned operation with a [`Client`] and looks afterwards whether it took effect, because
//! the server drops unknown fields silently. `apply` runs a whole plan and keeps account of how far it came.

mod apply;
mod batch;
mod error;
mod lookup;
mod parallel;
mod plan;
mod verify;

pub mod assignee;
pub mod console;
pub mod image;
pub mod interface;
pub mod list;
pub mod machine;
pub mod network;
pub mod power;
pub mod preseed;
pub mod reservation;
mod wait;

pub use apply::{Event, apply};
pub use batch::{apply_all, plan_all, pretend_all};
pub use error::TaskError;
pub use plan::{
    Action, Halted, Outcome, Plan, Planned, Planning, Step, StepOutcome, Task, TextChange,
};
pub use wait::{Wait, Waiting};

#[allow(unused_imports, reason = "named by the documentation above")]
use crate::client::{Client, ReadOnlyClient};
