//! Uploaded bytes, which wait to become part of something.

use super::{Kind, Mail, parse_id, show_id};
use crate::Error;
use serde::{Deserialize, Serialize};

/// Uploads that wait, at most, in number and bytes.
pub const UPLOADS_LIMIT: (usize, u64) = (1_000, 200_000_000);
/// Hours an upload waits for its use.
const HOURS: i64 = 24;
const HOUR: i64 = 3_600_000;

/// Uploaded bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its media type, as uploaded.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Upload {
    media_type: String,
    size: u64,
    pieces: u32,
    at: i64,
}

impl Mail<'_> {
    /// Keeps bytes for a day; returns their id. `TooLarge` if too much waits already.
    pub async fn upload(&self, media_type: &str, bytes: &[u8]) -> Result<String, Error> {
        let now = self.now().0;
        let (mut count, mut size) = (0, bytes.len() as u64);
        for (id, doc) in self.docs::<Upload>(Kind::Upload).await? {
            if doc.body.at + HOURS * HOUR <= now {
                self.change::<Upload, _>(Kind::Upload, id, |_| Ok((None, ()))).await?;
                self.app.store.pieces_delete(self.owner.0, id, doc.body.pieces).await?;
            } else {
                count += 1;
                size += doc.body.size;
            }
        }
        if count >= UPLOADS_LIMIT.0 || size > UPLOADS_LIMIT.1 {
            return Err(Error::TooLarge("too many uploads wait to be used".into()));
        }
        let id = self.new_id();
        let upload = Upload {
            media_type: media_type.to_owned(),
            size: bytes.len() as u64,
            pieces: self.pieces_put(id, bytes).await?,
            at: now,
        };
        let write = self.put(Kind::Upload, id, 0, &upload)?;
        match self.write(Kind::Upload, vec![write]).await? {
            store::Cas::Applied => Ok(show_id(id)),
            store::Cas::Conflict => Err(super::busy()),
        }
    }

    /// What was uploaded.
    pub async fn uploaded(&self, id: &str) -> Result<Option<Blob>, Error> {
        let Some(id) = parse_id(id) else { return Ok(None) };
        let Some(upload) = self.doc::<Upload>(Kind::Upload, id).await? else {
            return Ok(None);
        };
        let bytes = self.pieces_get(id, upload.body.pieces).await?;
        Ok(bytes.map(|bytes| Blob {
            media_type: upload.body.media_type,
            bytes,
        }))
    }
}
