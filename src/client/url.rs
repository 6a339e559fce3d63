//! The server's address, and every address below it.
//!
//! The API is at `api/v1`, the boot files at `tftp/`, both below the same prefix. Path segments are encoded one by one.

use std::fmt;

use reqwest::Url;

use crate::client::from_text::{from_text, has_comment, is_quoted};
use crate::client::{Error, ErrorKind, Result};

/// The address of a server, such as `https://lab.example/mrp/`.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Takes an `http` or `https` URL. A path prefix is kept, with or without a slash at its end; an `/api/v1` at the end,
    /// pasted from the address of the API, is dropped.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidUrl`](crate::client::ErrorKind), whose sentence never shows a password that was in the URL.
    pub fn parse(text: &str) -> Result<BaseUrl> {
        let refuse = |reason| Err(Error::new(ErrorKind::InvalidUrl, reason));
        let text = text.trim();
        if text.is_empty() {
            return refuse("the server's URL is empty");
        }
        if is_quoted(text) {
            return refuse("the server's URL is in quotes: give it without them");
        }
        if has_comment(text) {
            return refuse("the server's URL has a comment behind it: give the URL alone");
        }
        if text.contains(char::is_whitespace) {
            return refuse("the server's URL contains a blank");
        }
        let Ok(mut url) = Url::parse(text) else {
            return refuse(
                "the server's URL is not a URL; it has the form https://HOST/ or https://HOST/PREFIX/",
            );
        };
        if !matches!(url.scheme(), "http" | "https") {
            return refuse("the server's URL must begin with http:// or https://");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse(
                "the server's URL must not contain a user name or password; the token is given separately",
            );
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("the server's URL must end with its path, without ? or #");
        }
        let prefix = url.path().trim_end_matches('/');
        let prefix = prefix
            .strip_suffix("/api/v1")
            .unwrap_or(prefix)
            .trim_end_matches('/')
            .to_owned();
        url.set_path(&format!("{prefix}/"));
        Ok(BaseUrl(url))
    }

    /// Whether connections are made over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The address of a resource of the API, by its path.
    pub(crate) fn api(&self, path: &str) -> Url {
        self.below(["api", "v1"].into_iter().chain(path.split('/')))
    }

    /// The address of a page beside the API, by its path.
    pub(crate) fn page(&self, path: &str) -> Url {
        self.below(path.split('/'))
    }

    /// The address of the endpoint that serves boot files.
    pub(crate) fn boot(&self) -> Url {
        self.below(["tftp", ""].into_iter())
    }

    /// The address of the console's helper on a host, by default the server's own, with a token that opens it.
    ///
    /// None when that is no address. The server has only the parts; its own web page joins them like this.
    pub(crate) fn console(&self, host: Option<&str>, port: u16, token: &str) -> Option<Url> {
        let mut url = self.0.clone();
        let scheme = if self.is_https() { "wss" } else { "ws" };
        url.set_scheme(scheme).ok()?;
        url.set_host(host.or(self.0.host_str())).ok()?;
        url.set_port(Some(port)).ok()?;
        url.set_path("/ws");
        url.set_query(Some(&format!("token={}", encode_value(token))));
        Some(url)
    }

    /// The path and query of an address below this one, as seen from here: `/api/v1/machine?show_all=true`.
    pub(crate) fn relative(&self, url: &Url) -> String {
        let path = url.path();
        let prefix = self.0.path().trim_end_matches('/');
        let path = path.strip_prefix(prefix).unwrap_or(path);
        match url.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }
    }

    /// Whether an address is below this one.
    pub(crate) fn is_above(&self, url: &Url) -> bool {
        url.origin() == self.0.origin() && url.path().starts_with(self.0.path())
    }

    fn below<'a>(&self, path: impl Iterator<Item = &'a str>) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

from_text!(BaseUrl, BaseUrl::parse);

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str())
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BaseUrl({})", self.0)
    }
}

/// Percent-encodes a query value as UTF-8. A space becomes `%20`, because `+` would do only in a form.
pub(crate) fn encode_value(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3 / 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_keeps_its_prefix_and_loses_the_path_of_the_api() {
        for (text, expected) in [
            ("https://lab.example", "https://lab.example/"),
            ("https://lab.example/", "https://lab.example/"),
            (
                "http://lab.example:5000/mrp",
                "http://lab.example:5000/mrp/",
            ),
            (" http://lab.example/mrp// ", "http://lab.example/mrp/"),
            ("http://lab.example/mrp/api/v1/", "http://lab.example/mrp/"),
            ("http://lab.example/api/v1", "http://lab.example/"),
            ("http://[::1]:80/", "http://[::1]/"),
        ] {
            let url = BaseUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), expected);
            let machine = url.api("machine/7");
            assert_eq!(machine.as_str(), format!("{expected}api/v1/machine/7"));
        }
        let url = BaseUrl::parse("http://lab/mrp").unwrap();
        assert_eq!(url.boot().as_str(), "http://lab/mrp/tftp/");
    }

    #[test]
    fn a_segment_stays_one_segment() {
        let url = BaseUrl::parse("http://lab/").unwrap().api("b?c#d%2f");
        assert_eq!(url.as_str(), "http://lab/api/v1/b%3Fc%23d%252f");
    }

    #[test]
    fn what_is_below_it_has_its_origin_and_its_prefix() {
        let base = BaseUrl::parse("http://lab/mrp").unwrap();
        for (url, expected) in [
            ("http://lab/mrp/api/v1/x", true),
            ("http://lab:80/mrp/", true),
            ("http://lab/mrp", false),
            ("http://lab/mrpx/", false),
            ("http://lab/mrp/../x", false),
            ("http://lab/mrp/%2e%2e/x", false),
            ("https://lab/mrp/", false),
            ("http://lab:81/mrp/", false),
        ] {
            assert_eq!(base.is_above(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn values_are_encoded_as_utf8() {
        assert_eq!(
            encode_value("a b+ü\"/%&=#"),
            "a%20b%2B%C3%BC%22%2F%25%26%3D%23"
        );
    }
}
