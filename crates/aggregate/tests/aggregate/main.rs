//! The private mode: its guarantees, one test each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs
)]

mod collections;
mod crash;
mod made;
mod noise;
mod refused;
mod rounds;
mod shares;
mod vectors;
