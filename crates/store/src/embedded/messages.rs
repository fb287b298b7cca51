//! Inboxes.

use super::EmbeddedStore;
use super::engine::{blocking, reading};
use super::keys::{self, Parts};
use super::mail::{Mail, Place, Talks, conversation_key, message_key, message_row, push_change, run, summary, time_in};
use crate::*;
use async_trait::async_trait;
use fjall::{OwnedWriteBatch, Readable, Snapshot};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

/// Rows a purge removes in one batch.
const PURGE: usize = 2_000;

impl Mail {
    fn append(
        &self,
        account: Id,
        conversations: Vec<ConversationRow>,
        messages: Vec<MessageRow>,
    ) -> Result<Appended, StoreError> {
        let snapshot = self.engine.snapshot()?;
        let before = self.state(account)?;
        let mut talks = Talks::new();
        for row in conversations {
            let stored = self.conversation(&snapshot, account, row.id)?;
            let (last_at, messages) = stored.map_or((i64::MIN, 0), |old| (old.last_at, old.messages));
            talks.insert(row.id, ConversationSummary { row, last_at, messages });
        }
        let new = self.new_of(&snapshot, account, before, &messages)?;
        let known = (messages.len() - new.len()) as u64;
        let mut batch = self.engine.batch(2 * new.len() + talks.len() + 2);
        let mut changes = Vec::with_capacity(new.len() * super::mail::CHANGE);
        for MessageRow {
            id,
            conversation,
            sent_at,
            ..
        } in new.iter().copied()
        {
            let talk = match talks.entry(*conversation) {
                Entry::Occupied(talk) => talk.into_mut(),
                Entry::Vacant(place) => {
                    let stored = self.conversation(&snapshot, account, *conversation)?;
                    place.insert(stored.ok_or_else(limits::no_conversation)?)
                }
            };
            talk.last_at = talk.last_at.max(*sent_at);
            talk.messages += 1;
            push_change(&mut changes, ChangeKind::Added, *id, *conversation);
        }
        self.put(&mut batch, &snapshot, account, new)?;
        let state = self.finish(&mut batch, account, before, &changes, &talks);
        self.engine.commit(batch)?;
        Ok(Appended {
            added: state - before,
            known,
            state,
        })
    }

    /// The messages of a batch that the account does not know, each once, in the batch's order.
    fn new_of<'a>(
        &self,
        snapshot: &Snapshot,
        account: Id,
        state: u64,
        messages: &'a [MessageRow],
    ) -> Result<Vec<&'a MessageRow>, StoreError> {
        let mut known = HashSet::new();
        // An inbox that never changed knows no message.
        if state > 0 {
            let mut threads: HashMap<Id, Vec<Id>> = HashMap::new();
            for m in messages {
                threads.entry(m.conversation).or_default().push(m.id);
            }
            for (conversation, ids) in threads {
                self.known_in(snapshot, account, conversation, ids, &mut known)?;
            }
        }
        let new = messages.iter().filter(|m| known.insert(m.id));
        Ok(new.collect())
    }

    /// Puts new messages into a batch, table by table and in order of time, so that each index is walked in one go.
    fn put(
        &self,
        batch: &mut OwnedWriteBatch,
        snapshot: &Snapshot,
        account: Id,
        mut new: Vec<&MessageRow>,
    ) -> Result<(), StoreError> {
        new.sort_unstable_by_key(|m| (m.sent_at, m.id));
        let mut row = keys::Scratch::default();
        let mut threads: HashMap<Id, Vec<Cursor>> = HashMap::new();
        for m in &new {
            let cursor = Cursor {
                sent_at: m.sent_at,
                id: m.id,
            };
            let key = row.of(&[&account, &keys::time(m.sent_at), &m.id]);
            let value = row.of(&[&m.conversation, &m.sealed]);
            batch.insert(&self.messages, key, value);
            threads.entry(m.conversation).or_default().push(cursor);
        }
        for (conversation, new) in threads {
            self.index(batch, snapshot, account, conversation, new)?;
        }
        for m in new.into_iter().filter(|m| time_in(&m.id) != m.sent_at) {
            batch.insert(&self.ids, keys::join(&[&account, &m.id]), keys::time(m.sent_at));
        }
        Ok(())
    }

    fn newest(&self, account: Id, before: Option<Cursor>, limit: usize) -> Result<Vec<MessageRow>, StoreError> {
        self.newest_at(&self.engine.snapshot()?, account, before, limit)
    }

    /// All of it in one snapshot: a state that is read outside may be one ahead.
    fn glance(&self, account: Id, limit: usize, conversations: &[Id]) -> Result<Glance, StoreError> {
        let snapshot = self.engine.snapshot()?;
        let talks = conversations
            .iter()
            .map(|id| self.conversation(&snapshot, account, *id));
        Ok(Glance {
            state: self.state_at(&snapshot, account)?,
            newest: self.newest_at(&snapshot, account, None, limit)?,
            conversations: talks.collect::<Result<_, _>>()?,
        })
    }

    fn newest_at(
        &self,
        snapshot: &Snapshot,
        account: Id,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let rows = match before {
            None => snapshot.prefix(&self.messages, account),
            Some(cursor) => snapshot.range(&self.messages, account.to_vec()..message_key(account, cursor)),
        };
        let mut page = Vec::with_capacity(limit.min(64));
        for row in rows.rev().take(limit) {
            let (key, value) = row.into_inner().map_err(|e| self.engine.read_error(e))?;
            let mut parts = Parts::of("messages", &key);
            parts.id()?;
            page.push(message_row(
                Cursor {
                    sent_at: parts.time()?,
                    id: parts.id()?,
                },
                &value,
            )?);
        }
        Ok(page)
    }

    fn newest_in(
        &self,
        account: Id,
        conversation: Id,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let snapshot = self.engine.snapshot()?;
        self.places(&snapshot, account, conversation, before)
            .take(limit)
            .map(|place| self.message(&snapshot, account, place?))
            .collect()
    }

    fn find(&self, account: Id, ids: &[Id]) -> Result<Vec<Option<MessageRow>>, StoreError> {
        let snapshot = self.engine.snapshot()?;
        let find = |id: &Id| match self.place(&snapshot, account, *id)? {
            Place::At(row) => Ok(Some(row)),
            Place::Nowhere | Place::Deleted => Ok(None),
        };
        ids.iter().map(find).collect()
    }

    fn list(&self, account: Id, after: Option<Id>, limit: usize) -> Result<Vec<ConversationSummary>, StoreError> {
        let snapshot = self.engine.snapshot()?;
        let end = Bound::Included(conversation_key(account, keys::LAST));
        let rows = match after {
            None => snapshot.prefix(&self.inboxes, keys::row(keys::CONVERSATION, &[&account])),
            Some(id) => snapshot.range(&self.inboxes, (Bound::Excluded(conversation_key(account, id)), end)),
        };
        let mut page = Vec::new();
        for row in rows.take(limit) {
            let (key, value) = row.into_inner().map_err(|e| self.engine.read_error(e))?;
            let mut parts = Parts::of("conversations", &key);
            let _ = (parts.byte()?, parts.id()?);
            page.push(summary(parts.id()?, &value)?);
        }
        Ok(page)
    }

    fn changes(&self, account: Id, since: u64, limit: usize) -> Result<Changes, StoreError> {
        let snapshot = self.engine.snapshot()?;
        let current = self.state_at(&snapshot, account)?;
        if since > current {
            return Ok(Changes::CannotCalculate);
        }
        let mut changes: Vec<Change> = Vec::new();
        // Runs are found by their last state: the first one at or after `since + 1` holds it.
        let from = keys::join(&[&account, &since.saturating_add(1).to_be_bytes()]);
        let to = keys::join(&[&account, &current.to_be_bytes()]);
        if limit > 0 && since < current {
            for row in snapshot.range(&self.changes, from..=to) {
                let (key, value) = row.into_inner().map_err(|e| self.engine.read_error(e))?;
                let mut parts = Parts::of("changes", &key);
                parts.id()?;
                let told = run(parts.u64()?, &value)?;
                changes.extend(
                    told.into_iter()
                        .filter(|change| change.state > since)
                        .take(limit - changes.len()),
                );
                if changes.len() >= limit {
                    break;
                }
            }
            // A purge was interrupted here: the feed has lost its beginning.
            if changes.first().is_none_or(|first| first.state != since + 1) {
                return Ok(Changes::CannotCalculate);
            }
        }
        Ok(Changes::Since { changes, current })
    }

    fn delete(&self, account: Id, ids: Vec<Id>) -> Result<u64, StoreError> {
        let snapshot = self.engine.snapshot()?;
        let before = self.state(account)?;
        let mut batch = self.engine.batch(3 * ids.len() + 2);
        let mut changes = Vec::new();
        let mut gone: HashMap<Id, HashSet<Cursor>> = HashMap::new();
        for id in ids {
            let Place::At(MessageRow {
                sent_at, conversation, ..
            }) = self.place(&snapshot, account, id)?
            else {
                continue;
            };
            let cursor = Cursor { sent_at, id };
            if !gone.entry(conversation).or_default().insert(cursor) {
                continue;
            }
            batch.remove(&self.messages, message_key(account, cursor));
            batch.insert(&self.ids, keys::join(&[&account, &id]), []);
            push_change(&mut changes, ChangeKind::Removed, id, conversation);
        }
        let mut talks = Talks::new();
        for (id, gone) in gone {
            let stored = self.conversation(&snapshot, account, id)?;
            let mut talk = stored.ok_or_else(|| StoreError::Corrupt("a conversation has lost its row".to_owned()))?;
            talk.messages = talk.messages.saturating_sub(gone.len() as u64);
            self.unindex(&mut batch, &snapshot, account, id, &gone)?;
            let newest = self
                .places(&snapshot, account, id, None)
                .find(|cursor| cursor.as_ref().map_or(true, |c| !gone.contains(c)));
            talk.last_at = newest.transpose()?.map_or(i64::MIN, |cursor| cursor.sent_at);
            talks.insert(id, talk);
        }
        let state = self.finish(&mut batch, account, before, &changes, &talks);
        self.engine.commit(batch)?;
        Ok(state - before)
    }

    /// An index goes before what it points to, so that a reader in the middle, or after a crash there, finds nothing
    /// dangling. The state goes last: as long as a row is left, the inbox is not taken for one that never changed.
    fn purge(&self, account: Id) -> Result<(), StoreError> {
        let of_table = |table: u8| keys::row(table, &[&account]);
        for (rows, prefix) in [
            (&self.threads, account.to_vec()),
            (&self.ids, account.to_vec()),
            (&self.messages, account.to_vec()),
            (&self.changes, account.to_vec()),
            (&self.inboxes, of_table(keys::CONVERSATION)),
            (&self.inboxes, of_table(keys::STATE)),
        ] {
            let snapshot = self.engine.snapshot()?;
            let mut batch = self.engine.batch(PURGE);
            for row in snapshot.prefix(rows, &prefix) {
                batch.remove(rows, row.key().map_err(|e| self.engine.read_error(e))?);
                if batch.len() >= PURGE {
                    self.engine
                        .commit(std::mem::replace(&mut batch, self.engine.batch(PURGE)))?;
                }
            }
            self.engine.commit(batch)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Messages for EmbeddedStore {
    async fn messages_append(
        &self,
        account: Id,
        conversations: Vec<ConversationRow>,
        messages: Vec<MessageRow>,
    ) -> Result<Appended, StoreError> {
        limits::append(&conversations, &messages)?;
        let pen = self.mail.pen(account).await;
        let mail = Arc::clone(&self.mail);
        blocking(move || {
            // Held by the thread that writes, not by the caller, who may go away meanwhile.
            let _pen = pen;
            mail.append(account, conversations, messages)
        })
        .await
    }

    async fn messages_sync(&self) -> Result<(), StoreError> {
        self.mail.engine.sync().await
    }

    async fn messages_newest(
        &self,
        account: Id,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        limits::page(limit)?;
        let mail = Arc::clone(&self.mail);
        reading(limit, move || mail.newest(account, before, limit)).await
    }

    async fn messages_in(
        &self,
        account: Id,
        conversation: Id,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        limits::page(limit)?;
        let mail = Arc::clone(&self.mail);
        reading(limit, move || mail.newest_in(account, conversation, before, limit)).await
    }

    async fn messages_get(&self, account: Id, ids: Vec<Id>) -> Result<Vec<Option<MessageRow>>, StoreError> {
        limits::page(ids.len())?;
        let mail = Arc::clone(&self.mail);
        reading(ids.len(), move || mail.find(account, &ids)).await
    }

    async fn conversations_list(
        &self,
        account: Id,
        after: Option<Id>,
        limit: usize,
    ) -> Result<Vec<ConversationSummary>, StoreError> {
        limits::page(limit)?;
        let mail = Arc::clone(&self.mail);
        reading(limit, move || mail.list(account, after, limit)).await
    }

    async fn conversations_get(
        &self,
        account: Id,
        ids: Vec<Id>,
    ) -> Result<Vec<Option<ConversationSummary>>, StoreError> {
        limits::page(ids.len())?;
        let mail = Arc::clone(&self.mail);
        reading(ids.len(), move || {
            let snapshot = mail.engine.snapshot()?;
            ids.iter()
                .map(|id| mail.conversation(&snapshot, account, *id))
                .collect()
        })
        .await
    }

    async fn messages_state(&self, account: Id) -> Result<u64, StoreError> {
        // In a snapshot, as everything that is read: the newest value may be of an append that no snapshot shows yet.
        self.mail.state_at(&self.mail.engine.snapshot()?, account)
    }

    async fn inbox_glance(&self, account: Id, limit: usize, conversations: Vec<Id>) -> Result<Glance, StoreError> {
        limits::page(limit)?;
        limits::page(conversations.len())?;
        let mail = Arc::clone(&self.mail);
        reading(limit.max(conversations.len()), move || {
            mail.glance(account, limit, &conversations)
        })
        .await
    }

    async fn messages_changes(&self, account: Id, since: u64, limit: usize) -> Result<Changes, StoreError> {
        limits::page(limit)?;
        let mail = Arc::clone(&self.mail);
        reading(limit, move || mail.changes(account, since, limit)).await
    }

    async fn messages_delete(&self, account: Id, ids: Vec<Id>) -> Result<u64, StoreError> {
        limits::at_most("messages in a batch", ids.len(), limits::BATCH)?;
        let pen = self.mail.pen(account).await;
        let mail = Arc::clone(&self.mail);
        let removed = blocking(move || {
            let _pen = pen;
            mail.delete(account, ids)
        })
        .await?;
        self.mail.engine.sync().await?;
        Ok(removed)
    }

    async fn messages_purge(&self, account: Id) -> Result<(), StoreError> {
        let pen = self.mail.pen(account).await;
        let mail = Arc::clone(&self.mail);
        blocking(move || {
            let _pen = pen;
            mail.purge(account)
        })
        .await?;
        self.mail.engine.sync().await
    }
}
