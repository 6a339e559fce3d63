//! Turns answers that are errors into types and readable sentences.
//!
//! The server's `errors` is a list, a list with nulls, or a string; its refusals can also be empty or HTML pages, whose
//! wording differs between versions and is never looked at.

use std::time::Duration;

use reqwest::header::DATE;
use reqwest::header::RETRY_AFTER;
use serde::Deserialize;
use serde_json::Value;

use crate::client::error::ErrorResponse;
use crate::client::http::request::{Payload, Request};
use crate::client::http::response::Response;
use crate::client::http::{http_date, redact, server_text};
use crate::client::{ApiError, Result, Token};

/// How much of a raw error body is kept.
const KEPT: usize = 4096;

/// Passes successful answers on, and makes errors of all others.
pub(crate) fn check(request: &Request, mut reply: Response, token: &Token) -> Result<Response> {
    if (200..300).contains(&reply.status) {
        return Ok(reply);
    }
    // A server, or a proxy before it, may repeat what it was sent.
    let text = String::from_utf8_lossy(&reply.body);
    if text.contains(token.expose()) {
        reply.body = text.replace(token.expose(), "***").into_bytes();
    }
    Err(refused(request, &reply))
}

/// The body of most errors.
#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error_type: Value,
    #[serde(default)]
    errors: Value,
}

impl ErrorBody {
    /// Reads it; anything else counts as an error that says nothing.
    fn of(reply: &Response) -> ErrorBody {
        serde_json::from_slice(&reply.body).unwrap_or_default()
    }

    fn kind(&self) -> &str {
        self.error_type.as_str().unwrap_or_default()
    }

    /// What it says, if that is fit for a user.
    fn text(&self) -> Option<String> {
        let texts = match &self.errors {
            Value::Array(list) => list
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join("; "),
            Value::String(text) => text.clone(),
            _ => return None,
        };
        server_text::readable(&texts).map(str::to_owned)
    }
}

fn refused(request: &Request, reply: &Response) -> ApiError {
    let body = ErrorBody::of(reply);
    let status = reply.status;
    let (kind, reason): (fn(Box<ErrorResponse>) -> ApiError, String) = match status {
        401 => (
            ApiError::Unauthorized,
            "the server does not accept this token".to_owned(),
        ),
        403 => (ApiError::Forbidden, forbidden(request, &body)),
        404 if is_missing_file(request, reply) => {
            (ApiError::NotFound, "the file is not there".to_owned())
        }
        404 if body.kind() == "InvalidUsage" => (
            ApiError::NotFound,
            body.text().unwrap_or_else(|| "not found".to_owned()),
        ),
        404 | 405 => (
            ApiError::NoSuchPath,
            format!("the API is not at this address (status {status})"),
        ),
        409 => (ApiError::Conflict, conflict(request, &body)),
        413 => match &request.body {
            Payload::Upload(upload) => {
                let size = upload.digest.size;
                return ApiError::UploadTooLarge {
                    action: request.action.clone(),
                    size,
                    status: Some(status),
                };
            }
            _ => (
                ApiError::InvalidRequest,
                "the request is larger than the server accepts (status 413)".to_owned(),
            ),
        },
        400 => (ApiError::InvalidRequest, invalid(reply, &body)),
        500 if body.kind() == "BMCError" => (
            ApiError::Bmc,
            "the machine's BMC did not do as asked".to_owned(),
        ),
        502..=504 => (
            ApiError::Server,
            format!("the server is not available (status {status})"),
        ),
        500..=599 => (
            ApiError::Server,
            format!("the server failed (status {status})"),
        ),
        _ => (
            ApiError::UnexpectedStatus,
            format!("the server answered with status {status}, which the API does not have"),
        ),
    };
    let kept: &[u8] = match request.private {
        true => b"",
        false => &reply.body[..reply.body.len().min(KEPT)],
    };
    kind(Box::new(ErrorResponse {
        action: request.action.clone(),
        status,
        reason,
        response: redact::passwords(&String::from_utf8_lossy(kept)),
        retry_after: retry_after(reply),
        delivered: reply.delivered,
    }))
}

/// The boot endpoint answers with nothing where it has no such file; a page comes from something else.
fn is_missing_file(request: &Request, reply: &Response) -> bool {
    request.file_size().is_some() && reply.body.is_empty()
}

fn forbidden(request: &Request, body: &ErrorBody) -> String {
    match body.text() {
        Some(text) if text != "Forbidden" => format!("the server refuses: {text}"),
        _ => request.forbidden.to_owned(),
    }
}

/// Constraint violations are told in SQL; what they mean is known from the request.
fn conflict(request: &Request, body: &ErrorBody) -> String {
    match body.text() {
        Some(text) if body.kind() == "InvalidUsage" => text,
        _ => request.conflict.to_owned(),
    }
}

fn invalid(reply: &Response, body: &ErrorBody) -> String {
    let generic = match body.kind() {
        "DataError" | "ProgrammingError" => "the server's database does not accept a value",
        _ if reply.body.is_empty() => "the server refuses the request and gives no reason",
        _ => "the server does not accept the request",
    };
    match body.text() {
        Some(text) => format!("the server does not accept it: {text}"),
        None => format!("{generic} (status 400)"),
    }
}

/// How long the server asks to wait: seconds, or a date that is compared with the server's own clock.
fn retry_after(reply: &Response) -> Option<Duration> {
    let text = reply.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = http_date::parse(text)?;
    let now = reply
        .headers
        .get(DATE)
        .and_then(|date| http_date::parse(date.to_str().ok()?));
    Some(Duration::from_secs(
        until.saturating_sub(now.unwrap_or_else(http_date::now)),
    ))
}
