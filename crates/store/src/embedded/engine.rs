//! One fjall database, with the two things it lacks: many writers sharing one disk sync, and never going on after a
//! disk sync that failed.
//!
//! **Where calls run.** Reads of up to [`INLINE`] rows run right on the async worker: warm, a look-up takes microseconds
//! and a page about a hundred, which is less than a trip to another thread and back costs on two cores; cold, they wait
//! for one block each. They take no lock that a writer holds through a disk sync. Longer reads, and all writes and
//! syncs, run on tokio's blocking pool.

use super::folder::Folder;
use crate::StoreError;
use fjall::{Database, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode, Readable, Snapshot};
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Reads of more rows than this leave the async worker.
const INLINE: usize = 256;

/// Background threads per database. Two were measured too: no faster, and while one compacts, fjall has the other spin.
const WORKERS: usize = 1;

/// A database.
pub(super) struct Engine {
    name: &'static str,
    database: Database,
    /// Batches written to the journal.
    written: AtomicU64,
    /// How many of them are known to be on disk. Locked by whoever syncs; the others queue for it.
    synced: tokio::sync::Mutex<u64>,
    /// A write or sync has failed: what is in memory may not be what is on disk.
    broken: AtomicBool,
    #[cfg(test)]
    pub(super) tests_fail_sync: AtomicBool,
    /// Unlocked only after the database is closed (fields drop in order).
    folder: Arc<Folder>,
}

/// Sizes of a database's buffers, in bytes.
pub(super) struct Sizes {
    pub(super) cache: u64,
    pub(super) journals: u64,
}

impl Engine {
    /// Opens a database in its own folder within the data folder.
    pub(super) fn open(name: &'static str, folder: &Arc<Folder>, sizes: &Sizes) -> Result<Self, StoreError> {
        let database = Database::builder(folder.join(name))
            .cache_size(sizes.cache)
            .max_journaling_size(sizes.journals)
            .worker_threads(WORKERS)
            .open()
            .map_err(|e| read_error(name, e))?;
        Ok(Self {
            name,
            database,
            written: AtomicU64::new(0),
            synced: tokio::sync::Mutex::new(0),
            broken: AtomicBool::new(false),
            #[cfg(test)]
            tests_fail_sync: AtomicBool::new(false),
            folder: Arc::clone(folder),
        })
    }

    /// Opens one of its keyspaces.
    pub(super) fn keyspace(
        &self,
        name: &str,
        options: impl FnOnce() -> KeyspaceCreateOptions,
    ) -> Result<fjall::Keyspace, StoreError> {
        self.database.keyspace(name, options).map_err(|e| self.read_error(e))
    }

    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Refuses after a failure. Reads too: they may show what was never durable.
    fn healthy(&self) -> Result<(), StoreError> {
        if self.broken.load(Ordering::Acquire) {
            let name = self.name;
            return Err(StoreError::Unavailable(format!(
                "a write to `{name}` failed; open the store again"
            )));
        }
        Ok(())
    }

    /// Everything committed so far, at one moment.
    pub(super) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.healthy()?;
        Ok(self.database.snapshot())
    }

    /// One row as last committed.
    pub(super) fn get(&self, rows: &fjall::Keyspace, key: &[u8]) -> Result<Option<fjall::Slice>, StoreError> {
        self.healthy()?;
        rows.get(key).map_err(|e| self.read_error(e))
    }

    /// One row of a snapshot.
    pub(super) fn get_at(
        &self,
        snapshot: &Snapshot,
        rows: &fjall::Keyspace,
        key: &[u8],
    ) -> Result<Option<fjall::Slice>, StoreError> {
        snapshot.get(rows, key).map_err(|e| self.read_error(e))
    }

    /// A batch to fill and [`Self::commit`].
    pub(super) fn batch(&self, rows: usize) -> OwnedWriteBatch {
        OwnedWriteBatch::with_capacity(self.database.clone(), rows)
    }

    /// Writes a batch, all of it or nothing. It is visible at once, survives the process, and survives the machine
    /// after the next [`Self::sync`]. Blocks.
    pub(super) fn commit(&self, batch: OwnedWriteBatch) -> Result<(), StoreError> {
        self.write(batch, PersistMode::Buffer)
    }

    /// Writes a batch, all of it or nothing, and syncs *before* it becomes visible. Blocks.
    pub(super) fn commit_durably(&self, batch: OwnedWriteBatch) -> Result<(), StoreError> {
        self.write(batch, PersistMode::SyncData)
    }

    fn write(&self, batch: OwnedWriteBatch, mode: PersistMode) -> Result<(), StoreError> {
        self.healthy()?;
        if batch.is_empty() {
            return Ok(());
        }
        batch.durability(Some(mode)).commit().map_err(|e| self.write_error(e))?;
        self.written.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// Makes every batch durable that was committed before this call. However many call at once, each disk sync serves
    /// all whose batches were written when it began: the first in the queue syncs for those behind it.
    pub(super) async fn sync(self: &Arc<Self>) -> Result<(), StoreError> {
        let mine = self.written.load(Ordering::Acquire);
        let mut synced = self.synced.lock().await;
        if *synced >= mine {
            return Ok(());
        }
        let engine = Arc::clone(self);
        *synced = blocking(move || engine.sync_now()).await?;
        Ok(())
    }

    /// Syncs; returns how many batches that made durable. Blocks.
    fn sync_now(&self) -> Result<u64, StoreError> {
        // The callers' batches were written: a sync that does not come leaves them unsure, not undone.
        self.healthy().map_err(|e| StoreError::Unknown(e.to_string()))?;
        let written = self.written.load(Ordering::Acquire);
        #[cfg(test)]
        if self.tests_fail_sync.load(Ordering::Acquire) {
            return Err(self.write_error(fjall::Error::Io(std::io::Error::other("made to fail"))));
        }
        self.database
            .persist(PersistMode::SyncData)
            .map_err(|e| self.write_error(e))?;
        Ok(written)
    }

    /// What a failed read means.
    pub(super) fn read_error(&self, error: fjall::Error) -> StoreError {
        read_error(self.name, error)
    }

    /// What a failed write means: from here on nothing is certain until the journal is read again. A disk sync that
    /// failed once must not be tried again: the system may have dropped the pages it could not write.
    fn write_error(&self, error: fjall::Error) -> StoreError {
        self.broken.store(true, Ordering::Release);
        let name = self.name;
        tracing::error!(database = name, %error, "a write failed; the store must be opened again");
        match error {
            // fjall refuses before it writes anything if an earlier write or a background worker failed.
            fjall::Error::Poisoned => StoreError::Unavailable(format!("`{name}`: an earlier write failed")),
            error => StoreError::Unknown(format!("`{name}`: {error}")),
        }
    }
}

fn read_error(name: &str, error: fjall::Error) -> StoreError {
    let text = format!("`{name}`: {error}");
    match &error {
        fjall::Error::Io(e) | fjall::Error::Storage(fjall::LsmError::Io(e)) => match e.kind() {
            // A file that should be there is not, or ends too early.
            ErrorKind::NotFound | ErrorKind::UnexpectedEof | ErrorKind::InvalidData => StoreError::Corrupt(text),
            _ => StoreError::Unavailable(text),
        },
        fjall::Error::Poisoned => StoreError::Unavailable(text),
        fjall::Error::Locked | fjall::Error::InvalidVersion(_) => StoreError::Rejected(text),
        _ => StoreError::Corrupt(text),
    }
}

/// Runs what blocks on the blocking pool.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(e) => Err(StoreError::Unknown(format!("the storage thread ended early: {e}"))),
    }
}

/// Runs a read of up to `rows` rows: short ones here, long ones on the blocking pool.
pub(super) async fn reading<T: Send + 'static>(
    rows: usize,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    if rows <= INLINE { work() } else { blocking(work).await }
}
