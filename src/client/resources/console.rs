//! The serial consoles of machines.
//!
//! The server does not speak to consoles itself. It makes a token. With it a helper, reached over a WebSocket, connects
//! everybody to the machine's console for five minutes, any number of times: the token is a secret. The server's answer
//! has the helper's port and, where that is another machine, its host, but no whole address: it is made here as the
//! server's own web page makes it.

use std::fmt;

use reqwest::Url;
use serde::Deserialize;

use crate::client::client::ReadWrite;
use crate::client::http::operation::{Effect, Operation, Subject};
use crate::client::http::request::Request;
use crate::client::resources::handle::handle;
use crate::client::resources::state::UNASSIGNED;
use crate::client::{ConsoleStream, Error, ErrorKind, Interrupter, MachineId, Result};

/// A way to a machine's console.
#[derive(Clone, PartialEq, Eq)]
pub struct Console {
    /// The WebSocket's address, which has the token in it.
    pub url: String,
    /// The helper's host.
    pub host: String,
    /// The helper's port.
    pub port: u16,
    /// The token that opens the console.
    pub token: String,
}

impl fmt::Debug for Console {
    /// Without the token, and so without the address.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Console")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// The port that the server's own web page takes where none is told.
const DEFAULT_PORT: u16 = 8866;

handle! {
    /// The consoles of a server's machines.
    Consoles
}

/// The server's answer.
#[derive(Clone, Deserialize)]
pub(crate) struct ConsoleAnswer {
    /// Null for the server's own.
    host: Option<String>,
    port: Option<u16>,
    token: String,
}

impl Consoles<'_, ReadWrite> {
    /// Makes a token for a machine's console. The machine needs a BMC; whether that answers is not checked.
    ///
    /// A second token does no harm, so a request whose answer was lost is repeated.
    ///
    /// # Errors
    ///
    /// [`Forbidden`](crate::client::ErrorKind::Forbidden) when the machine is not assigned to the user,
    /// [`InvalidRequest`](crate::client::ErrorKind::InvalidRequest) when it has no BMC.
    pub fn create(&self, machine: MachineId) -> Result<Console> {
        let request = Request::post(
            format!("machine/{machine}/console"),
            format!("opening the console of {}", self.pipeline.machine(machine)),
        )
        .about(Subject::Bmc)
        .forbidden(UNASSIGNED);
        let ConsoleAnswer { host, port, token } = self.pipeline.create(&request, || Ok(None))?;
        let port = port.unwrap_or(DEFAULT_PORT);
        let url = self.pipeline.base().console(host.as_deref(), port, &token);
        let url = url.ok_or_else(|| {
            Error::new(ErrorKind::Decode, "host: it is no host name").during(&request.action)
        })?;
        Ok(Console {
            host: url.host_str().unwrap_or_default().to_owned(),
            url: url.into(),
            port,
            token,
        })
    }

    /// Connects to a console, for reading and typing. None if it was interrupted before it was connected.
    ///
    /// The connection is made with the client's own settings: over TLS where the server is reached over TLS, with the same
    /// trust, and through the proxy of the environment. It goes to the host of the console alone.
    ///
    /// # Errors
    ///
    /// [`Connect`](crate::client::ErrorKind::Connect) and the other kinds of an exchange without an answer;
    /// [`Forbidden`](crate::client::ErrorKind::Forbidden) when the token is not, or no longer, valid;
    /// [`UnexpectedStatus`](crate::client::ErrorKind::UnexpectedStatus) when no console is there.
    pub fn connect(
        &self,
        machine: MachineId,
        console: &Console,
        interrupter: &Interrupter,
    ) -> Result<Option<ConsoleStream>> {
        let action = Operation {
            description: format!("reading the console of {}", self.pipeline.machine(machine)),
            effect: Effect::Action,
            subject: Subject::Bmc,
        };
        let url = http_url(&console.url)
            .ok_or_else(|| Error::new(ErrorKind::InvalidUrl, "the console's address is none"))?;
        let socket = self.pipeline.web_socket(&url, &action, interrupter)?;
        Ok(socket.map(|socket| ConsoleStream::new(socket, action)))
    }
}

/// The address by which the connection of a WebSocket begins: with a request of HTTP.
fn http_url(address: &str) -> Option<Url> {
    let rest = address.strip_prefix("ws")?;
    Url::parse(&format!("http{rest}")).ok()
}
