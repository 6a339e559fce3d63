//! IPv4 subnets and MAC addresses as the database's `cidr` and `macaddr` read them.

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

    /// The network's own and its broadcast address count as inside.
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

/// Reads a MAC with any of the usual separators; comes out in lower case with colons.
pub(crate) fn parse_mac(text: &str) -> Option<String> {
    let digits: String = text
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | '.'))
        .collect();
    if digits.len() != 12 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digits = digits.to_ascii_lowercase();
    let pairs: Vec<&str> = (0..6).map(|pair| &digits[2 * pair..2 * pair + 2]).collect();
    Some(pairs.join(":"))
}
