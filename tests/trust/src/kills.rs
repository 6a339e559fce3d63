//! Signals: at random times, and aimed at the moments of a request.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use mrp_lab::Sessions;
use rustix::process::Signal;

use crate::case::{self, DisturbedEnd, Finding, Title};
use crate::checks;
use crate::ending::send_signal;
use crate::pool::SESSIONS;
use crate::proxy::{Moment, Script};
use crate::random::Random;
use crate::tasks::Task;
use crate::workbench::{CleanRun, Manner, Workbench};

pub(crate) const GROUP: &str = "signals";

const SIGNALS: [(Signal, &str); 4] = [
    (Signal::KILL, "SIGKILL"),
    (Signal::TERM, "SIGTERM"),
    (Signal::INT, "SIGINT"),
    (Signal::HUP, "SIGHUP"),
];

const MOMENTS: [Moment; 3] = [Moment::Arrived, Moment::Done, Moment::Answered];

/// When a program gets a signal.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// After this part of the time of a run without a signal.
    Time(f64),
    /// At a moment of the request of this number.
    Request(usize, Moment),
}

/// A signal at a point of a task.
#[derive(Clone, Debug)]
pub(crate) struct SignalCase {
    pub(crate) task: usize,
    pub(crate) sessions: Sessions,
    signal: (Signal, &'static str),
    point: Point,
}

/// For each signal this number of random points, and as many aimed ones, over all tasks and both kinds of sessions.
pub(crate) fn cases(
    points: usize,
    requests: impl Fn(Sessions, usize) -> usize,
    tasks: usize,
) -> Vec<SignalCase> {
    let mut random = Random::new(1);
    let mut cases = Vec::new();
    for signal in SIGNALS {
        for number in 0..2 * points {
            // All tasks in turn, each in both kinds of sessions.
            let task = number / 2 % tasks;
            let sessions = SESSIONS[random.below(2)];
            let point = match number % 2 {
                0 => Point::Time(random.fraction()),
                _ => {
                    let request = random.below(requests(sessions, task));
                    Point::Request(request, MOMENTS[random.below(3)])
                }
            };
            cases.push(SignalCase {
                task,
                sessions,
                signal,
                point,
            });
        }
    }
    cases
}

/// The process id of a program, for the thread that sends it the signal.
#[derive(Clone, Default)]
struct Target(Arc<(Mutex<Option<u32>>, Condvar)>);

impl Target {
    fn set(&self, pid: u32) {
        let (known, changed) = &*self.0;
        *known.lock().unwrap_or_else(PoisonError::into_inner) = Some(pid);
        changed.notify_all();
    }

    fn wait(&self) -> u32 {
        let (known, changed) = &*self.0;
        let pid = known.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = changed.wait_while(pid, |pid| pid.is_none());
        pid.unwrap_or_else(PoisonError::into_inner)
            .unwrap_or_default()
    }
}

/// How the signalled run is made.
const MANNER: Manner = Manner {
    timeout: 20.0,
    retries: 2,
    wait: 20.0,
};

pub(crate) fn run(
    bench: &Workbench<'_>,
    task: &Task,
    clean: &CleanRun,
    case: &SignalCase,
) -> Finding {
    let before = bench.prepare(task);
    let (signal, name) = case.signal;
    let target = Target::default();
    let proxy = bench.proxy(Script {
        injection: None,
        hook: aimed(case, &target),
    });
    let running = bench.start(task, &proxy.url(), MANNER);
    target.set(running.pid());
    let mut had_begun = true;
    if let Point::Time(part) = case.point {
        thread::sleep(clean.duration.mul_f64(part));
        had_begun = handles(running.pid(), signal);
        send_signal(running.pid(), signal);
    }
    let ending = running.end();
    let exchanges = proxy.settle();
    drop(proxy);
    let killed = ending.signal == Some(signal.as_raw());
    let succeeded = ending.succeeded;
    let mut violations = Vec::new();
    if killed && signal != Signal::KILL {
        violations.push(checks::silent_end(had_begun || !exchanges.is_empty()));
    }
    if ending.failed() {
        violations.extend(checks::check_signal_message(&ending, name));
    }
    let end = DisturbedEnd {
        ending,
        exchanges,
        killed,
    };
    violations.extend(case::examine(bench, task, clean, &before, &end));
    let kind = match case.point {
        Point::Time(_) => "random",
        Point::Request(..) => "aimed",
    };
    let title = Title {
        group: GROUP,
        row: format!("{name}, {kind}"),
        task: task.name,
        sessions: case.sessions,
        place: format!("{name} at {:?}", case.point),
        fault: None,
        succeeded,
        acts_anew: task.acts_anew,
        waits: task.waits(),
    };
    Finding { title, violations }
}

/// Whether a program handles a signal by now. One that has ended does not.
fn handles(pid: u32, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or_default() >> (signal.as_raw() - 1) & 1 != 0
}

/// Sends the signal at the moment that the case names.
fn aimed(case: &SignalCase, target: &Target) -> Option<Box<dyn Fn(usize, Moment) + Send + Sync>> {
    let Point::Request(request, moment) = case.point else {
        return None;
    };
    let (signal, _) = case.signal;
    let target = target.clone();
    Some(Box::new(move |number, reached| {
        if (number, reached) == (request, moment) {
            send_signal(target.wait(), signal);
            // Long enough for the program to notice the signal before it notices what comes next, most of the time.
            thread::sleep(Duration::from_millis(if number % 2 == 0 { 0 } else { 5 }));
        }
    }))
}
