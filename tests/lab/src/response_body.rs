//! The body of a response: bytes or a file, sent in pieces, truncated if a fault says so.

use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use crate::reply::Content;

const PIECE: u64 = 256 << 10;

/// How a connection ends without a complete answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Abort {
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lab cut the connection")
    }
}

impl std::error::Error for Abort {}

enum Source {
    Bytes(Bytes),
    File(File),
}

pub(crate) struct LabBody {
    source: Source,
    /// The value of Content-Length.
    announced: u64,
    /// The bytes still to be sent. The connection closes after them if they are fewer than announced.
    left: u64,
    sent: u64,
    pause: Option<Pin<Box<Sleep>>>,
}

impl LabBody {
    pub(crate) fn new(content: Content) -> io::Result<LabBody> {
        let (source, announced) = match content {
            Content::Text(text) => {
                let size = text.len() as u64;
                (Source::Bytes(Bytes::from(text)), size)
            }
            Content::File(path) => {
                let file = File::open(path)?;
                let size = file.metadata()?.len();
                (Source::File(file), size)
            }
        };
        Ok(LabBody {
            source,
            announced,
            left: announced,
            sent: 0,
            pause: None,
        })
    }

    /// Sends only the first `bytes`. Content-Length is always larger than what is sent.
    pub(crate) fn truncated(mut self, bytes: u64) -> LabBody {
        self.announced = self.announced.max(bytes + 1);
        self.left = self.left.min(bytes);
        self
    }

    fn piece(&mut self) -> io::Result<Bytes> {
        let size = self.left.min(PIECE) as usize;
        self.left -= size as u64;
        self.sent += size as u64;
        match &mut self.source {
            Source::Bytes(bytes) => Ok(bytes.split_to(size)),
            Source::File(file) => {
                let mut piece = vec![0; size];
                file.read_exact(&mut piece)?;
                Ok(piece.into())
            }
        }
    }
}

impl Body for LabBody {
    type Data = Bytes;
    type Error = Abort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Abort>>> {
        if self.left > 0 {
            return Poll::Ready(Some(
                self.piece().map(Frame::data).map_err(|_| Abort::Close),
            ));
        }
        if self.sent == self.announced {
            return Poll::Ready(None);
        }
        // The bytes that were written must reach the client before the connection is closed.
        let pause = self
            .pause
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::from_millis(20))));
        ready!(pause.as_mut().poll(context));
        Poll::Ready(Some(Err(Abort::Close)))
    }

    fn is_end_stream(&self) -> bool {
        self.sent == self.announced
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced - self.sent)
    }
}
