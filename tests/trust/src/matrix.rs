//! The matrix: every task, with every fault at every request.

use mrp_lab::Sessions;

use crate::case::{self, DisturbedEnd, Finding, Target, Title};
use crate::checks;
use crate::faults::{self, Fault, NamedFault, Span};
use crate::proxy::{Injection, Script};
use crate::tasks::Task;
use crate::workbench::{CleanRun, Manner, Workbench};

pub(crate) const GROUP: &str = "faults";

/// A fault at a request of a task.
#[derive(Clone, Debug)]
pub(crate) struct FaultCase {
    pub(crate) task: usize,
    pub(crate) sessions: Sessions,
    pub(crate) fault: NamedFault,
    position: usize,
    span: Span,
}

/// For runs whose fault is noticed only by its stall.
const IMPATIENT: Manner = Manner {
    timeout: 0.5,
    retries: 2,
    wait: 3.0,
};

const USUAL: Manner = Manner {
    timeout: 20.0,
    retries: 2,
    wait: 3.0,
};

/// Every fault at every request of a task: once, and where it is one of the connection or of the server, also from there on.
pub(crate) fn cases(task: usize, sessions: Sessions, clean: &CleanRun) -> Vec<FaultCase> {
    let mut cases = Vec::new();
    for (position, exchange) in clean.exchanges.iter().enumerate() {
        let mut add = |fault: NamedFault, span| {
            cases.push(FaultCase {
                task,
                sessions,
                fault,
                position,
                span,
            });
        };
        for fault in faults::general() {
            add(fault.clone(), Span::Once);
            if fault.fault != Fault::Huge {
                add(fault, Span::Lasting);
            }
        }
        for fault in faults::of_answer(&exchange.answer) {
            add(fault, Span::Once);
        }
    }
    cases
}

pub(crate) fn run(
    bench: &Workbench<'_>,
    task: &Task,
    clean: &CleanRun,
    case: &FaultCase,
) -> Finding {
    let before = bench.prepare(task);
    let fault = &case.fault.fault;
    let proxy = bench.proxy(Script {
        injection: Some(Injection {
            position: case.position,
            span: case.span,
            fault: fault.clone(),
        }),
        hook: None,
    });
    let manner = if fault.takes_time() { IMPATIENT } else { USUAL };
    let ending = bench.start(task, &proxy.url(), manner).end();
    let exchanges = proxy.settle();
    drop(proxy);
    let mut violations = Vec::new();
    violations.extend(checks::check_fault_is_met(
        fault,
        case.position,
        &clean.exchanges,
        &exchanges,
        ending.succeeded,
    ));
    if ending.result.is_some() {
        violations.extend(checks::check_message(&ending, &exchanges));
    }
    let succeeded = ending.succeeded;
    let end = DisturbedEnd {
        ending,
        exchanges,
        killed: false,
    };
    violations.extend(case::examine(bench, task, clean, &before, &end));
    let request = &clean.exchanges[case.position];
    let path = request.path.split('?').next().unwrap_or_default();
    let target = Target {
        method: request.method.clone(),
        path: path.to_owned(),
    };
    let title = Title {
        group: GROUP,
        row: case.fault.name.clone(),
        task: task.name,
        sessions: case.sessions,
        place: format!(
            "{:?} {:?} at request {}, {} {}",
            fault,
            case.span,
            case.position + 1,
            request.method,
            request.path
        ),
        fault: Some((fault.clone(), target)),
        succeeded,
        acts_anew: task.acts_anew,
        waits: task.waits(),
    };
    Finding { title, violations }
}
