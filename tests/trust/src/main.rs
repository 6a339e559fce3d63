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
mod matrix;
mod pool;
mod proxy;
mod secrets;
mod tally;
mod tasks;
mod watchdog;
mod workbench;

use std::path::PathBuf;
use std::process::ExitCode;

use mrp_lab::Sessions;
use pool::SESSIONS;
use tally::Tally;
use tasks::{Files, Task};
use workbench::CleanRun;

const HELP: &str = "usage: mrp-trust --program PATH [--part N] [--workers N] [--task NAME]

Runs the modules of the program at PATH, which is mrp-ansible, and exits with 1 when a rule was broken.
--part N takes only every Nth case of the matrix.
--task NAME takes only the tasks whose names begin so.
";

struct Settings {
    program: PathBuf,
    part: usize,
    workers: u8,
    task: String,
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
    run_matrix(&settings, &tasks, &clean, &mut tally);
    for violation in &tally.violations {
        println!("{violation}");
    }
    println!();
    for ((group, row), counts) in &tally.rows {
        println!(
            "{group}: {row}: {} cases, {} violations, {} exceptions",
            counts.cases, counts.violations, counts.exceptions
        );
    }
    println!("{:?}", tally.rules);
    println!("{:?}", tally.groups());
    println!("{:?}", tally.total());
    match tally.total().violations {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn read(words: &[String]) -> Option<Settings> {
    let mut settings = Settings {
        program: PathBuf::new(),
        part: 1,
        workers: 16,
        task: String::new(),
    };
    for pair in words.chunks(2) {
        match pair {
            [word, value] if word == "--program" => {
                settings.program = std::path::absolute(value).ok()?
            }
            [word, value] if word == "--part" => settings.part = value.parse().ok()?,
            [word, value] if word == "--workers" => settings.workers = value.parse().ok()?,
            [word, value] if word == "--task" => settings.task.clone_from(value),
            _ => return None,
        }
    }
    settings.program.is_file().then_some(settings)
}

/// A run of each task without faults, in both kinds of sessions.
fn clean_runs(settings: &Settings, tasks: &[Task]) -> Vec<(Sessions, usize, CleanRun)> {
    let mut items = Vec::new();
    for sessions in SESSIONS {
        items.extend((0..tasks.len()).map(|task| (sessions, task)));
    }
    let mut runs = Vec::new();
    pool::run(
        settings.workers,
        &settings.program,
        &items,
        |(sessions, _)| *sessions,
        |bench, (sessions, task)| (*sessions, *task, bench.run_clean(&tasks[*task])),
        |run| runs.push(run),
    );
    runs.sort_by_key(|(sessions, task, _)| (*sessions == Sessions::One, *task));
    runs
}

fn run_matrix(
    settings: &Settings,
    tasks: &[Task],
    clean: &[(Sessions, usize, CleanRun)],
    tally: &mut Tally,
) {
    let cases: Vec<_> = clean
        .iter()
        .flat_map(|(sessions, task, clean)| {
            let cases = matrix::cases(*task, *sessions, clean).into_iter();
            cases.map(move |case| (clean, case))
        })
        .enumerate()
        .filter(|(number, _)| number % settings.part == 0)
        .map(|(_, case)| case)
        .collect();
    println!("{} tasks, {} cases of faults", tasks.len(), cases.len());
    pool::run(
        settings.workers,
        &settings.program,
        &cases,
        |(_, case)| case.sessions,
        |bench, (clean, case)| matrix::run(bench, &tasks[case.task], clean, case),
        |finding| tally.add(&finding),
    );
}
