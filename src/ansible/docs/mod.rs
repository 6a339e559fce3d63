//! The documentation beside a module, `library/NAME.yml`, made from the module's table.

pub(crate) mod lint;
pub(crate) mod yaml;

use serde_json::Value;

use crate::ansible::docs::yaml::Node;
use crate::ansible::options::option::{Literal, Opt};
use crate::ansible::options::spec::{Attribute, ModuleSpec, Return, Support, all};

const AUTHOR: &str = "The mr-provisioner authors";

const HEADER: &str = "# Written by `mrp docs` from the module's table of options: change that.\n";

/// The text of `library/NAME.yml`.
#[must_use]
pub fn sidecar(spec: &ModuleSpec) -> String {
    let document = Node::map([
        ("DOCUMENTATION", documentation(spec)),
        (
            "EXAMPLES",
            Node::Literal(spec.examples.trim_matches('\n').to_owned()),
        ),
        ("RETURN", returns(spec.returns)),
    ]);
    format!("{HEADER}{}", document.document())
}

fn documentation(spec: &ModuleSpec) -> Node {
    let mut fields = vec![
        ("module", Node::text(spec.name)),
        ("short_description", Node::text(spec.short_description)),
        ("description", module_description(spec)),
        ("author", Node::texts(&[AUTHOR])),
        ("attributes", attributes(spec)),
        ("options", module_options(spec)),
    ];
    if !spec.notes.is_empty() {
        fields.push(("notes", Node::texts(spec.notes)));
    }
    if !spec.seealso.is_empty() {
        let modules = spec
            .seealso
            .iter()
            .map(|name| Node::map([("module", Node::text(name))]));
        fields.push(("seealso", Node::List(modules.collect())));
    }
    Node::map(fields)
}

/// Not as Ansible's own key `deprecated`: that one wants to know when the module goes, which nobody has decided.
fn module_description(spec: &ModuleSpec) -> Node {
    let announced = spec.deprecation.map(|sentence| format!("{sentence}."));
    let paragraphs = spec.description.iter().map(|text| Node::text(text));
    Node::List(paragraphs.chain(announced.map(Node::Text)).collect())
}

fn attributes(spec: &ModuleSpec) -> Node {
    let attributes = &spec.attributes;
    Node::map([
        ("check_mode", attribute(&attributes.check_mode)),
        ("diff_mode", attribute(&attributes.diff_mode)),
        ("idempotent", attribute(&attributes.idempotent)),
    ])
}

fn attribute(attribute: &Attribute) -> Node {
    let support = match attribute.support {
        Support::Full => "full",
        Support::Partial => "partial",
        Support::None => "none",
    };
    let mut fields = vec![
        ("support", Node::text(support)),
        ("description", Node::text(attribute.description)),
    ];
    if !attribute.details.is_empty() {
        fields.push(("details", Node::texts(attribute.details)));
    }
    Node::map(fields)
}

/// The options of a module; those that the items of a list may give instead are required only without the list.
fn module_options(spec: &ModuleSpec) -> Node {
    let list = spec.list_option();
    let item_options = list.and_then(Opt::item_options).unwrap_or_default();
    Node::map(spec.all_options().map(|option| {
        let is_item_option = all(item_options).any(|own| own.name == option.name);
        let list = list.filter(|_| option.required && is_item_option);
        (option.name, option_node(option, list))
    }))
}

/// An option; `list` is the list whose items may give it instead.
fn option_node(option: &Opt, list: Option<&Opt>) -> Node {
    let mut description: Vec<Node> = Vec::new();
    description.extend(option.description.iter().map(|text| Node::text(text)));
    description.extend(option.env.map(|variable| {
        Node::Text(format!(
            "If it is not given, the value of the environment variable E({variable}) is used."
        ))
    }));
    description.extend(
        option
            .minimum
            .map(|minimum| Node::Text(format!("At least {minimum}."))),
    );
    description.extend(list.map(|list| {
        Node::Text(format!(
            "Required, unless every item of O({}) has it.",
            list.name
        ))
    }));
    let mut fields = vec![
        ("description", Node::List(description)),
        ("type", Node::text(option.kind.name())),
    ];
    if let Some(element) = option.kind.element_name() {
        fields.push(("elements", Node::text(element)));
    }
    if option.required && list.is_none() {
        fields.push(("required", Node::Plain("true".to_owned())));
    }
    if let Some(default) = option.default {
        fields.push(("default", literal(default)));
    }
    if !option.choices.is_empty() {
        fields.push(("choices", Node::texts(option.choices)));
    }
    if !option.aliases.is_empty() {
        fields.push(("aliases", Node::texts(option.aliases)));
    }
    Node::map(fields)
}

fn literal(literal: Literal) -> Node {
    match literal {
        Literal::Str(text) => Node::text(text),
        Literal::Float(text) => Node::Plain(text.to_owned()),
        other => Node::Plain(other.to_json().to_string()),
    }
}

fn returns(values: &'static [Return]) -> Node {
    Node::map(values.iter().map(|value| (value.name, self::value(value))))
}

fn value(value: &Return) -> Node {
    let mut fields = vec![
        ("description", Node::text(value.description)),
        ("returned", Node::text(value.returned)),
        ("type", Node::text(value.kind)),
    ];
    if let Some(sample) = value
        .sample
        .and_then(|sample| serde_json::from_str::<Value>(sample).ok())
    {
        fields.push(("sample", Node::from_json(&sample)));
    }
    if !value.contains.is_empty() {
        fields.push(("contains", returns(value.contains)));
    }
    Node::map(fields)
}
