//! Races: two and eight runs of a task at once.

use std::thread;
use std::time::Duration;

use mrp_lab::Sessions;

use crate::case::{self, Finding, Title};
use crate::checks;
use crate::ending::{Ending, Running};
use crate::pool::SESSIONS;
use crate::proxy::{Proxy, Script};
use crate::random::Random;
use crate::tasks::Task;
use crate::workbench::{CleanRun, Manner, Workbench};

pub(crate) const GROUP: &str = "races";

const RUNS: [usize; 2] = [2, 8];

/// Equal runs at once.
#[derive(Clone, Debug)]
pub(crate) struct RaceCase {
    pub(crate) task: usize,
    pub(crate) sessions: Sessions,
    runs: usize,
    seed: u64,
}

/// This number of rounds of each task, for each number of runs and both kinds of sessions.
pub(crate) fn cases(rounds: usize, tasks: usize) -> Vec<RaceCase> {
    let mut cases = Vec::new();
    for round in 0..rounds {
        for task in 0..tasks {
            for sessions in SESSIONS {
                for runs in RUNS {
                    cases.push(RaceCase {
                        task,
                        sessions,
                        runs,
                        seed: u64::try_from(round).unwrap_or_default(),
                    });
                }
            }
        }
    }
    cases
}

/// For runs that wait for each other.
const MANNER: Manner = Manner {
    timeout: 60.0,
    retries: 2,
    wait: 60.0,
};

/// In a race a machine installs long enough for the other runs to see it.
const INSTALL_SECONDS: f64 = 1.0;

pub(crate) fn run(
    bench: &Workbench<'_>,
    task: &Task,
    clean: &CleanRun,
    case: &RaceCase,
) -> Finding {
    let task = &Task {
        install_seconds: INSTALL_SECONDS.max(task.install_seconds),
        ..task.clone()
    };
    let before = bench.prepare(task);
    let proxies: Vec<Proxy> = (0..case.runs)
        .map(|run| bench.proxy(Script::delaying(case.seed << 8 | run as u64)))
        .collect();
    let running: Vec<_> = proxies
        .iter()
        .map(|proxy| bench.start(task, &proxy.url(), MANNER))
        .collect();
    let endings: Vec<Ending> = running.into_iter().map(Running::end).collect();
    let exchanges: Vec<_> = proxies.iter().map(Proxy::settle).collect();
    drop(proxies);
    let after = bench.settled();
    let mut violations = Vec::new();
    for (ending, exchanges) in endings.iter().zip(&exchanges) {
        violations.extend(checks::check_output(task, ending));
        if !task.acts_anew {
            violations.extend(checks::check_orders(exchanges));
        }
    }
    violations.extend(checks::check_race(clean, &before, &after, &endings));
    violations.extend(case::examine_repetitions(
        bench, task, clean, &before, &after, case.runs,
    ));
    let title = Title {
        group: GROUP,
        row: format!("{} runs at once", case.runs),
        task: task.name,
        sessions: case.sessions,
        place: format!("{} runs, round {}", case.runs, case.seed + 1),
        fault: None,
        succeeded: endings.iter().all(|ending| ending.succeeded),
        acts_anew: task.acts_anew,
        waits: task.waits(),
    };
    Finding { title, violations }
}

impl Script {
    /// Holds each request up for a moment, so that runs mix in another way with each seed.
    fn delaying(seed: u64) -> Script {
        Script {
            injection: None,
            hook: Some(Box::new(move |number, _| {
                let pause = Random::new(seed << 32 | number as u64).below(6);
                thread::sleep(Duration::from_millis(pause as u64));
            })),
        }
    }
}
