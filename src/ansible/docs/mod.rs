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
        (
            "attributes",
            YamlValue::map([
                ("check_mode", attribute(&spec.attributes.check_mode)),
                ("diff_mode", attribute(&spec.attributes.diff_mode)),
                ("idempotent", attribute(&spec.attributes.idempotent)),
            ]),
        ),
        ("options", module_options(spec)),
    ];
    push_texts(&mut fields, "notes", spec.notes);
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
    push_texts(&mut fields, "details", attribute.details);
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
    let texts = option.description.iter();
    let mut description: Vec<String> = texts.map(|text| (*text).to_owned()).collect();
    if let Some(variable) = option.env {
        description.push(format!(
            "If it is not given, the value of the environment variable E({variable}) is used."
        ));
    }
    if let Some(minimum) = option.minimum {
        description.push(format!("At least {minimum}."));
    }
    if let Some(list) = list {
        let list = list.name;
        description.push(format!("Required, unless every item of O({list}) has it."));
    }
    let description = description.into_iter().map(YamlValue::Text).collect();
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
    fields.extend(option.default.map(|default| ("default", literal(default))));
    push_texts(&mut fields, "choices", option.choices);
    push_texts(&mut fields, "aliases", option.aliases);
    YamlValue::map(fields)
}

/// Adds a list of texts, unless it is empty.
fn push_texts(fields: &mut Vec<(&str, YamlValue)>, key: &'static str, texts: &[&str]) {
    if !texts.is_empty() {
        fields.push((key, YamlValue::texts(texts)));
    }
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
    let sample = value.sample.map(serde_json::from_str::<Value>);
    if let Some(Ok(sample)) = sample {
        fields.push(("sample", YamlValue::from_json(&sample)));
    }
    if !value.contains.is_empty() {
        fields.push(("contains", returns(value.contains)));
    }
    YamlValue::map(fields)
}
