//! A preseed with a given text, or none.
//!
//! Preseeds are told apart by name, which is unique over all users, also over those whose preseeds the
//! token may not see. They compare by content: the server keeps no date.

mod apply;
mod plan;

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use crate::client::{
    Client, NewPreseed, Preseed, PreseedChanges, PreseedId, PreseedType, ReadOnlyClient, Scope,
    Sha256,
};
use crate::task::{Plan, StepOutcome, Task, TaskError, lookup, verify};

/// The preseed that shall be.
#[derive(Clone, Debug)]
pub struct PreseedSpec {
    /// Unique over all users.
    pub name: String,
    /// Present with these properties, or absent.
    pub presence: Presence,
}

/// Whether the preseed shall be there.
#[derive(Clone, Debug)]
pub enum Presence {
    /// It shall, like this.
    Present(Wanted),
    /// It shall not.
    Absent,
}

/// What a preseed that is present shall be like; None leaves a property as it is.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// A new preseed without a type is of type preseed.
    pub kind: Option<PreseedType>,
    /// Its text; without one it must exist already.
    pub content: Option<Content>,
    /// An empty one clears it.
    pub description: Option<String>,
    /// Whether others may use it.
    pub public: Option<bool>,
    /// Whether it is marked as known to work.
    pub known_good: Option<bool>,
}

/// Where a preseed's text comes from.
#[derive(Clone, Debug)]
pub enum Content {
    /// As it was given.
    Text(String),
    /// The text of a file, which must be UTF-8.
    File(PathBuf),
}

/// One operation on the server's preseeds.
#[derive(Debug)]
pub enum PreseedOp {
    /// Create it.
    Create(NewPreseed),
    /// Change an own one.
    Update(PreseedId, PreseedChanges),
    /// Delete an own one.
    Delete(Preseed),
}

/// The preseed as it is told.
#[derive(Debug, Default, Serialize)]
pub struct PreseedReport {
    /// Null when it is absent.
    pub preseed: Option<PreseedFacts>,
}

/// A preseed without its text, which may hold passwords.
#[derive(Clone, Debug, Serialize)]
pub struct PreseedFacts {
    /// Null while the preseed is only planned.
    pub id: Option<PreseedId>,
    /// Unique over all users.
    pub name: String,
    /// preseed, kickstart or autoyast.
    #[serde(rename = "type")]
    pub kind: PreseedType,
    /// Null where there is none.
    pub description: Option<String>,
    /// The owner; null while only planned.
    pub user: Option<String>,
    /// Whether it is marked as known to work.
    pub known_good: bool,
    /// Whether others may use it.
    pub public: bool,
    /// Of the text in UTF-8, hex digits.
    pub sha256: String,
    /// Of the text in UTF-8, in bytes.
    pub size: u64,
}

impl Task for PreseedSpec {
    type Op = PreseedOp;
    type Report = PreseedReport;

    fn require_valid_options(&self) -> Result<(), TaskError> {
        let length = self.name.chars().count();
        if !(2..=256).contains(&length) {
            return Err(TaskError::Refused(format!(
                "name is {length} characters long, and the server takes 2 to 256"
            )));
        }
        match &self.presence {
            Presence::Present(wanted) => {
                let description = wanted.description.as_deref().unwrap_or("");
                verify::at_most("description", description, 256)
            }
            Presence::Absent => Ok(()),
        }
    }

    fn plan(&self, client: &ReadOnlyClient) -> Result<Plan<PreseedOp, PreseedReport>, TaskError> {
        match &self.presence {
            Presence::Present(wanted) => self.plan_present(client, wanted),
            Presence::Absent => self.plan_absent(client),
        }
    }

    fn perform(
        client: &Client,
        op: PreseedOp,
        report: &mut PreseedReport,
    ) -> Result<StepOutcome<PreseedOp>, TaskError> {
        match op {
            PreseedOp::Create(new) => apply::create(client, &new, report),
            PreseedOp::Update(id, changes) => apply::update(client, id, &changes, report),
            PreseedOp::Delete(preseed) => apply::delete(client, &preseed),
        }
    }

    fn title(&self) -> String {
        format!("preseed '{}'", self.name)
    }
}

impl PreseedReport {
    fn of(preseed: &Preseed) -> Self {
        PreseedReport {
            preseed: Some(PreseedFacts::of(preseed)),
        }
    }
}

impl PreseedFacts {
    pub(super) fn of(preseed: &Preseed) -> Self {
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

/// The text is replaced by its hash and size: it may hold passwords, and it is long.
fn without_text(mut fields: Value, text: Option<&str>) -> Value {
    if let Value::Object(fields) = &mut fields
        && fields.remove("content").is_some()
    {
        let text = text.unwrap_or("");
        fields.insert("sha256".into(), json!(sha256_of(text)));
        fields.insert("size".into(), json!(text.len()));
    }
    fields
}

fn sha256_of(text: &str) -> String {
    Sha256::of(text.as_bytes()).to_string()
}

/// Refuses to delete a preseed that machines read.
fn require_unused(client: &ReadOnlyClient, preseed: &Preseed) -> Result<(), TaskError> {
    let machines = client.machines().list(Scope::Visible)?;
    let users = machines
        .iter()
        .filter(|machine| machine.preseed_id == Some(preseed.id));
    let uses = users
        .map(|machine| format!("preseed of {}", machine.name))
        .collect();
    lookup::require_unused(format!("preseed '{}'", preseed.name), uses)
}
