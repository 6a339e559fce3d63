//! WebSockets: the request that begins one, sent by the HTTP client itself, so with its TLS, proxy and time limits, and the
//! connection that it becomes.

use std::future::{Future, poll_fn};
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{CONNECTION, HeaderMap, UPGRADE};
use reqwest::{Response, StatusCode, Upgraded};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::protocol::{Role, WebSocketConfig};

use crate::client::console_stream::Interrupter;
use crate::client::http::runtime::BlockingRuntime;
use crate::client::http::transport_error::FailedExchange;
use crate::client::{Error, ErrorKind, Result};

/// What RFC 6455 hashes with the key of the request.
const ACCEPT_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// More than any message of a console has.
const LARGEST_MESSAGE: usize = 64 * 1024;
const BUFFER: usize = 4 * 1024;

pub(crate) type WebSocket = tungstenite::WebSocket<Wire>;

/// Opens a WebSocket; None if it was interrupted before.
pub(super) fn open(
    http: &reqwest::Client,
    exchange: &FailedExchange,
    interrupter: &Interrupter,
) -> Result<Option<WebSocket>> {
    let unusable =
        |reason: &str| Error::new(ErrorKind::Tls, format!("cannot set up HTTP: {reason}"));
    let runtime = BlockingRuntime::new().map_err(|error| unusable(&error.to_string()))?;
    let key = new_key().ok_or_else(|| unusable("the system has no random numbers"))?;
    let mut interrupted = false;
    let upgrade = async {
        let upgrade = tokio::time::timeout(exchange.stall_timeout, upgrade(http, exchange, &key));
        match interruptible(interrupter, upgrade).await {
            Some(upgraded) => upgraded.ok(),
            None => {
                interrupted = true;
                None
            }
        }
    };
    let upgraded = runtime.run(upgrade);
    if interrupted {
        return Ok(None);
    }
    let upgraded = upgraded.ok_or_else(|| exchange.stalled())??;
    let wire = Wire {
        runtime,
        upgraded,
        interrupter: interrupter.clone(),
        read_limit: exchange.stall_timeout,
        write_limit: exchange.stall_timeout,
    };
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(LARGEST_MESSAGE))
        .max_frame_size(Some(LARGEST_MESSAGE));
    let socket = WebSocket::from_raw_socket(wire, Role::Client, Some(config));
    Ok(Some(socket))
}

fn new_key() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(STANDARD.encode(bytes))
}

async fn upgrade(
    http: &reqwest::Client,
    exchange: &FailedExchange<'_>,
    key: &str,
) -> Result<Upgraded> {
    let failed = |error| exchange.failed(error);
    let request = http
        .get(exchange.url.clone())
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", key);
    let response = request.send().await.map_err(failed)?;
    require_switch(&response, key).map_err(|error| error.during(exchange.action))?;
    response.upgrade().await.map_err(failed)
}

fn require_switch(response: &Response, key: &str) -> Result<()> {
    match response.status() {
        StatusCode::SWITCHING_PROTOCOLS if is_accepted(response.headers(), key) => Ok(()),
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Err(Error::new(
            ErrorKind::Forbidden,
            "the token of the console is refused",
        )),
        status => {
            let reason = format!("no console is there: HTTP status {}", status.as_u16());
            Err(Error::new(ErrorKind::UnexpectedStatus, reason))
        }
    }
}

/// Whether what answers is a WebSocket and has read this very request.
fn is_accepted(headers: &HeaderMap, key: &str) -> bool {
    let hash = digest(
        &SHA1_FOR_LEGACY_USE_ONLY,
        format!("{key}{ACCEPT_SUFFIX}").as_bytes(),
    );
    let accept = headers.get("Sec-WebSocket-Accept");
    accept.is_some_and(|accept| accept.as_bytes() == STANDARD.encode(hash).as_bytes())
}

/// The connection below a WebSocket. Its calls block, and a read ends when nothing came within its limit or it was
/// interrupted: then it is one that would block.
pub(crate) struct Wire {
    runtime: BlockingRuntime,
    upgraded: Upgraded,
    interrupter: Interrupter,
    /// How long a read waits.
    pub(crate) read_limit: Duration,
    write_limit: Duration,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut upgraded = Pin::new(&mut self.upgraded);
        let read = poll_fn(|context| {
            let mut buffer = ReadBuf::new(buffer);
            ready!(upgraded.as_mut().poll_read(context, &mut buffer))?;
            Poll::Ready(Ok(buffer.filled().len()))
        });
        let read = async {
            let read = tokio::time::timeout(self.read_limit, read);
            interruptible(&self.interrupter, read).await?.ok()
        };
        let read = self.runtime.run(read);
        read.unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()))
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut upgraded = Pin::new(&mut self.upgraded);
        let write = poll_fn(|context| upgraded.as_mut().poll_write(context, bytes));
        let write = async { tokio::time::timeout(self.write_limit, write).await.ok() };
        let written = self.runtime.run(write);
        written.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut upgraded = Pin::new(&mut self.upgraded);
        let flush = poll_fn(|context| upgraded.as_mut().poll_flush(context));
        let flush = async { tokio::time::timeout(self.write_limit, flush).await.ok() };
        let flushed = self.runtime.run(flush);
        flushed.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// The output of a future; None if it was interrupted before.
async fn interruptible<T>(interrupter: &Interrupter, future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut interrupted = std::pin::pin!(interrupter.interrupted());
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        interrupted.as_mut().poll(context).map(|()| None)
    })
    .await
}
