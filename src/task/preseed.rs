//! A preseed with given content, or none.
//!
//! A preseed is identified by its name, which is unique over all users, also over those whose preseeds are not visible
//! to the token's user. Preseeds are compared by content: the server stores no date.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::{
    self, Client, NewPreseed, Preseed, PreseedChanges, PreseedId, PreseedType, ReadOnlyClient,
    Scope, Sha256,
};
use crate::task::ownership::{self, Ownership};
use crate::task::plan::{changed, changed_text};
use crate::task::preseed_text::PreseedContent;
use crate::task::verify::Change;
use crate::task::{
    Action, Plan, PlanResult, Result, Step, StepOutcome, StepResult, Task, TaskError, lookup,
    verify,
};

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
            PreseedOp::Create(new) => create(client, new, report),
            PreseedOp::Update {
                id,
                change,
                instead,
            } => {
                let preseeds = client.preseeds();
                let put = |fields: &_| preseeds.update(*id, fields);
                let title = format!("preseed {id}");
                match verify::write(&title, change, put, put, || preseeds.get(*id)) {
                    Err(TaskError::Api(error)) if error.is_not_found() => match instead {
                        Some(new) => create(client, new, report),
                        None => {
                            let name = report.preseed.as_ref().map_or("", |facts| &facts.name);
                            Err(lookup::deleted_before_change(&preseed_title(name)))
                        }
                    },
                    written => require_stored(&written?, json!(change.to), report),
                }
            }
            PreseedOp::Delete(preseed) => delete(client, preseed),
        }
    }

    fn title(&self) -> String {
        preseed_title(&self.name)
    }
}

impl PreseedSpec {
    fn plan_present(&self, client: &ReadOnlyClient, desired: &DesiredPreseed) -> PlanResult<Self> {
        let content = match &desired.content {
            Some(content) => Some(content.read()?),
            None => None,
        };
        let warnings = match (&desired.content, &content) {
            (Some(source), Some(text)) => desired.validation.check(source, text)?,
            _ => Vec::new(),
        };
        let mut plan = match (client.preseeds().find(&self.name)?, &content) {
            (Some(preseed), _) => self.plan_update(client, preseed, desired, content.clone())?,
            (None, Some(content)) => self.plan_create(desired, content.clone()),
            (None, None) => return Err(lookup::preseed_not_found(client, &self.name)?),
        };
        plan.warnings.extend(warnings);
        if let (Some(source), Some(text)) = (&desired.content, &content) {
            let changes_text = plan.steps.iter().any(|step| step.op.sends_content());
            let warning = source.warning_when_empty(&self.title(), text);
            plan.warnings.extend(warning.filter(|_| changes_text));
        }
        Ok(plan)
    }

    fn plan_create(&self, desired: &DesiredPreseed, content: String) -> PreseedPlan {
        let new = self.new_preseed(desired, content);
        let step = Step::new(
            Action::Create,
            self.title(),
            "there is no preseed of that name",
            Value::Null,
            without_content(json!(new)),
        );
        let step = step.with_text("", &new.content);
        let mut plan = Plan::empty(PreseedReport {
            preseed: Some(PreseedFacts::planned(&new)),
        });
        plan.push(PreseedOp::Create(new), step);
        plan
    }

    fn new_preseed(&self, desired: &DesiredPreseed, content: String) -> NewPreseed {
        NewPreseed {
            name: self.name.clone(),
            kind: desired.kind.clone().unwrap_or(PreseedType::Preseed),
            content,
            description: desired.description.clone(),
            known_good: desired.known_good.unwrap_or(false),
            public: desired.public.unwrap_or(false),
        }
    }

    fn plan_update(
        &self,
        client: &ReadOnlyClient,
        preseed: Preseed,
        desired: &DesiredPreseed,
        content: Option<String>,
    ) -> PlanResult<Self> {
        let changes = desired.differences(&preseed, content.clone());
        let mut plan = Plan::empty(PreseedReport::from_preseed(&preseed));
        let Some(mut step) = Step::update(self.title(), json!(preseed), json!(changes)) else {
            return Ok(plan);
        };
        let ownership = ownership_of(client, &preseed, "changing it")?;
        if let Ownership::Gone = ownership {
            return match content {
                Some(content) => Ok(self.plan_create(desired, content)),
                None => Err(lookup::preseed_not_found(client, &self.name)?),
            };
        }
        step.before = without_content(step.before);
        step.after = without_content(step.after);
        if let Some(text) = &changes.content {
            step = step.with_text(content_of(&preseed), text);
        }
        let id = preseed.id;
        let from = replaced_values(&preseed, &changes);
        plan.report = PreseedReport::from_preseed(&with_changes(preseed, &changes));
        let instead = content.map(|content| self.new_preseed(desired, content));
        let update = PreseedOp::Update {
            id,
            change: Change { to: changes, from },
            instead,
        };
        plan.push(update, ownership.explain(step));
        Ok(plan)
    }

    fn plan_absent(&self, client: &ReadOnlyClient) -> PlanResult<Self> {
        let mut plan = Plan::empty(PreseedReport::default());
        let Some(preseed) = client.preseeds().find(&self.name)? else {
            return Ok(plan);
        };
        let ownership = ownership_of(client, &preseed, "deleting it")?;
        if let Ownership::Gone = ownership {
            return Ok(plan);
        }
        require_unused(client, &preseed)?;
        let step = Step::delete(self.title(), without_content(json!(preseed)))
            .with_text(content_of(&preseed), "");
        plan.push(PreseedOp::Delete(preseed), ownership.explain(step));
        Ok(plan)
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

impl DesiredPreseed {
    fn differences(&self, preseed: &Preseed, content: Option<String>) -> PreseedChanges {
        PreseedChanges {
            kind: changed(&self.kind, &preseed.kind),
            content: changed_text(&content, &preseed.content),
            description: changed_text(&self.description, &preseed.description),
            known_good: changed(&self.known_good, &preseed.known_good),
            public: changed(&self.public, &preseed.public),
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

fn create(client: &Client, new: &NewPreseed, report: &mut PreseedReport) -> StepResult {
    match client.preseeds().create(new) {
        Err(error) if error.is_conflict() => find_created_meanwhile(client, new, error, report),
        created => read_back(client, created?.id, json!(new), report),
    }
}

fn read_back(
    client: &Client,
    id: PreseedId,
    sent: Value,
    report: &mut PreseedReport,
) -> StepResult {
    let found = verify::require_read_back(&format!("preseed {id}"), client.preseeds().get(id))?;
    require_stored(&found, sent, report)
}

/// Compares without showing contents.
fn require_stored(found: &Preseed, sent: Value, report: &mut PreseedReport) -> StepResult {
    verify::require_stored(
        &preseed_title(&found.name),
        without_content(sent),
        without_content(json!(found)),
    )?;
    *report = PreseedReport::from_preseed(found);
    Ok(StepOutcome::Done)
}

fn delete(client: &Client, preseed: &Preseed) -> StepResult {
    match client.preseeds().delete(preseed.id) {
        Err(error) if error.is_conflict() => {
            require_unused(client.read_only(), preseed)?;
            return Err(error.into());
        }
        Err(error) if error.is_not_found() => {
            return Ok(lookup::deleted_meanwhile(&preseed_title(&preseed.name)));
        }
        answer => answer?,
    }
    let title = preseed_title(&preseed.name);
    let found = verify::require_read_back(&title, client.preseeds().find(&preseed.name))?;
    verify::require_deleted(&title, found.is_some_and(|found| found.id == preseed.id))?;
    Ok(StepOutcome::Done)
}

/// The outcome of a creation whose name is taken: a preseed that another run of this user, or another user, created
/// since the plan was made.
fn find_created_meanwhile(
    client: &Client,
    new: &NewPreseed,
    conflict: client::Error,
    report: &mut PreseedReport,
) -> StepResult {
    let Some(found) = client.preseeds().find(&new.name)? else {
        // The name is that of a preseed which this user cannot see.
        return Err(conflict.into());
    };
    let title = preseed_title(&new.name);
    let wanted = verify::fields(json!(new));
    if verify::same_fields(json!(found), &wanted) == wanted {
        *report = PreseedReport::from_preseed(&found);
        let reason = format!("{title} was created by another run meanwhile");
        return Ok(StepOutcome::Skipped(reason));
    }
    ownership_of(client.read_only(), &found, "changing it")?;
    Err(TaskError::with_hint(
        format!("{title} is not as wanted: another run created it meanwhile with other properties"),
        "Run the task again to change it, and see which other run wants the same name.",
    ))
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

/// The values that changes replace.
fn replaced_values(preseed: &Preseed, changes: &PreseedChanges) -> PreseedChanges {
    let text = |text: &Option<String>| Some(text.clone().unwrap_or_default());
    PreseedChanges {
        kind: changes.kind.as_ref().and(Some(preseed.kind.clone())),
        content: changes.content.as_ref().and(text(&preseed.content)),
        description: changes.description.as_ref().and(text(&preseed.description)),
        known_good: changes.known_good.and(Some(preseed.known_good)),
        public: changes.public.and(Some(preseed.public)),
    }
}

fn with_changes(mut preseed: Preseed, changes: &PreseedChanges) -> Preseed {
    preseed.kind = changes.kind.clone().unwrap_or(preseed.kind);
    preseed.content = changes.content.clone().or(preseed.content);
    preseed.description = changes.description.clone().or(preseed.description);
    preseed.known_good = changes.known_good.unwrap_or(preseed.known_good);
    preseed.public = changes.public.unwrap_or(preseed.public);
    preseed
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

fn content_of(preseed: &Preseed) -> &str {
    preseed.content.as_deref().unwrap_or("")
}

fn sha256_of(text: &str) -> String {
    Sha256::hash(text.as_bytes()).to_string()
}

fn preseed_title(name: &str) -> String {
    format!("preseed '{name}'")
}
