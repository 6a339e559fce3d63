//! Planning a preseed: the steps from the existing preseed to the desired one.

use std::path::Path;

use serde_json::{Value, json};

use crate::client::{NewPreseed, Preseed, PreseedChanges, PreseedType, ReadOnlyClient, Scope};
use crate::support::io_error;
use crate::task::preseed::{
    DesiredPreseed, PreseedContent, PreseedFacts, PreseedOp, PreseedReport, PreseedSpec,
    preseed_title, require_preseed_unused, without_content,
};
use crate::task::{Action, Plan, PlanResult, Step, Task, TaskError, TextChange, lookup, verify};

/// The longest text the server stores, in characters.
const CONTENT_LIMIT: usize = 2_097_152;

impl PreseedSpec {
    pub(super) fn plan_present(
        &self,
        client: &ReadOnlyClient,
        desired: &DesiredPreseed,
    ) -> PlanResult<Self> {
        let content = desired
            .content
            .as_ref()
            .map(PreseedContent::read)
            .transpose()?;
        match (client.preseeds().find(&self.name)?, content) {
            (Some(preseed), content) => self.plan_update(client, preseed, desired, content),
            (None, Some(content)) => Ok(self.plan_create(desired, content)),
            (None, None) => Err(lookup::preseed_not_found(client, &self.name)?),
        }
    }

    fn plan_create(
        &self,
        desired: &DesiredPreseed,
        content: String,
    ) -> Plan<PreseedOp, PreseedReport> {
        let new = NewPreseed {
            name: self.name.clone(),
            kind: desired.kind.clone().unwrap_or(PreseedType::Preseed),
            content,
            description: desired.description.clone(),
            known_good: desired.known_good.unwrap_or(false),
            public: desired.public.unwrap_or(false),
        };
        let facts = PreseedFacts::planned(&new);
        let mut step = Step::new(
            Action::Create,
            self.title(),
            "there is no preseed of that name",
            Value::Null,
            without_content(json!(new)),
        );
        step.text = Some(TextChange {
            before: String::new(),
            after: new.content.clone(),
        });
        let mut plan = Plan::empty(PreseedReport {
            preseed: Some(facts),
        });
        plan.push(PreseedOp::Create(new), step);
        plan
    }

    fn plan_update(
        &self,
        client: &ReadOnlyClient,
        preseed: Preseed,
        desired: &DesiredPreseed,
        content: Option<String>,
    ) -> PlanResult<Self> {
        let changes = desired.differences(&preseed, content);
        let after = verify::changed_fields(json!(changes));
        let mut plan = Plan::empty(PreseedReport::from_preseed(&preseed));
        if after.is_empty() {
            return Ok(plan);
        }
        require_own(client, &preseed, "changing it")?;
        let mut step = Step::update(self.title(), json!(preseed), after);
        step.before = without_content(step.before);
        step.after = without_content(step.after);
        step.text = changes.content.clone().map(|after| TextChange {
            before: preseed.content.clone().unwrap_or_default(),
            after,
        });
        let id = preseed.id;
        plan.report = PreseedReport::from_preseed(&with_changes(preseed, &changes));
        plan.push(PreseedOp::Update(id, changes), step);
        Ok(plan)
    }

    pub(super) fn plan_absent(&self, client: &ReadOnlyClient) -> PlanResult<Self> {
        let mut plan = Plan::empty(PreseedReport::default());
        let Some(preseed) = client.preseeds().find(&self.name)? else {
            return Ok(plan);
        };
        require_own(client, &preseed, "deleting it")?;
        require_preseed_unused(client, &preseed)?;
        let mut step = Step::delete(self.title(), without_content(json!(preseed)));
        step.text = Some(TextChange {
            before: preseed.content.clone().unwrap_or_default(),
            after: String::new(),
        });
        plan.push(PreseedOp::Delete(preseed), step);
        Ok(plan)
    }
}

impl DesiredPreseed {
    fn differences(&self, preseed: &Preseed, content: Option<String>) -> PreseedChanges {
        PreseedChanges {
            kind: self.kind.clone().filter(|kind| *kind != preseed.kind),
            content: content.filter(|text| text != preseed.content.as_deref().unwrap_or("")),
            description: self
                .description
                .clone()
                .filter(|text| text != preseed.description.as_deref().unwrap_or("")),
            known_good: self
                .known_good
                .filter(|desired| *desired != preseed.known_good),
            public: self.public.filter(|desired| *desired != preseed.public),
        }
    }
}

impl PreseedContent {
    fn read(&self) -> Result<String, TaskError> {
        let (origin, text) = match self {
            PreseedContent::Text(text) => ("O(content)".to_owned(), text.clone()),
            PreseedContent::File(path) => (path.display().to_string(), read_file(path)?),
        };
        if text.contains('\0') {
            return Err(TaskError::Refused(format!(
                "{origin} has a NUL character, which the server cannot store"
            )));
        }
        verify::require_length(&origin, &text, CONTENT_LIMIT)?;
        Ok(text)
    }
}

fn require_own(client: &ReadOnlyClient, preseed: &Preseed, change: &str) -> Result<(), TaskError> {
    let own = client.preseeds().list(Scope::Own)?;
    if own.iter().any(|other| other.id == preseed.id) {
        return Ok(());
    }
    let title = preseed_title(&preseed.name);
    Err(lookup::not_yours(title, preseed.user.as_deref(), change))
}

fn with_changes(mut preseed: Preseed, changes: &PreseedChanges) -> Preseed {
    preseed.kind = changes.kind.clone().unwrap_or(preseed.kind);
    preseed.content = changes.content.clone().or(preseed.content);
    preseed.description = changes.description.clone().or(preseed.description);
    preseed.known_good = changes.known_good.unwrap_or(preseed.known_good);
    preseed.public = changes.public.unwrap_or(preseed.public);
    preseed
}

fn read_file(path: &Path) -> Result<String, TaskError> {
    let file_error = |problem: String| TaskError::File {
        path: path.display().to_string(),
        problem,
    };
    let bytes = std::fs::read(path).map_err(|error| file_error(io_error::text(&error)))?;
    String::from_utf8(bytes).map_err(|_| file_error("is not UTF-8 text".into()))
}
