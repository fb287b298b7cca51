//! What the product asks of a store, and the engines that answer.
//!
//! The contract is six small traits. Each method is **one operation with one stated guarantee**, and each engine does it
//! with its own best tool (one local transaction; one conditional batch). Rows are opaque bytes: the store sees ids, times
//! and sizes, never a word of a message (`app::vault` seals before and opens after).
//!
//! **Architecture invariant:** nothing of ours below this crate; it knows no agreement, grant or message, only their rows.
//! Time is an argument.

mod contract;
mod error;
mod rows;

pub use contract::{Accounts, AnyStore, Consent, Keys, Ledger, Messages, Store, Work};
pub use error::StoreError;
pub use rows::*;
