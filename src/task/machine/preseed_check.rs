//! Whether the installer gets its preseed: looked at before the machine is rebooted into it.
//!
//! The server renders only what a machine is assigned. So a preseed that is assigned already is rendered while the task is
//! planned, and a new one after it was assigned and before the machine is provisioned.

use crate::client::{Machine, ReadOnlyClient, RenderedPreseed};
use crate::task::machine::boot_objects::BootObjects;
use crate::task::machine::{MachineOp, MachinePlan, machine_title};
use crate::task::preseed::warnings::{template_warnings, text_warnings};
use crate::task::{Result, TaskError, template};

const BROKEN_HINT: &str = "Correct the preseed: the server takes what stands between {{ }}, {% %} and {# #} for Jinja2, unless '{% raw %}' \
     and '{% endraw %}' are around it.";

/// A preseed that is rendered just before the order to provision.
#[derive(Debug)]
pub(super) struct PreseedCheck {
    /// The warnings that the plan has of it already.
    told: Vec<String>,
}

/// The template of the preseed that the machine is planned to have, as far as it is known: the server renders private
/// preseeds of others too, and does not show them.
pub(super) fn find(
    plan: &MachinePlan,
    client: &ReadOnlyClient,
    objects: &BootObjects,
) -> Option<String> {
    let id = plan.report.machine.machine.preseed_id?;
    let preseed = match &objects.preseed {
        Some(preseed) => preseed.clone(),
        None => client.preseeds().get(id).ok()?,
    };
    Some(preseed.content.unwrap_or_default())
}

/// Looks at the preseed that the machine is planned to have; the result is what is left to do before it is provisioned.
pub(super) fn plan(
    plan: &mut MachinePlan,
    client: &ReadOnlyClient,
    machine: &Machine,
    content: Option<&str>,
) -> Result<Option<PreseedCheck>> {
    // None also for one that does not exist yet.
    let Some(id) = plan.report.machine.machine.preseed_id else {
        return Ok(None);
    };
    let title = title(machine);
    let check = template::check(content.unwrap_or_default());
    let mut warnings = template_warnings(&title, &check);
    // What another boot once has left is put back only when the plan is carried out.
    let mut steps = plan.steps.iter();
    let is_put_back = steps.any(|planned| matches!(planned.op, MachineOp::PutBack(_)));
    if machine.preseed_id == Some(id) && !is_put_back {
        warnings.extend(render(client, machine)?);
        plan.warnings.extend(warnings);
        return Ok(None);
    }
    if let Some(content) = content {
        warnings.extend(text_warnings(&title, content));
    }
    plan.warnings.extend(warnings.iter().cloned());
    Ok(Some(PreseedCheck { told: warnings }))
}

impl PreseedCheck {
    /// Renders it. The result is what the user should know and was not told yet.
    pub(super) fn run(&self, client: &ReadOnlyClient, machine: &Machine) -> Result<Vec<String>> {
        let mut warnings = render(client, machine)?;
        warnings.retain(|warning| !self.told.contains(warning));
        Ok(warnings)
    }
}

/// Fails if the installer would get nothing; the result is what is odd about the text that it gets.
fn render(client: &ReadOnlyClient, machine: &Machine) -> Result<Vec<String>> {
    let title = title(machine);
    let broken = |reason: String| TaskError::Failed {
        object: Some(machine_title(machine)),
        problem: format!("was not rebooted, since its preseed cannot be rendered: {reason}"),
        hint: Some(BROKEN_HINT),
    };
    match client.preseeds().render(machine.id) {
        Ok(RenderedPreseed::Text(text)) if text.trim().is_empty() => Ok(vec![format!(
            "{title} is empty, so the installer asks its questions; look at what the template makes of this machine"
        )]),
        Ok(RenderedPreseed::Text(text)) => Ok(text_warnings(&title, &text)),
        Ok(RenderedPreseed::Broken { reason, line }) => Err(broken(match line {
            Some(line) => format!("line {line}: {reason}"),
            None => reason,
        })),
        // A division by zero, for example; the server does not say more.
        Err(error) if error.status() == Some(500) => {
            Err(broken("the server fails at it (status 500)".to_owned()))
        }
        // Where only machines reach this endpoint, they may get it all the same.
        Err(error) => Ok(vec![format!("{title} could not be checked: {error}")]),
    }
}

fn title(machine: &Machine) -> String {
    format!("the preseed of {}", machine_title(machine))
}
