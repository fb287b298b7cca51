//! The transparency log.
//!
//! Its head is one row. A commit writes entries, tiles and what is owned under a fresh **attempt** and the number it will
//! have among commits (`serial`); then it replaces the head by compare-and-set, and is decided. A row counts if its attempt
//! is the one that has its number: the head says so for the last commit, `ledger_commits` for all before, and it is written
//! before the next head is. So a sequencer that was fenced, or slept through its lease, can write what it likes: its rows
//! are not looked at, and they overwrite nothing.

mod commit;
mod head;
mod read;

pub(crate) use commit::Seqs;

use crate::CassandraStore;
use crate::statements::statements;
use async_trait::async_trait;
use store::{Cas, Ledger, LedgerCommit, LedgerHead, OwnedEntry, Read, StoreError, limits};

/// Entries of a bundle.
const BUNDLE: u64 = 256;
/// Entries of a bucket of what is about a person.
const BUCKET: u64 = 4_096;
/// Commits of a part of `ledger_commits`.
const PART: i64 = 65_536;

statements! {
    /// Statements on the ledger.
    Statements {
        head: Read "SELECT epoch, size, checkpoint, serial, attempt, last_write FROM privity.ledger_head WHERE part = 0";
        set_head: If "UPDATE privity.ledger_head SET epoch = ?, size = ?, checkpoint = ?, serial = ?, attempt = ?, last_write = ? WHERE part = 0 IF last_write = ?";
        commits: Read "SELECT serial, attempt FROM privity.ledger_commits WHERE part = ? AND serial IN ?";
        add_commit: Write "INSERT INTO privity.ledger_commits (part, serial, attempt) VALUES (?, ?, ?)";

        entries: Read "SELECT position, serial, attempt, body FROM privity.ledger_entries WHERE bundle = ? AND position >= ? AND position < ?";
        add_entry: Write "INSERT INTO privity.ledger_entries (bundle, position, attempt, serial, body) VALUES (?, ?, ?, ?, ?)";
        drop_entry: Write "DELETE FROM privity.ledger_entries WHERE bundle = ? AND position = ? AND attempt = ?";

        tile: Read "SELECT serial, attempt, hashes FROM privity.ledger_tiles WHERE level = ? AND position = ?";
        add_tile: Write "INSERT INTO privity.ledger_tiles (level, position, serial, attempt, hashes) VALUES (?, ?, ?, ?, ?)";
        drop_tile: Write "DELETE FROM privity.ledger_tiles WHERE level = ? AND position = ? AND serial = ? AND attempt = ?";

        owned: Read "SELECT seq, serial, attempt, position, sealed FROM privity.ledger_owned WHERE account = ? AND bucket = ? AND seq < ?";
        add_owned: Write "INSERT INTO privity.ledger_owned (account, bucket, seq, attempt, serial, position, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)";
        drop_owned: Write "DELETE FROM privity.ledger_owned WHERE account = ? AND bucket = ? AND seq = ? AND attempt = ?";
        last_bucket: Read "SELECT bucket FROM privity.ledger_owned_buckets WHERE account = ? LIMIT 1";
        add_bucket: Write "INSERT INTO privity.ledger_owned_buckets (account, bucket) VALUES (?, ?)";
    }
}

#[async_trait]
impl Ledger for CassandraStore {
    async fn ledger_head(&self) -> Result<LedgerHead, StoreError> {
        Ok(self.log_head(Read::Acknowledged).await?.into())
    }

    async fn ledger_fence(&self) -> Result<LedgerHead, StoreError> {
        self.fence().await
    }

    async fn ledger_commit(&self, commit: LedgerCommit) -> Result<Cas, StoreError> {
        limits::commit(&commit)?;
        self.commit(commit).await
    }

    async fn ledger_leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        limits::page(limit)?;
        self.leaves(from, limit).await
    }

    async fn ledger_tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.tile(level, index).await
    }

    async fn ledger_owned(
        &self,
        account: store::Id,
        before_seq: Option<u64>,
        limit: usize,
    ) -> Result<Vec<OwnedEntry>, StoreError> {
        limits::page(limit)?;
        let head = self.log_head(Read::Acknowledged).await?;
        self.owned(&head, account, before_seq, limit).await
    }
}
