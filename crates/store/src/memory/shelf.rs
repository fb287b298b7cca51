//! Documents and pieces in memory.

use super::MemoryStore;
use crate::*;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::ops::Bound;

/// The documents of one kind.
#[derive(Debug, Default)]
pub(super) struct Kind {
    docs: BTreeMap<Id, Versioned>,
    changes: Vec<DocChange>,
}

#[async_trait]
impl Shelf for MemoryStore {
    async fn docs_get(&self, account: Id, kind: u8, ids: Vec<Id>) -> Result<Vec<Option<Versioned>>, StoreError> {
        limits::page(ids.len())?;
        let tables = self.tables();
        let shelf = tables.shelves.get(&(account, kind));
        Ok(ids
            .iter()
            .map(|id| shelf.and_then(|s| s.docs.get(id)).cloned())
            .collect())
    }

    async fn docs_list(
        &self,
        account: Id,
        kind: u8,
        after: Option<Id>,
        limit: usize,
    ) -> Result<Vec<(Id, Versioned)>, StoreError> {
        limits::page(limit)?;
        let tables = self.tables();
        let Some(shelf) = tables.shelves.get(&(account, kind)) else {
            return Ok(Vec::new());
        };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let docs = shelf.docs.range((from, Bound::Unbounded));
        Ok(docs.take(limit).map(|(id, doc)| (*id, doc.clone())).collect())
    }

    async fn docs_write(&self, account: Id, kind: u8, writes: Vec<DocWrite>) -> Result<Cas, StoreError> {
        limits::docs(&writes)?;
        let mut tables = self.tables();
        let shelf = tables.shelves.entry((account, kind)).or_default();
        let version = |write: &DocWrite| shelf.docs.get(&write.id).map_or(0, |doc| doc.version);
        if writes.iter().any(|write| version(write) != write.expected) {
            return Ok(Cas::Conflict);
        }
        for DocWrite { id, expected, body } in writes {
            let event = match (&body, expected) {
                (None, _) => DocEvent::Removed,
                (Some(_), 0) => DocEvent::Created,
                (Some(_), _) => DocEvent::Updated,
            };
            let state = shelf.changes.len() as u64 + 1;
            shelf.changes.push(DocChange { state, event, id });
            match body {
                None => _ = shelf.docs.remove(&id),
                Some(body) => {
                    let version = expected + 1;
                    shelf.docs.insert(id, Versioned { version, body });
                }
            }
        }
        Ok(Cas::Applied)
    }

    async fn docs_state(&self, account: Id, kind: u8) -> Result<u64, StoreError> {
        let tables = self.tables();
        Ok(tables
            .shelves
            .get(&(account, kind))
            .map_or(0, |s| s.changes.len() as u64))
    }

    async fn docs_changes(&self, account: Id, kind: u8, since: u64, limit: usize) -> Result<DocChanges, StoreError> {
        limits::page(limit)?;
        let tables = self.tables();
        let shelf = tables.shelves.get(&(account, kind));
        let all = shelf.map(|s| s.changes.as_slice()).unwrap_or_default();
        let current = all.len() as u64;
        if since > current {
            return Ok(DocChanges::CannotCalculate);
        }
        let changes = all.iter().filter(|c| c.state > since).take(limit).copied().collect();
        Ok(DocChanges::Since { changes, current })
    }

    async fn piece_put(&self, account: Id, blob: Id, number: u32, body: Vec<u8>) -> Result<(), StoreError> {
        limits::piece(&body)?;
        self.tables().pieces.insert((account, blob, number), body);
        Ok(())
    }

    async fn piece_get(&self, account: Id, blob: Id, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tables().pieces.get(&(account, blob, number)).cloned())
    }

    async fn pieces_delete(&self, account: Id, blob: Id, count: u32) -> Result<(), StoreError> {
        let mut tables = self.tables();
        tables
            .pieces
            .retain(|(of, there, number), _| (*of, *there) != (account, blob) || *number >= count);
        Ok(())
    }

    async fn shelf_purge(&self, account: Id) -> Result<(), StoreError> {
        let mut tables = self.tables();
        tables.shelves.retain(|(of, _), _| *of != account);
        tables.pieces.retain(|(of, ..), _| *of != account);
        Ok(())
    }
}
