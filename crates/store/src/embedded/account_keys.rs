//! Wrapped data keys.
//!
//! What is removed here stays in journals and tables until the engine rewrites them; that is why keys are stored wrapped,
//! and why erasure is complete once the master key they were wrapped with is gone (`app::vault`).

use super::EmbeddedStore;
use super::durable::Durable;
use super::keys;
use crate::*;
use async_trait::async_trait;
use fjall::{OwnedWriteBatch, Readable};

fn key_key(account: Id, label: u32) -> Vec<u8> {
    keys::row(keys::KEY, &[&account, &label.to_be_bytes()])
}

fn destroyed_key(account: Id) -> Vec<u8> {
    keys::row(keys::DESTROYED, &[&account])
}

#[async_trait]
impl Keys for EmbeddedStore {
    async fn key_create(&self, account: Id, label: u32, wrapped: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&wrapped)?;
        let create = move |durable: &Durable, batch: &mut OwnedWriteBatch| {
            let key = key_key(account, label);
            if durable.has(&destroyed_key(account))? || durable.has(&key)? {
                return Ok(Cas::Conflict);
            }
            batch.insert(&durable.rows, key, wrapped);
            Ok(Cas::Applied)
        };
        self.ledger.change(create).await
    }

    async fn key_get(&self, account: Id, label: u32) -> Result<KeyState, StoreError> {
        let durable = &self.ledger;
        let snapshot = durable.engine.snapshot()?;
        if durable
            .engine
            .get_at(&snapshot, &durable.rows, &destroyed_key(account))?
            .is_some()
        {
            return Ok(KeyState::Destroyed);
        }
        let wrapped = durable
            .engine
            .get_at(&snapshot, &durable.rows, &key_key(account, label))?;
        Ok(wrapped.map_or(KeyState::Absent, |wrapped| KeyState::Live(wrapped.to_vec())))
    }

    async fn keys_destroy(&self, account: Id) -> Result<(), StoreError> {
        let destroy = move |durable: &Durable, batch: &mut OwnedWriteBatch| {
            let snapshot = durable.engine.snapshot()?;
            for row in snapshot.prefix(&durable.rows, keys::row(keys::KEY, &[&account])) {
                batch.remove(&durable.rows, row.key().map_err(|e| durable.engine.read_error(e))?);
            }
            batch.insert(&durable.rows, destroyed_key(account), []);
            Ok(())
        };
        self.ledger.change(destroy).await
    }
}
