//! Agreements, grants, says and tokens in memory.

use super::{MemoryStore, put_versioned};
use crate::*;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

#[async_trait]
impl Consent for MemoryStore {
    async fn agreement_publish(&self, row: AgreementRow) -> Result<Cas, StoreError> {
        limits::name(&row.id)?;
        limits::body(&row.body)?;
        let mut tables = self.tables();
        let before = row.version.checked_sub(1).map(|version| (row.id.clone(), version));
        let follows = match before {
            None => false,
            Some((_, 0)) => true,
            Some(before) => tables.agreements.contains_key(&before),
        };
        match tables.agreements.entry((row.id.clone(), row.version)) {
            Entry::Vacant(place) if follows => {
                place.insert(row);
                Ok(Cas::Applied)
            }
            _ => Ok(Cas::Conflict),
        }
    }

    async fn agreements_list(&self) -> Result<Vec<AgreementRow>, StoreError> {
        Ok(self.tables().agreements.values().cloned().collect())
    }

    async fn grant_create(&self, id: Id, account: Id, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        match self.tables().grants.entry(id) {
            Entry::Vacant(place) => {
                place.insert(GrantRow {
                    id,
                    account,
                    version: 1,
                    body,
                });
                Ok(Cas::Applied)
            }
            Entry::Occupied(_) => Ok(Cas::Conflict),
        }
    }

    async fn grant_get(&self, id: Id, _read: Read) -> Result<Option<GrantRow>, StoreError> {
        Ok(self.tables().grants.get(&id).cloned())
    }

    async fn grant_transition(&self, id: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        match self.tables().grants.get_mut(&id) {
            Some(row) if row.version == expected => {
                row.version += 1;
                row.body = body;
                Ok(Cas::Applied)
            }
            _ => Ok(Cas::Conflict),
        }
    }

    async fn grants_of(&self, account: Id) -> Result<Vec<GrantRow>, StoreError> {
        Ok(self
            .tables()
            .grants
            .values()
            .filter(|g| g.account == account)
            .cloned()
            .collect())
    }

    async fn says_get(&self, accounts: Vec<Id>, _read: Read) -> Result<Vec<Option<Versioned>>, StoreError> {
        limits::page(accounts.len())?;
        let tables = self.tables();
        Ok(accounts
            .iter()
            .map(|account| tables.says.get(account).cloned())
            .collect())
    }

    async fn says_put(&self, account: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        Ok(put_versioned(&mut self.tables().says, account, expected, body))
    }

    async fn ask_put(&self, account: Id, key: Id, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        match self.tables().asks.entry((account, key)) {
            Entry::Vacant(place) => {
                place.insert(body);
                Ok(Cas::Applied)
            }
            Entry::Occupied(_) => Ok(Cas::Conflict),
        }
    }

    async fn asks_of(&self, account: Id) -> Result<Vec<(Id, Vec<u8>)>, StoreError> {
        let tables = self.tables();
        let hers = tables.asks.iter().filter(|((whose, _), _)| *whose == account);
        Ok(hers.map(|((_, key), body)| (*key, body.clone())).collect())
    }

    async fn ask_delete(&self, account: Id, key: Id) -> Result<(), StoreError> {
        self.tables().asks.remove(&(account, key));
        Ok(())
    }

    async fn views_bump(&self, accounts: Vec<Id>) -> Result<(), StoreError> {
        limits::page(accounts.len())?;
        let mut tables = self.tables();
        for account in accounts.into_iter().collect::<BTreeSet<Id>>() {
            *tables.views.entry(account).or_default() += 1;
        }
        Ok(())
    }

    async fn views_get(&self, account: Id) -> Result<u64, StoreError> {
        Ok(self.tables().views.get(&account).copied().unwrap_or(0))
    }

    async fn token_put(&self, hash: [u8; 32], row: TokenRow) -> Result<(), StoreError> {
        limits::body(&row.body)?;
        self.tables().tokens.insert(hash, row);
        Ok(())
    }

    async fn token_get(&self, hash: [u8; 32], _read: Read) -> Result<Option<TokenRow>, StoreError> {
        Ok(self.tables().tokens.get(&hash).cloned())
    }

    async fn token_delete(&self, hash: [u8; 32]) -> Result<(), StoreError> {
        self.tables().tokens.remove(&hash);
        Ok(())
    }

    async fn once_put(&self, key: Vec<u8>, row: TokenRow) -> Result<Cas, StoreError> {
        limits::key(&key)?;
        limits::body(&row.body)?;
        match self.tables().once.entry(key) {
            Entry::Vacant(place) => {
                place.insert(row);
                Ok(Cas::Applied)
            }
            Entry::Occupied(_) => Ok(Cas::Conflict),
        }
    }

    async fn once_get(&self, key: Vec<u8>) -> Result<Option<TokenRow>, StoreError> {
        limits::key(&key)?;
        Ok(self.tables().once.get(&key).cloned())
    }

    async fn once_take(&self, key: Vec<u8>) -> Result<Option<TokenRow>, StoreError> {
        limits::key(&key)?;
        Ok(self.tables().once.remove(&key))
    }

    async fn sweep(&self, now: i64) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let before = tables.tokens.len() + tables.once.len();
        tables.tokens.retain(|_, row| row.expires_at >= now);
        tables.once.retain(|_, row| row.expires_at >= now);
        Ok((before - tables.tokens.len() - tables.once.len()) as u64)
    }
}
