//! Errors of tasks: why one cannot be planned or did not succeed, as one sentence with a separate hint.
//!
//! Sentences and hints name options in markup, such as `O(force)`, and each front end renders them.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::client;

/// An error of a task. The text is one sentence; [`TaskError::hint`] says what helps.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TaskError {
    #[error(transparent)]
    Api(#[from] client::Error),

    /// A name or an id that must exist does not, or is not visible to the token's user.
    #[error("there is no {what} {name}{}", similar_text(near))]
    NotFound {
        /// The kind of object: `machine`, `visible Kernel image for arm64`.
        what: String,
        /// In quotes, or `with id 7`.
        name: String,
        near: Vec<String>,
    },

    /// Several objects have the name: images of other users with that description, interfaces with that identifier.
    #[error("{what} {name} is ambiguous: {}", candidates.join("; "))]
    Ambiguous {
        what: String,
        /// In quotes.
        name: String,
        /// What distinguishes them: the id of each, its owner and date, or its MAC.
        candidates: Vec<String>,
    },

    /// The machine is not assigned to the token's user. The server itself lets anyone change its boot parameters.
    #[error(
        "machine '{machine}' is not assigned to this token's user; {}",
        holders_text(holders)
    )]
    NotAssigned {
        machine: String,
        /// Who holds it, with the reason where one was given.
        holders: Vec<String>,
    },

    /// Machines are held by others, or there are too few of them.
    #[error("{problem}{}{}", deadline_text(*waited), colon_list(holders))]
    NotFree {
        /// `machine 'qdc01' is not free`.
        problem: String,
        /// The deadline that passed; None without a wait.
        waited: Option<Duration>,
        /// `'qdc01' is held by alice (ci)` for each.
        holders: Vec<String>,
    },

    /// The server confirmed a reservation, and nobody holds the machine afterwards.
    #[error(
        "the server confirmed the reservation of machine '{machine}' and did not store it: the machine is assigned to nobody"
    )]
    NotStored { machine: String },

    /// Not all of several machines could be reserved, and one that was could not be released again.
    #[error("{source}; {} could not be given back", machines.join(", "))]
    NotGivenBack {
        /// Why not all could be reserved.
        source: Box<TaskError>,
        /// `machine 'qdc01'` for each that is still held.
        machines: Vec<String>,
    },

    /// The object belongs to another user, so the change must be made by its owner.
    #[error("{object} belongs to {owner}, so {change} is not possible with this token")]
    NotYours {
        object: String,
        owner: String,
        /// What the task would do: `changing it`.
        change: String,
    },

    /// An image or preseed to be deleted is what machines boot.
    #[error("{object} is in use and was not deleted: {}", uses.join(", "))]
    InUse {
        object: String,
        /// `kernel of qdc01` for each use.
        uses: Vec<String>,
    },

    /// The address belongs to another interface, or is promised to one in the same batch.
    #[error("{interface} cannot have {address}: {holder}")]
    AddressTaken {
        interface: String,
        address: Ipv4Addr,
        holder: String,
    },

    /// The server took a request and then has other values than those that were sent.
    #[error("{object} was written, but the server has {found} where {expected} was sent")]
    ReadBack {
        object: String,
        expected: String,
        /// The same fields as read afterwards.
        found: String,
    },

    /// The server took a request, and the read after it failed.
    #[error("{object} was written, but could not be read back: {source}")]
    Unverified {
        object: String,
        source: client::Error,
    },

    /// The options ask for something impossible.
    #[error("{0}")]
    Refused(String),

    /// The object cannot be or have what is asked.
    #[error("{object} {problem}")]
    Impossible { object: String, problem: String },

    /// A local file could not be used.
    #[error("{path}: {problem}")]
    File { path: String, problem: String },

    /// The server did not provision the machine, or its BMC failed.
    #[error(
        "provisioning machine '{machine}' failed: {source}{}",
        aftermath_text(aftermath)
    )]
    Provision {
        machine: String,
        source: client::Error,
        /// What was restored on the server afterwards; empty where nothing was.
        aftermath: String,
    },

    /// The machine reported `error` instead of `ready`.
    #[error("machine '{machine}' reported the state error after {}", seconds(*waited))]
    InstallFailed {
        machine: String,
        /// The time from the start of the wait.
        waited: Duration,
    },

    /// Another task of the batch failed, and this one was not continued for this reason.
    #[error("not carried on, because {0}")]
    Abandoned(&'static str),

    /// The deadline of a wait passed.
    #[error("{object} was not {state} within {} s; the last state seen was {last}", waited.as_secs_f64())]
    WaitTimeout {
        object: String,
        /// The awaited state.
        state: String,
        waited: Duration,
        /// The last state, or why it could not be read.
        last: String,
        hint: &'static str,
    },

    /// The machine's BMC does not answer, so no order is sent to it either.
    #[error(
        "the BMC of machine '{machine}' does not answer, so its power is unknown and was left alone"
    )]
    PowerUnknown { machine: String },

    /// A boot over the network without a boot file: the server names none while netboot is off.
    #[error("a PXE reboot of machine '{machine}' finds nothing to boot, since its netboot is off")]
    NetbootOff { machine: String },
}

impl TaskError {
    /// What the user can do about it, as a sentence of its own.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            TaskError::Api(error) => error.hint().map(str::to_owned),
            TaskError::Provision { source, .. } | TaskError::Unverified { source, .. } => {
                source.hint().map(str::to_owned)
            }
            TaskError::Ambiguous { .. } => Some("Give the id instead.".into()),
            TaskError::NotAssigned { .. } => Some(
                "Have the machine assigned to this user, or act all the same with the option O(allow_unassigned).".into(),
            ),
            TaskError::NotFree { waited: None, .. } => {
                Some("Wait until enough are free with the option O(wait).".into())
            }
            TaskError::NotStored { .. } => Some(
                "That is a fault of the server. With an administrator's token the machine is assigned instead (name that \
                 user with the option O(user) if they own no image, machine or preseed); otherwise have an administrator \
                 assign it."
                    .into(),
            ),
            TaskError::NotGivenBack { .. } => Some("Release them when the server answers again.".into()),
            TaskError::AddressTaken { .. } => {
                Some("The option O(ipv4) also takes auto, the lowest address of the pool that is free at the time.".into())
            }
            TaskError::InUse { .. } => Some("Point these machines at something else first.".into()),
            TaskError::InstallFailed { .. } => Some(
                "The installer's own log on the machine's console tells why. Netboot is still on: a reboot \
                 starts the installer again."
                    .into(),
            ),
            TaskError::WaitTimeout { hint, .. } => Some((*hint).into()),
            TaskError::PowerUnknown { .. } => Some(
                "Check that the BMC answers, and that its address, user, password and cartridge on the server are right.".into(),
            ),
            TaskError::NetbootOff { .. } => Some(
                "Switch its netboot on first, or reboot it all the same with the option O(force).".into(),
            ),
            _ => None,
        }
    }

    /// The object that the sentence begins with, for sentences that do.
    pub(crate) fn object(&self) -> Option<String> {
        match self {
            TaskError::NotAssigned { machine, .. } | TaskError::InstallFailed { machine, .. } => {
                Some(format!("machine '{machine}'"))
            }
            TaskError::Ambiguous { what, name, .. } => Some(format!("{what} {name}")),
            TaskError::AddressTaken {
                interface: object, ..
            }
            | TaskError::NotYours { object, .. }
            | TaskError::InUse { object, .. }
            | TaskError::ReadBack { object, .. }
            | TaskError::Unverified { object, .. }
            | TaskError::Impossible { object, .. }
            | TaskError::WaitTimeout { object, .. } => Some(object.clone()),
            _ => None,
        }
    }

    /// Whether the step that failed may have taken effect: its answer was lost, or the read after it failed.
    pub(crate) fn may_have_changed(&self) -> bool {
        match self {
            TaskError::Api(error) => error.may_have_taken_effect(),
            TaskError::Provision {
                source, aftermath, ..
            } => !aftermath.is_empty() || source.may_have_taken_effect(),
            TaskError::ReadBack { .. }
            | TaskError::Unverified { .. }
            | TaskError::NotGivenBack { .. } => true,
            _ => false,
        }
    }

    /// Whether every other task would fail in the same way.
    pub(crate) fn concerns_all(&self) -> bool {
        matches!(self, TaskError::Api(error) if error.concerns_all())
    }

    /// The server's raw answer, which only a high verbosity shows.
    pub(crate) fn server_response(&self) -> Option<&str> {
        match self {
            TaskError::Api(error) | TaskError::Provision { source: error, .. } => {
                error.server_response()
            }
            _ => None,
        }
    }
}

fn similar_text(near: &[String]) -> String {
    match near {
        [] => String::new(),
        names => format!(
            " (near: {})",
            names
                .iter()
                .map(|name| format!("'{name}'"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

fn holders_text(holders: &[String]) -> String {
    match holders {
        [] => "nobody holds it".into(),
        holders => format!("it is held by {}", holders.join(", ")),
    }
}

fn colon_list(entries: &[String]) -> String {
    match entries {
        [] => String::new(),
        entries => format!(": {}", entries.join(", ")),
    }
}

fn deadline_text(waited: Option<Duration>) -> String {
    waited.map_or_else(String::new, |time| {
        format!(" within {} s", time.as_secs_f64())
    })
}

fn aftermath_text(aftermath: &str) -> String {
    if aftermath.is_empty() {
        String::new()
    } else {
        format!("; {aftermath}")
    }
}

/// A measured time, rounded.
fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        whole if whole >= 10.0 => format!("{whole:.0} s"),
        short => format!("{short:.1} s"),
    }
}
