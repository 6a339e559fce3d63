//! Planning a preseed: the steps from the existing one to the desired one.

use serde_json::{Value, json};

use crate::client::{NewPreseed, Preseed, PreseedChanges, PreseedType, ReadOnlyClient};
use crate::task::ownership::Ownership;
use crate::task::plan::{changed, changed_text};
use crate::task::preseed::{
    DesiredPreseed, PreseedFacts, PreseedOp, PreseedPlan, PreseedReport, PreseedSpec, ownership_of,
    require_unused, without_content,
};
use crate::task::verify::Change;
use crate::task::{Action, Plan, PlanResult, Step, Task, lookup};

impl PreseedSpec {
    pub(super) fn plan_present(
        &self,
        client: &ReadOnlyClient,
        desired: &DesiredPreseed,
    ) -> PlanResult<Self> {
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

    pub(super) fn plan_absent(&self, client: &ReadOnlyClient) -> PlanResult<Self> {
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

impl DesiredPreseed {
    fn differences(&self, preseed: &Preseed, content: Option<String>) -> PreseedChanges {
        PreseedChanges {
            kind: changed(&self.kind, &preseed.kind),
            content: changed_text(&content, &preseed.content),
            description: changed_text(&self.description, &preseed.description).map(Some),
            known_good: changed(&self.known_good, &preseed.known_good),
            public: changed(&self.public, &preseed.public),
        }
    }
}

/// The values that changes replace.
fn replaced_values(preseed: &Preseed, changes: &PreseedChanges) -> PreseedChanges {
    PreseedChanges {
        kind: changes.kind.as_ref().and(Some(preseed.kind.clone())),
        content: changes
            .content
            .as_ref()
            .map(|_| content_of(preseed).to_owned()),
        description: changes
            .description
            .as_ref()
            .map(|_| preseed.description.clone()),
        known_good: changes.known_good.and(Some(preseed.known_good)),
        public: changes.public.and(Some(preseed.public)),
    }
}

fn with_changes(mut preseed: Preseed, changes: &PreseedChanges) -> Preseed {
    preseed.kind = changes.kind.clone().unwrap_or(preseed.kind);
    preseed.content = changes.content.clone().or(preseed.content);
    preseed.description = changes.description.clone().unwrap_or(preseed.description);
    preseed.known_good = changes.known_good.unwrap_or(preseed.known_good);
    preseed.public = changes.public.unwrap_or(preseed.public);
    preseed
}

fn content_of(preseed: &Preseed) -> &str {
    preseed.content.as_deref().unwrap_or("")
}
