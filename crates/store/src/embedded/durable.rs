//! The durable database: its tables, and how one row changes on a condition.

use super::engine::{Engine, blocking};
use super::keys::{self, Parts};
use super::{ordered_table, table};
use crate::{Cas, StoreError, Versioned};
use fjall::{Keyspace, OwnedWriteBatch, Slice};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of new rows kept in memory per table.
const BUFFER: u64 = 4 << 20;

pub(super) struct Durable {
    pub(super) engine: Arc<Engine>,
    pub(super) rows: Keyspace,
    pub(super) leaves: Keyspace,
    pub(super) tiles: Keyspace,
    pub(super) owned: Keyspace,
    /// Held from reading a condition to writing on it. One for all rows: the journal has one writer anyway.
    pen: Mutex<()>,
    /// The same for the ledger, which holds it through a disk sync.
    pub(super) ledger_pen: Mutex<()>,
}

impl Durable {
    pub(super) fn open(engine: Engine) -> Result<Self, StoreError> {
        let rows = engine.keyspace("rows", || table(BUFFER))?;
        let leaves = engine.keyspace("leaves", || ordered_table(BUFFER))?;
        let tiles = engine.keyspace("tiles", || table(BUFFER).expect_point_read_hits(true))?;
        // Ten times as many bytes as the others: written out in larger pieces, which compete less with the disk syncs.
        let owned = engine.keyspace("owned", || ordered_table(2 * BUFFER))?;
        let (pen, ledger_pen) = Default::default();
        Ok(Self {
            engine: Arc::new(engine),
            rows,
            leaves,
            tiles,
            owned,
            pen,
            ledger_pen,
        })
    }

    /// Looks at rows and writes on what it saw, alone. On return what was written, or was seen and kept from writing, is
    /// on disk; writers at the same time share the disk sync.
    pub(super) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        change: impl FnOnce(&Self, &mut OwnedWriteBatch) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let durable = Arc::clone(self);
        let answer = blocking(move || {
            let _pen = durable.pen.lock().unwrap_or_else(PoisonError::into_inner);
            let mut batch = durable.engine.batch(4);
            let answer = change(&durable, &mut batch)?;
            durable.engine.commit(batch)?;
            Ok(answer)
        })
        .await?;
        self.engine.sync().await?;
        Ok(answer)
    }

    /// One row.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        self.engine.get(&self.rows, key)
    }

    /// Whether a row is there.
    pub(super) fn has(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.get(key)?.is_some())
    }

    /// Writes a versioned row if its version is `expected`, where 0 means that there is none yet.
    pub(super) fn put_versioned(
        &self,
        batch: &mut OwnedWriteBatch,
        key: Vec<u8>,
        expected: u64,
        body: &[u8],
    ) -> Result<Cas, StoreError> {
        let version = self
            .get(&key)?
            .map_or(Ok(0), |value| Parts::of("versions", &value).u64())?;
        if version != expected {
            return Ok(Cas::Conflict);
        }
        batch.insert(&self.rows, key, keys::join(&[&(version + 1).to_be_bytes(), body]));
        Ok(Cas::Applied)
    }

    /// All rows of a table, or of a part of it, in order.
    pub(super) fn all<T>(
        &self,
        prefix: &[u8],
        read: impl Fn(&[u8], &[u8]) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        use fjall::Readable;
        let snapshot = self.engine.snapshot()?;
        let rows = snapshot.prefix(&self.rows, prefix);
        rows.map(|row| {
            let (key, value) = row.into_inner().map_err(|e| self.engine.read_error(e))?;
            read(&key, &value)
        })
        .collect()
    }
}

/// Reads a versioned row.
pub(super) fn versioned(table: &'static str, value: &[u8]) -> Result<Versioned, StoreError> {
    let mut parts = Parts::of(table, value);
    Ok(Versioned {
        version: parts.u64()?,
        body: parts.rest(),
    })
}
