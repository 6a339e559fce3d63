//! Replays every recorded exchange with the real server against the lab and compares the answers. The recordings say which parts
//! are volatile, unordered, captured, repeated or truncated.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use common::{Answer, host, send};
use mrp_lab::{Lab, Sessions};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// All exchanges of the files 01 to 12.
const RECORDED: usize = 748;

/// The address of the preseeds in each recorded server's configuration. The lab's configuration is that of the first.
const PRESEEDS: [&str; 2] = [
    "http://127.0.0.1:5055/preseed/",
    "http://127.0.0.1:5056/preseed/",
];

#[derive(Deserialize)]
struct Exchange {
    name: String,
    request: Request,
    response: Map<String, Value>,
    #[serde(default)]
    capture: HashMap<String, String>,
    #[serde(default)]
    volatile: Vec<String>,
    #[serde(default)]
    unordered: Vec<String>,
}

/// Bodies are texts, because the order of their keys matters.
#[derive(Deserialize)]
struct Request {
    method: String,
    path: String,
    headers: HashMap<String, String>,
    session: Option<String>,
    json: Option<Box<RawValue>>,
    raw: Option<Value>,
    raw_base64: Option<String>,
    form: Option<Form>,
    #[serde(default)]
    template: Template,
}

#[derive(Default, Deserialize)]
struct Template {
    path: Option<String>,
    json: Option<Box<RawValue>>,
    #[serde(default)]
    headers: HashMap<String, String>,
}

/// The parts of a form in their order.
struct Form(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Form, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = Form;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a form")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Form, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = map.next_entry()? {
                    parts.push(part);
                }
                Ok(Form(parts))
            }
        }
        deserializer.deserialize_map(Parts)
    }
}

/// Values captured from answers, and the cookies of sessions.
#[derive(Default)]
struct Memory {
    values: HashMap<String, Value>,
    cookies: HashMap<String, String>,
}

#[test]
fn recorded_exchanges_are_answered_like_the_real_server() {
    replay_all(Sessions::Request);
}

#[test]
fn recorded_exchanges_with_one_database_session_are_answered_like_the_real_server() {
    replay_all(Sessions::One);
}

/// The recorded files of a server that is started in this way. A file that is missing in the folder `one_session` is valid
/// for both ways.
fn recorded_files(sessions: Sessions) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../recordings");
    let one_session = folder.join("one_session");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    let in_this_way = |file: PathBuf| {
        let with_one = one_session.join(file.file_name().unwrap());
        match sessions == Sessions::One && with_one.exists() {
            true => with_one,
            false => file,
        }
    };
    files.into_iter().map(in_this_way).collect()
}

/// Replays the recordings against a lab that is started in the same way as the recorded server.
#[allow(
    clippy::print_stdout,
    clippy::explicit_write,
    reason = "a test that reports what it compared"
)]
fn replay_all(sessions: Sessions) {
    let lab = Lab::with_sessions(sessions);
    let (mut compared, mut differing) = (0, Vec::new());
    for file in &recorded_files(sessions) {
        lab.reset();
        // An installation that ends by itself would race with the exchanges.
        // The recorded server was given this limit, so that a request above it stays small.
        // Its consoles were at this port.
        lab.settings(
            json!({"install_result": "never", "max_upload_size": 32 << 20, "console_port": 8866}),
        );
        let name = file.file_name().unwrap().to_string_lossy();
        let text = fs::read_to_string(file)
            .unwrap()
            .replace(PRESEEDS[1], PRESEEDS[0]);
        let (exchanges, differ) = replay(&lab, &name, &text);
        println!(
            "{sessions:?} {name}: {exchanges} exchanges compared, {} differ",
            differ.len()
        );
        compared += exchanges;
        differing.extend(differ);
    }
    // Written directly to stdout, because the output of passing tests is captured.
    writeln!(
        io::stdout(),
        "replay of the recordings, sessions {sessions:?}: {compared} exchanges compared, {} differ, none skipped",
        differing.len()
    )
    .unwrap();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    assert!(
        compared >= RECORDED,
        "only {compared} exchanges were compared"
    );
}

/// How many exchanges were compared, and what differed.
fn replay(lab: &Lab, file: &str, text: &str) -> (usize, Vec<String>) {
    let exchanges: Vec<Exchange> = serde_json::from_str(text).unwrap();
    let mut memory = Memory::default();
    let mut differ = Vec::new();
    for (number, exchange) in exchanges.iter().enumerate() {
        let answer = exchange.request.send(lab, &mut memory);
        let problems = exchange.compare(&answer, &mut memory);
        if !problems.is_empty() {
            differ.push(format!(
                "{file} #{number} {}\n    {}",
                exchange.name,
                problems.join("\n    ")
            ));
        }
    }
    (exchanges.len(), differ)
}

impl Request {
    fn send(&self, lab: &Lab, memory: &mut Memory) -> Answer {
        let path = self
            .template
            .path
            .as_deref()
            .map_or(self.path.clone(), |path| memory.fill(path));
        let mut headers = self.headers.clone();
        headers.extend(
            self.template
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), memory.fill(value))),
        );
        let body = self.body(memory);
        if self.form.is_some() {
            headers.insert(
                "Content-Type".into(),
                format!("multipart/form-data; boundary={BOUNDARY}"),
            );
        }
        if let Some(session) = &self.session {
            let cookie = memory
                .cookies
                .get(session)
                .map_or("session=none", String::as_str);
            headers.insert("Cookie".into(), cookie.into());
        }
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let answer = send(host(lab), &self.method, &path, &headers, &body).unwrap();
        if let (Some(session), Some(cookie)) = (&self.session, answer.header("set-cookie")) {
            memory.cookies.insert(
                session.clone(),
                cookie.split(';').next().unwrap().to_owned(),
            );
        }
        answer
    }

    fn body(&self, memory: &Memory) -> Vec<u8> {
        if let Some(template) = &self.template.json {
            return repeated(&memory.fill_json(template.get())).into_bytes();
        }
        if let Some(json) = &self.json {
            return repeated(json.get()).into_bytes();
        }
        if let Some(raw) = &self.raw {
            return expand(raw).into_bytes();
        }
        if let Some(encoded) = &self.raw_base64 {
            return from_base64(encoded);
        }
        self.form.as_ref().map(Form::body).unwrap_or_default()
    }
}

const BOUNDARY: &str = "replayboundary";

impl Form {
    fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, part) in &self.0 {
            let mut disposition = format!("form-data; name=\"{name}\"");
            let content = match part.get("content") {
                None => expand(part).into_bytes(),
                Some(content) => {
                    if let Some(filename) = part["filename"].as_str() {
                        disposition.push_str(&format!("; filename=\"{filename}\""));
                    }
                    disposition.push_str("\r\nContent-Type: application/octet-stream");
                    content.get("base64").map_or_else(
                        || expand(content).into_bytes(),
                        |bytes| from_base64(bytes.as_str().unwrap()),
                    )
                }
            };
            body.extend(
                format!("--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n").into_bytes(),
            );
            body.extend(content);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
        body
    }
}

impl Memory {
    /// `{{name}}` in a text.
    fn fill(&self, text: &str) -> String {
        self.values
            .iter()
            .fold(text.to_owned(), |text, (name, value)| {
                let plain = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                text.replace(&format!("{{{{{name}}}}}"), &plain)
            })
    }

    /// A JSON text that is only `"{{name}}"` becomes the value itself.
    fn fill_json(&self, text: &str) -> String {
        let whole = self
            .values
            .iter()
            .fold(text.to_owned(), |text, (name, value)| {
                text.replace(&format!("\"{{{{{name}}}}}\""), &value.to_string())
            });
        self.fill(&whole)
    }
}

/// `{"$repeat": [text, times]}` or a plain text.
fn expand(value: &Value) -> String {
    match value.get("$repeat") {
        None => value.as_str().unwrap().to_owned(),
        Some(repeat) => repeat[0]
            .as_str()
            .unwrap()
            .repeat(repeat[1].as_u64().unwrap() as usize),
    }
}

/// Expands `{"$repeat": ...}` inside of a JSON text.
fn repeated(text: &str) -> String {
    let Some(mark) = text.find("\"$repeat\"") else {
        return text.to_owned();
    };
    let start = text[..mark].rfind('{').unwrap();
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
    let long = Value::String(expand(&values.next().unwrap().unwrap()));
    format!(
        "{}{long}{}",
        &text[..start],
        repeated(&text[start + values.byte_offset()..])
    )
}

impl Exchange {
    fn compare(&self, answer: &Answer, memory: &mut Memory) -> Vec<String> {
        let mut problems = Vec::new();
        if json!(answer.status) != self.response["status"] {
            problems.push(format!(
                "status {}, want {}",
                answer.status, self.response["status"]
            ));
        }
        let content_type = answer.header("content-type");
        let mut got = content(answer, content_type.unwrap_or_default());
        for (name, path) in &self.capture {
            match path
                .split('.')
                .try_fold(&got, |value, part| step(value, part))
            {
                Some(value) => drop(memory.values.insert(name.clone(), value.clone())),
                None => problems.push(format!("capture {name}: no {path}")),
            }
        }
        if json!(content_type) != self.response["content_type"] {
            problems.push(format!(
                "content type {content_type:?}, want {}",
                self.response["content_type"]
            ));
        }
        let mut want: Value = ["json", "text", "base64"]
            .into_iter()
            .filter_map(|key| Some((key, self.response.get(key)?.clone())))
            .collect();
        for path in &self.volatile {
            let parts: Vec<_> = path.split('.').collect();
            prune(&mut want, &parts);
            prune(&mut got, &parts);
        }
        for key in &self.unordered {
            for side in [&mut want, &mut got] {
                if let Some(Value::Array(items)) = side.get_mut(key) {
                    items.sort_by_key(Value::to_string);
                }
            }
        }
        difference(&want, &got, "", &mut problems);
        self.compare_headers(answer, &mut problems);
        problems
            .iter()
            .take(6)
            .map(|problem| problem.chars().take(400).collect())
            .collect()
    }

    fn compare_headers(&self, answer: &Answer, problems: &mut Vec<String>) {
        let wanted = |name| {
            self.response
                .get("headers")
                .and_then(|headers| headers.get(name))
                .and_then(Value::as_str)
        };
        let methods = |list: &str| {
            let mut methods: Vec<_> = list.split(", ").map(str::to_owned).collect();
            methods.sort();
            methods.join(", ")
        };
        let path = |url: &str| {
            url.splitn(4, '/')
                .nth(3)
                .map(|path| format!("/{path}"))
                .unwrap_or_default()
        };
        for (name, form) in [
            ("Allow", &methods as &dyn Fn(&str) -> String),
            ("Location", &path),
        ] {
            let (want, got) = (wanted(name).map(form), answer.header(name).map(form));
            if want != got {
                problems.push(format!("header {name}: {got:?}, want {want:?}"));
            }
        }
    }
}

/// An answer in the recordings' form.
fn content(answer: &Answer, content_type: &str) -> Value {
    let is_json = !answer.body.is_empty() && content_type.starts_with("application/json");
    match (is_json, String::from_utf8(answer.body.clone())) {
        (true, Ok(text)) => json!({"json": serde_json::from_str::<Value>(&text).unwrap()}),
        (false, Ok(text)) => json!({"text": text}),
        (_, Err(_)) => json!({"base64": to_base64(&answer.body)}),
    }
}

fn step<'a>(value: &'a Value, part: &str) -> Option<&'a Value> {
    match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        other => other.get(part),
    }
}

/// Replaces the value at a path; `*` means every element.
fn prune(value: &mut Value, parts: &[&str]) {
    let Some((part, rest)) = parts.split_first() else {
        *value = json!("(volatile)");
        return;
    };
    match value {
        Value::Array(items) => {
            let all = *part == "*";
            let one = part.parse::<usize>().ok();
            let chosen = items
                .iter_mut()
                .enumerate()
                .filter(|(at, _)| all || one == Some(*at));
            chosen.for_each(|(_, item)| prune(item, rest));
        }
        Value::Object(items) => {
            let chosen = items
                .iter_mut()
                .filter(|(key, _)| *part == "*" || key == part);
            chosen.for_each(|(_, item)| prune(item, rest));
        }
        _ => {}
    }
}

fn difference(want: &Value, got: &Value, path: &str, problems: &mut Vec<String>) {
    if let Some(head) = want.get("$truncated") {
        let fits = got.as_str().is_some_and(|got| {
            json!(got.chars().count()) == want["length"]
                && got.starts_with(head.as_str().unwrap())
                && got.ends_with(want["tail"].as_str().unwrap())
        });
        return problems.extend((!fits).then(|| format!("{path}: long text differs")));
    }
    if want.get("$repeat").is_some() {
        let fits = got.as_str() == Some(&expand(want));
        return problems.extend((!fits).then(|| format!("{path}: repeated text differs")));
    }
    match (want, got) {
        (Value::Object(want), Value::Object(got)) => {
            for (key, value) in got.iter().filter(|(key, _)| !want.contains_key(*key)) {
                problems.push(format!("{path}.{key}: unexpected {value}"));
            }
            for (key, want) in want {
                match got.get(key) {
                    None => problems.push(format!("{path}.{key}: missing (want {want})")),
                    Some(got) => difference(want, got, &format!("{path}.{key}"), problems),
                }
            }
        }
        (Value::Array(want), Value::Array(got)) if want.len() == got.len() => {
            for (at, (want, got)) in want.iter().zip(got).enumerate() {
                difference(want, got, &format!("{path}.{at}"), problems);
            }
        }
        (Value::Array(want), Value::Array(got)) => {
            problems.push(format!("{path}: {} items, want {}", got.len(), want.len()))
        }
        _ if want != got => problems.push(format!("{path}: {got}, want {want}")),
        _ => {}
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = (0..3).fold(0, |number, at| {
            number << 8 | u32::from(chunk.get(at).copied().unwrap_or(0))
        });
        for digit in 0..4 {
            let code = DIGITS[(number >> (18 - 6 * digit)) as usize & 63] as char;
            text.push(if digit <= chunk.len() { code } else { '=' });
        }
    }
    text
}

fn from_base64(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .bytes()
        .filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte))
        .map(|digit| digit as u32)
        .collect();
    let mut bytes = Vec::new();
    for chunk in digits.chunks(4) {
        let number = (0..4).fold(0, |number, at| {
            number << 6 | chunk.get(at).copied().unwrap_or(0)
        });
        bytes.extend_from_slice(&number.to_be_bytes()[1..chunk.len()]);
    }
    bytes
}

#[test]
fn differences_are_detected() {
    let mut problems = Vec::new();
    difference(
        &json!({"a": [1, null], "b": "x"}),
        &json!({"a": [1, 2], "c": true}),
        "",
        &mut problems,
    );
    assert_eq!(
        problems,
        [
            ".c: unexpected true",
            ".a.1: 2, want null",
            ".b: missing (want \"x\")"
        ]
    );
    assert_eq!(
        from_base64(&to_base64(b"any bytes \xff")),
        b"any bytes \xff"
    );
}
