//! `docs/trust.md`, written from the figures of a run.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::exceptions::EXCEPTIONS;
use crate::rules::Rule;
use crate::settings::Settings;
use crate::tally::{Counts, Tally};
use crate::tasks::Task;
use crate::{kills, matrix, races};

const BEGINNING: &str = "\
# What faults, signals and races do

Written by `make trust-report` from its figures: change `tests/trust`, not this page.

This software reboots and reinstalls machines. `make test-trust` disturbs every module in its typical tasks and checks what
it says against what happened. A proxy of its own stands between the program and the simulated server of `tests/lab`, and
makes a request meet a fault as bytes, or sends the program a signal at a moment of a request. Each case runs on a server
that was reset, in both ways in which the server can be started: one database session for each request, and one for all.

After the disturbed run the same task runs again without faults, and once more. Then the server is restarted.
";

const FAULTS: &str = "\
Each fault meets each request of each task, in both kinds of sessions: once, and (but for the huge answer and the faults of
an answer's content) from that request on until the end of the run. The faults of a field meet each field of each answer.
A page of an error repeats the request's token and a BMC's password.
";

const SIGNALS: &str = "\
Random points are parts of the time that a run takes. Aimed points are moments of a request: it has arrived, the server has
acted, the answer was passed on.
";

const RACES: &str = "\
Two and eight equal runs at once. Each request is held up for a few milliseconds, differently in each round. An order to
install counts as a violation if the run that gave it had seen the machine being installed.
";

const REPEATING: &str = "\
    make test-trust                        # everything: about an hour on two cores
    make test-trust-part                   # what CI runs: a part of the faults, fewer points and rounds
    make trust-report                      # everything, and this page

`target/trust/mrp-trust` takes `--task`, `--group` and `--row` for some tasks, one group or one fault; a violation is printed with the task, the
fault and the request. The cases are the same in every run, but for the times at which processes get to run.
";

/// The page.
pub(crate) fn page(tally: &Tally, tasks: &[Task], settings: &Settings) -> String {
    let mut page = BEGINNING.to_owned();
    page += "\n## Figures\n\n";
    let _ = writeln!(page, "{}\n", extent(settings));
    page += &table(
        "group",
        tally
            .groups()
            .iter()
            .map(|(group, counts)| (*group, *counts)),
    );
    page += &row("all", tally.total());
    page += "\n## What is checked in every case\n\n| rule | violations |\n|---|---:|\n";
    for rule in Rule::ALL {
        let count = tally.rules.get(&rule).copied().unwrap_or_default();
        let _ = writeln!(page, "| {} | {count} |", rule.sentence());
    }
    for (group, title, text) in [
        (matrix::GROUP, "Faults", FAULTS),
        (kills::GROUP, "Signals", SIGNALS),
        (races::GROUP, "Races", RACES),
    ] {
        let rows = tally.rows.iter().filter(|((of, _), _)| *of == group);
        let rows = rows.map(|((_, row), counts)| (row.as_str(), *counts));
        let _ = write!(page, "\n## {title}\n\n{text}\n{}", table(group, rows));
    }
    page += &exceptions(tally);
    page += &task_list(tasks);
    let _ = write!(page, "\n## How to repeat it\n\n{REPEATING}");
    page
}

/// How much of everything was run.
fn extent(settings: &Settings) -> String {
    let faults = match settings.part {
        1 => "All cases of the faults".to_owned(),
        part => format!("One of {part} cases of the faults"),
    };
    format!(
        "{faults}, {points} random and {points} aimed points of each signal, {rounds} rounds of each race.",
        points = settings.points,
        rounds = settings.rounds,
    )
}

/// The figures as they are printed.
pub(crate) fn summary(tally: &Tally) -> String {
    let mut text = String::new();
    for (group, counts) in tally.groups() {
        text += &line(group, counts);
    }
    text + &line("all", tally.total())
}

fn line(name: &str, counts: Counts) -> String {
    let Counts {
        cases,
        violations,
        exceptions,
    } = counts;
    format!("{name}: {cases} cases, {violations} violations, {exceptions} exceptions\n")
}

fn table<'a>(title: &str, rows: impl Iterator<Item = (&'a str, Counts)>) -> String {
    let head = format!("| {title} | cases | violations | exceptions |\n|---|---:|---:|---:|\n");
    rows.fold(head, |table, (name, counts)| table + &row(name, counts))
}

fn row(name: &str, counts: Counts) -> String {
    let Counts {
        cases,
        violations,
        exceptions,
    } = counts;
    format!("| {name} | {cases} | {violations} | {exceptions} |\n")
}

fn exceptions(tally: &Tally) -> String {
    let mut text = "\n## Exceptions\n\nCases in which a rule cannot be kept. They are counted apart, and no others are.\n\n\
                    | exception | times | reason |\n|---|---:|---|\n"
        .to_owned();
    for exception in EXCEPTIONS {
        let count = tally
            .exceptions
            .get(exception.name)
            .copied()
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {count} | {} |",
            exception.name, exception.reason
        );
    }
    text
}

fn task_list(tasks: &[Task]) -> String {
    let modules: BTreeSet<&str> = tasks.iter().map(|task| task.module).collect();
    let mut text = "\n## Tasks\n\n| module | tasks |\n|---|---|\n".to_owned();
    for module in modules {
        let tasks = tasks.iter().filter(|task| task.module == module);
        let names: Vec<&str> = tasks.map(|task| task.name).collect();
        let _ = writeln!(text, "| `{module}` | {} |", names.join("; "));
    }
    text
}
