//! From a typed command to a module's call.

use std::time::Duration;

use clap::ArgMatches;
use serde_json::{Map, Value, json};

use crate::ansible::{Call, Disclosure, Failure, Kind, Opt};
use crate::cli::commands::{Command, status};
use crate::cli::output::format::OutputFormat;
use crate::cli::output::markup::{OPTION_STYLE, flag};
use crate::cli::output::progress::{self, ProgressMonitor};
use crate::cli::output::text::{display_text, enumerate};
use crate::cli::parser::{CHECK, DIFF, JSON, LAB, NO_HEADERS, OPERAND, OUTPUT, VERBOSE};
use crate::cli::{VERBOSITY, ids, missing_options, profiles};
use crate::modules::options::connection;

/// The values of a switch.
const SWITCH_VALUES: [&str; 10] = [
    "yes", "no", "true", "false", "on", "off", "y", "n", "t", "f",
];

/// The shortest pause of `--watch`. Without one, the server would be busy with it alone.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// What to run, and how to show the result.
pub(crate) struct CommandRequest {
    pub(crate) command: &'static Command,
    pub(crate) call: Call,
    /// How the result is printed.
    pub(crate) format: OutputFormat,
    /// Whether tables have a line of headings.
    pub(crate) has_heading: bool,
    /// The options of the program and the connection that another command for the same lab needs, as they are typed.
    pub(crate) lab_options: String,
    pub(crate) progress: ProgressMonitor,
    /// The pause after which the command is repeated; None for a single run.
    pub(crate) pause: Option<Duration>,
}

/// A command as it was typed.
pub(crate) struct TypedCommand<'a> {
    pub(crate) command: &'static Command,
    pub(crate) matches: &'a ArgMatches,
}

impl TypedCommand<'_> {
    /// The request that was typed; a failure for an invalid call.
    pub(crate) fn request(&self) -> Result<CommandRequest, Failure> {
        let options = self.options()?;
        let request = self.request_with(&options);
        request.map_err(|failure| {
            let call = Call {
                options,
                ..Call::default()
            };
            call.scrub_failure(self.command.module.spec, &failure)
        })
    }

    fn request_with(&self, options: &Map<String, Value>) -> Result<CommandRequest, Failure> {
        self.refuse_missing_options(options)?;
        self.refuse_text_for_numbers(options)?;
        let spec = self.command.module.spec;
        let mut call = Call::new(spec, options).map_err(|failure| {
            let failure = self.without_list_position(failure.rendered(OPTION_STYLE));
            let example = format!("For example: {}", self.command.example);
            Failure {
                hint: failure.hint.or(Some(example)),
                ..failure
            }
        })?;
        name_items(&mut call);
        let verbosity = if self.is_on(VERBOSE) { VERBOSITY } else { 0 };
        let mut call = call.in_mode(self.is_on(CHECK), self.is_on(DIFF), verbosity);
        let progress = ProgressMonitor::default();
        call.progress = progress::listener(&call, spec, &progress);
        let format = self.format()?;
        if !format.is_data() {
            // As JSON, the result is that of the Ansible module.
            call.option_style = OPTION_STYLE;
        }
        Ok(CommandRequest {
            command: self.command,
            pause: pause(&call)?,
            call,
            format,
            has_heading: !self.is_on(NO_HEADERS),
            lab_options: self
                .lab_options()
                .iter()
                .map(|word| format!(" {word}"))
                .collect(),
            progress,
        })
    }

    /// Nobody typed the list of a command with several operands, and all other options are the same for all of them.
    fn without_list_position(&self, failure: Failure) -> Failure {
        let list = self.command.list.unwrap_or_default();
        let behind_list = failure.message.strip_prefix(&format!("{list}["));
        match behind_list.and_then(|text| text.split_once("]: ")) {
            Some((_, problem)) => Failure {
                message: problem.to_owned(),
                ..failure
            },
            None => failure,
        }
    }

    fn is_on(&self, switch: &str) -> bool {
        self.matches.get_flag(switch)
    }

    /// The format of the result, which has to fit the command.
    fn format(&self) -> Result<OutputFormat, Failure> {
        match (format(self.matches)?, self.command.view.names()) {
            (OutputFormat::Names, None) => Err(Failure::invalid_call(
                "--output names is for commands that list something",
            )),
            (format, _) => Ok(format),
        }
    }

    /// The options of the lab, then those that were typed, then those that the command fixes.
    fn options(&self) -> Result<Map<String, Value>, Failure> {
        let typed = self.typed_options()?;
        let mut options = profiles::options(self.lab(), &typed)?;
        options.extend(typed);
        if let Some((option, value)) = self.command.fixed {
            options.insert(option.to_owned(), json!(value));
        }
        ids::resolve(self.command, &mut options)?;
        Ok(options)
    }

    fn typed_options(&self) -> Result<Map<String, Value>, Failure> {
        let mut typed = Map::new();
        for option in connection::OPTIONS.iter().chain(self.command.options()) {
            let values = self.values(option.name);
            let (name, value) = match (&values[..], option.kind, self.command.list) {
                ([], ..) => continue,
                ([value], ..) => (option.name, json!(value)),
                (values, Kind::List(_), _) => {
                    let values = values.iter().flat_map(|value| value.split(','));
                    (option.name, values.collect())
                }
                // Several operands become a list of objects.
                (values, _, Some(list)) if self.command.is_operand(option) => {
                    let items = values.iter().map(|value| json!({ option.name: value }));
                    (list, items.collect())
                }
                (values, ..) => {
                    let (flag, times) = (flag(option.name), values.len());
                    let problem = format!("{flag} is given {times} times");
                    return Err(Failure::invalid_call(problem));
                }
            };
            typed.insert(name.to_owned(), value);
        }
        self.refuse_switch_values_as_names(&typed)?;
        Ok(typed)
    }

    fn lab(&self) -> Option<&str> {
        self.matches.get_one(LAB).map(String::as_str)
    }

    /// The values of an option, given with its name or as operands.
    fn values(&self, option: &str) -> Vec<String> {
        let mut values = Vec::new();
        for id in [option, &format!("{OPERAND}{option}")] {
            let found = self.matches.try_get_many::<String>(id).ok().flatten();
            values.extend(found.into_iter().flatten().cloned());
        }
        values
    }

    /// `machine configure qdc01 --netboot no` would switch netboot on, of the machines qdc01 and no.
    fn refuse_switch_values_as_names(&self, typed: &Map<String, Value>) -> Result<(), Failure> {
        let operands = self.command.operands.iter();
        let mut names = operands.flat_map(|(option, _)| self.values(option));
        let value = names.find(|name| SWITCH_VALUES.contains(&name.to_lowercase().as_str()));
        let mut switches = self.command.options().filter(|option| {
            matches!(option.kind, Kind::Bool) && typed.get(option.name) == Some(&json!("true"))
        });
        match (value, switches.next()) {
            (Some(value), Some(switch)) => Err(Failure {
                hint: Some(format!("Write {}={value}.", flag(switch.name))),
                ..Failure::invalid_call(format!("'{value}' is taken for a name"))
            }),
            _ => Ok(()),
        }
    }

    /// Fails with the whole command to type where an option is missing.
    fn refuse_missing_options(&self, options: &Map<String, Value>) -> Result<(), Failure> {
        let options = &self.of_one_object(options);
        let missing = missing_options::find(self.command, options);
        if missing.is_empty() {
            return profiles::require_server(options);
        }
        let names: Vec<String> = missing.iter().map(|option| self.title(option)).collect();
        let verb = if names.len() == 1 { "is" } else { "are" };
        let command = self.complete_command(options, &missing);
        Err(Failure {
            hint: Some(format!("Type: {command}")),
            ..Failure::invalid_call(format!("{} {verb} missing", enumerate(&names)))
        })
    }

    /// The options as the first object of a list has them: the others differ only in their names.
    fn of_one_object(&self, options: &Map<String, Value>) -> Map<String, Value> {
        let mut options = options.clone();
        let list = self.command.list.and_then(|list| options.remove(list));
        if let Some(Value::Object(first)) = list.as_ref().and_then(|list| list.get(0)) {
            options.extend(first.clone());
        }
        options
    }

    fn refuse_text_for_numbers(&self, options: &Map<String, Value>) -> Result<(), Failure> {
        for option in self.command.module.spec.all_options() {
            let Some(Value::String(value)) = options.get(option.name) else {
                continue;
            };
            let (expected, is_valid) = match option.kind {
                Kind::Int => ("a whole number", value.trim().parse::<i64>().is_ok()),
                Kind::Float => ("a number", value.trim().parse::<f64>().is_ok()),
                _ => continue,
            };
            if !is_valid {
                return Err(Failure::invalid_call(format!(
                    "{} must be {expected}, not '{value}'",
                    flag(option.name)
                )));
            }
        }
        Ok(())
    }

    /// An option as the usage names it: `MACHINE` or `--kernel`.
    fn title(&self, option: &Opt) -> String {
        let word = self.operand_word(option);
        word.map_or_else(|| flag(option.name), str::to_owned)
    }

    fn operand_word(&self, option: &Opt) -> Option<&'static str> {
        let mut operands = self.command.operands.iter();
        let operand = operands.find(|(name, _)| *name == option.name);
        operand.map(|(_, word)| *word)
    }

    /// The command with everything that was given, and a word in place of every value that is missing.
    fn complete_command(&self, options: &Map<String, Value>, missing: &[&Opt]) -> String {
        let misplaced = self.misplaced_choice(missing);
        let value_of = |option: &Opt| match options.get(option.name) {
            Some(_) if self.command.list.is_some() && self.command.is_operand(option) => {
                let mut values = self.values(option.name);
                if misplaced.is_some() {
                    values.pop();
                }
                let words: Vec<String> = values.iter().map(|value| shell_quoted(value)).collect();
                Some(words.join(" "))
            }
            Some(value) => Some(shell_quoted(&display_text(value))),
            None => {
                let mut missing = missing.iter();
                let missing = missing.find(|missing| missing.name == option.name)?;
                let misplaced = misplaced.filter(|choice| missing.choices.contains(choice));
                let word = misplaced
                    .or(self.operand_word(missing))
                    .or(missing.choices.first().copied());
                Some(word.map_or_else(|| missing.name.to_uppercase(), str::to_owned))
            }
        };
        let mut words = vec!["mrp".to_owned()];
        words.extend(self.command.words.iter().map(|word| (*word).to_owned()));
        // Operands are told apart by their places. Behind one without a value, the others need their names.
        let operands = self.command.operands.iter();
        let operands = operands.map_while(|(name, _)| value_of(self.command.option(name)));
        let operands: Vec<String> = operands.collect();
        let placed = &self.command.operands[..operands.len()];
        words.extend(operands);
        for option in self.command.options() {
            match (value_of(option), option.kind) {
                _ if placed.iter().any(|(name, _)| *name == option.name) => {}
                (Some(value), Kind::Bool) => words.push(format!("{}={value}", flag(option.name))),
                (Some(value), _) => words.push(format!("{} {value}", flag(option.name))),
                (None, _) => {}
            }
        }
        words.extend(self.general_options());
        words.join(" ")
    }

    /// The value of a missing option where it was typed without the option's name: `machine report qdc01 ready`.
    fn misplaced_choice(&self, missing: &[&Opt]) -> Option<&'static str> {
        self.command.list?;
        let (operand, _) = self.command.operands.last()?;
        let values = self.values(operand);
        let [_, .., last] = &values[..] else {
            return None;
        };
        let mut choices = missing.iter().flat_map(|option| option.choices);
        choices.find(|choice| *choice == last).copied()
    }

    /// The options of the program itself and of the connection that were typed, without secrets.
    fn general_options(&self) -> Vec<String> {
        let mut words = self.lab_options();
        for switch in [CHECK, DIFF, JSON, VERBOSE] {
            if self.is_on(switch) {
                words.push(flag(switch));
            }
        }
        words
    }

    /// Those of them that say which lab to talk to, and how.
    fn lab_options(&self) -> Vec<String> {
        let typed = |name: &str, value: &str| format!("{}={}", flag(name), shell_quoted(value));
        let mut words = Vec::from_iter(self.lab().map(|lab| typed(LAB, lab)));
        for option in connection::OPTIONS {
            if option.disclosure != Disclosure::Secret {
                let values = self.values(option.name);
                words.extend(values.iter().map(|value| typed(option.name, value)));
            }
        }
        words
    }
}

/// Names the objects of a list in messages by their names: on the command line they have no numbers.
fn name_items(call: &mut Call) {
    for item in call.items.iter_mut().flatten() {
        let name = item.options.get("name").map(display_text);
        item.position = name.map(|name| format!("machine '{name}'"));
    }
}

/// The format that was typed.
pub(crate) fn format(matches: &ArgMatches) -> Result<OutputFormat, Failure> {
    let typed = matches.get_one(OUTPUT).map(String::as_str);
    match (typed, matches.get_flag(JSON)) {
        (None, false) => Ok(OutputFormat::Table),
        (None | Some("json"), true) => Ok(OutputFormat::Json),
        (Some(word), false) => OutputFormat::parse(word),
        (Some(word), true) => Err(Failure::invalid_call(format!(
            "--json and --output {word} each name a format: give one of them"
        ))),
    }
}

/// The pause of a command with `--watch`.
fn pause(call: &Call) -> Result<Option<Duration>, Failure> {
    let watches = call.options.get(status::WATCH) == Some(&json!(true));
    let seconds = call.options.get(status::INTERVAL).and_then(Value::as_f64);
    let Some(seconds) = seconds.filter(|_| watches) else {
        return Ok(None);
    };
    let pause = connection::seconds(status::INTERVAL, seconds)
        .map_err(|failure| failure.rendered(OPTION_STYLE))?;
    if pause < SHORTEST_PAUSE {
        return Err(Failure::invalid_call(format!(
            "{} must be at least {} seconds with {}, not {seconds}",
            status::INTERVAL,
            SHORTEST_PAUSE.as_secs_f64(),
            status::WATCH,
        )));
    }
    Ok(Some(pause))
}

/// A word as a shell takes it.
pub(crate) fn shell_quoted(word: &str) -> String {
    let is_plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./:,=@+".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
