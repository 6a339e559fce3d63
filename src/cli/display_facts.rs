//! What a result is shown with besides what its module returned: names in place of ids, addresses, times.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::cli::command_request::CommandRequest;
use crate::cli::commands::View;
use crate::cli::output::object_names::kind_of;
use crate::cli::output::progress::ProgressMonitor;
use crate::cli::side_request;
use crate::modules;

/// Empty where nothing more is known.
#[derive(Default)]
pub(crate) struct DisplayFacts {
    /// For each kind of object, the names by their ids.
    names: Value,
    /// By the names of machines.
    addresses: Map<String, Value>,
    progress: ProgressMonitor,
}

impl DisplayFacts {
    /// Reads what the result of a command needs to be shown. What cannot be read is shown without.
    pub(crate) fn read(request: &CommandRequest, result: &Value) -> DisplayFacts {
        let kinds = kinds_of_ids(request, result);
        let (options, progress) = (&request.call.options, &request.call.progress);
        let mut names = json!({});
        for (kind, module, list, name) in [
            ("image", &modules::IMAGE_INFO, "images", "description"),
            ("preseed", &modules::PRESEED_INFO, "preseeds", "name"),
        ] {
            if kinds.contains(kind) {
                let objects = side_request::list(options, progress, module, list, Map::new())
                    .unwrap_or_default();
                let named = objects.iter().filter_map(|object| {
                    let name = object[name].as_str().filter(|name| !name.is_empty())?;
                    Some((object["id"].to_string(), json!(name)))
                });
                names[kind] = Value::Object(named.collect());
            }
        }
        let spec = request.command.module.spec;
        DisplayFacts {
            names: request.call.scrub(spec, names),
            addresses: match request.call.check_mode {
                true => Map::new(),
                false => addresses(request, result),
            },
            progress: request.progress.clone(),
        }
    }

    pub(crate) fn names(&self) -> &Value {
        &self.names
    }

    /// The address of a machine, where it is certain.
    pub(crate) fn address(&self, machine: &str) -> Option<&str> {
        self.addresses.get(machine)?.as_str()
    }

    /// How long a wait took that is over.
    pub(crate) fn waited(&self, what: &str) -> Option<Duration> {
        self.progress.waited(what)
    }

    /// The bytes in a second, if an upload of this size was seen and is large enough for that.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "three digits are shown"
    )]
    pub(crate) fn upload_rate(&self, size: u64) -> Option<u64> {
        let time = self.progress.upload_time()?.as_secs_f64();
        (time > 0.0 && size > 1_000_000).then(|| (size as f64 / time) as u64)
    }
}

/// The kinds of the objects whose ids are shown.
fn kinds_of_ids(request: &CommandRequest, result: &Value) -> BTreeSet<&'static str> {
    let changed = steps(result).flat_map(|step| [&step["before"], &step["after"]]);
    let shown = match request.command.view {
        View::Details(list) => result[list].as_array().into_iter().flatten(),
        _ => None.into_iter().flatten(),
    };
    let fields = changed.chain(shown).filter_map(Value::as_object).flatten();
    let ids = fields.filter(|(_, value)| value.is_number());
    ids.filter_map(|(name, _)| kind_of(name)).collect()
}

/// The addresses of the machines that became ready, or are found ready by the command that waits for it.
fn addresses(request: &CommandRequest, result: &Value) -> Map<String, Value> {
    let results = match result["results"].as_array() {
        Some(items) => items.as_slice(),
        None => std::slice::from_ref(result),
    };
    let waits = request.command.words == ["machine", "wait"];
    let ready = results.iter().filter(|result| {
        let mut steps = steps(result);
        let is_ready = (waits && result["machine"]["state"] == "ready")
            || steps.any(|step| step["action"] == "wait" && step["after"]["state"] == "ready");
        result["failed"] != true && is_ready
    });
    let names: Vec<&Value> = ready.map(|result| &result["machine"]["name"]).collect();
    if names.is_empty() {
        return Map::new();
    }
    let options = Map::from_iter([("machines".to_owned(), json!(names))]);
    let (connection, progress) = (&request.call.options, &request.call.progress);
    let module = &modules::NETWORK_FACTS;
    let found = side_request::list(connection, progress, module, "machines", options);
    let found = found.unwrap_or_default().into_iter();
    let found = found.filter_map(|facts| {
        let name = facts["name"].as_str()?.to_owned();
        Some((name, facts["ipv4"].clone()))
    });
    found.collect()
}

/// All steps of a result, done or not.
fn steps(result: &Value) -> impl Iterator<Item = &Value> {
    result["plan"].as_array().into_iter().flatten()
}
