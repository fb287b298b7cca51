//! The transparency log.
//!
//! A commit is one batch that is synced before it becomes visible: no reader, and so no partner, auditor or witness, ever
//! sees an entry that a crash could take back.

use super::EmbeddedStore;
use super::durable::Durable;
use super::engine::{blocking, reading};
use super::keys::{self, Parts};
use crate::*;
use async_trait::async_trait;
use fjall::{OwnedWriteBatch, Readable};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, PoisonError};

/// Bytes from which on a row of entries is not added to.
const RUN: usize = 1 << 16;

impl Durable {
    fn head(&self) -> Result<LedgerHead, StoreError> {
        let Some(value) = self.get(&[keys::HEAD])? else {
            return Ok(LedgerHead {
                epoch: 0,
                size: 0,
                checkpoint: Vec::new(),
            });
        };
        let mut parts = Parts::of("head", &value);
        Ok(LedgerHead {
            epoch: parts.u64()?,
            size: parts.u64()?,
            checkpoint: parts.rest(),
        })
    }

    fn put_head(&self, batch: &mut OwnedWriteBatch, head: &LedgerHead) {
        let value = keys::join(&[&head.epoch.to_be_bytes(), &head.size.to_be_bytes(), &head.checkpoint]);
        batch.insert(&self.rows, [keys::HEAD], value);
    }

    fn fence(&self) -> Result<LedgerHead, StoreError> {
        let _pen = self.ledger_pen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut head = self.head()?;
        head.epoch += 1;
        let mut batch = self.engine.batch(1);
        self.put_head(&mut batch, &head);
        self.engine.commit_durably(batch)?;
        Ok(head)
    }

    fn commit(&self, commit: LedgerCommit) -> Result<Cas, StoreError> {
        let _pen = self.ledger_pen.lock().unwrap_or_else(PoisonError::into_inner);
        let head = self.head()?;
        if (head.epoch, head.size) != (commit.epoch, commit.size) {
            return Ok(Cas::Conflict);
        }
        let rows = commit.owned.len() + commit.tiles.len() + 2;
        let mut batch = self.engine.batch(rows);
        let mut size = head.size;
        let mut run = Vec::new();
        for leaf in commit.leaves {
            size += 1;
            run.extend_from_slice(&u16::try_from(leaf.len()).unwrap_or(u16::MAX).to_be_bytes());
            run.extend_from_slice(&leaf);
            if run.len() >= RUN {
                batch.insert(&self.leaves, (size - 1).to_be_bytes(), std::mem::take(&mut run));
            }
        }
        if !run.is_empty() {
            batch.insert(&self.leaves, (size - 1).to_be_bytes(), run);
        }
        let mut next: HashMap<Id, u64> = HashMap::new();
        let mut row = keys::Scratch::default();
        for owned in commit.owned {
            let next = match next.entry(owned.account) {
                Entry::Occupied(next) => next.into_mut(),
                Entry::Vacant(place) => place.insert(self.next_seq(owned.account)?),
            };
            if owned.seq != *next {
                return Err(limits::no_such_seq(owned.seq, *next));
            }
            *next += 1;
            let key = row.of(&[&owned.account, &owned.seq.to_be_bytes()]);
            let value = row.of(&[&owned.index.to_be_bytes(), &owned.sealed]);
            batch.insert(&self.owned, key, value);
        }
        for tile in commit.tiles {
            batch.insert(&self.tiles, tile_key(tile.level, tile.index), tile.hashes);
        }
        self.put_head(
            &mut batch,
            &LedgerHead {
                epoch: head.epoch,
                size,
                checkpoint: commit.checkpoint,
            },
        );
        self.engine.commit_durably(batch)?;
        Ok(Cas::Applied)
    }

    fn next_seq(&self, account: Id) -> Result<u64, StoreError> {
        Ok(self
            .owned_entries(account, None, 1)?
            .first()
            .map_or(0, |newest| newest.seq + 1))
    }

    fn owned_entries(&self, account: Id, before: Option<u64>, limit: usize) -> Result<Vec<OwnedEntry>, StoreError> {
        let snapshot = self.engine.snapshot()?;
        let rows = match before {
            None => snapshot.prefix(&self.owned, account),
            Some(seq) => snapshot.range(&self.owned, account.to_vec()..owned_key(account, seq)),
        };
        let mut page = Vec::new();
        for row in rows.rev().take(limit) {
            let (key, value) = row.into_inner().map_err(|e| self.engine.read_error(e))?;
            let (mut key, mut value) = (Parts::of("owned", &key), Parts::of("owned", &value));
            let (account, seq, index) = (key.id()?, key.u64()?, value.u64()?);
            page.push(OwnedEntry {
                index,
                account,
                seq,
                sealed: value.rest(),
            });
        }
        Ok(page)
    }

    fn entries(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let snapshot = self.engine.snapshot()?;
        // Runs are found by their last entry: the first one at or after `from` holds it.
        let rows = snapshot.range(&self.leaves, from.to_be_bytes()..);
        let mut page = Vec::with_capacity(limit.min(256));
        for row in rows {
            if page.len() >= limit {
                break;
            }
            let (key, value) = row.into_inner().map_err(|e| self.engine.read_error(e))?;
            let run = entries_of(&value)?;
            let end = Parts::of("leaves", &key).u64()?.saturating_add(1);
            let start = end.saturating_sub(run.len() as u64);
            let next = from.saturating_add(page.len() as u64);
            let skip = next.checked_sub(start);
            let skip = skip.ok_or_else(|| StoreError::Corrupt(format!("entry {next} is missing")))?;
            let skip = usize::try_from(skip).unwrap_or(usize::MAX);
            page.extend(run.into_iter().skip(skip).take(limit - page.len()));
        }
        Ok(page)
    }
}

/// The entries of one row, in order.
fn entries_of(value: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut parts = Parts::of("leaves", value);
    let mut entries = Vec::new();
    while parts.left() > 0 {
        let length = parts.u16()?;
        entries.push(parts.bytes(usize::from(length))?.to_vec());
    }
    Ok(entries)
}

fn owned_key(account: Id, seq: u64) -> Vec<u8> {
    keys::join(&[&account, &seq.to_be_bytes()])
}

fn tile_key(level: u8, index: u64) -> Vec<u8> {
    keys::row(level, &[&index.to_be_bytes()])
}

#[async_trait]
impl Ledger for EmbeddedStore {
    async fn ledger_head(&self) -> Result<LedgerHead, StoreError> {
        self.ledger.head()
    }

    async fn ledger_fence(&self) -> Result<LedgerHead, StoreError> {
        let durable = Arc::clone(&self.ledger);
        blocking(move || durable.fence()).await
    }

    async fn ledger_commit(&self, commit: LedgerCommit) -> Result<Cas, StoreError> {
        limits::commit(&commit)?;
        let durable = Arc::clone(&self.ledger);
        blocking(move || durable.commit(commit)).await
    }

    async fn ledger_leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        limits::page(limit)?;
        let durable = Arc::clone(&self.ledger);
        reading(limit, move || durable.entries(from, limit)).await
    }

    async fn ledger_tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let tile = self.ledger.engine.get(&self.ledger.tiles, &tile_key(level, index))?;
        Ok(tile.map(|hashes| hashes.to_vec()))
    }

    async fn ledger_owned(
        &self,
        account: Id,
        before_seq: Option<u64>,
        limit: usize,
    ) -> Result<Vec<OwnedEntry>, StoreError> {
        limits::page(limit)?;
        let durable = Arc::clone(&self.ledger);
        reading(limit, move || durable.owned_entries(account, before_seq, limit)).await
    }
}
