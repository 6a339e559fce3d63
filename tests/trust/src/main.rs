//! `mrp-trust`: runs every module against faults, signals and races, checks what it says and does, and prints figures.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for a terminal"
)]

mod case;
mod cases;
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
mod rules;
mod secrets;
mod settings;
mod tally;
mod tasks;
mod watchdog;
mod workbench;

use std::process::ExitCode;

use cases::Case;
use tally::Tally;
use tasks::Files;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(settings) = settings::read(&words) else {
        eprint!("{}", settings::HELP);
        return ExitCode::from(2);
    };
    let files = Files::new();
    let mut tasks = tasks::all(&files);
    tasks.retain(|task| task.name.starts_with(&settings.task));
    let mut tally = Tally::default();
    let clean = cases::clean_runs(&settings, &tasks);
    let cases = cases::all_cases(&settings, &clean);
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
        let page = report::page(&tally, &tasks, &settings);
        std::fs::write(path, page).expect("the report can be written");
    }
    match tally.total().violations {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
