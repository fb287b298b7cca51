//! What a folder list needs to know of each message and letter, kept in memory and brought up to date by the change feeds.

use super::{Doc, Filed, Kind, LetterRow, Mail, PAGE};
use crate::Error;
use crate::content::open_message;
use model::{AccountId, MessageId, Time};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use store::{ChangeKind, Changes, Cursor, DocChanges, Id, MessageRow};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

/// More changes than these are not followed one by one: everything is read again.
const FOLLOW: usize = 5_000;
/// Messages and letters that all indexes in memory have together, about.
const IN_MEMORY: usize = 500_000;

/// Where messages of others are, unless she has filed them elsewhere.
const INBOX: &str = "inbox";
/// Where hers are.
const SENT: &str = "sent";
/// What messages of conversations are marked with, unless she has marked them otherwise.
const SEEN: &str = "$seen";
const DRAFT: &str = "$draft";
const TRASH: &str = "trash";

/// A message or a letter.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id.
    pub id: MessageId,
    /// When it came.
    pub at: Time,
    /// Its conversation.
    pub thread: Id,
    /// Bytes.
    pub size: u64,
    /// Whether she wrote it.
    pub is_hers: bool,
    /// Whether files are attached.
    pub has_attachment: bool,
    /// How she has filed it, and the version of that; `None`: not at all.
    pub filed: Option<Arc<FiledDoc>>,
}

/// A filing with its version.
#[derive(Debug)]
pub struct FiledDoc {
    /// The document's version.
    pub version: u64,
    /// The filing.
    pub filed: Filed,
}

impl Entry {
    /// What the store knows of it, if it is a letter.
    pub fn letter(&self) -> Option<&LetterRow> {
        self.filed.as_ref().and_then(|doc| doc.filed.letter.as_ref())
    }

    /// The folders it is in.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        let default = match (&self.filed, self.is_hers) {
            (Some(_), _) => None,
            (None, true) => Some(SENT),
            (None, false) => Some(INBOX),
        };
        let filed = self.filed.iter().flat_map(|doc| doc.filed.folders.iter());
        default.into_iter().chain(filed.map(String::as_str))
    }

    /// Whether it is in a folder.
    pub fn is_in(&self, folder: &str) -> bool {
        self.folders().any(|f| f == folder)
    }

    /// What it is marked with.
    pub fn keywords(&self) -> impl Iterator<Item = &str> {
        let default = self.filed.is_none().then_some(SEEN);
        let filed = self.filed.iter().flat_map(|doc| doc.filed.keywords.iter());
        default.into_iter().chain(filed.map(String::as_str))
    }

    /// Whether it is marked with this, in any case.
    pub fn has_keyword(&self, keyword: &str) -> bool {
        self.keywords().any(|k| k.eq_ignore_ascii_case(keyword))
    }

    fn is_unread(&self) -> bool {
        !self.has_keyword(SEEN) && !self.has_keyword(DRAFT)
    }
}

/// How much is in a folder (RFC 8621 section 2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Counts {
    pub emails: u64,
    pub unread_emails: u64,
    pub threads: u64,
    pub unread_threads: u64,
}

/// All of a person's messages and letters, as of some state.
#[derive(Debug, Default)]
pub struct Index {
    messages: u64,
    filed: u64,
    /// By time, then id.
    entries: Vec<Entry>,
    positions: HashMap<Id, usize>,
    derived: OnceLock<Derived>,
}

#[derive(Debug, Default)]
struct Derived {
    threads: HashMap<Id, Vec<usize>>,
    counts: HashMap<String, Counts>,
}

impl Index {
    /// The states it is of.
    pub const fn states(&self) -> super::States {
        super::States {
            messages: self.messages,
            filed: self.filed,
        }
    }

    /// Oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// By id.
    pub fn get(&self, id: MessageId) -> Option<&Entry> {
        self.positions.get(&id.0).and_then(|at| self.entries.get(*at))
    }

    /// What a conversation has, oldest first.
    pub fn thread(&self, id: Id) -> impl Iterator<Item = &Entry> {
        let positions = self.derived().threads.get(&id).map(Vec::as_slice).unwrap_or_default();
        positions.iter().filter_map(|at| self.entries.get(*at))
    }

    /// Every conversation.
    pub fn threads(&self) -> impl Iterator<Item = Id> {
        self.derived().threads.keys().copied()
    }

    /// How much is in a folder.
    pub fn counts(&self, folder: &str) -> Counts {
        self.derived().counts.get(folder).copied().unwrap_or_default()
    }

    fn derived(&self) -> &Derived {
        self.derived.get_or_init(|| {
            let mut threads: HashMap<Id, Vec<usize>> = HashMap::new();
            for (at, entry) in self.entries.iter().enumerate() {
                threads.entry(entry.thread).or_default().push(at);
            }
            let mut counts: HashMap<String, Counts> = HashMap::new();
            for positions in threads.values() {
                self.count_thread(positions, &mut counts);
            }
            Derived { threads, counts }
        })
    }

    /// A conversation counts once in each folder it has a message in. It is unread there if any message of it is unread:
    /// what is in the trash counts for the trash alone (RFC 8621 section 2).
    fn count_thread(&self, positions: &[usize], counts: &mut HashMap<String, Counts>) {
        let entries = || positions.iter().filter_map(|at| self.entries.get(*at));
        let unread_in_trash = entries().any(|e| e.is_unread() && e.is_in(TRASH));
        let unread_elsewhere = entries().any(|e| e.is_unread() && e.folders().any(|f| f != TRASH));
        let mut folders: HashSet<&str> = HashSet::new();
        for entry in entries() {
            for folder in entry.folders() {
                let known = counts.contains_key(folder);
                if !known {
                    counts.insert(folder.to_owned(), Counts::default());
                }
                if let Some(count) = counts.get_mut(folder) {
                    count.emails += 1;
                    count.unread_emails += u64::from(entry.is_unread());
                    if folders.insert(folder) {
                        count.threads += 1;
                        let unread = if folder == TRASH {
                            unread_in_trash
                        } else {
                            unread_elsewhere
                        };
                        count.unread_threads += u64::from(unread);
                    }
                }
            }
        }
    }

    fn place(&self, entry: &Entry) -> usize {
        self.entries
            .partition_point(|there| (there.at, there.id) < (entry.at, entry.id))
    }

    /// Puts entries in and takes ids out; both may be there or not.
    fn apply(&mut self, out: &HashSet<Id>, entries: Vec<Entry>) {
        self.derived = OnceLock::new();
        let replaced: HashSet<Id> = entries
            .iter()
            .map(|e| e.id.0)
            .filter(|id| self.positions.contains_key(id))
            .collect();
        let mut moved = false;
        if out.iter().any(|id| self.positions.contains_key(id)) || !replaced.is_empty() {
            self.entries
                .retain(|e| !out.contains(&e.id.0) && !replaced.contains(&e.id.0));
            moved = true;
        }
        let mut entries: Vec<Entry> = entries.into_iter().filter(|e| !out.contains(&e.id.0)).collect();
        entries.sort_by_key(|e| (e.at, e.id));
        for entry in entries {
            let at = self.place(&entry);
            if at == self.entries.len() {
                self.positions.insert(entry.id.0, at);
                self.entries.push(entry);
            } else {
                self.entries.insert(at, entry);
                moved = true;
            }
        }
        if moved {
            self.positions = self.entries.iter().enumerate().map(|(at, e)| (e.id.0, at)).collect();
        }
    }
}

/// The indexes in memory.
#[derive(Debug, Default)]
pub(crate) struct Indexes(Mutex<HashMap<AccountId, Arc<RwLock<Index>>>>);

impl Indexes {
    fn of(&self, owner: AccountId) -> Arc<RwLock<Index>> {
        let mut indexes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !indexes.contains_key(&owner) {
            let size = |index: &Arc<RwLock<Index>>| index.try_read().map_or(0, |index| index.entries.len() + 16);
            let mut total: usize = indexes.values().map(size).sum();
            // Whichever come first: an index is made again when it is wanted.
            indexes.retain(|_, index| {
                let keep = total <= IN_MEMORY;
                if !keep {
                    total = total.saturating_sub(size(index));
                }
                keep
            });
        }
        Arc::clone(indexes.entry(owner).or_default())
    }

    /// Forgets one.
    pub(crate) fn forget(&self, owner: AccountId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&owner);
    }
}

impl Mail<'_> {
    /// Everything she has, no older than this call.
    pub async fn index(&self) -> Result<OwnedRwLockReadGuard<Index>, Error> {
        let states = self.states().await?;
        let shared = self.app.indexes.of(self.owner);
        let is_new = |index: &Index| index.messages >= states.messages && index.filed >= states.filed;
        let guard = Arc::clone(&shared).read_owned().await;
        if is_new(&guard) {
            return Ok(guard);
        }
        drop(guard);
        let mut guard = shared.write_owned().await;
        if !is_new(&guard) {
            self.update(&mut guard, states).await?;
        }
        Ok(guard.downgrade())
    }

    async fn update(&self, index: &mut Index, to: super::States) -> Result<(), Error> {
        let behind = to.messages.saturating_sub(index.messages) + to.filed.saturating_sub(index.filed);
        let followed = match index.messages + index.filed {
            0 => false,
            _ if behind > FOLLOW as u64 => false,
            _ => self.follow(index, to).await?,
        };
        if !followed {
            *index = self.read_all(to).await?;
        }
        Ok(())
    }

    async fn follow(&self, index: &mut Index, to: super::States) -> Result<bool, Error> {
        let store = &self.app.store;
        let messages = store.messages_changes(self.owner.0, index.messages, FOLLOW).await?;
        let filed = store
            .docs_changes(self.owner.0, Kind::Filed as u8, index.filed, FOLLOW)
            .await?;
        let (Changes::Since { changes: messages, .. }, DocChanges::Since { changes: filed, .. }) = (messages, filed)
        else {
            return Ok(false);
        };
        let mut added: Vec<Id> = Vec::new();
        let mut out: HashSet<Id> = HashSet::new();
        for change in &messages {
            match change.kind {
                ChangeKind::Added => added.push(change.message),
                ChangeKind::Removed => _ = out.insert(change.message),
            }
        }
        let mut ids: Vec<Id> = filed.iter().map(|c| c.id).chain(added.iter().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        let docs: HashMap<Id, Option<Doc<Filed>>> = ids
            .iter()
            .copied()
            .zip(self.docs_of(Kind::Filed, ids.clone()).await?)
            .collect();
        let mut entries = Vec::new();
        for row in store.messages_get(self.owner.0, added).await?.into_iter().flatten() {
            entries.push(self.chat_entry(&row)?);
        }
        let fresh: HashSet<Id> = entries.iter().map(|e: &Entry| e.id.0).collect();
        for id in ids {
            let is_chat = |e: &&Entry| e.letter().is_none();
            // A message that is only filed anew.
            if let Some(entry) = index
                .get(MessageId(id))
                .filter(is_chat)
                .filter(|_| !fresh.contains(&id))
            {
                entries.push(Entry {
                    filed: None,
                    ..entry.clone()
                });
            }
        }
        let chats: HashSet<Id> = entries.iter().map(|e| e.id.0).collect();
        for entry in &mut entries {
            if let Some(Some(doc)) = docs.get(&entry.id.0) {
                entry.filed = Some(shared(doc));
            }
        }
        for (id, doc) in &docs {
            match doc {
                _ if chats.contains(id) => {}
                Some(doc) => entries.extend(letter_entry(*id, doc)),
                None => _ = out.insert(*id),
            }
        }
        for entry in entries.iter().filter(|e| is_hidden(e)) {
            out.insert(entry.id.0);
        }
        index.apply(&out, entries);
        let reached = |last: Option<u64>, old: u64, asked: u64| last.unwrap_or(old).max(asked);
        index.messages = reached(messages.last().map(|c| c.state), index.messages, to.messages);
        index.filed = reached(filed.last().map(|c| c.state), index.filed, to.filed);
        Ok(true)
    }

    async fn read_all(&self, to: super::States) -> Result<Index, Error> {
        let mut docs: HashMap<Id, Doc<Filed>> = self.docs(Kind::Filed).await?.into_iter().collect();
        let mut entries = Vec::new();
        let mut before = None;
        loop {
            let rows = self.app.store.messages_newest(self.owner.0, before, PAGE).await?;
            for row in &rows {
                let mut entry = self.chat_entry(row)?;
                entry.filed = docs.remove(&row.id).map(|doc| shared(&doc));
                entries.push(entry);
            }
            match rows.last() {
                Some(last) if rows.len() == PAGE => {
                    before = Some(Cursor {
                        sent_at: last.sent_at,
                        id: last.id,
                    });
                }
                _ => break,
            }
            tokio::task::yield_now().await;
        }
        entries.extend(docs.iter().filter_map(|(id, doc)| letter_entry(*id, doc)));
        entries.retain(|entry| !is_hidden(entry));
        let mut index = Index {
            messages: to.messages,
            filed: to.filed,
            ..Index::default()
        };
        index.apply(&HashSet::new(), entries);
        Ok(index)
    }

    fn chat_entry(&self, row: &MessageRow) -> Result<Entry, Error> {
        let message = open_message(&self.key, self.owner, row)?;
        Ok(Entry {
            id: message.id,
            at: message.sent_at,
            thread: message.conversation.0,
            size: message.text.len() as u64,
            is_hers: message.author == self.owner,
            has_attachment: !message.attachments.is_empty(),
            filed: None,
        })
    }
}

fn is_hidden(entry: &Entry) -> bool {
    entry.filed.as_ref().is_some_and(|doc| doc.filed.hidden)
}

fn shared(doc: &Doc<Filed>) -> Arc<FiledDoc> {
    Arc::new(FiledDoc {
        version: doc.version,
        filed: doc.body.clone(),
    })
}

/// `None` if it is no letter: the message that was filed is gone.
fn letter_entry(id: Id, doc: &Doc<Filed>) -> Option<Entry> {
    let letter = doc.body.letter.as_ref()?;
    Some(Entry {
        id: MessageId(id),
        at: Time(letter.received_at),
        thread: super::parse_id(&letter.thread)?,
        size: letter.size,
        is_hers: false,
        has_attachment: letter.has_attachment,
        filed: Some(shared(doc)),
    })
}
