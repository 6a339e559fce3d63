//! One option of a module: its name, type, default, choices, and where its value may be shown.

use std::env;

use serde_json::{Map, Value};

use crate::ansible::options::spec::DOCUMENTED;
use crate::ansible::result::Failure;

#[derive(Clone, Copy, Debug)]
pub struct Opt {
    pub name: &'static str,
    /// What its value is coerced to.
    pub kind: Kind,
    pub required: bool,
    pub default: Option<Literal>,
    /// The values that are allowed, after coercion; all are when this is empty.
    pub choices: &'static [&'static str],
    pub aliases: &'static [&'static str],
    /// The environment variable that is used when no value is given.
    pub env: Option<&'static str>,
    pub minimum: Option<i64>,
    pub disclosure: Disclosure,
    /// What it stands for, if its value is the name of a set of other options.
    pub expansion: Option<Expansion>,
    /// Paragraphs of the documentation.
    pub description: &'static [&'static str],
}

/// The options that a name of a set stands for. The name is None where the task gives none; the map has what it gives.
pub type Expansion = fn(Option<&str>, &Map<String, Value>) -> Result<Map<String, Value>, Failure>;

/// The type that the value of an option is coerced to.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text; a number or a boolean becomes text as Python's `str` would write it, a list or a dictionary is refused.
    Str,
    /// Text; a list or a dictionary becomes JSON.
    Json,
    /// Text; a list of texts is joined by blanks.
    Words,
    /// True or false, or one of the words for them.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A finite number.
    Float,
    /// Text in which `~` and `$VARIABLE` are expanded.
    Path,
    /// Anything; the module reads it itself.
    Raw,
    /// A list of one kind.
    List(&'static Kind),
    /// A list of dictionaries that have these options, each completed by the options outside the list.
    Items(&'static [&'static [Opt]]),
}

/// Where the value of an option may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// Anywhere.
    Shown,
    /// Anywhere except in `invocation`: the value is a long text.
    HiddenInInvocation,
    /// Anywhere, as a URL without its user, password, query and fragment.
    ShownAsUrl,
    /// Nowhere: it is masked in every output.
    Secret,
}

/// A value written in a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Literal {
    Str(&'static str),
    Int(i64),
    /// A decimal number, as it is printed in the documentation.
    Float(&'static str),
    Bool(bool),
}

impl Opt {
    /// An optional option that may be shown anywhere.
    pub const fn new(name: &'static str, kind: Kind) -> Opt {
        Opt {
            name,
            kind,
            required: false,
            default: None,
            choices: &[],
            aliases: &[],
            env: None,
            minimum: None,
            disclosure: Disclosure::Shown,
            expansion: None,
            description: &[],
        }
    }

    pub const fn required(mut self) -> Opt {
        self.required = true;
        self
    }

    pub const fn default_str(mut self, value: &'static str) -> Opt {
        self.default = Some(Literal::Str(value));
        self
    }

    pub const fn default_int(mut self, value: i64) -> Opt {
        self.default = Some(Literal::Int(value));
        self
    }

    pub const fn default_bool(mut self, value: bool) -> Opt {
        self.default = Some(Literal::Bool(value));
        self
    }

    pub const fn default_float(mut self, value: &'static str) -> Opt {
        self.default = Some(Literal::Float(value));
        self
    }

    pub const fn choices(mut self, choices: &'static [&'static str]) -> Opt {
        self.choices = choices;
        self
    }

    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Opt {
        self.aliases = aliases;
        self
    }

    pub const fn env(mut self, variable: &'static str) -> Opt {
        self.env = Some(variable);
        self
    }

    pub const fn minimum(mut self, minimum: i64) -> Opt {
        self.minimum = Some(minimum);
        self
    }

    pub const fn secret(mut self) -> Opt {
        self.disclosure = Disclosure::Secret;
        self
    }

    pub const fn url(mut self) -> Opt {
        self.disclosure = Disclosure::ShownAsUrl;
        self
    }

    pub const fn hidden_in_invocation(mut self) -> Opt {
        self.disclosure = Disclosure::HiddenInInvocation;
        self
    }

    /// Its value is the name of a set of other options.
    pub const fn stands_for(mut self, expansion: Expansion) -> Opt {
        self.expansion = Some(expansion);
        self
    }

    pub const fn about(mut self, description: &'static [&'static str]) -> Opt {
        if DOCUMENTED {
            self.description = description;
        }
        self
    }

    /// Every name that it can be given by: its own, and its aliases.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.names().any(|own| own == name)
    }

    /// The text in its environment variable. An empty one counts as not set.
    pub(crate) fn env_value(&self) -> Option<String> {
        let value = env::var(self.env?).ok();
        value.filter(|text| !text.is_empty())
    }

    /// The options of each item, for a list of dictionaries.
    pub(crate) const fn item_options(&self) -> Option<&'static [&'static [Opt]]> {
        match self.kind {
            Kind::Items(groups) => Some(groups),
            _ => None,
        }
    }
}

impl Kind {
    pub const fn name(&self) -> &'static str {
        match self {
            Kind::Str | Kind::Json | Kind::Words => "str",
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::Path => "path",
            Kind::Raw => "raw",
            Kind::List(_) | Kind::Items(_) => "list",
        }
    }

    /// The name of the type of the elements, for a list.
    pub const fn element_name(&self) -> Option<&'static str> {
        match self {
            Kind::List(element) => Some(element.name()),
            Kind::Items(_) => Some("dict"),
            _ => None,
        }
    }
}

impl Literal {
    pub fn to_json(self) -> Value {
        match self {
            Literal::Str(text) => text.into(),
            Literal::Int(number) => number.into(),
            Literal::Bool(value) => value.into(),
            Literal::Float(text) => text.parse::<f64>().map_or(Value::Null, Value::from),
        }
    }
}
