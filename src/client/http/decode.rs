//! Reads successful answers.
//!
//! Fields this library does not know are ignored. An error names the field by its path, such as `[3].kernel_id`, and
//! never shows what is there: it may be SQL, a command line or a secret.

use serde::de::DeserializeOwned;

use crate::client::http::objects::ObjectsOnly;
use crate::client::http::request::Request;
use crate::client::http::response::Response;
use crate::client::http::server_text;
use crate::client::http::value_path;
use crate::client::{Error, ErrorKind, Result};

/// Reads the JSON of an answer.
pub(crate) fn json<T: DeserializeOwned>(request: &Request, response: &Response) -> Result<T> {
    let unexpected = |error: Error| error.during(&request.action);
    value(&response.body).map_err(unexpected)
}

/// Reads the JSON of an answer's body.
pub(crate) fn value<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    let unexpected = |reason: String| Error::new(ErrorKind::Decode, reason);
    if body.trim_ascii_start().starts_with(b"<") {
        return Err(unexpected("it is a web page, not JSON".to_owned()));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = T::deserialize(ObjectsOnly(&mut deserializer)).map_err(|error| {
        let path = match value_path::at(body, &error) {
            path if path.is_empty() => path,
            path => format!("{path}: "),
        };
        unexpected(server_text::one_line(&format!("{path}{}", problem(&error))))
    })?;
    deserializer
        .end()
        .map_err(|error| unexpected(problem(&error)))?;
    Ok(value)
}

/// What is wrong, without the value. Only errors about values repeat them, before they say what was expected.
fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(", expected ") {
        _ if !error.is_data() => text,
        Some(start) => text[start + 2..].to_owned(),
        None if text.starts_with("missing field") => text,
        None => "another value was expected".to_owned(),
    }
}
