//! The names that complete a line: of machines, images, preseeds and labs. The scripts of `mrp completions` ask for them with
//! `mrp complete -- WORD...`; commands and options they know themselves.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Arg, Command as Parser};
use serde_json::{Map, Value, json};

use crate::cli::commands::{self, Command};
use crate::cli::parser::{self, HelpDetail, OPERAND};
use crate::cli::{profiles, side_request};
use crate::modules::{self, options::labs as labs_file};
use crate::support::progress::ProgressListener;
use crate::support::stdio::print_stdout;

/// The first word of such a line.
pub(crate) const WORD: &str = "complete";

/// Seconds that a shell may wait for the server.
const TIMEOUT: f64 = 3.0;

/// What is completed.
#[derive(Clone, Copy)]
enum Names {
    Machines,
    Images(Option<&'static str>),
    Preseeds,
    Labs,
}

/// A line as far as it is typed.
struct Line {
    parser: Parser,
    /// The words of the command.
    command: Vec<String>,
    /// How many operands stand before the last word.
    operands: usize,
    /// The option whose value the last word is.
    option: Option<String>,
    /// The values of the options that name the server.
    connection: Map<String, Value>,
    lab: Option<String>,
}

/// Prints the names that the last word may become, one a line. Nothing is said of a failure: it would stand in the line that
/// is typed.
pub(crate) fn run(words: &[OsString]) -> ExitCode {
    let words = words.iter().map(|word| word.to_string_lossy().into_owned());
    let words: Vec<String> = words.skip_while(|word| word == "--").collect();
    let Some((last, before)) = words.split_last() else {
        return ExitCode::SUCCESS;
    };
    let line = Line::new(before);
    let last = if last == "=" { "" } else { last };
    let is_name = |name: &String| name.starts_with(last) && !name.chars().any(char::is_control);
    let names = line
        .names(last)
        .map(|names| line.read(names))
        .unwrap_or_default();
    let names: Vec<String> = names.into_iter().filter(is_name).collect();
    print_stdout(
        &names
            .iter()
            .map(|name| format!("{name}\n"))
            .collect::<String>(),
    )
}

impl Line {
    fn new(words: &[String]) -> Line {
        let mut parser = parser::program(HelpDetail::Brief);
        parser.build();
        let mut line = Line {
            parser,
            command: Vec::new(),
            operands: 0,
            option: None,
            connection: Map::new(),
            lab: None,
        };
        for word in words {
            line.add(word);
        }
        line
    }

    fn add(&mut self, word: &str) {
        // bash makes words of their own of the = in `--kernel=x`.
        if word == "=" {
            return;
        }
        if let Some(option) = self.option.take() {
            self.set(&option, word);
        } else if let Some(name) = word.strip_prefix("--") {
            let (name, value) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (name, None),
            };
            match (self.option_with_value(name), value) {
                (Some(option), Some(value)) => self.set(&option, value),
                (option, _) => self.option = option,
            }
        } else if let Some(found) = self.parser.find_subcommand(word).cloned() {
            self.parser = found;
            self.command.push(word.to_owned());
        } else if !word.starts_with('-') {
            self.operands += 1;
        }
    }

    fn set(&mut self, option: &str, value: &str) {
        match option {
            parser::LAB => self.lab = Some(value.to_owned()),
            "mrp_url" | "mrp_token" | "ca_path" => {
                self.connection.insert(option.to_owned(), json!(value));
            }
            _ => {}
        }
    }

    /// The id of the option that a name or the beginning of one means, if it takes a value behind a blank.
    fn option_with_value(&self, name: &str) -> Option<String> {
        let takes_value =
            |arg: &&Arg| arg.get_action().takes_values() && !arg.is_require_equals_set();
        let has = |arg: &&Arg, is_it: &dyn Fn(&str) -> bool| {
            let names = arg.get_long_and_visible_aliases().unwrap_or_default();
            let others = arg.get_all_aliases().unwrap_or_default();
            names.into_iter().chain(others).any(is_it)
        };
        let args = || {
            self.parser
                .get_arguments()
                .filter(|arg| !arg.is_positional())
        };
        let exact = args().find(|arg| has(arg, &|long| long == name));
        let found = exact.or_else(|| args().find(|arg| has(arg, &|long| long.starts_with(name))));
        found
            .filter(takes_value)
            .map(|arg| arg.get_id().to_string())
    }

    /// What the last word names; None where it is no name.
    fn names(&self, last: &str) -> Option<Names> {
        if let Some(option) = &self.option {
            return self.names_of_option(option);
        }
        if last.starts_with('-') {
            return None;
        }
        if self.command == ["lab", "use"] {
            return (self.operands == 0).then_some(Names::Labs);
        }
        let command = self.known_command()?;
        let several = command.operands.first();
        let several = several.filter(|(name, _)| command.takes_several(command.option(name)));
        let (name, _) = several.or_else(|| command.operands.get(self.operands))?;
        self.names_of_option(name)
    }

    fn names_of_option(&self, option: &str) -> Option<Names> {
        let noun = self.command.first().map_or("", String::as_str);
        match option.strip_prefix(OPERAND).unwrap_or(option) {
            parser::LAB => Some(Names::Labs),
            "kernel" => Some(Names::Images(Some("Kernel"))),
            "initrd" => Some(Names::Images(Some("Initrd"))),
            "preseed" => Some(Names::Preseeds),
            "name" if noun == "preseed" => Some(Names::Preseeds),
            "description" if noun == "image" => Some(Names::Images(None)),
            "name" | "names" | "machines" if noun != "image" => Some(Names::Machines),
            _ => None,
        }
    }

    fn known_command(&self) -> Option<&'static Command> {
        commands::ALL
            .iter()
            .find(|command| command.words == self.command)
    }

    /// The names of all objects of a kind.
    fn read(&self, names: Names) -> Vec<String> {
        let (module, list, key, kind) = match names {
            Names::Machines => (&modules::MACHINE_INFO, "machines", "name", None),
            Names::Images(kind) => (&modules::IMAGE_INFO, "images", "description", kind),
            Names::Preseeds => (&modules::PRESEED_INFO, "preseeds", "name", None),
            Names::Labs => return labs(),
        };
        let Ok(mut connection) = profiles::options(self.lab.as_deref(), &self.connection) else {
            return Vec::new();
        };
        connection.extend(self.connection.clone());
        connection.insert("timeout".to_owned(), json!(TIMEOUT));
        let kind = kind.map(|kind| ("type".to_owned(), json!(kind)));
        let silent = ProgressListener::default();
        let found = side_request::list(
            &connection,
            &silent,
            module,
            list,
            kind.into_iter().collect(),
        );
        let found = found.unwrap_or_default().into_iter();
        let names = found.filter_map(|object| object[key].as_str().map(str::to_owned));
        let mut names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        names.sort();
        names.dedup();
        names
    }
}

fn labs() -> Vec<String> {
    let file = labs_file::file().ok().flatten();
    let names = file.iter().flat_map(|file| file.names().map(str::to_owned));
    names.collect()
}
