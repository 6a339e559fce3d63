//! Requests beside the one of a command: for names, addresses and holders. What cannot be read is shown without.

use serde_json::{Map, Value, json};

use crate::ansible::{Call, Module};
use crate::modules::options::connection;
use crate::support::progress::ProgressListener;

/// A list that a module returns on these options, asked over a connection with the options of another call. None where it
/// cannot be read.
pub(crate) fn list(
    connection: &Map<String, Value>,
    progress: &ProgressListener,
    module: &Module,
    list: &str,
    mut options: Map<String, Value>,
) -> Option<Vec<Value>> {
    for option in connection::OPTIONS {
        let value = connection.get(option.name);
        options.extend(value.map(|value| (option.name.to_owned(), value.clone())));
    }
    // What the user asked for is done; a server that does not answer now must not keep them waiting.
    options.insert("retries".to_owned(), json!(0));
    let call = Call {
        progress: progress.clone(),
        ..Call::new(module.spec, &options).ok()?
    };
    let success = module.answer(&call).ok()?;
    success.fields.get(list).and_then(Value::as_array).cloned()
}
