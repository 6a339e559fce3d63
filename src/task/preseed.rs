//! A preseed with a given text, or none.
//!
//! Preseeds are told apart by name, which is unique over all users, also over those whose preseeds the
//! token may not see. They compare by content: the server keeps no date.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::plan::{Action, Effect, Plan, Step, Task, TextChange};
use super::{TaskError, check, lookup};
use crate::api::{
    NewPreseed, Preseed, PreseedChanges, PreseedId, PreseedType, Reader, Scope, Writer,
};

/// The longest text the server stores, in characters.
const CONTENT_LIMIT: usize = 2_097_152;

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

    fn plan(&self, reader: &Reader) -> Result<Plan<PreseedOp, PreseedReport>, TaskError> {
        self.require_valid_name()?;
        match &self.presence {
            Presence::Present(wanted) => self.plan_present(reader, wanted),
            Presence::Absent => self.plan_absent(reader),
        }
    }

    fn perform(
        writer: &Writer,
        op: PreseedOp,
        report: &mut PreseedReport,
    ) -> Result<Effect, TaskError> {
        match op {
            PreseedOp::Create(new) => create(writer, &new, report),
            PreseedOp::Update(id, changes) => update(writer, id, &changes, report),
            PreseedOp::Delete(preseed) => delete(writer, &preseed),
        }
    }
}

impl PreseedSpec {
    fn plan_present(
        &self,
        reader: &Reader,
        wanted: &Wanted,
    ) -> Result<Plan<PreseedOp, PreseedReport>, TaskError> {
        let content = wanted.content.as_ref().map(Content::read).transpose()?;
        check::at_most("description", wanted.description.as_deref().unwrap_or(""), 256)?;
        match (reader.preseeds().find(&self.name)?, content) {
            (Some(preseed), content) => self.plan_update(reader, preseed, wanted, content),
            (None, Some(content)) => Ok(self.plan_create(wanted, content)),
            (None, None) => Err(lookup::no_such_preseed(reader, &self.name)?),
        }
    }

    fn plan_create(&self, wanted: &Wanted, content: String) -> Plan<PreseedOp, PreseedReport> {
        let new = NewPreseed {
            name: self.name.clone(),
            kind: wanted.kind.clone().unwrap_or(PreseedType::Preseed),
            content,
            description: wanted.description.clone(),
            known_good: wanted.known_good.unwrap_or(false),
            public: wanted.public.unwrap_or(false),
        };
        let facts = PreseedFacts::planned(&new);
        let step = Step {
            action: Action::Create,
            target: self.title(),
            why: "there is no preseed of that name".into(),
            before: Value::Null,
            after: without_text(json!(new), Some(&new.content)),
            text: Some(TextChange { before: String::new(), after: new.content.clone() }),
        };
        let mut plan = Plan::nothing(PreseedReport { preseed: Some(facts) });
        plan.push(PreseedOp::Create(new), step);
        plan
    }

    fn plan_update(
        &self,
        reader: &Reader,
        preseed: Preseed,
        wanted: &Wanted,
        content: Option<String>,
    ) -> Result<Plan<PreseedOp, PreseedReport>, TaskError> {
        let changes = wanted.differences(&preseed, content);
        let after = check::fields_sent(json!(changes));
        let mut plan = Plan::nothing(PreseedReport::of(&preseed));
        if after.is_empty() {
            return Ok(plan);
        }
        require_own(reader, &preseed, "changing it")?;
        let before = check::same_fields(json!(preseed), &after);
        let text = changes.content.clone().map(|after| TextChange {
            before: preseed.content.clone().unwrap_or_default(),
            after,
        });
        let step = Step {
            action: Action::Update,
            target: self.title(),
            why: format!("{} differ", check::names_of(&after)),
            before: without_text(Value::Object(before), preseed.content.as_deref()),
            after: without_text(Value::Object(after), changes.content.as_deref()),
            text,
        };
        plan.report = PreseedReport::of(&changed(preseed.clone(), &changes));
        plan.push(PreseedOp::Update(preseed.id, changes), step);
        Ok(plan)
    }

    fn plan_absent(&self, reader: &Reader) -> Result<Plan<PreseedOp, PreseedReport>, TaskError> {
        let mut plan = Plan::nothing(PreseedReport::default());
        let Some(preseed) = reader.preseeds().find(&self.name)? else { return Ok(plan) };
        require_own(reader, &preseed, "deleting it")?;
        require_unused(reader, &preseed)?;
        let step = Step {
            action: Action::Delete,
            target: self.title(),
            why: "it shall be absent".into(),
            before: without_text(json!(preseed), preseed.content.as_deref()),
            after: Value::Null,
            text: Some(TextChange {
                before: preseed.content.clone().unwrap_or_default(),
                after: String::new(),
            }),
        };
        plan.push(PreseedOp::Delete(preseed), step);
        Ok(plan)
    }

    fn require_valid_name(&self) -> Result<(), TaskError> {
        match self.name.chars().count() {
            2..=256 => Ok(()),
            length => Err(TaskError::Refused(format!(
                "name is {length} characters long, and the server takes 2 to 256"
            ))),
        }
    }

    fn title(&self) -> String {
        format!("preseed '{}'", self.name)
    }
}

impl Wanted {
    /// What was asked for and is otherwise.
    fn differences(&self, preseed: &Preseed, content: Option<String>) -> PreseedChanges {
        PreseedChanges {
            kind: self.kind.clone().filter(|kind| *kind != preseed.kind),
            content: content.filter(|text| Some(text) != preseed.content.as_ref()),
            description: self
                .description
                .clone()
                .filter(|text| text != preseed.description.as_deref().unwrap_or("")),
            known_good: self.known_good.filter(|wanted| *wanted != preseed.known_good),
            public: self.public.filter(|wanted| *wanted != preseed.public),
        }
    }
}

impl Content {
    fn read(&self) -> Result<String, TaskError> {
        let (origin, text) = match self {
            Content::Text(text) => ("content".to_owned(), text.clone()),
            Content::File(path) => (path.display().to_string(), read_file(path)?),
        };
        if text.contains('\0') {
            return Err(TaskError::Refused(format!(
                "{origin} has a NUL character, which the server cannot store"
            )));
        }
        check::at_most(&origin, &text, CONTENT_LIMIT)?;
        Ok(text)
    }
}

impl PreseedReport {
    fn of(preseed: &Preseed) -> Self {
        PreseedReport { preseed: Some(PreseedFacts::of(preseed)) }
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

fn create(
    writer: &Writer,
    new: &NewPreseed,
    report: &mut PreseedReport,
) -> Result<Effect, TaskError> {
    let created = writer.preseeds().create(new)?;
    look_again(writer, created.id, check::fields_sent(json!(new)), report)
}

fn update(
    writer: &Writer,
    id: PreseedId,
    changes: &PreseedChanges,
    report: &mut PreseedReport,
) -> Result<Effect, TaskError> {
    writer.preseeds().update(id, changes)?;
    look_again(writer, id, check::fields_sent(json!(changes)), report)
}

fn look_again(
    writer: &Writer,
    id: PreseedId,
    sent: Map<String, Value>,
    report: &mut PreseedReport,
) -> Result<Effect, TaskError> {
    let found = writer.preseeds().get(id)?;
    let short = |fields, text| check::fields_sent(without_text(Value::Object(fields), text));
    let seen = check::same_fields(json!(found), &sent);
    let sent_text = sent.get("content").and_then(Value::as_str).map(str::to_owned);
    check::read_back(
        &format!("preseed '{}'", found.name),
        &short(sent, sent_text.as_deref()),
        &short(seen, found.content.as_deref()),
    )?;
    *report = PreseedReport::of(&found);
    Ok(Effect::Done)
}

fn delete(writer: &Writer, preseed: &Preseed) -> Result<Effect, TaskError> {
    match writer.preseeds().delete(preseed.id) {
        Err(error) if error.is_conflict() => {
            require_unused(writer.reader(), preseed)?;
            return Err(error.into());
        }
        answer => answer?,
    }
    match writer.preseeds().find(&preseed.name)? {
        Some(found) if found.id == preseed.id => Err(TaskError::ReadBack {
            object: format!("preseed '{}'", preseed.name),
            expected: "its deletion".into(),
            found: "the preseed".into(),
        }),
        _ => Ok(Effect::Done),
    }
}

fn require_own(reader: &Reader, preseed: &Preseed, wish: &str) -> Result<(), TaskError> {
    let own = reader.preseeds().list(Scope::Own)?;
    if own.iter().any(|mine| mine.id == preseed.id) {
        return Ok(());
    }
    Err(TaskError::NotYours {
        object: format!("preseed '{}'", preseed.name),
        owner: lookup::owner(preseed.user.as_deref()),
        wish: wish.into(),
    })
}

fn require_unused(reader: &Reader, preseed: &Preseed) -> Result<(), TaskError> {
    let machines = reader.machines().list(Scope::Visible)?;
    let users = machines.iter().filter(|machine| machine.preseed_id == Some(preseed.id));
    match users.map(|machine| format!("preseed of {}", machine.name)).collect::<Vec<_>>() {
        uses if uses.is_empty() => Ok(()),
        uses => Err(TaskError::InUse { object: format!("preseed '{}'", preseed.name), uses }),
    }
}

fn changed(mut preseed: Preseed, changes: &PreseedChanges) -> Preseed {
    preseed.kind = changes.kind.clone().unwrap_or(preseed.kind);
    preseed.content = changes.content.clone().or(preseed.content);
    preseed.description = changes.description.clone().or(preseed.description);
    preseed.known_good = changes.known_good.unwrap_or(preseed.known_good);
    preseed.public = changes.public.unwrap_or(preseed.public);
    preseed
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

fn read_file(path: &Path) -> Result<String, TaskError> {
    let problem = |problem: String| TaskError::File { path: path.display().to_string(), problem };
    let bytes = std::fs::read(path).map_err(|error| problem(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| problem("is not UTF-8 text".into()))
}

fn sha256_of(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}
