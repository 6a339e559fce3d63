//! The options of the connection to the server, the same for every module and the inventory.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::ansible::{Call, Constraints, Failure, Kind, Opt};
use crate::client::{Client, RetryPolicy, TlsSettings};
use crate::modules::options::labs;

/// The connection's options, the same everywhere.
pub(crate) const OPTIONS: &[Opt] = &[
    Opt::new("mrp_url", Kind::Str).required().aliases(&["url"]).env("MRP_URL").url().about(&[
        "Base URL of the Mr-Provisioner server; a path prefix is kept, as in C(https://lab.example/mrp/).",
    ]),
    Opt::new(labs::NAME, Kind::Str).stands_for(labs::expand).about(&[
        "Name of a lab in the command line's file, C(mrp/labs.cfg) below C(~/.config): its server, its token and its other \
         options of the connection, as far as the task does not give them. Neither O(mrp_url) nor O(mrp_token) is needed then.",
        "The file is read where the module runs. If the task names no server, the value of the environment variable E(MRP_LAB) is used.",
    ]),
    Opt::new("mrp_token", Kind::Str).required().aliases(&["token"]).env("MRP_TOKEN").secret().about(&[
        "API token of the user to act as. It is never printed.",
    ]),
    Opt::new("validate_certs", Kind::Bool).default_bool(true).about(&[
        "Whether the server's certificate must be valid.",
    ]),
    Opt::new("ca_path", Kind::Path).env("MRP_CA_PATH").about(&[
        "PEM file with the certificates of the authorities to trust, or with a server's own, self-signed one; only these are \
         then trusted.",
    ]),
    Opt::new("client_cert", Kind::Path).about(&[
        "PEM file with the client's certificate, for servers behind mutual TLS.",
    ]),
    Opt::new("client_key", Kind::Path).about(&["PEM file with the key of O(client_cert), without a passphrase."]),
    Opt::new("timeout", Kind::Float).default_float("30").about(&[
        "Seconds that a connection may stall, with no byte either way. An upload that makes progress may take longer.",
    ]),
    Opt::new("retries", Kind::Int).minimum(0).default_int(3).about(&[
        "How often a request is repeated that failed for a passing reason: no connection, a timeout, or an answer 502, 503 or 504.",
        "What must not happen twice (an upload, provisioning) is repeated only after a look that it did not happen.",
    ]),
    Opt::new("retry_delay", Kind::Float).default_float("0.5").about(&[
        "Seconds before the first repetition; each further one waits twice as long, up to 30 seconds.",
    ]),
];

/// Options that only mean something together.
pub(crate) const REQUIRED_TOGETHER: &[&[&str]] = &[&["client_cert", "client_key"]];

/// The rules for modules that have none of their own.
pub(crate) const CONSTRAINTS: Constraints = Constraints {
    required_together: REQUIRED_TOGETHER,
    ..Constraints::NONE
};

#[derive(Deserialize)]
struct ConnectionOptions {
    mrp_url: String,
    mrp_token: String,
    validate_certs: bool,
    ca_path: Option<PathBuf>,
    client_cert: Option<PathBuf>,
    client_key: Option<PathBuf>,
    timeout: f64,
    retries: i64,
    retry_delay: f64,
}

/// A client for the server that the call names. A failure is one of the call: no request is sent yet.
pub(crate) fn connect(call: &Call) -> Result<Client, Failure> {
    let options: ConnectionOptions = call.options();
    let tls = TlsSettings {
        validate_certs: options.validate_certs,
        ca_path: options.ca_path,
        client_cert: options.client_cert,
        client_key: options.client_key,
    };
    let retries = u32::try_from(options.retries)
        .map_err(|_| Failure::invalid_call(format!("O(retries) must be at most {}", u32::MAX)))?;
    let retry = RetryPolicy {
        retries,
        delay: seconds_or_zero("retry_delay", options.retry_delay)?,
    };
    Client::builder(options.mrp_url, options.mrp_token)
        .tls(tls)
        .stall_timeout(seconds("timeout", options.timeout)?)
        .retry(retry)
        .progress(call.progress.clone())
        .connect()
        .map_err(|error| Failure::from(error).into_invalid_call())
}

/// The longest time in seconds: no clock counts to the largest number.
const DAY: f64 = 86_400.0;

/// A time given in seconds, which must be positive.
pub(crate) fn seconds(option: &str, value: f64) -> Result<Duration, Failure> {
    let time = time(value).filter(|time| !time.is_zero());
    time.ok_or_else(|| out_of_range(option, "more than 0", value))
}

/// A time given in seconds, which may be 0.
pub(crate) fn seconds_or_zero(option: &str, value: f64) -> Result<Duration, Failure> {
    time(value).ok_or_else(|| out_of_range(option, "at least 0", value))
}

fn time(value: f64) -> Option<Duration> {
    let time = Duration::try_from_secs_f64(value).ok();
    time.filter(|_| value <= DAY)
}

fn out_of_range(option: &str, minimum: &str, value: f64) -> Failure {
    Failure::invalid_call(format!(
        "O({option}) must be {minimum} and at most {DAY} seconds, not {value}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_out_of_range_is_refused() {
        for value in [-1.0, 0.0, 86_400.5, 1e19, 1e300, f64::INFINITY, f64::NAN] {
            let message = seconds("timeout", value).unwrap_err().message;
            assert!(
                message
                    .starts_with("O(timeout) must be more than 0 and at most 86400 seconds, not "),
                "{message}"
            );
        }
        assert_eq!(seconds("timeout", 86_400.0).unwrap().as_secs(), 86_400);
        assert!(seconds_or_zero("retry_delay", 0.0).unwrap().is_zero());
    }
}
