//! `Email/set` (RFC 8621 section 4.6): drafts are made, mail is filed and marked, and removed.

use super::email::email_state;
use super::standard::{Each, SetArguments, SetError, SetResult, unescaped};
use super::{Arguments, Outcome, Own, checked};
use app::Error;
use app::mail::{FilingRefused, NewLetter, Refiling, SetChange, parse_message_id, show_thread};
use letter::{BuildError, Defaults, Letter};
use model::{MessageId, Time};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a letter at most: what `Email/set` makes and `Email/import` takes in.
pub const LETTER_LIMIT: usize = 25_000_000;
/// Folders one message is in at most.
pub const FOLDERS_LIMIT: usize = 100;
/// Marks of one message at most.
const KEYWORDS_LIMIT: usize = 100;

impl Own<'_> {
    pub(super) async fn email_set(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(SetArguments::parse(arguments, &[]));
        let old_state = email_state(self.mail.states().await?);
        checked!(asked.in_state(&old_state));
        let response = self.email_set_all(asked, &old_state).await?;
        Ok(Ok(vec![("Email/set", response)]))
    }

    /// Makes, changes and removes; returns the answer.
    pub(super) async fn email_set_all(&mut self, asked: SetArguments, old_state: &str) -> Result<Value, Error> {
        let mut result = SetResult::default();
        for (name, object) in asked.create {
            let made = self.email_create(&name, &object).await?;
            if let Ok(members) = &made
                && let Some(id) = members.get("id").and_then(Value::as_str)
            {
                self.made(&name, id);
            }
            result.create(name, made);
        }
        let folders: BTreeSet<String> = self.mail.folders().await?.into_iter().map(|f| f.id).collect();
        let (mut changes, mut names) = (Vec::new(), Vec::new());
        for (id, patch) in asked.update {
            if asked.destroy.contains(&id) {
                result.update(id, Err(SetError::new("willDestroy", "")));
                continue;
            }
            match self.refiling(&id, &patch, &folders) {
                Ok(refiling) => {
                    changes.push(refiling);
                    names.push(id);
                }
                Err(error) => result.update(id, Err(error)),
            }
        }
        if !changes.is_empty() {
            for (id, done) in names.into_iter().zip(self.mail.refile(&changes).await?) {
                let done = done.map(|()| Value::Null).map_err(|refused| match refused {
                    FilingRefused::NotFound => SetError::not_found(),
                    FilingRefused::NoFolder => SetError::properties(&["mailboxIds"], "it must be in a mailbox"),
                });
                result.update(id, done);
            }
        }
        let ids: Vec<Option<MessageId>> = asked
            .destroy
            .iter()
            .map(|id| self.real_id(id).as_deref().and_then(parse_message_id))
            .collect();
        let known: Vec<MessageId> = ids.iter().flatten().copied().collect();
        let mut removed = self.mail.remove(&known).await?.into_iter();
        for (name, id) in asked.destroy.into_iter().zip(ids) {
            let gone = id.is_some() && removed.next() == Some(true);
            result.destroy(name, if gone { Ok(()) } else { Err(SetError::not_found()) });
        }
        let new_state = email_state(self.mail.states().await?);
        Ok(result.into_value(&self.account, old_state, &new_state))
    }

    async fn email_create(&self, name: &str, object: &Map<String, Value>) -> Each<Value> {
        let placed = match self.placed(object).await? {
            Ok(placed) => placed,
            Err(error) => return Ok(Err(error)),
        };
        let mut content = object.clone();
        for own in ["mailboxIds", "keywords", "receivedAt"] {
            content.remove(own);
        }
        // The builder asks for each blob when it comes to it; what it may ask for is fetched before.
        let mut blobs: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for id in blob_ids(object) {
            if let Some(bytes) = self.blob(&id).await? {
                blobs.insert(id, bytes);
            }
        }
        let id = self.new_id("Email/set", name);
        let defaults = Defaults {
            date: self.mail.now().unix_seconds(),
            message_id: format!("{}@{}", MessageId(id), self.host),
        };
        let raw = match letter::build(&content, &mut |id| blobs.get(id).cloned(), &defaults) {
            Ok(raw) if raw.len() <= LETTER_LIMIT => raw,
            Ok(_) | Err(BuildError::TooLarge) => {
                return Ok(Err(SetError::new(
                    "tooLarge",
                    &format!("a message has at most {LETTER_LIMIT} bytes"),
                )));
            }
            Err(BuildError::Invalid {
                properties,
                description,
            }) => {
                let error = SetError::new("invalidProperties", &description);
                return Ok(Err(error.with("properties", json!(properties))));
            }
            Err(BuildError::BlobsNotFound(ids)) => {
                return Ok(Err(SetError::new("blobNotFound", "").with("notFound", json!(ids))));
            }
        };
        self.keep(id, raw, placed).await
    }

    /// Keeps a letter, and says what a client needs to know of it.
    pub(super) async fn keep(&self, id: [u8; 16], raw: Vec<u8>, placed: Placed) -> Each<Value> {
        let Ok(letter) = Letter::parse(&raw) else {
            return Ok(Err(SetError::new("invalidEmail", "this is no message")));
        };
        let size = raw.len();
        let new = NewLetter {
            id: Some(MessageId(id)),
            received_at: placed.received_at,
            folders: placed.folders,
            keywords: placed.keywords,
            ..new_letter(&letter, raw)
        };
        drop(letter);
        let (id, thread) = self.mail.letter_add(new).await?;
        Ok(Ok(json!({
            "id": id.to_string(),
            "blobId": format!("b{id}"),
            "threadId": show_thread(thread),
            "size": size,
        })))
    }

    /// Where a new message goes, as its client says.
    pub(super) async fn placed(&self, object: &Map<String, Value>) -> Each<Placed> {
        let known: BTreeSet<String> = self.mail.folders().await?.into_iter().map(|f| f.id).collect();
        Ok(self.placed_in(object, &known))
    }

    fn placed_in(&self, object: &Map<String, Value>, known: &BTreeSet<String>) -> Result<Placed, SetError> {
        let wrong = |name: &str| SetError::properties(&[name], "this is of another type");
        let folders = self.folder_set(object.get("mailboxIds").unwrap_or(&Value::Null), known)?;
        let keywords = match object.get("keywords") {
            None | Some(Value::Null) => BTreeSet::new(),
            Some(keywords) => keyword_set(keywords)?,
        };
        let received_at = match object.get("receivedAt") {
            None | Some(Value::Null) => self.mail.now(),
            Some(Value::String(text)) if wire::is_utc_date(text) => {
                text.parse::<Time>().map_err(|_| wrong("receivedAt"))?
            }
            Some(_) => return Err(wrong("receivedAt")),
        };
        Ok(Placed {
            folders,
            keywords,
            received_at,
        })
    }

    fn folder_set(&self, value: &Value, known: &BTreeSet<String>) -> Result<BTreeSet<String>, SetError> {
        let wrong = |why: &str| SetError::properties(&["mailboxIds"], why);
        let Value::Object(ids) = value else {
            return Err(wrong("an object of mailbox ids, each true"));
        };
        let mut folders = BTreeSet::new();
        for (id, is_in) in ids {
            let real = self.real_id(id).filter(|id| known.contains(id));
            match (real, is_in) {
                (Some(real), Value::Bool(true)) => _ = folders.insert(real),
                (None, _) => return Err(wrong("no such mailbox")),
                _ => return Err(wrong("an object of mailbox ids, each true")),
            }
        }
        match folders.len() {
            0 => Err(wrong("a message is in at least one mailbox")),
            n if n > FOLDERS_LIMIT => Err(SetError::new(
                "tooManyMailboxes",
                &format!("a message is in at most {FOLDERS_LIMIT} mailboxes"),
            )),
            _ => Ok(folders),
        }
    }

    /// Only where it is and what it is marked with can change; the rest may be said again as it is.
    fn refiling(&self, id: &str, patch: &Map<String, Value>, known: &BTreeSet<String>) -> Result<Refiling, SetError> {
        let real = self
            .real_id(id)
            .as_deref()
            .and_then(parse_message_id)
            .ok_or_else(SetError::not_found)?;
        let (mut folders, mut keywords) = (SetChange::default(), SetChange::default());
        if let Some(value) = patch.get("mailboxIds") {
            folders.whole = Some(self.folder_set(value, known)?);
        }
        if let Some(value) = patch.get("keywords") {
            keywords.whole = Some(match value {
                Value::Null => BTreeSet::new(),
                value => keyword_set(value)?,
            });
        }
        for (path, value) in patch {
            let is_in = *value == Value::Bool(true);
            match path.split_once('/') {
                Some(("mailboxIds", folder)) => {
                    let unknown = || SetError::properties(&["mailboxIds"], "no such mailbox");
                    let folder = self.real_id(&unescaped(folder)).filter(|f| known.contains(f));
                    let folder = folder.ok_or_else(unknown)?;
                    bool_or_null("mailboxIds", value)?;
                    both(path, folders.whole.is_some())?;
                    folders.each.insert(folder, is_in);
                }
                Some(("keywords", keyword)) => {
                    bool_or_null("keywords", value)?;
                    both(path, keywords.whole.is_some())?;
                    keywords.each.insert(keyword_of(&unescaped(keyword))?, is_in);
                }
                Some(_) => {
                    return Err(SetError::new(
                        "invalidPatch",
                        "only `mailboxIds` and `keywords` can change",
                    ));
                }
                None if path == "mailboxIds" || path == "keywords" => {}
                None => {
                    return Err(SetError::properties(
                        &[path],
                        "only `mailboxIds` and `keywords` can change",
                    ));
                }
            }
        }
        Ok(Refiling {
            id: real,
            folders,
            keywords,
        })
    }

    /// The bytes of a blob: what was uploaded, or a message or letter or a part of it.
    pub(super) async fn blob(&self, id: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(real) = self.real_id(id) else {
            return Ok(None);
        };
        Ok(crate::jmap::blob::bytes_of(&self.mail, &self.host, &real)
            .await?
            .map(|blob| blob.bytes))
    }
}

/// Where a new message goes.
pub(super) struct Placed {
    pub(super) folders: BTreeSet<String>,
    pub(super) keywords: BTreeSet<String>,
    pub(super) received_at: Time,
}

/// What the store needs to know of a letter; where it goes is for the caller to say.
pub(super) fn new_letter(letter: &Letter, raw: Vec<u8>) -> NewLetter {
    NewLetter {
        id: None,
        received_at: Time(0),
        folders: BTreeSet::new(),
        keywords: BTreeSet::new(),
        message_id: letter.message_id(),
        related: letter.related_ids(),
        base_subject: letter.base_subject(),
        has_attachment: letter.has_attachment(),
        raw,
    }
}

fn both(path: &str, is_whole: bool) -> Result<(), SetError> {
    match is_whole {
        true => Err(SetError::new(
            "invalidPatch",
            &format!("`{path}` is named whole and in part"),
        )),
        false => Ok(()),
    }
}

/// `false` is not what RFC 8620 section 5.3 has, but what a well-known client sends to take one away.
fn bool_or_null(name: &str, value: &Value) -> Result<(), SetError> {
    match value {
        Value::Bool(_) | Value::Null => Ok(()),
        _ => Err(SetError::properties(&[name], "each is true, or null to take it away")),
    }
}

fn keyword_set(value: &Value) -> Result<BTreeSet<String>, SetError> {
    let wrong = |why: &str| SetError::properties(&["keywords"], why);
    let Value::Object(keywords) = value else {
        return Err(wrong("an object of keywords, each true"));
    };
    if keywords.len() > KEYWORDS_LIMIT {
        return Err(SetError::new(
            "tooManyKeywords",
            &format!("a message has at most {KEYWORDS_LIMIT} keywords"),
        ));
    }
    keywords
        .iter()
        .map(|(keyword, is)| match is {
            Value::Bool(true) => keyword_of(keyword),
            _ => Err(wrong("an object of keywords, each true")),
        })
        .collect()
}

/// RFC 8621 section 4.1.1: 1 to 255 characters from `!` to `~` but these few; in lower case.
fn keyword_of(keyword: &str) -> Result<String, SetError> {
    let allowed = |c: char| ('!'..='~').contains(&c) && !"(){]%*\"\\".contains(c);
    match (1..=255).contains(&keyword.len()) && keyword.chars().all(allowed) {
        true => Ok(keyword.to_ascii_lowercase()),
        false => Err(SetError::properties(&["keywords"], "this cannot be a keyword")),
    }
}

/// Every `blobId` anywhere in an object.
fn blob_ids(object: &Map<String, Value>) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut waiting: Vec<&Value> = object.values().collect();
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(id)) = members.get("blobId") {
                    ids.insert(id.clone());
                }
                waiting.extend(members.values());
            }
            Value::Array(values) => waiting.extend(values),
            _ => {}
        }
    }
    ids
}
