//! Every engine against the contract suite, and the embedded engine against what only it can suffer.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod contract;
mod copied;
mod killed;
mod reopened;

use std::path::Path;
use std::sync::Arc;
use store::{EmbeddedOptions, EmbeddedStore, Store};

fn open(folder: &Path) -> Store {
    Arc::new(EmbeddedStore::open(folder, EmbeddedOptions::default()).unwrap())
}
