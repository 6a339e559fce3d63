//! Pools of addresses in CIDR notation, and the free addresses of a pool.

use std::collections::HashSet;
use std::fmt;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

/// The addresses that a network reserves for one kind of configuration.
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

    /// The addresses for hosts: all but the first and the last, except in a pool too small to have others. The server
    /// itself would assign those two as well.
    fn hosts(self) -> RangeInclusive<u32> {
        let edge = u32::from(self.last - self.first > 1);
        self.first + edge..=self.last - edge
    }
}

/// The addresses of a pool that no interface has.
#[derive(Debug)]
pub(super) struct FreeAddresses {
    pub(super) pool: Pool,
    taken: HashSet<Ipv4Addr>,
}

impl FreeAddresses {
    pub(super) fn new(pool: Pool, taken: impl IntoIterator<Item = Ipv4Addr>) -> FreeAddresses {
        let taken = taken.into_iter().filter(|address| pool.contains(*address));
        FreeAddresses {
            pool,
            taken: taken.collect(),
        }
    }

    pub(super) fn lowest(&self) -> Option<Ipv4Addr> {
        self.lowest_from(*self.pool.hosts().start())
    }

    pub(super) fn next_after(&self, address: Ipv4Addr) -> Option<Ipv4Addr> {
        self.lowest_from(u32::from(address).checked_add(1)?)
    }

    fn lowest_from(&self, start: u32) -> Option<Ipv4Addr> {
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

    fn first_free(pool: &str, taken: &[&str]) -> Vec<String> {
        let taken = taken.iter().map(|text| text.parse().unwrap());
        let free = FreeAddresses::new(Pool::parse(pool).unwrap(), taken);
        std::iter::successors(free.lowest(), |address| free.next_after(*address))
            .take(4)
            .map(|address| address.to_string())
            .collect()
    }

    #[test]
    fn first_and_last_address_are_not_for_hosts() {
        assert_eq!(first_free("10.0.0.8/30", &[]), ["10.0.0.9", "10.0.0.10"]);
        assert_eq!(first_free("10.0.0.8/30", &["10.0.0.9"]), ["10.0.0.10"]);
        assert!(first_free("10.0.0.8/30", &["10.0.0.9", "10.0.0.10"]).is_empty());
    }

    #[test]
    fn all_addresses_of_small_pools_are_for_hosts() {
        assert_eq!(first_free("10.0.0.8/31", &[]), ["10.0.0.8", "10.0.0.9"]);
        assert_eq!(first_free("10.0.0.8/32", &[]), ["10.0.0.8"]);
        assert_eq!(
            Pool::parse("10.0.0.9/30").unwrap().to_string(),
            "10.0.0.8/30"
        );
    }

    #[test]
    fn lowest_address_of_a_large_pool_is_found() {
        assert_eq!(first_free("10.0.0.0/8", &["10.0.0.1"])[0], "10.0.0.2");
        assert_eq!(first_free("0.0.0.0/0", &[])[0], "0.0.0.1");
    }

    #[test]
    fn pool_contains_its_addresses_only() {
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
