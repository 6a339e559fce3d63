//! Why a task cannot be planned or did not succeed, each as one sentence with a separate hint.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::client;

/// What stops a task. The text is one sentence; [`TaskError::hint`] says what helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// The client could not ask or tell the server.
    #[error(transparent)]
    Api(#[from] client::Error),

    /// A name or an id that must exist does not, or is not visible to the token's user.
    #[error("there is no {what} {name}{}", near_names(near))]
    NotFound {
        /// The kind of object: `machine`, `visible Kernel image for arm64`.
        what: String,
        /// The name as it was given, quoted.
        name: String,
        /// Names that do exist and look alike.
        near: Vec<String>,
    },

    /// A name means several: images of others with that description, interfaces with that identifier.
    #[error("{what} {name} is ambiguous: {}", candidates.join("; "))]
    Ambiguous {
        /// The kind of object.
        what: String,
        /// The name as it was given, quoted.
        name: String,
        /// What tells them apart: the id of each, its owner and date, or its MAC.
        candidates: Vec<String>,
    },

    /// The machine is not assigned to the token's user. The server itself would let boot parameters be changed.
    #[error(
        "machine '{machine}' is not assigned to this token's user; {}",
        holders_text(holders)
    )]
    NotAssigned {
        /// The machine's name.
        machine: String,
        /// Who holds it, with the reason where one was given.
        holders: Vec<String>,
    },

    /// Machines are held by others, or there are too few of them.
    #[error("{problem}{}{}", within(*waited), colon_list(holders))]
    NotFree {
        /// `machine 'qdc01' is not free`.
        problem: String,
        /// How long was waited for it.
        waited: Option<Duration>,
        /// Who holds what.
        holders: Vec<String>,
    },

    /// The server confirmed a reservation, and nobody holds the machine afterwards.
    #[error(
        "the server confirmed the reservation of machine '{machine}' and did not store it: the machine is assigned to nobody"
    )]
    NotStored {
        /// The machine's name.
        machine: String,
    },

    /// Of several machines not all could be had, and one that was had could not be given back.
    #[error("{source}; {} could not be given back", machines.join(", "))]
    NotGivenBack {
        /// Why not all could be had.
        source: Box<TaskError>,
        /// `machine 'qdc01'` for each that is still held.
        machines: Vec<String>,
    },

    /// The object belongs to another user, so the change must be made by its owner.
    #[error("{object} belongs to {owner}, so {wish} is not possible with this token")]
    NotYours {
        /// What it is, by name and id.
        object: String,
        /// Its owner's user name.
        owner: String,
        /// What was asked for.
        wish: String,
    },

    /// An image or preseed to be deleted is what machines boot.
    #[error("{object} is in use and was not deleted: {}", uses.join(", "))]
    InUse {
        /// What it is, by name and id.
        object: String,
        /// `kernel of qdc01` for each use.
        uses: Vec<String>,
    },

    /// The address belongs to another interface, or all that were free went to others meanwhile.
    #[error("{interface} cannot have {address}: {holder}")]
    AddressTaken {
        /// Which interface of which machine.
        interface: String,
        /// The address.
        address: Ipv4Addr,
        /// Who has it.
        holder: String,
    },

    /// The server took a request and has something else than what was sent.
    #[error("{object} was written, but the server has {found} where {expected} was sent")]
    ReadBack {
        /// What was written.
        object: String,
        /// The fields as sent.
        expected: String,
        /// The same fields as read afterwards.
        found: String,
    },

    /// The server took a request, and then could not be asked what it has.
    #[error("{object} was written, but could not be read back: {source}")]
    Unverified {
        /// What was written.
        object: String,
        /// Why it could not be read.
        source: client::Error,
    },

    /// The options ask for something that cannot be.
    #[error("{0}")]
    Refused(String),

    /// A local file could not be used.
    #[error("{path}: {problem}")]
    File {
        /// The file as it was named.
        path: String,
        /// What is wrong with it.
        problem: String,
    },

    /// The server did not provision the machine, or its BMC failed.
    #[error(
        "provisioning machine '{machine}' failed: {source}{}",
        aftermath_text(aftermath)
    )]
    Provision {
        /// The machine's name.
        machine: String,
        /// What the server said.
        source: client::Error,
        /// What had to be put right on the server afterwards; empty where nothing had.
        aftermath: String,
    },

    /// The machine reported `error` instead of `ready`.
    #[error("machine '{machine}' reported the state error after {}", seconds(*waited))]
    InstallFailed {
        /// The machine's name.
        machine: String,
        /// The time from the start of the wait.
        waited: Duration,
    },

    /// Another task of the list failed, and for this reason none goes on then.
    #[error("not carried on, because {0}")]
    Abandoned(&'static str),

    /// What was waited for did not come in time.
    #[error("{unmet} within {} s; the last state seen was {last}", waited.as_secs_f64())]
    WaitTimeout {
        /// `machine 'qdc01' was not ready`.
        unmet: String,
        /// The deadline that passed.
        waited: Duration,
        /// The state at the last look, or why it could not be seen.
        last: String,
        /// What the user can do about it.
        hint: &'static str,
    },

    /// The machine's BMC does not tell its power, so it is not asked to change it either.
    #[error(
        "the BMC of machine '{machine}' does not answer, so its power is unknown and was left alone"
    )]
    PowerUnknown {
        /// The machine's name.
        machine: String,
    },

    /// A boot over the network that could only fail.
    #[error("a PXE reboot of machine '{machine}' finds nothing to boot, since its netboot is off")]
    NetbootOff {
        /// The machine's name.
        machine: String,
    },
}

impl TaskError {
    /// What the user can do about it, as a sentence of its own.
    pub fn hint(&self) -> Option<String> {
        match self {
            TaskError::Api(error) => error.hint().map(str::to_owned),
            TaskError::Provision { source, .. } | TaskError::Unverified { source, .. } => {
                source.hint().map(str::to_owned)
            }
            TaskError::Ambiguous { .. } => Some("Give the id instead.".into()),
            TaskError::NotAssigned { .. } => Some(
                "Have the machine assigned to this user, or act all the same with the option allow_unassigned.".into(),
            ),
            TaskError::NotFree { waited: None, .. } => {
                Some("Wait until enough are free with the option wait.".into())
            }
            TaskError::NotStored { .. } => Some(
                "That is a fault of the server. With an administrator's token the machine is assigned instead (name that \
                 user with the option user if they own no image, machine or preseed); otherwise have an administrator \
                 assign it."
                    .into(),
            ),
            TaskError::NotGivenBack { .. } => Some("Release them when the server answers again.".into()),
            TaskError::AddressTaken { .. } => {
                Some("The option ipv4 also takes auto, the lowest address of the pool that is free at the time.".into())
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
                "Switch its netboot on first, or reboot it all the same with the option force.".into(),
            ),
            _ => None,
        }
    }

    /// Whether the step that failed may have taken effect: its answer was lost, or the look after it failed.
    pub fn may_have_changed(&self) -> bool {
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

    /// Whether every other task would fail as this one did.
    pub fn concerns_all(&self) -> bool {
        matches!(self, TaskError::Api(error) if error.concerns_all())
    }

    /// The server's raw answer behind the error, for those who ask for every detail.
    pub fn server_response(&self) -> Option<&str> {
        match self {
            TaskError::Api(error) | TaskError::Provision { source: error, .. } => {
                error.server_response()
            }
            _ => None,
        }
    }
}

fn near_names(near: &[String]) -> String {
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

fn within(waited: Option<Duration>) -> String {
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

/// A time that was measured, whose thousandths nobody wants to read.
fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        whole if whole >= 10.0 => format!("{whole:.0} s"),
        short => format!("{short:.1} s"),
    }
}
