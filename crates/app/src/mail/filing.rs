//! Filing: which folders a message or letter is in, and what it is marked with.

use super::{Kind, LetterRow, Mail, busy};
use crate::Error;
use model::MessageId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::{Cas, DocWrite, Id};

/// How a message or letter is filed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filed {
    /// Folders.
    pub folders: BTreeSet<String>,
    /// Marks, in lower case.
    pub keywords: BTreeSet<String>,
    /// What the store knows of the letter; `None` for a message of a conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<LetterRow>,
    /// Not shown: a letter stands for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

/// A change of a set of names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetChange {
    /// The whole set; `None`: as it is.
    pub whole: Option<BTreeSet<String>>,
    /// Then these in (`true`) or out.
    pub each: BTreeMap<String, bool>,
}

impl SetChange {
    fn apply(&self, mut set: BTreeSet<String>) -> BTreeSet<String> {
        if let Some(whole) = &self.whole {
            set.clone_from(whole);
        }
        for (name, is_in) in &self.each {
            if *is_in {
                set.insert(name.clone());
            } else {
                set.remove(name);
            }
        }
        set
    }
}

/// One message or letter filed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refiling {
    /// Which.
    pub id: MessageId,
    /// Its folders.
    pub folders: SetChange,
    /// Its marks.
    pub keywords: SetChange,
}

/// Why something was not filed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilingRefused {
    /// It is not there.
    NotFound,
    /// It would be in no folder.
    NoFolder,
}

impl Mail<'_> {
    /// Files several anew: each is told whether it was. They change together.
    pub async fn refile(&self, changes: &[Refiling]) -> Result<Vec<Result<(), FilingRefused>>, Error> {
        for _ in 0..super::ROUNDS {
            let index = self.index().await?;
            let ids: Vec<Id> = changes.iter().map(|c| c.id.0).collect();
            let docs = self.docs_of::<Filed>(Kind::Filed, ids).await?;
            let (mut writes, mut results): (Vec<DocWrite>, _) = (Vec::new(), Vec::new());
            for (change, doc) in changes.iter().zip(docs) {
                let Some(entry) = index.get(change.id) else {
                    results.push(Err(FilingRefused::NotFound));
                    continue;
                };
                let version = doc.as_ref().map_or(0, |doc| doc.version);
                let before = doc.map_or_else(
                    || Filed {
                        folders: entry.folders().map(str::to_owned).collect(),
                        keywords: entry.keywords().map(str::to_owned).collect(),
                        ..Filed::default()
                    },
                    |doc| doc.body,
                );
                let after = Filed {
                    folders: change.folders.apply(before.folders.clone()),
                    keywords: change.keywords.apply(before.keywords.clone()),
                    ..before.clone()
                };
                if after.folders.is_empty() {
                    results.push(Err(FilingRefused::NoFolder));
                    continue;
                }
                if after != before {
                    writes.push(self.put(Kind::Filed, change.id.0, version, &after)?);
                }
                results.push(Ok(()));
            }
            drop(index);
            if self.write(Kind::Filed, writes).await? == Cas::Applied {
                return Ok(results);
            }
        }
        Err(busy())
    }

    /// Removes messages and letters from her inbox for good; nobody else's changes. Returns for each whether it was there.
    pub async fn remove(&self, ids: &[MessageId]) -> Result<Vec<bool>, Error> {
        let index = self.index().await?;
        let entries: Vec<_> = ids.iter().map(|id| index.get(*id).cloned()).collect();
        drop(index);
        let mut removed = Vec::with_capacity(ids.len());
        let mut chats: Vec<Id> = Vec::new();
        for entry in entries {
            let Some(entry) = entry else {
                removed.push(false);
                continue;
            };
            removed.push(true);
            if let Some(letter) = entry.letter() {
                self.letter_remove(entry.id, letter).await?;
            } else {
                chats.push(entry.id.0);
            }
        }
        if !chats.is_empty() {
            // First the message: filing that is left of one that is gone is nobody's.
            self.app.store.messages_delete(self.owner.0, chats.clone()).await?;
            for id in chats {
                self.change::<Filed, _>(Kind::Filed, id, |_| Ok((None, ()))).await?;
            }
        }
        Ok(removed)
    }

    /// Hides a message for which a letter stands.
    pub async fn hide(&self, id: MessageId) -> Result<(), Error> {
        self.change::<Filed, _>(Kind::Filed, id.0, |there| {
            let mut filed = there.unwrap_or_default();
            filed.hidden = true;
            Ok((Some(filed), ()))
        })
        .await
    }
}
