//! `mrp_console`: opens the serial console of a machine.

use serde_json::json;

use crate::ansible::{
    Attribute, Attributes, Call, Failure, Module, ModuleSpec, Opt, Return, Success,
};
use crate::modules::options::{connection, machine};
use crate::modules::returns;
use crate::task::console;

pub(crate) const MODULE: Module = Module::new(&SPEC, run);

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_console",
    short_description: "Get a way to the serial console of a machine of a Mr-Provisioner server",
    description: &[
        "Asks the server for a token that opens the serial console of a machine over a WebSocket, and returns it with \
         the WebSocket's address.",
        "Whoever has the token has the console, for five minutes and as often as they like. Give the task C(no_log: true) \
         and register its result.",
    ],
    options: &[machine::OPTIONS, OPTIONS, connection::OPTIONS],
    constraints: machine::CONSTRAINTS,
    attributes: Attributes {
        check_mode: Attribute::full(
            "Asks for no token: the fields of RV(console) are null. That the machine can have a console is checked.",
        ),
        diff_mode: Attribute::none("Nothing ever changes.", &[]),
        idempotent: Attribute::partial(
            "The result is never changed: nothing on the server is otherwise for anyone else.",
            &["Every run makes a token of its own, and the server notes who asked."],
        ),
    },
    notes: &[
        "The token is in RV(console) alone: never in a message, a warning or a log. With C(no_log: true) Ansible prints \
         neither; without it, it prints the result from C(-v) on.",
        "The server tells a port and perhaps a host, not an address. RV(console.url) is what the server's own web page \
         makes of them: C(wss) where the server is reached by C(https), the server's host where none is told, and the \
         path C(/ws).",
        "Behind that address is ws-subprocess, a program of its own, which has to be reachable from where the console \
         is wanted. It speaks no TLS itself: C(wss) needs a proxy before it.",
        "What the console writes comes as binary messages, and what is typed goes as messages. A text message is an error.",
        "A BMC that does not answer is noticed only when the console is opened.",
    ],
    seealso: &["mrp_power", "mrp_machine"],
    examples: EXAMPLES,
    returns: RETURNS,
    ..ModuleSpec::EMPTY
}
.documented();

const OPTIONS: &[Opt] = &[machine::ALLOW_UNASSIGNED];

fn run(call: &Call) -> Result<Success, Failure> {
    let machine = machine::machine(call)?;
    let allow_unassigned = call.options["allow_unassigned"] == true;
    let client = connection::connect(call)?;
    let machine = console::find_machine(client.read_only(), &machine, allow_unassigned)?;
    // It changes nothing that other users see, but it is a request that writes.
    let opened = match call.check_mode {
        true => None,
        false => Some(client.consoles().create(machine.id)?),
    };
    let opened = opened.as_ref();
    let console = json!({
        "url": opened.map(|console| &console.url),
        "host": opened.map(|console| &console.host),
        "port": opened.map(|console| console.port),
        "token": opened.map(|console| &console.token),
    });
    Ok(Success::with_fields([
        ("machine", json!(machine)),
        ("console", console),
    ]))
}

const EXAMPLES: &str = r#"- name: Ask for the console
  mrp_console:
    mrp_url: https://mrp.example/
    mrp_token: "{{ lab_token }}"
    name: qdc01
  no_log: true
  register: opened

# Within five minutes, websocat --binary "$(cat ~/qdc01.console)" opens it.
- name: Leave its address where nobody else can read it
  ansible.builtin.copy:
    content: "{{ opened.console.url }}"
    dest: ~/qdc01.console
    mode: "0600"
  no_log: true
"#;

const RETURNS: &[Return] = &[
    Return::new("console", "dict")
        .about("The console. Its fields are null in check mode.")
        .contains(&[
            Return::new("url", "str")
                .about("The WebSocket's address, which has the token in it.")
                .sample("\"wss://mrp.example:8866/ws?token=...\""),
            Return::new("host", "str").about("The WebSocket's host."),
            Return::new("port", "int")
                .about("The WebSocket's port.")
                .sample("8866"),
            Return::new("token", "str").about("The token."),
        ]),
    returns::MACHINE_AS_READ,
    returns::REQUESTS,
];
