//! The ledger's head, and which rows its commits make count.

use super::PART;
use crate::CassandraStore;
use crate::attempt::Attempt;
use crate::cluster::{at, each};
use crate::decide::{Standing, decide};
use crate::shape::{id, number, stored};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::{Cas, LedgerHead, Read, StoreError};

/// Commits asked for at once.
const CHUNK: usize = 100;
/// How often a fence tries again because the head was changed meanwhile.
const ROUNDS: u32 = 32;

/// The head, as of one read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) epoch: u64,
    pub(super) size: u64,
    pub(super) checkpoint: Vec<u8>,
    /// How many commits there were.
    pub(super) serial: i64,
    /// Whose the last one was.
    pub(super) attempt: Option<Attempt>,
    /// Who wrote this row last, a fence or a commit; `None` if nobody has.
    pub(super) last_write: Option<Attempt>,
}

/// What the rows of a commit carry: its number, and who tried to make it.
pub(super) type Tag = (i64, Attempt);

impl From<Head> for LedgerHead {
    fn from(head: Head) -> Self {
        Self {
            epoch: head.epoch,
            size: head.size,
            checkpoint: head.checkpoint,
        }
    }
}

type Row = (i64, i64, Vec<u8>, i64, Option<Vec<u8>>, Vec<u8>);

/// Which rows count.
#[derive(Debug, Default)]
pub(super) struct Commits(HashMap<i64, Attempt>);

impl Commits {
    /// Whether a row that carries this tag does.
    pub(super) fn have(&self, (serial, attempt): &Tag) -> bool {
        self.0.get(serial) == Some(attempt)
    }
}

impl CassandraStore {
    pub(super) async fn log_head(&self, read: Read) -> Result<Head, StoreError> {
        let Some(row) = self.cluster.row::<Row>(&at(&self.ledger.head, read), ()).await? else {
            return Ok(Head::default());
        };
        let (epoch, size, checkpoint, serial, attempt, last_write) = row;
        Ok(Head {
            epoch: number(epoch)?,
            size: number(size)?,
            checkpoint,
            serial,
            attempt: attempt.as_deref().map(id).transpose()?,
            last_write: Some(id(&last_write)?),
        })
    }

    /// Puts the next head, which has its own `last_write`, in place of the one before.
    pub(super) async fn set_log_head(&self, before: &Head, next: &Head) -> Result<Cas, StoreError> {
        decide(
            || {
                let values = (
                    stored(next.epoch),
                    stored(next.size),
                    &next.checkpoint,
                    next.serial,
                    next.attempt,
                    next.last_write,
                    before.last_write,
                );
                self.cluster.ask(&self.ledger.set_head, values)
            },
            || async {
                let now = self.log_head(Read::Serial).await?;
                if now.last_write == next.last_write {
                    return Ok(Standing::Ours);
                }
                if now.last_write == before.last_write {
                    return Ok(Standing::Before);
                }
                // Others came after. A commit of ours has left its number; a fence has not, and may be taken again.
                let tag = next
                    .attempt
                    .filter(|_| next.serial > before.serial)
                    .map(|attempt| (next.serial, attempt));
                let commits = self.log_commits(&now, tag.into_iter().collect()).await?;
                Ok(match tag {
                    Some(tag) if commits.have(&tag) => Standing::Ours,
                    _ => Standing::Theirs,
                })
            },
        )
        .await
    }

    pub(super) async fn fence(&self) -> Result<LedgerHead, StoreError> {
        let _pen = self.cluster.pens().take("ledger").await;
        for _ in 0..ROUNDS {
            let before = self.log_head(Read::Serial).await?;
            let next = Head {
                epoch: before.epoch + 1,
                last_write: Some(self.cluster.attempt()),
                ..before.clone()
            };
            if self.set_log_head(&before, &next).await? == Cas::Applied {
                return Ok(next.into());
            }
        }
        Err(StoreError::Unavailable(
            "others keep changing the ledger's head".to_owned(),
        ))
    }

    /// Which of these tags count, as of a head.
    pub(super) async fn log_commits(&self, head: &Head, tags: Vec<Tag>) -> Result<Commits, StoreError> {
        let mut commits = Commits(head.attempt.map(|attempt| (head.serial, attempt)).into_iter().collect());
        let mut parts: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        // What is above the head was not there when the head was read.
        for (serial, _) in tags.into_iter().filter(|(serial, _)| *serial < head.serial) {
            parts.entry(serial.div_euclid(PART)).or_default().insert(serial);
        }
        for (part, serials) in parts {
            let serials: Vec<i64> = serials.into_iter().collect();
            let found = each(serials.chunks(CHUNK), |serials| {
                self.cluster
                    .rows::<(i64, Vec<u8>)>(&self.ledger.commits, (part, serials))
            });
            for (serial, attempt) in found.await?.into_iter().flatten() {
                commits.0.insert(serial, id(&attempt)?);
            }
        }
        Ok(commits)
    }
}
