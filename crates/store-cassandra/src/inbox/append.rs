//! Appending messages.

use super::codec::{self, Bucket, Place};
use super::head::{Head, Next};
use super::talks::Talk;
use super::{ROUNDS, Statements};
use crate::CassandraStore;
use crate::attempt::Attempt;
use crate::cluster::{Group, Groups};
use crate::shape::stored;
use std::collections::{HashMap, HashSet};
use store::{Appended, Cas, ChangeKind, ConversationRow, Id, MessageRow, StoreError, limits};

/// For how long the change feed remembers, in seconds: 30 days.
const FEED: i32 = 30 * 24 * 3_600;
/// Bytes of a message's rows beside what is sealed, about.
const ROW: usize = 150;

impl CassandraStore {
    pub(super) async fn append(
        &self,
        account: Id,
        conversations: &[ConversationRow],
        messages: &[MessageRow],
    ) -> Result<Appended, StoreError> {
        // Of a conversation that is named twice the last row counts.
        let conversations: HashMap<Id, &ConversationRow> = conversations.iter().map(|row| (row.id, row)).collect();
        let conversations: Vec<&ConversationRow> = conversations.into_values().collect();
        let _pen = self.cluster.pens().take(("inbox", account)).await;
        for _ in 0..ROUNDS {
            if let Some(appended) = self.append_once(account, &conversations, messages).await? {
                return Ok(appended);
            }
        }
        Err(busy())
    }

    /// `None` if another process changed the inbox meanwhile.
    async fn append_once(
        &self,
        account: Id,
        conversations: &[&ConversationRow],
        messages: &[MessageRow],
    ) -> Result<Option<Appended>, StoreError> {
        let head = self.head(account).await?;
        self.sweep_removed(account, &head).await?;
        let new = self.new_of(account, &head, messages).await?;
        let added = new.len() as u64;
        let known = messages.len() as u64 - added;
        let appended = Appended {
            added,
            known,
            state: head.state + added,
        };
        let named: HashSet<Id> = conversations.iter().map(|row| row.id).collect();
        let mut talks = self
            .talks(
                account,
                named
                    .iter()
                    .copied()
                    .chain(new.iter().map(|m| m.conversation))
                    .collect(),
            )
            .await?;
        if new
            .iter()
            .any(|m| !named.contains(&m.conversation) && !talks.contains_key(&m.conversation))
        {
            return Err(limits::no_conversation());
        }
        if new.is_empty() && conversations.is_empty() {
            return Ok(Some(appended));
        }

        let attempt = self.cluster.attempt();
        let stale: Vec<(Id, Attempt)> = talks
            .iter()
            .filter(|(id, _)| named.contains(*id))
            .map(|(id, talk)| (*id, talk.seal))
            .collect();
        for row in conversations {
            talks.entry(row.id).or_default().seal = attempt;
        }
        for message in &new {
            talks.entry(message.conversation).or_default().take(message.sent_at);
        }
        let (bucket, buckets) = choose(&head.buckets, &new);
        let after = Head {
            state: appended.state,
            buckets,
            removing: Vec::new(),
            ..head.clone()
        };
        let rows = Rows {
            statements: &self.inboxes,
            account,
            generation: head.generation,
            bucket,
            attempt,
        };
        self.cluster
            .stage(rows.put(appended.state, conversations, &new))
            .await?;

        let mut group = Group::conditional();
        if added > 0 {
            let changes = codec::pack_changes(ChangeKind::Added, new.iter().map(|m| (m.id, m.conversation)));
            self.add_commit(&mut group, account, after.state, attempt, changes);
        }
        self.set_talks(&mut group, account, &talks);
        let decided = self
            .decide_head(Next {
                account,
                before: &head,
                after,
                attempt,
                group,
            })
            .await?;
        if decided == Cas::Conflict {
            self.cluster.discard(rows.drop(conversations, &new)).await;
            return Ok(None);
        }
        let mut groups = Groups::default();
        for (conversation, seal) in stale {
            groups.add(
                &self.inboxes.drop_seal,
                0,
                (account, head.generation, conversation, seal),
            );
        }
        self.cluster.discard(groups.into_vec()).await;
        Ok(Some(appended))
    }

    /// The messages of a batch that the account does not know, each once, in the batch's order.
    async fn new_of<'a>(
        &self,
        account: Id,
        head: &Head,
        messages: &'a [MessageRow],
    ) -> Result<Vec<&'a MessageRow>, StoreError> {
        let mut ids: HashSet<Id> = messages.iter().map(|m| m.id).collect();
        for id in self.places(account, head, &ids).await?.keys() {
            ids.remove(id);
        }
        Ok(messages.iter().filter(|m| ids.remove(&m.id)).collect())
    }

    /// The row that makes an attempt's rows count, and the changes it tells of.
    pub(super) fn add_commit(&self, group: &mut Group, account: Id, state: u64, attempt: Attempt, changes: Vec<u8>) {
        let key = codec::state_key(state);
        group.add(&self.inboxes.add_commit, 0, (attempt, account, key));
        group.add(&self.inboxes.add_changes, 0, (FEED, changes, account, key));
    }

    pub(super) fn set_talks(&self, group: &mut Group, account: Id, talks: &HashMap<Id, Talk>) {
        for (id, talk) in talks {
            let values = (talk.seal, talk.last_at, stored(talk.messages), account, *id);
            group.add(&self.inboxes.set_talk, 0, values);
        }
    }
}

/// Another process is faster, again and again.
pub(super) fn busy() -> StoreError {
    StoreError::Unavailable(format!("the inbox was changed by others {ROUNDS} times in a row"))
}

/// The bucket that a batch goes to, and all buckets with the batch in it.
fn choose(buckets: &[Bucket], new: &[&MessageRow]) -> (i32, Vec<Bucket>) {
    let size = |message: &MessageRow| (message.sealed.len() + ROW) as u64;
    let rows = u32::try_from(new.len()).unwrap_or(u32::MAX);
    let bytes = new.iter().map(|message| size(message)).sum();
    let mut buckets = buckets.to_vec();
    if !buckets.last().is_some_and(|last| last.takes(rows, bytes)) && !new.is_empty() {
        buckets.push(Bucket::EMPTY);
    }
    if let Some(last) = buckets.last_mut() {
        *last = new
            .iter()
            .fold(*last, |last, message| last.with(message.sent_at, size(message)));
    }
    (i32::try_from(buckets.len()).unwrap_or(i32::MAX) - 1, buckets)
}

/// The rows of one attempt.
struct Rows<'a> {
    statements: &'a Statements,
    account: Id,
    generation: i32,
    bucket: i32,
    attempt: Attempt,
}

impl Rows<'_> {
    /// Writes them, for a state that they will lead to.
    fn put(&self, state: u64, conversations: &[&ConversationRow], new: &[&MessageRow]) -> Vec<Group> {
        let Self {
            statements,
            account,
            generation,
            bucket,
            attempt,
        } = *self;
        let mut groups = Groups::default();
        for row in conversations {
            let values = (account, generation, row.id, attempt, row.sealed.clone());
            groups.add(&statements.add_seal, row.sealed.len() + ROW, values);
        }
        groups.turn();
        let state = stored(state);
        for m in new {
            let (sent_at, id, talk) = (m.sent_at, m.id, m.conversation);
            let message = (
                account,
                generation,
                bucket,
                sent_at,
                id,
                attempt,
                state,
                talk,
                m.sealed.clone(),
            );
            groups.add(&statements.add_message, m.sealed.len() + ROW, message);
            groups.add(
                &statements.add_place,
                ROW,
                (account, generation, bucket, id, attempt, state, talk, sent_at),
            );
            groups.add(
                &statements.add_thread,
                ROW,
                (account, generation, bucket, talk, sent_at, id, attempt, state),
            );
        }
        groups.into_vec()
    }

    /// Takes them away again: they have led to nothing.
    fn drop(&self, conversations: &[&ConversationRow], new: &[&MessageRow]) -> Vec<Group> {
        let Self {
            statements,
            account,
            generation,
            bucket,
            attempt,
        } = *self;
        let mut groups = Groups::default();
        for row in conversations {
            groups.add(&statements.drop_seal, 0, (account, generation, row.id, attempt));
        }
        groups.turn();
        for m in new {
            let place = Place {
                id: m.id,
                attempt,
                bucket,
                sent_at: m.sent_at,
                conversation: m.conversation,
            };
            statements.drop_rows_of(&mut groups, account, generation, &place);
            groups.add(&statements.drop_place, 0, (account, generation, bucket, m.id, attempt));
        }
        groups.into_vec()
    }
}

impl Statements {
    /// Takes a message and its place in its thread away.
    pub(super) fn drop_rows_of(&self, groups: &mut Groups, account: Id, generation: i32, place: &Place) {
        let Place {
            id,
            attempt,
            bucket,
            sent_at,
            conversation,
        } = *place;
        groups.add(
            &self.drop_message,
            0,
            (account, generation, bucket, sent_at, id, attempt),
        );
        groups.add(
            &self.drop_thread,
            0,
            (account, generation, bucket, conversation, sent_at, id, attempt),
        );
    }
}
