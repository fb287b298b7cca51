//! Removing a whole inbox.

use super::ROUNDS;
use super::append::busy;
use super::head::{Head, Next};
use crate::CassandraStore;
use crate::cluster::{Group, Groups};
use store::{Cas, Id, StoreError};

impl CassandraStore {
    /// What stays is a head with nothing but the number of the next generation, so that what a process wrote for the old
    /// one, and is still under way, can never be taken for the new one's.
    pub(super) async fn purge(&self, account: Id) -> Result<(), StoreError> {
        let _pen = self.cluster.pens().take(("inbox", account)).await;
        for _ in 0..ROUNDS {
            let head = self.head(account).await?;
            if let Some((generation, buckets)) = head.unswept {
                self.sweep_generation(account, generation, buckets).await?;
            }
            // A writer that died may have begun a bucket more than the head knows.
            let buckets = i32::try_from(head.buckets.len()).unwrap_or(i32::MAX).saturating_add(1);
            if head.last_attempt.is_none() {
                return self.sweep_generation(account, head.generation, buckets).await;
            }
            let attempt = self.cluster.attempt();
            let after = Head {
                generation: head.generation + 1,
                unswept: Some((head.generation, buckets)),
                last_attempt: Some(attempt),
                ..Head::default()
            };
            let mut group = Group::conditional();
            for kind in [0_i8, 1] {
                group.add(&self.inboxes.drop_rows, 0, (account, kind));
            }
            let next = Next {
                account,
                before: &head,
                after: after.clone(),
                attempt,
                group,
            };
            if self.decide_head(next).await? == Cas::Applied {
                self.sweep_generation(account, head.generation, buckets).await?;
                let swept = Head {
                    unswept: None,
                    ..after.clone()
                };
                let (attempt, group) = (self.cluster.attempt(), Group::conditional());
                // Should another have been faster, the next purge sweeps once more.
                let next = Next {
                    account,
                    before: &after,
                    after: swept,
                    attempt,
                    group,
                };
                return self.decide_head(next).await.map(drop);
            }
        }
        Err(busy())
    }

    /// Deletes the partitions of a generation.
    async fn sweep_generation(&self, account: Id, generation: i32, buckets: i32) -> Result<(), StoreError> {
        let s = &self.inboxes;
        let mut groups = Groups::default();
        groups.add(&s.wipe_seals, 0, (account, generation));
        for bucket in 0..buckets {
            groups.turn();
            for statement in [&s.wipe_threads, &s.wipe_places, &s.wipe_messages] {
                groups.add(statement, 0, (account, generation, bucket));
            }
        }
        self.cluster.stage(groups.into_vec()).await
    }
}
