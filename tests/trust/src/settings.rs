//! What the program is told on its command line.

use std::path::PathBuf;

pub(crate) const HELP: &str = "usage: mrp-trust --program PATH [--part N] [--points N] [--rounds N] [--workers N] [--task NAME] [--group NAME] [--row NAME] [--report PATH]

Runs the modules of the program at PATH, which is mrp-ansible, and exits with 1 when a rule was broken.
--part N takes only every Nth case of the faults.
--points N takes N random and N aimed points for each signal.
--rounds N takes N rounds of each race.
--task NAME takes only the tasks whose names begin so.
--group NAME takes only faults, signals or races.
--row NAME takes only the faults whose names begin so.
--report PATH writes docs/trust.md there.
";

#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) program: PathBuf,
    pub(crate) part: usize,
    pub(crate) points: usize,
    pub(crate) rounds: usize,
    pub(crate) workers: u8,
    pub(crate) task: String,
    pub(crate) group: String,
    pub(crate) row: String,
    pub(crate) report: Option<PathBuf>,
}

/// Reads the command line; `None` where it is not understood.
pub(crate) fn read(words: &[String]) -> Option<Settings> {
    let mut settings = Settings {
        program: PathBuf::new(),
        part: 1,
        points: 200,
        rounds: 5,
        workers: 24,
        task: String::new(),
        group: String::new(),
        row: String::new(),
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
            [word, value] if word == "--row" => settings.row.clone_from(value),
            [word, value] if word == "--group" => settings.group.clone_from(value),
            [word, value] if word == "--report" => settings.report = Some(value.into()),
            [word, value] if word == "--workers" => settings.workers = value.parse().ok()?,
            [word, value] if word == "--task" => settings.task.clone_from(value),
            _ => return None,
        }
    }
    settings.program.is_file().then_some(settings)
}
