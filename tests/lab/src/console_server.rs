//! The program beside the server that connects WebSockets to serial consoles.
//!
//! It takes a token of `POST /machine/ID/console`, asks the server for the command, and passes on what that prints in binary
//! messages of at most 1,024 bytes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::admin;
use crate::call::parse_query;
use crate::console::{self, ConsoleSession, Opened};
use crate::lab_state::Shared;

/// The most bytes of one message to the reader.
const LARGEST_SENT: usize = 1024;
/// A larger message of the reader closes the connection.
const LARGEST_RECEIVED: usize = 8192;
const PING_INTERVAL: Duration = Duration::from_secs(54);

/// Serves until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, shared.clone()))),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let mut opened = None;
    #[expect(clippy::result_large_err, reason = "the library's own type")]
    let check = |request: &Request, response: Response| match open(&shared, request) {
        Ok(session) => {
            opened = Some(session);
            Ok(response)
        }
        Err((status, text)) => {
            let mut refusal = ErrorResponse::new(Some(text.to_owned()));
            *refusal.status_mut() = status.try_into().unwrap_or_default();
            Err(refusal)
        }
    };
    let config = WebSocketConfig::default().max_message_size(Some(LARGEST_RECEIVED));
    let accepted = tokio_tungstenite::accept_hdr_async_with_config(stream, check, Some(config));
    let accepted = accepted.await;
    match (accepted, opened) {
        (Ok(mut socket), Some(Opened::Closing(text))) => {
            let _ = socket.send(Message::Binary(text.into())).await;
            end(&mut socket).await;
        }
        (Ok(mut socket), Some(Opened::Session(mut session))) => {
            let is_ended = connect(&mut socket, &mut session, &shared).await;
            console::close(&mut shared.lock(), &session);
            if is_ended {
                end(&mut socket).await;
            }
        }
        (Err(_), Some(Opened::Session(session))) => console::close(&mut shared.lock(), &session),
        _ => {}
    }
}

/// What a connection with this request gets; else a status and its text.
fn open(shared: &Shared, request: &Request) -> Result<Opened, (u16, &'static str)> {
    if request.uri().path() != "/ws" {
        return Err((404, "404: Not Found"));
    }
    let parameters = parse_query(request.uri().query().unwrap_or_default());
    let token = parameters.iter().find(|(name, _)| name == "token");
    let (_, token) = token.ok_or((400, "Token missing"))?;
    let mut lab = shared.lock();
    let machine = admin::take_console_token(&mut lab, token).map_err(|_| (403, "Invalid token"))?;
    console::open(&mut lab, machine).ok_or((403, "Invalid token"))
}

/// Passes on both ways. Returns false where the connection is broken, or shall break.
async fn connect(
    socket: &mut WebSocketStream<TcpStream>,
    session: &mut ConsoleSession,
    shared: &Shared,
) -> bool {
    let mut pings = tokio::time::interval(PING_INTERVAL);
    pings.tick().await;
    loop {
        tokio::select! {
            printed = session.printed.recv() => match printed {
                // The lab was reset.
                None => return true,
                Some(bytes) => if !send(socket, session, bytes).await {
                    return false;
                }
            },
            typed = socket.next() => match typed {
                Some(Ok(Message::Binary(bytes))) => console::type_in(&mut shared.lock(), session.machine, &bytes),
                Some(Ok(Message::Text(text))) => console::type_in(&mut shared.lock(), session.machine, text.as_bytes()),
                Some(Ok(Message::Close(_))) => return true,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return false,
            },
            _ = pings.tick() => if socket.send(Message::Ping(Bytes::new())).await.is_err() {
                return false;
            },
        }
    }
}

/// Sends bytes in messages. Returns false where the connection is broken, or shall break here.
async fn send(
    socket: &mut WebSocketStream<TcpStream>,
    session: &mut ConsoleSession,
    mut bytes: Bytes,
) -> bool {
    let breaks_here = session
        .breaks_after
        .is_some_and(|left| left <= bytes.len() as u64);
    if let Some(left) = &mut session.breaks_after {
        bytes.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
        *left -= bytes.len() as u64;
    }
    while !bytes.is_empty() {
        let part = bytes.split_to(bytes.len().min(LARGEST_SENT));
        if socket.send(Message::Binary(part)).await.is_err() {
            return false;
        }
    }
    !breaks_here
}

/// Closes a connection as the command's end does.
async fn end(socket: &mut WebSocketStream<TcpStream>) {
    let normal = CloseFrame {
        code: CloseCode::Normal,
        reason: "".into(),
    };
    let _ = socket.close(Some(normal)).await;
    // The reader's own part of the closing.
    let rest = async { while let Some(Ok(_)) = socket.next().await {} };
    let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
}
