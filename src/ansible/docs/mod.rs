//! Makes the documentation file of a module, `library/NAME.yml`, from the module's table.

pub(crate) mod yaml;

use serde_json::Value;

use crate::ansible::docs::yaml::YamlValue;
use crate::ansible::options::option::{Literal, Opt};
use crate::ansible::options::spec::{Attribute, ModuleSpec, Return, Support, all};

const AUTHOR: &str = "The mr-provisioner authors";

const HEADER: &str = "# Written by `mrp docs` from the module's table of options: change that.\n";

/// The text of `library/NAME.yml`.
pub fn sidecar(spec: &ModuleSpec) -> String {
    let document = YamlValue::map([
        ("DOCUMENTATION", documentation(spec)),
        (
            "EXAMPLES",
            YamlValue::Literal(spec.examples.trim_matches('\n').to_owned()),
        ),
        ("RETURN", returns(spec.returns)),
    ]);
    format!("{HEADER}{}", document.document())
}

fn documentation(spec: &ModuleSpec) -> YamlValue {
    let mut fields = vec![
        ("module", YamlValue::text(spec.name)),
        ("short_description", YamlValue::text(spec.short_description)),
        ("description", module_description(spec)),
        ("author", YamlValue::texts(&[AUTHOR])),
        ("attributes", attributes(spec)),
        ("options", module_options(spec)),
    ];
    if !spec.notes.is_empty() {
        fields.push(("notes", YamlValue::texts(spec.notes)));
    }
    if !spec.seealso.is_empty() {
        let modules = spec
            .seealso
            .iter()
            .map(|name| YamlValue::map([("module", YamlValue::text(name))]));
        fields.push(("seealso", YamlValue::List(modules.collect())));
    }
    YamlValue::map(fields)
}

/// A deprecation is a paragraph: Ansible's own key `deprecated` requires the release in which the module is removed, and none
/// is decided.
fn module_description(spec: &ModuleSpec) -> YamlValue {
    let announced = spec.deprecation.map(|sentence| format!("{sentence}."));
    let paragraphs = spec.description.iter().map(|text| YamlValue::text(text));
    YamlValue::List(paragraphs.chain(announced.map(YamlValue::Text)).collect())
}

fn attributes(spec: &ModuleSpec) -> YamlValue {
    let attributes = &spec.attributes;
    YamlValue::map([
        ("check_mode", attribute(&attributes.check_mode)),
        ("diff_mode", attribute(&attributes.diff_mode)),
        ("idempotent", attribute(&attributes.idempotent)),
    ])
}

fn attribute(attribute: &Attribute) -> YamlValue {
    let support = match attribute.support {
        Support::Full => "full",
        Support::Partial => "partial",
        Support::None => "none",
    };
    let mut fields = vec![
        ("support", YamlValue::text(support)),
        ("description", YamlValue::text(attribute.description)),
    ];
    if !attribute.details.is_empty() {
        fields.push(("details", YamlValue::texts(attribute.details)));
    }
    YamlValue::map(fields)
}

/// The options of a module; those that the items of a list may give instead are required only without the list.
fn module_options(spec: &ModuleSpec) -> YamlValue {
    let list = spec.list_option();
    let item_options = list.and_then(Opt::item_options).unwrap_or_default();
    YamlValue::map(spec.all_options().map(|option| {
        let is_item_option = all(item_options).any(|own| own.name == option.name);
        let list = list.filter(|_| option.required && is_item_option);
        (option.name, option_node(option, list))
    }))
}

/// An option; `list` is the list whose items may give it instead.
fn option_node(option: &Opt, list: Option<&Opt>) -> YamlValue {
    let mut description: Vec<YamlValue> = Vec::new();
    description.extend(option.description.iter().map(|text| YamlValue::text(text)));
    description.extend(option.env.map(|variable| {
        YamlValue::Text(format!(
            "If it is not given, the value of the environment variable E({variable}) is used."
        ))
    }));
    description.extend(
        option
            .minimum
            .map(|minimum| YamlValue::Text(format!("At least {minimum}."))),
    );
    description.extend(list.map(|list| {
        YamlValue::Text(format!(
            "Required, unless every item of O({}) has it.",
            list.name
        ))
    }));
    let mut fields = vec![
        ("description", YamlValue::List(description)),
        ("type", YamlValue::text(option.kind.name())),
    ];
    if let Some(element) = option.kind.element_name() {
        fields.push(("elements", YamlValue::text(element)));
    }
    if option.required && list.is_none() {
        fields.push(("required", YamlValue::Plain("true".to_owned())));
    }
    if let Some(default) = option.default {
        fields.push(("default", literal(default)));
    }
    if !option.choices.is_empty() {
        fields.push(("choices", YamlValue::texts(option.choices)));
    }
    if !option.aliases.is_empty() {
        fields.push(("aliases", YamlValue::texts(option.aliases)));
    }
    YamlValue::map(fields)
}

fn literal(literal: Literal) -> YamlValue {
    match literal {
        Literal::Str(text) => YamlValue::text(text),
        Literal::Float(text) => YamlValue::Plain(text.to_owned()),
        other => YamlValue::Plain(other.to_json().to_string()),
    }
}

fn returns(values: &'static [Return]) -> YamlValue {
    YamlValue::map(values.iter().map(|value| (value.name, self::value(value))))
}

fn value(value: &Return) -> YamlValue {
    let mut fields = vec![
        ("description", YamlValue::text(value.description)),
        ("returned", YamlValue::text(value.returned)),
        ("type", YamlValue::text(value.kind)),
    ];
    if let Some(sample) = value
        .sample
        .and_then(|sample| serde_json::from_str::<Value>(sample).ok())
    {
        fields.push(("sample", YamlValue::from_json(&sample)));
    }
    if !value.contains.is_empty() {
        fields.push(("contains", returns(value.contains)));
    }
    YamlValue::map(fields)
}
