//! The protocol between Ansible and a binary module.
//!
//! Ansible starts the program as `AnsiballZ_NAME` with the path of a file that holds the arguments
//! in JSON. The program prints one JSON object. A module is a table of what it accepts
//! ([`ModuleSpec`]) and a function from a [`Call`] to a [`Success`] or a [`Failure`]; everything
//! between that and Ansible is here. Nothing here knows the server.
//!
//! The rules are those of ansible-core 2.15 to 2.21. Options and messages behave as those of AnsibleModule do, the class
//! that modules written in Python use.

pub(crate) mod args;
mod call;
pub mod completed_steps;
pub mod docs;
mod invocation;
mod objects;
pub(crate) mod options;
mod output;
mod request_log;
mod result;
mod secrets;
mod signals;

use std::path::Path;
use std::process::ExitCode;

pub use call::Call;
pub(crate) use objects::Object;
pub use objects::Objects;
pub use options::option::{Disclosure, Expansion, Kind, Literal, Opt};
pub use options::path::expand as expand_path;
#[cfg(feature = "cli")]
pub(crate) use options::python::str_of;
pub use options::spec::{
    Attribute, Attributes, Constraints, ModuleSpec, RequiredIf, Return, Support,
};
use request_log::RequestLog;
use result::DETAIL_VERBOSITY;
pub use result::{Diff, Failure, FailureKind, Success};

#[cfg(feature = "cli")]
pub(crate) use signals::is_ignored as signal_is_ignored;

pub use crate::support::markup::OptionStyle;

/// What Ansible puts in front of a module's file name.
const ANSIBLE_PREFIX: &str = "AnsiballZ_";

/// A module: what it accepts, and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Module {
    pub spec: &'static ModuleSpec,
    pub run: fn(&Call) -> Result<Success, Failure>,
}

/// The name under which Ansible, or someone in its place, started this program as a module:
/// it has Ansible's prefix, or it is the name of a module.
pub fn module_name_from_arg0<'a>(arg0: &'a str, modules: &[Module]) -> Option<&'a str> {
    let file = arg0.rsplit('/').next().unwrap_or(arg0);
    let (by_ansible, file) = match file.strip_prefix(ANSIBLE_PREFIX) {
        Some(rest) => (true, rest),
        None => (false, file),
    };
    // An extension belongs to the file, not to the module.
    let name = file.split('.').next().unwrap_or(file);
    (by_ansible || find(modules, name).is_some()).then_some(name)
}

/// Runs the module that `arg0` or the arguments name, and prints exactly one JSON object.
/// An empty path stands for an argument that is missing.
pub fn run_as_module(modules: &[Module], arg0: &str, args_file: &Path) -> ExitCode {
    let name = module_name_from_arg0(arg0, modules).unwrap_or(arg0);
    output::context().name = name.to_owned();
    signals::install_handlers();
    output::print(run(modules, name, args_file))
}

fn run(modules: &[Module], name: &str, args_file: &Path) -> Result<Success, Failure> {
    let args = args::read(args_file)?;
    let module = find_module(modules, name, args.internal.module_name.as_deref())?;
    output::context().name = module.spec.name.to_owned();
    let call = Call::prepare(module.spec, &args)?;
    module.answer_with_objects(&call)
}

impl Module {
    pub(crate) const fn new(
        spec: &'static ModuleSpec,
        run: fn(&Call) -> Result<Success, Failure>,
    ) -> Module {
        Module { spec, run }
    }

    /// The result of a call: with the warnings about its options, with options written in the style of the call, and at
    /// high verbosity with the requests that were sent.
    ///
    /// # Errors
    ///
    /// When the module could not do what was asked.
    pub fn answer(&self, call: &Call) -> Result<Success, Failure> {
        let success = self.answer_with_objects(call)?;
        Ok(success.with_objects_as_fields())
    }

    /// The same with objects as text, which only the output of a module needs.
    fn answer_with_objects(&self, call: &Call) -> Result<Success, Failure> {
        let log = (call.verbosity >= DETAIL_VERBOSITY).then(RequestLog::default);
        let call = &completed_steps::hold_requests_after_end(call);
        let mut result = match &log {
            Some(log) => (self.run)(&log.attach(call)),
            None => (self.run)(call),
        };
        let (Ok(success)
        | Err(Failure {
            partial: success, ..
        })) = &mut result;
        success.warnings.splice(0..0, call.warnings.iter().cloned());
        if let Some(log) = log {
            success.fields.insert("requests".to_owned(), log.entries());
        }
        match result {
            Ok(success) => Ok(success.rendered(call.option_style)),
            Err(failure) => Err(failure.rendered(call.option_style)),
        }
    }
}

/// The module that the file's name names, else the one that the task names, with or without a collection.
pub(crate) fn find_module<'a>(
    modules: &'a [Module],
    file_name: &str,
    task_name: Option<&str>,
) -> Result<&'a Module, Failure> {
    let task_name = task_name.and_then(|name| name.rsplit('.').next());
    find(modules, file_name)
        .or_else(|| find(modules, task_name?))
        .ok_or_else(|| {
            let names: Vec<&str> = modules.iter().map(|module| module.spec.name).collect();
            Failure {
                hint: Some(format!(
                    "Give its file the name of one of its modules: {}.",
                    names.join(", ")
                )),
                ..Failure::new(format!("This program has no module named '{file_name}'."))
            }
        })
}

fn find<'a>(modules: &'a [Module], name: &str) -> Option<&'a Module> {
    modules.iter().find(|module| module.spec.name == name)
}
