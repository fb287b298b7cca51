//! Readers of real export formats: streaming, never a whole export in memory.
//!
//! A [`Reader`] reads one export and tells a [`Sink`] of conversations and messages as it finds them. Ids are derived from
//! stable content, so that importing twice, or a later and larger export, adds only what is new.
//!
//! **Architecture invariant:** no network, no clock, no async; nothing of ours but `model`.

mod error;
mod ids;
mod reader;
mod summary;

pub use error::{ImportError, Limits, SinkError};
pub use reader::{Reader, Sink};
pub use summary::{Skipped, Summary};
