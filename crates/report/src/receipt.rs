//! What a partner keeps of a filed report: a proof file (tlog-proof) whose extra data are the log's entry about it.

use crate::entry::{Entry, Filed};
use tlog::Hash;
use tlog::checkpoint::Checkpoint;
use tlog::leaf::{Kind, Leaf};
use tlog::note::{self, VerifyingKey};
use tlog::proof::{Proof, ProofError};

/// A receipt that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What the log says of the report.
    pub filed: Filed,
    /// The entry's index.
    pub index: u64,
    /// The checkpoint that proves it.
    pub checkpoint: Checkpoint,
}

/// Why a receipt is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ReceiptFault {
    #[error("{0}")]
    Proof(#[from] ProofError),
    #[error("the proof file is not a receipt of a report")]
    NotAReceipt,
    #[error("the entry is not signed by the platform's agreement key")]
    Signature,
    #[error("the receipt is of another report: {0}")]
    Another(String),
}

/// The receipt's file, of an entry of the log as it stands there.
pub fn write(entry: &[u8], index: u64, hashes: Vec<Hash>, checkpoint: &str) -> Result<String, ProofError> {
    let proof = Proof {
        extra: Some(entry.to_vec()),
        index,
        hashes,
        checkpoint: checkpoint.to_owned(),
    };
    proof.check_limits()?;
    Ok(proof.to_string())
}

/// Checks a receipt offline: the checkpoint's signature by the log's key, that the entry is in the log, the platform's
/// signature under it, and that it is about this report (the zip's hash).
pub fn verify(text: &str, log: &VerifyingKey, platform: &VerifyingKey, report: &Hash) -> Result<Receipt, ReceiptFault> {
    let proof: Proof = text.parse()?;
    let entry = proof.extra.as_deref().ok_or(ReceiptFault::NotAReceipt)?;
    let checkpoint = proof.verify(entry, log)?;
    let (leaf, public) = Leaf::decode(entry).map_err(|_| ReceiptFault::NotAReceipt)?;
    if leaf.kind != Kind::Report {
        return Err(ReceiptFault::NotAReceipt);
    }
    let Entry::Filed(filed) = read(public, platform)? else {
        return Err(ReceiptFault::NotAReceipt);
    };
    if filed.hash != *report {
        return Err(ReceiptFault::Another(hex::encode(filed.hash)));
    }
    Ok(Receipt {
        filed,
        index: proof.index,
        checkpoint,
    })
}

/// Reads an entry's public bytes: a note that the platform signed.
pub fn read(public: &[u8], platform: &VerifyingKey) -> Result<Entry, ReceiptFault> {
    let text = std::str::from_utf8(public).map_err(|_| ReceiptFault::NotAReceipt)?;
    let verified = note::verify(text, std::slice::from_ref(platform)).map_err(|_| ReceiptFault::Signature)?;
    verified.text.parse().map_err(|_| ReceiptFault::NotAReceipt)
}
