//! The formats of results: for people, and for programs.

use serde_json::Value;

use crate::ansible::Failure;
use crate::ansible::docs::yaml::YamlValue;
use crate::cli::output::result_text::json_text;
use crate::cli::output::text::{display_text, without_controls};

/// The words of `--output`.
pub(crate) const WORDS: [&str; 4] = ["table", "json", "yaml", "names"];

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    /// For people: tables, fields and sentences.
    Table,
    /// What the Ansible module returns.
    Json,
    /// The same as YAML.
    Yaml,
    /// The names of the objects in a list, one a line.
    Names,
}

impl OutputFormat {
    pub(crate) fn parse(word: &str) -> Result<OutputFormat, Failure> {
        match word {
            "table" => Ok(OutputFormat::Table),
            "json" => Ok(OutputFormat::Json),
            "yaml" => Ok(OutputFormat::Yaml),
            "names" => Ok(OutputFormat::Names),
            _ => Err(Failure::invalid_call(format!(
                "--output must be one of {}, not '{word}'",
                WORDS.join(", ")
            ))),
        }
    }

    /// Whether the whole result is printed, for a program.
    pub(crate) fn is_data(self) -> bool {
        matches!(self, OutputFormat::Json | OutputFormat::Yaml)
    }
}

/// A value as one of the formats for programs.
pub(crate) fn data_text(format: OutputFormat, value: &Value) -> String {
    match format {
        OutputFormat::Yaml => without_controls(&YamlValue::from_json(value).document()),
        _ => json_text(value),
    }
}

/// The names of the objects in a list, one a line. An object without a name has none.
pub(crate) fn names_text(objects: &[Value], key: &str) -> String {
    let names = objects.iter().map(|object| &object[key]);
    let names = names.filter(|name| name.as_str().is_some_and(|name| !name.is_empty()));
    let line = |name| display_text(name).replace(['\n', '\t'], " ") + "\n";
    names.map(line).collect()
}
