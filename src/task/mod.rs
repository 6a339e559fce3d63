//! Idempotent tasks: what shall be, held against what the server has, makes a plan; applying the plan makes it so.
//!
//! Every task is a specification with two functions. [`Task::plan`] is handed a [`Reader`], which has no
//! writing request, so a plan is always safe to make: check mode is the plan, printed. [`Task::perform`]
//! carries out one planned operation with a [`Writer`] and looks afterwards whether it took effect, because
//! the server drops unknown fields silently. [`apply`] runs a whole plan and keeps account of how far it came.

mod check;
mod course;
mod error;
mod lookup;
mod many;
mod parallel;
mod plan;

pub mod assignee;
pub mod console;
pub mod image;
pub mod info;
pub mod interface;
pub mod machine;
pub mod network;
pub mod power;
pub mod preseed;
pub mod reservation;
mod wait;

pub use course::{Event, apply};
pub use error::TaskError;
pub use many::{apply_all, plan_all, pretend_all};
pub use plan::{Action, Effect, Halted, Outcome, Plan, Planned, Planning, Step, Task, TextChange};
pub use wait::{Wait, Waiting};

#[allow(unused_imports, reason = "named by the documentation above")]
use crate::api::{Reader, Writer};
