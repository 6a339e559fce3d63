//! From the preseed that shall be and the one that is to the steps between them.

use std::path::Path;

use serde_json::{Value, json};

use crate::client::{NewPreseed, Preseed, PreseedChanges, PreseedType, ReadOnlyClient, Scope};
use crate::support::io_error;
use crate::task::preseed::{
    Content, PreseedFacts, PreseedOp, PreseedReport, PreseedSpec, Wanted, require_unused,
    without_text,
};
use crate::task::{Action, Plan, Step, Task, TaskError, TextChange, lookup, verify};

/// The longest text the server stores, in characters.
const CONTENT_LIMIT: usize = 2_097_152;

impl PreseedSpec {
    pub(super) fn plan_present(
        &self,
        client: &ReadOnlyClient,
        wanted: &Wanted,
    ) -> Result<Plan<PreseedOp, PreseedReport>, TaskError> {
        let content = wanted.content.as_ref().map(Content::read).transpose()?;
        match (client.preseeds().find(&self.name)?, content) {
            (Some(preseed), content) => self.plan_update(client, preseed, wanted, content),
            (None, Some(content)) => Ok(self.plan_create(wanted, content)),
            (None, None) => Err(lookup::no_such_preseed(client, &self.name)?),
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
            text: Some(TextChange {
                before: String::new(),
                after: new.content.clone(),
            }),
        };
        let mut plan = Plan::nothing(PreseedReport {
            preseed: Some(facts),
        });
        plan.push(PreseedOp::Create(new), step);
        plan
    }

    fn plan_update(
        &self,
        client: &ReadOnlyClient,
        preseed: Preseed,
        wanted: &Wanted,
        content: Option<String>,
    ) -> Result<Plan<PreseedOp, PreseedReport>, TaskError> {
        let changes = wanted.differences(&preseed, content);
        let after = verify::fields_sent(json!(changes));
        let mut plan = Plan::nothing(PreseedReport::of(&preseed));
        if after.is_empty() {
            return Ok(plan);
        }
        require_own(client, &preseed, "changing it")?;
        let before = verify::same_fields(json!(preseed), &after);
        let text = changes.content.clone().map(|after| TextChange {
            before: preseed.content.clone().unwrap_or_default(),
            after,
        });
        let step = Step {
            action: Action::Update,
            target: self.title(),
            why: verify::what_differs(&after),
            before: without_text(Value::Object(before), preseed.content.as_deref()),
            after: without_text(Value::Object(after), changes.content.as_deref()),
            text,
        };
        plan.report = PreseedReport::of(&changed(preseed.clone(), &changes));
        plan.push(PreseedOp::Update(preseed.id, changes), step);
        Ok(plan)
    }

    pub(super) fn plan_absent(
        &self,
        client: &ReadOnlyClient,
    ) -> Result<Plan<PreseedOp, PreseedReport>, TaskError> {
        let mut plan = Plan::nothing(PreseedReport::default());
        let Some(preseed) = client.preseeds().find(&self.name)? else {
            return Ok(plan);
        };
        require_own(client, &preseed, "deleting it")?;
        require_unused(client, &preseed)?;
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
}

impl Wanted {
    /// What was asked for and is otherwise.
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
                .filter(|wanted| *wanted != preseed.known_good),
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
        verify::at_most(&origin, &text, CONTENT_LIMIT)?;
        Ok(text)
    }
}

fn require_own(client: &ReadOnlyClient, preseed: &Preseed, wish: &str) -> Result<(), TaskError> {
    let own = client.preseeds().list(Scope::Own)?;
    if own.iter().any(|mine| mine.id == preseed.id) {
        return Ok(());
    }
    let object = format!("preseed '{}'", preseed.name);
    Err(lookup::not_yours(object, preseed.user.as_deref(), wish))
}

fn changed(mut preseed: Preseed, changes: &PreseedChanges) -> Preseed {
    preseed.kind = changes.kind.clone().unwrap_or(preseed.kind);
    preseed.content = changes.content.clone().or(preseed.content);
    preseed.description = changes.description.clone().or(preseed.description);
    preseed.known_good = changes.known_good.unwrap_or(preseed.known_good);
    preseed.public = changes.public.unwrap_or(preseed.public);
    preseed
}

fn read_file(path: &Path) -> Result<String, TaskError> {
    let problem = |problem: String| TaskError::File {
        path: path.display().to_string(),
        problem,
    };
    let bytes = std::fs::read(path).map_err(|error| problem(io_error::of(&error)))?;
    String::from_utf8(bytes).map_err(|_| problem("is not UTF-8 text".into()))
}
