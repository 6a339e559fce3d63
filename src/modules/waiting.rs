//! The options by which a task says whether and how long it waits.

use serde::Deserialize;

use super::connection;
use crate::ansible::{Failure, Kind, Opt};
use crate::task::Wait;

/// How often to look, the same for every module that waits.
pub(super) const INTERVAL: Opt = Opt::new("wait_interval", Kind::Float)
    .default_float("10")
    .about(&["Longest pause between two looks, in seconds. The first pauses are shorter."]);

#[derive(Deserialize)]
pub(super) struct Waiting {
    pub(super) wait: bool,
    wait_timeout: f64,
    wait_interval: f64,
}

impl Waiting {
    /// None where the task shall not wait.
    pub(super) fn limits(&self) -> Result<Option<Wait>, Failure> {
        let wait = Wait {
            timeout: connection::seconds("wait_timeout", self.wait_timeout)?,
            interval: connection::seconds("wait_interval", self.wait_interval)?,
        };
        Ok(self.wait.then_some(wait))
    }
}
