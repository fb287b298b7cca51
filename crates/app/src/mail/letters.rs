//! Letters: whole messages as other mail systems write them (RFC 5322), which she imports, drafts, sends and gets. They are
//! hers alone: no partner is ever shown one.

use super::{Filed, Kind, Mail, parse_id, parse_message_id, show_id};
use crate::Error;
use crate::vault::Place;
use model::{AccountId, MessageId, Time};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use store::Id;

/// Bytes of a piece before it is sealed.
const PIECE: usize = 256 << 10;
/// `Message-ID`s of a letter that are looked at.
const RELATED: usize = 100;

/// What the store knows of a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterRow {
    /// Its conversation, in hexadecimal.
    pub thread: String,
    /// Milliseconds since 1970.
    pub received_at: i64,
    /// Bytes.
    pub size: u64,
    /// Pieces its bytes are in.
    pub pieces: u32,
    /// Whether files are attached.
    pub has_attachment: bool,
}

/// A letter that is new to her.
#[derive(Debug, Clone)]
pub struct NewLetter {
    /// Its id; `None`: any. One that is there already is left as it is.
    pub id: Option<MessageId>,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// When it came.
    pub received_at: Time,
    /// Folders.
    pub folders: BTreeSet<String>,
    /// Marks, in lower case.
    pub keywords: BTreeSet<String>,
    /// Its `Message-ID`, without angle brackets.
    pub message_id: Option<String>,
    /// Those it refers to.
    pub related: Vec<String>,
    /// Its subject without `Re:` and the like.
    pub base_subject: String,
    /// Whether files are attached.
    pub has_attachment: bool,
}

/// Which letters a conversation has.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Thread {
    letters: BTreeSet<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ThreadKey {
    thread: String,
}

impl Mail<'_> {
    /// Keeps a letter; returns its id and its conversation. Durable on return.
    pub async fn letter_add(&self, letter: NewLetter) -> Result<(MessageId, Id), Error> {
        let id = letter.id.unwrap_or_else(|| MessageId(self.new_id()));
        if let Some(there) = self.doc::<Filed>(Kind::Filed, id.0).await? {
            let thread = there.body.letter.and_then(|letter| parse_id(&letter.thread));
            return Ok((id, thread.unwrap_or(id.0)));
        }
        let pieces = self.pieces_put(id.0, &letter.raw).await?;
        let thread = self.thread_of(id, &letter).await?;
        self.change::<Thread, _>(Kind::Thread, thread, |there| {
            let mut there = there.unwrap_or_default();
            there.letters.insert(id.to_string());
            Ok((Some(there), ()))
        })
        .await?;
        let filed = Filed {
            folders: letter.folders,
            keywords: letter.keywords,
            letter: Some(LetterRow {
                thread: show_id(thread),
                received_at: letter.received_at.0,
                size: letter.raw.len() as u64,
                pieces,
                has_attachment: letter.has_attachment,
            }),
            hidden: false,
        };
        // From here on it is there.
        self.change::<Filed, _>(Kind::Filed, id.0, |_| Ok((Some(filed.clone()), ())))
            .await?;
        Ok((id, thread))
    }

    /// Letters belong together if one names the other and they are about the same (RFC 8621 section 3). One that answers a
    /// message belongs to that message's conversation.
    async fn thread_of(&self, id: MessageId, letter: &NewLetter) -> Result<Id, Error> {
        let related: Vec<&String> = letter.message_id.iter().chain(&letter.related).take(RELATED).collect();
        let index = self.index().await?;
        let chat = related.iter().find_map(|name| {
            let message = self.own_message(name)?;
            index.get(message).filter(|e| e.letter().is_none()).map(|e| e.thread)
        });
        drop(index);
        let keys: Vec<Id> = related
            .iter()
            .map(|name| self.thread_key(name, &letter.base_subject))
            .collect();
        let known = self.docs_of::<ThreadKey>(Kind::ThreadKey, keys.clone()).await?;
        let found = known.iter().flatten().find_map(|doc| parse_id(&doc.body.thread));
        let thread = chat.or(found).unwrap_or(id.0);
        for (key, known) in keys.into_iter().zip(known) {
            if known.is_none() {
                let new = || ThreadKey {
                    thread: show_id(thread),
                };
                self.change(Kind::ThreadKey, key, |there| Ok((Some(there.unwrap_or_else(new)), ())))
                    .await?;
            }
        }
        Ok(thread)
    }

    /// The message of hers that a `Message-ID` of this platform names.
    pub fn own_message(&self, message_id: &str) -> Option<MessageId> {
        let (local, host) = message_id.split_once('@')?;
        host.eq_ignore_ascii_case(self.app.host())
            .then(|| parse_message_id(local))
            .flatten()
    }

    fn thread_key(&self, message_id: &str, base_subject: &str) -> Id {
        self.derived_id(&["thread", message_id, base_subject])
    }

    /// An id made of names: the same for the same, and nobody can guess it.
    pub fn derived_id(&self, names: &[&str]) -> Id {
        let mut hash = Sha256::new();
        hash.update(self.app.pairwise_secret.as_slice());
        let owner = self.owner.to_string();
        for part in std::iter::once(owner.as_str()).chain(names.iter().copied()) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut key = [0; 16];
        for (to, from) in key.iter_mut().zip(digest) {
            *to = from;
        }
        key
    }

    /// What happened to the letters of conversations since a state, at most so many changes.
    pub async fn thread_changes(&self, since: u64, limit: usize) -> Result<Option<super::ObjectChanges>, Error> {
        let changes = self.changes_of(Kind::Thread, since, limit).await?;
        Ok(changes.map(|changes| changes.named(super::show_thread)))
    }

    /// How often letters of conversations came or went.
    pub async fn threads_state(&self) -> Result<u64, Error> {
        self.state(Kind::Thread).await
    }

    pub(super) async fn letter_bytes(&self, id: MessageId, letter: &LetterRow) -> Result<Option<Vec<u8>>, Error> {
        self.pieces_get(id.0, letter.pieces).await
    }

    pub(super) async fn letter_remove(&self, id: MessageId, letter: &LetterRow) -> Result<(), Error> {
        self.change::<Filed, _>(Kind::Filed, id.0, |_| Ok((None, ()))).await?;
        if let Some(thread) = parse_id(&letter.thread) {
            self.change::<Thread, _>(Kind::Thread, thread, |there| {
                let mut there = there.unwrap_or_default();
                there.letters.remove(&id.to_string());
                Ok(((!there.letters.is_empty()).then_some(there), ()))
            })
            .await?;
        }
        Ok(self.app.store.pieces_delete(self.owner.0, id.0, letter.pieces).await?)
    }

    /// Seals and stores bytes in pieces; returns how many.
    pub(crate) async fn pieces_put(&self, blob: Id, bytes: &[u8]) -> Result<u32, Error> {
        let mut number = 0;
        for piece in bytes.chunks(PIECE) {
            let row = piece_row(blob, number);
            let sealed = self
                .key
                .seal(self.app.vault.entropy(), &piece_place(self.owner, &row), piece)?;
            self.app.store.piece_put(self.owner.0, blob, number, sealed).await?;
            number += 1;
        }
        Ok(number)
    }

    /// All pieces together; `None` if one is gone.
    pub(crate) async fn pieces_get(&self, blob: Id, count: u32) -> Result<Option<Vec<u8>>, Error> {
        let mut bytes = Vec::new();
        for number in 0..count {
            let Some(sealed) = self.app.store.piece_get(self.owner.0, blob, number).await? else {
                return Ok(None);
            };
            let row = piece_row(blob, number);
            bytes.extend(self.key.open(&piece_place(self.owner, &row), &sealed)?);
        }
        Ok(Some(bytes))
    }
}

fn piece_row(blob: Id, number: u32) -> [u8; 20] {
    let mut row = [0; 20];
    let parts = blob.into_iter().chain(number.to_be_bytes());
    for (to, from) in row.iter_mut().zip(parts) {
        *to = from;
    }
    row
}

fn piece_place(owner: AccountId, row: &[u8; 20]) -> Place<'_> {
    Place {
        table: "piece",
        account: owner,
        row,
    }
}
