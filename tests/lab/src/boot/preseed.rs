//! `/preseed/ID`: the rendered preseed of a machine. It needs no token, also for private preseeds.

use serde_json::{Value, json};

use super::template::{self, RenderError, TemplateValue, TemplateValues};
use super::template_values::TupleFields;
use crate::api::machine::hostname;
use crate::call::Call;
use crate::database::{Interface, Machine};
use crate::lab_state::LabState;
use crate::query::bigint;
use crate::reply::{HandlerResult, Reply};
use crate::routes::Args;
use crate::session::SessionFailure;

const FETCHED_EVENT: i64 = 3;
const ERROR_EVENT: i64 = 4;

/// The address of every client, because all requests come over loopback.
const CLIENT_IP: &str = "127.0.0.1";

pub(crate) fn get(lab: &mut LabState, _: &Call, args: &Args<'_>) -> HandlerResult {
    lab.db.check_session()?;
    // The text goes to the database. If it is not a number of the column's type, the answer is a 500.
    let text = args.first().copied().unwrap_or_default();
    let id = bigint(text).ok().and_then(|id| i32::try_from(id).ok());
    let id = id.ok_or_else(|| Reply::internal_error().failing(SessionFailure::Statement))?;
    let none = || Reply::text(404, "");
    let machine = lab.db.machines.get(id.into()).cloned().ok_or_else(none)?;
    let preseed = machine
        .preseed_id
        .and_then(|id| lab.db.preseeds.get(id))
        .cloned()
        .ok_or_else(none)?;
    lab.db.add_event(
        machine.id,
        None,
        FETCHED_EVENT,
        json!({"client_ip": CLIENT_IP}),
    );
    let source = preseed.file_content.ok_or_else(Reply::internal_error)?;
    let rendered = template::render(&source, values(lab, &machine));
    for (message, line) in &rendered.log_entries {
        let info = json!({"client_ip": CLIENT_IP, "message": message, "lineno": line});
        lab.db.add_event(machine.id, None, ERROR_EVENT, info);
    }
    match rendered.outcome {
        Ok(text) => Ok(Reply::new(200, "text/plain; charset=utf-8", text)),
        Err(RenderError::Syntax(message, line)) => Err(Reply::text(
            400,
            format!("Syntax error on preseed template: {message} - line: {line}"),
        )),
        Err(RenderError::Undefined(message)) => Err(Reply::text(
            400,
            format!("Exception raised while rendering preseed template: {message}"),
        )),
        Err(RenderError::Other) => Err(Reply::internal_error()),
    }
}

fn values(lab: &LabState, machine: &Machine) -> TemplateValues {
    let db = &lab.db;
    let keys: Vec<String> = db
        .assignments_of(machine.id)
        .filter_map(|assignment| db.users.get(assignment.user_id))
        .map(|user| user.ssh_key.clone())
        .collect();
    let image = |id: Option<i64>| match id.and_then(|id| db.images.get(id)) {
        Some(image) => TemplateValue::Tuple(vec![
            ("filename", json!(image.filename)),
            ("description", json!(image.description)),
            ("known_good", json!(image.known_good)),
        ]),
        None => TemplateValue::Plain(Value::Null),
    };
    let first_key = keys.first().cloned().unwrap_or_default();
    let interfaces = db.interfaces_of(machine.id);
    vec![
        ("hostname", TemplateValue::Plain(json!(hostname(machine)))),
        ("ssh_key", TemplateValue::Plain(json!(first_key))),
        ("ssh_keys", TemplateValue::Plain(json!(keys))),
        (
            "interfaces",
            TemplateValue::Tuples(
                interfaces
                    .filter_map(|interface| interface_values(lab, interface))
                    .collect(),
            ),
        ),
        ("kernel", image(machine.kernel_id)),
        ("initrd", image(machine.initrd_id)),
        (
            "kernel_options",
            TemplateValue::Plain(json!(machine.kernel_opts)),
        ),
    ]
}

/// The template's values for an interface that has a static address.
fn interface_values(lab: &LabState, interface: &Interface) -> Option<TupleFields> {
    let (address, network) = (interface.static_ipv4?, lab.db.network_of(interface)?);
    let mut fields = vec![
        ("name", json!(interface.identifier)),
        ("static_ipv4", json!(address.to_string())),
        ("prefix", json!(network.subnet.prefix)),
        ("netmask", json!(network.subnet.mask().to_string())),
    ];
    if lab.settings.kind.release.shows_mac_in_preseeds() {
        fields.push(("mac", json!(interface.mac)));
    }
    Some(fields)
}
