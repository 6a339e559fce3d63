//! The serial consoles of machines.
//!
//! The server does not speak to consoles itself. It makes a token. With it a helper, reached over a WebSocket, connects
//! everybody to the machine's console for five minutes, any number of times: the token is a secret. The server's answer
//! has the helper's port and, where that is another machine, its host, but no whole address: it is made here as the
//! server's own web page makes it.

use std::fmt;

use serde::Deserialize;

use crate::client::client::ReadWrite;
use crate::client::http::operation::Subject;
use crate::client::http::request::Request;
use crate::client::resources::handle::handle;
use crate::client::resources::state::UNASSIGNED;
use crate::client::{Error, ErrorKind, MachineId, Result};

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

handle! {
    /// The consoles of a server's machines.
    Consoles
}

/// The server's answer.
#[derive(Clone, Deserialize)]
pub(crate) struct ConsoleAnswer {
    /// Null for the server's own.
    host: Option<String>,
    port: u16,
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
}
