//! A range of addresses in CIDR notation.

use std::collections::HashSet;
use std::fmt;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

/// The addresses that a network sets aside for one kind of configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pool {
    first: u32,
    last: u32,
}

impl Pool {
    pub(crate) fn parse(text: &str) -> Option<Pool> {
        let (base, prefix) = text.split_once('/')?;
        let base = u32::from(base.parse::<Ipv4Addr>().ok()?);
        let prefix: u32 = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
        let hosts = u32::MAX.checked_shr(prefix).unwrap_or(0);
        Some(Pool {
            first: base & !hosts,
            last: base | hosts,
        })
    }

    pub(super) fn contains(self, address: Ipv4Addr) -> bool {
        (self.first..=self.last).contains(&u32::from(address))
    }

    /// Whether a host can have the address.
    pub(crate) fn has_host(self, address: Ipv4Addr) -> bool {
        self.hosts().contains(&u32::from(address))
    }

    /// The addresses for hosts: all but the first and the last, which the server would give out too, except in a pool
    /// too small to have others.
    fn hosts(self) -> RangeInclusive<u32> {
        let edge = u32::from(self.last - self.first > 1);
        self.first + edge..=self.last - edge
    }
}

/// The addresses of a pool that nobody has.
#[derive(Debug)]
pub(super) struct Free {
    pub(super) pool: Pool,
    taken: HashSet<Ipv4Addr>,
}

impl Free {
    pub(super) fn new(pool: Pool, taken: impl IntoIterator<Item = Ipv4Addr>) -> Free {
        let taken = taken.into_iter().filter(|address| pool.contains(*address));
        Free {
            pool,
            taken: taken.collect(),
        }
    }

    pub(super) fn lowest(&self) -> Option<Ipv4Addr> {
        self.from(*self.pool.hosts().start())
    }

    pub(super) fn next(&self, address: Ipv4Addr) -> Option<Ipv4Addr> {
        self.from(u32::from(address).checked_add(1)?)
    }

    fn from(&self, start: u32) -> Option<Ipv4Addr> {
        (start..=*self.pool.hosts().end())
            .map(Ipv4Addr::from)
            .find(|address| !self.taken.contains(address))
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = (self.first ^ self.last).leading_zeros();
        write!(formatter, "{}/{prefix}", Ipv4Addr::from(self.first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(pool: &str, taken: &[&str]) -> Vec<String> {
        let taken = taken.iter().map(|text| text.parse().unwrap());
        let free = Free::new(Pool::parse(pool).unwrap(), taken);
        std::iter::successors(free.lowest(), |address| free.next(*address))
            .take(4)
            .map(|address| address.to_string())
            .collect()
    }

    #[test]
    fn the_first_and_the_last_address_are_not_for_hosts() {
        assert_eq!(free("10.0.0.8/30", &[]), ["10.0.0.9", "10.0.0.10"]);
        assert_eq!(free("10.0.0.8/30", &["10.0.0.9"]), ["10.0.0.10"]);
        assert!(free("10.0.0.8/30", &["10.0.0.9", "10.0.0.10"]).is_empty());
    }

    #[test]
    fn small_pools_have_only_hosts() {
        assert_eq!(free("10.0.0.8/31", &[]), ["10.0.0.8", "10.0.0.9"]);
        assert_eq!(free("10.0.0.8/32", &[]), ["10.0.0.8"]);
        assert_eq!(
            Pool::parse("10.0.0.9/30").unwrap().to_string(),
            "10.0.0.8/30"
        );
    }

    #[test]
    fn large_pools_are_not_counted_through() {
        assert_eq!(free("10.0.0.0/8", &["10.0.0.1"])[0], "10.0.0.2");
        assert_eq!(free("0.0.0.0/0", &[])[0], "0.0.0.1");
    }

    #[test]
    fn an_address_is_inside_or_not() {
        let pool = Pool::parse("10.40.1.0/24").unwrap();
        for (address, inside) in [
            ("10.40.0.255", false),
            ("10.40.1.0", true),
            ("10.40.1.255", true),
            ("10.40.2.0", false),
        ] {
            assert_eq!(pool.contains(address.parse().unwrap()), inside, "{address}");
        }
        for text in ["10.40.1.0", "10.40.1.0/33", "x/24", "10.40.1.0/-1", ""] {
            assert_eq!(Pool::parse(text), None, "{text}");
        }
    }
}
