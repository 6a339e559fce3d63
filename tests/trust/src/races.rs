//! Races: two and eight runs of a task at once.

use std::thread;
use std::time::Duration;

use mrp_lab::Sessions;

use crate::case::{self, Finding, Title};
use crate::checks;
use crate::ending::Ending;
use crate::pool::SESSIONS;
use crate::proxy::Script;
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

pub(crate) fn run(
    bench: &Workbench<'_>,
    task: &Task,
    clean: &CleanRun,
    case: &RaceCase,
) -> Finding {
    let before = bench.prepare(task);
    let seed = case.seed;
    // Each request is held up for a moment, so that the runs mix in another way in each round.
    let proxy = bench.proxy(Script {
        injection: None,
        hook: Some(Box::new(move |number, _| {
            let number = u64::try_from(number).unwrap_or_default();
            let pause = Random::new(seed << 32 | number).below(6);
            thread::sleep(Duration::from_millis(
                u64::try_from(pause).unwrap_or_default(),
            ));
        })),
    });
    let url = proxy.url();
    let running: Vec<_> = (0..case.runs)
        .map(|_| bench.start(task, &url, MANNER))
        .collect();
    let endings: Vec<Ending> = running.into_iter().map(|running| running.end()).collect();
    proxy.settle();
    drop(proxy);
    let after = bench.settled();
    let mut violations = Vec::new();
    for ending in &endings {
        violations.extend(checks::check_output(task, ending));
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
    };
    Finding { title, violations }
}
