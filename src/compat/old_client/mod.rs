//! The command lines of `mrp_client.py`, the predecessor of `mrp`: the same lines print the same and end with the same exit
//! code. `docs/migration.md` lists the differences, with their reasons.
//!
//! Each action is a call of a module or two, as each command of `mrp` is. `cli::old_client` runs a line and prints.

mod actions;
pub(crate) mod parser;

use clap::ArgMatches;
use serde_json::{Map, Value, json};

use crate::ansible::{Call, Failure, Module};

pub(crate) use actions::perform;

/// Options of a module, by their names there.
type Options = Map<String, Value>;

/// What an action prints.
pub(crate) enum ActionOutput {
    Nothing,
    /// `True` or `False`, with the exit code.
    Found(bool),
    Lines(String),
}

/// A line that was typed, and the options of the connection.
pub(crate) struct OldCommandLine<'a> {
    pub(crate) command: &'a str,
    pub(crate) matches: &'a ArgMatches,
    pub(crate) connection: Options,
    pub(crate) verbosity: u64,
    /// Gets the warnings of the modules.
    pub(crate) warn: fn(&str),
}

impl OldCommandLine<'_> {
    /// The value of an option as it was typed.
    fn typed(&self, option: &str) -> Option<&str> {
        self.matches.get_one(option).map(String::as_str)
    }

    /// The value of an option; None also for an empty one.
    fn value(&self, option: &str) -> Option<&str> {
        self.typed(option).filter(|value| !value.is_empty())
    }

    /// Fails where one of these options is empty: the modules would take that as not given.
    fn refuse_empty(&self, options: &[&str]) -> Result<(), Failure> {
        let Some(name) = options.iter().find(|name| self.typed(name) == Some("")) else {
            return Ok(());
        };
        let flag = parser::flag(self.command, name);
        Err(Failure::new(format!("{flag} must not be empty")))
    }

    /// Fails where one of these options is not given or empty.
    fn require(&self, options: &[&str]) -> Result<(), Failure> {
        let missing = options.iter().filter(|name| self.value(name).is_none());
        let missing = missing.map(|name| parser::flag(self.command, name));
        let missing: Vec<String> = missing.collect();
        if missing.is_empty() {
            return Ok(());
        }
        let action = self.value(parser::ACTION).unwrap_or_default();
        let (command, missing) = (self.command, missing.join(" and "));
        Err(Failure::new(format!(
            "{command} --action {action} needs {missing}"
        )))
    }

    /// Those of these options that were given, for a module.
    fn options(&self, names: &[&str]) -> Options {
        let mut options = Options::new();
        for name in names {
            options.extend(
                self.value(name)
                    .map(|value| ((*name).to_owned(), json!(value))),
            );
        }
        options
    }

    /// The result of a module that must not change anything.
    fn check(&self, module: &'static Module, options: Options) -> Result<Value, Failure> {
        self.call(module, options, true)
    }

    /// Lets a module do what the options say. The old client printed nothing then.
    fn apply(&self, module: &'static Module, options: Options) -> Result<ActionOutput, Failure> {
        self.call(module, options, false)?;
        Ok(ActionOutput::Nothing)
    }

    fn call(
        &self,
        module: &'static Module,
        options: Options,
        check_mode: bool,
    ) -> Result<Value, Failure> {
        let options = self.connection.clone().into_iter().chain(options).collect();
        let call = Call::new(module.spec, &options)?.in_mode(check_mode, false, self.verbosity);
        let outcome = module.answer(&call);
        let failure = outcome.as_ref().err();
        let failure = failure.map(|failure| call.scrub_failure(module.spec, failure));
        let result = call.result(module.spec, outcome);
        let warnings = result["warnings"].as_array().into_iter().flatten();
        warnings.filter_map(Value::as_str).for_each(self.warn);
        match failure {
            None => Ok(result),
            // These lines do not have the options of the modules.
            Some(failure) => Err(Failure {
                hint: failure.hint.filter(|_| !failure.hint_names_option),
                ..failure
            }),
        }
    }
}
