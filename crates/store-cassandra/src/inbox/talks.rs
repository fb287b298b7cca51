//! Conversations.

use crate::CassandraStore;
use crate::attempt::Attempt;
use crate::cluster::each;
use crate::shape::{id, number};
use crate::trouble::corrupt;
use std::collections::{BTreeSet, HashMap};
use store::{ConversationRow, ConversationSummary, Id, StoreError};

/// Conversations asked for at once.
const CHUNK: usize = 100;
/// How often seals are looked for: an append may have replaced one between two reads.
const LOOKS: u32 = 5;

/// What the inbox's partition knows of a conversation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Talk {
    /// Whose seal counts.
    pub(super) seal: Attempt,
    pub(super) last_at: i64,
    pub(super) messages: u64,
}

impl Default for Talk {
    /// One without messages.
    fn default() -> Self {
        Self {
            seal: [0; 16],
            last_at: i64::MIN,
            messages: 0,
        }
    }
}

impl Talk {
    /// Has a message more.
    pub(super) fn take(&mut self, sent_at: i64) {
        self.messages += 1;
        self.last_at = self.last_at.max(sent_at);
    }
}

type Row = (i32, Vec<u8>, Vec<u8>, i64, i64);

impl CassandraStore {
    /// Those of these conversations that there are.
    pub(super) async fn talks(&self, account: Id, ids: BTreeSet<Id>) -> Result<HashMap<Id, Talk>, StoreError> {
        let found = self.talk_rows(account, ids).await?;
        found
            .into_iter()
            .map(|row| parse(row).map(|(_, id, talk)| (id, talk)))
            .collect()
    }

    async fn talk_rows(&self, account: Id, ids: BTreeSet<Id>) -> Result<Vec<Row>, StoreError> {
        let ids: Vec<Id> = ids.into_iter().collect();
        let found = each(ids.chunks(CHUNK), |ids| {
            self.cluster.rows::<Row>(&self.inboxes.talks, (account, ids))
        });
        Ok(found.await?.into_iter().flatten().collect())
    }

    pub(super) async fn talks_of(
        &self,
        account: Id,
        ids: &[Id],
    ) -> Result<Vec<Option<ConversationSummary>>, StoreError> {
        for _ in 0..LOOKS {
            let rows = self.talk_rows(account, ids.iter().copied().collect()).await?;
            if let Some(found) = self.sealed(account, rows).await? {
                let found: HashMap<Id, ConversationSummary> = found.into_iter().map(|s| (s.row.id, s)).collect();
                return Ok(ids.iter().map(|id| found.get(id).cloned()).collect());
            }
        }
        Err(lost())
    }

    pub(super) async fn talks_after(
        &self,
        account: Id,
        after: Option<Id>,
        limit: usize,
    ) -> Result<Vec<ConversationSummary>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        // Every id comes after no bytes at all.
        let after = after.map(Vec::from).unwrap_or_default();
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        for _ in 0..LOOKS {
            let rows = self
                .cluster
                .rows::<Row>(&self.inboxes.talks_after, (account, &after, limit))
                .await?;
            if let Some(found) = self.sealed(account, rows).await? {
                return Ok(found);
            }
        }
        Err(lost())
    }

    /// With their seals; `None` if one is not there any more.
    async fn sealed(&self, account: Id, rows: Vec<Row>) -> Result<Option<Vec<ConversationSummary>>, StoreError> {
        let talks = rows.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let found = each(talks.chunks(CHUNK), |talks| async move {
            let generation = talks.first().map_or(0, |(generation, ..)| *generation);
            let keys: Vec<(Id, Attempt)> = talks.iter().map(|(_, id, talk)| (*id, talk.seal)).collect();
            self.cluster
                .rows::<(Vec<u8>, Vec<u8>, Vec<u8>)>(&self.inboxes.seals, (account, generation, keys))
                .await
        });
        let mut seals = HashMap::new();
        for (conversation, _, sealed) in found.await?.into_iter().flatten() {
            seals.insert(id(&conversation)?, sealed);
        }
        let summary = |(_, id, talk): (i32, Id, Talk)| {
            let row = ConversationRow {
                id,
                sealed: seals.remove(&id)?,
            };
            Some(ConversationSummary {
                row,
                last_at: talk.last_at,
                messages: talk.messages,
            })
        };
        Ok(talks.into_iter().map(summary).collect())
    }
}

fn parse((generation, key, seal, last_at, messages): Row) -> Result<(i32, Id, Talk), StoreError> {
    let talk = Talk {
        seal: id(&seal)?,
        last_at,
        messages: number(messages)?,
    };
    Ok((generation, id(&key)?, talk))
}

fn lost() -> StoreError {
    corrupt("a conversation has lost its seal")
}
