//! What is counted apart: cases in which a rule cannot be kept, each with its reason.

use mrp_lab::Sessions;

use crate::case::Title;
use crate::checks::{self, Violation};
use crate::faults::{Change, Effect, Fault};
use crate::rules::Rule;
use crate::{kills, races};

/// A reason why a rule is not kept in some cases.
pub(crate) struct Exception {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
    applies: fn(&Title, &Violation) -> bool,
}

pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        name: "null where null is allowed",
        reason: "The server has null in these fields of machines, images, preseeds and interfaces. An answer with a null that \
                 is not true cannot be told from a true one, so the run acts on it.",
        applies: |title, violation| {
            let acted_on = [
                Rule::ChangedIsFalse,
                Rule::NoDuplicate,
                Rule::NoSecondStart,
                Rule::Converges,
            ];
            acted_on.contains(&violation.rule) && is_allowed_null(title)
        },
    },
    Exception {
        name: "a step that had begun",
        reason: "A request that writes is noted just before it is sent. A signal between the two finds a step that may have \
                 been sent, and the run says so.",
        applies: |title, violation| {
            title.group == kills::GROUP
                && violation.rule == Rule::ChangedIsFalse
                && violation.what.starts_with(checks::UNDER_WAY)
        },
    },
    Exception {
        name: "a signal before the program has begun",
        reason: "Until the program has set up its handling of signals, a signal ends it as it ends any program: without \
                 output. It has sent nothing by then.",
        applies: |title, violation| {
            title.group == kills::GROUP && violation.what == checks::NOT_BEGUN
        },
    },
    Exception {
        name: "equal uploads at once",
        reason: "The server takes any number of equal images and has no way to create one only if there is none. Each run \
                 looks just before it uploads. Copies that come about all the same are told in a warning by the next run.",
        applies: |title, violation| {
            title.group == races::GROUP
                && violation.rule == Rule::NoDuplicate
                && violation.what.starts_with(checks::TOLD)
        },
    },
    Exception {
        name: "equal orders at once",
        reason: "The server has no way to order an installation, or a power switch, only if the state is still the one that \
                 was read. Each run reads it just before its order. Two runs that both read it before either has ordered \
                 both order.",
        applies: |title, violation| {
            title.group == races::GROUP
                && violation.rule == Rule::NoSecondStart
                && violation.what.starts_with(checks::STARTS)
        },
    },
    Exception {
        name: "beginning anew at once",
        reason: "A task that acts anew in every run, such as one with `force`, undoes what an equal run is doing at the same \
                 time. Each run reads back what it did, and one that finds another's doing says so and fails.",
        applies: |title, violation| {
            title.group == races::GROUP
                && title.acts_anew
                && violation.rule == Rule::EqualRunsSucceed
        },
    },
    Exception {
        name: "a wait with fewer looks",
        reason: "How often a wait looks at a machine depends on the time that everything takes. Where it looked less often \
                 than in the clean run, and wrote the same, its last request met no fault.",
        applies: |title, violation| title.waits && violation.what == checks::FEWER_LOOKS,
    },
    Exception {
        name: "a confirmed reboot that was not made",
        reason: "A reboot leaves nothing that a client can read. Where something answers 2xx in the server's place, the \
                 order counts as given: an old release of the server answers with an empty body too.",
        applies: |title, violation| {
            violation.rule == Rule::ChangedIsFalse && is_unmade_reboot(title)
        },
    },
    Exception {
        name: "a reservation of a run that failed",
        reason: "A server with one database session shows a reservation before it is stored. A run that was disturbed before \
                 it could make its reservation durable leaves such a one. The next run finds the machine held, and nothing \
                 shows that it is not stored. Only a write would store it, and a run that finds nothing to do writes nothing. \
                 The next write of anybody stores it too.",
        applies: |title, violation| {
            title.sessions == Sessions::One
                && title.task.starts_with("reserve")
                && !title.succeeded
                && violation.rule == Rule::Stored
                && violation.what.starts_with(checks::ASSIGNMENTS)
        },
    },
];

/// Fields in which the server itself has null, by the word in the path of the request. The first word that it has counts.
const NULLABLE: [(&str, &[&str]); 4] = [
    (
        "/interface",
        &[
            "identifier",
            "subnetv4",
            "static_pool_v4",
            "reserved_pool_v4",
            "configured_ipv4",
            "lease_ipv4",
        ],
    ),
    ("/image", &["description", "user"]),
    ("/preseed", &["description", "content"]),
    (
        "/machine",
        &[
            "subarch",
            "kernel_id",
            "kernel_opts",
            "initrd_id",
            "preseed_id",
        ],
    ),
];

fn is_allowed_null(title: &Title) -> bool {
    let Some((Fault::Altered(Change::Null(field)), target)) = &title.fault else {
        return false;
    };
    let mut resources = NULLABLE.iter();
    let resource = resources.find(|(word, _)| target.path.contains(word));
    resource.is_some_and(|(_, fields)| fields.contains(&field.as_str()))
}

/// Whether something answered a success in the server's place to an order whose effect cannot be read.
fn is_unmade_reboot(title: &Title) -> bool {
    let Some((
        Fault::Answer {
            status: 200..300,
            effect: Effect::None,
            ..
        },
        target,
    )) = &title.fault
    else {
        return false;
    };
    title.acts_anew && target.method == "POST" && target.path.ends_with("/power")
}

/// The exception that a violation falls under.
pub(crate) fn find(title: &Title, violation: &Violation) -> Option<&'static Exception> {
    let mut exceptions = EXCEPTIONS.iter();
    exceptions.find(|exception| (exception.applies)(title, violation))
}
