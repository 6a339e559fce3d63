//! The arguments file that Ansible writes.

use mr_provisioner::MODULES;
use mr_provisioner::ansible::Failure;
use mr_provisioner::internals;
use serde_json::Value;

/// Any bytes make a call of a module, or a failure with a sentence.
pub fn bytes_are_a_call_or_a_failure(module: u8, contents: &[u8]) {
    let module = MODULES[usize::from(module) % MODULES.len()].spec.name;
    if let Err(failure) = internals::read_arguments(module, contents) {
        require_sentence(&failure);
    }
}

/// A run that Ansible wants to change nothing is a run in check mode, or none.
pub fn check_mode_is_never_lost(mode: &Value) {
    let contents = serde_json::json!({
        "_ansible_check_mode": mode, "mrp_url": "http://127.0.0.1/", "mrp_token": "x", "machine": "a", "state": "on"
    });
    let call = internals::read_arguments("mrp_power", contents.to_string().as_bytes());
    let is_off = match mode {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(word) => {
            let word = word.trim().to_lowercase();
            ["n", "no", "off", "0", "false", "f"].contains(&word.as_str())
        }
        _ => false,
    };
    if let Ok(call) = call {
        assert_eq!(call.check_mode, !is_off, "{mode}");
    }
}

pub(crate) fn require_sentence(failure: &Failure) {
    assert!(!failure.text().trim().is_empty(), "{failure:?}");
}
