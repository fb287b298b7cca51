//! Partners' catalogues: up to 64 MiB, in chunks.

use crate::CassandraStore;
use crate::attempt::Attempt;
use crate::cluster::{Groups, at, each};
use crate::decide::{Standing, decide};
use crate::shape::id;
use crate::statements::statements;
use crate::trouble::corrupt;
use store::{Cas, Read, StoreError};

/// Bytes of a chunk.
const CHUNK: usize = 512 << 10;
/// How often a catalogue is looked for that others are replacing.
const ROUNDS: u32 = 8;

statements! {
    /// Statements on catalogues.
    Statements {
        head: Read "SELECT attempt, chunks FROM privity.catalogues WHERE partner = ?";
        set_head: If "UPDATE privity.catalogues SET attempt = ?, chunks = ? WHERE partner = ? IF attempt = ?";
        chunk: Read "SELECT body FROM privity.catalogue_chunks WHERE partner = ? AND attempt = ? AND chunk = ?";
        add_chunk: Write "INSERT INTO privity.catalogue_chunks (partner, attempt, chunk, body) VALUES (?, ?, ?, ?)";
        drop_chunk: Write "DELETE FROM privity.catalogue_chunks WHERE partner = ? AND attempt = ? AND chunk = ?";
    }
}

impl CassandraStore {
    async fn catalogue_head(&self, partner: &str, read: Read) -> Result<Option<(Attempt, i32)>, StoreError> {
        let row = self
            .cluster
            .row::<(Vec<u8>, i32)>(&at(&self.catalogues.head, read), (partner,))
            .await?;
        row.map(|(attempt, chunks)| Ok((id(&attempt)?, chunks))).transpose()
    }

    /// Writes the chunks, then points to them; then the ones before are nobody's.
    pub(crate) async fn put_catalogue(&self, partner: &str, body: &[u8]) -> Result<(), StoreError> {
        let (s, attempt) = (&self.catalogues, self.cluster.attempt());
        let mut groups = Groups::default();
        for (number, chunk) in (0_i32..).zip(body.chunks(CHUNK)) {
            groups.add(
                &s.add_chunk,
                chunk.len(),
                (partner.to_owned(), attempt, number, chunk.to_vec()),
            );
            groups.turn();
        }
        self.cluster.stage(groups.into_vec()).await?;
        let chunks = i32::try_from(body.len().div_ceil(CHUNK)).unwrap_or(i32::MAX);
        let _pen = self.cluster.pens().take(("catalogue", partner)).await;
        for _ in 0..ROUNDS {
            let before = self.catalogue_head(partner, Read::Acknowledged).await?;
            let replaced = before.map(|(attempt, _)| attempt);
            let put = decide(
                || self.cluster.ask(&s.set_head, (attempt, chunks, partner, replaced)),
                || async {
                    let now = self
                        .catalogue_head(partner, Read::Serial)
                        .await?
                        .map(|(attempt, _)| attempt);
                    Ok(match now {
                        now if now == Some(attempt) => Standing::Ours,
                        now if now == replaced => Standing::Before,
                        _ => Standing::Theirs,
                    })
                },
            );
            if put.await? == Cas::Applied {
                let mut groups = Groups::default();
                if let Some((attempt, chunks)) = before {
                    for number in 0..chunks {
                        groups.add(&s.drop_chunk, 0, (partner.to_owned(), attempt, number));
                        groups.turn();
                    }
                }
                self.cluster.discard(groups.into_vec()).await;
                return Ok(());
            }
        }
        Err(StoreError::Unavailable(
            "others keep replacing the catalogue".to_owned(),
        ))
    }

    pub(crate) async fn catalogue(&self, partner: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let chunk = &self.catalogues.chunk;
        for _ in 0..ROUNDS {
            let Some((attempt, chunks)) = self.catalogue_head(partner, Read::Acknowledged).await? else {
                return Ok(None);
            };
            let found = each(0..chunks, |number| {
                self.cluster.row::<(Vec<u8>,)>(chunk, (partner, attempt, number))
            });
            // A chunk that is not there any more: the catalogue was replaced between two reads.
            let whole: Option<Vec<Vec<u8>>> = found.await?.into_iter().map(|row| row.map(|(body,)| body)).collect();
            if let Some(whole) = whole {
                return Ok(Some(whole.concat()));
            }
        }
        Err(corrupt("a catalogue lacks a chunk"))
    }
}
