//! Wrapped data keys.

use crate::CassandraStore;
use crate::cluster::{Group, at};
use crate::decide::{Standing, decide};
use crate::statements::statements;
use async_trait::async_trait;
use store::{Cas, Id, KeyState, Keys, Read, StoreError, limits};

statements! {
    /// Statements on data keys.
    Statements {
        key: Read "SELECT wrapped, attempt FROM privity.data_keys WHERE account = ? AND label = ?";
        destroyed: Read "SELECT destroyed FROM privity.data_keys WHERE account = ? LIMIT 1";
        create: If "UPDATE privity.data_keys SET wrapped = ?, attempt = ? WHERE account = ? AND label = ? IF attempt = null AND destroyed = null";
        destroy: If "UPDATE privity.data_keys SET destroyed = true WHERE account = ? IF destroyed = null";
        drop: If "DELETE FROM privity.data_keys WHERE account = ? AND label >= 0";
    }
}

impl CassandraStore {
    async fn key(&self, account: Id, label: u32, read: Read) -> Result<Option<(Vec<u8>, Vec<u8>)>, StoreError> {
        self.cluster
            .row(&at(&self.data_keys.key, read), (account, i64::from(label)))
            .await
    }

    async fn destroyed(&self, account: Id, read: Read) -> Result<bool, StoreError> {
        let row = self
            .cluster
            .row::<(Option<bool>,)>(&at(&self.data_keys.destroyed, read), (account,))
            .await?;
        Ok(row.and_then(|(destroyed,)| destroyed).unwrap_or(false))
    }
}

#[async_trait]
impl Keys for CassandraStore {
    async fn key_create(&self, account: Id, label: u32, wrapped: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&wrapped)?;
        let ours = self.cluster.attempt();
        let _pen = self.cluster.pens().take(("keys", account)).await;
        decide(
            || {
                let values = (&wrapped, ours, account, i64::from(label));
                self.cluster.ask(&self.data_keys.create, values)
            },
            || async {
                if self.destroyed(account, Read::Serial).await? {
                    return Ok(Standing::Theirs);
                }
                Ok(match self.key(account, label, Read::Serial).await? {
                    None => Standing::Before,
                    Some((_, by)) if by == ours => Standing::Ours,
                    Some(_) => Standing::Theirs,
                })
            },
        )
        .await
    }

    async fn key_get(&self, account: Id, label: u32) -> Result<KeyState, StoreError> {
        if let Some((wrapped, _)) = self.key(account, label, Read::Acknowledged).await? {
            return Ok(KeyState::Live(wrapped));
        }
        Ok(match self.destroyed(account, Read::Acknowledged).await? {
            true => KeyState::Destroyed,
            false => KeyState::Absent,
        })
    }

    /// The marker and the deletion are one write: nobody sees one without the other.
    async fn keys_destroy(&self, account: Id) -> Result<(), StoreError> {
        let mut group = Group::conditional();
        group.add(&self.data_keys.destroy, 0, (account,));
        group.add(&self.data_keys.drop, 0, (account,));
        let _pen = self.cluster.pens().take(("keys", account)).await;
        decide(
            || self.cluster.ask_group(&group),
            || async {
                let destroyed = self.destroyed(account, Read::Serial).await?;
                Ok(if destroyed { Standing::Ours } else { Standing::Before })
            },
        )
        .await
        .map(drop)
    }
}
