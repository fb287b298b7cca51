//! Notes of work in progress, in memory.

use super::MemoryStore;
use crate::*;
use async_trait::async_trait;

#[async_trait]
impl Work for MemoryStore {
    async fn mark_get(&self, key: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError> {
        limits::key(&key)?;
        Ok(self.tables().marks.get(&key).cloned())
    }

    async fn mark_put(&self, key: Vec<u8>, body: Vec<u8>) -> Result<(), StoreError> {
        limits::key(&key)?;
        limits::body(&body)?;
        self.tables().marks.insert(key, body);
        Ok(())
    }
}
