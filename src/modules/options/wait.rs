//! The options of waits: whether, how long and how often.

use serde::Deserialize;

use crate::ansible::{Call, Failure, Kind, Opt};
use crate::modules::options::connection;
use crate::task::WaitLimits;

/// The longest pause between two requests of a wait, the same for every module that waits.
pub(crate) const INTERVAL: Opt = Opt::new("wait_interval", Kind::Float)
    .default_float("10")
    .about(&["Longest pause between two looks, in seconds. The first pauses are shorter."]);

#[derive(Deserialize)]
struct WaitOptions {
    wait: bool,
    wait_timeout: f64,
    wait_interval: f64,
}

/// The limits of the wait; None where the task does not wait.
pub(crate) fn limits(call: &Call) -> Result<Option<WaitLimits>, Failure> {
    let options: WaitOptions = call.options();
    let wait = WaitLimits {
        timeout: connection::seconds("wait_timeout", options.wait_timeout)?,
        interval: connection::seconds("wait_interval", options.wait_interval)?,
    };
    Ok(options.wait.then_some(wait))
}
