//! `mrp_reservation`: reserves machines, by name or any that match a query.

use serde::Deserialize;

use crate::ansible::{
    Attribute, Attributes, Call, Constraints, Failure, Kind, Module, ModuleSpec, Opt, RequiredIf,
    Return,
};
use crate::client::Query;
use crate::modules::options::state::{self, Existence};
use crate::modules::options::{connection, machine, wait};
use crate::modules::{returns, run};
use crate::task::reservation::{
    DesiredReservation, ReservationPresence, ReservationSelection, ReservationSpec,
};

pub(crate) const MODULE: Module = Module::new(&SPEC, |call| run::run(call, to_task));

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_reservation",
    short_description: "Hold and release machines of a Mr-Provisioner server",
    description: &[
        "Holds a machine by name, or as many free machines as are wanted of those that a query matches, for a reason; \
         or releases what is held.",
        "Of several machines either all are held at the end or none: what was taken is given back when another one \
         cannot be had.",
        "The reason is the name of the reservation. Machines that the token's user holds for that reason count first, \
         so a second run takes no others.",
    ],
    options: &[machine::OPTIONS, OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        mutually_exclusive: &[&["name", "id", "query"]],
        required_if: &[
            RequiredIf::any("state", "present", &["name", "id", "query"]),
            RequiredIf::any("state", "absent", &["name", "id", "query", "reason"]),
        ],
        required_by: &[("count", &["query"]), ("query", &["reason"])],
        ..connection::CONSTRAINTS
    },
    attributes: Attributes {
        check_mode: Attribute::partial(
            "Sends nothing that writes, and returns the plan with the machines that would be taken.",
            &[
                "Whether the server stores reservations shows only when one is made.",
                "Which machines a wait would end with is not known before.",
            ],
        ),
        diff_mode: Attribute::full("Shows which machines are held before and after."),
        idempotent: Attribute::full(
            "A second run changes nothing: machines held for that reason count first.",
        ),
    },
    notes: &[
        "A server with a database session for each request confirms reservations without storing them: the next one who \
         asks is given the same machine. So this module looks at the machine's assignees before it says that a machine \
         is held, and fails otherwise. An administrator's token can assign machines, and this module does so where \
         nothing was stored.",
        "A server with one session for all requests shows a reservation and loses it with the next error or restart. So \
         the module writes the reason once more, which stores it, before it says that a machine is held.",
        "The reason tells the reservations of one user apart, so give each job its own, for example with the number of \
         the pipeline. Two jobs with the same user and the same reason hold the same machines. An empty reason also \
         counts every machine that was assigned without one.",
        "A machine that the token's user holds for another reason is not free for this one. M(mrp_assignee) changes the \
         reason.",
        "While the task waits, it holds nothing: several that wait for each other's machines cannot block each other.",
        "Where several users are after a machine at once, the first assignment of it holds.",
    ],
    seealso: &["mrp_assignee", "mrp_machine", "mrp_network_facts"],
    examples: EXAMPLES,
    returns: RETURNS,
    ..ModuleSpec::EMPTY
}
.documented();

/// The options besides those that name the machine.
pub(crate) const OPTIONS: &[Opt] = &[
    Opt::new("query", Kind::Str).about(&[
        "Filter in the server's query language for machines that will do, for example C((= arch \"arm64\")); C(t) is any.",
        "The symbols are C(name), C(arch), C(bmc_type) and C(interface_count), the operators C(= != < <= > >= =~), C(and) \
         and C(or). Only free machines are taken, so C(assignee_count) is refused.",
    ]),
    Opt::new("count", Kind::Int).minimum(1).about(&[
        "With O(query), how many machines to hold, one when not given. More that are held already stay.",
    ]),
    Opt::new("reason", Kind::Str).about(&[
        "What the machines are held for, at most 140 characters. Required with O(query).",
        "Without one, a machine by name may be held for any reason, and a new reservation has none.",
    ]),
    state::OPTION.about(&[
        "V(present) holds machines.",
        "V(absent) releases those that the token's user holds and that have the name, the reason, and match the query, as \
         far as these are given. Machines of others are left alone.",
    ]),
    Opt::new("user", Kind::Str).about(&[
        "Name of the token's user. Only needed with an administrator's token when that user owns no image, no machine and \
         no preseed, since the server does not tell whose a token is.",
    ]),
    Opt::new("wait", Kind::Bool).default_bool(false).about(&[
        "With O(state=present), wait until enough machines are free. Otherwise the task fails at once and says who holds \
         them.",
    ]),
    Opt::new("wait_timeout", Kind::Float).default_float("3600").about(&[
        "Seconds to wait before the task fails and says who holds the machines.",
    ]),
    wait::INTERVAL,
];

#[derive(Deserialize)]
struct ReservationOptions {
    query: Option<String>,
    count: Option<usize>,
    reason: Option<String>,
    state: Existence,
    user: Option<String>,
}

/// The task that the options say.
pub(crate) fn to_task(call: &Call) -> Result<ReservationSpec, Failure> {
    let options: ReservationOptions = call.options();
    Ok(ReservationSpec {
        presence: presence(call, &options)?,
        machines: selection(call, &options)?,
        reason: options.reason,
    })
}

fn presence(call: &Call, options: &ReservationOptions) -> Result<ReservationPresence, Failure> {
    match options.state {
        Existence::Absent if options.count.is_some() => Err(Failure::invalid_call(
            "O(count) needs O(state=present); with O(state=absent) all that match are released",
        )),
        Existence::Absent => Ok(ReservationPresence::Absent),
        Existence::Present => Ok(ReservationPresence::Present(DesiredReservation {
            count: options.count.unwrap_or(1),
            user: options.user.clone(),
            wait: wait::limits(call)?,
        })),
    }
}

/// With a reason alone, all machines that are held for it.
fn selection(call: &Call, options: &ReservationOptions) -> Result<ReservationSelection, Failure> {
    match &options.query {
        Some(query) => Query::parse(query)
            .map(ReservationSelection::Query)
            .map_err(|error| Failure::from(error).into_invalid_call()),
        None if machine::is_given(call) => {
            machine::machine(call).map(ReservationSelection::Machine)
        }
        None => Ok(ReservationSelection::Query(Query::and([]))),
    }
}

const EXAMPLES: &str = r#"- name: Hold a machine
  mrp_reservation:
    mrp_url: https://mrp.example/
    mrp_token: "{{ lab_token }}"
    name: qdc01
    reason: kernel work

- name: Two free arm64 machines for this pipeline, as soon as there are any
  mrp_reservation:
    query: (= arch "arm64")
    count: 2
    reason: "pipeline {{ pipeline_id }}"
    wait: true
    wait_timeout: 7200
  register: reservation

- name: Take them into the inventory
  ansible.builtin.add_host:
    name: "{{ item.name }}"
    groups: held
  loop: "{{ reservation.machines }}"
  loop_control:
    label: "{{ item.name }}"

- name: Release what this pipeline holds
  mrp_reservation:
    reason: "pipeline {{ pipeline_id }}"
    state: absent

- name: Release one machine
  mrp_reservation:
    name: qdc01
    state: absent
"#;

const MACHINE_FIELDS: [Return; 11] = returns::concat(
    &returns::MACHINE,
    &[Return::new("assignment", "dict")
        .returned("success; null while it is only planned")
        .about("C(id), C(user) and C(reason) of the reservation.")],
);

const RETURNS: &[Return] = &[
    Return::new("machines", "list")
        .returned("success")
        .about(
            "The machines that are held, by name; in check mode, those that would be. Empty with O(state=absent). \
             Each has all fields that M(mrp_machine) returns except its state, and its assignment.",
        )
        .contains(&MACHINE_FIELDS),
    returns::PLAN,
    returns::REQUESTS,
];
