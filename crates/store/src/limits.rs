//! How much an engine takes and gives at once. Over a limit it answers `Rejected`, naming the limit, and does nothing.

use crate::{ConversationRow, DocWrite, LedgerCommit, MessageRow, StoreError};
use std::collections::BTreeSet;

/// Messages or conversations in one append, or ids in one delete.
pub const BATCH: usize = 1_000;
/// Rows in one page, or ids in one look-up.
pub const PAGE: usize = 10_000;
/// Bytes of one sealed message, conversation or ledger entry.
pub const SEALED: usize = 1 << 20;
/// Bytes of one body: grant, say, token, account, key, note.
pub const BODY: usize = 1 << 20;
/// Bytes of one name: agreement, handle, partner.
pub const NAME: usize = 100;
/// Bytes of one key of a once-thing or a note.
pub const KEY: usize = 1_024;
/// Bytes of one catalogue.
pub const CATALOGUE: usize = 64 << 20;
/// Bytes of one ledger entry: C2SP tlog-tiles writes its length in 16 bits.
pub const LEAF: usize = 65_535;
/// Entries in one ledger commit.
pub const COMMIT: usize = 10_000;
/// Documents in one write.
pub const DOCS: usize = 1_000;
/// Bytes of all documents in one write.
pub const DOCS_BYTES: usize = 4 << 20;
/// Bytes of one piece of long bytes.
pub const PIECE: usize = 512 << 10;
/// Bytes of a checkpoint.
pub const CHECKPOINT: usize = 1 << 16;
/// Bytes of a full tile: 256 hashes of 32.
pub const TILE: usize = 8_192;

/// Shelves of the platform's own: those of accounts that nobody has.
pub const PLATFORM_SHELVES: u8 = 16;

/// The account under which the platform keeps a shelf of its own; below [`PLATFORM_SHELVES`].
pub const fn platform_shelf(number: u8) -> crate::Id {
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number]
}

/// `Rejected` if `size` is over `limit`.
pub fn at_most(what: &str, size: usize, limit: usize) -> Result<(), StoreError> {
    if size > limit {
        return Err(StoreError::Rejected(format!(
            "{what}: {size} is over the limit of {limit}"
        )));
    }
    Ok(())
}

/// A page's or look-up's length.
pub fn page(rows: usize) -> Result<(), StoreError> {
    at_most("rows in a page", rows, PAGE)
}

/// A body's length.
pub fn body(bytes: &[u8]) -> Result<(), StoreError> {
    at_most("bytes of a body", bytes.len(), BODY)
}

/// A once-thing's or note's key.
pub fn key(bytes: &[u8]) -> Result<(), StoreError> {
    at_most("bytes of a key", bytes.len(), KEY)
}

/// A name. It may hold any character but NUL, which ends a name in an engine's key.
pub fn name(name: &str) -> Result<(), StoreError> {
    at_most("bytes of a name", name.len(), NAME)?;
    if name.is_empty() || name.contains('\0') {
        return Err(StoreError::Rejected("a name is empty or contains NUL".to_owned()));
    }
    Ok(())
}

/// An append.
pub fn append(conversations: &[ConversationRow], messages: &[MessageRow]) -> Result<(), StoreError> {
    at_most("conversations in a batch", conversations.len(), BATCH)?;
    at_most("messages in a batch", messages.len(), BATCH)?;
    let sealed = conversations
        .iter()
        .map(|c| &c.sealed)
        .chain(messages.iter().map(|m| &m.sealed));
    let longest = sealed.map(Vec::len).max().unwrap_or(0);
    at_most("bytes of a sealed row", longest, SEALED)
}

/// A write of documents.
pub fn docs(writes: &[DocWrite]) -> Result<(), StoreError> {
    at_most("documents in a write", writes.len(), DOCS)?;
    for write in writes {
        body(write.body.as_deref().unwrap_or_default())?;
        if write.expected == 0 && write.body.is_none() {
            return Err(StoreError::Rejected("what is not there cannot be removed".to_owned()));
        }
    }
    let bytes = writes.iter().map(|write| write.body.as_ref().map_or(0, Vec::len)).sum();
    at_most("bytes of documents in a write", bytes, DOCS_BYTES)?;
    let ids: BTreeSet<_> = writes.iter().map(|write| write.id).collect();
    if ids.len() < writes.len() {
        return Err(StoreError::Rejected("a write names a document twice".to_owned()));
    }
    Ok(())
}

/// A piece's length.
pub fn piece(bytes: &[u8]) -> Result<(), StoreError> {
    at_most("bytes of a piece", bytes.len(), PIECE)
}

/// A ledger commit, as far as it can be judged alone.
pub fn commit(commit: &LedgerCommit) -> Result<(), StoreError> {
    at_most("entries in a commit", commit.leaves.len(), COMMIT)?;
    at_most("entries about people in a commit", commit.owned.len(), COMMIT)?;
    at_most("tiles in a commit", commit.tiles.len(), COMMIT)?;
    at_most("bytes of a checkpoint", commit.checkpoint.len(), CHECKPOINT)?;
    at_most(
        "bytes of an entry",
        commit.leaves.iter().map(Vec::len).max().unwrap_or(0),
        LEAF,
    )?;
    at_most(
        "bytes of a sealed row",
        commit.owned.iter().map(|o| o.sealed.len()).max().unwrap_or(0),
        SEALED,
    )?;
    if let Some(tile) = commit.tiles.iter().find(|t| t.hashes.len() != TILE) {
        let bytes = tile.hashes.len();
        return Err(StoreError::Rejected(format!(
            "a full tile has {TILE} bytes, not {bytes}"
        )));
    }
    let end = commit.size.saturating_add(commit.leaves.len() as u64);
    if let Some(owned) = commit.owned.iter().find(|o| o.index < commit.size || o.index >= end) {
        return Err(StoreError::Rejected(format!(
            "entry {} is not in this commit",
            owned.index
        )));
    }
    Ok(())
}

/// The same answer from every engine to a message without a conversation.
pub fn no_conversation() -> StoreError {
    StoreError::Rejected("a message names a conversation that is neither stored nor in the batch".to_owned())
}

/// The same answer from every engine to a gap in a person's own count.
pub fn no_such_seq(seq: u64, next: u64) -> StoreError {
    StoreError::Rejected(format!("an entry about a person has `seq` {seq} where {next} is next"))
}
