//! A program with modules that show what the protocol does. Only the tests build it.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs, thread};

use mr_provisioner::ansible::{self, Call, Diff, Failure, Module, Success, completed_steps, docs};
use serde_json::{Map, json};

static MODULES: [Module; 2] = [
    Module {
        spec: &mrp_protocol::PROBE,
        run: probe,
    },
    Module {
        spec: &mrp_protocol::RULES,
        run: echo,
    },
];

fn main() -> ExitCode {
    let mut arguments = env::args_os();
    let arg0 = arguments.next().unwrap_or_default();
    let args_file = arguments.next().unwrap_or_default();
    if args_file == "docs" {
        return print_sidecar(&arguments.next().unwrap_or_default().to_string_lossy());
    }
    ansible::run_as_module(&MODULES, &arg0.to_string_lossy(), Path::new(&args_file))
}

/// Prints the documentation of a module, to be tried with `ansible-doc`.
fn print_sidecar(name: &str) -> ExitCode {
    let Some(module) = MODULES.iter().find(|module| module.spec.name == name) else {
        return ExitCode::FAILURE;
    };
    match io::stdout().write_all(docs::sidecar(module.spec).as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Does what `action` says.
fn probe(call: &Call) -> Result<Success, Failure> {
    let text = |name: &str| {
        call.options
            .get(name)
            .and_then(|value| value.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    match text("action").as_str() {
        "panic" => panic!("this went wrong with {}", text("token")),
        "panic_in_thread" => {
            let _ = thread::spawn(|| panic!("the thread went wrong")).join();
        }
        "wait" => {
            completed_steps::complete(
                json!({"action": "upload", "target": "image", "why": format!("<{}>", text("token"))}),
            );
            if call.options.get("force") == Some(&json!(true)) {
                completed_steps::begin(json!({"action": "provision", "target": "machine 'a'"}));
                completed_steps::write();
            }
            // The test waits for this file before it sends a signal. The steps above are recorded by then.
            if !text("file").is_empty() && fs::write(text("file"), "").is_err() {
                return Err(Failure::new("Cannot write the file."));
            }
            thread::sleep(Duration::from_secs(60));
        }
        "fail" => {
            return Err(Failure {
                hint: Some(format!("Look at {}.", text("token"))),
                partial: Success {
                    changed: true,
                    ..Success::default()
                },
                server_response: Some(format!("<h1>{}</h1>", text("token"))),
                ..Failure::new(format!("The probe failed for {}.", text("name")))
            });
        }
        "large" => return echo_with(call, "large", "ä".repeat(4 << 20)),
        _ => {}
    }
    echo_with(call, "token_length", text("token").len().to_string())
}

fn echo_with(call: &Call, key: &str, value: String) -> Result<Success, Failure> {
    let mut success = echo(call)?;
    success.fields.insert(key.to_owned(), value.into());
    Ok(success)
}

/// Returns its options.
fn echo(call: &Call) -> Result<Success, Failure> {
    let fields =
        json!({"options": call.options, "check_mode": call.check_mode, "line": "\u{2028}ä😀"});
    Ok(Success {
        changed: true,
        fields: Map::from_iter(fields.as_object().cloned().unwrap_or_default()),
        objects: None,
        diff: vec![Diff {
            before_header: "server".to_owned(),
            after_header: "playbook".to_owned(),
            before: "one\n".to_owned(),
            after: "two".to_owned(),
        }],
        warnings: Vec::new(),
    })
}
