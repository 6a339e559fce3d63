//! A request as the handlers see it: read to its end, its path and query decoded.

use bytes::Bytes;
use hyper::HeaderMap;

use crate::multipart::Form;
use crate::py::Py;
use crate::reply::Reply;
use crate::schema::{Fields, Schema};

pub(crate) struct Call {
    pub(crate) method: String,
    /// Decoded, without the query.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The parts of a multipart body.
    pub(crate) form: Option<Form>,
    /// The body was longer than the application's limit and was thrown away.
    pub(crate) too_large: bool,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// The first value of a query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Only the word `true`, in any letter case, is true.
    pub(crate) fn show_all(&self) -> bool {
        self.parameter("show_all")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn host(&self) -> String {
        self.header("host").unwrap_or_default()
    }

    /// The body as JSON, whatever its content type says.
    pub(crate) fn json(&self) -> Result<Py, Reply> {
        Py::from_body(&self.body).ok_or_else(Reply::bad_request)
    }

    pub(crate) fn fields(&self, schema: &Schema) -> Result<Fields, Reply> {
        schema
            .check(&self.json()?)
            .map_err(|refusal| refusal.into_reply())
    }
}

/// Splits a request target into its decoded path and query.
pub(crate) fn split_target(target: &str) -> (String, Vec<(String, String)>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    (decode(path, false), parse_query(query))
}

/// Reads `a=1&b=2`.
pub(crate) fn parse_query(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key, true), decode(value, true)))
        .collect()
}

/// Undoes percent-encoding; what is not UTF-8 becomes replacement characters.
fn decode(text: &str, plus_is_blank: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = bytes
            .get(at + 1..at + 3)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code
            .filter(|_| bytes[at] == b'%')
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(match (code, bytes[at]) {
            (Some(byte), _) => byte,
            (None, b'+') if plus_is_blank => b' ',
            (None, byte) => byte,
        });
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}
