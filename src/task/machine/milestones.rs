//! What was seen of a machine on the way to its installed system, and when.
//!
//! A token shows leases alone; that a machine fetched its boot configuration or its preseed is among the events, which
//! only the session of a user shows.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::client::{Clock, Interface};
use crate::support::utc;

/// Something that was seen for the first time.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Milestone {
    pub milestone: MilestoneKind,
    /// In UTC, by the clock of the computer that the task runs on.
    pub time: String,
    /// Since the first milestone.
    pub seconds: f64,
    /// The address of a lease, or what answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MilestoneKind {
    /// The reboot into the installer was ordered.
    Ordered,
    /// The port of O(ready_when) was closed.
    Gone,
    /// The machine got a lease.
    Lease,
    /// The port of O(ready_when) was open.
    Answers,
    Ready,
    Error,
}

/// The milestones of one machine, and what is compared to find them.
#[derive(Debug, Default)]
pub(crate) struct Milestones {
    reached: Vec<Milestone>,
    started: Option<Duration>,
    /// The leases before; None before the first look.
    leases: Option<Vec<Lease>>,
}

/// Who has a lease, and when it was last seen: a renewal changes only the date.
type Lease = (Option<String>, Option<String>, Option<String>);

impl Serialize for Milestones {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.reached.serialize(serializer)
    }
}

impl Milestones {
    pub(super) fn is_empty(&self) -> bool {
        self.reached.is_empty()
    }

    pub(super) fn has(&self, kind: MilestoneKind) -> bool {
        self.reached.iter().any(|reached| reached.milestone == kind)
    }

    /// Records a milestone, unless it was reached before.
    pub(super) fn reach(&mut self, kind: MilestoneKind, detail: Option<String>, clock: &dyn Clock) {
        if self.has(kind) {
            return;
        }
        let now = clock.now();
        let started = *self.started.get_or_insert(now);
        let seconds = now.saturating_sub(started).as_secs_f64();
        self.reached.push(Milestone {
            milestone: kind,
            time: utc::text(SystemTime::now()),
            seconds: (seconds * 10.0).round() / 10.0,
            detail,
        });
    }

    /// Compares the leases with those at the first look.
    pub(super) fn look_at_leases(&mut self, interfaces: &[Interface], clock: &dyn Clock) {
        let leases = interfaces.iter().map(|interface| {
            let (mac, lease) = (interface.mac.clone(), interface.lease_ipv4.clone());
            (mac, lease, interface.last_seen_date.clone())
        });
        let Some(before) = &self.leases else {
            self.leases = Some(leases.collect());
            return;
        };
        let new = leases
            .into_iter()
            .find(|lease| lease.1.is_some() && !before.contains(lease));
        if let Some((_, address, _)) = new {
            self.reach(MilestoneKind::Lease, address, clock);
        }
    }

    /// What to say beside the state: `; lease 10.40.5.12 seen`.
    pub(super) fn summary(&self) -> String {
        let lease = self
            .reached
            .iter()
            .find(|reached| reached.milestone == MilestoneKind::Lease);
        match lease {
            Some(lease) => {
                let address = lease.detail.as_deref().unwrap_or_default();
                format!("; lease {address} seen at {}", lease.time)
            }
            None if self.leases.is_some() => "; no new lease seen".to_owned(),
            None => String::new(),
        }
    }
}
