//! A received request for the handlers: body read to its end, path and query decoded.

use bytes::Bytes;
use hyper::HeaderMap;

use crate::multipart::Form;
use crate::python::PyValue;
use crate::reply::Reply;
use crate::schema::{Fields, Schema};

pub(crate) struct Call {
    pub(crate) method: String,
    /// Decoded, without the query.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// The query as it was sent.
    pub(crate) raw_query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The parts of a multipart body.
    pub(crate) form: Option<Form>,
    /// Whether the body exceeded the application's limit and was discarded.
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

    /// Whether `show_all` is `true`, in any letter case.
    pub(crate) fn show_all(&self) -> bool {
        self.parameter("show_all")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A path with the query of this request.
    pub(crate) fn with_query(&self, path: &str) -> String {
        match self.raw_query.is_empty() {
            true => path.to_owned(),
            false => format!("{path}?{}", self.raw_query),
        }
    }

    pub(crate) fn host(&self) -> String {
        self.header("host").unwrap_or_default()
    }

    /// The body as JSON. Of the content type only the charset matters.
    pub(crate) fn json(&self) -> Result<PyValue, Reply> {
        let kind = self.header("content-type").unwrap_or_default();
        let charset = crate::multipart::parameter(&kind, "charset");
        let text = match charset.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "utf-8" | "utf8" | "utf_8" => {
                std::str::from_utf8(&self.body).ok().map(str::to_owned)
            }
            "ascii" | "us-ascii" => String::from_utf8(self.body.to_vec())
                .ok()
                .filter(|text| text.is_ascii()),
            "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => {
                Some(self.body.iter().map(|byte| char::from(*byte)).collect())
            }
            // Python knows more charsets. An unknown one is a 500 there.
            _ => return Err(Reply::internal_error()),
        };
        text.and_then(|text| PyValue::from_body(&text))
            .ok_or_else(Reply::bad_request)
    }

    pub(crate) fn fields(&self, schema: &Schema) -> Result<Fields, Reply> {
        schema
            .check(&self.json()?)
            .map_err(|refusal| refusal.into_reply())
    }
}

/// Splits a request target into its decoded path and its query.
pub(crate) fn split_target(target: &str) -> (String, &str) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    (path.into_owned(), query)
}

/// Parses `a=1&b=2`.
pub(crate) fn parse_query(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}
