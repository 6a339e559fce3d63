//! Values that no output may show, and their removal.
//!
//! What AnsibleModule's `remove_values` does: a text that is a secret becomes one placeholder, a
//! secret within a text becomes asterisks, numbers count as their text. Keys of dictionaries, which
//! AnsibleModule leaves alone, are treated the same, except for those that the protocol or the
//! module's table of return values declares: they are public already, and a result without its
//! `changed` would be none.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::coerce;
use super::disguise;
use super::option::{Disclosure, Opt};
use super::python;
use super::spec::all;
use super::validate::Environment;

/// What stands for a text that is a secret as a whole.
pub(super) const PLACEHOLDER: &str = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER";
const ASTERISKS: &str = "********";

/// The values to hide.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets(BTreeSet<String>);

impl Secrets {
    pub(super) const fn new() -> Secrets {
        Secrets(BTreeSet::new())
    }

    /// Learns the values of all secret options among these, under any of their names.
    pub(super) fn learn(&mut self, groups: &'static [&'static [Opt]], values: &Map<String, Value>) {
        for option in all(groups) {
            let names = std::iter::once(&option.name).chain(option.aliases);
            for value in names.filter_map(|name| values.get(*name)) {
                self.learn_option(option, value);
            }
        }
    }

    /// Learns what the environment holds for secret options.
    pub(super) fn learn_environment(
        &mut self,
        groups: &'static [&'static [Opt]],
        environment: Environment<'_>,
    ) {
        for option in all(groups) {
            if let Some(value) = option.env.and_then(environment) {
                self.learn_disclosed(option, &value.into());
            }
            if let Some(suboptions) = option.suboptions() {
                self.learn_environment(suboptions, environment);
            }
        }
    }

    fn learn_option(&mut self, option: &Opt, value: &Value) {
        self.learn_disclosed(option, value);
        let Some(suboptions) = option.inner() else {
            return;
        };
        let elements = match value {
            Value::Array(elements) => elements.as_slice(),
            single => std::slice::from_ref(single),
        };
        for element in elements {
            if let Ok(fields) = coerce::dict(element) {
                self.learn(suboptions, &fields);
            }
        }
    }

    fn learn_disclosed(&mut self, option: &Opt, value: &Value) {
        match (option.disclosure, value) {
            (Disclosure::Secret, value) => self.learn_value(value),
            (Disclosure::ShownAsUrl, Value::String(url)) => {
                for part in private_parts(url) {
                    self.learn_value(&part.into());
                }
            }
            _ => {}
        }
    }

    /// Learns every text and number in a value. What is empty hides nothing.
    pub(super) fn learn_value(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.learn_value(item)),
            Value::Object(fields) => fields.values().for_each(|field| self.learn_value(field)),
            Value::Null | Value::Bool(_) => {}
            Value::String(_) | Value::Number(_) => {
                let text = python::str_of(value);
                // A token read from a file ends in a line feed that is not sent, nor echoed.
                self.0.insert(text.trim().to_owned());
                self.0.insert(text);
                self.0.remove("");
            }
        }
    }

    /// The same value without any secret.
    pub(super) fn scrub(&self, value: Value, public_keys: &BTreeSet<&str>) -> Value {
        if self.0.is_empty() {
            return value;
        }
        match value {
            Value::String(text) => self.scrub_text(text).into(),
            Value::Number(number) => {
                let text = python::str_of(&number.clone().into());
                let leaks = self.0.iter().any(|secret| text.contains(secret));
                if leaks {
                    PLACEHOLDER.into()
                } else {
                    number.into()
                }
            }
            Value::Array(items) => items
                .into_iter()
                .map(|item| self.scrub(item, public_keys))
                .collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(key, field)| {
                    let key = if public_keys.contains(key.as_str()) {
                        key
                    } else {
                        self.scrub_text(key)
                    };
                    (key, self.scrub(field, public_keys))
                })
                .collect(),
            plain @ (Value::Null | Value::Bool(_)) => plain,
        }
    }

    pub(super) fn scrub_text(&self, text: String) -> String {
        if self.0.contains(&text) {
            return PLACEHOLDER.to_owned();
        }
        // The longest first: one secret may be a part of another.
        let mut secrets: Vec<&String> = self.0.iter().collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut clean = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(character) = rest.chars().next() {
            let found = secrets
                .iter()
                .find_map(|secret| disguise::prefix(rest, secret));
            match found {
                Some(_) => clean.push_str(ASTERISKS),
                None => clean.push(character),
            }
            rest = &rest[found.unwrap_or(character.len_utf8())..];
        }
        clean
    }
}

/// What of a URL, or of what was meant to be one, is nobody's business.
fn private_parts(url: &str) -> impl Iterator<Item = &str> {
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (url, query) = url.split_once('?').unwrap_or((url, ""));
    let authority = url.split_once("://").map_or(url, |(_scheme, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _host)| user);
    let password = user
        .split_once(':')
        .map_or("", |(_name, password)| password);
    [user, password, query, fragment].into_iter()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ansible::option::Kind;

    static OPTIONS: &[&[Opt]] = &[&[
        Opt::new("token", Kind::Str).aliases(&["key"]).secret(),
        Opt::new("name", Kind::Str),
        Opt::new("url", Kind::Str).url(),
        Opt::new(
            "users",
            Kind::List(&Kind::Options(&[&[
                Opt::new("password", Kind::Str).secret()
            ]])),
        ),
    ]];

    fn secrets(values: Value) -> Secrets {
        let mut secrets = Secrets::new();
        secrets.learn(OPTIONS, values.as_object().unwrap());
        secrets
    }

    fn scrubbed(values: Value, output: Value) -> Value {
        secrets(values).scrub(output, &BTreeSet::from(["changed"]))
    }

    #[test]
    fn hides_equal_values_and_parts() {
        assert_eq!(
            scrubbed(
                json!({"token": "s3", "name": "visible"}),
                json!({"a": "s3", "b": ["x s3 y", "visible"]})
            ),
            json!({"a": PLACEHOLDER, "b": ["x ******** y", "visible"]})
        );
        assert_eq!(
            scrubbed(json!({"key": "s3"}), json!("s3")),
            json!(PLACEHOLDER)
        );
    }

    #[test]
    fn hides_numbers_but_not_booleans() {
        assert_eq!(
            scrubbed(json!({"token": 12}), json!([12, 3123, 3, true, "12"])),
            json!([PLACEHOLDER, PLACEHOLDER, 3, true, PLACEHOLDER])
        );
    }

    #[test]
    fn hides_keys_except_public_ones() {
        assert_eq!(
            scrubbed(
                json!({"token": "a"}),
                json!({"changed": true, "cat": 1, "a": 2})
            ),
            json!({"changed": true, "c********t": 1, PLACEHOLDER: 2})
        );
    }

    #[test]
    fn hides_suboptions_even_in_text() {
        assert_eq!(
            scrubbed(
                json!({"users": [{"password": "pw1"}, "password=pw2"]}),
                json!("pw1 pw2")
            ),
            json!("******** ********")
        );
    }

    #[test]
    fn hides_trimmed_values_and_longer_ones_first() {
        assert_eq!(
            scrubbed(json!({"token": "abc\n"}), json!("<abc>")),
            json!("<********>")
        );
        assert_eq!(
            scrubbed(json!({"token": ["ab", "abc"]}), json!("<abc>")),
            json!("<********>")
        );
    }

    #[test]
    fn hides_what_is_echoed_in_json() {
        assert_eq!(
            scrubbed(json!({"token": "a\nb"}), json!("{\"error\": \"a\\nb\"}")),
            json!("{\"error\": \"********\"}")
        );
    }

    #[test]
    fn hides_what_is_echoed_in_another_encoding() {
        let echoed = json!([
            "/x/to%2Fken%2b%3D/y",
            "<p>to&#x2F;ken&#43;=</p>",
            r"to\/ken\u002b="
        ]);
        let hidden = json!(["/x/********/y", "<p>********</p>", "********"]);
        assert_eq!(scrubbed(json!({"token": "to/ken+="}), echoed), hidden);
    }

    #[test]
    fn hides_the_private_parts_of_a_url() {
        for (url, shown) in [
            ("https://u:pw@lab/mrp/", "https://********@lab/mrp/"),
            ("https://tok@lab:80", "https://********@lab:80"),
            ("u:p@w@lab", "********@lab"),
            ("https://lab/?key=x#y", "https://lab/?********#********"),
            ("https://lab/mrp/@x", "https://lab/mrp/@x"),
        ] {
            let values = json!({"url": url});
            assert_eq!(scrubbed(values, json!([url])), json!([shown]), "{url}");
        }
        let output = json!("pw was refused");
        let values = json!({"url": "https://u:pw@lab/"});
        assert_eq!(scrubbed(values, output), json!("******** was refused"));
    }

    #[test]
    fn hides_nothing_for_an_empty_secret() {
        assert_eq!(
            scrubbed(json!({"token": ""}), json!(["", "x"])),
            json!(["", "x"])
        );
    }
}
