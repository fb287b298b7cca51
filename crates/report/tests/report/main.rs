//! What the report promises, each test named for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs
)]

mod calendar;
mod counting;
mod duty;
mod entries;
mod made;
mod mutations;
mod reconciled;
mod refused;
mod round;
