//! The serial consoles of machines.
//!
//! The server does not speak to consoles itself. It hands out a token with which a helper, reached over a WebSocket,
//! connects whoever has it to the machine's console, for five minutes and as often as they like: the token is a secret.
//! The server tells the helper's port and, where that is another machine, its host. It tells no whole address: the one
//! made here is what the server's own web page makes of them.

use std::fmt;

use reqwest::Method;
use serde::Deserialize;

use crate::client::client::ReadWrite;
use crate::client::http::request::Request;
use crate::client::resources::handle::handle;
use crate::client::resources::state::UNASSIGNED;
use crate::client::{ApiError, MachineId, Result};

/// A way to a machine's console.
#[derive(Clone, PartialEq, Eq)]
pub struct Console {
    /// The WebSocket's address, which has the token in it.
    pub url: String,
    /// The helper's host.
    pub host: String,
    /// The helper's port.
    pub port: u16,
    /// What opens the console.
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

#[derive(Deserialize)]
struct Answer {
    /// Null for the server's own.
    host: Option<String>,
    port: u16,
    token: String,
}

impl Consoles<'_, ReadWrite> {
    /// Makes a token for a machine's console. Needs a BMC, of which it is not asked whether it answers.
    ///
    /// A second token does no harm, so a request whose answer was lost is repeated.
    pub fn create(&self, machine: MachineId) -> Result<Console> {
        let request = Request::new(
            Method::POST,
            &["machine", &machine.to_string(), "console"],
            format!("opening the console of machine {machine}"),
        )
        .forbidden(UNASSIGNED);
        let answer = self.pipeline.create(
            || self.pipeline.json_once(&request),
            || Ok(None),
            std::convert::identity,
        )?;
        self.reach(answer).ok_or_else(|| ApiError::Decode {
            action: request.action.clone(),
            reason: "host: it is no host name".to_owned(),
        })
    }

    fn reach(&self, answer: Answer) -> Option<Console> {
        let Answer { host, port, token } = answer;
        let url = self
            .pipeline
            .base()
            .console(host.as_deref(), port, &token)?;
        Some(Console {
            host: url.host_str()?.to_owned(),
            url: url.into(),
            port,
            token,
        })
    }
}
