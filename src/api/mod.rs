//! The client library: typed access to the token API of a Mr-Provisioner server.
//!
//! It knows HTTP and the server, and nothing of Ansible. [`Writer::connect`] makes a client from [`Settings`]; every
//! resource is a handle with the same verbs: `list`, `get`, `find`, `create`, `update`, `delete`.
//!
//! ```no_run
//! use mr_provisioner::api::{BaseUrl, RetryPolicy, Scope, Settings, TlsSettings, Token, Watcher, Writer};
//!
//! # fn main() -> Result<(), mr_provisioner::api::ApiError> {
//! let writer = Writer::connect(&Settings {
//!     url: BaseUrl::parse("https://lab.example/mrp/")?,
//!     token: Token::new("...")?,
//!     tls: TlsSettings::default(),
//!     stall_timeout: std::time::Duration::from_secs(30),
//!     retry: RetryPolicy::default(),
//!     watcher: Watcher::default(),
//! })?;
//! let reader = writer.reader();
//! let machine = reader.machines().find("rack 7/slot 2")?;
//! let kernels = reader.images().list(Scope::Own)?;
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

mod assignee;
mod base_url;
mod classify;
mod client;
mod clock;
mod console;
mod decode;
mod digest;
mod error;
mod handle;
mod hint;
mod http_date;
mod image;
mod image_create;
mod image_file;
mod intent;
mod interface;
mod json_body;
mod lost;
mod machine;
mod memory;
mod pipeline;
mod power;
mod preseed;
mod query;
mod receive;
mod redact;
mod request;
mod reservation;
mod retry;
mod scope;
mod send;
mod sentence;
mod settings;
mod stall;
mod state;
mod tls;
mod token;
mod trust;
mod upload;
mod words;
mod worker;

pub use assignee::{Assignee, AssigneeId, Assignees, NewAssignee};
pub use base_url::BaseUrl;
pub use client::{Client, ReadOnly, ReadWrite, Reader, Writer};
pub use clock::{Clock, SystemClock};
pub use console::{Console, Consoles};
pub use digest::{Digest, Sha256, mark_of};
pub use error::{ApiError, Refusal, Result};
pub use image::{Image, ImageChanges, ImageId, ImageType, Images, NewImage};
pub use image_file::ImageFile;
pub use intent::Intent;
pub use interface::{ConfigType, Interface, InterfaceChanges, InterfaceId, Interfaces};
pub use machine::{Machine, MachineChanges, MachineId, Machines};
pub use power::{Power, PowerOrder, Powers};
pub use preseed::{NewPreseed, Preseed, PreseedChanges, PreseedId, PreseedType, Preseeds};
pub use query::{Comparison, Operand, Query, Symbol};
pub use reservation::Reservations;
pub use scope::Scope;
pub use settings::{RetryPolicy, Settings, TlsSettings};
pub use state::{MachineState, ReportedState, States};
pub use token::Token;

pub use crate::watch::{Notice, Watcher};
