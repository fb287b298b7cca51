//! The algorithm as a whole, against oracles that share no code with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

mod files;
mod receipts;
mod tree;
