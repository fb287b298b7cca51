//! The store in memory: ordered maps under one mutex. Simple and obviously right, so it is the model that other engines
//! are compared with. Nothing outlives the process; each method is one critical section, so every guarantee but
//! durability holds by construction.

mod accounts;
mod consent;
mod keys;
mod ledger;
mod messages;
mod shelf;
mod work;

use crate::{AgreementRow, Cas, GrantRow, Id, LedgerHead, OwnedEntry, TokenRow, Versioned};
use messages::Inbox;
use shelf::Kind;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    inboxes: BTreeMap<Id, Inbox>,
    shelves: BTreeMap<(Id, u8), Kind>,
    pieces: BTreeMap<(Id, Id, u32), Vec<u8>>,
    agreements: BTreeMap<(String, u32), AgreementRow>,
    grants: BTreeMap<Id, GrantRow>,
    says: BTreeMap<Id, Versioned>,
    asks: BTreeMap<(Id, Id), Vec<u8>>,
    views: BTreeMap<Id, u64>,
    tokens: BTreeMap<[u8; 32], TokenRow>,
    once: BTreeMap<Vec<u8>, TokenRow>,
    accounts: BTreeMap<Id, crate::AccountRow>,
    partners: BTreeMap<String, Versioned>,
    catalogues: BTreeMap<String, Vec<u8>>,
    head: Option<LedgerHead>,
    leaves: Vec<Vec<u8>>,
    tiles: BTreeMap<(u8, u64), Vec<u8>>,
    owned: BTreeMap<(Id, u64), OwnedEntry>,
    keys: BTreeMap<Id, BTreeMap<u32, Vec<u8>>>,
    marks: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // No method leaves the tables half changed, so a panic elsewhere does not spoil them.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replaces a versioned row if its version is `expected`, where 0 means that there is none yet.
fn put_versioned<K: Ord>(rows: &mut BTreeMap<K, Versioned>, key: K, expected: u64, body: Vec<u8>) -> Cas {
    let version = rows.get(&key).map_or(0, |row| row.version);
    if version != expected {
        return Cas::Conflict;
    }
    rows.insert(
        key,
        Versioned {
            version: version + 1,
            body,
        },
    );
    Cas::Applied
}
