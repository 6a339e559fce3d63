//! From what was typed to a module's call.

use std::env;

use clap::ArgMatches;
use serde_json::{Map, Value, json};

use super::commands::Command;
use super::parser::{self, CHECK, DIFF, JSON, LAB, VERBOSE};
use super::{labs, live, prose};
use crate::ansible::{Call, Failure, Kind, Opt};
use crate::connection;

/// What the server's answers are shown from on.
pub(super) const VERBOSE_LEVEL: u64 = 3;

/// What is to be done, and how it is to be told.
pub(super) struct Request {
    pub(super) command: &'static Command,
    pub(super) call: Call,
    /// Whether the module's own result is wanted.
    pub(super) json: bool,
}

/// What was typed before the command and behind it.
pub(super) struct Typed<'a> {
    pub(super) command: &'static Command,
    pub(super) front: &'a ArgMatches,
    pub(super) behind: &'a ArgMatches,
}

impl Typed<'_> {
    /// The call that is meant; fails when it is none, which says what to type.
    pub(super) fn request(&self) -> Result<Request, Failure> {
        let given = self.options()?;
        self.refuse_gaps(&given)?;
        let spec = self.command.module.spec;
        let call = Call::new(spec, &given).map_err(|failure| Failure {
            hint: failure
                .hint
                .or_else(|| Some(format!("For example: {}", self.command.example))),
            ..failure
        })?;
        let verbosity = if self.is_on(VERBOSE) {
            VERBOSE_LEVEL
        } else {
            0
        };
        let mut call = call.in_mode(self.is_on(CHECK), self.is_on(DIFF), verbosity);
        call.watcher = live::watcher();
        Ok(Request {
            command: self.command,
            call,
            json: self.is_on(JSON),
        })
    }

    fn is_on(&self, switch: &str) -> bool {
        parser::is_on(self.front, switch) || parser::is_on(self.behind, switch)
    }

    fn options(&self) -> Result<Map<String, Value>, Failure> {
        let typed = self.typed()?;
        let lab = parser::values(self.behind, LAB)
            .pop()
            .or_else(|| parser::values(self.front, LAB).pop());
        let mut given = labs::options(lab.as_deref(), typed.contains_key("mrp_url"))?;
        given.extend(typed);
        for (name, value) in self.command.fixed {
            given.insert((*name).to_owned(), value.to_json());
        }
        Ok(given)
    }

    /// The options that were typed.
    fn typed(&self) -> Result<Map<String, Value>, Failure> {
        let mut typed = Map::new();
        let own = self.command.options().map(|option| (option, self.behind));
        let of_the_connection = connection::OPTIONS
            .iter()
            .flat_map(|option| [(option, self.front), (option, self.behind)]);
        for (option, matches) in of_the_connection.chain(own) {
            let values = parser::values(matches, option.name);
            match (&values[..], option.kind, self.command.list) {
                ([], ..) => {}
                ([one], ..) => {
                    typed.insert(option.name.to_owned(), json!(one));
                }
                (_, Kind::List(_), _) => {
                    let all: Vec<&str> = values.iter().flat_map(|value| value.split(',')).collect();
                    typed.insert(option.name.to_owned(), json!(all));
                }
                (_, _, Some(list)) if self.command.is_operand(option) => {
                    let items: Vec<Value> = values
                        .iter()
                        .map(|value| json!({ option.name: value }))
                        .collect();
                    typed.insert(list.to_owned(), json!(items));
                }
                _ => {
                    return Err(Failure::new(format!(
                        "{} is given {} times",
                        prose::flag(option.name),
                        values.len()
                    )));
                }
            }
        }
        Ok(typed)
    }

    /// What is missing is told with the whole command to type.
    fn refuse_gaps(&self, given: &Map<String, Value>) -> Result<(), Failure> {
        let spec = self.command.module.spec;
        let is_list = |name: &str| self.command.list == Some(name);
        if given.keys().any(|name| is_list(name)) {
            return refuse_without_server(given);
        }
        let is_given = |name: &str| given.contains_key(name);
        let required = spec
            .all_options()
            .filter(|option| option.required && option.env.is_none());
        let alternatives = spec.constraints.required_one_of.iter();
        let open = alternatives.filter(|group| !group.iter().any(|name| is_given(name)));
        let missing: Vec<&Opt> = required
            .filter(|option| !is_given(option.name))
            .chain(open.map(|group| self.command.option(group[0])))
            .collect();
        if missing.is_empty() {
            return refuse_without_server(given);
        }
        let names: Vec<String> = missing.iter().map(|option| self.named(option)).collect();
        Err(Failure {
            hint: Some(format!("Type: {}", self.in_full(given, &missing))),
            ..Failure::new(format!("{} is missing", names.join(" and ")))
        })
    }

    fn named(&self, option: &Opt) -> String {
        let operand = self
            .command
            .operands
            .iter()
            .find(|(name, _)| *name == option.name);
        operand.map_or_else(|| prose::flag(option.name), |(_, word)| (*word).to_owned())
    }

    /// The command with all that was given and a word for each thing that was not.
    fn in_full(&self, given: &Map<String, Value>, missing: &[&Opt]) -> String {
        let mut words = vec!["mrp".to_owned()];
        words.extend(self.command.words.iter().map(|word| (*word).to_owned()));
        let is_missing = |name: &str| missing.iter().any(|option| option.name == name);
        for (name, word) in self.command.operands {
            match given.get(*name) {
                Some(value) => words.push(quoted(value)),
                None if is_missing(name) => words.push((*word).to_owned()),
                None => {}
            }
        }
        for option in self
            .command
            .options()
            .filter(|option| !self.command.is_operand(option))
        {
            let value = match given.get(option.name) {
                Some(value) => quoted(value),
                None if is_missing(option.name) => word_for(option),
                None => continue,
            };
            let between = if matches!(option.kind, Kind::Bool) {
                "="
            } else {
                " "
            };
            words.push(format!("{}{between}{value}", prose::flag(option.name)));
        }
        words.join(" ")
    }
}

/// Fails when neither the options nor the environment tell the server and the token.
pub(super) fn refuse_without_server(given: &Map<String, Value>) -> Result<(), Failure> {
    let missing = connection::OPTIONS.iter().find(|option| {
        let variable = option
            .env
            .and_then(env::var_os)
            .filter(|value| !value.is_empty());
        option.required && !given.contains_key(option.name) && variable.is_none()
    });
    let Some(missing) = missing else {
        return Ok(());
    };
    Err(Failure {
        hint: Some(format!(
            "Set MRP_URL and MRP_TOKEN, or write a lab to {}: a line [NAME], then mrp_url = URL and token_file = FILE.",
            labs::first_place().display()
        )),
        ..Failure::new(format!("{} is missing", prose::flag(missing.name)))
    })
}

/// One of its values, or its name.
fn word_for(option: &Opt) -> String {
    match option.choices.first() {
        Some(choice) => (*choice).to_owned(),
        None => option.name.to_uppercase(),
    }
}

/// As a shell takes it.
fn quoted(value: &Value) -> String {
    let text = super::show::text_of(value);
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./:,=@+".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
