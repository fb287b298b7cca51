//! The messages of the public specs and nothing else: serde in, serde out, strict where the spec is strict.
//!
//! **Architecture Invariant.** No I/O, no clock, no randomness, and none of our own crates: what is here can be used by a
//! partner that has never seen the server.

pub mod jmap;
mod json;
pub mod limits;
pub mod oauth;
mod problem;
mod rfc3339;

pub use json::{JsonFault, parse as parse_json};
pub use problem::Problem;
pub use rfc3339::{is_date, is_utc_date};
