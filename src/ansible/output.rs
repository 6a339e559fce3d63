//! Prints the result: once, without secrets, in ASCII.
//!
//! A result may come from the module, from the panic hook or from the thread that waits for signals. The first is
//! printed, all others are dropped.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use serde_json::{Value, json};

use crate::ansible::objects::Objects;
use crate::ansible::options::option::Opt;
use crate::ansible::options::spec::{ModuleSpec, Return};
use crate::ansible::result::{Failure, Success, to_json};
use crate::ansible::secrets::{Scrubber, Secrets};
use crate::support::stdio;

/// The keys of the protocol itself, which are no secret whatever the secrets are.
const PROTOCOL_KEYS: [&str; 25] = [
    "abandoned",
    "action",
    "after",
    "after_header",
    "ansible_facts",
    "before",
    "before_header",
    "changed",
    "deprecations",
    "diff",
    "done",
    "failed",
    "hint",
    "invocation",
    "item",
    "module_args",
    "msg",
    "not_done",
    "plan",
    "requests",
    "results",
    "server_response",
    "target",
    "warnings",
    "why",
];

/// How to print the result, as far as it is known.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The module's name, for messages.
    pub(crate) name: String,
    pub(crate) spec: Option<&'static ModuleSpec>,
    pub(crate) secrets: Secrets,
    pub(crate) diff_mode: bool,
    pub(crate) verbosity: u64,
    /// The options as AnsibleModule would show them, when this release shows them.
    pub(crate) invocation: Option<Value>,
}

static CONTEXT: Mutex<Context> = Mutex::new(Context {
    name: String::new(),
    spec: None,
    secrets: Secrets::new(),
    diff_mode: false,
    verbosity: 0,
    invocation: None,
});

/// How much is written at once.
const BUFFER: usize = 64 * 1024;

static PRINTED: Mutex<bool> = Mutex::new(false);

/// How the result of this run is printed. A panic prints it too, so nothing that may panic keeps the lock.
pub(crate) fn context() -> MutexGuard<'static, Context> {
    CONTEXT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints the result of the run, unless one has been printed already: that one's thread ends the process, with the exit
/// code that agrees with it. The exit code is for callers other than Ansible, which reads the JSON alone.
pub(crate) fn print(result: Result<Success, Failure>) -> ExitCode {
    let succeeded = result.is_ok();
    let context = context().clone();
    match print_once(&Line::new(&context, result)) {
        Ok(()) if succeeded => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// A second caller waits until the first has finished writing, and then for the end of the process.
fn print_once(line: &Line) -> io::Result<()> {
    let mut printed = PRINTED.lock().unwrap_or_else(PoisonError::into_inner);
    if std::mem::replace(&mut *printed, true) {
        drop(printed);
        loop {
            thread::park();
        }
    }
    let mut stdout = io::stdout().lock();
    let mut buffer = Vec::with_capacity(2 * BUFFER);
    for part in line.parts() {
        buffer.extend_from_slice(part.as_bytes());
        if buffer.len() >= BUFFER {
            stdio::write_whole(&mut stdout, &buffer)?;
            buffer.clear();
        }
    }
    stdio::write_whole(&mut stdout, &buffer)
}

/// What is printed: all of it is known before the first part is.
struct Line {
    /// A JSON object.
    fields: String,
    /// Further members of it.
    objects: Option<Objects>,
}

impl Line {
    fn new(context: &Context, mut result: Result<Success, Failure>) -> Line {
        let public_keys = public_keys(context.spec);
        let scrubber = context.secrets.scrubber(&public_keys);
        let (Ok(success)
        | Err(Failure {
            partial: success, ..
        })) = &mut result;
        let mut objects = success.objects.take();
        for object in objects.iter_mut().flat_map(|objects| &mut objects.objects) {
            object.json = clean(std::mem::take(&mut object.json), &scrubber);
            object.name = clean(json!(object.name).to_string(), &scrubber);
        }
        let mut fields = fields(context, result);
        scrubber.scrub(&mut fields);
        let line = Line {
            fields: ascii(fields.to_string()),
            objects,
        };
        // The program ends here, and freeing a large result takes time.
        std::mem::forget(fields);
        line
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        let fields = self.fields.strip_suffix('}').unwrap_or(&self.fields);
        let objects = self.objects.iter().flat_map(Objects::parts);
        [fields].into_iter().chain(objects).chain(["}\n"])
    }
}

/// The JSON of an object without secrets, in ASCII. As most have none, the text is searched as a whole first: where nothing is
/// escaped in it, it has all that its strings, keys and numbers have.
fn clean(json: String, scrubber: &Scrubber) -> String {
    if !json.contains('\\') && !scrubber.finds_any(&json) {
        return ascii(json);
    }
    let mut value: Value = serde_json::from_str(&json).unwrap_or_default();
    scrubber.scrub(&mut value);
    ascii(value.to_string())
}

/// All fields of the object that is printed. It always has one, `changed`.
fn fields(context: &Context, result: Result<Success, Failure>) -> Value {
    let mut result = to_json(result, context.diff_mode, context.verbosity);
    if let Some(invocation) = &context.invocation {
        result.insert("invocation".to_owned(), invocation.clone());
    }
    if let Some(sentence) = context.spec.and_then(|spec| spec.deprecation) {
        // With neither version nor date, every ansible-core says: in a future release.
        result.insert("deprecations".to_owned(), json!([{ "msg": sentence }]));
    }
    result.into()
}

/// Keys that are no secret, since the module's documentation has them.
pub(crate) fn public_keys(spec: Option<&'static ModuleSpec>) -> BTreeSet<&'static str> {
    let mut keys = BTreeSet::from(PROTOCOL_KEYS);
    if let Some(spec) = spec {
        add_returns(spec.returns, &mut keys);
        keys.extend(spec.all_options().flat_map(Opt::names));
    }
    keys
}

fn add_returns(returns: &'static [Return], keys: &mut BTreeSet<&'static str>) {
    for value in returns {
        keys.insert(value.name);
        add_returns(value.contains, keys);
    }
}

/// JSON in ASCII: Ansible splits the output at U+2028 and other line ends of Unicode before it reads it, and a terminal may
/// be Latin-1.
fn ascii(json: String) -> String {
    let plain = |byte: u8| byte.is_ascii() && byte != b'\x7f';
    if json.bytes().all(plain) {
        return json;
    }
    let mut ascii = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() && character != '\u{7f}' {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn writes_ascii_only() {
        let text = ascii(json!({"ä": "\u{2028}\u{85}\u{7f}😀\u{1b}\n"}).to_string());
        assert_eq!(
            text,
            r#"{"\u00e4":"\u2028\u0085\u007f\ud83d\ude00\u001b\n"}"#
        );
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!({"ä": "\u{2028}\u{85}\u{7f}😀\u{1b}\n"})
        );
    }

    #[test]
    fn a_secret_does_not_change_the_key_changed() {
        let mut secrets = Secrets::new();
        secrets.add_value(&json!("a"));
        let context = Context {
            name: "probe".to_owned(),
            spec: None,
            secrets,
            diff_mode: false,
            verbosity: 0,
            invocation: None,
        };
        let success = Success {
            changed: true,
            ..Success::default()
        };
        let line = Line::new(&context, Ok(success));
        assert_eq!(line.parts().collect::<String>(), "{\"changed\":true}\n");
    }
}
