//! Telling the installed system from the old one and from the installer, by what answers and by the order of events.

use crate::task::machine::answer::AnswerSpec;

/// What a system shows of itself on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SystemIdentity {
    /// The first line that it sends.
    pub(super) banner: Option<String>,
    /// The host keys of an SSH server, where they were asked for.
    pub(super) keys: Vec<String>,
}

/// What answered before the reboot into the installer was ordered.
#[derive(Debug)]
pub(super) enum Before {
    /// The order was given before this task began to look.
    NotSeen {
        netboot_is_off: bool,
    },
    Closed,
    Open(SystemIdentity),
}

impl Before {
    pub(super) fn has_keys(&self) -> bool {
        matches!(self, Before::Open(identity) if !identity.keys.is_empty())
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Installed {
        /// What speaks against it.
        doubt: Option<String>,
    },
    NotYet(String),
}

const NO_PROOF: &str = "answers, but only that it did not answer for a while tells the installed system from an older one, or from an installer \
     that answers too; a host_key or a banner in O(ready_when) does";

/// Whether this is the installed system. `was_closed`: whether the port was closed since the order.
pub(super) fn judge(
    spec: &AnswerSpec,
    before: &Before,
    was_closed: bool,
    seen: &SystemIdentity,
) -> Verdict {
    let not_yet = |reason: &str| Verdict::NotYet(reason.to_owned());
    let installed = Verdict::Installed { doubt: None };
    if spec
        .host_key
        .as_ref()
        .is_some_and(|key| !key.is_among(&seen.keys))
    {
        return not_yet("answers, but not with the given host key");
    }
    let banner = seen.banner.as_deref().unwrap_or_default();
    if spec
        .banner
        .as_ref()
        .is_some_and(|pattern| !pattern.matches(banner))
    {
        return Verdict::NotYet(format!(
            "answers, but as '{banner}' and not with the given banner"
        ));
    }
    let is_given = spec.host_key.is_some() || spec.banner.is_some();
    let doubtful = Verdict::Installed {
        doubt: Some(NO_PROOF.to_owned()),
    };
    match before {
        Before::NotSeen { .. } | Before::Closed if is_given => installed,
        Before::NotSeen {
            netboot_is_off: true,
        } => installed,
        Before::NotSeen { .. } if !was_closed => not_yet(
            "has answered since the first look, so nothing tells the installed system from an older one",
        ),
        Before::NotSeen { .. } | Before::Closed => doubtful,
        Before::Open(old) => match (is_same_system(old, seen), was_closed) {
            (Some(false), _) => installed,
            // A system that is installed with the keys of the old one.
            (Some(true), true) if spec.host_key.is_some() => doubtful,
            (Some(true), true) => {
                not_yet("answers with the host key that it had before: the old system is back")
            }
            (Some(true), false) => not_yet(
                "answers with the host key that it had before: the old system is still there",
            ),
            (None, true) => not_yet(
                "answers as before, and without a host key nothing tells the installed system from the old one",
            ),
            (None, false) => not_yet("answers as before: the old system is still there"),
        },
    }
}

/// Whether two systems are the same; None if what they show does not tell.
fn is_same_system(old: &SystemIdentity, seen: &SystemIdentity) -> Option<bool> {
    match (old.keys.is_empty(), seen.keys.is_empty()) {
        (false, false) => Some(seen.keys.iter().any(|key| old.keys.contains(key))),
        _ if old.banner != seen.banner => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::glob::Glob;
    use crate::support::ssh_host_keys::HostKey;

    fn system(banner: &str, key: &str) -> SystemIdentity {
        let keys = [key].into_iter().filter(|key| !key.is_empty());
        SystemIdentity {
            banner: Some(banner.to_owned()),
            keys: keys.map(str::to_owned).collect(),
        }
    }

    fn spec(banner: Option<&str>, key: Option<&str>) -> AnswerSpec {
        AnswerSpec {
            port: 22,
            interface: None,
            host_key: key.map(|key| HostKey::Key(key.to_owned())),
            banner: banner.map(Glob::new),
        }
    }

    /// `installed`, `doubt`, or the reason why not.
    fn verdict(
        spec: &AnswerSpec,
        before: &Before,
        was_closed: bool,
        seen: &SystemIdentity,
    ) -> String {
        match judge(spec, before, was_closed, seen) {
            Verdict::Installed { doubt: None } => "installed".into(),
            Verdict::Installed { doubt: Some(_) } => "doubt".into(),
            Verdict::NotYet(reason) => reason,
        }
    }

    #[test]
    fn old_system_is_not_taken_for_the_new_one() {
        let any = spec(None, None);
        let old = Before::Open(system("SSH-2.0-a", "old"));
        for (was_closed, seen, expected) in [
            (false, system("SSH-2.0-a", "old"), "still there"),
            // It came back: the boot from the network failed.
            (true, system("SSH-2.0-a", "old"), "is back"),
            (true, system("SSH-2.0-a", "new"), "installed"),
            (false, system("SSH-2.0-a", "new"), "installed"),
            // Its keys could not be read this time.
            (false, system("SSH-2.0-a", ""), "still there"),
            (true, system("SSH-2.0-b", ""), "installed"),
        ] {
            let found = verdict(&any, &old, was_closed, &seen);
            assert!(found.contains(expected), "{was_closed} {seen:?}: {found}");
        }
        let unkeyed = Before::Open(system("220 ftp", ""));
        assert!(verdict(&any, &unkeyed, false, &system("220 ftp", "")).contains("still there"));
        assert!(verdict(&any, &unkeyed, true, &system("220 ftp", "")).contains("nothing tells"));
    }

    #[test]
    fn given_banner_or_host_key_decides() {
        let closed = Before::Closed;
        let banner = spec(Some("*Debian*"), None);
        assert!(
            verdict(&banner, &closed, true, &system("SSH-2.0-dropbear", "")).contains("dropbear")
        );
        assert_eq!(
            verdict(&banner, &closed, true, &system("SSH-2.0-x Debian-2", "")),
            "installed"
        );
        let key = spec(None, Some("new"));
        let old = Before::Open(system("SSH-2.0-a", "old"));
        assert!(
            verdict(&key, &old, true, &system("SSH-2.0-a", "installer")).contains("given host key")
        );
        assert_eq!(
            verdict(&key, &old, false, &system("SSH-2.0-a", "new")),
            "installed"
        );
        // The keys of the old system are those of the new one.
        let kept = Before::Open(system("SSH-2.0-a", "new"));
        assert!(verdict(&key, &kept, false, &system("SSH-2.0-a", "new")).contains("still there"));
        assert_eq!(
            verdict(&key, &kept, true, &system("SSH-2.0-a", "new")),
            "doubt"
        );
    }

    #[test]
    fn machine_that_was_ordered_before_is_judged_by_what_is_seen_from_then_on() {
        let any = spec(None, None);
        let seen = system("SSH-2.0-a", "");
        let begun = Before::NotSeen {
            netboot_is_off: false,
        };
        assert!(verdict(&any, &begun, false, &seen).contains("nothing tells"));
        assert_eq!(verdict(&any, &begun, true, &seen), "doubt");
        let reported = Before::NotSeen {
            netboot_is_off: true,
        };
        assert_eq!(verdict(&any, &reported, false, &seen), "installed");
        assert_eq!(
            verdict(&spec(Some("SSH*"), None), &begun, false, &seen),
            "installed"
        );
    }
}
