//! The address that Ansible connects to.

use std::net::Ipv4Addr;

/// The address, if a machine can have it. What the server says becomes a connection variable nowhere else.
pub(super) fn of_a_machine(text: &str) -> Option<Ipv4Addr> {
    let address: Ipv4Addr = text.parse().ok()?;
    // 127 is whoever runs Ansible, 0 is nobody, and what begins with 224 or more is no single host's.
    match address.octets()[0] {
        0 | 127 | 224.. => None,
        _ => Some(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_one_machine_can_have() {
        for text in ["10.40.5.12", "192.168.0.1", "223.255.255.255"] {
            assert_eq!(
                of_a_machine(text)
                    .map(|address| address.to_string())
                    .as_deref(),
                Some(text)
            );
        }
        for text in [
            "",
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "10.0.0.256",
            "010.0.0.1",
            "10.1",
            "::1",
            "10.0.0.1 -oProxyCommand=x",
            " 10.0.0.1",
            "{{ x }}",
            "host",
        ] {
            assert_eq!(of_a_machine(text), None, "{text}");
        }
    }
}
