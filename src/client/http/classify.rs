//! Makes errors of answers that are refusals or failures.
//!
//! The server's `errors` is a list, a list with nulls, or a string; its refusals can also be empty or HTML pages, whose
//! wording differs between versions and is not used.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderName, RETRY_AFTER};
use serde::Deserialize;
use serde_json::Value;

use crate::client::error::ErrorResponse;
use crate::client::http::request::{Request, RequestBody};
use crate::client::http::response::Response;
use crate::client::http::server_text;
use crate::client::tls::trust_problem::TrustRemedy;
use crate::client::{Error, ErrorCode, ErrorKind, Result, Token};
use crate::support::redaction::Redactor;

/// The longest text of several sentences, in bytes.
const LONGEST: usize = 400;

/// What stands in place of the token.
const MASK: &str = "***";

/// Passes successful answers on, and makes errors of all others.
pub(crate) fn check(request: &Request, response: Response, token: &Token) -> Result<Response> {
    let is_success = (200..300).contains(&response.status);
    if is_success || request.is_answered_by(response.status) && !response.body.is_empty() {
        return Ok(response);
    }
    // A server, or a proxy before it, may repeat what it was sent.
    Err(error(request, &response, &Redactor::new([token.expose()])))
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
    fn parse(response: &Response) -> ErrorBody {
        serde_json::from_slice(&response.body).unwrap_or_default()
    }

    fn error_type(&self) -> &str {
        self.error_type.as_str().unwrap_or_default()
    }

    /// What it says, if that is fit for a user.
    fn text(&self) -> Option<String> {
        let list = match &self.errors {
            Value::Array(list) => list.as_slice(),
            other => std::slice::from_ref(other),
        };
        let texts = list.iter().filter_map(Value::as_str);
        let texts = texts.map(|text| server_text::readable(self.error_type(), text));
        let text = texts.collect::<Option<Vec<&str>>>()?.join("; ");
        (!text.is_empty() && text.len() <= LONGEST).then_some(text)
    }
}

/// Whether a web server answers a request without TLS at its port for TLS: nginx, Apache and Go's.
fn wants_tls(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    [
        "plain HTTP request was sent to HTTPS port",
        "plain HTTP to an SSL-enabled server port",
        "HTTP request to an HTTPS server",
    ]
    .iter()
    .any(|sentence| text.contains(sentence))
}

fn error(request: &Request, response: &Response, redactor: &Redactor) -> Error {
    let body = ErrorBody::parse(response);
    let text = body
        .text()
        .map(|text| redactor.redact(&text, MASK).unwrap_or(text));
    let code = text.as_deref().and_then(ErrorCode::from_text);
    let status = response.status;
    if let (413, RequestBody::Upload(upload)) = (status, &request.body) {
        let size = upload.digest.size;
        return Error::upload_too_large(size, Some(status)).during(&request.action);
    }
    if status == 400 && wants_tls(&response.body) {
        let reason = "the server speaks only TLS at this port";
        return Error::new(ErrorKind::Untrusted, reason)
            .during(&request.action)
            .with_remedy(Some(TrustRemedy::Https));
    }
    let kind = match status {
        400 | 413 => ErrorKind::InvalidRequest,
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 if is_missing_file(request, response) => ErrorKind::NotFound,
        404 if body.error_type() == "InvalidUsage" => ErrorKind::NotFound,
        404 | 405 => ErrorKind::NoSuchPath,
        409 => ErrorKind::Conflict,
        500 if body.error_type() == "BMCError" => ErrorKind::Bmc,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::UnexpectedStatus,
    };
    let reason = match (kind, text) {
        (ErrorKind::InvalidRequest, _) if status == 413 => {
            "the request is larger than the server accepts (status 413)".to_owned()
        }
        (ErrorKind::InvalidRequest, Some(text)) => format!("the server does not accept it: {text}"),
        (ErrorKind::InvalidRequest, None) => {
            format!("{} (status 400)", refusal_without_text(response, &body))
        }
        (ErrorKind::Unauthorized, _) => "the server does not accept this token".to_owned(),
        (ErrorKind::Forbidden, Some(text)) if code != Some(ErrorCode::Forbidden) => {
            format!("the server refuses: {text}")
        }
        (ErrorKind::Forbidden, _) => request.forbidden.to_owned(),
        (ErrorKind::NotFound | ErrorKind::Conflict, Some(text)) => text,
        (ErrorKind::NotFound, None) if is_missing_file(request, response) => {
            "the file is not there".to_owned()
        }
        (ErrorKind::NotFound, None) => "not found".to_owned(),
        (ErrorKind::NoSuchPath, _) => format!("the API is not at this address (status {status})"),
        // Constraint violations are explained in SQL; what they mean is known from the request.
        (ErrorKind::Conflict, None) => request.conflict.to_owned(),
        (ErrorKind::Bmc, _) => "the machine's BMC did not do as asked".to_owned(),
        (ErrorKind::Server, _) if matches!(status, 502..=504) => {
            format!("the server is not available (status {status})")
        }
        (ErrorKind::Server, _) => format!("the server failed (status {status})"),
        _ => format!("the server answered with status {status}, which the API does not have"),
    };
    let detail = server_text::detail(body.error_type(), &body.errors, &response.body);
    Error::new(kind, reason)
        .during(&request.action)
        .with_delivery(response.delivered)
        .with_response(ErrorResponse {
            status: Some(status),
            code,
            has_text: !response.body.is_empty(),
            detail: redactor.redact(&detail, MASK).unwrap_or(detail),
            retry_after: retry_after(response),
        })
}

/// The boot endpoint, and that of rendered preseeds, answer with nothing where they have none; a page comes from something
/// else.
fn is_missing_file(request: &Request, response: &Response) -> bool {
    request.may_be_missing() && response.body.is_empty()
}

fn refusal_without_text(response: &Response, body: &ErrorBody) -> &'static str {
    match body.error_type() {
        "DataError" | "ProgrammingError" => "the server's database does not accept a value",
        _ if response.body.is_empty() => "the server refuses the request and gives no reason",
        _ => "the server does not accept the request",
    }
}

/// How long the server asks to wait: seconds, or a date that is compared with the server's own clock.
fn retry_after(response: &Response) -> Option<Duration> {
    let header = |name: HeaderName| response.headers.get(name)?.to_str().ok();
    let text = header(RETRY_AFTER)?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let now = header(DATE).and_then(|date| httpdate::parse_http_date(date).ok());
    let now = now.unwrap_or_else(SystemTime::now);
    Some(until.duration_since(now).unwrap_or_default())
}
