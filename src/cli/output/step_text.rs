//! A step of a plan as a sentence: what is true now or, in check mode, what would be done.

use serde::Deserialize;
use serde_json::Value;

use crate::cli::display_facts::DisplayFacts;
use crate::cli::output::colours::{self, paint};
use crate::cli::output::object_names::field_text;
use crate::cli::output::text::{display_text, enumerate, fit_lines};
use crate::cli::output::time_text::{duration_text, size_text};
use crate::support::user_text::on_one_line;
use crate::task::Action;

/// The steps of one object, and what else is known of it.
pub(crate) struct ObjectSteps<'a> {
    /// The result for the object: its keys besides the plan.
    pub(crate) result: &'a Value,
    pub(crate) steps: &'a [Value],
    pub(crate) facts: &'a DisplayFacts,
    pub(crate) is_check: bool,
    /// The columns of the terminal; None where there is no terminal.
    pub(crate) width: Option<u16>,
}

impl ObjectSteps<'_> {
    /// A line for each step.
    pub(crate) fn lines(&self) -> String {
        let mut lines = String::new();
        for (index, step) in self.steps.iter().enumerate() {
            let sentence = match Action::deserialize(&step["action"]) {
                _ if self.is_check => Some(self.planned(step)),
                Ok(action) => self.finished(action, step, &self.steps[index + 1..]),
                Err(_) => None,
            };
            if let Some((verb, rest)) = sentence {
                lines.push_str(&self.sentence(&verb, &rest));
            }
        }
        lines
    }

    /// The sentence with its first part in colour, in as many lines as the terminal needs.
    fn sentence(&self, verb: &str, rest: &str) -> String {
        let sentence = fit_lines(&format!("{verb} {rest}"), self.width);
        let rest = sentence.strip_prefix(verb).unwrap_or_default();
        format!("{}{rest}\n", paint(colours::CHANGED, verb))
    }

    /// What would be done, and the values, or the reason where there are none.
    fn planned(&self, step: &Value) -> (String, String) {
        let (target, why) = (target(step), on_one_line(&display_text(&step["why"])));
        let power = step["after"]["power"].as_str();
        match (Action::deserialize(&step["action"]), power) {
            (Ok(Action::Wait), _) => ("would wait".into(), format!("for {target}: {why}")),
            (Ok(Action::Update), Some(power)) => {
                let before = display_text(&step["before"]["power"]);
                let order = format!("would switch {power}");
                (order, format!("{} (it is {before})", self.machine(step)))
            }
            (Ok(Action::Update), None) => {
                let changes = self.changes(step, |old, new| format!("from {old} to {new}"));
                ("would update".into(), format!("{target}: {changes}"))
            }
            (Ok(Action::Restore), _) => {
                let changes = self.changes(step, |old, new| format!("from {old} to {new}"));
                ("would put back".into(), format!("{target}: {changes}"))
            }
            (Ok(Action::Create), _) if is_reservation(step) => {
                let reserved = match step["after"]["machines"].is_null() {
                    true => format!("a machine: {why}"),
                    false => self.reserved(step),
                };
                ("would reserve".into(), reserved)
            }
            (Ok(Action::Delete), _) if is_release(step) => (
                "would end".into(),
                format!("the {target}{}", held_for(step, "is")),
            ),
            _ => {
                let verb = display_text(&step["action"]);
                (format!("would {verb}"), format!("{target}: {why}"))
            }
        }
    }

    /// What is true now, in two parts: the first is coloured. None where a step before it has said it.
    fn finished(&self, action: Action, step: &Value, later: &[Value]) -> Option<(String, String)> {
        let target = target(step);
        let (before, after) = (&step["before"], &step["after"]);
        Some(match action {
            Action::Update | Action::Reboot if after["power"].is_string() => {
                self.ordered(step, later)
            }
            Action::Wait if after["power"].is_string() => return None,
            Action::Wait => self.ready(step),
            Action::Provision => {
                let state = display_text(&before["state"]);
                let machine = self.machine(step);
                let rest = format!("the installation of {machine} (its state was {state})");
                ("started".into(), rest)
            }
            Action::Update if after["state"].is_string() => {
                let (state, was) = (
                    display_text(&after["state"]),
                    display_text(&before["state"]),
                );
                (
                    "reported".into(),
                    format!("{target} as {state} (it was {was})"),
                )
            }
            Action::Update => {
                let changes = self.changes(step, |old, new| format!("is now {new}, it was {old}"));
                ("updated".into(), format!("{target}: {changes}"))
            }
            Action::Restore => {
                let changes =
                    self.changes(step, |old, new| format!("is {new} again, it was {old}"));
                ("put back".into(), format!("{target}: {changes}"))
            }
            Action::Upload => ("uploaded".into(), self.uploaded(&target)),
            Action::Create if is_reservation(step) => ("reserved".into(), self.reserved(step)),
            Action::Create => ("created".into(), target + &self.created(step)),
            Action::Delete if is_release(step) => (
                "ended".into(),
                format!("the {target}{}", held_for(step, "was")),
            ),
            Action::Delete => ("deleted".into(), target),
            // Every reboot has a power.
            Action::Reboot => ("rebooted".into(), target),
        })
    }

    /// The power, if its BMC was seen to follow, else the order.
    fn ordered(&self, step: &Value, later: &[Value]) -> (String, String) {
        let machine = self.machine(step);
        let was = display_text(&step["before"]["power"]);
        let is_awaited = later.iter().any(|step| step["after"]["power"].is_string());
        let start = match step["after"]["power"].as_str() {
            Some(power @ ("on" | "off")) if is_awaited && step["action"] == "update" => {
                return (
                    format!("switched {power}"),
                    format!("{machine} (it was {was})"),
                );
            }
            Some(power @ ("on" | "off")) if !is_awaited => {
                let order = format!("{machine} to switch {power} (it was {was})");
                return ("ordered".into(), order);
            }
            Some("pxe_reboot") => " from the network",
            Some("disk_reboot") => " from its disk",
            Some("bios_reboot") => " into its firmware's setup",
            _ => "",
        };
        match is_awaited {
            true => (
                "rebooted".into(),
                format!("{machine}{start} (it was {was})"),
            ),
            false => (
                "ordered".into(),
                format!("{machine} to reboot{start} (it was {was})"),
            ),
        }
    }

    /// `qdc01 is ready at 10.40.5.12 after 4 min 12 s`.
    fn ready(&self, step: &Value) -> (String, String) {
        let machine = self.machine(step);
        let state = display_text(&step["after"]["state"]);
        let mut rest = format!("is {state}");
        if let Some(address) = self.facts.address(&machine) {
            rest.push_str(&format!(" at {address}"));
        }
        let wait = format!("{} to be {state}", target(step));
        if let Some(time) = self.facts.waited(&wait) {
            rest.push_str(&format!(" after {}", duration_text(time)));
        }
        (machine, rest)
    }

    /// `'debian 12' (300 MiB, 18.1 MiB/s) as image 17`.
    fn uploaded(&self, target: &str) -> String {
        let image = &self.result["image"];
        let (Some(description), Some(size)) =
            (image["description"].as_str(), image["size"].as_u64())
        else {
            return target.to_owned();
        };
        let rate = self.facts.upload_rate(size);
        let rate = rate.map_or(String::new(), |rate| format!(", {}/s", size_text(rate)));
        let (description, id) = (
            display_text(&description.into()),
            display_text(&image["id"]),
        );
        format!("'{description}' ({}{rate}) as image {id}", size_text(size))
    }

    /// ` (1.2 KiB) as preseed 9`.
    fn created(&self, step: &Value) -> String {
        let preseed = &self.result["preseed"];
        let size = step["after"]["size"].as_u64();
        match (size, preseed["id"].is_number()) {
            (Some(size), true) => {
                format!(" ({}) as preseed {}", size_text(size), preseed["id"])
            }
            _ => String::new(),
        }
    }

    /// `qdc01 and qdc02 for 'CI run 7'`.
    fn reserved(&self, step: &Value) -> String {
        let names = |side: &str| -> Vec<String> {
            let machines = step[side]["machines"].as_array().into_iter().flatten();
            machines.map(display_text).collect()
        };
        let held = names("before");
        let mut new = names("after");
        new.retain(|name| !held.contains(name));
        match step["after"]["reason"].as_str() {
            None | Some("") => enumerate(&new),
            Some(reason) => format!("{} for '{}'", enumerate(&new), display_text(&reason.into())),
        }
    }

    /// `kernel_opts is now 'quiet', it was 'splash'` for each field.
    fn changes(&self, step: &Value, show: fn(&str, &str) -> String) -> String {
        let (before, after) = (&step["before"], &step["after"]);
        let fields = after.as_object().into_iter().flatten();
        let changes = fields.filter_map(|(name, value)| match name.as_str() {
            // The hash and the size stand for a text.
            "sha256" => None,
            "size" => {
                let size = |value: &Value| size_text(value.as_u64().unwrap_or(0));
                Some(format!(
                    "its text {}",
                    show(&size(&before[name]), &size(value))
                ))
            }
            _ => {
                let (label, new) = field_text(name, value, self.facts.names());
                let (_, old) = field_text(name, &before[name], self.facts.names());
                Some(format!("{label} {}", show(&old, &new)))
            }
        });
        let changes: Vec<String> = changes.collect();
        match changes.is_empty() {
            true => "its text differs".into(),
            false => changes.join("; "),
        }
    }

    /// The name of the machine, as far as the result has it.
    fn machine(&self, step: &Value) -> String {
        let name = &self.result["machine"]["name"];
        match name.is_string() {
            true => display_text(name),
            false => target(step),
        }
    }
}

fn target(step: &Value) -> String {
    on_one_line(&display_text(&step["target"]))
}

/// Whether the step acquires machines.
fn is_reservation(step: &Value) -> bool {
    step["after"].get("machines").is_some()
}

/// Whether the step gives a machine back.
fn is_release(step: &Value) -> bool {
    let before = step["before"].as_object();
    before.is_some_and(|before| before.keys().eq(["reason"]))
}

fn held_for(step: &Value, verb: &str) -> String {
    match step["before"]["reason"].as_str() {
        None | Some("") => String::new(),
        Some(reason) => format!(" (it {verb} for '{}')", display_text(&reason.into())),
    }
}
