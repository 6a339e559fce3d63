//! The cases of all groups, and the clean runs that they are compared with.

use std::collections::BTreeMap;

use mrp_lab::Sessions;

use crate::case::Finding;
use crate::pool::SESSIONS;
use crate::settings::Settings;
use crate::tasks::Task;
use crate::workbench::{CleanRun, Workbench};
use crate::{kills, matrix, pool, races};

/// A run of each task without faults, in both kinds of sessions.
pub(crate) fn clean_runs(settings: &Settings, tasks: &[Task]) -> CleanRuns {
    let mut items = Vec::new();
    for sessions in SESSIONS {
        items.extend((0..tasks.len()).map(|task| (sessions, task)));
    }
    let mut runs = CleanRuns::new();
    pool::run(
        settings.workers,
        &settings.program,
        &items,
        |(sessions, _)| *sessions,
        |bench, (sessions, task)| {
            let run = bench.run_clean(&tasks[*task]);
            ((*task, *sessions == Sessions::One), run)
        },
        |(key, run)| drop(runs.insert(key, run)),
    );
    runs
}

/// By task and whether all requests share a session.
pub(crate) type CleanRuns = BTreeMap<(usize, bool), CleanRun>;

/// A case of any group.
pub(crate) enum Case {
    Fault(matrix::FaultCase),
    Signal(kills::SignalCase),
    Race(races::RaceCase),
}

impl Case {
    pub(crate) fn sessions(&self) -> Sessions {
        match self {
            Case::Fault(case) => case.sessions,
            Case::Signal(case) => case.sessions,
            Case::Race(case) => case.sessions,
        }
    }

    fn task(&self) -> usize {
        match self {
            Case::Fault(case) => case.task,
            Case::Signal(case) => case.task,
            Case::Race(case) => case.task,
        }
    }

    pub(crate) fn run(&self, bench: &Workbench<'_>, tasks: &[Task], clean: &CleanRuns) -> Finding {
        let task = &tasks[self.task()];
        let clean = &clean[&(self.task(), self.sessions() == Sessions::One)];
        match self {
            Case::Fault(case) => matrix::run(bench, task, clean, case),
            Case::Signal(case) => kills::run(bench, task, clean, case),
            Case::Race(case) => races::run(bench, task, clean, case),
        }
    }
}

/// The cases that the settings take, of all groups.
pub(crate) fn all_cases(settings: &Settings, clean: &CleanRuns) -> Vec<Case> {
    let tasks = clean.len() / 2;
    let requests = |sessions, task| clean[&(task, sessions == Sessions::One)].exchanges.len();
    let faults = clean.iter().flat_map(|((task, one), clean)| {
        let sessions = if *one {
            Sessions::One
        } else {
            Sessions::Request
        };
        matrix::cases(*task, sessions, clean)
    });
    let faults = faults.filter(|case| case.fault.name.starts_with(&settings.row));
    let faults = faults.step_by(settings.part).map(Case::Fault);
    let signals = kills::cases(settings.points, requests, tasks);
    let races = races::cases(settings.rounds, tasks);
    let mut cases = Vec::new();
    let takes = |group: &str| group.starts_with(&settings.group);
    if takes(matrix::GROUP) {
        cases.extend(faults);
    }
    if takes(kills::GROUP) {
        cases.extend(signals.into_iter().map(Case::Signal));
    }
    if takes(races::GROUP) {
        cases.extend(races.into_iter().map(Case::Race));
    }
    cases
}
