//! An aggregator's data folder: one fjall database, opened by one process at a time, every change on disk before it is
//! answered.
//!
//! ```text
//! FORMAT   the version and the role, as text
//! LOCK     locked by the process that has the folder open
//! rows/    the database
//! ```

use crate::wire::Role;
use crate::{Error, decode, encode};
use fjall::config::CompressionPolicy;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode, Readable};
use minicbor::{Decode, Encode};
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Bytes of recently read blocks kept in memory.
const CACHE: u64 = 16 << 20;
/// Bytes of new rows kept in memory.
const BUFFER: u64 = 16 << 20;

/// An open data folder.
pub struct Book {
    database: Database,
    rows: Keyspace,
    /// A write failed: what is in memory may not be what is on disk.
    broken: bool,
    /// Unlocked only after the database is closed (fields drop in order).
    _lock: File,
}

/// Changes that happen together or not at all.
pub(crate) struct Changes {
    batch: OwnedWriteBatch,
    rows: Keyspace,
}

impl Changes {
    pub(crate) fn put<T: Encode<()>>(&mut self, key: Vec<u8>, row: &T) {
        self.put_bytes(key, encode(row));
    }

    pub(crate) fn put_bytes(&mut self, key: Vec<u8>, row: Vec<u8>) {
        self.batch.insert(&self.rows, key, row);
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.batch.remove(&self.rows, key);
    }
}

impl Book {
    /// Opens a data folder, or makes a new one of a role.
    pub fn open(path: &Path, role: Role) -> Result<Self, Error> {
        let fail = |e: std::io::Error| Error::Storage(format!("`{}`: {e}", path.display()));
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(fail)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("LOCK"))
            .map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked(path.display().to_string())),
            Err(TryLockError::Error(e)) => return Err(fail(e)),
        }
        format(path, role, fail)?;
        let database = Database::builder(path.join("rows"))
            .cache_size(CACHE)
            .worker_threads(1)
            .open()
            .map_err(|e| storage(&e))?;
        // What is stored is sealed, or sums of random-looking shares: compressing it costs time and saves nothing.
        let options = || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(BUFFER)
                .data_block_compression_policy(CompressionPolicy::disabled())
        };
        let rows = database.keyspace("rows", options).map_err(|e| storage(&e))?;
        Ok(Self {
            database,
            rows,
            broken: false,
            _lock: lock,
        })
    }

    fn healthy(&self) -> Result<(), Error> {
        match self.broken {
            false => Ok(()),
            true => Err(Error::Storage("a write failed; start again".to_owned())),
        }
    }

    pub(crate) fn bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.healthy()?;
        let row = self.rows.get(key).map_err(|e| storage(&e))?;
        Ok(row.map(|row| row.to_vec()))
    }

    pub(crate) fn has(&self, key: &[u8]) -> Result<bool, Error> {
        self.healthy()?;
        Ok(self.rows.get(key).map_err(|e| storage(&e))?.is_some())
    }

    pub(crate) fn get<T: for<'b> Decode<'b, ()>>(&self, key: &[u8]) -> Result<Option<T>, Error> {
        self.bytes(key)?.map(|row| decode(&row)).transpose()
    }

    /// Up to `limit` keys from `from` on that begin with `prefix`, in order.
    pub(crate) fn keys(&self, prefix: &[u8], from: Vec<u8>, limit: usize) -> Result<Vec<Vec<u8>>, Error> {
        self.healthy()?;
        let snapshot = self.database.snapshot();
        let mut found = Vec::new();
        for row in snapshot.range(&self.rows, from..).take(limit) {
            let key = row.key().map_err(|e| storage(&e))?;
            if !key.starts_with(prefix) {
                break;
            }
            found.push(key.to_vec());
        }
        Ok(found)
    }

    pub(crate) fn changes(&self) -> Changes {
        Changes {
            batch: OwnedWriteBatch::with_capacity(self.database.clone(), 64),
            rows: self.rows.clone(),
        }
    }

    /// All of it on disk, or nothing. After a failure the folder must be opened again: only then is known which.
    pub(crate) fn commit(&mut self, changes: Changes) -> Result<(), Error> {
        self.healthy()?;
        let done = changes.batch.durability(Some(PersistMode::SyncData)).commit();
        done.map_err(|e| {
            self.broken = true;
            tracing::error!(error = %e, "a write failed; the data folder must be opened again");
            storage(&e)
        })
    }
}

fn storage(error: &fjall::Error) -> Error {
    Error::Storage(error.to_string())
}

fn format(path: &Path, role: Role, fail: impl Fn(std::io::Error) -> Error) -> Result<(), Error> {
    let known = format!("privity aggregator 1 {}\n", role.as_str());
    let place = path.join("FORMAT");
    match std::fs::read(&place) {
        Ok(found) if found == known.as_bytes() => return Ok(()),
        Ok(_) => return Err(Error::Format(path.display().to_string())),
        Err(e) if e.kind() == ErrorKind::NotFound && !path.join("rows").exists() => {}
        Err(_) => return Err(Error::Format(path.display().to_string())),
    }
    let beside = path.join("FORMAT.new");
    let mut file = File::create(&beside).map_err(&fail)?;
    file.write_all(known.as_bytes()).map_err(&fail)?;
    file.sync_all().map_err(&fail)?;
    std::fs::rename(&beside, &place).map_err(&fail)?;
    File::open(path).and_then(|folder| folder.sync_all()).map_err(fail)
}
