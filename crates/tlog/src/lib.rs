//! The algorithm of a C2SP transparency log: leaves, trees, tiles, signed notes, checkpoints, proofs, receipts.
//!
//! Follows [tlog-tiles](https://c2sp.org/tlog-tiles), [tlog-checkpoint](https://c2sp.org/tlog-checkpoint),
//! [signed-note](https://c2sp.org/signed-note) and [tlog-proof](https://c2sp.org/tlog-proof); hashing is RFC 6962's.
//!
//! **Architecture invariant:** no storage, no I/O, no clock, no randomness, and nothing of ours below it: the server and
//! the auditor's tool share this crate and nothing else. Whatever is read comes through a [`tree::TileSource`], or a
//! reader that the caller gives ([`chain::read`]).

pub mod body;
pub mod bundle;
pub mod chain;
pub mod checkpoint;
pub mod leaf;
pub mod note;
pub mod path;
pub mod proof;
pub mod receipt;
pub mod secret;
pub mod tree;

/// A SHA-256 hash or HMAC.
pub type Hash = [u8; 32];
