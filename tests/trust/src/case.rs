//! One case: a task that is disturbed, repeated twice without a disturbance, and examined.

use mrp_lab::{Sessions, Snapshot};

use crate::checks::{self, Disturbed, Repetition, Violation};
use crate::ending::Ending;
use crate::faults::Fault;
use crate::proxy::Exchange;
use crate::tasks::Task;
use crate::workbench::{CleanRun, Workbench};

/// What a case is called in the figures and in messages.
#[derive(Clone, Debug)]
pub(crate) struct Title {
    /// The group that it is counted in.
    pub(crate) group: &'static str,
    /// The row of its group.
    pub(crate) row: String,
    pub(crate) task: &'static str,
    pub(crate) sessions: Sessions,
    /// Where in the run, and what else repeats the case.
    pub(crate) place: String,
    /// The fault, where there is one, and the request that it is meant for.
    pub(crate) fault: Option<(Fault, Target)>,
    /// Whether the disturbed run succeeded.
    pub(crate) succeeded: bool,
    /// Whether each run of the task acts anew.
    pub(crate) acts_anew: bool,
    /// Whether the task waits for a machine.
    pub(crate) waits: bool,
}

/// A request, without its query.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) method: String,
    pub(crate) path: String,
}

/// What came out of a case.
pub(crate) struct Finding {
    pub(crate) title: Title,
    pub(crate) violations: Vec<Violation>,
}

/// The end of a disturbed run.
pub(crate) struct DisturbedEnd {
    pub(crate) ending: Ending,
    pub(crate) exchanges: Vec<Exchange>,
    /// Whether it was killed, so that it need not have printed anything.
    pub(crate) killed: bool,
}

/// Repeats the task, and checks everything.
pub(crate) fn examine(
    bench: &Workbench<'_>,
    task: &Task,
    clean: &CleanRun,
    before: &Snapshot,
    end: &DisturbedEnd,
) -> Vec<Violation> {
    let after = bench.settled();
    let run = Disturbed {
        ending: &end.ending,
        exchanges: &end.exchanges,
        before,
        after: &after,
    };
    let mut found = Vec::new();
    let is_silent = end.killed && end.ending.stdout.is_empty() && end.ending.stderr.is_empty();
    if !is_silent {
        found.extend(checks::check_output(task, &end.ending));
        found.extend(checks::check_changed(task, &run));
    }
    found.extend(examine_repetitions(bench, task, clean, before, &after, 1));
    found
}

/// Runs the task twice without faults after this number of disturbed runs, and checks that it ends as it does without a
/// disturbance.
pub(crate) fn examine_repetitions(
    bench: &Workbench<'_>,
    task: &Task,
    clean: &CleanRun,
    before: &Snapshot,
    after: &Snapshot,
    runs: usize,
) -> Vec<Violation> {
    let repeat = || {
        let (ending, after) = bench.run(task);
        Repetition { ending, after }
    };
    let (second, third) = (repeat(), repeat());
    let mut found = checks::check_repetitions(task, clean, before, after, runs, [&second, &third]);
    bench.lab.restart();
    found.extend(checks::check_stored(&third.after, &bench.lab.snapshot()));
    found
}
