//! Agreements, grants, says, tokens, and things that may be used once.

use super::EmbeddedStore;
use super::durable::{Durable, versioned};
use super::engine::blocking;
use super::keys::{self, Parts};
use crate::*;
use async_trait::async_trait;
use fjall::{OwnedWriteBatch, Readable};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rows a sweep drops in one batch.
const SWEEP: usize = 1_000;

impl Durable {
    fn grant(&self, id: Id) -> Result<Option<GrantRow>, StoreError> {
        let Some(value) = self.get(&keys::row(keys::GRANT, &[&id]))? else {
            return Ok(None);
        };
        let mut parts = Parts::of("grants", &value);
        Ok(Some(GrantRow {
            id,
            account: parts.id()?,
            version: parts.u64()?,
            body: parts.rest(),
        }))
    }

    fn put_grant(&self, batch: &mut OwnedWriteBatch, row: &GrantRow) {
        let value = keys::join(&[&row.account, &row.version.to_be_bytes(), &row.body]);
        batch.insert(&self.rows, keys::row(keys::GRANT, &[&row.id]), value);
    }

    fn views(&self, account: Id) -> Result<u64, StoreError> {
        let count = self.get(&keys::row(keys::VIEWS, &[&account]))?;
        count.map_or(Ok(0), |count| Parts::of("views", &count).u64())
    }

    /// A token or once-thing, by its whole key.
    fn passing(&self, key: &[u8]) -> Result<Option<TokenRow>, StoreError> {
        self.get(key)?.map(|value| passing_row(&value)).transpose()
    }

    fn put_passing(&self, batch: &mut OwnedWriteBatch, key: Vec<u8>, row: &TokenRow) {
        batch.insert(&self.rows, expiry_key(row.expires_at, &key), []);
        batch.insert(&self.rows, key, keys::join(&[&keys::time(row.expires_at), &row.body]));
    }

    fn remove_passing(&self, batch: &mut OwnedWriteBatch, key: Vec<u8>, row: &TokenRow) {
        batch.remove(&self.rows, expiry_key(row.expires_at, &key));
        batch.remove(&self.rows, key);
    }

    /// Drops up to [`SWEEP`] rows that expired before `now`; returns how many.
    fn sweep(&self, batch: &mut OwnedWriteBatch, now: i64) -> Result<usize, StoreError> {
        let snapshot = self.engine.snapshot()?;
        let until = keys::row(keys::EXPIRY, &[&keys::time(now)]);
        let expired = snapshot.range(&self.rows, vec![keys::EXPIRY]..until);
        let mut dropped = 0;
        for row in expired.take(SWEEP) {
            let key = row.key().map_err(|e| self.engine.read_error(e))?;
            let mut parts = Parts::of("expiries", &key);
            let _ = (parts.byte()?, parts.time()?);
            batch.remove(&self.rows, parts.rest());
            batch.remove(&self.rows, key);
            dropped += 1;
        }
        Ok(dropped)
    }
}

fn agreement_key(id: &str, version: u32) -> Vec<u8> {
    keys::row(keys::AGREEMENT, &[id.as_bytes(), &[0], &version.to_be_bytes()])
}

fn agreement_row(key: &[u8], value: &[u8]) -> Result<AgreementRow, StoreError> {
    let mut parts = Parts::of("agreements", key);
    parts.byte()?;
    let length = parts.left().checked_sub(5).ok_or_else(|| parts.corrupt())?;
    let id = parts.text(length)?;
    parts.byte()?;
    Ok(AgreementRow {
        id,
        version: parts.u32()?,
        body: value.to_vec(),
    })
}

fn ask_key(account: Id, key: Id) -> Vec<u8> {
    keys::row(keys::ASK, &[&account, &key])
}

fn token_key(hash: [u8; 32]) -> Vec<u8> {
    keys::row(keys::TOKEN, &[&hash])
}

fn once_key(key: &[u8]) -> Vec<u8> {
    keys::row(keys::ONCE, &[key])
}

fn expiry_key(at: i64, key: &[u8]) -> Vec<u8> {
    keys::row(keys::EXPIRY, &[&keys::time(at), key])
}

fn passing_row(value: &[u8]) -> Result<TokenRow, StoreError> {
    let mut parts = Parts::of("tokens", value);
    Ok(TokenRow {
        expires_at: parts.time()?,
        body: parts.rest(),
    })
}

impl EmbeddedStore {
    /// Ends a read. A `Serial` one also makes durable what it saw, so that nobody acts on what a crash takes back.
    async fn seen<T>(&self, read: Read, answer: T) -> Result<T, StoreError> {
        if read == Read::Serial {
            self.ledger.engine.sync().await?;
        }
        Ok(answer)
    }
}

#[async_trait]
impl Consent for EmbeddedStore {
    async fn agreement_publish(&self, row: AgreementRow) -> Result<Cas, StoreError> {
        limits::name(&row.id)?;
        limits::body(&row.body)?;
        let publish = move |durable: &Durable, batch: &mut OwnedWriteBatch| {
            let follows = match row.version {
                0 => false,
                1 => true,
                version => durable.has(&agreement_key(&row.id, version - 1))?,
            };
            let key = agreement_key(&row.id, row.version);
            if !follows || durable.has(&key)? {
                return Ok(Cas::Conflict);
            }
            batch.insert(&durable.rows, key, row.body);
            Ok(Cas::Applied)
        };
        self.ledger.change(publish).await
    }

    async fn agreements_list(&self) -> Result<Vec<AgreementRow>, StoreError> {
        let durable = Arc::clone(&self.ledger);
        blocking(move || durable.all(&[keys::AGREEMENT], agreement_row)).await
    }

    async fn grant_create(&self, id: Id, account: Id, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        let create = move |durable: &Durable, batch: &mut OwnedWriteBatch| {
            if durable.grant(id)?.is_some() {
                return Ok(Cas::Conflict);
            }
            durable.put_grant(
                batch,
                &GrantRow {
                    id,
                    account,
                    version: 1,
                    body,
                },
            );
            batch.insert(&durable.rows, keys::row(keys::GRANT_OF, &[&account, &id]), []);
            Ok(Cas::Applied)
        };
        self.ledger.change(create).await
    }

    async fn grant_get(&self, id: Id, read: Read) -> Result<Option<GrantRow>, StoreError> {
        let row = self.ledger.grant(id)?;
        self.seen(read, row).await
    }

    async fn grant_transition(&self, id: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        let transition = move |durable: &Durable, batch: &mut OwnedWriteBatch| match durable.grant(id)? {
            Some(row) if row.version == expected => {
                durable.put_grant(
                    batch,
                    &GrantRow {
                        version: expected + 1,
                        body,
                        ..row
                    },
                );
                Ok(Cas::Applied)
            }
            _ => Ok(Cas::Conflict),
        };
        self.ledger.change(transition).await
    }

    async fn grants_of(&self, account: Id) -> Result<Vec<GrantRow>, StoreError> {
        let durable = Arc::clone(&self.ledger);
        blocking(move || {
            let ids = durable.all(&keys::row(keys::GRANT_OF, &[&account]), |key, _| {
                let mut parts = Parts::of("grants", key);
                let _ = (parts.byte()?, parts.id()?);
                parts.id()
            })?;
            let lost = || StoreError::Corrupt("an index of `grants` names one that is not there".to_owned());
            ids.into_iter().map(|id| durable.grant(id)?.ok_or_else(lost)).collect()
        })
        .await
    }

    async fn says_get(&self, accounts: Vec<Id>, read: Read) -> Result<Vec<Option<Versioned>>, StoreError> {
        limits::page(accounts.len())?;
        let mut says = Vec::with_capacity(accounts.len());
        for account in accounts {
            let value = self.ledger.get(&keys::row(keys::SAYS, &[&account]))?;
            says.push(value.map(|value| versioned("says", &value)).transpose()?);
        }
        self.seen(read, says).await
    }

    async fn says_put(&self, account: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        let key = keys::row(keys::SAYS, &[&account]);
        self.ledger
            .change(move |durable, batch| durable.put_versioned(batch, key, expected, &body))
            .await
    }

    async fn ask_put(&self, account: Id, key: Id, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        let put = move |durable: &Durable, batch: &mut OwnedWriteBatch| {
            let key = ask_key(account, key);
            if durable.has(&key)? {
                return Ok(Cas::Conflict);
            }
            batch.insert(&durable.rows, key, body);
            Ok(Cas::Applied)
        };
        self.ledger.change(put).await
    }

    async fn asks_of(&self, account: Id) -> Result<Vec<(Id, Vec<u8>)>, StoreError> {
        let durable = Arc::clone(&self.ledger);
        blocking(move || {
            durable.all(&keys::row(keys::ASK, &[&account]), |key, value| {
                let mut parts = Parts::of("asks", key);
                let _ = (parts.byte()?, parts.id()?);
                Ok((parts.id()?, value.to_vec()))
            })
        })
        .await
    }

    async fn ask_delete(&self, account: Id, key: Id) -> Result<(), StoreError> {
        let delete = move |durable: &Durable, batch: &mut OwnedWriteBatch| {
            batch.remove(&durable.rows, ask_key(account, key));
            Ok(())
        };
        self.ledger.change(delete).await
    }

    async fn views_bump(&self, accounts: Vec<Id>) -> Result<(), StoreError> {
        limits::page(accounts.len())?;
        let bump = move |durable: &Durable, batch: &mut OwnedWriteBatch| {
            for account in accounts.into_iter().collect::<BTreeSet<Id>>() {
                let count = durable.views(account)? + 1;
                batch.insert(&durable.rows, keys::row(keys::VIEWS, &[&account]), count.to_be_bytes());
            }
            Ok(())
        };
        self.ledger.change(bump).await
    }

    async fn views_get(&self, account: Id) -> Result<u64, StoreError> {
        self.ledger.views(account)
    }

    async fn token_put(&self, hash: [u8; 32], row: TokenRow) -> Result<(), StoreError> {
        limits::body(&row.body)?;
        let put = move |durable: &Durable, batch: &mut OwnedWriteBatch| {
            let key = token_key(hash);
            if let Some(old) = durable.passing(&key)? {
                durable.remove_passing(batch, key.clone(), &old);
            }
            durable.put_passing(batch, key, &row);
            Ok(())
        };
        self.ledger.change(put).await
    }

    async fn token_get(&self, hash: [u8; 32], read: Read) -> Result<Option<TokenRow>, StoreError> {
        let row = self.ledger.passing(&token_key(hash))?;
        self.seen(read, row).await
    }

    async fn token_delete(&self, hash: [u8; 32]) -> Result<(), StoreError> {
        let delete = move |durable: &Durable, batch: &mut OwnedWriteBatch| {
            let key = token_key(hash);
            if let Some(old) = durable.passing(&key)? {
                durable.remove_passing(batch, key, &old);
            }
            Ok(())
        };
        self.ledger.change(delete).await
    }

    async fn once_put(&self, key: Vec<u8>, row: TokenRow) -> Result<Cas, StoreError> {
        limits::key(&key)?;
        limits::body(&row.body)?;
        let put = move |durable: &Durable, batch: &mut OwnedWriteBatch| {
            let key = once_key(&key);
            if durable.has(&key)? {
                return Ok(Cas::Conflict);
            }
            durable.put_passing(batch, key, &row);
            Ok(Cas::Applied)
        };
        self.ledger.change(put).await
    }

    async fn once_get(&self, key: Vec<u8>) -> Result<Option<TokenRow>, StoreError> {
        limits::key(&key)?;
        self.ledger.passing(&once_key(&key))
    }

    async fn once_take(&self, key: Vec<u8>) -> Result<Option<TokenRow>, StoreError> {
        limits::key(&key)?;
        let take = move |durable: &Durable, batch: &mut OwnedWriteBatch| {
            let key = once_key(&key);
            let row = durable.passing(&key)?;
            if let Some(row) = &row {
                durable.remove_passing(batch, key, row);
            }
            Ok(row)
        };
        self.ledger.change(take).await
    }

    async fn sweep(&self, now: i64) -> Result<u64, StoreError> {
        let mut dropped = 0;
        loop {
            let more = self
                .ledger
                .change(move |durable, batch| durable.sweep(batch, now))
                .await?;
            dropped += more as u64;
            if more < SWEEP {
                return Ok(dropped);
            }
        }
    }
}
