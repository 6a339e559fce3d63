//! The body of a JSON request.
//!
//! It records when the HTTP client requests it. A POST whose body was never requested did not reach the server; one whose
//! body was handed over may still take effect.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::client::http::stall_timeout::ExchangeState;

pub(crate) struct JsonBody {
    /// Taken when they are handed over.
    pub(super) bytes: Option<Bytes>,
    pub(super) exchange: Arc<ExchangeState>,
}

impl Body for JsonBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.exchange.record_body_request();
        if !self.exchange.complete_body() {
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
