//! People and partners.

use super::EmbeddedStore;
use super::durable::{Durable, versioned};
use super::engine::{blocking, reading};
use super::keys::{self, Parts};
use crate::*;
use async_trait::async_trait;
use fjall::{OwnedWriteBatch, Readable};
use std::ops::Bound;
use std::sync::Arc;

impl Durable {
    fn account(&self, id: Id) -> Result<Option<AccountRow>, StoreError> {
        self.get(&account_key(id))?
            .map(|value| account_row(id, &value))
            .transpose()
    }

    fn put_account(&self, batch: &mut OwnedWriteBatch, row: &AccountRow) -> Result<(), StoreError> {
        let length =
            u16::try_from(row.handle.len()).map_err(|_| StoreError::Rejected("a handle is too long".into()))?;
        let handle = [&length.to_be_bytes(), row.handle.as_bytes()].concat();
        let value = keys::join(&[&row.version.to_be_bytes(), &handle, &row.body]);
        batch.insert(&self.rows, account_key(row.id), value);
        Ok(())
    }

    /// Whose handle it is, and the account. Both from one moment: an account may be deleted in between.
    fn by_handle(&self, handle: &str) -> Result<Option<AccountRow>, StoreError> {
        let snapshot = self.engine.snapshot()?;
        let Some(id) = self.engine.get_at(&snapshot, &self.rows, &handle_key(handle))? else {
            return Ok(None);
        };
        let id = Parts::of("handles", &id).id()?;
        let value = self.engine.get_at(&snapshot, &self.rows, &account_key(id))?;
        value.map(|value| account_row(id, &value)).transpose()
    }

    fn accounts(&self, after: Option<Id>, limit: usize) -> Result<Vec<AccountRow>, StoreError> {
        let snapshot = self.engine.snapshot()?;
        let end = Bound::Included(account_key(keys::LAST));
        let rows = match after {
            None => snapshot.prefix(&self.rows, [keys::ACCOUNT]),
            Some(id) => snapshot.range(&self.rows, (Bound::Excluded(account_key(id)), end)),
        };
        let mut page = Vec::new();
        for row in rows.take(limit) {
            let (key, value) = row.into_inner().map_err(|e| self.engine.read_error(e))?;
            let mut parts = Parts::of("accounts", &key);
            parts.byte()?;
            page.push(account_row(parts.id()?, &value)?);
        }
        Ok(page)
    }
}

fn account_key(id: Id) -> Vec<u8> {
    keys::row(keys::ACCOUNT, &[&id])
}

fn handle_key(handle: &str) -> Vec<u8> {
    keys::row(keys::HANDLE, &[handle.as_bytes()])
}

fn account_row(id: Id, value: &[u8]) -> Result<AccountRow, StoreError> {
    let mut parts = Parts::of("accounts", value);
    Ok(AccountRow {
        id,
        version: parts.u64()?,
        handle: parts.short_text()?,
        body: parts.rest(),
    })
}

#[async_trait]
impl Accounts for EmbeddedStore {
    async fn account_create(&self, id: Id, handle: String, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::name(&handle)?;
        limits::body(&body)?;
        let create = move |durable: &Durable, batch: &mut OwnedWriteBatch| {
            let name = handle_key(&handle);
            if durable.has(&account_key(id))? || durable.has(&name)? {
                return Ok(Cas::Conflict);
            }
            durable.put_account(
                batch,
                &AccountRow {
                    id,
                    handle,
                    version: 1,
                    body,
                },
            )?;
            batch.insert(&durable.rows, name, id);
            Ok(Cas::Applied)
        };
        self.ledger.change(create).await
    }

    async fn account_get(&self, id: Id) -> Result<Option<AccountRow>, StoreError> {
        self.ledger.account(id)
    }

    async fn account_by_handle(&self, handle: String) -> Result<Option<AccountRow>, StoreError> {
        // What nobody could have been called, nobody is called.
        if limits::name(&handle).is_err() {
            return Ok(None);
        }
        self.ledger.by_handle(&handle)
    }

    async fn account_update(&self, id: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        let update = move |durable: &Durable, batch: &mut OwnedWriteBatch| match durable.account(id)? {
            Some(row) if row.version == expected => {
                durable.put_account(
                    batch,
                    &AccountRow {
                        version: expected + 1,
                        body,
                        ..row
                    },
                )?;
                Ok(Cas::Applied)
            }
            _ => Ok(Cas::Conflict),
        };
        self.ledger.change(update).await
    }

    async fn account_delete(&self, id: Id) -> Result<(), StoreError> {
        let delete = move |durable: &Durable, batch: &mut OwnedWriteBatch| {
            if let Some(row) = durable.account(id)? {
                batch.remove(&durable.rows, handle_key(&row.handle));
                batch.remove(&durable.rows, account_key(id));
            }
            Ok(())
        };
        self.ledger.change(delete).await
    }

    async fn accounts_list(&self, after: Option<Id>, limit: usize) -> Result<Vec<AccountRow>, StoreError> {
        limits::page(limit)?;
        let durable = Arc::clone(&self.ledger);
        reading(limit, move || durable.accounts(after, limit)).await
    }

    async fn partner_put(&self, id: String, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::name(&id)?;
        limits::body(&body)?;
        let key = keys::row(keys::PARTNER, &[id.as_bytes()]);
        self.ledger
            .change(move |durable, batch| durable.put_versioned(batch, key, expected, &body))
            .await
    }

    async fn partners_list(&self) -> Result<Vec<(String, Versioned)>, StoreError> {
        let durable = Arc::clone(&self.ledger);
        blocking(move || {
            durable.all(&[keys::PARTNER], |key, value| {
                let mut parts = Parts::of("partners", key);
                parts.byte()?;
                Ok((parts.text(parts.left())?, versioned("partners", value)?))
            })
        })
        .await
    }

    /// A catalogue is a file: 64 MiB have no place in a tree that rewrites its rows in the background.
    async fn catalogue_put(&self, partner: String, body: Vec<u8>) -> Result<(), StoreError> {
        limits::name(&partner)?;
        limits::at_most("bytes of a catalogue", body.len(), limits::CATALOGUE)?;
        let durable = Arc::clone(&self.ledger);
        blocking(move || file::replace(&durable.engine.folder().catalogue(&partner), &body)).await
    }

    async fn catalogue_get(&self, partner: String) -> Result<Option<Vec<u8>>, StoreError> {
        limits::name(&partner)?;
        let durable = Arc::clone(&self.ledger);
        blocking(move || file::read(&durable.engine.folder().catalogue(&partner))).await
    }
}
