//! A preseed with given content, or none.
//!
//! A preseed is identified by its name, which is unique over all users, also over those whose preseeds are not visible
//! to the token's user. Preseeds are compared by content: the server stores no date.

mod apply;
mod plan;

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use crate::client::{
    Client, NewPreseed, Preseed, PreseedChanges, PreseedId, PreseedType, ReadOnlyClient, Scope,
    Sha256,
};
use crate::task::{PlanResult, StepResult, Task, TaskError, lookup, verify};

/// The desired preseed.
#[derive(Clone, Debug)]
pub(crate) struct PreseedSpec {
    pub name: String,
    pub presence: PreseedPresence,
}

/// Whether the preseed is to exist.
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
    /// An empty one clears it.
    pub description: Option<String>,
    pub public: Option<bool>,
    pub known_good: Option<bool>,
}

/// The source of a preseed's content.
#[derive(Clone, Debug)]
pub(crate) enum PreseedContent {
    Text(String),
    /// A file, which must be UTF-8.
    File(PathBuf),
}

/// One operation on the server's preseeds.
#[derive(Debug)]
pub(crate) enum PreseedOp {
    Create(NewPreseed),
    Update(PreseedId, PreseedChanges),
    Delete(Preseed),
}

/// The preseed.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PreseedReport {
    pub preseed: Option<PreseedFacts>,
}

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

    fn require_valid_options(&self) -> Result<(), TaskError> {
        let length = self.name.chars().count();
        if !(2..=256).contains(&length) {
            return Err(TaskError::Refused(format!(
                "O(name) is {length} characters long, and the server takes 2 to 256"
            )));
        }
        match &self.presence {
            PreseedPresence::Present(desired) => {
                let description = desired.description.as_deref().unwrap_or("");
                verify::require_length("O(description)", description, 256)
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

    fn apply_step(
        client: &Client,
        op: PreseedOp,
        report: &mut PreseedReport,
    ) -> StepResult<PreseedOp> {
        match op {
            PreseedOp::Create(new) => apply::create(client, &new, report),
            PreseedOp::Update(id, changes) => apply::update(client, id, &changes, report),
            PreseedOp::Delete(preseed) => apply::delete(client, &preseed),
        }
    }

    fn title(&self) -> String {
        preseed_title(&self.name)
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
        let text = preseed.content.as_deref().unwrap_or("");
        PreseedFacts {
            id: Some(preseed.id),
            name: preseed.name.clone(),
            kind: preseed.kind.clone(),
            description: preseed.description.clone(),
            user: preseed.user.clone(),
            known_good: preseed.known_good,
            public: preseed.public,
            sha256: sha256_of(text),
            size: text.len() as u64,
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

/// Refuses to delete a preseed that machines use.
fn require_preseed_unused(client: &ReadOnlyClient, preseed: &Preseed) -> Result<(), TaskError> {
    let machines = client.machines().list(Scope::Visible)?;
    let users = machines
        .iter()
        .filter(|machine| machine.preseed_id == Some(preseed.id));
    let uses = users
        .map(|machine| format!("preseed of {}", machine.name))
        .collect();
    lookup::require_unused(preseed_title(&preseed.name), uses)
}

/// A preseed, for messages.
fn preseed_title(name: &str) -> String {
    format!("preseed '{name}'")
}
