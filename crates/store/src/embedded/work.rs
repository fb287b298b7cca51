//! Notes of work in progress: beside the inboxes, because that is what they speak of.

use super::EmbeddedStore;
use super::engine::blocking;
use super::keys;
use crate::*;
use async_trait::async_trait;
use std::sync::Arc;

#[async_trait]
impl Work for EmbeddedStore {
    async fn mark_get(&self, key: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError> {
        limits::key(&key)?;
        let note = self
            .mail
            .engine
            .get(&self.mail.inboxes, &keys::row(keys::MARK, &[&key]))?;
        Ok(note.map(|body| body.to_vec()))
    }

    async fn mark_put(&self, key: Vec<u8>, body: Vec<u8>) -> Result<(), StoreError> {
        limits::key(&key)?;
        limits::body(&body)?;
        let mail = Arc::clone(&self.mail);
        blocking(move || {
            let mut batch = mail.engine.batch(1);
            batch.insert(&mail.inboxes, keys::row(keys::MARK, &[&key]), body);
            mail.engine.commit(batch)
        })
        .await
    }
}
