//! Every module against the lab, each scenario four ways: in check mode, in check mode with differences,
//! for real, and for real again.

mod bench;

mod image;
mod machine;
mod network_facts;
mod preseed;
