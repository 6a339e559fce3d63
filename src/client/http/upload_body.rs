//! The body of an upload: a form with the image's description and its file, streamed with a known length.
//!
//! The server does not read chunked bodies, so the length is always declared. The last chunk is sent only if the file is what
//! it was when it was first read, so a file that changed never reaches the server as a complete upload. Where the system
//! tells of every change, it is asked; elsewhere the file is hashed again while it is sent.
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
use crate::client::file_stamp::FileStamp;
use crate::client::http::stall_timeout::ExchangeState;
use crate::client::resources::image_file;
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
    /// Its stamp at that time, where it shows every later change.
    pub(crate) stamp: Option<FileStamp>,
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
            stamp: self.stamp.clone(),
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
    stamp: Option<FileStamp>,
    /// How much of the file was read.
    sent: u64,
    /// Of what was read, where there is no stamp.
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
        if self.stamp.is_none() {
            self.hasher.update(&chunk);
        }
        self.sent += chunk.len() as u64;
        if self.sent == self.expected.size {
            let has_grown = self.read(1)?.is_some();
            if has_grown || !self.is_as_before()? {
                return Err(Error::file_changed(&self.path));
            }
            self.is_complete = true;
        }
        self.report_progress();
        Ok(Some(chunk))
    }

    /// Whether what was read is what the file held when it was opened.
    fn is_as_before(&mut self) -> Result<bool, Error> {
        let failed = |error| Error::file(&self.path, error);
        let Some(before) = &self.stamp else {
            return Ok(std::mem::take(&mut self.hasher).finish() == self.expected);
        };
        let now = FileStamp::of(&self.file).map_err(failed)?;
        if now == *before || !now.has_same_contents(before) {
            return Ok(now == *before);
        }
        // It has another name, or another took its name: only its bytes can tell.
        let digest = image_file::hash(&self.file, &mut Vec::new()).map_err(failed)?;
        self.exchange.record_transfer();
        Ok(digest == self.expected)
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::SystemTime;

    use super::*;

    /// The body of a file that shows its changes, with all of it to be sent.
    fn body(path: &Path) -> FileBody {
        let file = File::open(path).unwrap();
        FileBody {
            path: path.to_owned(),
            expected: image_file::hash(&file, &mut Vec::new()).unwrap(),
            stamp: Some(FileStamp::of(&file).unwrap()),
            file: Arc::new(file),
            sent: 0,
            hasher: Hasher::default(),
            is_complete: false,
            next: None,
            event_check: Box::pin(yield_now()),
            exchange: Arc::new(ExchangeState::new()),
            progress: ProgressListener::default(),
        }
    }

    /// Changes a file after the time of its stamp, and gives it its old time of modification.
    fn change(path: &Path, before: &Option<FileStamp>, bytes: &[u8]) {
        let file = File::options().write(true).open(path).unwrap();
        let mut now = before.clone();
        while now == *before {
            file.write_all_at(bytes, 0).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
            now = Some(FileStamp::of(&file).unwrap());
        }
    }

    #[test]
    fn a_changed_file_is_recognized_by_its_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vmlinuz");
        fs::write(&path, b"first").unwrap();
        let made = File::options().write(true).open(&path).unwrap();
        made.set_modified(SystemTime::UNIX_EPOCH).unwrap();

        assert!(body(&path).is_as_before().unwrap());
        assert_eq!(body(&path).read_chunk().unwrap().unwrap(), "first");

        let mut written = body(&path);
        fs::write(&path, b"other").unwrap();
        assert!(written.read_chunk().is_err());

        made.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let mut set_back = body(&path);
        change(&path, &set_back.stamp, b"third");
        assert!(set_back.read_chunk().is_err());
    }

    #[test]
    fn a_renamed_file_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vmlinuz");
        fs::write(&path, b"first").unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
        let mut renamed = body(&path);
        change(&path, &renamed.stamp, b"first");
        fs::rename(&path, folder.path().join("other")).unwrap();
        assert_eq!(renamed.read_chunk().unwrap().unwrap(), "first");
        assert!(renamed.is_complete);
    }
}
