//! Committing to the ledger.

use super::head::Head;
use super::{BUCKET, BUNDLE, PART, Statements};
use crate::CassandraStore;
use crate::attempt::Attempt;
use crate::cluster::{Group, Groups, each};
use crate::shape::stored;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::{Cas, Id, LedgerCommit, Read, StoreError, limits};

/// How often a commit tries again because the head was changed meanwhile, but not its epoch or size.
const ROUNDS: u32 = 8;
/// How many people's counts are remembered.
const REMEMBER: usize = 100_000;

/// What each person's next entry is, as of a head: the sequencer asks for the same people again and again.
#[derive(Debug, Default)]
pub(crate) struct Seqs(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The head that it is true of: that of our last commit.
    head: Option<Head>,
    next: HashMap<Id, u64>,
}

impl Seqs {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a person as of a head.
    fn of(&self, head: &Head, account: &Id) -> Option<u64> {
        let known = self.known();
        let true_now = known
            .head
            .as_ref()
            .is_some_and(|known| known.last_write == head.last_write);
        true_now.then(|| known.next.get(account).copied()).flatten()
    }

    /// A commit of ours has led from one head to the next.
    fn moved(&self, before: &Head, after: &Head, next: HashMap<Id, u64>) {
        let mut known = self.known();
        let goes_on = known
            .head
            .as_ref()
            .is_some_and(|known| known.last_write == before.last_write);
        if !goes_on || known.next.len() >= REMEMBER {
            known.next.clear();
        }
        known.head = Some(after.clone());
        known.next.extend(next);
    }

    /// The head that our last commit left, if this one goes on from there. Whether it still stands the commit itself finds out.
    fn left(&self, commit: &LedgerCommit) -> Option<Head> {
        let left = self.known().head.clone();
        left.filter(|head| (head.epoch, head.size) == (commit.epoch, commit.size))
    }

    fn forget(&self) {
        *self.known() = Known::default();
    }
}

impl CassandraStore {
    pub(super) async fn commit(&self, commit: LedgerCommit) -> Result<Cas, StoreError> {
        let _pen = self.cluster.pens().take("ledger").await;
        for _ in 0..ROUNDS {
            let before = match self.seqs.left(&commit) {
                Some(head) => head,
                None => self.log_head(Read::Acknowledged).await?,
            };
            if (before.epoch, before.size) != (commit.epoch, commit.size) {
                return Ok(Cas::Conflict);
            }
            let seqs = self.follow(&before, &commit).await?;
            let attempt = self.cluster.attempt();
            let next = Head {
                size: commit.size + commit.leaves.len() as u64,
                checkpoint: commit.checkpoint.clone(),
                serial: before.serial + 1,
                attempt: Some(attempt),
                last_write: Some(attempt),
                ..before.clone()
            };
            let rows = Rows {
                statements: &self.ledger,
                serial: next.serial,
                attempt,
            };
            let mut groups = rows.put(&commit);
            groups.extend(self.remember(&before));
            self.cluster.stage(groups).await?;
            if self.set_log_head(&before, &next).await? == Cas::Applied {
                self.seqs.moved(&before, &next, seqs);
                return Ok(Cas::Applied);
            }
            self.seqs.forget();
            self.cluster.discard(rows.drop(&commit)).await;
        }
        Err(StoreError::Unavailable(
            "others keep changing the ledger's head".to_owned(),
        ))
    }

    /// What comes after this commit's entries in each person's count; `Rejected` if one does not follow what is there.
    async fn follow(&self, head: &Head, commit: &LedgerCommit) -> Result<HashMap<Id, u64>, StoreError> {
        let people: BTreeSet<Id> = commit.owned.iter().map(|owned| owned.account).collect();
        let next = each(people, |account| async move {
            if let Some(next) = self.seqs.of(head, &account) {
                return Ok((account, next));
            }
            let last = self.owned(head, account, None, 1).await?;
            Ok((account, last.first().map_or(0, |last| last.seq + 1)))
        });
        let mut next: HashMap<Id, u64> = next.await?.into_iter().collect();
        for owned in &commit.owned {
            let next = next.entry(owned.account).or_default();
            if owned.seq != *next {
                return Err(limits::no_such_seq(owned.seq, *next));
            }
            *next += 1;
        }
        Ok(next)
    }

    /// Writes down whose the last commit was, before the head forgets it.
    fn remember(&self, head: &Head) -> Vec<Group> {
        let mut groups = Groups::default();
        if let Some(attempt) = head.attempt {
            groups.add(
                &self.ledger.add_commit,
                0,
                (head.serial.div_euclid(PART), head.serial, attempt),
            );
        }
        groups.into_vec()
    }
}

/// The rows of one attempt.
struct Rows<'a> {
    statements: &'a Statements,
    serial: i64,
    attempt: Attempt,
}

impl Rows<'_> {
    /// Writes them.
    fn put(&self, commit: &LedgerCommit) -> Vec<Group> {
        let Self {
            statements: s,
            serial,
            attempt,
        } = *self;
        let mut groups = Groups::default();
        let mut last = None;
        for (index, body) in (commit.size..).zip(&commit.leaves) {
            let bundle = index / BUNDLE;
            if last.replace(bundle) != Some(bundle) {
                groups.turn();
            }
            let values = (stored(bundle), stored(index), attempt, serial, body.clone());
            groups.add(&s.add_entry, body.len(), values);
        }
        for tile in &commit.tiles {
            groups.turn();
            let at = tile.index.cast_signed();
            groups.add(
                &s.add_tile,
                tile.hashes.len(),
                (i32::from(tile.level), at, serial, attempt, tile.hashes.clone()),
            );
        }
        let mut people: BTreeMap<(Id, u64), Vec<_>> = BTreeMap::new();
        for owned in &commit.owned {
            people
                .entry((owned.account, owned.seq / BUCKET))
                .or_default()
                .push(owned);
        }
        for ((account, bucket), hers) in people {
            groups.turn();
            for owned in hers {
                let (seq, index) = (stored(owned.seq), stored(owned.index));
                let values = (
                    account,
                    stored(bucket),
                    seq,
                    attempt,
                    serial,
                    index,
                    owned.sealed.clone(),
                );
                groups.add(&s.add_owned, owned.sealed.len(), values);
                if owned.seq > 0 && owned.seq % BUCKET == 0 {
                    groups.turn();
                    groups.add(&s.add_bucket, 0, (account, stored(bucket)));
                    groups.turn();
                }
            }
        }
        groups.into_vec()
    }

    /// Takes them away again: they have led to nothing.
    fn drop(&self, commit: &LedgerCommit) -> Vec<Group> {
        let Self {
            statements: s,
            serial,
            attempt,
        } = *self;
        let mut groups = Groups::default();
        for (index, _) in (commit.size..).zip(&commit.leaves) {
            groups.turn();
            groups.add(&s.drop_entry, 0, (stored(index / BUNDLE), stored(index), attempt));
        }
        for tile in &commit.tiles {
            groups.turn();
            groups.add(
                &s.drop_tile,
                0,
                (i32::from(tile.level), tile.index.cast_signed(), serial, attempt),
            );
        }
        for owned in &commit.owned {
            groups.turn();
            let bucket = stored(owned.seq / BUCKET);
            groups.add(&s.drop_owned, 0, (owned.account, bucket, stored(owned.seq), attempt));
        }
        groups.into_vec()
    }
}
