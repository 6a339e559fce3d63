//! Simulated faults: delays, error answers, closed and stalled connections, concurrent requests of other users.

use serde::Deserialize;
use serde_json::Value;

use crate::log::CLIENT;

/// A fault as the control path takes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    method: Option<String>,
    /// The whole path without its query. A `*` at the end matches any rest.
    path: Option<String>,
    /// The number of the first affected request among those that match.
    #[serde(default = "one")]
    nth: u64,
    /// The number of affected requests from there on; 0 is unlimited.
    #[serde(default = "one")]
    times: u64,
    /// Whether requests of the lab's machines are affected too.
    #[serde(default)]
    machines: bool,
    /// Seconds to wait before anything else.
    pub(crate) delay: Option<f64>,
    pub(crate) status: Option<u16>,
    pub(crate) body: Option<Value>,
    #[serde(default)]
    pub(crate) headers: serde_json::Map<String, Value>,
    #[serde(default)]
    pub(crate) reset: bool,
    #[serde(default)]
    pub(crate) when: When,
    pub(crate) truncate: Option<u64>,
    #[serde(default)]
    pub(crate) stall: bool,
    /// A request that is made as another user.
    pub(crate) meanwhile: Option<OtherUserRequest>,
    #[serde(skip)]
    seen: u64,
}

/// A request of another user between two requests of the client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OtherUserRequest {
    pub(crate) user: String,
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) body: Value,
}

/// Whether a fault occurs before or after the request takes effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum When {
    #[default]
    Before,
    After,
}

fn one() -> u64 {
    1
}

#[derive(Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one fault or a list. On an error none is added.
    pub(crate) fn add(&mut self, value: &Value) -> Result<(), String> {
        let values = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        let faults: Vec<Fault> = values.iter().map(read).collect::<Result<_, _>>()?;
        self.0.extend(faults);
        Ok(())
    }

    /// Returns the fault that affects a request. Every matching fault counts the request.
    pub(crate) fn hit(&mut self, method: &str, path: &str, by: &str) -> Option<Fault> {
        let path = path.split('?').next().unwrap_or_default();
        let mut hit = None;
        for fault in self
            .0
            .iter_mut()
            .filter(|fault| fault.matches(method, path, by))
        {
            fault.seen += 1;
            let due = fault.seen >= fault.nth
                && (fault.times == 0 || fault.seen < fault.nth + fault.times);
            if due && hit.is_none() {
                hit = Some(fault.clone());
            }
        }
        hit
    }
}

fn read(value: &Value) -> Result<Fault, String> {
    let fault: Fault =
        serde_json::from_value(value.clone()).map_err(|error| format!("not a fault: {error}."))?;
    let kinds = [
        fault.status.is_some(),
        fault.reset,
        fault.truncate.is_some(),
        fault.stall,
    ];
    match kinds.iter().filter(|kind| **kind).count() {
        0 if fault.delay.is_none() && fault.meanwhile.is_none() => {
            Err("a fault needs one of status, delay, reset, truncate, stall and meanwhile.".into())
        }
        0 | 1 if fault.nth == 0 => Err("nth counts from 1.".into()),
        0 | 1
            if fault
                .status
                .is_some_and(|status| !(200..600).contains(&status)) =>
        {
            Err("status must be from 200 to 599.".into())
        }
        0 | 1 => Ok(fault),
        _ => Err("a fault can have only one of status, reset, truncate and stall.".into()),
    }
}

impl Fault {
    fn matches(&self, method: &str, path: &str, by: &str) -> bool {
        let path_matches =
            self.path
                .as_deref()
                .is_none_or(|wanted| match wanted.strip_suffix('*') {
                    Some(head) => path.starts_with(head),
                    None => path == wanted,
                });
        path_matches
            && self.method.as_deref().is_none_or(|wanted| wanted == method)
            && (self.machines || by == CLIENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fault_affects_only_the_nth_matching_request() {
        let mut faults = Faults::default();
        faults.add(&json!({"method": "POST", "path": "/api/v1/image", "nth": 2, "times": 2, "status": 503})).unwrap();
        let mut hit = |method, path| faults.hit(method, path, CLIENT).is_some();
        assert!(!hit("POST", "/api/v1/image"));
        assert!(!hit("GET", "/api/v1/image"));
        assert!(!hit("POST", "/api/v1/image/3"));
        assert!(hit("POST", "/api/v1/image?x=1"));
        assert!(hit("POST", "/api/v1/image"));
        assert!(!hit("POST", "/api/v1/image"));
    }

    #[test]
    fn faults_affect_machines_only_if_requested() {
        let mut faults = Faults::default();
        faults
            .add(&json!({"path": "/tftp/*", "times": 0, "reset": true}))
            .unwrap();
        assert!(faults.hit("GET", "/tftp/", "machine qdc01").is_none());
        assert!(faults.hit("GET", "/tftp/", CLIENT).is_some());
        faults
            .add(&json!({"machines": true, "stall": true}))
            .unwrap();
        assert!(faults.hit("GET", "/tftp/", "machine qdc01").is_some());
    }

    #[test]
    fn invalid_faults_are_refused() {
        let mut faults = Faults::default();
        for value in [
            json!({}),
            json!({"status": 503, "reset": true}),
            json!({"colour": 1}),
            json!({"status": 503, "nth": 0}),
        ] {
            assert!(faults.add(&value).is_err(), "{value}");
        }
    }
}
