//! Arguments and what a module makes of them: a table recorded from AnsibleModule of ansible-core 2.21.
//!
//! A case that says `unlike_ansible` differs on purpose, and says why. The message about wrong
//! booleans is compared without its list of right ones, which AnsibleModule prints in random order.

use serde_json::Value;

use crate::harness::run;

#[test]
fn arguments_become_what_ansible_module_makes_of_them() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("cases.json")).unwrap();
    let wrong: Vec<String> = cases.iter().filter_map(difference).collect();
    assert!(
        wrong.is_empty(),
        "{} cases differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn difference(case: &Value) -> Option<String> {
    let mut probe = run(case["module"].as_str().unwrap(), &case["args"]);
    if let Some(variables) = case["environment"].as_object() {
        probe.command.envs(
            variables
                .iter()
                .map(|(name, value)| (name, value.as_str().unwrap())),
        );
    }
    let result = probe.result();
    let same = result.get("msg") == case.get("message")
        && result.get("options") == case.get("options")
        && result.get("warnings") == case.get("warnings");
    (!same).then(|| format!("expected {case}\n   found {result}"))
}
