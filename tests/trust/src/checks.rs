//! What is checked in every case.

use mrp_lab::Snapshot;
use serde_json::Value;

use crate::ending::Ending;
use crate::proxy::Exchange;
use crate::secrets;
use crate::tasks::Task;
use crate::watchdog;
use crate::workbench::CleanRun;

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    Ends,
    OneObject,
    QuietStderr,
    NoSecret,
    NamesTheRequest,
    ChangedIsTrue,
    ChangedIsFalse,
    Converges,
    NoDuplicate,
    NoSecondStart,
    SecondRunChangesNothing,
    Stored,
    EqualRunsSucceed,
}

impl Rule {
    pub(crate) const ALL: [Rule; 13] = [
        Rule::Ends,
        Rule::OneObject,
        Rule::QuietStderr,
        Rule::NoSecret,
        Rule::NamesTheRequest,
        Rule::ChangedIsTrue,
        Rule::ChangedIsFalse,
        Rule::Converges,
        Rule::NoDuplicate,
        Rule::NoSecondStart,
        Rule::SecondRunChangesNothing,
        Rule::Stored,
        Rule::EqualRunsSucceed,
    ];

    /// The rule as a sentence.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Rule::Ends => "The program ends by itself, and without a panic.",
            Rule::OneObject => {
                "Standard output is one JSON object on one line, and its `failed` agrees with the exit code."
            }
            Rule::QuietStderr => "Standard error is empty.",
            Rule::NoSecret => {
                "No output at the highest verbosity has the token or a BMC's password, in clear, in hexadecimal or in base64."
            }
            Rule::NamesTheRequest => {
                "A failure has a message on one line that names what was tried, and what came back."
            }
            Rule::ChangedIsTrue => {
                "A run after which the server has something else, or a BMC was given an order, does not say `changed: false`."
            }
            Rule::ChangedIsFalse => {
                "A run that says `changed: true` has changed something; if it failed, it has sent a request that may have."
            }
            Rule::Converges => {
                "The same task without faults then succeeds, and the server has what it has after a run without any fault."
            }
            Rule::NoDuplicate => "It has no image and no preseed more than that.",
            Rule::NoSecondStart => {
                "Both runs together start no machine more often than one run; of a task that acts anew, each run does so."
            }
            Rule::SecondRunChangesNothing => {
                "One more run changes nothing and says so; a task that acts anew succeeds."
            }
            Rule::Stored => "A restart of the server loses nothing of it.",
            Rule::EqualRunsSucceed => "Of equal runs at once none fails.",
        }
    }
}

/// Begins what is said of extra images which the next run has warned of.
pub(crate) const TOLD: &str = "told in a warning: ";

/// Said of orders that were given on a look which showed no installation.
pub(crate) const STARTS: &str = "starts of machines and runs: ";

/// Said of a program that had not begun to work when a signal ended it.
pub(crate) const NOT_BEGUN: &str = "a signal ended it before its first request";

/// A rule that was broken, and how.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) rule: Rule,
    pub(crate) what: String,
}

fn violation(rule: Rule, what: impl Into<String>) -> Violation {
    Violation {
        rule,
        what: what.into(),
    }
}

/// What a run did, and how the lab was before and after it.
pub(crate) struct Disturbed<'a> {
    pub(crate) ending: &'a Ending,
    pub(crate) exchanges: &'a [Exchange],
    pub(crate) before: &'a Snapshot,
    pub(crate) after: &'a Snapshot,
}

/// The runs after a disturbed one.
pub(crate) struct Repetition {
    pub(crate) ending: Ending,
    pub(crate) after: Snapshot,
}

/// The output of any run.
pub(crate) fn check_output(task: &Task, ending: &Ending) -> Vec<Violation> {
    let mut found = Vec::new();
    let message = ending.message();
    if ending.signal == Some(watchdog::SIGNAL) {
        found.push(violation(Rule::Ends, "it did not end"));
    }
    if message.contains("Internal error") {
        found.push(violation(Rule::Ends, message));
    }
    if ending.result.is_none() || ending.failed() == ending.succeeded {
        let output = String::from_utf8_lossy(&ending.stdout);
        let beginning: String = output.chars().take(200).collect();
        found.push(violation(Rule::OneObject, beginning));
    }
    if !ending.stderr.is_empty() {
        found.push(violation(
            Rule::QuietStderr,
            String::from_utf8_lossy(&ending.stderr),
        ));
    }
    for output in [&ending.stdout, &ending.stderr] {
        if let Some(secret) = secrets::find(output, task.token) {
            found.push(violation(Rule::NoSecret, secret));
        }
    }
    found
}

/// Whether a failure says what was tried: its message has a word for one of the requests that met the fault.
pub(crate) fn check_message(ending: &Ending, exchanges: &[Exchange]) -> Option<Violation> {
    let message = ending.message();
    let lower = message.to_lowercase();
    let faulty = exchanges.iter().filter(|exchange| exchange.faulty);
    let mut words: Vec<&str> = faulty
        .flat_map(|exchange| words_for(&exchange.path))
        .collect();
    if words.is_empty() {
        // Where nobody listened there was no request.
        words = vec![
            "image",
            "upload",
            "preseed",
            "machine",
            "interface",
            "assign",
            "reserv",
        ];
    }
    let is_named = words.iter().any(|word| lower.contains(word));
    let is_sentence = message.len() > 20 && !message.contains(['\n', '\r']);
    (ending.failed() && !(is_named && is_sentence))
        .then(|| violation(Rule::NamesTheRequest, message))
}

/// Words of which a message about a request to this path has one.
fn words_for(path: &str) -> Vec<&'static str> {
    let path = path.split('?').next().unwrap_or_default();
    let nouns: &[(&str, &[&str])] = &[
        ("/tftp", &["boot file", "image", "boot endpoint"]),
        ("reservation", &["reserv"]),
        ("assignee", &["assign", "hold", "reserv"]),
        ("interface", &["interface"]),
        ("power", &["power", "switch", "reboot"]),
        ("state", &["state", "provision"]),
        ("console", &["console"]),
        ("image", &["image", "upload"]),
        ("preseed", &["preseed"]),
        ("machine", &["machine"]),
    ];
    let found = nouns.iter().find(|(part, _)| path.contains(part));
    found.map_or(Vec::new(), |(_, words)| words.to_vec())
}

/// What a run says of changes, against what the lab has seen.
pub(crate) fn check_changed(task: &Task, run: &Disturbed<'_>) -> Option<Violation> {
    let has_changed = !run.before.same_contents(run.after)
        || run.after.bmc_orders.len() > run.before.bmc_orders.len();
    let may_have_written = run.exchanges.iter().any(|exchange| {
        let refused = exchange.status.is_some_and(|status| status >= 400);
        exchange.is_write() && (exchange.faulty || !refused)
    });
    let opens_console = task.module == "mrp_console";
    match run.ending.changed() {
        Some(false) if has_changed => Some(violation(
            Rule::ChangedIsTrue,
            format!("changed: false, {}", run.ending.message()),
        )),
        Some(true) if !has_changed && !opens_console => {
            let excused = run.ending.failed() && may_have_written;
            (!excused).then(|| {
                violation(
                    Rule::ChangedIsFalse,
                    format!("changed: true, {}", run.ending.message()),
                )
            })
        }
        _ => None,
    }
}

/// A program that a signal has ended without a result.
pub(crate) fn silent_end(had_begun: bool) -> Violation {
    let what = if had_begun {
        "a signal ended it"
    } else {
        NOT_BEGUN
    };
    violation(Rule::OneObject, what)
}

/// Whether a run that a signal has ended says so.
pub(crate) fn check_signal_message(ending: &Ending, signal: &str) -> Option<Violation> {
    let message = ending.message();
    let is_named = message.contains(&format!("was stopped by {signal}."));
    (!is_named).then(|| violation(Rule::NamesTheRequest, message))
}

/// Whether each order to install was given on a look that showed no installation.
pub(crate) fn check_orders(exchanges: &[Exchange]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (number, order) in exchanges.iter().enumerate() {
        let is_order = order.method == "POST" && order.path.ends_with("/state");
        let mut looks = exchanges[..number].iter().rev();
        let look = looks.find(|look| look.method == "GET" && look.path == order.path);
        let word = |look: &Exchange| String::from_utf8_lossy(&look.answer).contains("provisioning");
        if is_order && look.is_none_or(word) {
            found.push(violation(
                Rule::NoSecondStart,
                "a machine that is being installed was installed again",
            ));
        }
    }
    found
}

/// What equal runs at once say, against what the lab has seen.
pub(crate) fn check_race(
    clean: &CleanRun,
    before: &Snapshot,
    after: &Snapshot,
    endings: &[Ending],
) -> Vec<Violation> {
    let failed = endings.iter().filter(|ending| ending.failed());
    let failures = failed.map(|ending| violation(Rule::EqualRunsSucceed, ending.message()));
    let mut found: Vec<Violation> = failures.collect();
    let tells = endings.iter().any(|ending| ending.changed() == Some(true));
    let does = clean.ending.changed() == Some(true);
    if !tells && !before.same_contents(after) {
        found.push(violation(Rule::ChangedIsTrue, "no run says changed: true"));
    }
    if tells && !does {
        found.push(violation(Rule::ChangedIsFalse, "a run says changed: true"));
    }
    found
}

/// The runs without faults after disturbed ones: `second` must reach what a clean run reaches, `third` must find it.
pub(crate) fn check_repetitions(
    task: &Task,
    clean: &CleanRun,
    before: &Snapshot,
    first: &Snapshot,
    first_runs: usize,
    [second, third]: [&Repetition; 2],
) -> Vec<Violation> {
    let mut found = check_output(task, &second.ending);
    found.extend(check_output(task, &third.ending));
    let wanted = &clean.after;
    let has = &second.after;
    if second.ending.failed() {
        found.push(violation(Rule::Converges, second.ending.message()));
    } else if !has.same_contents(wanted) {
        let extra =
            has.images.len() > wanted.images.len() || has.preseeds.len() > wanted.preseeds.len();
        let told = second.ending.field("warnings").map(Value::to_string);
        let told = told.is_some_and(|warnings| warnings.contains("copies"));
        let (rule, prefix) = match extra {
            true if told => (Rule::NoDuplicate, TOLD),
            true => (Rule::NoDuplicate, ""),
            false => (Rule::Converges, ""),
        };
        found.push(violation(
            rule,
            format!("{prefix}{}", differences(wanted, has)),
        ));
    }
    let starts = |after: &Snapshot, before: &Snapshot| after.starts - before.starts;
    let counts = match task.acts_anew {
        true => vec![
            (starts(first, before), first_runs),
            (starts(&second.after, first), 1),
        ],
        false => vec![(starts(&second.after, before), 1)],
    };
    if counts
        .iter()
        .any(|(count, runs)| *count > runs * clean.starts)
    {
        let what = format!("{STARTS}{counts:?}, {} starts in a clean run", clean.starts);
        found.push(violation(Rule::NoSecondStart, what));
    }
    let changes =
        third.ending.changed() != Some(false) || !third.after.same_contents(&second.after);
    if third.ending.failed() || (changes && !task.acts_anew) {
        let what = format!(
            "changed: {:?}, {}",
            third.ending.changed(),
            third.ending.message()
        );
        found.push(violation(Rule::SecondRunChangesNothing, what));
    }
    found
}

/// Whether the server still has everything after a restart.
pub(crate) fn check_stored(before: &Snapshot, after: &Snapshot) -> Option<Violation> {
    (!before.same_contents(after)).then(|| violation(Rule::Stored, differences(before, after)))
}

/// What two snapshots have that the other lacks.
fn differences(wanted: &Snapshot, has: &Snapshot) -> String {
    let mut texts = Vec::new();
    for (wanted, has) in [
        (&wanted.images, &has.images),
        (&wanted.preseeds, &has.preseeds),
        (&wanted.machines, &has.machines),
        (&wanted.interfaces, &has.interfaces),
        (&wanted.assignments, &has.assignments),
    ] {
        let missing = wanted.iter().filter(|row| !has.contains(row));
        texts.extend(missing.map(|row| format!("missing {row}")));
        let mut counts = wanted.clone();
        for row in has {
            match counts.iter().position(|known| known == row) {
                Some(at) => drop(counts.swap_remove(at)),
                None => texts.push(format!("extra {row}")),
            }
        }
    }
    texts.join("; ")
}
