//! The store in a folder of this machine: two fjall databases in one process.
//!
//! The ledger, consent, accounts and keys are small and must be on disk before anyone is told; inboxes are big and come in
//! bulk. They are apart so that a disk sync of the former never waits for the journal of the latter.

mod account_keys;
mod accounts;
mod consent;
mod durable;
mod engine;
mod folder;
mod keys;
mod ledger;
mod listing;
mod mail;
mod messages;
mod shelf;
mod threads;
mod work;

use crate::{StoreError, file};
use durable::Durable;
use engine::{Engine, Sizes};
use fjall::config::{BlockSizePolicy, CompressionPolicy, FilterPolicy};
use fjall::{CompressionType, KeyspaceCreateOptions};
use folder::Folder;
pub use listing::Unlisted;
use mail::Mail;
use std::path::Path;
use std::sync::Arc;

/// How much memory and disk the engine may take for speed.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddedOptions {
    /// Bytes of recently read blocks kept in memory.
    pub cache: u64,
    /// Bytes of new inbox rows kept in memory before they are written out, as stored, in each of six tables; three times as
    /// many in that of the messages. In memory a small row takes three times its size; while writing out lags, up to five
    /// such buffers wait per table.
    pub buffer: u64,
    /// Bytes of journals kept on disk per database; at least 64 MiB.
    pub journals: u64,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            cache: 32 << 20,
            buffer: 4 << 20,
            journals: 128 << 20,
        }
    }
}

/// The store in a folder.
pub struct EmbeddedStore {
    ledger: Arc<Durable>,
    mail: Arc<Mail>,
    papers: Arc<shelf::Papers>,
}

impl std::fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedStore").finish_non_exhaustive()
    }
}

impl EmbeddedStore {
    /// Opens a data folder, creating it if need be. Blocks: reads the journals of the last run.
    ///
    /// `Rejected` if another process has it open or its format is not this engine's, by name; `Corrupt` if the engine
    /// cannot read it. The folder is unlocked when the store is dropped and the last call in progress has ended.
    pub fn open(path: &Path, options: EmbeddedOptions) -> Result<Self, StoreError> {
        let folder = Arc::new(Folder::open(path)?);
        std::fs::create_dir_all(folder.join("catalogues")).map_err(|e| file::unavailable(path, &e))?;
        let journals = options.journals.max(64 << 20);
        let ledger = Engine::open(
            "ledger",
            &folder,
            &Sizes {
                cache: options.cache / 4,
                journals,
            },
        )?;
        let mail = Engine::open(
            "mail",
            &folder,
            &Sizes {
                cache: options.cache - options.cache / 4,
                journals,
            },
        )?;
        let mail = Arc::new(Mail::open(mail, options.buffer)?);
        Ok(Self {
            ledger: Arc::new(Durable::open(ledger)?),
            papers: Arc::new(shelf::Papers::open(&mail, options.buffer)?),
            mail,
        })
    }
}

/// What most tables have in common. Bodies are sealed or hashes: compressing them costs time and saves nothing.
fn table(buffer: u64) -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(buffer)
        .data_block_compression_policy(CompressionPolicy::disabled())
}

/// A table whose rows are only ever read in order: no filters.
fn ordered_table(buffer: u64) -> KeyspaceCreateOptions {
    table(buffer)
        .filter_policy(FilterPolicy::disabled())
        .data_block_size_policy(BlockSizePolicy::all(8 << 10))
        .data_block_compression_policy(CompressionPolicy::new([CompressionType::None, CompressionType::Lz4]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Consent, Id, Ledger, Messages, Read};
    use std::sync::atomic::Ordering;

    const ANA: Id = [1; 16];

    fn open(path: &Path) -> EmbeddedStore {
        EmbeddedStore::open(path, EmbeddedOptions::default()).unwrap()
    }

    #[tokio::test]
    async fn after_a_failed_sync_nothing_is_answered_until_the_store_is_reopened() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        assert!(store.grant_create(ANA, ANA, b"before".to_vec()).await.is_ok());
        store.ledger.engine.tests_fail_sync.store(true, Ordering::Release);
        // It was written, and may or may not be on disk.
        let unsure = store.grant_transition(ANA, 1, b"during".to_vec()).await;
        assert!(matches!(unsure, Err(StoreError::Unknown(_))), "{unsure:?}");
        // The disk recovers; the engine does not believe it.
        store.ledger.engine.tests_fail_sync.store(false, Ordering::Release);
        let write = store.grant_transition(ANA, 2, vec![]).await;
        assert!(matches!(write, Err(StoreError::Unavailable(_))), "{write:?}");
        assert!(matches!(
            store.grant_get(ANA, Read::Relaxed).await,
            Err(StoreError::Unavailable(_))
        ));
        assert!(matches!(store.ledger_fence().await, Err(StoreError::Unavailable(_))));
        // The other database is none the worse.
        assert_eq!(store.messages_state(ANA).await.unwrap(), 0);
        drop(store);
        let row = open(folder.path()).grant_get(ANA, Read::Serial).await.unwrap().unwrap();
        assert!([(1, b"before".to_vec()), (2, b"during".to_vec())].contains(&(row.version, row.body)));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn writers_at_the_same_time_share_a_sync_that_fails() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(open(folder.path()));
        store.ledger.engine.tests_fail_sync.store(true, Ordering::Release);
        let mut writers = tokio::task::JoinSet::new();
        for n in 0..32u8 {
            let store = Arc::clone(&store);
            writers.spawn(async move { store.says_put([n; 16], 0, vec![]).await });
        }
        // Nobody is told that it is done.
        assert!(writers.join_all().await.into_iter().all(|answer| answer.is_err()));
    }
}
