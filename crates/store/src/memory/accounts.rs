//! People and partners in memory.

use super::{MemoryStore, put_versioned};
use crate::*;
use async_trait::async_trait;

#[async_trait]
impl Accounts for MemoryStore {
    async fn account_create(&self, id: Id, handle: String, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::name(&handle)?;
        limits::body(&body)?;
        let mut tables = self.tables();
        if tables.accounts.contains_key(&id) || tables.accounts.values().any(|row| row.handle == handle) {
            return Ok(Cas::Conflict);
        }
        tables.accounts.insert(
            id,
            AccountRow {
                id,
                handle,
                version: 1,
                body,
            },
        );
        Ok(Cas::Applied)
    }

    async fn account_get(&self, id: Id) -> Result<Option<AccountRow>, StoreError> {
        Ok(self.tables().accounts.get(&id).cloned())
    }

    async fn account_by_handle(&self, handle: String) -> Result<Option<AccountRow>, StoreError> {
        Ok(self
            .tables()
            .accounts
            .values()
            .find(|row| row.handle == handle)
            .cloned())
    }

    async fn account_update(&self, id: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        match self.tables().accounts.get_mut(&id) {
            Some(row) if row.version == expected => {
                row.version += 1;
                row.body = body;
                Ok(Cas::Applied)
            }
            _ => Ok(Cas::Conflict),
        }
    }

    async fn account_delete(&self, id: Id) -> Result<(), StoreError> {
        self.tables().accounts.remove(&id);
        Ok(())
    }

    async fn accounts_list(&self, after: Option<Id>, limit: usize) -> Result<Vec<AccountRow>, StoreError> {
        limits::page(limit)?;
        let tables = self.tables();
        let rows = tables
            .accounts
            .values()
            .filter(|row| after.is_none_or(|after| row.id > after));
        Ok(rows.take(limit).cloned().collect())
    }

    async fn partner_put(&self, id: String, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::name(&id)?;
        limits::body(&body)?;
        Ok(put_versioned(&mut self.tables().partners, id, expected, body))
    }

    async fn partners_list(&self) -> Result<Vec<(String, Versioned)>, StoreError> {
        Ok(self
            .tables()
            .partners
            .iter()
            .map(|(id, row)| (id.clone(), row.clone()))
            .collect())
    }

    async fn catalogue_put(&self, partner: String, body: Vec<u8>) -> Result<(), StoreError> {
        limits::name(&partner)?;
        limits::at_most("bytes of a catalogue", body.len(), limits::CATALOGUE)?;
        self.tables().catalogues.insert(partner, body);
        Ok(())
    }

    async fn catalogue_get(&self, partner: String) -> Result<Option<Vec<u8>>, StoreError> {
        limits::name(&partner)?;
        Ok(self.tables().catalogues.get(&partner).cloned())
    }
}
