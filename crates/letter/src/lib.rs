//! Whole messages (RFC 5322, MIME) as JMAP sees them (RFC 8621 section 4), and back.
//!
//! Reading is done by `mail-parser`, which has seen what the world writes; this room puts what it finds into JMAP's words, and
//! writes what a client wants to have written. Pure: no I/O, no clock, no randomness.

mod build;
mod encode;
mod fields;
mod header;
mod read;
mod subject;

pub use build::{BuildError, Defaults, build};
pub use header::{BodyProperty, Property, UnknownProperty};
pub use read::{Letter, NotALetter, Part, Wanted};

/// Bytes of all header fields at most; more is no message.
pub const HEADER_LIMIT: usize = 1 << 20;
/// Parts of a message at most; more is no message.
pub const PARTS_LIMIT: usize = 1_000;
/// How deep parts are within parts.
pub const DEPTH_LIMIT: usize = 50;
