//! Other things a client keeps with her mail, as it writes them: identities, what was sent, her away reply, where to push to.

use super::{Kind, Mail};
use crate::{App, Error};
use model::AccountId;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use store::{Change, ChangeKind, Changes, DocChanges, DocEvent, DocWrite, Id};

/// The account that nobody has, under which the platform lists who is to be pushed to.
const NOBODY: Id = [0; 16];
/// Listed at once.
const LISTED: usize = 1_000;
/// Changes followed one by one.
const FOLLOW: usize = 5_000;

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ObjectKind {
    Identity,
    Submission,
    Vacation,
    Push,
    /// Where partners want to be told: written by [`crate::Subscriptions`] alone.
    PartnerPush,
    /// Whom the away reply has answered, and when.
    Answered,
}

impl ObjectKind {
    const fn kind(self) -> Kind {
        match self {
            Self::Identity => Kind::Identity,
            Self::Submission => Kind::Submission,
            Self::Vacation => Kind::Vacation,
            Self::Push => Kind::Push,
            Self::PartnerPush => Kind::PartnerPush,
            Self::Answered => Kind::Answered,
        }
    }
}

/// A thing, as its client wrote it.
pub type Object = Map<String, Value>;

/// What happened to things since a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectChanges<K = String> {
    /// Whether each that changed was made since then, and whether it is there now.
    pub changed: BTreeMap<K, (bool, bool)>,
    /// The state these lead to.
    pub new_state: u64,
    /// Whether there are more.
    pub more: bool,
}

/// Messages that came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Came {
    /// Message, conversation, and whether it came.
    pub changes: Vec<(Id, Id, bool)>,
    /// The state these lead to.
    pub new_state: u64,
    /// Whether there are more.
    pub more: bool,
}

impl ObjectChanges<Id> {
    pub(super) fn named(self, name: impl Fn(Id) -> String) -> ObjectChanges {
        ObjectChanges {
            changed: self.changed.into_iter().map(|(id, how)| (name(id), how)).collect(),
            new_state: self.new_state,
            more: self.more,
        }
    }
}

impl Mail<'_> {
    /// All of a kind.
    pub async fn objects(&self, kind: ObjectKind) -> Result<Vec<(Id, Object)>, Error> {
        let docs = self.docs::<Object>(kind.kind()).await?;
        Ok(docs.into_iter().map(|(id, doc)| (id, doc.body)).collect())
    }

    /// One.
    pub async fn object(&self, kind: ObjectKind, id: Id) -> Result<Option<Object>, Error> {
        Ok(self.doc::<Object>(kind.kind(), id).await?.map(|doc| doc.body))
    }

    /// Writes one, or with `None` removes it.
    pub async fn object_put(&self, kind: ObjectKind, id: Id, object: Option<&Object>) -> Result<(), Error> {
        self.change::<Object, _>(kind.kind(), id, |_| Ok((object.cloned(), ())))
            .await
    }

    /// Writes one if it is still as it was; whether it was.
    pub async fn object_replace(
        &self,
        kind: ObjectKind,
        id: Id,
        before: &Object,
        after: &Object,
    ) -> Result<bool, Error> {
        self.change::<Object, _>(kind.kind(), id, |there| {
            let same = there.as_ref() == Some(before);
            Ok(if same {
                (Some(after.clone()), true)
            } else {
                (there, false)
            })
        })
        .await
    }

    /// Notes that she has asked for pushes, where all who have are listed.
    pub async fn push_listed(&self) -> Result<(), Error> {
        let listed = DocWrite {
            id: self.owner.0,
            expected: 0,
            body: Some(Vec::new()),
        };
        // Listed already, if it conflicts.
        let _once = self
            .app
            .store
            .docs_write(NOBODY, Kind::Push as u8, vec![listed])
            .await?;
        Ok(())
    }

    /// Counts what she sends on a day; `false`, and nothing is counted, if that would be more than `most`.
    pub async fn count_sent(&self, day: i64, recipients: u64, most: u64) -> Result<bool, Error> {
        let id = u128::from(day.unsigned_abs()).to_be_bytes();
        self.change::<u64, _>(Kind::Sent, id, |there| {
            let count = there.unwrap_or(0).saturating_add(recipients);
            Ok(if count > most {
                (there, false)
            } else {
                (Some(count), true)
            })
        })
        .await
    }

    /// How often things of a kind changed.
    pub async fn objects_state(&self, kind: ObjectKind) -> Result<u64, Error> {
        self.state(kind.kind()).await
    }

    /// What happened since a state; `None` if that cannot be told.
    pub async fn object_changes(&self, kind: ObjectKind, since: u64) -> Result<Option<ObjectChanges<Id>>, Error> {
        self.changes_of(kind.kind(), since, FOLLOW).await
    }

    /// Which messages of conversations came (`true`) or went since a state, at most so many; `None` if that cannot be told.
    pub async fn message_changes(&self, since: u64, limit: usize) -> Result<Option<Came>, Error> {
        let changes = self
            .app
            .store
            .messages_changes(self.owner.0, since, limit.min(FOLLOW))
            .await?;
        let Changes::Since { changes, current } = changes else {
            return Ok(None);
        };
        let new_state = changes.last().map_or(since, |change| change.state);
        let came = |change: &Change| (change.message, change.conversation, change.kind == ChangeKind::Added);
        Ok(Some(Came {
            changes: changes.iter().map(came).collect(),
            new_state,
            more: new_state < current,
        }))
    }

    /// What happened to messages' and letters' filing since a state, at most so many changes.
    pub async fn filing_changes(&self, since: u64, limit: usize) -> Result<Option<ObjectChanges<Id>>, Error> {
        self.changes_of(Kind::Filed, since, limit).await
    }

    pub(super) async fn changes_of(
        &self,
        kind: Kind,
        since: u64,
        limit: usize,
    ) -> Result<Option<ObjectChanges<Id>>, Error> {
        let limit = limit.min(FOLLOW);
        let store = &self.app.store;
        let changes = store.docs_changes(self.owner.0, kind as u8, since, limit).await?;
        let DocChanges::Since { changes, current } = changes else {
            return Ok(None);
        };
        let mut changed: BTreeMap<Id, (bool, bool)> = BTreeMap::new();
        let mut new_state = since;
        for change in changes {
            new_state = change.state;
            let is_there = change.event != DocEvent::Removed;
            changed
                .entry(change.id)
                .and_modify(|how| how.1 = is_there)
                .or_insert((change.event == DocEvent::Created, is_there));
        }
        Ok(Some(ObjectChanges {
            changed,
            new_state,
            more: new_state < current,
        }))
    }
}

impl App {
    /// Who has asked for pushes.
    pub async fn push_accounts(&self) -> Result<Vec<AccountId>, Error> {
        let mut accounts: Vec<AccountId> = Vec::new();
        loop {
            let after = accounts.last().map(|account| account.0);
            let page = self.store.docs_list(NOBODY, Kind::Push as u8, after, LISTED).await?;
            let is_last = page.len() < LISTED;
            accounts.extend(page.into_iter().map(|(id, _)| AccountId(id)));
            if is_last {
                return Ok(accounts);
            }
        }
    }

    /// She has not, any more.
    pub async fn push_forget(&self, account: AccountId) -> Result<(), Error> {
        let there = self.store.docs_get(NOBODY, Kind::Push as u8, vec![account.0]).await?;
        if let Some(doc) = there.into_iter().flatten().next() {
            let gone = DocWrite {
                id: account.0,
                expected: doc.version,
                body: None,
            };
            let _once = self.store.docs_write(NOBODY, Kind::Push as u8, vec![gone]).await?;
        }
        Ok(())
    }
}
