//! One of her entries, opened: what was told, and how it is proved.

use crate::{Chrome, Happened, Page, Tab, when, words};
use askama::Template;
use model::{AgreementRef, ConversationId, FieldSet, Purpose, Sentiment, Time};

/// Messages that are shown without unfolding.
const TOLD_FIRST: usize = 5;

/// `GET /readings/{index}`.
#[derive(Debug, Clone, Template)]
#[template(path = "reading.html")]
pub struct ReadingPage {
    /// Header and footer.
    pub chrome: Chrome,
    /// Its index in the ledger.
    pub index: u64,
    /// Her own count of entries, from 0, without gaps.
    pub seq: u64,
    /// What happened.
    pub happened: Happened,
    /// When.
    pub at: Time,
    /// The partner's name; empty if none was concerned.
    pub partner: String,
    /// Under which agreement, if any.
    pub agreement: Option<AgreementRef>,
    /// What for, if a partner read.
    pub purpose: Option<Purpose>,
    /// At which levels.
    pub fields: FieldSet,
    /// Of how many messages.
    pub messages: u64,
    /// How many were passed over.
    pub withheld: u64,
    /// Which messages, as she sees them.
    pub told: Vec<Told>,
    /// How many of them are not listed.
    pub more: u64,
    /// Whether the server checked the proof while it made this page, and found it right.
    pub verified: bool,
    /// How many entries the ledger had then.
    pub size: u64,
    /// How many fingerprints lead from this entry to the ledger's.
    pub steps: u64,
    /// The ledger's fingerprint, in base64.
    pub root: String,
    /// The command that checks the receipt without us.
    pub command: String,
}

/// One message a partner was told something of.
#[derive(Debug, Clone)]
pub struct Told {
    /// In which conversation.
    pub conversation: ConversationId,
    /// What that is called.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// Whether she did.
    pub own: bool,
    /// When.
    pub at: Time,
    /// What it says: shown to her, whatever the partner was told.
    pub text: String,
    /// The titles in it, and how they were spoken of.
    pub mentions: Vec<(String, Sentiment)>,
}

impl ReadingPage {
    fn sentence(&self) -> String {
        self.happened.sentence(&self.partner, &self.fields, &self.messages)
    }

    /// Her own count as she counts: from 1.
    fn nth(&self) -> String {
        words::number(&self.seq.saturating_add(1))
    }

    /// Those that are shown at once; the others unfold, so that the proof is not a long way down.
    fn told_first(&self) -> &[Told] {
        self.told.get(..TOLD_FIRST).unwrap_or(&self.told)
    }

    fn told_rest(&self) -> &[Told] {
        self.told.get(TOLD_FIRST..).unwrap_or_default()
    }

    fn is_reading(&self) -> bool {
        self.happened == Happened::Read
    }
}
