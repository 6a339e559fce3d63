//! IPv4 subnets and MAC addresses, parsed like PostgreSQL's `cidr` and `macaddr`.

use std::net::Ipv4Addr;

use serde::{Deserialize, Deserializer, de::Error};

/// A subnet in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Subnet {
    pub(crate) base: Ipv4Addr,
    pub(crate) prefix: u8,
}

impl Subnet {
    pub(crate) fn parse(text: &str) -> Option<Subnet> {
        let (base, prefix) = text.split_once('/')?;
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
        Some(Subnet {
            base: base.parse().ok()?,
            prefix,
        })
    }

    pub(crate) fn mask(self) -> Ipv4Addr {
        Ipv4Addr::from(
            u32::MAX
                .checked_shl(32 - u32::from(self.prefix))
                .unwrap_or(0),
        )
    }

    pub(crate) fn overlaps(self, other: Subnet) -> bool {
        self.contains(other.base) || other.contains(self.base)
    }

    /// Whether the subnet contains an address. The network and broadcast addresses count.
    pub(crate) fn contains(self, address: Ipv4Addr) -> bool {
        let mask = u32::from(self.mask());
        u32::from(address) & mask == u32::from(self.base) & mask
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl<'de> Deserialize<'de> for Subnet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Subnet, D::Error> {
        let text = String::deserialize(deserializer)?;
        Subnet::parse(&text).ok_or_else(|| D::Error::custom(format!("{text} is no subnet")))
    }
}

/// Parses a MAC address in PostgreSQL's forms: six numbers, two or three groups of digits, or twelve digits, separated by
/// colons, dashes or dots. Returns it in lower case with colons.
pub(crate) fn parse_mac(text: &str) -> Option<String> {
    let text = text.trim_ascii();
    let separator = text.chars().find(|c| !c.is_ascii_hexdigit());
    let groups: Vec<&str> = match separator {
        Some(separator) => text.split(separator).collect(),
        None => vec![text],
    };
    let width = match (groups.len(), separator) {
        (6, Some(':' | '-')) => 2,
        (3, Some('.' | '-')) => 4,
        (2, Some(':' | '-')) => 6,
        (1, None) => 12,
        _ => return None,
    };
    // Leading zeros may be omitted only in the form with six numbers.
    let well_formed = |group: &&str| {
        group.bytes().all(|byte| byte.is_ascii_hexdigit())
            && (group.len() == width || width == 2 && group.len() == 1)
    };
    if !groups.iter().all(well_formed) {
        return None;
    }
    let digits: String = groups
        .iter()
        .map(|group| format!("{group:0>width$}").to_ascii_lowercase())
        .collect();
    let pairs: Vec<&str> = (0..6).map(|pair| &digits[2 * pair..2 * pair + 2]).collect();
    Some(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macs_are_parsed_in_postgresql_forms() {
        for text in [
            "08:00:2B:01:02:03",
            "8-0-2b-1-2-3",
            "08002b:010203",
            "08002b-010203",
            "0800.2b01.0203",
            "0800-2b01-0203",
            " 08002b010203 ",
        ] {
            assert_eq!(
                parse_mac(text).as_deref(),
                Some("08:00:2b:01:02:03"),
                "{text}"
            );
        }
        for text in [
            "",
            "foo",
            "08:00:2b:01:02",
            "08:00-2b:01:02:03",
            "0800:2b01:0203",
            "08:00:2b:01:02:03:04",
            "08002b01020",
            "08:00:2b:01:02:0003",
        ] {
            assert_eq!(parse_mac(text), None, "{text}");
        }
    }
}
