//! Notes of work in progress.

use crate::CassandraStore;
use crate::shape::key as stored_key;
use crate::statements::statements;
use async_trait::async_trait;
use store::{StoreError, Work, limits};

statements! {
    /// Statements on notes.
    Statements {
        get: Read "SELECT body FROM privity.marks WHERE key = ?";
        put: Write "INSERT INTO privity.marks (key, body) VALUES (?, ?)";
    }
}

#[async_trait]
impl Work for CassandraStore {
    async fn mark_get(&self, key: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError> {
        limits::key(&key)?;
        let row = self
            .cluster
            .row::<(Vec<u8>,)>(&self.marks.get, (stored_key(&key),))
            .await?;
        Ok(row.map(|(body,)| body))
    }

    async fn mark_put(&self, key: Vec<u8>, body: Vec<u8>) -> Result<(), StoreError> {
        limits::key(&key)?;
        limits::body(&body)?;
        self.cluster.write(&self.marks.put, (stored_key(&key), body)).await
    }
}
