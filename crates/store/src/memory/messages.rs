//! Inboxes in memory.

use super::MemoryStore;
use crate::*;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(super) struct Inbox {
    conversations: BTreeMap<Id, Vec<u8>>,
    messages: BTreeMap<Id, MessageRow>,
    deleted: BTreeSet<Id>,
    changes: Vec<Change>,
}

impl Inbox {
    fn state(&self) -> u64 {
        self.changes.len() as u64
    }

    fn change(&mut self, kind: ChangeKind, message: Id, conversation: Id) {
        let state = self.state() + 1;
        self.changes.push(Change {
            state,
            kind,
            message,
            conversation,
        });
    }

    fn page(&self, conversation: Option<Id>, before: Option<Cursor>, limit: usize) -> Vec<MessageRow> {
        let mut rows: Vec<&MessageRow> = self.messages.values().collect();
        rows.retain(|row| conversation.is_none_or(|id| row.conversation == id));
        rows.retain(|row| before.is_none_or(|cursor| place(row) < cursor));
        rows.sort_by_key(|row| std::cmp::Reverse(place(row)));
        rows.into_iter().take(limit).cloned().collect()
    }

    fn summary(&self, id: Id) -> Option<ConversationSummary> {
        let sealed = self.conversations.get(&id)?.clone();
        let of_it = || self.messages.values().filter(|m| m.conversation == id);
        Some(ConversationSummary {
            row: ConversationRow { id, sealed },
            last_at: of_it().map(|m| m.sent_at).max().unwrap_or(i64::MIN),
            messages: of_it().count() as u64,
        })
    }
}

fn place(row: &MessageRow) -> Cursor {
    Cursor {
        sent_at: row.sent_at,
        id: row.id,
    }
}

#[async_trait]
impl Messages for MemoryStore {
    async fn messages_append(
        &self,
        account: Id,
        conversations: Vec<ConversationRow>,
        messages: Vec<MessageRow>,
    ) -> Result<Appended, StoreError> {
        limits::append(&conversations, &messages)?;
        let mut tables = self.tables();
        let inbox = tables.inboxes.entry(account).or_default();
        let is_new = |id: &Id| !inbox.messages.contains_key(id) && !inbox.deleted.contains(id);
        let there = |id: &Id| inbox.conversations.contains_key(id) || conversations.iter().any(|c| c.id == *id);
        // Of a batch's messages with the same id the first counts.
        let mut ids = BTreeSet::new();
        let (new, known): (Vec<_>, Vec<_>) = messages.into_iter().partition(|m| is_new(&m.id) && ids.insert(m.id));
        if !new.iter().all(|m| there(&m.conversation)) {
            return Err(limits::no_conversation());
        }
        for row in conversations {
            inbox.conversations.insert(row.id, row.sealed);
        }
        let (added, known) = (new.len() as u64, known.len() as u64);
        for row in new {
            inbox.change(ChangeKind::Added, row.id, row.conversation);
            inbox.messages.insert(row.id, row);
        }
        Ok(Appended {
            added,
            known,
            state: inbox.state(),
        })
    }

    async fn messages_sync(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn messages_newest(
        &self,
        account: Id,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        limits::page(limit)?;
        Ok(self
            .tables()
            .inboxes
            .get(&account)
            .map(|i| i.page(None, before, limit))
            .unwrap_or_default())
    }

    async fn messages_in(
        &self,
        account: Id,
        conversation: Id,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        limits::page(limit)?;
        let tables = self.tables();
        Ok(tables
            .inboxes
            .get(&account)
            .map(|i| i.page(Some(conversation), before, limit))
            .unwrap_or_default())
    }

    async fn messages_get(&self, account: Id, ids: Vec<Id>) -> Result<Vec<Option<MessageRow>>, StoreError> {
        limits::page(ids.len())?;
        let tables = self.tables();
        let inbox = tables.inboxes.get(&account);
        Ok(ids
            .iter()
            .map(|id| inbox.and_then(|i| i.messages.get(id)).cloned())
            .collect())
    }

    async fn conversations_list(
        &self,
        account: Id,
        after: Option<Id>,
        limit: usize,
    ) -> Result<Vec<ConversationSummary>, StoreError> {
        limits::page(limit)?;
        let tables = self.tables();
        let Some(inbox) = tables.inboxes.get(&account) else {
            return Ok(Vec::new());
        };
        let ids = inbox
            .conversations
            .keys()
            .filter(|id| after.is_none_or(|after| **id > after));
        Ok(ids.take(limit).filter_map(|id| inbox.summary(*id)).collect())
    }

    async fn conversations_get(
        &self,
        account: Id,
        ids: Vec<Id>,
    ) -> Result<Vec<Option<ConversationSummary>>, StoreError> {
        limits::page(ids.len())?;
        let tables = self.tables();
        let inbox = tables.inboxes.get(&account);
        Ok(ids.iter().map(|id| inbox.and_then(|i| i.summary(*id))).collect())
    }

    async fn messages_state(&self, account: Id) -> Result<u64, StoreError> {
        Ok(self.tables().inboxes.get(&account).map_or(0, Inbox::state))
    }

    async fn messages_changes(&self, account: Id, since: u64, limit: usize) -> Result<Changes, StoreError> {
        limits::page(limit)?;
        let tables = self.tables();
        let all = tables
            .inboxes
            .get(&account)
            .map(|i| i.changes.as_slice())
            .unwrap_or_default();
        let current = all.len() as u64;
        if since > current {
            return Ok(Changes::CannotCalculate);
        }
        let changes = all.iter().filter(|c| c.state > since).take(limit).copied().collect();
        Ok(Changes::Since { changes, current })
    }

    async fn messages_delete(&self, account: Id, ids: Vec<Id>) -> Result<u64, StoreError> {
        limits::at_most("messages in a batch", ids.len(), limits::BATCH)?;
        let mut tables = self.tables();
        let inbox = tables.inboxes.entry(account).or_default();
        let mut removed = 0;
        for id in ids {
            if let Some(row) = inbox.messages.remove(&id) {
                inbox.deleted.insert(id);
                inbox.change(ChangeKind::Removed, id, row.conversation);
                removed += 1;
            }
        }
        Ok(removed)
    }

    async fn messages_purge(&self, account: Id) -> Result<(), StoreError> {
        self.tables().inboxes.remove(&account);
        Ok(())
    }
}
