//! The table of a module: its options, rules, attributes, documentation and return values.
//!
//! Coercions, defaults, aliases, messages about wrong parameters and the documentation are made from it. All constructors
//! are `const`: a module writes its table as a `static`.

use crate::ansible::options::option::{Literal, Opt};

/// Whether the texts of the documentation are compiled in: only the command line shows them.
pub(crate) const DOCUMENTED: bool = cfg!(feature = "documentation");

/// The table of a module.
#[derive(Clone, Copy, Debug)]
pub struct ModuleSpec {
    /// The module's name, which is also its file name in `library/`.
    pub name: &'static str,
    /// One line, no full stop at its end.
    pub short_description: &'static str,
    pub description: &'static [&'static str],
    /// Groups of options (the module's own, the connection's), together one flat namespace.
    pub options: &'static [&'static [Opt]],
    pub constraints: Constraints,
    pub attributes: Attributes,
    /// Further paragraphs at the end of the documentation.
    pub notes: &'static [&'static str],
    pub seealso: &'static [&'static str],
    /// What to use instead, as one sentence without its full stop: in every result and in the documentation.
    pub deprecation: Option<&'static str>,
    /// YAML text, printed as it is.
    pub examples: &'static str,
    pub returns: &'static [Return],
}

/// Rules over several options, as Ansible has them.
#[derive(Clone, Copy, Debug)]
pub struct Constraints {
    /// Of each group at most one may be given.
    pub mutually_exclusive: &'static [&'static [&'static str]],
    /// Of each group all or none.
    pub required_together: &'static [&'static [&'static str]],
    /// Of each group at least one.
    pub required_one_of: &'static [&'static [&'static str]],
    /// Options that a value of another one requires.
    pub required_if: &'static [RequiredIf],
    /// Options that the presence of another one requires.
    pub required_by: &'static [(&'static str, &'static [&'static str])],
}

/// When `option` has this value, `requires` must be given.
#[derive(Clone, Copy, Debug)]
pub struct RequiredIf {
    pub option: &'static str,
    pub is: Literal,
    pub requires: &'static [&'static str],
    /// Whether any one of them is enough.
    pub any: bool,
}

/// What check mode, diff mode and idempotence mean for a module.
#[derive(Clone, Copy, Debug)]
pub struct Attributes {
    pub check_mode: Attribute,
    pub diff_mode: Attribute,
    pub idempotent: Attribute,
}

/// One attribute of a module, as Ansible's documentation has them.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    pub support: Support,
    pub description: &'static str,
    /// Where it is not supported.
    pub details: &'static [&'static str],
}

/// How far a module supports an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    Full,
    /// Sometimes; the details say when.
    Partial,
    None,
}

/// One value of a result.
#[derive(Clone, Copy, Debug)]
pub struct Return {
    pub name: &'static str,
    pub description: &'static str,
    pub returned: &'static str,
    /// Its type in Ansible's words.
    pub kind: &'static str,
    pub sample: Option<&'static str>,
    /// What is inside, for a dictionary or a list of them.
    pub contains: &'static [Return],
}

impl ModuleSpec {
    /// An empty table: what a table does not give, and for options outside a module.
    pub const EMPTY: ModuleSpec = ModuleSpec {
        name: "",
        short_description: "",
        description: &[],
        options: &[],
        constraints: Constraints::NONE,
        attributes: Attributes {
            check_mode: Attribute::full(""),
            diff_mode: Attribute::none("", &[]),
            idempotent: Attribute::full(""),
        },
        notes: &[],
        seealso: &[],
        deprecation: None,
        examples: "",
        returns: &[],
    };

    /// The same table, without its texts in a program that does not show them.
    pub const fn documented(self) -> ModuleSpec {
        if DOCUMENTED {
            return self;
        }
        ModuleSpec {
            short_description: "",
            description: &[],
            notes: &[],
            seealso: &[],
            examples: "",
            ..self
        }
    }

    /// The option that takes a list of objects, if the module has one.
    pub fn list_option(&self) -> Option<&'static Opt> {
        self.all_options()
            .find(|option| option.item_options().is_some())
    }

    pub fn all_options(&self) -> impl Iterator<Item = &'static Opt> + Clone {
        all(self.options)
    }
}

/// All options of some groups, one after the other.
pub(crate) fn all(groups: &'static [&'static [Opt]]) -> impl Iterator<Item = &'static Opt> + Clone {
    groups.iter().copied().flatten()
}

impl Constraints {
    pub const NONE: Constraints = Constraints {
        mutually_exclusive: &[],
        required_together: &[],
        required_one_of: &[],
        required_if: &[],
        required_by: &[],
    };
}

impl RequiredIf {
    /// All of `requires` must be given when `option` is `value`.
    pub const fn all(
        option: &'static str,
        value: &'static str,
        requires: &'static [&'static str],
    ) -> RequiredIf {
        RequiredIf {
            option,
            is: Literal::Str(value),
            requires,
            any: false,
        }
    }

    /// One of `requires` must be given when `option` is `value`.
    pub const fn any(
        option: &'static str,
        value: &'static str,
        requires: &'static [&'static str],
    ) -> RequiredIf {
        RequiredIf {
            any: true,
            ..RequiredIf::all(option, value, requires)
        }
    }
}

impl Attribute {
    pub const fn full(description: &'static str) -> Attribute {
        Attribute::new(Support::Full, description, &[])
    }

    pub const fn partial(description: &'static str, details: &'static [&'static str]) -> Attribute {
        Attribute::new(Support::Partial, description, details)
    }

    pub const fn none(description: &'static str, details: &'static [&'static str]) -> Attribute {
        Attribute::new(Support::None, description, details)
    }

    const fn new(
        support: Support,
        description: &'static str,
        details: &'static [&'static str],
    ) -> Attribute {
        Attribute {
            support,
            description: if DOCUMENTED { description } else { "" },
            details: if DOCUMENTED { details } else { &[] },
        }
    }
}

impl Return {
    pub const fn new(name: &'static str, kind: &'static str) -> Return {
        Return {
            name,
            kind,
            description: "",
            returned: "success",
            sample: None,
            contains: &[],
        }
    }

    pub const fn about(mut self, description: &'static str) -> Return {
        if DOCUMENTED {
            self.description = description;
        }
        self
    }

    pub const fn returned(mut self, returned: &'static str) -> Return {
        if DOCUMENTED {
            self.returned = returned;
        }
        self
    }

    pub const fn sample(mut self, sample: &'static str) -> Return {
        if DOCUMENTED {
            self.sample = Some(sample);
        }
        self
    }

    pub const fn contains(mut self, contains: &'static [Return]) -> Return {
        self.contains = contains;
        self
    }
}
