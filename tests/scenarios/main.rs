//! Every module against the lab, each scenario four ways: in check mode, in check mode with differences,
//! for real, and for real again.

#![allow(
    clippy::unwrap_used,
    reason = "a test stops where its setting cannot be made"
)]

mod bench;

mod assignee;
mod console;
mod image;
mod image_info;
mod interface;
mod machine;
mod machine_info;
mod many;
mod many_awaited;
mod many_failing;
mod many_repeated;
mod network_facts;
mod old_role;
mod power;
mod preseed;
mod preseed_info;
mod read_failing;
mod reporting_ready;
mod reservation;
mod stopped;
mod watch;
