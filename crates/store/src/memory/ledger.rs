//! The transparency log in memory.

use super::{MemoryStore, Tables};
use crate::*;
use async_trait::async_trait;
use std::collections::BTreeMap;

impl Tables {
    fn head(&mut self) -> &mut LedgerHead {
        self.head.get_or_insert(LedgerHead {
            epoch: 0,
            size: 0,
            checkpoint: Vec::new(),
        })
    }

    fn next_seq(&self, account: Id) -> u64 {
        self.owned
            .range((account, 0)..=(account, u64::MAX))
            .next_back()
            .map_or(0, |((_, seq), _)| seq + 1)
    }
}

#[async_trait]
impl Ledger for MemoryStore {
    async fn ledger_head(&self) -> Result<LedgerHead, StoreError> {
        Ok(self.tables().head().clone())
    }

    async fn ledger_fence(&self) -> Result<LedgerHead, StoreError> {
        let mut tables = self.tables();
        let head = tables.head();
        head.epoch += 1;
        Ok(head.clone())
    }

    async fn ledger_commit(&self, commit: LedgerCommit) -> Result<Cas, StoreError> {
        limits::commit(&commit)?;
        let mut tables = self.tables();
        let head = tables.head();
        if (head.epoch, head.size) != (commit.epoch, commit.size) {
            return Ok(Cas::Conflict);
        }
        let mut next: BTreeMap<Id, u64> = BTreeMap::new();
        for owned in &commit.owned {
            let next = next
                .entry(owned.account)
                .or_insert_with(|| tables.next_seq(owned.account));
            if owned.seq != *next {
                return Err(limits::no_such_seq(owned.seq, *next));
            }
            *next += 1;
        }
        tables.leaves.extend(commit.leaves);
        tables
            .owned
            .extend(commit.owned.into_iter().map(|o| ((o.account, o.seq), o)));
        tables
            .tiles
            .extend(commit.tiles.into_iter().map(|t| ((t.level, t.index), t.hashes)));
        let size = tables.leaves.len() as u64;
        let head = tables.head();
        head.size = size;
        head.checkpoint = commit.checkpoint;
        Ok(Cas::Applied)
    }

    async fn ledger_leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        limits::page(limit)?;
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(self.tables().leaves.iter().skip(from).take(limit).cloned().collect())
    }

    async fn ledger_tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tables().tiles.get(&(level, index)).cloned())
    }

    async fn ledger_owned(
        &self,
        account: Id,
        before_seq: Option<u64>,
        limit: usize,
    ) -> Result<Vec<OwnedEntry>, StoreError> {
        limits::page(limit)?;
        let tables = self.tables();
        let rows = tables.owned.values().filter(|o| o.account == account);
        Ok(rows
            .rev()
            .filter(|o| before_seq.is_none_or(|seq| o.seq < seq))
            .take(limit)
            .cloned()
            .collect())
    }
}
