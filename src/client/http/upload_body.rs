//! The body of an upload: a form with the image's description and its file, streamed with a known length.
//!
//! The server does not see chunked bodies, so the length is always declared. The file is hashed again while it is sent,
//! and its last chunk is held back until size and hash are those of the first reading. A file that changed thus never
//! reaches the server as a complete upload.
//!
//! A server that refuses an upload answers and closes while it is still coming. Writing to a closed connection fails, and
//! the answer that waits there would never be read: so whoever sends must look first. A large file is held back for a moment
//! behind the head, by which most refusals are made; after that there is a turn of the event loop between two chunks, and
//! the loop looks for arrived bytes in every turn (`event_interval` of the worker).

use std::fs::File;
use std::future::Future;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use reqwest::multipart::{Form, Part};
use tokio::time::Sleep;

use crate::client::digest::{Digest, Hasher};
use crate::client::error::ErrorDetails;
use crate::client::http::stall_timeout::Activity;
use crate::client::{Error, ProgressEvent, ProgressListener};

/// How much is read from the file at once.
const CHUNK: u64 = 64 * 1024;
/// From this size on a file is held back, for an early answer.
const LARGE: u64 = 1024 * 1024;
/// For so long.
const HELD_BACK: Duration = Duration::from_millis(50);

/// A file to upload and the fields that go with it. Every attempt makes a form of its own from it.
pub(crate) struct Upload {
    /// The JSON of the form's field `q`.
    pub(crate) fields: String,
    /// The file's name for the server.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<File>,
    /// What the file held when it was opened.
    pub(crate) digest: Digest,
}

/// Why sending stopped on this side, for whoever gets only the HTTP client's error.
pub(crate) type Trouble = Arc<Mutex<Option<Error>>>;

/// Takes the reason out, if there is one.
pub(crate) fn take(trouble: &Trouble) -> Option<Error> {
    trouble
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
}

impl Upload {
    /// The form, with the whole file still to be sent.
    pub(crate) fn form(
        &self,
        activity: Arc<Activity>,
        trouble: Trouble,
        progress: ProgressListener,
    ) -> reqwest::Result<Form> {
        let body = FileBody {
            path: self.path.clone(),
            file: Arc::clone(&self.file),
            expected: self.digest.clone(),
            sent: 0,
            hasher: Hasher::default(),
            done: false,
            pause: (self.digest.size >= LARGE).then(|| Box::pin(tokio::time::sleep(HELD_BACK))),
            looked: false,
            activity,
            trouble,
            progress,
        };
        body.tell();
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
    sent: u64,
    hasher: Hasher,
    done: bool,
    pause: Option<Pin<Box<Sleep>>>,
    looked: bool,
    activity: Arc<Activity>,
    trouble: Trouble,
    progress: ProgressListener,
}

impl FileBody {
    /// The next chunk, or `None` behind the last one.
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let left = self.expected.size - self.sent;
        if self.done {
            return Ok(None);
        }
        let chunk = self.read(left.min(CHUNK))?;
        self.hasher.update(&chunk);
        self.sent += chunk.len() as u64;
        if self.sent == self.expected.size {
            self.done = true;
            let nothing_behind = self.read(1)?.is_empty();
            if !nothing_behind || std::mem::take(&mut self.hasher).finish() != self.expected {
                return Err(self.changed());
            }
        } else if chunk.is_empty() {
            return Err(self.changed());
        }
        self.tell();
        Ok(Some(chunk).filter(|chunk| !chunk.is_empty()))
    }

    fn tell(&self) {
        self.progress.report(&ProgressEvent::Sending {
            file: &self.path,
            sent: self.sent,
            size: self.expected.size,
        });
    }

    fn read(&self, wanted: u64) -> Result<Bytes, Error> {
        let mut buffer = vec![0; wanted as usize];
        loop {
            match self.file.read_at(&mut buffer, self.sent) {
                Ok(count) => {
                    buffer.truncate(count);
                    return Ok(Bytes::from(buffer));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(ErrorDetails::File {
                        path: self.path.clone(),
                        source: error,
                    }
                    .into());
                }
            }
        }
    }

    fn changed(&self) -> Error {
        ErrorDetails::FileChanged {
            path: self.path.clone(),
        }
        .into()
    }
}

fn given_up<T>() -> Option<io::Result<T>> {
    Some(Err(io::Error::other("the upload was given up")))
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        // From here on the server may have seen the request, even when it closes before it gets a byte of the file.
        self.activity.touch_sending();
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        self.looked = !self.looked;
        if self.looked {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.activity.is_over() {
            return Poll::Ready(given_up());
        }
        match self.next() {
            Ok(_) if self.done && !self.activity.deliver() => Poll::Ready(given_up()),
            Ok(chunk) => Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk)))),
            Err(error) => {
                *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Poll::Ready(Some(Err(io::Error::other("the file cannot be sent"))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.expected.size - self.sent)
    }
}
