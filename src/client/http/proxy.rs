//! The proxy of the environment: which one a server is asked through, and whether `no_proxy` excepts the server.
//!
//! The HTTP client has the same rules, without ports, brackets and a `*` for addresses in `no_proxy`; and its errors do not
//! say that a proxy was used.

use std::env;
use std::net::IpAddr;

use reqwest::Url;

/// A proxy that requests go through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proxy {
    /// Host and port, without the user and password that the variable may have.
    pub(crate) address: String,
    /// The variable that names it.
    pub(crate) variable: &'static str,
}

/// The proxy for a server, from the environment.
pub(crate) fn of(server: &Url) -> Option<Proxy> {
    choose(server, |name| env::var(name).ok())
}

fn choose(server: &Url, variable: impl Fn(&str) -> Option<String>) -> Option<Proxy> {
    // In a CGI program, HTTP_PROXY is a header of the request that it answers.
    if variable("REQUEST_METHOD").is_some() {
        return None;
    }
    let first = |names: [&'static str; 2]| {
        let mut set = names
            .into_iter()
            .filter_map(|name| Some((name, variable(name)?)));
        set.next()
    };
    if first(["NO_PROXY", "no_proxy"]).is_some_and(|(_, list)| excepts(&list, server)) {
        return None;
    }
    let own = match server.scheme() {
        "https" => ["HTTPS_PROXY", "https_proxy"],
        _ => ["HTTP_PROXY", "http_proxy"],
    };
    [own, ["ALL_PROXY", "all_proxy"]]
        .into_iter()
        .filter_map(first)
        .find_map(|(variable, value)| {
            let address = address(&value)?;
            Some(Proxy { address, variable })
        })
}

fn address(value: &str) -> Option<String> {
    let with_scheme = match value.contains("://") {
        true => value.to_owned(),
        false => format!("http://{value}"),
    };
    let url = Url::parse(&with_scheme).ok()?;
    Some(format!(
        "{}:{}",
        url.host_str()?,
        url.port_or_known_default()?
    ))
}

/// Whether a list such as `localhost, .lab.example, 10.0.0.0/8, [::1]:8080` has the server.
fn excepts(list: &str, server: &Url) -> bool {
    let host = server.host_str().unwrap_or_default().to_lowercase();
    let host = host.trim_start_matches('[').trim_end_matches([']', '.']);
    let port = server.port_or_known_default();
    list.split([',', ' '])
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            let (name, wanted_port) = split_port(entry);
            wanted_port.is_none_or(|wanted| Some(wanted) == port) && names_host(name, host)
        })
}

/// The name without brackets, and the port behind it.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    if let Some((name, port)) = entry
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return (
            name,
            port.strip_prefix(':').and_then(|port| port.parse().ok()),
        );
    }
    match entry.split_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (name, port.parse().ok())
        }
        _ => (entry, None),
    }
}

fn names_host(name: &str, host: &str) -> bool {
    if name == "*" {
        return true;
    }
    if let Ok(host) = host.parse::<IpAddr>() {
        return names_address(name, host);
    }
    let name = name.to_lowercase();
    let domain = name.trim_start_matches('*').trim_start_matches('.');
    let end = host.strip_suffix(domain);
    !domain.is_empty() && end.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn names_address(name: &str, host: IpAddr) -> bool {
    let (network, length) = match name.split_once('/') {
        Some((network, length)) => (network, length.parse().ok()),
        None => (name, Some(128)),
    };
    let (Ok(network), Some(length)) = (network.parse::<IpAddr>(), length) else {
        return false;
    };
    // The first bits of both, as numbers without the rest.
    let beginning = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) >> 32_u32.saturating_sub(length),
        IpAddr::V6(address) => {
            let rest = 128_u32.saturating_sub(length);
            address.to_bits().checked_shr(rest).unwrap_or(0)
        }
    };
    network.is_ipv4() == host.is_ipv4() && beginning(network) == beginning(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn server_is_excepted_by_name_address_network_and_port() {
        for (list, server, is_excepted) in [
            ("*", "http://127.0.0.1:8080/", true),
            ("*", "https://lab.example/", true),
            ("*:81", "http://lab.example/", false),
            ("127.0.0.1:8080", "http://127.0.0.1:8080/", true),
            ("127.0.0.1:8081", "http://127.0.0.1:8080/", false),
            ("lab.example:443", "https://lab.example/", true),
            ("lab.example:80", "https://lab.example/", false),
            ("[::1]", "http://[::1]:8080/", true),
            ("::1", "http://[::1]:8080/", true),
            ("[::1]:8080", "http://[::1]:8080/", true),
            ("[::1]:8081", "http://[::1]:8080/", false),
            ("fd00::/8", "http://[fd12::1]/", true),
            ("::/0", "http://[fd12::1]/", true),
            ("10.0.0.0/8", "http://10.40.5.12/", true),
            ("0.0.0.0/0", "http://10.40.5.12/", true),
            ("10.0.0.0/8", "http://11.0.0.1/", false),
            ("10.0.0.0/x", "http://10.0.0.1/", false),
            ("localhost, .Lab.example", "http://mrp.LAB.example./", true),
            ("*.lab.example", "http://mrp.lab.example/", true),
            ("lab.example", "http://lab.example/", true),
            ("lab.example", "http://notlab.example/", false),
            ("", "http://lab.example/", false),
            (".", "http://lab.example/", false),
        ] {
            assert_eq!(excepts(list, &url(server)), is_excepted, "{list} {server}");
        }
    }

    #[test]
    fn proxy_is_named_without_its_password() {
        let variables = [
            ("https_proxy", "user:canary@proxy.example:3128"),
            ("ALL_PROXY", "http://other.example"),
            ("no_proxy", "free.example"),
        ];
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let chosen = |server: &str| {
            choose(&url(server), variable)
                .map(|proxy| format!("{} {}", proxy.variable, proxy.address))
        };
        let through = chosen("https://lab.example/");
        assert_eq!(through.as_deref(), Some("https_proxy proxy.example:3128"));
        let through = chosen("http://lab.example/");
        assert_eq!(through.as_deref(), Some("ALL_PROXY other.example:80"));
        assert_eq!(chosen("https://free.example/"), None);
    }
}
