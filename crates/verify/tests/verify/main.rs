//! The auditor's tool on logs in a folder and behind a URL, sound and damaged.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod agreements;
mod chain;
mod commands;
mod damage;
mod fortnight;
mod log;
mod url;
