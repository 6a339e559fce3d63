//! The stream of a machine's console: its bytes as they come, and what is typed.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;
use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;

use crate::client::http::operation::Operation;
use crate::client::http::transport_error::root_cause;
use crate::client::http::websocket::WebSocket;
use crate::client::{Error, ErrorKind, Result};

/// How long a connection may be without a message. The other side sends one every 54 s at least, to see whether this one is
/// there.
const LONGEST_PAUSE: Duration = Duration::from_secs(150);

/// The other side closes the connection on more than 8,192 bytes in a message.
const LARGEST_TYPED: usize = 4 * 1024;

/// A connection to a console. Dropping it ends it. Its calls block; inside an async runtime they belong where blocking is
/// allowed, such as in `tokio::task::spawn_blocking`.
pub struct ConsoleStream {
    socket: WebSocket,
    action: Operation,
    last_message: Instant,
}

/// What a read found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsoleOutput {
    /// What the machine printed, as it came: any bytes, in pieces that end anywhere.
    Bytes(Bytes),
    /// Nothing came within the time, or the read was interrupted.
    Nothing,
    /// The other side has ended the session.
    End,
}

/// Ends the read of a console that is under way, or the next one, from any thread.
#[derive(Clone, Debug, Default)]
pub struct Interrupter(Arc<Notify>);

impl Interrupter {
    /// Ends the read.
    pub fn interrupt(&self) {
        self.0.notify_one();
    }

    pub(super) async fn interrupted(&self) {
        self.0.notified().await;
    }
}

impl ConsoleStream {
    pub(super) fn new(socket: WebSocket, action: Operation) -> ConsoleStream {
        ConsoleStream {
            socket,
            action,
            last_message: Instant::now(),
        }
    }

    /// Waits for what the machine prints next, no longer than this.
    ///
    /// # Errors
    ///
    /// [`Disconnected`](crate::client::ErrorKind::Disconnected) when the connection broke,
    /// [`Timeout`](crate::client::ErrorKind::Timeout) when the other side is silent although it should not be,
    /// [`Server`](crate::client::ErrorKind::Server) when it reports an error of its own.
    pub fn read(&mut self, limit: Duration) -> Result<ConsoleOutput> {
        self.socket.get_mut().read_limit = limit;
        loop {
            let message = match self.socket.read() {
                Ok(message) => message,
                Err(error) => return self.without_message(error),
            };
            self.last_message = Instant::now();
            match message {
                Message::Binary(bytes) if bytes.is_empty() => {}
                Message::Binary(bytes) => return Ok(ConsoleOutput::Bytes(bytes)),
                // A text is an error of the other side, not of the machine, and is not shown: it may hold anything.
                Message::Text(_) => {
                    let reason = "what connects to the console reports an error of its own";
                    return Err(self.error(ErrorKind::Server, reason.into()));
                }
                Message::Close(Some(frame)) if frame.code != CloseCode::Normal => {
                    let reason = format!("it was closed with the code {}", u16::from(frame.code));
                    return Err(self.error(ErrorKind::Disconnected, reason));
                }
                Message::Close(_) => {
                    // The answer to it; nothing more is read or sent.
                    let _ = self.socket.flush();
                    return Ok(ConsoleOutput::End);
                }
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Types on the console.
    ///
    /// # Errors
    ///
    /// [`Disconnected`](crate::client::ErrorKind::Disconnected) when the connection broke.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        for part in bytes.chunks(LARGEST_TYPED) {
            let message = Message::Binary(Bytes::copy_from_slice(part));
            self.socket
                .send(message)
                .map_err(|error| self.error(ErrorKind::Disconnected, root_cause(&error)))?;
        }
        Ok(())
    }

    fn without_message(&self, error: tungstenite::Error) -> Result<ConsoleOutput> {
        match error {
            tungstenite::Error::Io(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if self.last_message.elapsed() < LONGEST_PAUSE {
                    return Ok(ConsoleOutput::Nothing);
                }
                let reason = format!("nothing came for {} s", LONGEST_PAUSE.as_secs());
                Err(self.error(ErrorKind::Timeout, reason))
            }
            tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => {
                Ok(ConsoleOutput::End)
            }
            error => Err(self.error(ErrorKind::Disconnected, root_cause(&error))),
        }
    }

    fn error(&self, kind: ErrorKind, reason: String) -> Error {
        Error::new(kind, reason).during(&self.action)
    }
}

impl fmt::Debug for ConsoleStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ConsoleStream")
            .finish_non_exhaustive()
    }
}
