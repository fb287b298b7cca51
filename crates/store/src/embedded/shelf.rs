//! What people keep beside their messages.

use super::EmbeddedStore;
use super::engine::{Engine, blocking, reading};
use super::keys::{self, Parts};
use super::mail::Mail;
use crate::*;
use async_trait::async_trait;
use fjall::{Keyspace, Readable, Snapshot};
use std::ops::Bound;
use std::sync::Arc;

/// Rows a purge removes in one batch.
const PURGE: usize = 500;

/// The table of documents and pieces, in the database `mail`.
pub(super) struct Papers {
    mail: Arc<Mail>,
    engine: Arc<Engine>,
    rows: Keyspace,
}

impl Papers {
    pub(super) fn open(mail: &Arc<Mail>, buffer: u64) -> Result<Self, StoreError> {
        Ok(Self {
            mail: Arc::clone(mail),
            engine: Arc::clone(&mail.engine),
            rows: mail.engine.keyspace("shelf", || super::table(buffer))?,
        })
    }

    fn doc(&self, snapshot: &Snapshot, account: Id, kind: u8, id: Id) -> Result<Option<Versioned>, StoreError> {
        let key = keys::row(keys::DOC, &[&account, &[kind], &id]);
        self.engine
            .get_at(snapshot, &self.rows, &key)?
            .map(|value| doc(&value))
            .transpose()
    }

    fn list(&self, account: Id, kind: u8, after: Option<Id>, limit: usize) -> Result<Vec<(Id, Versioned)>, StoreError> {
        let snapshot = self.engine.snapshot()?;
        let key = |id: Id| keys::row(keys::DOC, &[&account, &[kind], &id]);
        let from = after.map_or(Bound::Included(key([0; 16])), |id| Bound::Excluded(key(id)));
        let mut page = Vec::new();
        for row in snapshot
            .range(&self.rows, (from, Bound::Included(key(keys::LAST))))
            .take(limit)
        {
            let (key, value) = row.into_inner().map_err(|e| self.engine.read_error(e))?;
            let mut parts = Parts::of("documents", &key);
            let _ = (parts.byte()?, parts.id()?, parts.byte()?);
            page.push((parts.id()?, doc(&value)?));
        }
        Ok(page)
    }

    fn state(&self, snapshot: &Snapshot, account: Id, kind: u8) -> Result<u64, StoreError> {
        let key = keys::row(keys::DOCS_STATE, &[&account, &[kind]]);
        let state = self.engine.get_at(snapshot, &self.rows, &key)?;
        state.map_or(Ok(0), |state| Parts::of("states of documents", &state).u64())
    }

    fn write(&self, account: Id, kind: u8, writes: Vec<DocWrite>) -> Result<Cas, StoreError> {
        let snapshot = self.engine.snapshot()?;
        let mut state = self.state(&snapshot, account, kind)?;
        let mut batch = self.engine.batch(2 * writes.len() + 1);
        for DocWrite { id, expected, body } in writes {
            let version = self.doc(&snapshot, account, kind, id)?.map_or(0, |there| there.version);
            if version != expected {
                return Ok(Cas::Conflict);
            }
            state += 1;
            let event = match (&body, expected) {
                (None, _) => DocEvent::Removed,
                (Some(_), 0) => DocEvent::Created,
                (Some(_), _) => DocEvent::Updated,
            };
            let change = keys::row(keys::DOC_CHANGE, &[&account, &[kind], &state.to_be_bytes()]);
            batch.insert(&self.rows, change, keys::join(&[&[event_byte(event)], &id]));
            let key = keys::row(keys::DOC, &[&account, &[kind], &id]);
            match body {
                None => batch.remove(&self.rows, key),
                Some(body) => {
                    let version = expected.saturating_add(1).to_be_bytes();
                    batch.insert(&self.rows, key, keys::join(&[&version, &body]));
                }
            }
        }
        let key = keys::row(keys::DOCS_STATE, &[&account, &[kind]]);
        batch.insert(&self.rows, key, state.to_be_bytes());
        self.engine.commit(batch)?;
        Ok(Cas::Applied)
    }

    fn changes(&self, account: Id, kind: u8, since: u64, limit: usize) -> Result<DocChanges, StoreError> {
        let snapshot = self.engine.snapshot()?;
        let current = self.state(&snapshot, account, kind)?;
        if since > current {
            return Ok(DocChanges::CannotCalculate);
        }
        let key = |state: u64| keys::row(keys::DOC_CHANGE, &[&account, &[kind], &state.to_be_bytes()]);
        let mut changes = Vec::new();
        if since < current {
            for row in snapshot
                .range(&self.rows, key(since.saturating_add(1))..=key(current))
                .take(limit)
            {
                let (key, value) = row.into_inner().map_err(|e| self.engine.read_error(e))?;
                let mut parts = Parts::of("changes of documents", &key);
                let _ = (parts.byte()?, parts.id()?, parts.byte()?);
                let state = parts.u64()?;
                let mut parts = Parts::of("changes of documents", &value);
                let event = event_of(parts.byte()?).ok_or_else(|| parts.corrupt())?;
                changes.push(DocChange {
                    state,
                    event,
                    id: parts.id()?,
                });
            }
        }
        Ok(DocChanges::Since { changes, current })
    }

    fn purge(&self, account: Id) -> Result<(), StoreError> {
        for table in [keys::DOC, keys::DOC_CHANGE, keys::PIECE, keys::DOCS_STATE] {
            let snapshot = self.engine.snapshot()?;
            let mut batch = self.engine.batch(PURGE);
            for row in snapshot.prefix(&self.rows, keys::row(table, &[&account])) {
                batch.remove(&self.rows, row.key().map_err(|e| self.engine.read_error(e))?);
                if batch.len() >= PURGE {
                    self.engine
                        .commit(std::mem::replace(&mut batch, self.engine.batch(PURGE)))?;
                }
            }
            self.engine.commit(batch)?;
        }
        Ok(())
    }
}

fn doc(value: &[u8]) -> Result<Versioned, StoreError> {
    let mut parts = Parts::of("documents", value);
    Ok(Versioned {
        version: parts.u64()?,
        body: parts.rest(),
    })
}

const fn event_byte(event: DocEvent) -> u8 {
    match event {
        DocEvent::Created => 0,
        DocEvent::Updated => 1,
        DocEvent::Removed => 2,
    }
}

const fn event_of(byte: u8) -> Option<DocEvent> {
    match byte {
        0 => Some(DocEvent::Created),
        1 => Some(DocEvent::Updated),
        2 => Some(DocEvent::Removed),
        _ => None,
    }
}

fn piece_key(account: Id, blob: Id, number: u32) -> Vec<u8> {
    keys::row(keys::PIECE, &[&account, &blob, &number.to_be_bytes()])
}

impl EmbeddedStore {
    /// Which kinds of documents an account has had.
    pub fn docs_kinds(&self, account: Id) -> Result<Vec<u8>, StoreError> {
        let snapshot = self.papers.engine.snapshot()?;
        let mut kinds = Vec::new();
        for row in snapshot.prefix(&self.papers.rows, keys::row(keys::DOCS_STATE, &[&account])) {
            let key = row.key().map_err(|e| self.papers.engine.read_error(e))?;
            let mut parts = Parts::of("states of documents", &key);
            let _ = (parts.byte()?, parts.id()?);
            kinds.push(parts.byte()?);
        }
        Ok(kinds)
    }

    /// Up to `limit` pieces of an account by blob and number, strictly after one. For moving to another engine.
    pub fn pieces_list(
        &self,
        account: Id,
        after: Option<(Id, u32)>,
        limit: usize,
    ) -> Result<Vec<(Id, u32)>, StoreError> {
        let snapshot = self.papers.engine.snapshot()?;
        let key = |(blob, number): (Id, u32)| keys::row(keys::PIECE, &[&account, &blob, &number.to_be_bytes()]);
        let from = after.map_or(Bound::Included(key(([0; 16], 0))), |last| Bound::Excluded(key(last)));
        let mut names = Vec::new();
        for row in snapshot
            .range(&self.papers.rows, (from, Bound::Included(key((keys::LAST, u32::MAX)))))
            .take(limit)
        {
            let key = row.key().map_err(|e| self.papers.engine.read_error(e))?;
            let mut parts = Parts::of("pieces", &key);
            let _ = (parts.byte()?, parts.id()?);
            names.push((parts.id()?, parts.u32()?));
        }
        Ok(names)
    }

    async fn papers_write<T: Send + 'static>(
        &self,
        account: Id,
        work: impl FnOnce(&Papers) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pen = self.papers.mail.pen(account).await;
        let papers = Arc::clone(&self.papers);
        let done = blocking(move || {
            // Held by the thread that writes, not by the caller, who may go away meanwhile.
            let _pen = pen;
            work(&papers)
        })
        .await?;
        self.papers.engine.sync().await?;
        Ok(done)
    }
}

#[async_trait]
impl Shelf for EmbeddedStore {
    async fn docs_get(&self, account: Id, kind: u8, ids: Vec<Id>) -> Result<Vec<Option<Versioned>>, StoreError> {
        limits::page(ids.len())?;
        let papers = Arc::clone(&self.papers);
        reading(ids.len(), move || {
            let snapshot = papers.engine.snapshot()?;
            ids.iter().map(|id| papers.doc(&snapshot, account, kind, *id)).collect()
        })
        .await
    }

    async fn docs_list(
        &self,
        account: Id,
        kind: u8,
        after: Option<Id>,
        limit: usize,
    ) -> Result<Vec<(Id, Versioned)>, StoreError> {
        limits::page(limit)?;
        let papers = Arc::clone(&self.papers);
        reading(limit, move || papers.list(account, kind, after, limit)).await
    }

    async fn docs_write(&self, account: Id, kind: u8, writes: Vec<DocWrite>) -> Result<Cas, StoreError> {
        limits::docs(&writes)?;
        self.papers_write(account, move |papers| papers.write(account, kind, writes))
            .await
    }

    async fn docs_state(&self, account: Id, kind: u8) -> Result<u64, StoreError> {
        let key = keys::row(keys::DOCS_STATE, &[&account, &[kind]]);
        let state = self.papers.engine.get(&self.papers.rows, &key)?;
        state.map_or(Ok(0), |state| Parts::of("states of documents", &state).u64())
    }

    async fn docs_changes(&self, account: Id, kind: u8, since: u64, limit: usize) -> Result<DocChanges, StoreError> {
        limits::page(limit)?;
        let papers = Arc::clone(&self.papers);
        reading(limit, move || papers.changes(account, kind, since, limit)).await
    }

    async fn piece_put(&self, account: Id, blob: Id, number: u32, body: Vec<u8>) -> Result<(), StoreError> {
        limits::piece(&body)?;
        self.papers_write(account, move |papers| {
            let mut batch = papers.engine.batch(1);
            batch.insert(&papers.rows, piece_key(account, blob, number), body);
            papers.engine.commit(batch)
        })
        .await
    }

    async fn piece_get(&self, account: Id, blob: Id, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let papers = Arc::clone(&self.papers);
        let key = piece_key(account, blob, number);
        reading(1, move || {
            let piece = papers.engine.get(&papers.rows, &key)?;
            Ok(piece.map(|bytes| bytes.to_vec()))
        })
        .await
    }

    async fn pieces_delete(&self, account: Id, blob: Id, count: u32) -> Result<(), StoreError> {
        self.papers_write(account, move |papers| {
            let mut batch = papers.engine.batch(1);
            for number in 0..count {
                batch.remove(&papers.rows, piece_key(account, blob, number));
            }
            papers.engine.commit(batch)
        })
        .await
    }

    async fn shelf_purge(&self, account: Id) -> Result<(), StoreError> {
        self.papers_write(account, move |papers| papers.purge(account)).await
    }
}
