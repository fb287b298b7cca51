//! Reading the ledger.

use super::head::{Commits, Head, Tag};
use super::{BUCKET, BUNDLE};
use crate::CassandraStore;
use crate::cluster::each;
use crate::shape::{id, number, stored};
use crate::trouble::corrupt;
use std::collections::BTreeMap;
use store::{Id, OwnedEntry, Read, StoreError};

/// Entries and who wrote them, by index.
type Written = BTreeMap<u64, Vec<(Tag, Vec<u8>)>>;

impl CassandraStore {
    pub(super) async fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let head = self.log_head(Read::Acknowledged).await?;
        let end = from.saturating_add(limit as u64).min(head.size);
        if from >= end {
            return Ok(Vec::new());
        }
        let bundles = from / BUNDLE..=(end - 1) / BUNDLE;
        let found = each(bundles, |bundle| {
            let (first, last) = (from.max(bundle * BUNDLE), end.min((bundle + 1) * BUNDLE));
            let values = (stored(bundle), stored(first), stored(last));
            self.cluster
                .rows::<(i64, i64, Vec<u8>, Vec<u8>)>(&self.ledger.entries, values)
        });
        let mut written = Written::new();
        for (index, serial, attempt, body) in found.await?.into_iter().flatten() {
            written
                .entry(number(index)?)
                .or_default()
                .push(((serial, id(&attempt)?), body));
        }
        // An entry below the head was committed, so if there is one row, it is that one. Where there are more, some are of
        // attempts that led to nothing.
        let doubtful = written
            .values()
            .filter(|rows| rows.len() > 1)
            .flatten()
            .map(|(tag, _)| *tag);
        let doubtful: Vec<Tag> = doubtful.collect();
        let commits = match doubtful.is_empty() {
            true => Commits::default(),
            false => self.log_commits(&head, doubtful).await?,
        };
        let leaf = |index: u64| {
            let mut rows = written.remove(&index).unwrap_or_default();
            if rows.len() > 1 {
                rows.retain(|(tag, _)| commits.have(tag));
            }
            let row = rows
                .pop()
                .ok_or_else(|| corrupt(format!("entry {index} of the log is missing")))?;
            Ok(row.1)
        };
        (from..end).map(leaf).collect()
    }

    pub(super) async fn tile(&self, level: u8, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let head = self.log_head(Read::Acknowledged).await?;
        let values = (i32::from(level), index.cast_signed());
        let found = self
            .cluster
            .rows::<(i64, Vec<u8>, Vec<u8>)>(&self.ledger.tile, values)
            .await?;
        let tagged = |(serial, attempt, hashes): (i64, Vec<u8>, Vec<u8>)| Ok(((serial, id(&attempt)?), hashes));
        let found = found
            .into_iter()
            .map(tagged)
            .collect::<Result<Vec<(Tag, _)>, StoreError>>()?;
        let commits = self
            .log_commits(&head, found.iter().map(|(tag, _)| *tag).collect())
            .await?;
        Ok(found
            .into_iter()
            .find(|(tag, _)| commits.have(tag))
            .map(|(_, hashes)| hashes))
    }

    pub(super) async fn owned(
        &self,
        head: &Head,
        account: Id,
        before_seq: Option<u64>,
        limit: usize,
    ) -> Result<Vec<OwnedEntry>, StoreError> {
        let mut entries = Vec::new();
        let last = match before_seq {
            Some(0) => return Ok(entries),
            Some(seq) if seq < BUCKET => 0,
            _ => {
                let last = self.cluster.row::<(i64,)>(&self.ledger.last_bucket, (account,)).await?;
                let last = number(last.map_or(0, |(bucket,)| bucket))?;
                before_seq.map_or(last, |seq| last.min((seq - 1) / BUCKET))
            }
        };
        let size = i32::try_from(limit).unwrap_or(i32::MAX);
        let before = before_seq.map_or(i64::MAX, stored);
        for bucket in (0..=last).rev() {
            let values = (account, stored(bucket), before);
            let mut pages =
                self.cluster
                    .pages::<(i64, i64, Vec<u8>, i64, Vec<u8>)>(&self.ledger.owned, size, values)?;
            while entries.len() < limit {
                let Some(page) = pages.next().await? else { break };
                let mut rows = Vec::new();
                for (seq, serial, attempt, index, sealed) in page {
                    let entry = OwnedEntry {
                        index: number(index)?,
                        account,
                        seq: number(seq)?,
                        sealed,
                    };
                    rows.push(((serial, id(&attempt)?), entry));
                }
                let commits = self
                    .log_commits(head, rows.iter().map(|(tag, _)| *tag).collect())
                    .await?;
                let hers = rows
                    .into_iter()
                    .filter(|(tag, _)| commits.have(tag))
                    .map(|(_, entry)| entry);
                entries.extend(hers.take(limit - entries.len()));
            }
        }
        Ok(entries)
    }
}
