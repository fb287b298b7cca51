//! The bulk database: its tables, and what one inbox's rows are made of.

use super::engine::Engine;
use super::keys::{self, Parts};
use super::{ordered_table, table};
use crate::{Change, ChangeKind, ConversationRow, ConversationSummary, Cursor, Id, MessageRow, StoreError};
use fjall::compaction::Leveled;
use fjall::{Keyspace, OwnedWriteBatch, Slice, Snapshot};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Accounts that can be written at the same time, at most.
const SHARDS: usize = 64;
/// Bytes of one change: kind, message, conversation.
pub(super) const CHANGE: usize = 33;

pub(super) struct Mail {
    pub(super) engine: Arc<Engine>,
    pub(super) messages: Keyspace,
    pub(super) ids: Keyspace,
    pub(super) threads: Keyspace,
    pub(super) changes: Keyspace,
    pub(super) inboxes: Keyspace,
    hasher: RandomState,
    shards: [Arc<Mutex<()>>; SHARDS],
}

/// Where a message is.
pub(super) enum Place {
    Nowhere,
    Deleted,
    At(MessageRow),
}

/// Conversation rows while a batch is put together.
pub(super) type Talks = HashMap<Id, ConversationSummary>;

impl Mail {
    pub(super) fn open(engine: Engine, buffer: u64) -> Result<Self, StoreError> {
        // Every look-up of a message by place comes from an index that names it, so it hits: no filter on the last level.
        // By far the largest table: written out in larger pieces, and more of them before they are merged.
        let messages = engine.keyspace("messages", || {
            table(3 * buffer)
                .expect_point_read_hits(true)
                .compaction_strategy(Arc::new(Leveled::default().with_l0_threshold(8)))
        })?;
        // The one table that is asked for what is not there: once for each new message.
        let ids = engine.keyspace("ids", || table(buffer))?;
        let threads = engine.keyspace("threads", || ordered_table(buffer))?;
        let changes = engine.keyspace("changes", || ordered_table(buffer))?;
        let inboxes = engine.keyspace("inboxes", || table(buffer))?;
        let shards = std::array::from_fn(|_| Arc::default());
        Ok(Self {
            engine: Arc::new(engine),
            messages,
            ids,
            threads,
            changes,
            inboxes,
            hasher: RandomState::new(),
            shards,
        })
    }

    /// Waits for the pen of an account. One writer at a time makes its state dense and its counts right.
    #[expect(clippy::indexing_slicing, reason = "a remainder is below the length it was taken of")]
    pub(super) async fn pen(&self, account: Id) -> OwnedMutexGuard<()> {
        let shard = self.hasher.hash_one(account) as usize % SHARDS;
        Arc::clone(&self.shards[shard]).lock_owned().await
    }

    /// The account's state.
    pub(super) fn state(&self, account: Id) -> Result<u64, StoreError> {
        state_of(self.engine.get(&self.inboxes, &state_key(account))?)
    }

    /// The account's state in a snapshot.
    pub(super) fn state_at(&self, snapshot: &Snapshot, account: Id) -> Result<u64, StoreError> {
        state_of(self.engine.get_at(snapshot, &self.inboxes, &state_key(account))?)
    }

    /// Finds a message by its id: where `ids` says, or else where the id itself does.
    pub(super) fn place(&self, snapshot: &Snapshot, account: Id, id: Id) -> Result<Place, StoreError> {
        if let Some(value) = self.engine.get_at(snapshot, &self.ids, &keys::join(&[&account, &id]))? {
            if value.is_empty() {
                return Ok(Place::Deleted);
            }
            let sent_at = Parts::of("ids", &value).time()?;
            return Ok(Place::At(self.message(snapshot, account, Cursor { sent_at, id })?));
        }
        let told = Cursor {
            sent_at: time_in(&id),
            id,
        };
        let there = self
            .engine
            .get_at(snapshot, &self.messages, &message_key(account, told))?;
        there.map_or(Ok(Place::Nowhere), |value| message_row(told, &value).map(Place::At))
    }

    /// The message an index says is there.
    pub(super) fn message(&self, snapshot: &Snapshot, account: Id, cursor: Cursor) -> Result<MessageRow, StoreError> {
        match self
            .engine
            .get_at(snapshot, &self.messages, &message_key(account, cursor))?
        {
            Some(value) => message_row(cursor, &value),
            None => Err(StoreError::Corrupt(
                "an index of `messages` names one that is not there".to_owned(),
            )),
        }
    }

    pub(super) fn conversation(
        &self,
        snapshot: &Snapshot,
        account: Id,
        id: Id,
    ) -> Result<Option<ConversationSummary>, StoreError> {
        let value = self
            .engine
            .get_at(snapshot, &self.inboxes, &conversation_key(account, id))?;
        value.map(|value| summary(id, &value)).transpose()
    }

    /// Puts a batch's changes and conversations into it; returns the new state.
    pub(super) fn finish(
        &self,
        batch: &mut OwnedWriteBatch,
        account: Id,
        before: u64,
        run: &[u8],
        talks: &Talks,
    ) -> u64 {
        let state = before + (run.len() / CHANGE) as u64;
        if state > before {
            batch.insert(&self.changes, keys::join(&[&account, &state.to_be_bytes()]), run);
            batch.insert(&self.inboxes, state_key(account), state.to_be_bytes());
        }
        for (id, talk) in talks {
            let counts = [keys::time(talk.last_at), talk.messages.to_be_bytes()].concat();
            batch.insert(
                &self.inboxes,
                conversation_key(account, *id),
                keys::join(&[&counts, &talk.row.sealed]),
            );
        }
        state
    }
}

/// The time that an id begins with if it is one of `model::MessageId::timed`: 48 bits of milliseconds since 1970.
pub(super) fn time_in(id: &Id) -> i64 {
    id.iter().take(6).fold(0, |time, byte| time << 8 | i64::from(*byte))
}

fn state_key(account: Id) -> Vec<u8> {
    keys::row(keys::STATE, &[&account])
}

fn state_of(value: Option<Slice>) -> Result<u64, StoreError> {
    value.map_or(Ok(0), |value| Parts::of("states", &value).u64())
}

pub(super) fn conversation_key(account: Id, id: Id) -> Vec<u8> {
    keys::row(keys::CONVERSATION, &[&account, &id])
}

pub(super) fn message_key(account: Id, cursor: Cursor) -> Vec<u8> {
    keys::join(&[&account, &keys::time(cursor.sent_at), &cursor.id])
}

pub(super) fn message_row(cursor: Cursor, value: &[u8]) -> Result<MessageRow, StoreError> {
    let mut parts = Parts::of("messages", value);
    Ok(MessageRow {
        id: cursor.id,
        conversation: parts.id()?,
        sent_at: cursor.sent_at,
        sealed: parts.rest(),
    })
}

pub(super) fn summary(id: Id, value: &[u8]) -> Result<ConversationSummary, StoreError> {
    let mut parts = Parts::of("conversations", value);
    let (last_at, messages) = (parts.time()?, parts.u64()?);
    Ok(ConversationSummary {
        row: ConversationRow {
            id,
            sealed: parts.rest(),
        },
        last_at,
        messages,
    })
}

/// Adds a change to a batch's run.
pub(super) fn push_change(run: &mut Vec<u8>, kind: ChangeKind, message: Id, conversation: Id) {
    run.push(match kind {
        ChangeKind::Added => b'+',
        ChangeKind::Removed => b'-',
    });
    run.extend_from_slice(&message);
    run.extend_from_slice(&conversation);
}

/// Reads a run whose last change made the state `last`.
pub(super) fn run(last: u64, value: &[u8]) -> Result<Vec<Change>, StoreError> {
    let mut parts = Parts::of("changes", value);
    let count = value.len() / CHANGE;
    let first = last.checked_sub(count as u64).ok_or_else(|| parts.corrupt())?;
    let mut changes = Vec::with_capacity(count);
    while parts.left() > 0 {
        let kind = match parts.byte()? {
            b'+' => ChangeKind::Added,
            b'-' => ChangeKind::Removed,
            _ => return Err(parts.corrupt()),
        };
        let state = first + changes.len() as u64 + 1;
        changes.push(Change {
            state,
            kind,
            message: parts.id()?,
            conversation: parts.id()?,
        });
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_counts_up_to_its_last_state() {
        let mut bytes = Vec::new();
        push_change(&mut bytes, ChangeKind::Added, [1; 16], [9; 16]);
        push_change(&mut bytes, ChangeKind::Removed, [2; 16], [9; 16]);
        assert_eq!(bytes.len(), 2 * CHANGE);
        let changes = run(7, &bytes).unwrap();
        let told: Vec<_> = changes.iter().map(|c| (c.state, c.kind, c.message)).collect();
        assert_eq!(
            told,
            [(6, ChangeKind::Added, [1; 16]), (7, ChangeKind::Removed, [2; 16])]
        );
        assert!(matches!(run(1, &bytes), Err(StoreError::Corrupt(_))));
        bytes.pop();
        assert!(matches!(run(7, &bytes), Err(StoreError::Corrupt(_))));
    }
}
