//! The client library: typed access to the token API of a Mr-Provisioner server.
//!
//! It knows HTTP and the server, and nothing of Ansible. [`Client::connect`] makes a client from [`Settings`]; every
//! resource is a handle with the same verbs: `list`, `get`, `find`, `create`, `update`, `delete`.
//!
//! ```no_run
//! use mr_provisioner::client::{BaseUrl, RetryPolicy, Scope, Settings, TlsSettings, Token, ProgressListener, Client};
//!
//! # fn main() -> Result<(), mr_provisioner::client::ApiError> {
//! let client = Client::connect(&Settings {
//!     url: BaseUrl::parse("https://lab.example/mrp/")?,
//!     token: Token::new("...")?,
//!     tls: TlsSettings::default(),
//!     stall_timeout: std::time::Duration::from_secs(30),
//!     retry: RetryPolicy::default(),
//!     progress: ProgressListener::default(),
//! })?;
//! let client = client.read_only();
//! let machine = client.machines().find("rack 7/slot 2")?;
//! let kernels = client.images().list(Scope::Own)?;
//! # Ok(())
//! # }
//! ```
//!
//! Every request goes the same way, in small steps: `send` puts it on the wire, `receive` reads what comes back while
//! `stall` watches both, `classify` makes types of refusals and `lost` of lost answers, `retry` decides on another
//! attempt, `decode` reads the answer. What must not happen twice is never repeated blindly: creating looks first whether
//! it took effect, and provisioning says when its outcome is unknown.
//!
//! An [`ApiError`] is one sentence fit for a user, with a separate hint. The server's own text, which may hold SQL, HTML
//! or a BMC's password, is never part of it.

#[expect(
    clippy::module_inception,
    reason = "the file is named after the type that it holds"
)]
mod client;
mod clock;
mod digest;
mod error;
mod hint;
mod http;
mod query;
mod resources;
mod settings;
mod tls;
mod token;
mod url;

pub use client::{Client, ReadOnly, ReadOnlyClient, ReadWrite};
pub use clock::{Clock, SystemClock};
pub use digest::{Digest, Sha256, mark_of};
pub use error::{ApiError, ErrorResponse, Result};
pub use http::operation::Operation;
pub use query::{Comparison, Operand, Query, Symbol};
pub use resources::assignee::{Assignee, AssigneeId, Assignees, NewAssignee};
pub use resources::console::{Console, Consoles};
pub use resources::image::{Image, ImageChanges, ImageId, ImageType, Images, NewImage};
pub use resources::image_file::ImageFile;
pub use resources::interface::{ConfigType, Interface, InterfaceChanges, InterfaceId, Interfaces};
pub use resources::machine::{Machine, MachineChanges, MachineId, Machines};
pub use resources::power::{Power, PowerOrder, Powers};
pub use resources::preseed::{
    NewPreseed, Preseed, PreseedChanges, PreseedId, PreseedType, Preseeds,
};
pub use resources::reservation::Reservations;
pub use resources::scope::Scope;
pub use resources::state::{MachineState, ReportedState, States};
pub use settings::{RetryPolicy, Settings, TlsSettings};
pub use token::Token;
pub use url::BaseUrl;

pub use crate::support::progress::{ProgressEvent, ProgressListener};
