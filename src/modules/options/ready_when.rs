//! The option that says what ends an installation: a word, or a dictionary.

use serde_json::{Map, Value};

use crate::ansible::{Call, Failure, Kind, Opt};
use crate::support::glob::Glob;
use crate::support::ssh_host_keys::HostKey;
use crate::support::suggest;
use crate::task::machine::{AnswerSpec, ReadyWhen};

const NAME: &str = "ready_when";
const REPORTED: &str = "reported";
const KEYS: [&str; 4] = ["port", "interface", "host_key", "banner"];
const DEFAULT_PORT: u16 = 22;

pub(crate) const OPTION: Opt = Opt::new(NAME, Kind::Raw).default_str(REPORTED).about(&[
    "With O(state=provisioned) and O(wait), what ends the installation.",
    "V(reported): the installed system, or somebody for it, reports V(ready) to the server.",
    "A dictionary: the task itself looks until the installed system answers on a TCP port at the machine's own address, \
     its lease or else its configured one. Then it switches netboot off (unless O(netboot_when_ready=true)) and reports \
     V(ready), so the machine needs no token. The keys are C(port) (22 when not given), C(interface) (identifier or MAC of \
     the interface to ask at, needed where several have an address), C(host_key) (the SSH host key of the installed \
     system: a fingerprint such as C(SHA256:...), a public key or a line of C(known_hosts)) and C(banner) (a pattern for \
     the first line that it sends, for example C(SSH-2.0-OpenSSH_* Debian-*)). C(*) in a pattern stands for any number of \
     characters and C(?) for one.",
    "Instead of a dictionary it may be a text such as C(port=22,interface=eth0), or a dictionary in JSON.",
]);

/// What the call asks for.
pub(crate) fn ready_when(call: &Call) -> Result<ReadyWhen, Failure> {
    match call.options.get(NAME) {
        None | Some(Value::Null) => Ok(ReadyWhen::Reported),
        Some(Value::String(text)) if text.trim() == REPORTED => Ok(ReadyWhen::Reported),
        Some(Value::String(text)) => answer(&parse_text(text)?).map(ReadyWhen::Answers),
        Some(Value::Object(keys)) => answer(keys).map(ReadyWhen::Answers),
        Some(_) => Err(invalid("must be 'reported' or a dictionary")),
    }
}

fn invalid(problem: &str) -> Failure {
    Failure::invalid_call(format!("O({NAME}) {problem}"))
}

/// A dictionary that is written as a text, as Ansible takes any: in JSON, or as `key=value` with commas.
fn parse_text(text: &str) -> Result<Map<String, Value>, Failure> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|_| invalid("is no dictionary in JSON"));
    }
    let pairs = text.split(',').map(|pair| {
        let (key, value) = pair.split_once('=').ok_or_else(|| {
            invalid(&format!(
                "must be 'reported', a dictionary, or such as 'port=22', not '{text}'"
            ))
        })?;
        Ok((key.trim().to_owned(), value.trim().into()))
    });
    pairs.collect()
}

fn answer(keys: &Map<String, Value>) -> Result<AnswerSpec, Failure> {
    if let Some(unknown) = keys.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let near = suggest::near(unknown, KEYS);
        let hint = near.first().map(|near| format!("Did you mean '{near}'?"));
        return Err(Failure {
            hint,
            ..invalid(&format!("has no key '{unknown}', only {}", KEYS.join(", ")))
        });
    }
    let text = |key: &str| match keys.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.trim().to_owned())),
        Some(_) => Err(invalid(&format!(
            "has a {key} that is no text, or an empty one"
        ))),
    };
    let host_key = text("host_key")?;
    let host_key = host_key.map(|given| {
        HostKey::parse(&given).ok_or_else(|| {
            invalid("has a host_key that is neither a fingerprint with SHA256: nor a key of known_hosts")
        })
    });
    Ok(AnswerSpec {
        port: port(keys.get("port"))?,
        interface: text("interface")?,
        host_key: host_key.transpose()?,
        banner: text("banner")?.as_deref().map(Glob::new),
    })
}

fn port(given: Option<&Value>) -> Result<u16, Failure> {
    let number = match given {
        None | Some(Value::Null) => return Ok(DEFAULT_PORT),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(value) => value.as_u64(),
    };
    let port = number.and_then(|number| u16::try_from(number).ok());
    port.filter(|port| *port > 0)
        .ok_or_else(|| invalid("has a port that is not from 1 to 65535"))
}
