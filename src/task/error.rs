//! Errors of tasks: why one cannot be planned or did not succeed, as one sentence with a separate hint.
//!
//! Sentences and hints name options in markup, such as `O(force)`, and each face renders them.

use std::time::Duration;

use crate::client;
use crate::client::TrustRemedy;

/// The result of everything that a task does.
pub(crate) type Result<T, E = TaskError> = std::result::Result<T, E>;

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

    /// Not all of several machines could be reserved, and one that was could not be released again.
    #[error("{source}; {} could not be given back", machines.join(", "))]
    NotGivenBack {
        /// Why not all could be reserved.
        source: Box<TaskError>,
        /// `machine 'qdc01'` for each that is still held.
        machines: Vec<String>,
    },

    #[error("{object} is in use and was not deleted: {}", uses.join(", "))]
    InUse {
        object: String,
        /// `kernel of qdc01` for each use.
        uses: Vec<String>,
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

    /// The server refused a write, and the object was read afterwards.
    #[error("{source}{}", kept_text(*was_kept, left))]
    WriteRefused {
        source: client::Error,
        /// Whether the server had kept some of it all the same.
        was_kept: bool,
        /// The fields that it still has although they were put back.
        left: Vec<String>,
    },

    /// The options ask for something impossible, or for something that the server would not do.
    #[error("{0}")]
    Refused(String),

    /// A refusal or a failure about an object, with which its sentence begins where it is given.
    #[error("{}{problem}", object.as_ref().map_or_else(String::new, |object| format!("{object} ")))]
    Failed {
        object: Option<String>,
        problem: String,
        hint: Option<&'static str>,
    },

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

    /// What a machine booted before a boot once is not there again.
    #[error(
        "what machine '{machine}' booted before could not be put back: {source}; {file} has it"
    )]
    NotPutBack {
        machine: String,
        /// `file '/home/alice/...'`
        file: String,
        source: Box<TaskError>,
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
}

const YAML_HINT: &str = "It was given as a number or a boolean, and in YAML, quotes keep what is written, such as '0815'.";

impl TaskError {
    /// The failure of an object, `machine 'qdc01'`: a sentence that begins with it.
    pub(crate) fn failed(object: impl Into<String>, problem: impl Into<String>) -> TaskError {
        TaskError::Failed {
            object: Some(object.into()),
            problem: problem.into(),
            hint: None,
        }
    }

    /// A failure with a hint of its own.
    pub(crate) fn with_hint(problem: impl Into<String>, hint: &'static str) -> TaskError {
        TaskError::Failed {
            object: None,
            problem: problem.into(),
            hint: Some(hint),
        }
    }

    /// The same error without a guess at a name that is one of these: YAML made it, so what was written is not known.
    pub(crate) fn without_guess_at(self, names: &[String]) -> TaskError {
        match self {
            TaskError::NotFound { what, name, .. }
                if names.iter().any(|made| name == format!("'{made}'")) =>
            {
                TaskError::with_hint(format!("there is no {what} {name}"), YAML_HINT)
            }
            other => other,
        }
    }

    /// The object that the sentence begins with, for sentences that do.
    pub(crate) fn object(&self) -> Option<String> {
        match self {
            TaskError::Ambiguous { what, name, .. } => Some(format!("{what} {name}")),
            TaskError::Failed { object, .. } => object.clone(),
            TaskError::InUse { object, .. }
            | TaskError::ReadBack { object, .. }
            | TaskError::Unverified { object, .. }
            | TaskError::WaitTimeout { object, .. } => Some(object.clone()),
            _ => None,
        }
    }

    /// What the user can do about it, as a sentence of its own.
    pub(crate) fn hint(&self) -> Option<&str> {
        Some(match self {
            TaskError::Api(source)
            | TaskError::Provision { source, .. }
            | TaskError::WriteRefused { source, .. }
            | TaskError::Unverified { source, .. } => {
                return source.trust_remedy().map_or(source.hint(), trust_hint);
            }
            TaskError::Ambiguous { .. } => "Give the id instead.",
            TaskError::NotFree { waited: None, .. } => {
                "Wait until enough are free with the option O(wait)."
            }
            TaskError::NotGivenBack { .. } => "Release them when the server answers again.",
            TaskError::NotPutBack { .. } => {
                "The next run for the machine on this computer tries again, before it does anything else. To leave the machine as it is, \
                 delete the file."
            }
            TaskError::InUse { .. } => "Point these machines at something else first.",
            TaskError::WaitTimeout { hint, .. } => hint,
            TaskError::Failed { hint, .. } => return *hint,
            _ => return None,
        })
    }

    /// Whether the step that failed may have taken effect: its answer was lost, or the read after it failed.
    pub(crate) fn may_have_changed(&self) -> bool {
        match self {
            TaskError::Api(error) => error.may_have_taken_effect(),
            TaskError::Provision {
                source, aftermath, ..
            } => !aftermath.is_empty() || source.may_have_taken_effect(),
            TaskError::WriteRefused { left, .. } => !left.is_empty(),
            TaskError::NotPutBack { source, .. } => source.may_have_changed(),
            TaskError::ReadBack { .. }
            | TaskError::Unverified { .. }
            | TaskError::NotGivenBack { .. } => true,
            _ => false,
        }
    }

    /// Whether the server refused a write for lack of a permission, and had kept nothing of it.
    pub(crate) fn is_forbidden(&self) -> bool {
        match self {
            TaskError::WriteRefused {
                source,
                was_kept: false,
                ..
            } => source.is_forbidden(),
            TaskError::Api(source) => source.is_forbidden(),
            _ => false,
        }
    }

    /// Whether every other task would fail in the same way.
    pub(crate) fn concerns_all(&self) -> bool {
        match self {
            TaskError::Api(source)
            | TaskError::Provision { source, .. }
            | TaskError::WriteRefused { source, .. }
            | TaskError::Unverified { source, .. } => source.concerns_all(),
            TaskError::NotGivenBack { source, .. } | TaskError::NotPutBack { source, .. } => {
                source.concerns_all()
            }
            _ => false,
        }
    }

    /// The server's raw answer, which only a high verbosity shows.
    pub(crate) fn server_response(&self) -> Option<&str> {
        match self {
            TaskError::Api(error)
            | TaskError::Provision { source: error, .. }
            | TaskError::WriteRefused { source: error, .. } => error.server_response(),
            TaskError::NotPutBack { source, .. } => source.server_response(),
            _ => None,
        }
    }
}

/// The option that helps where the two sides of a TLS connection do not accept each other.
fn trust_hint(remedy: TrustRemedy) -> Option<&'static str> {
    Some(match remedy {
        TrustRemedy::Authority => {
            "Name the authority that signed the server's certificate, or that certificate itself, with O(ca_path)."
        }
        TrustRemedy::ClientCertificate => {
            "Give a client certificate that the server accepts with O(client_cert) and O(client_key)."
        }
        TrustRemedy::HostName => "Give O(mrp_url) with a name that the certificate has.",
        TrustRemedy::Clock => "Set the clock of this machine.",
        TrustRemedy::PlainHttp => "If the server has no TLS, O(mrp_url) begins with http://.",
        TrustRemedy::Https => "If the server has TLS, O(mrp_url) begins with https://.",
    })
}

fn similar_text(near: &[String]) -> String {
    match near {
        [] => String::new(),
        names => format!(" (near: '{}')", names.join("', '")),
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

fn kept_text(was_kept: bool, left: &[String]) -> String {
    match left {
        [] if was_kept => "; what the server had kept of it was put back".into(),
        [] => String::new(),
        left => format!(
            "; the server kept {} all the same, which could not be put back",
            left.join(", ")
        ),
    }
}

fn aftermath_text(aftermath: &str) -> String {
    match aftermath {
        "" => String::new(),
        aftermath => format!("; {aftermath}"),
    }
}
