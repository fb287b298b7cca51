//! A person's own mail: what lies beside the messages of her conversations. Folders, marks, letters, drafts, what she sent.
//!
//! Bytes of letters are kept as they came; what they say is read by whoever shows them. Everything is sealed with her key.
//!
//! **Architecture invariant:** no partner comes through here. A partner's view reads messages of conversations; nothing but
//! this module reads a person's shelf, and it answers to her alone.

mod blobs;
mod filing;
mod folders;
mod index;
mod letters;
mod objects;
mod tickets;
mod tokens;

pub use blobs::{Blob, UPLOADS_LIMIT};
pub use filing::{Filed, FilingRefused, Refiling, SetChange};
pub use folders::{DEEPEST, Folder, FolderFault};
pub(crate) use index::Indexes;
pub use index::{Counts, Entry, Index};
pub use letters::{LetterRow, NewLetter};
pub use objects::{Came, Object, ObjectChanges, ObjectKind};
pub(crate) use tokens::Uses;
pub use tokens::{AppAccess, AppToken};

use crate::vault::{Place, SealingKey};
use crate::view::{Item, View};
use crate::{App, Error};
use model::{AccountId, ConversationId, MessageId, Time};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use store::{Cas, DocWrite, Id};

/// Documents read at once.
const PAGE: usize = 1_000;
/// How often a write is tried that others keep coming before.
const ROUNDS: usize = 8;

/// Kinds of documents. Numbers are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Where a message or letter is filed, and what it is marked with.
    Filed = 1,
    Folder = 2,
    /// Which letters a conversation has; changes when one comes or goes.
    Thread = 3,
    /// Which conversation a `Message-ID` belongs to.
    ThreadKey = 4,
    Identity = 5,
    Submission = 6,
    Vacation = 7,
    Push = 8,
    Upload = 9,
    Token = 10,
    /// Whom her away reply has answered.
    Answered = 11,
    /// How much she has sent on a day.
    Sent = 12,
    /// Where a partner wants to be told that its view of this inbox has moved.
    PartnerPush = 13,
    /// What partners send on her behalf.
    Outgoing = 20,
    /// Whom she does not want to hear of.
    Mutes = 21,
    /// How much a partner has sent on her behalf on a day.
    SentFor = 22,
    /// The platform's: what waits to be delivered.
    Waiting = 23,
    /// The platform's: sends, and the clicks on them.
    Counted = 24,
    /// The platform's: messages that their readers have reported.
    Reported = 25,
    /// The platform's own: where a period's report stands.
    Report = 40,
    /// What became of a report.
    ReportVerdict = 41,
    /// What was sent to see whether it is reported.
    ReportSeeds = 42,
}

/// A document as read.
pub(crate) struct Doc<T> {
    pub(crate) version: u64,
    pub(crate) body: T,
}

/// One person's own mail.
pub struct Mail<'app> {
    app: &'app App,
    owner: AccountId,
    key: Arc<SealingKey>,
}

/// What is in a message or letter.
#[derive(Debug, Clone)]
pub enum Content {
    /// A message of a conversation.
    Chat(Box<Item>),
    /// A letter, as it came.
    Letter(Vec<u8>),
}

/// Where everything of hers stands: what the states that clients hold are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct States {
    /// Messages of conversations.
    pub messages: u64,
    /// Filing of messages and letters.
    pub filed: u64,
}

impl App {
    /// A person's own mail.
    pub async fn mail(&self, owner: AccountId) -> Result<Mail<'_>, Error> {
        let key = self.vault.inbox_key(owner).await?;
        Ok(Mail { app: self, owner, key })
    }
}

impl Mail<'_> {
    /// Whose it is.
    pub const fn owner(&self) -> AccountId {
        self.owner
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        self.app.clock.now()
    }

    /// 16 random bytes.
    pub fn new_id(&self) -> Id {
        self.app.vault.random()
    }

    /// Where her messages and their filing stand.
    pub async fn states(&self) -> Result<States, Error> {
        Ok(States {
            messages: self.app.store.messages_state(self.owner.0).await?,
            filed: self.state(Kind::Filed).await?,
        })
    }

    /// What is in these, in the order asked; `None` for what is gone meanwhile.
    pub async fn contents(&self, entries: &[Entry]) -> Result<Vec<Option<Content>>, Error> {
        let is_chat = |entry: &&Entry| entry.letter().is_none();
        let ids: Vec<String> = entries.iter().filter(is_chat).map(|e| e.id.to_string()).collect();
        let mut view = View::own(self.app, self.owner).await?;
        let mut chats = view.items(&ids).await?.into_iter();
        let mut contents = Vec::with_capacity(entries.len());
        for entry in entries {
            contents.push(match entry.letter() {
                None => chats.next().flatten().map(|item| Content::Chat(Box::new(item))),
                Some(letter) => self.letter_bytes(entry.id, letter).await?.map(Content::Letter),
            });
        }
        Ok(contents)
    }

    pub(crate) async fn state(&self, kind: Kind) -> Result<u64, Error> {
        Ok(self.app.store.docs_state(self.owner.0, kind as u8).await?)
    }

    fn open<T: DeserializeOwned>(&self, kind: Kind, id: Id, sealed: &[u8]) -> Result<T, Error> {
        let row = row_of(kind, id);
        let place = Place {
            table: "document",
            account: self.owner,
            row: &row,
        };
        crate::json_body(&self.key.open(&place, sealed)?)
    }

    pub(crate) async fn doc<T: DeserializeOwned>(&self, kind: Kind, id: Id) -> Result<Option<Doc<T>>, Error> {
        Ok(self.docs_of(kind, vec![id]).await?.pop().flatten())
    }

    pub(crate) async fn docs_of<T: DeserializeOwned>(
        &self,
        kind: Kind,
        ids: Vec<Id>,
    ) -> Result<Vec<Option<Doc<T>>>, Error> {
        let mut docs = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(PAGE) {
            let found = self
                .app
                .store
                .docs_get(self.owner.0, kind as u8, chunk.to_vec())
                .await?;
            for (id, doc) in chunk.iter().zip(found) {
                docs.push(match doc {
                    None => None,
                    Some(doc) => Some(Doc {
                        version: doc.version,
                        body: self.open(kind, *id, &doc.body)?,
                    }),
                });
            }
        }
        Ok(docs)
    }

    pub(crate) async fn docs<T: DeserializeOwned>(&self, kind: Kind) -> Result<Vec<(Id, Doc<T>)>, Error> {
        let mut docs: Vec<(Id, Doc<T>)> = Vec::new();
        loop {
            let after = docs.last().map(|(id, _)| *id);
            let page = self.app.store.docs_list(self.owner.0, kind as u8, after, PAGE).await?;
            let is_last = page.len() < PAGE;
            for (id, doc) in page {
                let body = self.open(kind, id, &doc.body)?;
                let version = doc.version;
                docs.push((id, Doc { version, body }));
            }
            if is_last {
                return Ok(docs);
            }
        }
    }

    pub(crate) fn put<T: Serialize>(&self, kind: Kind, id: Id, expected: u64, body: &T) -> Result<DocWrite, Error> {
        let row = row_of(kind, id);
        let place = Place {
            table: "document",
            account: self.owner,
            row: &row,
        };
        let sealed = self
            .key
            .seal(self.app.vault.entropy(), &place, &crate::to_json(body)?)?;
        Ok(DocWrite {
            id,
            expected,
            body: Some(sealed),
        })
    }

    pub(crate) async fn write(&self, kind: Kind, writes: Vec<DocWrite>) -> Result<Cas, Error> {
        if writes.is_empty() {
            return Ok(Cas::Applied);
        }
        Ok(self.app.store.docs_write(self.owner.0, kind as u8, writes).await?)
    }

    /// Changes one document: what it is now, to what it becomes (`None`: it goes).
    pub(crate) async fn change<T, R>(
        &self,
        kind: Kind,
        id: Id,
        mut to: impl FnMut(Option<T>) -> Result<(Option<T>, R), Error>,
    ) -> Result<R, Error>
    where
        T: Serialize + DeserializeOwned,
    {
        for _ in 0..ROUNDS {
            let there = self.doc::<T>(kind, id).await?;
            let expected = there.as_ref().map_or(0, |doc| doc.version);
            let (body, result) = to(there.map(|doc| doc.body))?;
            let write = match (body, expected) {
                (None, 0) => return Ok(result),
                (None, expected) => DocWrite {
                    id,
                    expected,
                    body: None,
                },
                (Some(body), expected) => self.put(kind, id, expected, &body)?,
            };
            if self.write(kind, vec![write]).await? == Cas::Applied {
                return Ok(result);
            }
        }
        Err(busy())
    }
}

fn row_of(kind: Kind, id: Id) -> [u8; 17] {
    let mut row = [kind as u8; 17];
    for (to, from) in row.iter_mut().skip(1).zip(id) {
        *to = from;
    }
    row
}

fn busy() -> Error {
    Error::Unavailable("others keep changing the same; try again".to_owned())
}

/// An id from 32 hexadecimal digits, as clients know it.
pub fn parse_id(text: &str) -> Option<Id> {
    let mut id = [0; 16];
    hex::decode_to_slice(text, &mut id).ok().map(|()| id)
}

/// An id as clients know it.
pub fn show_id(id: Id) -> String {
    hex::encode(id)
}

/// A message's id from its text.
pub fn parse_message_id(text: &str) -> Option<MessageId> {
    text.parse().ok()
}

/// A conversation's id as clients know it: of messages or of letters.
pub fn show_thread(id: Id) -> String {
    ConversationId(id).to_string()
}

/// A conversation's id from its text.
pub fn parse_thread(text: &str) -> Option<Id> {
    text.parse::<ConversationId>().ok().map(|id| id.0)
}
