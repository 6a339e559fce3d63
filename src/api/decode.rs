//! Reads successful answers.
//!
//! Fields this library does not know are ignored. An error names the field by its path, such as `[3].kernel_id`.

use serde::de::DeserializeOwned;

use super::receive::Reply;
use super::request::Request;
use super::{ApiError, Result, sentence};

/// Reads the JSON of an answer.
pub(super) fn json<T: DeserializeOwned>(request: &Request, reply: &Reply) -> Result<T> {
    let unexpected = |reason| ApiError::Decode {
        action: request.action.clone(),
        reason,
    };
    if reply.body.trim_ascii_start().starts_with(b"<") {
        return Err(unexpected("it is a web page, not JSON".to_owned()));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(&reply.body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => String::new(),
            path => format!("{path}: "),
        };
        unexpected(sentence::one_line(&format!("{path}{}", error.inner())))
    })?;
    deserializer
        .end()
        .map_err(|error| unexpected(sentence::one_line(&error.to_string())))?;
    Ok(value)
}
