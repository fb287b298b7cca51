//! The public ledger, as anyone sees it.

use crate::{Chrome, Page, Tab, when, words};
use askama::Template;
use model::Time;

/// `GET /ledger`; its form posts `receipt` (text) and `file` (multipart) to `/ledger/check`.
#[derive(Debug, Clone, Template)]
#[template(path = "ledger.html")]
pub struct LedgerPage {
    /// Header and footer.
    pub chrome: Chrome,
    /// How many entries it has.
    pub size: u64,
    /// Its fingerprint: the tree's root hash, in base64.
    pub root: String,
    /// Its name.
    pub origin: String,
    /// Its public key, as a C2SP verifier key.
    pub key: String,
    /// The signed checkpoint, as it is served.
    pub checkpoint: String,
    /// Newest first.
    pub entries: Vec<LeafRow>,
    /// Where newer entries are.
    pub newer: Option<String>,
    /// Where older entries are.
    pub older: Option<String>,
    /// Why a receipt could not be read.
    pub error: Option<String>,
}

/// What sort of entry it is, as far as anyone may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeafKind {
    /// Something private: only the person concerned can tell what.
    Private,
    /// A report was filed.
    Report,
    /// An agreement, parameters or keys.
    Public,
    /// The summary of a day.
    Summary,
}

/// One entry.
#[derive(Debug, Clone, Copy)]
pub struct LeafRow {
    /// Its index.
    pub index: u64,
    /// What sort it is.
    pub kind: LeafKind,
    /// The ten minutes it falls in: their beginning.
    pub window: Time,
}

impl LeafKind {
    const fn words(self) -> &'static str {
        match self {
            Self::Private => "Something private. Only the person it concerns can open it",
            Self::Report => "A partner’s report",
            Self::Public => "An agreement or a key, for everyone to read",
            Self::Summary => "The summary of a day",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Report | Self::Public | Self::Summary => "public",
        }
    }
}
