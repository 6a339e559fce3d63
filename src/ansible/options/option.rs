//! One option of a module: its name, type, default, choices, and where its value may be shown.

use std::env;

use serde_json::Value;

use crate::ansible::options::spec::DOCUMENTED;

/// One option of a module.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    /// The canonical name.
    pub name: &'static str,
    /// What its value is coerced to.
    pub kind: Kind,
    /// Whether the module cannot run without it.
    pub required: bool,
    /// Its value when none is given.
    pub default: Option<Literal>,
    /// The values that are allowed, after coercion; all are when this is empty.
    pub choices: &'static [&'static str],
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// The environment variable that is used when no value is given.
    pub env: Option<&'static str>,
    /// The smallest number that is allowed.
    pub minimum: Option<i64>,
    /// Where its value may be shown.
    pub disclosure: Disclosure,
    /// Paragraphs of the documentation.
    pub description: &'static [&'static str],
}

/// The type that the value of an option is coerced to.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text; anything else becomes text as Python's `str` would write it.
    Str,
    /// True or false, or one of the words for them.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A finite number.
    Float,
    /// Text in which `~` and `$VARIABLE` are expanded.
    Path,
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
    /// Text.
    Str(&'static str),
    /// A whole number.
    Int(i64),
    /// A decimal number, as it is printed in the documentation.
    Float(&'static str),
    /// True or false.
    Bool(bool),
}

impl Opt {
    /// An optional option that may be shown anywhere.
    #[must_use]
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
            description: &[],
        }
    }

    /// The module cannot run without it.
    #[must_use]
    pub const fn required(mut self) -> Opt {
        self.required = true;
        self
    }

    /// The value when none is given: text.
    #[must_use]
    pub const fn default_str(mut self, value: &'static str) -> Opt {
        self.default = Some(Literal::Str(value));
        self
    }

    /// The value when none is given: a whole number.
    #[must_use]
    pub const fn default_int(mut self, value: i64) -> Opt {
        self.default = Some(Literal::Int(value));
        self
    }

    /// The value when none is given: true or false.
    #[must_use]
    pub const fn default_bool(mut self, value: bool) -> Opt {
        self.default = Some(Literal::Bool(value));
        self
    }

    /// The value when none is given: a decimal number, as it is printed in the documentation.
    #[must_use]
    pub const fn default_float(mut self, value: &'static str) -> Opt {
        self.default = Some(Literal::Float(value));
        self
    }

    /// The only values that are allowed.
    #[must_use]
    pub const fn choices(mut self, choices: &'static [&'static str]) -> Opt {
        self.choices = choices;
        self
    }

    /// Other names for it.
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Opt {
        self.aliases = aliases;
        self
    }

    /// The environment variable that is used when no value is given.
    #[must_use]
    pub const fn env(mut self, variable: &'static str) -> Opt {
        self.env = Some(variable);
        self
    }

    /// The smallest number that is allowed.
    #[must_use]
    pub const fn minimum(mut self, minimum: i64) -> Opt {
        self.minimum = Some(minimum);
        self
    }

    /// Where its value may be shown.
    #[must_use]
    pub const fn disclosure(mut self, disclosure: Disclosure) -> Opt {
        self.disclosure = disclosure;
        self
    }

    /// Its value is masked in every output.
    #[must_use]
    pub const fn secret(self) -> Opt {
        self.disclosure(Disclosure::Secret)
    }

    /// Its value is a URL, whose user, password, query and fragment are masked in every output.
    #[must_use]
    pub const fn url(self) -> Opt {
        self.disclosure(Disclosure::ShownAsUrl)
    }

    /// Its value is left out of `invocation`.
    #[must_use]
    pub const fn hidden_in_invocation(self) -> Opt {
        self.disclosure(Disclosure::HiddenInInvocation)
    }

    /// Paragraphs of the documentation.
    #[must_use]
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

    /// Whether this is its name or one of its aliases.
    #[must_use]
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.names().any(|own| own == name)
    }

    /// The text in its environment variable. An empty one counts as not set.
    pub(crate) fn env_value(&self) -> Option<String> {
        let value = env::var(self.env?).ok();
        value.filter(|text| !text.is_empty())
    }

    /// The options of each item, for a list of dictionaries.
    #[must_use]
    pub(crate) const fn item_options(&self) -> Option<&'static [&'static [Opt]]> {
        match self.kind {
            Kind::Items(groups) => Some(groups),
            _ => None,
        }
    }
}

impl Kind {
    /// The name of the type in Ansible's words.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Kind::Str => "str",
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::Path => "path",
            Kind::List(_) | Kind::Items(_) => "list",
        }
    }

    /// The name of the type of the elements, for a list.
    #[must_use]
    pub const fn element_name(&self) -> Option<&'static str> {
        match self {
            Kind::List(element) => Some(element.name()),
            Kind::Items(_) => Some("dict"),
            _ => None,
        }
    }
}

impl Literal {
    /// The same value as JSON.
    #[must_use]
    pub fn to_json(self) -> Value {
        match self {
            Literal::Str(text) => text.into(),
            Literal::Int(number) => number.into(),
            Literal::Bool(value) => value.into(),
            Literal::Float(text) => text.parse::<f64>().map_or(Value::Null, Value::from),
        }
    }
}
