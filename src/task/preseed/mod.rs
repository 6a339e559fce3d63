//! A preseed with given content, or none.
//!
//! A preseed is identified by its name, which is unique over all users, also over those whose preseeds are not visible
//! to the token's user. Preseeds are compared by content: the server stores no date.

mod apply;
mod plan;
pub(crate) mod rendering;
pub(crate) mod text;
pub(crate) mod warnings;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::{
    Client, NewPreseed, Preseed, PreseedChanges, PreseedId, PreseedType, ReadOnlyClient, Scope,
    Sha256,
};
use crate::task::ownership::{self, Ownership};
use crate::task::preseed::text::PreseedContent;
use crate::task::verify::Change;
use crate::task::{Plan, PlanResult, Result, StepResult, Task, TaskError, lookup, verify};

#[derive(Clone, Debug)]
pub(crate) struct PreseedSpec {
    pub name: String,
    pub presence: PreseedPresence,
}

#[derive(Clone, Debug)]
pub(crate) enum PreseedPresence {
    Present(DesiredPreseed),
    Absent,
}

/// The desired properties of a preseed; None leaves one as it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct DesiredPreseed {
    /// A new preseed without a type is of type preseed.
    pub kind: Option<PreseedType>,
    /// Its content; without it, the preseed must exist already.
    pub content: Option<PreseedContent>,
    pub validation: Validation,
    /// An empty one clears it.
    pub description: Option<String>,
    pub public: Option<bool>,
    pub known_good: Option<bool>,
}

/// What to do about a content that is odd, or that the server could not render.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Validation {
    #[default]
    Warn,
    /// Fail, and upload nothing.
    Strict,
    No,
}

#[derive(Debug)]
pub(crate) enum PreseedOp {
    Create(NewPreseed),
    Update {
        id: PreseedId,
        change: Change<PreseedChanges>,
        /// What to create where another run deletes the preseed first; None without a content.
        instead: Option<NewPreseed>,
    },
    Delete(Preseed),
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct PreseedReport {
    pub preseed: Option<PreseedFacts>,
}

type PreseedPlan = Plan<PreseedOp, PreseedReport>;

/// A preseed without its content, which may contain passwords.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PreseedFacts {
    /// Null while the preseed is only planned.
    pub id: Option<PreseedId>,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: PreseedType,
    pub description: Option<String>,
    /// The owner; null while only planned.
    pub user: Option<String>,
    pub known_good: bool,
    pub public: bool,
    /// Of the content in UTF-8, hex digits.
    pub sha256: String,
    /// Of the content in UTF-8, in bytes.
    pub size: u64,
}

impl Task for PreseedSpec {
    type Op = PreseedOp;
    type Report = PreseedReport;

    fn require_valid_options(&self) -> Result<()> {
        let length = self.name.chars().count();
        if !(2..=256).contains(&length) {
            let unit = if length == 1 {
                "character"
            } else {
                "characters"
            };
            return Err(TaskError::Refused(format!(
                "O(name) is {length} {unit} long, and the server takes 2 to 256"
            )));
        }
        match &self.presence {
            PreseedPresence::Present(desired) => {
                verify::require_length("O(description)", desired.description.as_deref(), 256)
            }
            PreseedPresence::Absent => Ok(()),
        }
    }

    fn plan(&self, client: &ReadOnlyClient) -> PlanResult<Self> {
        match &self.presence {
            PreseedPresence::Present(desired) => self.plan_present(client, desired),
            PreseedPresence::Absent => self.plan_absent(client),
        }
    }

    fn apply_step(client: &Client, op: &mut PreseedOp, report: &mut PreseedReport) -> StepResult {
        match op {
            PreseedOp::Create(new) => apply::create(client, new, report),
            PreseedOp::Update {
                id,
                change,
                instead,
            } => apply::update(client, *id, change, instead.as_ref(), report),
            PreseedOp::Delete(preseed) => apply::delete(client, preseed),
        }
    }

    fn title(&self) -> String {
        preseed_title(&self.name)
    }
}

impl PreseedOp {
    fn sends_content(&self) -> bool {
        match self {
            PreseedOp::Create(_) => true,
            PreseedOp::Update { change, .. } => change.to.content.is_some(),
            PreseedOp::Delete(_) => false,
        }
    }
}

impl Validation {
    /// What is odd about a text: the server takes any, and renders it only for a machine.
    fn check(self, source: &PreseedContent, text: &str) -> Result<Vec<String>> {
        if self == Validation::No {
            return Ok(Vec::new());
        }
        let found = source.warnings(text);
        match self {
            Validation::Strict if !found.is_empty() => Err(TaskError::with_hint(
                found.join("; "),
                "It was not uploaded, since O(validate=strict) asks for that.",
            )),
            _ => Ok(found),
        }
    }
}

impl PreseedReport {
    fn from_preseed(preseed: &Preseed) -> Self {
        PreseedReport {
            preseed: Some(PreseedFacts::from_preseed(preseed)),
        }
    }
}

impl PreseedFacts {
    pub(super) fn from_preseed(preseed: &Preseed) -> Self {
        let content = preseed.content_identity();
        PreseedFacts {
            id: Some(preseed.id),
            name: preseed.name.clone(),
            kind: preseed.kind.clone(),
            description: preseed.description.clone(),
            user: preseed.user.clone(),
            known_good: preseed.known_good,
            public: preseed.public,
            sha256: content.sha256,
            size: content.size,
        }
    }

    fn planned(new: &NewPreseed) -> Self {
        PreseedFacts {
            id: None,
            name: new.name.clone(),
            kind: new.kind.clone(),
            description: new.description.clone(),
            user: None,
            known_good: new.known_good,
            public: new.public,
            sha256: sha256_of(&new.content),
            size: new.content.len() as u64,
        }
    }
}

/// Whose a preseed is that was just listed; an error if it is another user's and the token is not seen to be an
/// administrator's.
fn ownership_of(client: &ReadOnlyClient, preseed: &Preseed, change: &str) -> Result<Ownership> {
    let own = client.preseeds().list(Scope::Own)?;
    if own.iter().any(|other| other.id == preseed.id) {
        return Ok(Ownership::Own);
    }
    let again = client.without_response_cache();
    if let Err(error) = again.preseeds().get(preseed.id)
        && error.is_not_found()
    {
        return Ok(Ownership::Gone);
    }
    let user = preseed.user.as_deref();
    match ownership::is_administrator(client)? {
        true => Ok(Ownership::foreign(user)),
        false => Err(ownership::not_yours(
            preseed_title(&preseed.name),
            user,
            change,
        )),
    }
}

/// Refuses to delete a preseed that machines use.
fn require_unused(client: &ReadOnlyClient, preseed: &Preseed) -> Result<()> {
    let machines = client.machines().list(Scope::Visible)?;
    let users = machines
        .iter()
        .filter(|machine| machine.preseed_id == Some(preseed.id));
    let uses = users.map(|machine| format!("preseed of {}", machine.name));
    lookup::require_unused(&preseed_title(&preseed.name), uses.collect())
}

/// The fields with the hash and size of the content in its place: it may contain passwords, and it is long.
fn without_content(mut fields: Value) -> Value {
    if let Value::Object(fields) = &mut fields
        && let Some(content) = fields.remove("content")
    {
        let text = content.as_str().unwrap_or("");
        fields.insert("sha256".into(), json!(sha256_of(text)));
        fields.insert("size".into(), json!(text.len()));
    }
    fields
}

fn sha256_of(text: &str) -> String {
    Sha256::hash(text.as_bytes()).to_string()
}

fn preseed_title(name: &str) -> String {
    format!("preseed '{name}'")
}
