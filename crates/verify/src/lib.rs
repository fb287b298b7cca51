//! The auditor's tool: checks a ledger, its checkpoints, receipts, agreements and reports without trusting whoever runs it.
//!
//! **Architecture invariant:** links `tlog`, `model` and `report`, never the server; reads a public URL or a folder, never a store;
//! holds no key that signs.

mod agreements;
mod chain;
mod command;
mod filings;
mod fortnight;
mod fsck;
mod head;
mod receipt;
mod source;

pub use agreements::{Agreements, Pins, PublicEntry, agreements};
pub use chain::{Chain, chain};
pub use command::{Exit, run};
pub use filings::ReportEntry;
pub use fortnight::{Fortnight, fortnight};
pub use fsck::{FINDINGS_LIMIT, FsckReport, Watch, fsck, fsck_watched};
pub use head::{checkpoint, consistency};
pub use receipt::{describe, receipt};
pub use source::{FILE_LIMIT, Folder, Source, SourceError, Url, open};

use std::fmt;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, by its path in the log.
    pub file: String,
    /// The first entry or hash that is wrong, by its index in the whole level, if it is known.
    pub index: Option<u64>,
    /// In plain words.
    pub what: String,
}

impl Finding {
    pub(crate) fn new(file: impl fmt::Display, index: Option<u64>, what: impl fmt::Display) -> Self {
        Self {
            file: file.to_string(),
            index,
            what: what.to_string(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(index) => write!(f, "{}: index {index}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

/// Why a check did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It was checked, and is wrong.
    #[error("{0}")]
    Wrong(Finding),
    /// It could not be checked.
    #[error("{0}")]
    Unreadable(#[from] SourceError),
}
