//! The client library: typed access to the token API of a Mr-Provisioner server.
//!
//! It knows HTTP and the server, and nothing of Ansible. [`Client::builder`] makes a client from a URL and a token; every
//! resource is a handle with the same verbs: `list`, `get`, `find`, `create`, `update`, `delete`.
//!
//! ```no_run
//! use mr_provisioner::client::{Client, Scope};
//!
//! # fn main() -> mr_provisioner::client::Result<()> {
//! let client = Client::builder("https://lab.example/mrp/", "...").connect()?;
//! let machine = client.machines().find("rack 7/slot 2")?;
//! let kernels = client.images().list(Scope::Own)?;
//! # Ok(())
//! # }
//! ```
//!
//! A program that only reads takes a [`ReadOnlyClient`], which has no calls that write:
//!
//! ```no_run
//! # use mr_provisioner::client::{Client, ReadOnlyClient};
//! # fn main() -> mr_provisioner::client::Result<()> {
//! let client: ReadOnlyClient = Client::builder("https://lab.example/", "...").connect_read_only()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Requests
//!
//! The steps of a request are in the order of `http/mod.rs`: send, classify, retry, decode. What must not happen twice is
//! never repeated blindly: creating looks first whether it took effect, and provisioning says when its outcome is unknown.
//!
//! # Errors
//!
//! An [`Error`] is one sentence fit for a user, with a separate hint; [`Error::kind`] and the predicates are for programs.
//! The server's own text, which may hold SQL, HTML or a BMC's password, is never part of the sentence.
//!
//! # Async programs
//!
//! Calls block their thread until the answer is there. They work inside an async runtime too, but then they block one of
//! its threads: run them where blocking is allowed, such as in `tokio::task::spawn_blocking`.

#[expect(
    clippy::module_inception,
    reason = "the file is named after the type that it holds"
)]
mod client;
mod clock;
mod console_stream;
mod digest;
mod error;
mod error_code;
mod error_kind;
mod file_stamp;
mod from_text;
mod hint;
pub(crate) mod http;
mod query;
pub(crate) mod resources;
mod settings;
mod tls;
mod token;
mod url;

pub use client::{Client, ReadOnly, ReadOnlyClient, ReadWrite};
pub use clock::Clock;
pub use console_stream::{ConsoleOutput, ConsoleStream, Interrupter};
pub use digest::{Digest, Sha256, mark_of};
pub use error::{Error, Result};
pub use error_code::ErrorCode;
pub use error_kind::ErrorKind;
pub use query::{Comparison, Operand, Query, Symbol};
pub use resources::assignee::{Assignee, AssigneeId, Assignees, NewAssignee};
pub use resources::console::{Console, Consoles};
pub use resources::image::{Image, ImageChanges, ImageId, ImageType, Images, NewImage};
pub use resources::image_file::ImageFile;
pub use resources::interface::{ConfigType, Interface, InterfaceChanges, InterfaceId, Interfaces};
pub use resources::machine::{Machine, MachineChanges, MachineId, Machines};
pub use resources::power::{Power, PowerOrder, Powers};
pub use resources::preseed::{
    NewPreseed, OmittedContent, Preseed, PreseedChanges, PreseedId, PreseedType, Preseeds,
};
pub use resources::rendered_preseed::RenderedPreseed;
pub use resources::reservation::Reservations;
pub use resources::scope::Scope;
pub use resources::state::{MachineState, ReportedState, States};
pub use settings::{ClientBuilder, RetryPolicy, TlsSettings};
pub(crate) use tls::trust_problem::TrustRemedy;
pub use token::Token;
pub use url::BaseUrl;

pub use crate::support::progress::{ProgressEvent, ProgressListener};
