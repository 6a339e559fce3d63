//! One call of a module: its options, ready to be used, and how Ansible wants it run.

use std::env;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::args::Args;
use super::invocation::invocation;
use super::output;
use super::result::{Audience, Failure};
use super::spec::ModuleSpec;
use super::validate;

/// What a module is asked to do.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The options under their canonical names and in their declared types, with defaults and
    /// environment variables filled in. What was not given is absent.
    pub options: Map<String, Value>,
    /// Whether to say what would be done instead of doing it.
    pub check_mode: bool,
    /// Whether the differences are going to be shown.
    pub diff_mode: bool,
    /// How many `-v` the user gave.
    pub verbosity: u64,
    /// What the protocol itself has to warn about; added to the module's own warnings.
    pub(super) warnings: Vec<String>,
}

impl Call {
    /// The options as a structure of the module's own.
    ///
    /// # Panics
    ///
    /// When the structure does not match the module's table of options, which is a mistake in the
    /// module.
    #[must_use]
    pub fn options<T: DeserializeOwned>(&self) -> T {
        serde_json::from_value(self.options.clone().into()).unwrap_or_else(|error| {
            panic!("the options do not fit the module's structure: {error}")
        })
    }

    /// Validates what Ansible handed over. Secrets and the invocation are made known to the output
    /// on the way.
    pub(super) fn prepare(spec: &'static ModuleSpec, args: Args) -> Result<Call, Failure> {
        let environment = |name: &str| env::var(name).ok();
        let internal = args.internal;
        let audience = |invocation| Audience {
            diff_mode: internal.diff_mode,
            verbosity: internal.verbosity,
            invocation: internal.wants_invocation.then_some(invocation),
        };
        output::learn(|context| {
            context.spec = Some(spec);
            context.secrets.learn(spec.options, &args.options);
            context
                .secrets
                .learn_environment(spec.options, &environment);
            context.audience = audience(invocation(spec, &args.options, &args.options));
        });
        let name = internal.module_name.as_deref().unwrap_or(spec.name);
        let ignore = internal.ignore_unknown_options;
        let validated = validate::validate(spec, name, &args.options, &environment, ignore)?;
        output::learn(|context| {
            context.secrets.learn(spec.options, &validated.options);
            context.audience = audience(invocation(spec, &validated.options, &args.options));
        });
        Ok(Call {
            options: validated.options,
            check_mode: internal.check_mode,
            diff_mode: internal.diff_mode,
            verbosity: internal.verbosity,
            warnings: validated.warnings,
        })
    }
}
