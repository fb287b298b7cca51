//! What the product asks of a store, and the engines that answer.
//!
//! The contract is six small traits. Each method is **one operation with one stated guarantee**, and each engine does it
//! with its own best tool (one local transaction; one conditional batch). Rows are opaque bytes: the store sees ids, times
//! and sizes, never a word of a message (`app::vault` seals before and opens after).
//!
//! | engine | where |
//! |---|---|
//! | [`MemoryStore`] | nowhere: tests, and the model the others are compared with |
//! | [`EmbeddedStore`] | a folder of this machine |
//! | `store-cassandra` | a cluster |
//!
//! Three words for how far a write has come in the embedded engine:
//!
//! | word | reached when | if the process dies here | if the machine dies here |
//! |---|---|---|---|
//! | sequenced | `messages_append` or `mark_put` has returned: the batch has its place in the journal, and the journal is with the operating system | kept | the journal's tail may be lost, whole batches, newest first; the import's note is behind or lost with it, and repeating the import adds what is missing |
//! | durable | `messages_sync`, or any write of consent, accounts, keys or ledger, has returned: a disk sync came after the batch | kept | kept |
//! | published | the caller has told someone: the head is in the [`Anchor`], a page is answered, a partner has bytes | kept; a head below the anchor means the disk lost entries, and the ledger refuses to start | the same |
//!
//! Before *sequenced* the write has not happened or has happened whole. A write that returned `Unknown` may be found either
//! way after the next start, and until then the engine answers nothing: a disk sync that failed once cannot be trusted
//! when it succeeds the next time. A ledger commit becomes visible only once it is durable. Other writes are visible from
//! *sequenced* on; a ledger commit after them makes them durable too (one journal, in order), so no entry refers to consent
//! that a crash takes back, and a `Serial` read waits for the disk.
//!
//! **Architecture invariant:** nothing of ours below this crate; it knows no agreement, grant or message, only their rows.
//! Time is an argument.

mod anchor;
mod contract;
pub mod copy;
mod embedded;
mod error;
#[cfg(feature = "suite")]
mod faulty;
mod file;
pub mod limits;
mod memory;
mod rows;
#[cfg(feature = "suite")]
pub mod suite;

pub use anchor::Anchor;
pub use contract::{Accounts, AnyStore, Consent, Keys, Ledger, Messages, Shelf, Store, Work};
pub use embedded::{EmbeddedOptions, EmbeddedStore, Unlisted};
pub use error::StoreError;
#[cfg(feature = "suite")]
pub use faulty::{Fault, Faulty, Plan};
pub use memory::MemoryStore;
pub use rows::*;
