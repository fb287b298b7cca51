//! Proof files (tlog-proof): an entry's index, its inclusion proof and a checkpoint, checkable offline.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64>                  optional
//! index 73894
//! <base64 hash>                   one per line, from the leaf's sibling up
//!
//! <checkpoint>
//! ```

use crate::Hash;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{NOTE_LIMIT, VerifyingKey};
use crate::tree::{leaf_hash, verify_inclusion};
use base64::prelude::{BASE64_STANDARD, Engine};
use std::fmt;
use std::str::FromStr;

/// Bytes of `extra` at most.
pub const EXTRA_LIMIT: usize = 100_000;
/// Bytes of a proof file at most.
pub const PROOF_LIMIT: usize = NOTE_LIMIT + 2 * EXTRA_LIMIT;
/// Hashes of a proof at most.
pub const HASHES_LIMIT: usize = 64;

pub(crate) const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A proof file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Whatever the application adds; authenticated by nothing here.
    pub extra: Option<Vec<u8>>,
    /// The entry's index.
    pub index: u64,
    /// The inclusion proof.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// Why a proof is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Over [`PROOF_LIMIT`].
    #[error("a proof file has at most 1200000 bytes, this one has {0}")]
    TooLong(usize),
    /// Over [`EXTRA_LIMIT`].
    #[error("the extra data of a proof have at most 100000 bytes, not {0}")]
    ExtraTooLong(usize),
    /// Over [`HASHES_LIMIT`].
    #[error("a proof has at most 64 hashes")]
    TooManyHashes,
    /// Not a proof file.
    #[error("not a tlog-proof file: {0}")]
    Syntax(&'static str),
    /// Of the checkpoint.
    #[error("the checkpoint is not valid: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not where the proof says.
    #[error("entry {index} is not in the log of {size} entries: the hashes do not lead to the signed root")]
    NotIncluded {
        /// As the proof says.
        index: u64,
        /// As the checkpoint says.
        size: u64,
    },
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64_STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", to_base64(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Proof {
    type Err = ProofError;

    /// Accepts exactly what [`fmt::Display`] writes. Nothing is verified yet.
    fn from_str(text: &str) -> Result<Self, ProofError> {
        if text.len() > PROOF_LIMIT {
            return Err(ProofError::TooLong(text.len()));
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ProofError::Syntax("no blank line"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(ProofError::Syntax("the first line is not `c2sp.org/tlog-proof@v1`"));
        }
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            Some(line) => {
                let base64 = line.strip_prefix("extra ").unwrap_or_default();
                Some(
                    BASE64_STANDARD
                        .decode(base64)
                        .map_err(|_| ProofError::Syntax("the extra data are not base64"))?,
                )
            }
            None => None,
        };
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(parse_decimal)
            .ok_or(ProofError::Syntax("no line `index` with a decimal number"))?;
        let mut hashes = Vec::new();
        for line in lines {
            hashes.push(from_base64(line).ok_or(ProofError::Syntax("a line is not the base64 of a hash"))?);
        }
        let proof = Self {
            extra,
            index,
            hashes,
            checkpoint: checkpoint.to_owned(),
        };
        proof.check_limits()?;
        Ok(proof)
    }
}

impl Proof {
    /// What a writer must check before it hands out a proof.
    pub fn check_limits(&self) -> Result<(), ProofError> {
        match self.extra.as_ref().map(Vec::len) {
            Some(n) if n > EXTRA_LIMIT => return Err(ProofError::ExtraTooLong(n)),
            _ => {}
        }
        if self.hashes.len() > HASHES_LIMIT {
            return Err(ProofError::TooManyHashes);
        }
        Ok(())
    }

    /// Checks that the log with this key holds `entry` at this index, under the checkpoint in the proof.
    pub fn verify(&self, entry: &[u8], key: &VerifyingKey) -> Result<Checkpoint, ProofError> {
        let checkpoint = Checkpoint::verify(&self.checkpoint, key)?;
        verify_inclusion(
            leaf_hash(entry),
            self.index,
            checkpoint.size,
            checkpoint.root,
            &self.hashes,
        )
        .map_err(|_| ProofError::NotIncluded {
            index: self.index,
            size: checkpoint.size,
        })?;
        Ok(checkpoint)
    }
}

/// A hash in standard base64, 44 characters.
pub(crate) fn to_base64(hash: &Hash) -> String {
    BASE64_STANDARD.encode(hash)
}

/// A hash from standard base64, padded.
pub(crate) fn from_base64(text: &str) -> Option<Hash> {
    BASE64_STANDARD.decode(text).ok()?.try_into().ok()
}

/// A number in ASCII decimals without leading zeros or sign.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|c| c.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}
