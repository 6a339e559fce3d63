//! Reads an answer: bounded in size and time, and of an image's bytes only their digest.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use tokio::time::timeout;

use crate::client::digest::{Digest, Hasher};
use crate::client::error::ByteSize;
use crate::client::http::answer_budget::AnswerShare;
use crate::client::http::list_reader::ListReader;
use crate::client::http::request::Request;
use crate::client::http::stall_timeout::ExchangeState;
use crate::client::{Error, ErrorKind, Result};

/// The most that is kept of a successful answer.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// The most that is read of an error. A preseed that is refused comes back twice.
const MAX_ERROR: usize = 64 * 1024;

/// An answer of any status.
#[derive(Default)]
pub(crate) struct Response {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// Its text; of an error only the beginning.
    pub(super) body: Vec<u8>,
    /// Whether the request's body was handed over whole before the answer came.
    pub(super) delivered: bool,
    digest: Option<Digest>,
    /// Its share of what all answers may take.
    share: AnswerShare,
}

/// Why an answer could not be read to its end.
pub(crate) enum ReadError {
    /// The connection broke, or the server does not speak HTTP.
    Lost(reqwest::Error),
    /// Reading was stopped, because it is too large or does not end.
    Stopped(Error),
}

impl ReadError {
    /// The error for an answer, or a part of one, that is larger than this.
    pub(super) fn too_large(what: &str, limit: usize) -> ReadError {
        let limit = ByteSize(limit as u64);
        let reason = format!("the server's {what} is larger than {limit}");
        ReadError::Stopped(Error::new(ErrorKind::ResponseTooLarge, reason))
    }

    /// The error for an answer that did not end within this time.
    pub(super) fn too_slow(limit: Duration) -> ReadError {
        let seconds = limit.as_secs_f64();
        let reason = format!("the server's answer did not end within {seconds} s");
        ReadError::Stopped(Error::new(ErrorKind::ResponseTooSlow, reason))
    }
}

impl From<reqwest::Error> for ReadError {
    fn from(error: reqwest::Error) -> ReadError {
        ReadError::Lost(error)
    }
}

impl Response {
    /// An answer that did not come over a connection.
    #[cfg(feature = "internals")]
    pub(crate) fn new(status: u16, body: &[u8]) -> Response {
        Response {
            status,
            body: body.to_owned(),
            ..Response::default()
        }
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        self.share
            .extend(&mut self.body, bytes)
            .map_err(ReadError::Stopped)
    }

    /// Whether it is a refusal.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status >= 400
    }

    /// Its text; what is not UTF-8 is replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The digest of a file, or of so much of it that it is larger than expected. The boot endpoint answers with pages too,
    /// and so may a proxy before it: only `application/octet-stream` is a file.
    pub(crate) fn file_digest(self, request: &Request) -> Result<Digest> {
        let content_type = self.headers.get(CONTENT_TYPE);
        let is_file = content_type
            .is_some_and(|text| text.as_bytes().starts_with(b"application/octet-stream"));
        self.digest.filter(|_| is_file).ok_or_else(|| {
            Error::new(ErrorKind::Decode, "it is not a file").during(&request.action)
        })
    }
}

/// Reads the answer. A file of which the size is known is read in constant memory, as long as it takes and until it turns
/// out to be larger; anything else must end within `limit`.
pub(super) async fn read(
    response: reqwest::Response,
    request: &Request,
    limit: Duration,
    exchange: &ExchangeState,
    share: AnswerShare,
) -> Result<Response, ReadError> {
    let is_file = request.file_size().is_some() && response.status().is_success();
    let reading = read_to_end(response, request, exchange, share);
    if is_file {
        return reading.await;
    }
    let read = timeout(limit, reading).await;
    read.unwrap_or_else(|_| Err(ReadError::too_slow(limit)))
}

async fn read_to_end(
    mut response: reqwest::Response,
    request: &Request,
    exchange: &ExchangeState,
    share: AnswerShare,
) -> Result<Response, ReadError> {
    exchange.record_transfer();
    let good = response.status().is_success();
    let limit = if good { MAX_ANSWER } else { MAX_ERROR };
    let mut hasher = request
        .file_size()
        .filter(|_| good)
        .map(|size| (size, Hasher::default()));
    let mut list = request.shorten.filter(|_| good).map(ListReader::new);
    let mut read = Response {
        status: response.status().as_u16(),
        headers: std::mem::take(response.headers_mut()),
        share,
        ..Response::default()
    };
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(error) if good => return Err(ReadError::Lost(error)),
            // The status of a refusal is known and says what failed, so the refusal is returned with a part of its text.
            Err(_) => break,
        };
        exchange.record_transfer();
        if let Some((size, hasher)) = &mut hasher {
            hasher.update(&chunk);
            if hasher.size() > *size {
                break;
            }
            continue;
        }
        let kept = match &mut list {
            Some(list) => list.read(&chunk)?,
            None => chunk,
        };
        let room = limit - read.body.len();
        read.keep(&kept[..kept.len().min(room)])?;
        if kept.len() > room {
            if good {
                return Err(ReadError::too_large("answer", limit));
            }
            break;
        }
    }
    if let Some(list) = list {
        read.keep(&list.rest())?;
    }
    read.digest = hasher.map(|(_, hasher)| hasher.finish());
    Ok(read)
}
