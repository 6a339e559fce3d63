//! The preseed of a machine as its installer gets it.
//!
//! The server renders only the preseed that a machine is assigned, for anyone and without a token. Names that it does not
//! know render to nothing. It notes every reader in the machine's events, also this one.

use crate::client::http::request::Request;
use crate::client::http::server_text;
use crate::client::{Error, ErrorKind, MachineId, Preseeds, Result};

/// What the server makes of a machine's preseed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RenderedPreseed {
    /// The text that the installer gets.
    Text(String),
    /// The template is broken, and the installer gets nothing.
    Broken {
        /// Why, in the server's words.
        reason: String,
        /// The line of the template, where the server tells it.
        line: Option<u32>,
    },
}

impl<Access> Preseeds<'_, Access> {
    /// The preseed that a machine is assigned, rendered for it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::client::ErrorKind::NotFound) when the machine has none,
    /// [`Server`](crate::client::ErrorKind::Server) with status 500 when rendering it fails for another reason than its
    /// syntax.
    pub fn render(&self, machine: MachineId) -> Result<RenderedPreseed> {
        let action = format!("rendering the preseed of machine {machine}");
        let request = Request::page(format!("preseed/{machine}"), action);
        let response = self.pipeline.call(&request)?;
        let text = response.text();
        if !response.is_refusal() {
            return Ok(RenderedPreseed::Text(text));
        }
        broken_template(text.trim()).ok_or_else(|| {
            let reason = "a page came that is not the server's";
            Error::new(ErrorKind::UnexpectedStatus, reason).during(&request.action)
        })
    }
}

/// The server refuses a broken template with one line of plain text; a page with markup comes from something before it.
fn broken_template(text: &str) -> Option<RenderedPreseed> {
    if text.starts_with(['<', '{']) {
        return None;
    }
    let (text, line) = match text.rsplit_once(" - line: ") {
        Some((text, line)) => (text, line.parse().ok()),
        None => (text, None),
    };
    let reason = match text.split_once(" preseed template: ") {
        Some((_, reason)) => reason,
        None => text,
    };
    Some(RenderedPreseed::Broken {
        reason: server_text::one_line(reason),
        line,
    })
}
