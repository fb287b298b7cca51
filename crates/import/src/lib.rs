//! Readers of real export formats into the model.
//!
//! A [`Reader`] walks an export once and hands conversations and messages to a [`Sink`], which seals and stores them.
//! Ids are derived from what stays the same between two exports of the same conversation, so importing twice, or a
//! later and larger export, adds only what is new. A fault costs the message or the file it is in, is counted in the
//! [`Summary`] with its place, and leaves everything else; going over one of the [`Limits`] is a typed error or a
//! counted skip that names the limit.
//!
//! **Architecture invariant:** nothing here loads a whole export, reaches a network or a clock, or knows a store. The
//! memory a reader needs is bounded by [`Limits`], not by the export. No error and no report carries message text.

mod error;
mod export;
mod id;
mod json;
mod limits;
mod reader;
mod summary;

pub mod facebook;
pub mod mojibake;
pub mod redial;

pub use error::ImportError;
pub use limits::Limits;
pub use reader::{Reader, Sink, SinkError};
pub use summary::{Position, Skipped, Summary};
