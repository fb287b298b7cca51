//! Wrapped data keys in memory.

use super::MemoryStore;
use crate::*;
use async_trait::async_trait;
use std::collections::BTreeMap;

/// An account whose keys were destroyed has no labels left; an account that never had keys is not there.
#[async_trait]
impl Keys for MemoryStore {
    async fn key_create(&self, account: Id, label: u32, wrapped: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&wrapped)?;
        let mut tables = self.tables();
        if tables
            .keys
            .get(&account)
            .is_some_and(|keys| keys.is_empty() || keys.contains_key(&label))
        {
            return Ok(Cas::Conflict);
        }
        tables.keys.entry(account).or_default().insert(label, wrapped);
        Ok(Cas::Applied)
    }

    async fn key_get(&self, account: Id, label: u32) -> Result<KeyState, StoreError> {
        Ok(match self.tables().keys.get(&account) {
            None => KeyState::Absent,
            Some(keys) if keys.is_empty() => KeyState::Destroyed,
            Some(keys) => keys.get(&label).cloned().map_or(KeyState::Absent, KeyState::Live),
        })
    }

    async fn keys_destroy(&self, account: Id) -> Result<(), StoreError> {
        self.tables().keys.insert(account, BTreeMap::new());
        Ok(())
    }
}
