//! What happened to conversations and to the results of a query since a state (RFC 8620 sections 5.2 and 5.6).
//!
//! Both are computed from what came and went, and from the view as it is now: nothing is kept per query.

use super::{CHANGES_LIMIT, Item, Selection, Since, THREAD_LIMIT, View};
use crate::Error;
use std::collections::{BTreeMap, BTreeSet};

/// How often a computation is tried again because a message came while it ran.
const TRIES: usize = 3;

/// What happened to conversations since a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinceThreads {
    /// Ids of conversations, and the state these lead to.
    Changes {
        /// None of whose messages was in the view before.
        created: Vec<String>,
        /// Which have more messages.
        updated: Vec<String>,
        /// The state these lead to.
        new_state: String,
    },
    /// Start afresh: the state is unknown or too old, consent has changed since, there is too much, or a message is gone (of
    /// which nobody knows any more where it was).
    CannotCalculate,
}

/// What happened to the results of a query since a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinceQuery {
    /// First take the one away, then put in the other, lowest index first.
    Changes {
        /// Ids that may have been among the results, and are not now, or are elsewhere.
        removed: Vec<String>,
        /// Ids and their index in the results as they are now.
        added: Vec<(usize, String)>,
        /// The state these lead to.
        new_state: String,
    },
    /// There are more than were asked for.
    TooMany,
    /// Start afresh.
    CannotCalculate,
}

/// All that came and went.
struct Moved {
    created: BTreeSet<String>,
    destroyed: Vec<String>,
    new_state: String,
}

impl View<'_> {
    /// What happened to conversations since a state, `limit` of them at most: all of it or none, because a conversation
    /// that began before the first half of it and went on in the second is neither new nor old.
    pub async fn thread_changes(&mut self, since: &str, limit: usize) -> Result<SinceThreads, Error> {
        for _ in 0..TRIES {
            let Some(moved) = self.moved(since).await? else { break };
            if !moved.destroyed.is_empty() {
                break;
            }
            let ids: Vec<String> = moved.created.into_iter().collect();
            let mut threads: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for item in self.items(&ids).await?.into_iter().flatten() {
                threads.entry(item.thread).or_default().insert(item.id);
            }
            if threads.len() > limit {
                break;
            }
            let (mut created, mut updated) = (Vec::new(), Vec::new());
            for (thread, new) in threads {
                match self.has_others(&thread, &new).await? {
                    true => updated.push(thread),
                    false => created.push(thread),
                }
            }
            if self.state().await? == moved.new_state {
                return Ok(SinceThreads::Changes {
                    created,
                    updated,
                    new_state: moved.new_state,
                });
            }
        }
        Ok(SinceThreads::CannotCalculate)
    }

    /// What happened to the results of a query since a state, `most` ids at most. What a message says never changes, so only
    /// what came and went can move it in or out; and, if each conversation counts once, out of its place.
    pub async fn query_changes(
        &mut self,
        since: &str,
        selection: &Selection<'_>,
        most: usize,
    ) -> Result<SinceQuery, Error> {
        for _ in 0..TRIES {
            let Some(moved) = self.moved(since).await? else { break };
            // Which message stood for the conversation of one that is gone, nobody knows any more.
            if selection.one_per_thread && !moved.destroyed.is_empty() {
                break;
            }
            let ids: Vec<String> = moved.created.into_iter().collect();
            let mut new: BTreeMap<String, String> = BTreeMap::new();
            for item in self.items(&ids).await?.into_iter().flatten() {
                if (selection.accept)(&item) {
                    new.insert(item.id, item.thread);
                }
            }
            let mut removed = moved.destroyed;
            let mut added = Vec::new();
            if !new.is_empty() {
                self.compare(selection, &new, &mut removed, &mut added).await?;
            }
            if self.state().await? != moved.new_state {
                continue;
            }
            return Ok(match removed.len().saturating_add(added.len()) > most {
                true => SinceQuery::TooMany,
                false => SinceQuery::Changes {
                    removed,
                    added,
                    new_state: moved.new_state,
                },
            });
        }
        Ok(SinceQuery::CannotCalculate)
    }

    /// Compares the results as they are with what they were without the `new` messages (id to conversation).
    async fn compare(
        &mut self,
        selection: &Selection<'_>,
        new: &BTreeMap<String, String>,
        removed: &mut Vec<String>,
        added: &mut Vec<(usize, String)>,
    ) -> Result<(), Error> {
        let every = Selection {
            one_per_thread: false,
            start: selection.start.clone(),
            ..*selection
        };
        let threads: BTreeSet<&String> = new.values().filter(|_| selection.one_per_thread).collect();
        let (mut looked, mut found, mut stood_for) = (0, 0, BTreeSet::new());
        let enough = |items: &[Item]| {
            for item in items.iter().skip(looked) {
                match new.contains_key(&item.id) {
                    true => found += 1,
                    false if threads.contains(&item.thread) => _ = stood_for.insert(item.thread.clone()),
                    false => {}
                }
            }
            looked = items.len();
            found == new.len() && stood_for.len() == threads.len()
        };
        let items = self.matching(&every, enough).await?;
        let (mut index, mut now, mut before) = (0, BTreeSet::new(), BTreeSet::new());
        for item in items {
            let is_new = new.contains_key(&item.id);
            let counts = !selection.one_per_thread || now.insert(item.thread.clone());
            let counted = !is_new && (!selection.one_per_thread || before.insert(item.thread.clone()));
            if counts && !counted {
                self.tell(&item);
                added.push((index, item.id));
            } else if counted && !counts {
                self.tell(&item);
                removed.push(item.id);
            }
            index += usize::from(counts);
        }
        Ok(())
    }

    /// Everything since a state; `None` if that cannot be told.
    async fn moved(&mut self, since: &str) -> Result<Option<Moved>, Error> {
        Ok(match self.changes(since, CHANGES_LIMIT).await? {
            Since::Changes {
                created,
                destroyed,
                new_state,
                more: false,
            } => Some(Moved {
                created: created.into_iter().collect(),
                destroyed,
                new_state,
            }),
            Since::Changes { .. } | Since::CannotCalculate => None,
        })
    }

    /// Whether a conversation has messages in this view besides these.
    async fn has_others(&mut self, thread: &str, these: &BTreeSet<String>) -> Result<bool, Error> {
        if self
            .lens
            .as_ref()
            .is_some_and(|lens| lens.lone_thread(thread).is_some())
        {
            return Ok(false);
        }
        let Some(conversation) = self.conversation_id(thread) else {
            return Ok(false);
        };
        // Her own view has every row; in a partner's, the others may all be withheld.
        let most = match self.is_partner() {
            true => THREAD_LIMIT,
            false => these.len().saturating_add(1).min(THREAD_LIMIT),
        };
        let rows = self
            .app
            .store
            .messages_in(self.owner.0, conversation.0, None, most)
            .await?;
        let items = self.open(rows).await?;
        let other = items.into_iter().find(|i| i.thread == thread && !these.contains(&i.id));
        if let Some(other) = &other {
            self.tell(other);
        }
        Ok(other.is_some())
    }
}
