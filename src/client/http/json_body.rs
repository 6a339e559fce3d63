//! The body of a JSON request, which notes when it is taken.
//!
//! Whether a body was ever asked for tells whether a POST can have reached the server, and may still have its effect.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::client::http::stall_timeout::Activity;

pub(crate) struct JsonBody {
    bytes: Option<Bytes>,
    activity: Arc<Activity>,
}

impl JsonBody {
    pub(crate) fn new(bytes: Bytes, activity: Arc<Activity>) -> JsonBody {
        JsonBody {
            bytes: Some(bytes),
            activity,
        }
    }
}

impl Body for JsonBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.activity.touch_sending();
        if !self.activity.deliver() {
            return Poll::Ready(Some(Err(io::Error::other("the request was given up"))));
        }
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64)
    }
}
