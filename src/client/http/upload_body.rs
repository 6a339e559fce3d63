//! The body of an upload: a form with the image's description and its file, streamed with a known length.
//!
//! The server does not read chunked bodies, so the length is always declared. The file is hashed again while it is sent, and
//! its last chunk is sent only if size and hash are those of the first reading. So a file that changed never reaches the
//! server as a complete upload.
//!
//! A server may refuse an upload while it is still being sent, and close. Writing to the closed connection fails, and the
//! HTTP client then drops an answer that it has not read. So the event loop asks the system for events right before every
//! chunk is written: `yield_now` returns after it has done so. The chunk is read and hashed before that, because an answer
//! that comes between the check and the write is lost. Without this most answers before an immediate close are lost.
//!
//! The event loop is also asked before every chunk is read. The HTTP client asks for the first chunk before it has written the
//! head of the request, and it writes the head while the body waits. So the server gets the head even if the first reading
//! finds that the file has changed. Without this the test `upload_of_a_changed_file_is_broken_off` fails.

use std::fs::File;
use std::future::Future;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};
use reqwest::multipart::{Form, Part};
use tokio::task::yield_now;

use crate::client::digest::{Digest, Hasher};
use crate::client::http::stall_timeout::ExchangeState;
use crate::client::{Error, ProgressEvent, ProgressListener};

/// How much is read from the file at once.
const CHUNK: u64 = 64 * 1024;

/// A file to upload and its description. Every attempt makes a new form from it.
pub(crate) struct Upload {
    /// The JSON of the form's field `q`.
    pub(crate) fields: String,
    /// The file's name for the server.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<File>,
    /// Size and hash of the file when it was opened.
    pub(crate) digest: Digest,
}

impl Upload {
    /// The form, with the whole file still to be sent.
    pub(crate) fn form(
        &self,
        exchange: Arc<ExchangeState>,
        progress: ProgressListener,
    ) -> reqwest::Result<Form> {
        let body = FileBody {
            path: self.path.clone(),
            file: Arc::clone(&self.file),
            expected: self.digest.clone(),
            sent: 0,
            hasher: Hasher::default(),
            is_complete: false,
            next: None,
            event_check: Box::pin(yield_now()),
            exchange,
            progress,
        };
        body.report_progress();
        let file = Part::stream_with_length(reqwest::Body::wrap(body), self.digest.size)
            .file_name(self.name.clone())
            .mime_str("application/octet-stream")?;
        Ok(Form::new()
            .text("q", self.fields.clone())
            .part("file", file))
    }
}

struct FileBody {
    path: PathBuf,
    file: Arc<File>,
    expected: Digest,
    /// How much of the file was read.
    sent: u64,
    hasher: Hasher,
    /// Whether the whole file was read, and is what it was.
    is_complete: bool,
    /// The chunk to hand over after the next event check.
    next: Option<Bytes>,
    /// Ends after the event loop has asked the system for events.
    event_check: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
    exchange: Arc<ExchangeState>,
    progress: ProgressListener,
}

impl FileBody {
    /// Reads the next chunk. Returns `None` at the end.
    fn read_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if self.is_complete {
            return Ok(None);
        }
        let left = self.expected.size - self.sent;
        let chunk = self
            .read(left.min(CHUNK))?
            .ok_or_else(|| Error::file_changed(&self.path))?;
        self.hasher.update(&chunk);
        self.sent += chunk.len() as u64;
        if self.sent == self.expected.size {
            let has_grown = self.read(1)?.is_some();
            if has_grown || std::mem::take(&mut self.hasher).finish() != self.expected {
                return Err(Error::file_changed(&self.path));
            }
            self.is_complete = true;
        }
        self.report_progress();
        Ok(Some(chunk))
    }

    fn report_progress(&self) {
        self.progress.report(&ProgressEvent::Sending {
            file: &self.path,
            sent: self.sent,
            size: self.expected.size,
        });
    }

    /// The next bytes of the file; `None` when it ends before.
    fn read(&self, count: u64) -> Result<Option<Bytes>, Error> {
        let mut buffer = vec![0; count as usize];
        match self.file.read_exact_at(&mut buffer, self.sent) {
            Ok(()) => Ok(Some(Bytes::from(buffer))),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(Error::file(&self.path, error)),
        }
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        // From here on the server may have seen the request, even if it closes before it gets a byte of the file.
        self.exchange.record_body_request();
        loop {
            ready!(self.event_check.as_mut().poll(context));
            self.event_check = Box::pin(yield_now());
            if let Some(chunk) = self.next.take() {
                if self.exchange.is_finished()
                    || (self.is_complete && !self.exchange.complete_body())
                {
                    return stop("the exchange has ended");
                }
                return Poll::Ready(Some(Ok(Frame::data(chunk))));
            }
            match self.read_chunk() {
                Ok(Some(chunk)) => self.next = Some(chunk),
                Ok(None) => return Poll::Ready(None),
                Err(error) => {
                    self.exchange.set_body_error(error);
                    return stop("the file cannot be sent");
                }
            }
        }
    }
}

/// Ends the body before its declared length, so that the HTTP client closes the connection.
fn stop<T>(reason: &str) -> Poll<Option<io::Result<T>>> {
    Poll::Ready(Some(Err(io::Error::other(reason))))
}
