//! One call of a module: its validated options, and the mode to run in.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::ansible::args::{Args, Internal};
use crate::ansible::invocation::invocation;
use crate::ansible::options::expand::expand;
use crate::ansible::options::list_option::ListOption;
use crate::ansible::options::spec::ModuleSpec;
use crate::ansible::options::validate::{ValidOptions, validate};
use crate::ansible::output;
use crate::ansible::result::{Failure, Success, to_json};
use crate::ansible::secrets::Secrets;
use crate::support::markup::OptionStyle;
use crate::support::progress::ProgressListener;

/// What a module is asked to do.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The options under their canonical names and in their declared types, with defaults and environment variables filled
    /// in. Options without a value are absent.
    pub options: Map<String, Value>,
    pub check_mode: bool,
    pub diff_mode: bool,
    /// How many `-v` the user gave.
    pub verbosity: u64,
    /// One call for each item of the module's list, where the task gave the list instead of a single object.
    pub items: Option<Vec<Call>>,
    /// Its position in such a list: `machines[1]`. None for the task as a whole.
    pub position: Option<String>,
    /// Gets the progress events: for the command line, which shows them.
    pub progress: ProgressListener,
    /// How the face that shows the result writes options.
    pub option_style: OptionStyle,
    /// Texts among the options that YAML made of numbers and booleans.
    pub(crate) yaml_texts: Vec<String>,
    /// Warnings about the options; [`crate::ansible::Module::answer`] adds them to those of the module.
    pub(crate) warnings: Vec<String>,
}

impl Call {
    /// The options as a structure of the module's own.
    ///
    /// # Panics
    ///
    /// When the structure does not match the module's table of options, which is a mistake in the module.
    pub fn options<T: DeserializeOwned>(&self) -> T {
        serde_json::from_value(self.options.clone().into()).unwrap_or_else(|error| {
            panic!("the options do not fit the module's structure: {error}")
        })
    }

    /// A call with these options, checked and completed as if a task had them.
    ///
    /// # Errors
    ///
    /// When the options are not what the module's table says.
    pub fn new(spec: &ModuleSpec, options: &Map<String, Value>) -> Result<Call, Failure> {
        Call::validated(spec, &expand(spec, options)?, &Internal::default())
    }

    /// The same call in another mode: Ansible's check and diff mode, and its verbosity.
    pub fn in_mode(self, check_mode: bool, diff_mode: bool, verbosity: u64) -> Call {
        let in_mode = |call: Call| call.in_mode(check_mode, diff_mode, verbosity);
        Call {
            check_mode,
            diff_mode,
            verbosity,
            items: self
                .items
                .map(|items| items.into_iter().map(in_mode).collect()),
            ..self
        }
    }

    /// The result as a module prints it, for callers other than Ansible.
    pub fn result(&self, spec: &'static ModuleSpec, result: Result<Success, Failure>) -> Value {
        let result = to_json(result, self.diff_mode, self.verbosity);
        self.scrub(spec, result.into())
    }

    /// The same text without the secrets among the options and in the environment.
    pub fn scrub_text(&self, spec: &'static ModuleSpec, text: String) -> String {
        let hidden = self.scrub(spec, text.into());
        hidden.as_str().unwrap_or_default().to_owned()
    }

    /// The same for a sentence of ours.
    pub fn scrub_sentence(&self, spec: &'static ModuleSpec, sentence: &str) -> String {
        let mut secrets = Secrets::new();
        secrets.add(spec, &self.options);
        secrets.scrub_sentence(sentence, &output::public_keys(Some(spec)))
    }

    /// The sentences of a failure without these secrets, and the server's response where the verbosity asks for it.
    #[must_use]
    pub fn scrub_failure(&self, spec: &'static ModuleSpec, failure: &Failure) -> Failure {
        let scrub = |sentence: &str| self.scrub_sentence(spec, sentence);
        let item_messages = failure.item_messages.iter();
        Failure {
            kind: failure.kind,
            message: scrub(&failure.message),
            item_messages: item_messages.map(|message| scrub(message)).collect(),
            hint: failure.hint.as_deref().map(scrub),
            hint_names_option: failure.hint_names_option,
            server_response: failure
                .response_at(self.verbosity)
                .map(|response| self.scrub_text(spec, response.to_owned())),
            ..Failure::default()
        }
    }

    /// The same value without the secrets among the options and in the environment.
    pub fn scrub(&self, spec: &'static ModuleSpec, value: Value) -> Value {
        let mut secrets = Secrets::new();
        secrets.add(spec, &self.options);
        secrets.scrub(value, &output::public_keys(Some(spec)))
    }

    /// Validates the arguments, and tells the output which secrets to remove and what Ansible asked for.
    pub(crate) fn prepare(spec: &'static ModuleSpec, args: &Args) -> Result<Call, Failure> {
        set_output_context(spec, args, &args.options);
        let options = expand(spec, &args.options)?;
        // What another option stands for may be secret.
        set_output_context(spec, args, &options);
        let call = Call::validated(spec, &options, &args.internal)?;
        // Again with coerced values, and with values from the environment.
        set_output_context(spec, args, &call.options);
        Ok(call)
    }

    pub(crate) fn validated(
        spec: &ModuleSpec,
        options: &Map<String, Value>,
        internal: &Internal,
    ) -> Result<Call, Failure> {
        match ListOption::find(spec, options) {
            Some(list) => list.call(options, internal),
            None => Call::for_one_object(spec, options, internal),
        }
    }

    pub(crate) fn for_one_object(
        spec: &ModuleSpec,
        options: &Map<String, Value>,
        internal: &Internal,
    ) -> Result<Call, Failure> {
        let ValidOptions {
            options,
            warnings,
            yaml_texts,
        } = validate(spec, options, internal)?;
        Ok(Call {
            options,
            warnings,
            yaml_texts,
            check_mode: internal.check_mode,
            diff_mode: internal.diff_mode,
            verbosity: internal.verbosity,
            ..Call::default()
        })
    }
}

fn set_output_context(spec: &'static ModuleSpec, args: &Args, options: &Map<String, Value>) {
    let mut secrets = output::context().secrets.clone();
    secrets.add(spec, options);
    let invocation = || invocation(spec, options, &args.options);
    let invocation = args.internal.wants_invocation.then(invocation);
    let mut context = output::context();
    context.spec = Some(spec);
    context.secrets = secrets;
    context.diff_mode = args.internal.diff_mode;
    context.verbosity = args.internal.verbosity;
    context.invocation = invocation;
}
