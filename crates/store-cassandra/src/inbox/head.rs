//! The head of an inbox, and which rows its commits make count.

use super::codec::{self, Bucket, Place};
use crate::CassandraStore;
use crate::attempt::Attempt;
use crate::cluster::{Group, at, each};
use crate::decide::{Standing, decide};
use crate::shape::{id, number, stored};
use std::collections::{BTreeSet, HashMap};
use store::{Cas, Id, Read, StoreError};

/// Commits asked for at once.
const CHUNK: usize = 100;

/// The head, as of one read, with the newest commits.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    /// Raised by each purge.
    pub(super) generation: i32,
    /// How many changes there were.
    pub(super) state: u64,
    /// Where messages are.
    pub(super) buckets: Vec<Bucket>,
    /// What was deleted, and may still have rows.
    pub(super) removing: Vec<Place>,
    /// The generation that a purge left behind and how many buckets it had, if it may still have rows.
    pub(super) unswept: Option<(i32, i32)>,
    /// Who wrote it last; `None` if nobody has.
    pub(super) last_attempt: Option<Attempt>,
    /// The newest commits: who led to which state.
    pub(super) commits: HashMap<u64, Attempt>,
}

/// What an attempt at writing carries: the state it was to lead to, and its name.
pub(super) type Tag = (u64, Attempt);

type Row = (
    Option<i32>,
    Option<i64>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Option<i8>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
);

impl Head {
    fn of(rows: Vec<Row>) -> Result<Self, StoreError> {
        let mut head = Self::default();
        let Some((generation, state, buckets, removing, unswept, last_attempt, ..)) = rows.first() else {
            return Ok(head);
        };
        head.generation = generation.unwrap_or(0);
        head.state = number(state.unwrap_or(0))?;
        head.buckets = codec::buckets(buckets.as_deref().unwrap_or_default())?;
        head.removing = codec::places(removing.as_deref().unwrap_or_default())?;
        head.unswept = unswept.as_deref().map(codec::unswept).transpose()?;
        head.last_attempt = last_attempt.as_deref().map(id).transpose()?;
        for (.., kind, key, attempt) in rows {
            if let (Some(0), Some(key), Some(attempt)) = (kind, key, attempt) {
                head.commits.insert(codec::state_of(&key)?, id(&attempt)?);
            }
        }
        Ok(head)
    }

    /// Whether a message was deleted and its rows are on their way out.
    pub(super) fn removes(&self, message: &Id) -> bool {
        self.removing.iter().any(|place| place.id == *message)
    }
}

/// Which rows count.
#[derive(Debug)]
pub(super) struct Commits(HashMap<u64, Attempt>);

impl Commits {
    /// Whether a row that carries this tag does.
    pub(super) fn have(&self, (state, attempt): &Tag) -> bool {
        self.0.get(state) == Some(attempt)
    }
}

/// A new head, and what else is decided with it.
pub(super) struct Next<'a> {
    pub(super) account: Id,
    pub(super) before: &'a Head,
    pub(super) after: Head,
    pub(super) attempt: Attempt,
    /// More writes to the same partition.
    pub(super) group: Group,
}

impl CassandraStore {
    /// The head as it stands.
    pub(super) async fn head(&self, account: Id) -> Result<Head, StoreError> {
        Head::of(self.cluster.rows(&self.inboxes.head, (account,)).await?)
    }

    /// Which of these tags count, as of a head.
    pub(super) async fn commits(&self, account: Id, head: &Head, tags: Vec<Tag>) -> Result<Commits, StoreError> {
        let states: BTreeSet<u64> = tags.into_iter().map(|(state, _)| state).collect();
        let mut known = HashMap::new();
        let mut asked = Vec::new();
        // What is above the head was not there when the head was read.
        for state in states.range(..=head.state) {
            match head.commits.get(state) {
                Some(attempt) => _ = known.insert(*state, *attempt),
                None => asked.push(codec::state_key(*state)),
            }
        }
        let found = each(asked.chunks(CHUNK), |keys| {
            self.cluster
                .rows::<(Vec<u8>, Vec<u8>)>(&self.inboxes.commits, (account, keys))
        });
        for (key, attempt) in found.await?.into_iter().flatten() {
            known.insert(codec::state_of(&key)?, id(&attempt)?);
        }
        Ok(Commits(known))
    }

    /// Puts the next head in place of the one before, with everything that goes with it; `Conflict` if another is there.
    pub(super) async fn decide_head(&self, next: Next<'_>) -> Result<Cas, StoreError> {
        let Next {
            account,
            before,
            after,
            attempt,
            group,
        } = next;
        let mut all = Group::conditional();
        let unswept = after
            .unswept
            .map(|(generation, buckets)| codec::pack_unswept(generation, buckets));
        let removing = (!after.removing.is_empty()).then(|| codec::pack_places(&after.removing));
        all.add(
            &self.inboxes.set_head,
            0,
            (
                after.generation,
                stored(after.state),
                codec::pack_buckets(&after.buckets),
                removing,
                unswept,
                attempt,
                account,
                before.last_attempt,
            ),
        );
        all.append(group);
        let look = || async {
            let now = Head::of(
                self.cluster
                    .rows(&at(&self.inboxes.head, Read::Serial), (account,))
                    .await?,
            )?;
            if now.last_attempt == Some(attempt) {
                return Ok(Standing::Ours);
            }
            if now.last_attempt == before.last_attempt {
                return Ok(Standing::Before);
            }
            if now.generation != after.generation {
                return Err(StoreError::Unknown("the inbox was purged meanwhile".to_owned()));
            }
            // Another came after; whether we came before it, our commit says. A head without a commit of its own says
            // nothing, and may be written again.
            let tag = (after.state, attempt);
            let commits = self.commits(account, &now, vec![tag]).await?;
            Ok(if commits.have(&tag) {
                Standing::Ours
            } else {
                Standing::Theirs
            })
        };
        decide(|| self.cluster.ask_group(&all), look).await
    }
}
