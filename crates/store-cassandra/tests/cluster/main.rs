//! The contract on a real cluster. Skipped, and says so, unless `PRIVITY_CASSANDRA` names its hosts;
//! `cargo xtask cassandra test` starts one and sets it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod contract;
mod interrupted;
mod migrations;
mod site;
