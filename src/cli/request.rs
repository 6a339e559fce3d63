//! From what was typed to a module's call.

use std::env;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::ArgMatches;
use serde_json::{Map, Value, json};

use crate::ansible::{Call, Disclosure, Failure, Kind, Opt};
use crate::cli::commands::Command;
use crate::cli::output::{markup, progress, terminal};
use crate::cli::parser;
use crate::cli::parser::{CHECK, DIFF, JSON, LAB, VERBOSE};
use crate::cli::{missing, profiles};
use crate::modules::options::connection;

/// What the server's answers are shown from on.
pub(crate) const VERBOSE_LEVEL: u64 = 3;

/// What a switch may be set to.
const WORDS: [&str; 10] = [
    "yes", "no", "true", "false", "on", "off", "y", "n", "t", "f",
];

/// What is to be done, and how it is to be told.
pub(crate) struct Request {
    pub(crate) command: &'static Command,
    pub(crate) call: Call,
    /// Whether the module's own result is wanted.
    pub(crate) json: bool,
    /// Whether the server was asked anything yet.
    pub(crate) is_asked: Arc<AtomicBool>,
}

/// What was typed before the command and behind it.
pub(crate) struct Typed<'a> {
    pub(crate) command: &'static Command,
    pub(crate) front: &'a ArgMatches,
    pub(crate) behind: &'a ArgMatches,
}

impl Typed<'_> {
    /// The call that is meant; fails when it is none, which says what to type.
    pub(crate) fn request(&self) -> Result<Request, Failure> {
        let given = self.options()?;
        let mut call = self.call(&given).map_err(|failure| {
            let mut call = Call::default();
            call.options.clone_from(&given);
            terminal::scrubbed(self.command.module, &call, &failure)
        })?;
        let is_asked = Arc::default();
        call.progress = progress::progress(Arc::clone(&is_asked));
        Ok(Request {
            command: self.command,
            call,
            json: self.is_on(JSON),
            is_asked,
        })
    }

    fn call(&self, given: &Map<String, Value>) -> Result<Call, Failure> {
        self.refuse_gaps(given)?;
        self.refuse_words_for_numbers(given)?;
        let spec = self.command.module.spec;
        let call = Call::new(spec, given).map_err(|failure| Failure {
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
        Ok(call.in_mode(self.is_on(CHECK), self.is_on(DIFF), verbosity))
    }

    fn is_on(&self, switch: &str) -> bool {
        parser::is_on(self.front, switch) || parser::is_on(self.behind, switch)
    }

    fn options(&self) -> Result<Map<String, Value>, Failure> {
        let typed = self.typed()?;
        let mut given = profiles::options(self.lab().as_deref(), &typed)?;
        given.extend(typed);
        for (name, value) in self.command.fixed {
            given.insert((*name).to_owned(), value.to_json());
        }
        Ok(given)
    }

    /// The lab that was typed; what stands behind the command is nearer to what is meant.
    fn lab(&self) -> Option<String> {
        let mut sides = [self.behind, self.front].into_iter();
        sides.find_map(|side| parser::values(side, LAB).pop())
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
                        markup::flag(option.name),
                        values.len()
                    )));
                }
            }
        }
        self.refuse_lost_words(&typed)?;
        Ok(typed)
    }

    /// `--netboot no` would switch it on, for two machines.
    fn refuse_lost_words(&self, typed: &Map<String, Value>) -> Result<(), Failure> {
        let is_word = |value: &String| WORDS.contains(&value.to_lowercase().as_str());
        let mut operands = self.command.operands.iter();
        let word = operands.find_map(|(name, _)| {
            let values = parser::values(self.behind, name);
            values.into_iter().find(is_word)
        });
        let is_switch = |option: &Opt| {
            matches!(option.kind, Kind::Bool) && typed.get(option.name) == Some(&json!("true"))
        };
        let switch = self.command.options().find(|option| is_switch(option));
        match (word, switch) {
            (Some(word), Some(switch)) => Err(Failure {
                hint: Some(format!("Write {}={word}.", markup::flag(switch.name))),
                ..Failure::new(format!("'{word}' is taken for a name"))
            }),
            _ => Ok(()),
        }
    }

    /// What is missing is told with the whole command to type.
    fn refuse_gaps(&self, given: &Map<String, Value>) -> Result<(), Failure> {
        let is_list = |name: &str| self.command.list == Some(name);
        if given.keys().any(|name| is_list(name)) {
            return refuse_without_server(given);
        }
        let missing = missing::missing(self.command, given);
        if missing.is_empty() {
            return refuse_without_server(given);
        }
        let names: Vec<String> = missing.iter().map(|option| self.named(option)).collect();
        let are = if names.len() == 1 { "is" } else { "are" };
        Err(Failure {
            hint: Some(format!("Type: {}", self.in_full(given, &missing))),
            ..Failure::new(format!("{} {are} missing", markup::listed(&names)))
        })
    }

    fn refuse_words_for_numbers(&self, given: &Map<String, Value>) -> Result<(), Failure> {
        let options = self.command.module.spec.all_options();
        let typed = options.filter_map(|option| Some((option, given.get(option.name)?.as_str()?)));
        for (option, value) in typed {
            let (wanted, is_one) = match option.kind {
                Kind::Int => ("a whole number", value.trim().parse::<i64>().is_ok()),
                Kind::Float => ("a number", value.trim().parse::<f64>().is_ok()),
                _ => continue,
            };
            if !is_one {
                return Err(Failure::new(format!(
                    "{} must be {wanted}, not '{value}'",
                    markup::flag(option.name)
                )));
            }
        }
        Ok(())
    }

    fn named(&self, option: &Opt) -> String {
        let operand = self
            .command
            .operands
            .iter()
            .find(|(name, _)| *name == option.name);
        operand.map_or_else(|| markup::flag(option.name), |(_, word)| (*word).to_owned())
    }

    /// The command with all that was given and a word for each thing that was not.
    fn in_full(&self, given: &Map<String, Value>, missing: &[&Opt]) -> String {
        let mut words = vec!["mrp".to_owned()];
        words.extend(self.command.words.iter().map(|word| (*word).to_owned()));
        let is_missing = |name: &str| missing.iter().any(|option| option.name == name);
        let value_of = |option: &Opt, word: &str| match given.get(option.name) {
            Some(value) => Some(quoted(value)),
            None if is_missing(option.name) => Some(word.to_owned()),
            None => None,
        };
        // Behind a gap the places count no more, but the names do.
        let placed = self.command.operands.iter().map_while(|(name, word)| {
            value_of(self.command.option(name), word).map(|value| (*name, value))
        });
        let placed: Vec<(&str, String)> = placed.collect();
        words.extend(placed.iter().map(|(_, value)| value.clone()));
        for option in self.command.options() {
            if placed.iter().any(|(name, _)| *name == option.name) {
                continue;
            }
            let between = if matches!(option.kind, Kind::Bool) {
                "="
            } else {
                " "
            };
            if let Some(value) = value_of(option, &word_for(option)) {
                words.push(format!("{}{between}{value}", markup::flag(option.name)));
            }
        }
        words.extend(self.general_in_full());
        words.join(" ")
    }

    /// What was typed for the program itself and the connection; no secret is repeated.
    fn general_in_full(&self) -> Vec<String> {
        let sides = [self.front, self.behind];
        let told =
            |name: &str, value: &str| format!("{}={}", markup::flag(name), quoted(&json!(value)));
        let mut words = Vec::from_iter(self.lab().map(|lab| told(LAB, &lab)));
        for own in connection::OPTIONS {
            if own.disclosure != Disclosure::Secret {
                let values = sides.map(|side| parser::values(side, own.name)).concat();
                words.extend(values.iter().map(|value| told(own.name, value)));
            }
        }
        let switches = [CHECK, DIFF, JSON, VERBOSE].into_iter();
        words.extend(
            switches
                .filter(|switch| self.is_on(switch))
                .map(|switch| format!("--{switch}")),
        );
        words
    }
}

/// Fails when neither the options nor the environment tell the server and the token.
pub(crate) fn refuse_without_server(given: &Map<String, Value>) -> Result<(), Failure> {
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
            profiles::first_place().display()
        )),
        ..Failure::new(format!("{} is missing", markup::flag(missing.name)))
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
    let text = crate::cli::output::text::text_of(value);
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./:,=@+".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
