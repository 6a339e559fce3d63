//! Private parts, opened for the property tests and the fuzz targets: only the feature `internals` has this module.
//!
//! Each function is one way in which texts of others come into the library. None of them sends anything.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::MODULES;
use crate::ansible::options::expand::expand;
use crate::ansible::options::options_file::OptionsFile;
use crate::ansible::{self, Call, Failure, args};
use crate::client::http::list_reader::ListReader;
use crate::client::http::request::Request;
use crate::client::http::response::Response;
use crate::client::http::{classify, decode};
use crate::client::resources::console::ConsoleAnswer;
use crate::client::resources::state::StateBody;
use crate::client::resources::{image_file, preseed};
use crate::client::{
    Assignee, Error, Image, Interface, Machine, MachineState, Power, Preseed, Sha256, Token,
};
use crate::inventory;
use crate::inventory::cache::InventoryCache;
use crate::inventory::config::InventoryConfig;
use crate::modules::options::labs;
use crate::support::redaction::Redactor;

/// Reads an answer of the server.
pub type ReadAnswer = fn(&[u8]) -> Result<(), Error>;

/// Every answer that is read as JSON: its name, and its reader.
pub const ANSWERS: [(&str, ReadAnswer); 8] = [
    ("machine", read::<Machine>),
    ("image", read::<Image>),
    ("preseed", read::<Preseed>),
    ("interface", read::<Interface>),
    ("assignee", read::<Assignee>),
    ("state", read::<StateBody<MachineState>>),
    ("power", read::<StateBody<Power>>),
    ("console", read::<ConsoleAnswer>),
];

/// Every answer that is a list of them.
pub const LISTS: [(&str, ReadAnswer); 5] = [
    ("machine", read::<Vec<Machine>>),
    ("image", read::<Vec<Image>>),
    ("preseed", read::<Vec<Preseed>>),
    ("interface", read::<Vec<Interface>>),
    ("assignee", read::<Vec<Assignee>>),
];

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<(), Error> {
    decode::value::<T>(body).map(drop)
}

/// The call that an arguments file makes of a module.
///
/// # Errors
///
/// When the file or an option is invalid.
pub fn read_arguments(module: &str, contents: &[u8]) -> Result<Call, Failure> {
    let args = args::parse(contents)?;
    let module = ansible::find_module(MODULES, module, args.internal.module_name.as_deref())?;
    let options = expand(module.spec, &args.options)?;
    Call::validated(module.spec, &options, &args.internal)
}

/// The error of an answer with this status, to a request that had this token.
///
/// # Errors
///
/// When the status is one of a refusal or of a failure.
pub fn check_status(status: u16, token: &Token, body: &[u8]) -> Result<(), Error> {
    let request = Request::get("machine", "listing machines");
    classify::check(&request, Response::new(status, body), token).map(drop)
}

/// What is kept of a list of preseeds that arrives in these parts; None where it is given up.
pub fn read_list<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut reader = ListReader::new(preseed::without_content);
    let mut kept = Vec::new();
    for part in parts {
        kept.extend(reader.read(part).ok()?);
    }
    kept.extend(reader.rest());
    Some(kept)
}

/// The name under which a file is uploaded.
pub fn upload_name(file_name: &str, sha256: &Sha256) -> String {
    image_file::marked_name(file_name, sha256)
}

/// The name of a lab, and its options.
pub type Lab = (String, Result<Value, Failure>);

/// The labs of a file with this text.
///
/// # Errors
///
/// When the file is invalid as a whole.
pub fn read_labs(path: &Path, text: &str) -> Result<Vec<Lab>, Failure> {
    let file = labs::require_labs(OptionsFile::parse(path, text)?)?;
    let options = |name: &str| labs::lab_options(&file, name).map(Value::from);
    let labs = file.names().map(|name| (name.to_owned(), options(name)));
    Ok(labs.collect())
}

/// The options of an inventory, in a file with this text.
///
/// # Errors
///
/// When the file or an option is invalid.
pub fn read_inventory_options(path: &Path, text: &str) -> Result<Call, Failure> {
    let file = OptionsFile::parse(path, text)?;
    let call = Call::new(&inventory::SPEC, &file.options("", &inventory::SPEC)?)?;
    InventoryConfig::new(call.clone()).map(|_| call)
}

fn cache(secret: &str) -> InventoryCache {
    InventoryCache {
        path: "copy".into(),
        lifetime: Duration::MAX,
        secret: secret.to_owned(),
    }
}

/// A copy of an inventory, sealed with this secret.
pub fn seal_copy(secret: &str, inventory: &Value) -> String {
    cache(secret).copy(inventory)
}

/// The inventory in a copy that was sealed with this secret.
///
/// # Errors
///
/// When the copy is another's, or damaged.
pub fn open_copy(secret: &str, copy: &[u8]) -> Result<Value, String> {
    cache(secret).open(copy).map(|(inventory, _age)| inventory)
}

/// A text without a secret, as sentences about requests are freed from the token.
pub fn redact(secret: &str, text: &str) -> String {
    let redactor = Redactor::new([secret]);
    redactor.redact(text, "***").unwrap_or(text.to_owned())
}
