//! What goes in and comes out: ids, versions, times, and sealed bytes.

/// A 16-byte id (account, conversation, message, grant).
pub type Id = [u8; 16];

/// How fresh a read must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// May miss the newest acknowledged writes.
    Relaxed,
    /// Sees every write acknowledged before it began.
    Acknowledged,
    /// Also ordered with conditional writes that are under way.
    Serial,
}

/// The outcome of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Cas {
    /// Written.
    Applied,
    /// Nothing was written: the row exists, or its version is not the expected one.
    Conflict,
}

/// A row that changes only by compare-and-set. Versions start at 1 and grow by 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// The version of these bytes.
    pub version: u64,
    /// The bytes.
    pub body: Vec<u8>,
}

/// A message in one person's inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// Its id, unique in the account.
    pub id: Id,
    /// Its conversation.
    pub conversation: Id,
    /// Milliseconds since 1970; with `id` the order of an inbox.
    pub sent_at: i64,
    /// Everything else, sealed by the caller.
    pub sealed: Vec<u8>,
}

/// A conversation in one person's inbox, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationRow {
    /// Its id, unique in the account.
    pub id: Id,
    /// Name and participants, sealed by the caller.
    pub sealed: Vec<u8>,
}

/// A conversation in one person's inbox, as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationSummary {
    /// The row; the newest `sealed` that was appended.
    pub row: ConversationRow,
    /// When its newest message was sent, in milliseconds; `i64::MIN` if it has none.
    pub last_at: i64,
    /// How many messages it has.
    pub messages: u64,
}

/// An inbox at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// The account's state. Nothing that led to it is missing from what follows.
    pub state: u64,
    /// The newest messages, newest first.
    pub newest: Vec<MessageRow>,
    /// The conversations that were asked for, in that order, as of the same moment or a later one.
    pub conversations: Vec<Option<ConversationSummary>>,
}

/// A place in an inbox ordered by (`sent_at`, `id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// Milliseconds since 1970.
    pub sent_at: i64,
    /// The tie-breaker.
    pub id: Id,
}

/// What an append did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Messages that were new.
    pub added: u64,
    /// Messages whose id was there already, or had been deleted: left as they were.
    pub known: u64,
    /// The account's state after it.
    pub state: u64,
}

/// What happened to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ChangeKind {
    Added,
    Removed,
}

/// One line of an account's change feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The account's state once it had happened. Dense: 1, 2, 3 …
    pub state: u64,
    /// What happened.
    pub kind: ChangeKind,
    /// To which message.
    pub message: Id,
    /// Of which conversation.
    pub conversation: Id,
}

/// A piece of the change feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// Changes after the given state, oldest first; `current` is the account's state at the time of reading.
    Since {
        /// At most as many as asked for.
        changes: Vec<Change>,
        /// The state now; greater than the last change's if there are more.
        current: u64,
    },
    /// The state is older than the feed goes back, or was never given out: start afresh.
    CannotCalculate,
}

/// A write of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocWrite {
    /// Which.
    pub id: Id,
    /// The version it must have; 0: it must not be there.
    pub expected: u64,
    /// What it becomes; `None` removes it.
    pub body: Option<Vec<u8>>,
}

/// What happened to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DocEvent {
    Created,
    Updated,
    Removed,
}

/// One line of a kind's change feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocChange {
    /// The kind's state once it had happened. Dense: 1, 2, 3 …
    pub state: u64,
    /// What happened.
    pub event: DocEvent,
    /// To which document.
    pub id: Id,
}

/// A piece of a kind's change feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocChanges {
    /// Changes after the given state, oldest first; `current` is the state at the time of reading.
    Since {
        /// At most as many as asked for.
        changes: Vec<DocChange>,
        /// The state now; greater than the last change's if there are more.
        current: u64,
    },
    /// The state is older than the feed goes back, or was never given out: start afresh.
    CannotCalculate,
}

/// A published agreement version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementRow {
    /// The agreement.
    pub id: String,
    /// Its version, from 1 without gaps.
    pub version: u32,
    /// The document and its signatures.
    pub body: Vec<u8>,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// Its id.
    pub id: Id,
    /// Whose it is. Never changes.
    pub account: Id,
    /// Its version.
    pub version: u64,
    /// The rest.
    pub body: Vec<u8>,
}

/// A bearer secret, found by its hash. It only *names* what it stands for: what that allows is looked up each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// What it names.
    pub body: Vec<u8>,
    /// Milliseconds since 1970 from which it is void.
    pub expires_at: i64,
}

/// An account or partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Its id.
    pub id: Id,
    /// The name it signs in with, unique.
    pub handle: String,
    /// Its version.
    pub version: u64,
    /// The rest.
    pub body: Vec<u8>,
}

/// The ledger's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerHead {
    /// The sequencer's epoch that holds the pen.
    pub epoch: u64,
    /// How many entries.
    pub size: u64,
    /// The signed checkpoint of that size; empty if nothing was committed yet.
    pub checkpoint: Vec<u8>,
}

/// An entry about one person: kept in her own partition, sealed with her key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedEntry {
    /// Its index in the log.
    pub index: u64,
    /// Whose.
    pub account: Id,
    /// Her own count of entries, from 0, without gaps.
    pub seq: u64,
    /// The entry's body, sealed by the caller.
    pub sealed: Vec<u8>,
}

/// A full tile of 256 hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileRow {
    /// 0 for leaf hashes, each level up 256 times sparser.
    pub level: u8,
    /// Its index in the level.
    pub index: u64,
    /// 256 × 32 bytes.
    pub hashes: Vec<u8>,
}

/// What one group commit writes: all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerCommit {
    /// The epoch of the sequencer that commits.
    pub epoch: u64,
    /// The size before.
    pub size: u64,
    /// The new entries' bytes, in order from `size` on.
    pub leaves: Vec<Vec<u8>>,
    /// Those of them that are about a person.
    pub owned: Vec<OwnedEntry>,
    /// The tiles that became full.
    pub tiles: Vec<TileRow>,
    /// The signed checkpoint of the new size.
    pub checkpoint: Vec<u8>,
}

/// A wrapped data key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// There never was one.
    Absent,
    /// Wrapped by the master key.
    Live(Vec<u8>),
    /// Destroyed, for good: what it sealed cannot be read again, and no new key takes its place.
    Destroyed,
}
