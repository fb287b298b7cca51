//! An inbox at a glance: its head, its newest messages and its conversations, waited for once.
//!
//! To know where the newest messages are one has to read the head first. So we guess, by the head as it was last time, and
//! read everything at the same time. What was read is then held against the head that came: if it may lack something that this
//! head says is there, it is read again. A guess costs time when it is wrong, nothing else.

use super::codec::Bucket;
use super::head::Head;
use super::scan::Read;
use crate::CassandraStore;
use crate::attempt::Attempt;
use crate::shape::{id, number};
use futures_util::future::{try_join, try_join4};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::{ConversationRow, ConversationSummary, Glance, Id, MessageRow, StoreError};

/// Of how many inboxes a process remembers where their newest messages are.
const REMEMBER: usize = 50_000;
/// Conversations that are guessed about; more are read when the head is there.
const TALKS: usize = 100;

/// Where an inbox's newest messages probably are. An inbox that was never seen: where they are at first.
#[derive(Debug, Clone, Copy, Default)]
struct Guess {
    generation: i32,
    bucket: i32,
    /// What led to this state was staged, at a quorum, before it was remembered.
    state: u64,
}

/// What this process remembers.
#[derive(Debug, Default)]
pub(crate) struct Guesses(Mutex<HashMap<Id, Guess>>);

impl Guesses {
    fn map(&self) -> MutexGuard<'_, HashMap<Id, Guess>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, account: &Id) -> Guess {
        self.map().get(account).copied().unwrap_or_default()
    }

    fn remember(&self, account: Id, guess: Guess) {
        let mut map = self.map();
        if map.len() >= REMEMBER {
            map.clear();
        }
        map.insert(account, guess);
    }
}

/// Who wrote the head last, the conversation, whose seal counts, its newest message's time, its messages.
type TalkRow = (Option<Vec<u8>>, Vec<u8>, Vec<u8>, i64, i64);
/// Conversation, attempt, seal.
type SealRow = (Vec<u8>, Vec<u8>, Vec<u8>);

impl CassandraStore {
    pub(super) async fn glance(&self, account: Id, limit: usize, talks: &[Id]) -> Result<Glance, StoreError> {
        let guess = self.guesses.of(&account);
        let (head, (rows, over), talk_rows, seals) = try_join4(
            self.head(account),
            self.first_rows(account, guess.generation, guess.bucket, limit),
            self.talks_now(account, talks),
            self.seals_of(account, guess.generation, talks),
        )
        .await?;
        let buckets = newest_first(&head);
        self.guesses.remember(
            account,
            Guess {
                generation: head.generation,
                bucket: buckets.first().map_or(0, |(number, _)| *number),
                state: head.state,
            },
        );
        let there = head.generation == guess.generation
            && buckets.first().is_none_or(|(number, _)| *number == guess.bucket)
            && shows_all_since(&head, guess.state, &rows);
        let newest = async {
            if there && let Some(rows) = self.as_of(account, &head, rows, over, limit).await? {
                return Ok(rows);
            }
            let rows = self.scan(account, &head, None, None, limit).await?;
            Ok(rows.into_iter().filter_map(Read::into_message).collect())
        };
        let conversations = async {
            match summaries(&head, guess, talks, talk_rows, seals)? {
                Some(found) => Ok(found),
                None => self.talks_of(account, talks).await,
            }
        };
        let (newest, conversations) = try_join(newest, conversations).await?;
        Ok(Glance {
            state: head.state,
            newest,
            conversations,
        })
    }

    async fn talks_now(&self, account: Id, ids: &[Id]) -> Result<Vec<TalkRow>, StoreError> {
        match ids.is_empty() || ids.len() > TALKS {
            true => Ok(Vec::new()),
            false => self.cluster.rows(&self.inboxes.talks_now, (account, ids)).await,
        }
    }

    async fn seals_of(&self, account: Id, generation: i32, ids: &[Id]) -> Result<Vec<SealRow>, StoreError> {
        match ids.is_empty() || ids.len() > TALKS {
            true => Ok(Vec::new()),
            false => {
                let values = (account, generation, ids);
                self.cluster.rows(&self.inboxes.seals_of, values).await
            }
        }
    }

    /// What counts of a bucket's newest rows; `None` if they are not the whole page.
    async fn as_of(
        &self,
        account: Id,
        head: &Head,
        rows: Vec<Read>,
        over: bool,
        limit: usize,
    ) -> Result<Option<Vec<MessageRow>>, StoreError> {
        let commits = self.commits(account, head, rows.iter().map(|row| row.tag).collect());
        let commits = commits.await?;
        let mut count: Vec<Read> = rows;
        count.retain(|row| commits.have(&row.tag) && !head.removes(&row.place.id));
        count.truncate(limit);
        let next = newest_first(head).get(1).map(|(_, bucket)| bucket.newest);
        let full = count.len() == limit;
        let whole = match next {
            None => full || over,
            Some(next) => full && count.last().is_none_or(|last| last.place.sent_at > next),
        };
        Ok(whole.then(|| count.into_iter().filter_map(Read::into_message).collect()))
    }
}

/// The buckets, the one with the newest message first.
fn newest_first(head: &Head) -> Vec<(i32, &Bucket)> {
    let mut buckets: Vec<_> = (0..).zip(&head.buckets).collect();
    buckets.sort_by_key(|(_, bucket)| std::cmp::Reverse(bucket.newest));
    buckets
}

/// Whether every message that came after a state is among these rows. They were read at the same time as the head, so a commit
/// that it names may have been under way: then some of its rows were there already, and some not yet.
fn shows_all_since(head: &Head, state: u64, rows: &[Read]) -> bool {
    let mut new: Vec<(u64, Attempt)> = head.commits.iter().map(|(state, attempt)| (*state, *attempt)).collect();
    new.retain(|(reached, _)| *reached > state);
    new.sort_unstable();
    let mut whole = state;
    for tag in new {
        let seen = rows.iter().filter(|row| row.tag == tag).count() as u64;
        if whole + seen != tag.0 {
            return false;
        }
        whole = tag.0;
    }
    whole == head.state
}

/// The conversations as of this head; `None` if they have to be read again.
fn summaries(
    head: &Head,
    guess: Guess,
    ids: &[Id],
    rows: Vec<TalkRow>,
    seals: Vec<SealRow>,
) -> Result<Option<Vec<Option<ConversationSummary>>>, StoreError> {
    if ids.is_empty() {
        return Ok(Some(Vec::new()));
    }
    // They are rows of the head's own partition, and say which head they were read with.
    let mut attempts = rows.iter().map(|(attempt, ..)| attempt.as_deref());
    let same =
        !rows.is_empty() && attempts.all(|attempt| attempt == head.last_attempt.as_ref().map(<[u8; 16]>::as_slice));
    if !same || head.generation != guess.generation {
        return Ok(None);
    }
    let mut sealed = HashMap::new();
    for (conversation, attempt, seal) in seals {
        sealed.insert((id(&conversation)?, id(&attempt)?), seal);
    }
    let mut found = HashMap::new();
    for (_, conversation, seal, last_at, messages) in rows {
        let (conversation, seal) = (id(&conversation)?, id(&seal)?);
        let Some(sealed) = sealed.remove(&(conversation, seal)) else {
            return Ok(None);
        };
        let row = ConversationRow {
            id: conversation,
            sealed,
        };
        found.insert(
            conversation,
            ConversationSummary {
                row,
                last_at,
                messages: number(messages)?,
            },
        );
    }
    Ok(Some(ids.iter().map(|id| found.get(id).cloned()).collect()))
}
