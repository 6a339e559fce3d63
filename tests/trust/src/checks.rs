//! What is checked in every case.

use mrp_lab::Snapshot;
use serde_json::Value;

use crate::ending::Ending;
use crate::faults::Fault;
use crate::proxy::Exchange;
use crate::rules::Rule;
use crate::secrets;
use crate::tasks::Task;
use crate::watchdog;
use crate::workbench::CleanRun;

/// Begins what is said of extra images which the next run has warned of.
pub(crate) const TOLD: &str = "told in a warning: ";

/// Begins what is said of starts of which there are no more than runs that can have read the same state.
pub(crate) const STARTS: &str = "starts of machines by equal runs: ";

/// Said of a program that did not handle the signal yet that ended it.
pub(crate) const NOT_BEGUN: &str = "a signal ended it before it handled any";

/// Begins what is said of a step that a signal met just before its request.
pub(crate) const UNDER_WAY: &str = "nothing had arrived of the step under way: ";

/// Said of a run that succeeded after fewer looks at a machine than the clean run, with the same writes.
pub(crate) const FEWER_LOOKS: &str = "it looked less often";

/// Begins what is said of a restart that loses assignments and nothing else.
pub(crate) const ASSIGNMENTS: &str = "assignments that were not stored: ";

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

/// Whether the fault has met the request at this position. Where nobody listens, no request is seen.
pub(crate) fn check_fault_is_met(
    fault: &Fault,
    position: usize,
    clean: &[Exchange],
    exchanges: &[Exchange],
    succeeded: bool,
) -> Option<Violation> {
    if *fault == Fault::Refused || exchanges.iter().any(|exchange| exchange.faulty) {
        return None;
    }
    let writes = |exchanges: &[Exchange]| -> Vec<(String, String)> {
        let writes = exchanges.iter().filter(|exchange| exchange.is_write());
        writes
            .map(|write| (write.method.clone(), write.path.clone()))
            .collect()
    };
    let is_shorter = exchanges.len() <= position && writes(exchanges) == writes(clean);
    let what = match succeeded && is_shorter {
        true => FEWER_LOOKS,
        false => "there was no such request",
    };
    Some(violation(Rule::FaultIsMet, what))
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
        ("interface", &["interface", "lease"]),
        ("power", &["power", "switch", "reboot", "bmc"]),
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
            let message = run.ending.message();
            let prefix = match message.contains("was under way and may have taken effect") {
                true => UNDER_WAY,
                false => "changed: true, ",
            };
            (!excused).then(|| violation(Rule::ChangedIsFalse, format!("{prefix}{message}")))
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
    let failures = failed.map(|ending| {
        violation(
            Rule::EqualRunsSucceed,
            format!("{}; {}", ending.message(), ending.requests()),
        )
    });
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
        let told = told.is_some_and(|warnings| warnings.contains("is a copy of"));
        let (rule, prefix) = match extra {
            true if told && has_only_copies_more(wanted, has) => (Rule::NoDuplicate, TOLD),
            true => (Rule::NoDuplicate, ""),
            false => (Rule::Converges, ""),
        };
        found.push(violation(
            rule,
            format!("{prefix}{}", differences(wanted, has)),
        ));
    }
    let starts = Starts {
        by_first: first.starts - before.starts,
        by_next: second.after.starts - first.starts,
        is_done: first.same_contents(wanted),
    };
    found.extend(starts.check(task, clean, first_runs));
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

/// How often machines were started.
struct Starts {
    /// By the disturbed run, or by the equal runs.
    by_first: usize,
    /// By the run after them.
    by_next: usize,
    /// Whether the first had left everything as a clean run does.
    is_done: bool,
}

impl Starts {
    fn check(&self, task: &Task, clean: &CleanRun, first_runs: usize) -> Option<Violation> {
        let Starts {
            by_first,
            by_next,
            is_done,
        } = *self;
        let (each, of_all) = (clean.starts, first_runs * clean.starts);
        let is_right = match task.acts_anew {
            true => by_first <= of_all && by_next <= each,
            false => by_first + by_next <= each,
        };
        if is_right {
            return None;
        }
        let next_may_start = if is_done { 0 } else { each };
        let at_once = !task.acts_anew && by_first <= of_all && by_next <= next_may_start;
        let prefix = if at_once { STARTS } else { "too many starts: " };
        let what = format!(
            "{prefix}{by_first} by {first_runs}, {by_next} by the next, {each} by a clean run"
        );
        Some(violation(Rule::NoSecondStart, what))
    }
}

/// Whether a server has what is wanted, and more of the same images.
fn has_only_copies_more(wanted: &Snapshot, has: &Snapshot) -> bool {
    let same_images = wanted.images.iter().all(|image| has.images.contains(image))
        && has.images.iter().all(|image| wanted.images.contains(image));
    let with_same_count = Snapshot {
        images: wanted.images.clone(),
        ..has.clone()
    };
    same_images && with_same_count.same_contents(wanted)
}

/// Whether the server still has everything after a restart.
pub(crate) fn check_stored(before: &Snapshot, after: &Snapshot) -> Option<Violation> {
    if before.same_contents(after) {
        return None;
    }
    let with_same_assignments = Snapshot {
        assignments: before.assignments.clone(),
        ..after.clone()
    };
    let prefix = match with_same_assignments.same_contents(before) {
        true => ASSIGNMENTS,
        false => "",
    };
    let what = format!("{prefix}{}", differences(before, after));
    Some(violation(Rule::Stored, what))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tasks::{self, Files};

    fn ending(stdout: &str, stderr: &str, succeeded: bool) -> Ending {
        Ending::from_texts(stdout, stderr, succeeded)
    }

    fn result(result: Value) -> Ending {
        let failed = result.get("failed").is_some();
        ending(&format!("{result}\n"), "", !failed)
    }

    fn task() -> Task {
        tasks::all(&Files::new()).remove(0)
    }

    fn snapshot(images: &[&str], starts: usize) -> Snapshot {
        Snapshot {
            images: images.iter().map(|image| json!(image)).collect(),
            starts,
            ..Snapshot::default()
        }
    }

    fn exchange(method: &str, path: &str, faulty: bool, status: Option<u16>) -> Exchange {
        Exchange {
            method: method.into(),
            path: path.into(),
            faulty,
            status,
            answer: Vec::new(),
        }
    }

    fn rules(violations: impl IntoIterator<Item = Violation>) -> Vec<Rule> {
        let violations = violations.into_iter();
        violations.map(|violation| violation.rule).collect()
    }

    #[test]
    fn output_that_is_not_one_object_or_has_a_secret_is_a_violation() {
        let token = task().token;
        for (ending, rule) in [
            (ending("", "", true), Rule::OneObject),
            (ending("{}\n{}\n", "", true), Rule::OneObject),
            (ending("[]\n", "", true), Rule::OneObject),
            (ending("{\"failed\":true}\n", "", true), Rule::OneObject),
            (ending("{}\n", "", false), Rule::OneObject),
            (ending("{}\n", "warning", true), Rule::QuietStderr),
            (result(json!({ "x": token })), Rule::NoSecret),
            (result(json!({ "x": "YWxpY2UtdG9rZW4=" })), Rule::NoSecret),
            (result(json!({ "x": "-P ipmipass" })), Rule::NoSecret),
            (
                result(json!({ "failed": true, "msg": "Internal error in x" })),
                Rule::Ends,
            ),
        ] {
            assert_eq!(rules(check_output(&task(), &ending)), [rule], "{ending:?}");
        }
        assert!(check_output(&task(), &result(json!({}))).is_empty());
    }

    #[test]
    fn failure_that_does_not_name_the_request_is_a_violation() {
        let exchanges = [exchange("GET", "/api/v1/machine/2/state", true, None)];
        for (message, named) in [
            ("reading the state of machine 2: the server failed", true),
            ("something went wrong somewhere else", false),
            ("state: no", false),
            ("reading the state of machine 2:\nthe server failed", false),
        ] {
            let ending = result(json!({ "failed": true, "msg": message }));
            assert_eq!(check_message(&ending, &exchanges).is_none(), named);
        }
    }

    #[test]
    fn changed_that_does_not_agree_with_the_lab_is_a_violation() {
        let (empty, full) = (snapshot(&[], 0), snapshot(&["a"], 0));
        let sent = [exchange("POST", "/api/v1/image", true, None)];
        let refused = [exchange("POST", "/api/v1/image", false, Some(409))];
        let failed = |changed| json!({ "failed": true, "changed": changed });
        for (outcome, exchanges, after, rule) in [
            (
                json!({ "changed": false }),
                &sent,
                &full,
                Some(Rule::ChangedIsTrue),
            ),
            (
                json!({ "changed": true }),
                &sent,
                &empty,
                Some(Rule::ChangedIsFalse),
            ),
            (json!({ "changed": true }), &sent, &full, None),
            (failed(false), &sent, &full, Some(Rule::ChangedIsTrue)),
            (failed(true), &sent, &empty, None),
            (failed(true), &refused, &empty, Some(Rule::ChangedIsFalse)),
        ] {
            let ending = result(outcome);
            let run = Disturbed {
                ending: &ending,
                exchanges,
                before: &empty,
                after,
            };
            let found = check_changed(&task(), &run);
            assert_eq!(found.map(|violation| violation.rule), rule, "{ending:?}");
        }
    }

    #[test]
    fn repetitions_that_end_otherwise_than_a_clean_run_are_violations() {
        let clean = CleanRun {
            exchanges: Vec::new(),
            ending: result(json!({ "changed": true })),
            after: snapshot(&["a"], 1),
            starts: 1,
            duration: std::time::Duration::ZERO,
        };
        let before = snapshot(&[], 0);
        let repetition = |changed, after: Snapshot| Repetition {
            ending: result(json!({ "changed": changed })),
            after,
        };
        for (second, third, rule) in [
            (snapshot(&["a"], 1), false, None),
            (snapshot(&[], 1), false, Some(Rule::Converges)),
            (snapshot(&["a", "a"], 1), false, Some(Rule::NoDuplicate)),
            (snapshot(&["a"], 2), false, Some(Rule::NoSecondStart)),
            (
                snapshot(&["a"], 1),
                true,
                Some(Rule::SecondRunChangesNothing),
            ),
        ] {
            let third = repetition(third, second.clone());
            let second = repetition(true, second);
            let found = check_repetitions(&task(), &clean, &before, &before, 1, [&second, &third]);
            assert_eq!(rules(found), rule.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn order_of_a_run_that_saw_the_installation_is_a_violation() {
        let path = "/api/v1/machine/2/state";
        let look = |answer: &str| Exchange {
            answer: answer.into(),
            ..exchange("GET", path, false, Some(200))
        };
        let order = exchange("POST", path, false, Some(202));
        let orders = |word| check_orders(&[look(word), order.clone()]).len();
        assert_eq!(orders(r#"{"state": "provisioning"}"#), 1);
        assert_eq!(orders(r#"{"state": "unknown"}"#), 0);
    }
}
