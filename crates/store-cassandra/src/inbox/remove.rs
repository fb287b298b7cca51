//! Deleting messages.

use super::ROUNDS;
use super::append::busy;
use super::codec::{self, Place};
use super::head::{Head, Next};
use crate::CassandraStore;
use crate::cluster::{Group, Groups};
use crate::trouble::corrupt;
use std::collections::{HashMap, HashSet};
use store::{Cas, ChangeKind, Id, StoreError};

impl CassandraStore {
    pub(super) async fn remove(&self, account: Id, ids: &[Id]) -> Result<u64, StoreError> {
        let _pen = self.cluster.pens().take(("inbox", account)).await;
        for _ in 0..ROUNDS {
            if let Some(removed) = self.remove_once(account, ids).await? {
                return Ok(removed);
            }
        }
        Err(busy())
    }

    /// `None` if another process changed the inbox meanwhile.
    async fn remove_once(&self, account: Id, ids: &[Id]) -> Result<Option<u64>, StoreError> {
        let head = self.head(account).await?;
        self.sweep_removed(account, &head).await?;
        let mut known = self.places(account, &head, &ids.iter().copied().collect()).await?;
        let gone: Vec<Place> = ids.iter().filter_map(|id| known.remove(id).flatten()).collect();
        let removed = gone.len() as u64;
        if removed == 0 {
            return Ok(Some(0));
        }
        let attempt = self.cluster.attempt();
        let mut group = Group::conditional();
        self.forget(&mut group, account, &head, &gone).await?;
        let changes = codec::pack_changes(ChangeKind::Removed, gone.iter().map(|p| (p.id, p.conversation)));
        let after = Head {
            state: head.state + removed,
            removing: gone,
            ..head.clone()
        };
        self.add_commit(&mut group, account, after.state, attempt, changes);
        let next = Next {
            account,
            before: &head,
            after: after.clone(),
            attempt,
            group,
        };
        if self.decide_head(next).await? == Cas::Conflict {
            return Ok(None);
        }
        // It is decided; if the rows cannot be taken away now, the next writer does it, and readers leave them out.
        let after = Head {
            last_attempt: Some(attempt),
            ..after
        };
        if let Err(error) = self.finish(account, after).await {
            tracing::warn!(%error, "deleted messages wait for the next writer to be taken away");
        }
        Ok(Some(removed))
    }

    /// Takes messages off their conversations.
    async fn forget(&self, group: &mut Group, account: Id, head: &Head, gone: &[Place]) -> Result<(), StoreError> {
        let mut talks = self
            .talks(account, gone.iter().map(|place| place.conversation).collect())
            .await?;
        let mut ids: HashMap<Id, HashSet<Id>> = HashMap::new();
        let mut newest: HashMap<Id, i64> = HashMap::new();
        for place in gone {
            ids.entry(place.conversation).or_default().insert(place.id);
            let newest = newest.entry(place.conversation).or_insert(i64::MIN);
            *newest = (*newest).max(place.sent_at);
        }
        for (conversation, ids) in ids {
            let talk = talks
                .get_mut(&conversation)
                .ok_or_else(|| corrupt("a conversation has lost its row"))?;
            talk.messages = talk.messages.saturating_sub(ids.len() as u64);
            if newest.get(&conversation) == Some(&talk.last_at) {
                let places = self
                    .newest_places(account, head, conversation, None, ids.len() + 1)
                    .await?;
                let left = places.iter().find(|place| !ids.contains(&place.id));
                talk.last_at = left.map_or(i64::MIN, |place| place.sent_at);
            }
        }
        self.set_talks(group, account, &talks);
        Ok(())
    }

    async fn finish(&self, account: Id, head: Head) -> Result<(), StoreError> {
        self.sweep_removed(account, &head).await?;
        let after = Head {
            removing: Vec::new(),
            ..head.clone()
        };
        let (attempt, group) = (self.cluster.attempt(), Group::conditional());
        // Should another have been faster, it has done the same.
        self.decide_head(Next {
            account,
            before: &head,
            after,
            attempt,
            group,
        })
        .await
        .map(drop)
    }

    /// Takes away the rows of what was deleted. The place stays, marked.
    pub(super) async fn sweep_removed(&self, account: Id, head: &Head) -> Result<(), StoreError> {
        let mut groups = Groups::default();
        let mut bucket = None;
        let mut removing = head.removing.clone();
        removing.sort_by_key(|place| place.bucket);
        for place in &removing {
            if bucket.replace(place.bucket) != Some(place.bucket) {
                groups.turn();
            }
            self.inboxes.drop_rows_of(&mut groups, account, head.generation, place);
            let values = (account, head.generation, place.bucket, place.id, place.attempt);
            groups.add(&self.inboxes.mark_removed, 0, values);
        }
        self.cluster.stage(groups.into_vec()).await
    }
}
