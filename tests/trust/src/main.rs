//! `mrp-trust`: runs every module against faults, signals and races, checks what it says and does, and prints figures.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for a terminal"
)]

mod case;
mod checks;
mod ending;
mod exceptions;
mod faults;
mod http;
mod kills;
mod matrix;
mod pool;
mod proxy;
mod races;
mod random;
mod report;
mod secrets;
mod tally;
mod tasks;
mod watchdog;
mod workbench;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use case::Finding;
use mrp_lab::Sessions;
use pool::SESSIONS;
use tally::Tally;
use tasks::{Files, Task};
use workbench::{CleanRun, Workbench};

const HELP: &str = "usage: mrp-trust --program PATH [--part N] [--points N] [--rounds N] [--workers N] [--task NAME] [--group NAME] [--report PATH]

Runs the modules of the program at PATH, which is mrp-ansible, and exits with 1 when a rule was broken.
--part N takes only every Nth case of the faults.
--points N takes N random and N aimed points for each signal.
--rounds N takes N rounds of each race.
--task NAME takes only the tasks whose names begin so.
--group NAME takes only faults, signals or races.
--report PATH writes docs/trust.md there.
";

struct Settings {
    program: PathBuf,
    part: usize,
    points: usize,
    rounds: usize,
    workers: u8,
    task: String,
    group: String,
    report: Option<PathBuf>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(settings) = read(&words) else {
        eprint!("{HELP}");
        return ExitCode::from(2);
    };
    let files = Files::new();
    let mut tasks = tasks::all(&files);
    tasks.retain(|task| task.name.starts_with(&settings.task));
    let mut tally = Tally::default();
    let clean = clean_runs(&settings, &tasks);
    let cases = all_cases(&settings, &clean);
    println!("{} tasks, {} cases", tasks.len(), cases.len());
    pool::run(
        settings.workers,
        &settings.program,
        &cases,
        Case::sessions,
        |bench, case| case.run(bench, &tasks, &clean),
        |finding| tally.add(&finding),
    );
    println!("{}", report::summary(&tally).trim_end());
    if let Some(path) = &settings.report {
        let page = report::page(&tally, &tasks);
        std::fs::write(path, page).expect("the report can be written");
    }
    match tally.total().violations {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn read(words: &[String]) -> Option<Settings> {
    let mut settings = Settings {
        program: PathBuf::new(),
        part: 1,
        points: 200,
        rounds: 5,
        workers: 24,
        task: String::new(),
        group: String::new(),
        report: None,
    };
    for pair in words.chunks(2) {
        match pair {
            [word, value] if word == "--program" => {
                settings.program = std::path::absolute(value).ok()?
            }
            [word, value] if word == "--part" => settings.part = value.parse().ok()?,
            [word, value] if word == "--points" => settings.points = value.parse().ok()?,
            [word, value] if word == "--rounds" => settings.rounds = value.parse().ok()?,
            [word, value] if word == "--group" => settings.group.clone_from(value),
            [word, value] if word == "--report" => settings.report = Some(value.into()),
            [word, value] if word == "--workers" => settings.workers = value.parse().ok()?,
            [word, value] if word == "--task" => settings.task.clone_from(value),
            _ => return None,
        }
    }
    settings.program.is_file().then_some(settings)
}

/// A run of each task without faults, in both kinds of sessions.
fn clean_runs(settings: &Settings, tasks: &[Task]) -> CleanRuns {
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
type CleanRuns = BTreeMap<(usize, bool), CleanRun>;

/// A case of any group.
enum Case {
    Fault(matrix::FaultCase),
    Signal(kills::SignalCase),
    Race(races::RaceCase),
}

impl Case {
    fn sessions(&self) -> Sessions {
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

    fn run(&self, bench: &Workbench<'_>, tasks: &[Task], clean: &CleanRuns) -> Finding {
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
fn all_cases(settings: &Settings, clean: &CleanRuns) -> Vec<Case> {
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
