//! Inboxes.
//!
//! A person's inbox is decided in one partition, her row of `inboxes`: its head (static columns) and, below it, one row for
//! each commit and each conversation. What a message is, and the indexes to it, are in `messages`, `places` and `threads`,
//! in buckets of bounded size.
//!
//! An append writes its rows under a fresh **attempt** and the state it is going to lead to; then one conditional batch on
//! the head makes the commit row that names both. A reader takes a row only if there is such a commit. So
//!
//! - until the batch is decided nothing can be seen, and then everything can: all or nothing to any reader, not only to the
//!   change feed's;
//! - a writer that dies on the way, or is overtaken, leaves rows that nobody takes. They are not in its successor's way
//!   either: the attempt is part of their key;
//! - a deletion is a commit too. Its head lists what it `removes` until those rows are gone; readers leave them out;
//! - a purge moves on to another **generation**, which is part of the key of every other table, in one conditional batch:
//!   at that moment the inbox is empty. Then the old generation's partitions are deleted, as often as it takes.

mod append;
mod codec;
mod glance;
mod head;
mod purge;
mod remove;
mod scan;
mod talks;

use crate::CassandraStore;
use crate::statements::statements;
use async_trait::async_trait;
use store::{
    Appended, Change, Changes, ConversationRow, ConversationSummary, Cursor, Glance, Id, MessageRow, Messages,
    StoreError, limits,
};

pub(crate) use glance::Guesses;

/// How often an operation starts again because another process changed the inbox meanwhile.
const ROUNDS: u32 = 16;

statements! {
    /// Statements on inboxes.
    Statements {
        // With the newest commits, which are those that a page of newest messages needs.
        head: Read "SELECT generation, state, buckets, removing, unswept, last_attempt, kind, key, attempt FROM privity.inboxes WHERE account = ? LIMIT 64";
        commits: Read "SELECT key, attempt FROM privity.inboxes WHERE account = ? AND kind = 0 AND key IN ?";
        changes: Read "SELECT key, changes FROM privity.inboxes WHERE account = ? AND kind = 0 AND key > ? AND key <= ? ORDER BY kind DESC, key ASC";
        talks: Read "SELECT generation, key, attempt, last_at, messages FROM privity.inboxes WHERE account = ? AND kind = 1 AND key IN ?";
        talks_after: Read "SELECT generation, key, attempt, last_at, messages FROM privity.inboxes WHERE account = ? AND kind = 1 AND key > ? ORDER BY kind DESC, key ASC LIMIT ?";

        set_head: If "UPDATE privity.inboxes SET generation = ?, state = ?, buckets = ?, removing = ?, unswept = ?, last_attempt = ? WHERE account = ? IF last_attempt = ?";
        add_commit: If "UPDATE privity.inboxes SET attempt = ? WHERE account = ? AND kind = 0 AND key = ?";
        add_changes: If "UPDATE privity.inboxes USING TTL ? SET changes = ? WHERE account = ? AND kind = 0 AND key = ?";
        set_talk: If "UPDATE privity.inboxes SET attempt = ?, last_at = ?, messages = ? WHERE account = ? AND kind = 1 AND key = ?";
        drop_rows: If "DELETE FROM privity.inboxes WHERE account = ? AND kind = ?";

        newest: Read "SELECT sent_at, id, attempt, state, conversation, sealed FROM privity.messages WHERE account = ? AND generation = ? AND bucket = ? AND (sent_at, id) < (?, ?)";
        thread: Read "SELECT sent_at, id, attempt, state FROM privity.threads WHERE account = ? AND generation = ? AND bucket = ? AND conversation = ? AND (sent_at, id) < (?, ?)";
        places: Read "SELECT id, attempt, state, sent_at, conversation, removed FROM privity.places WHERE account = ? AND generation = ? AND bucket = ? AND id IN ?";
        messages: Read "SELECT sent_at, id, attempt, conversation, sealed FROM privity.messages WHERE account = ? AND generation = ? AND bucket = ? AND (sent_at, id, attempt) IN ?";
        talks_now: Read "SELECT last_attempt, key, attempt, last_at, messages FROM privity.inboxes WHERE account = ? AND kind = 1 AND key IN ?";
        seals_of: Read "SELECT conversation, attempt, sealed FROM privity.seals WHERE account = ? AND generation = ? AND conversation IN ?";
        seals: Read "SELECT conversation, attempt, sealed FROM privity.seals WHERE account = ? AND generation = ? AND (conversation, attempt) IN ?";

        add_message: Write "INSERT INTO privity.messages (account, generation, bucket, sent_at, id, attempt, state, conversation, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        add_place: Write "INSERT INTO privity.places (account, generation, bucket, id, attempt, state, conversation, sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        add_thread: Write "INSERT INTO privity.threads (account, generation, bucket, conversation, sent_at, id, attempt, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        add_seal: Write "INSERT INTO privity.seals (account, generation, conversation, attempt, sealed) VALUES (?, ?, ?, ?, ?)";

        drop_message: Write "DELETE FROM privity.messages WHERE account = ? AND generation = ? AND bucket = ? AND sent_at = ? AND id = ? AND attempt = ?";
        drop_place: Write "DELETE FROM privity.places WHERE account = ? AND generation = ? AND bucket = ? AND id = ? AND attempt = ?";
        drop_thread: Write "DELETE FROM privity.threads WHERE account = ? AND generation = ? AND bucket = ? AND conversation = ? AND sent_at = ? AND id = ? AND attempt = ?";
        drop_seal: Write "DELETE FROM privity.seals WHERE account = ? AND generation = ? AND conversation = ? AND attempt = ?";
        mark_removed: Write "UPDATE privity.places SET removed = true WHERE account = ? AND generation = ? AND bucket = ? AND id = ? AND attempt = ?";

        wipe_messages: Write "DELETE FROM privity.messages WHERE account = ? AND generation = ? AND bucket = ?";
        wipe_places: Write "DELETE FROM privity.places WHERE account = ? AND generation = ? AND bucket = ?";
        wipe_threads: Write "DELETE FROM privity.threads WHERE account = ? AND generation = ? AND bucket = ?";
        wipe_seals: Write "DELETE FROM privity.seals WHERE account = ? AND generation = ?";
    }
}

#[async_trait]
impl Messages for CassandraStore {
    async fn messages_append(
        &self,
        account: Id,
        conversations: Vec<ConversationRow>,
        messages: Vec<MessageRow>,
    ) -> Result<Appended, StoreError> {
        limits::append(&conversations, &messages)?;
        self.append(account, &conversations, &messages).await
    }

    /// Every append is durable when it returns: it is on the disks of a quorum.
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
        self.newest(account, before, limit).await
    }

    async fn messages_in(
        &self,
        account: Id,
        conversation: Id,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        limits::page(limit)?;
        self.newest_in(account, conversation, before, limit).await
    }

    async fn messages_get(&self, account: Id, ids: Vec<Id>) -> Result<Vec<Option<MessageRow>>, StoreError> {
        limits::page(ids.len())?;
        self.find(account, &ids).await
    }

    async fn conversations_list(
        &self,
        account: Id,
        after: Option<Id>,
        limit: usize,
    ) -> Result<Vec<ConversationSummary>, StoreError> {
        limits::page(limit)?;
        self.talks_after(account, after, limit).await
    }

    async fn conversations_get(
        &self,
        account: Id,
        ids: Vec<Id>,
    ) -> Result<Vec<Option<ConversationSummary>>, StoreError> {
        limits::page(ids.len())?;
        self.talks_of(account, &ids).await
    }

    async fn messages_state(&self, account: Id) -> Result<u64, StoreError> {
        Ok(self.head(account).await?.state)
    }

    async fn inbox_glance(&self, account: Id, limit: usize, conversations: Vec<Id>) -> Result<Glance, StoreError> {
        limits::page(limit)?;
        limits::page(conversations.len())?;
        self.glance(account, limit, &conversations).await
    }

    async fn messages_changes(&self, account: Id, since: u64, limit: usize) -> Result<Changes, StoreError> {
        limits::page(limit)?;
        let head = self.head(account).await?;
        let current = head.state;
        if since > current {
            return Ok(Changes::CannotCalculate);
        }
        let mut changes: Vec<Change> = Vec::new();
        if limit == 0 || since == current {
            return Ok(Changes::Since { changes, current });
        }
        // A commit has at least one change, so no more of them than changes are needed.
        let size = i32::try_from(limit).unwrap_or(i32::MAX);
        let (from, to) = (codec::state_key(since), codec::state_key(current));
        let values = (account, from.as_slice(), to.as_slice());
        let mut pages = self
            .cluster
            .pages::<(Vec<u8>, Option<Vec<u8>>)>(&self.inboxes.changes, size, values)?;
        'reading: while let Some(page) = pages.next().await? {
            for (key, packed) in page {
                // Old changes are forgotten; the commits that made them are not.
                let Some(packed) = packed else {
                    return Ok(Changes::CannotCalculate);
                };
                for change in codec::changes(codec::state_of(&key)?, &packed)? {
                    if changes.len() >= limit {
                        break 'reading;
                    }
                    if change.state > since {
                        changes.push(change);
                    }
                }
            }
        }
        // A purge came between the head and the feed.
        if changes.first().is_none_or(|first| first.state != since + 1) {
            return Ok(Changes::CannotCalculate);
        }
        Ok(Changes::Since { changes, current })
    }

    async fn messages_delete(&self, account: Id, ids: Vec<Id>) -> Result<u64, StoreError> {
        limits::at_most("messages in a batch", ids.len(), limits::BATCH)?;
        self.remove(account, &ids).await
    }

    async fn messages_purge(&self, account: Id) -> Result<(), StoreError> {
        self.purge(account).await
    }
}
