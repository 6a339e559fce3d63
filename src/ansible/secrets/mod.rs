//! Secrets: values that no output may show, and their removal.
//!
//! It does what AnsibleModule's `remove_values` does: a text that is a secret becomes one placeholder, a secret within a
//! text becomes asterisks, numbers count as their text. Keys of dictionaries, which AnsibleModule leaves alone, are treated
//! the same, except for those of the protocol and of the module's documentation: these are public, and Ansible needs keys
//! such as `changed`.

mod sentences;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::ansible::options::option::{Disclosure, Opt};
use crate::ansible::options::python;
use crate::ansible::options::spec::{ModuleSpec, all};
use crate::support::redaction::Redactor;
use sentences::SentenceCleaner;

/// Replaces a text that is a secret as a whole.
pub(crate) const PLACEHOLDER: &str = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER";
const ASTERISKS: &str = "********";

/// The values to hide.
#[derive(Clone, Debug)]
pub(crate) struct Secrets(BTreeSet<String>);

impl Secrets {
    pub(crate) const fn new() -> Secrets {
        Secrets(BTreeSet::new())
    }

    /// Adds the values of all secret options of a module: those that are given, under any of their names, and those in the
    /// environment.
    pub(crate) fn add(&mut self, spec: &'static ModuleSpec, given: &Map<String, Value>) {
        self.add_options(spec.options, given);
        for option in spec.all_options() {
            if let Some(value) = option.env_value() {
                self.add_option(option, &value.into());
            }
        }
    }

    fn add_options(&mut self, groups: &'static [&'static [Opt]], values: &Map<String, Value>) {
        for option in all(groups) {
            for value in option.names().filter_map(|name| values.get(name)) {
                self.add_option(option, value);
                let items = value.as_array().into_iter().flatten();
                for item in items.filter_map(Value::as_object) {
                    self.add_options(option.item_options().unwrap_or_default(), item);
                }
            }
        }
    }

    fn add_option(&mut self, option: &Opt, value: &Value) {
        match (option.disclosure, value) {
            (Disclosure::Secret, value) => self.add_value(value),
            (Disclosure::ShownAsUrl, Value::String(url)) => {
                for part in private_parts(url) {
                    self.add_value(&part.into());
                }
            }
            _ => {}
        }
    }

    /// Adds every text and number in a value. An empty text is no secret.
    pub(crate) fn add_value(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.add_value(item)),
            Value::Object(fields) => fields.values().for_each(|field| self.add_value(field)),
            Value::Null | Value::Bool(_) => {}
            Value::String(_) | Value::Number(_) => {
                let text = python::str_of(value);
                // A token read from a file ends in a line feed that is neither sent nor echoed.
                self.0.insert(text.trim().to_owned());
                self.0.insert(text);
                self.0.remove("");
            }
        }
    }

    /// A sentence of ours without the secrets that it quotes.
    pub(crate) fn scrub_sentence(&self, sentence: &str, public_keys: &BTreeSet<&str>) -> String {
        Scrubber::new(self, public_keys).clean_sentence(sentence)
    }

    /// The same value without any secret.
    pub(crate) fn scrub(&self, mut value: Value, public_keys: &BTreeSet<&str>) -> Value {
        self.scrubber(public_keys).scrub(&mut value);
        value
    }

    pub(crate) fn scrubber<'a>(&'a self, public_keys: &'a BTreeSet<&'a str>) -> Scrubber<'a> {
        Scrubber::new(self, public_keys)
    }
}

/// Removes secrets in place: the facts of a whole lab are hundreds of thousands of texts, and few of them hold a secret.
pub(crate) struct Scrubber<'a> {
    secrets: &'a BTreeSet<String>,
    redactor: Redactor,
    /// Those that are like our own words, and a redactor for the others.
    words: BTreeSet<String>,
    unlike_words: Redactor,
    public_keys: &'a BTreeSet<&'a str>,
}

impl<'a> Scrubber<'a> {
    fn new(secrets: &'a Secrets, public_keys: &'a BTreeSet<&'a str>) -> Scrubber<'a> {
        let texts = secrets.0.iter().map(String::as_str);
        let is_like_a_word = |secret: &&String| sentences::is_like_a_word(secret);
        let words: BTreeSet<String> = secrets.0.iter().filter(is_like_a_word).cloned().collect();
        let unlike_words = texts.clone().filter(|secret| !words.contains(*secret));
        Scrubber {
            secrets: &secrets.0,
            unlike_words: Redactor::new(unlike_words),
            words: words.clone(),
            redactor: Redactor::new(texts),
            public_keys,
        }
    }

    /// Whether a text has any secret, in whatever spelling.
    pub(crate) fn finds_any(&self, text: &str) -> bool {
        self.redactor.redact(text, ASTERISKS).is_some()
    }

    pub(crate) fn scrub(&self, value: &mut Value) {
        if self.secrets.is_empty() {
            return;
        }
        match value {
            Value::String(text) => {
                if let Some(clean) = self.clean(text) {
                    *text = clean;
                }
            }
            Value::Number(number) => {
                let text = python::str_of(&number.clone().into());
                if self.secrets.iter().any(|secret| text.contains(secret)) {
                    *value = PLACEHOLDER.into();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.scrub(item)),
            Value::Object(fields) => {
                self.scrub_keys(fields);
                for (key, field) in fields {
                    match sentences::KEYS.contains(&key.as_str()) {
                        true => self.scrub_sentences(field),
                        false => self.scrub(field),
                    }
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn scrub_sentences(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.clean_sentence(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.scrub_sentences(item)),
            other => self.scrub(other),
        }
    }

    fn clean_sentence(&self, sentence: &str) -> String {
        let cleaner = SentenceCleaner {
            words: &self.words,
            redactor: &self.unlike_words,
            own_words: self.public_keys,
        };
        cleaner.clean(sentence)
    }

    fn scrub_keys(&self, fields: &mut Map<String, Value>) {
        let renamed: Vec<(String, String)> = fields
            .keys()
            .filter_map(|key| Some((key.clone(), self.clean(key)?)))
            .filter(|(key, _)| !self.public_keys.contains(key.as_str()))
            .collect();
        for (key, clean) in renamed {
            if let Some(field) = fields.remove(&key) {
                fields.insert(clean, field);
            }
        }
    }

    /// A text without its secrets, if it has any.
    fn clean(&self, text: &str) -> Option<String> {
        if self.secrets.contains(text) {
            return Some(PLACEHOLDER.to_owned());
        }
        self.redactor.redact(text, ASTERISKS)
    }
}

/// The user, password, query and fragment of a URL, also of one that is not valid: whose password has a slash, a question
/// mark or a hash.
fn private_parts(url: &str) -> impl Iterator<Item = &str> {
    let behind_scheme = url.split_once("://").map_or(url, |(_scheme, rest)| rest);
    let authority = behind_scheme.split(['/', '?', '#']).next();
    let is_in_authority = authority.is_some_and(|authority| authority.contains('@'));
    let (user, behind_user) = match behind_scheme.rsplit_once('@') {
        // An `@` may also stand in a path or a query; then a colon before it is that of a port.
        Some((user, behind)) if user.contains(':') => (user, behind),
        _ if is_in_authority => {
            let authority = authority.unwrap_or_default();
            let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
            (user, behind_scheme)
        }
        _ => ("", behind_scheme),
    };
    let password = user
        .split_once(':')
        .map_or("", |(_name, password)| password);
    let (behind_user, fragment) = behind_user.split_once('#').unwrap_or((behind_user, ""));
    let (_, query) = behind_user.split_once('?').unwrap_or((behind_user, ""));
    [user, password, query, fragment].into_iter()
}
