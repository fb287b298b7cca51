//! `Email/get`: a message of a conversation and a letter look alike to a client.

use super::standard::{get_response, state_of};
use super::{Arguments, Outcome, Own, checked};
use crate::jmap::{email as chat, methods::no_room};
use app::Error;
use app::mail::{Content, Entry, Index, States, parse_message_id};
use app::view::{Author, Item};
use letter::{BodyProperty, Defaults, Letter, Property};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use wire::jmap::{BodyProperties, EmailGetArguments, EmailProperties, IdSet, MethodError, MethodErrorType};
use wire::limits::{MAX_OBJECTS_IN_GET, MAX_SIZE_RESPONSES};

/// Members of an `Email` that are not of its content.
const OWN: [&str; 7] = [
    "id",
    "blobId",
    "threadId",
    "mailboxIds",
    "keywords",
    "size",
    "receivedAt",
];
/// Members that are there when a client names none (RFC 8621 section 4.2).
const USUAL: [&str; 23] = [
    "id",
    "blobId",
    "threadId",
    "mailboxIds",
    "keywords",
    "size",
    "receivedAt",
    "messageId",
    "inReplyTo",
    "references",
    "sender",
    "from",
    "to",
    "cc",
    "bcc",
    "replyTo",
    "subject",
    "sentAt",
    "hasAttachment",
    "preview",
    "bodyValues",
    "textBody",
    "htmlBody",
];
/// Members of a part that are there when a client names none.
const USUAL_OF_PARTS: [&str; 10] = [
    "partId",
    "blobId",
    "size",
    "name",
    "type",
    "charset",
    "disposition",
    "cid",
    "language",
    "location",
];

/// What a client asked for of each message.
pub(super) struct Asked {
    /// Names, as asked.
    names: Vec<String>,
    content: Vec<Property>,
    parts: Vec<BodyProperty>,
    text: bool,
    html: bool,
    all: bool,
    max_bytes: u64,
    /// What a message of a conversation is written with, if that can do it.
    chat: Option<(EmailProperties, BodyProperties)>,
}

impl Asked {
    /// Reads what was asked for; an unknown property is `invalidArguments`.
    pub(super) fn of(asked: &EmailGetArguments) -> Result<Self, MethodError> {
        let mut usual: Vec<String> = USUAL.map(str::to_owned).to_vec();
        usual.push("attachments".to_owned());
        let names = asked.properties.clone().unwrap_or(usual);
        let parts = asked
            .body_properties
            .clone()
            .unwrap_or_else(|| USUAL_OF_PARTS.map(str::to_owned).to_vec());
        let invalid = |error: letter::UnknownProperty| MethodError::invalid_arguments(error.to_string());
        let content = names.iter().filter(|name| !OWN.contains(&name.as_str()));
        let chat = EmailProperties::parse(asked.properties.as_deref())
            .ok()
            .zip(BodyProperties::parse(asked.body_properties.clone()).ok())
            .filter(|_| !names.iter().any(|name| name == "disclosure"));
        Ok(Self {
            content: content
                .map(|name| Property::parse(name))
                .collect::<Result<_, _>>()
                .map_err(invalid)?,
            parts: parts
                .iter()
                .map(|name| BodyProperty::parse(name))
                .collect::<Result<_, _>>()
                .map_err(invalid)?,
            names,
            text: asked.fetch_text_body_values,
            html: asked.fetch_html_body_values,
            all: asked.fetch_all_body_values,
            max_bytes: asked.max_body_value_bytes,
            chat,
        })
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|asked| asked == name)
    }

    fn wants_bytes(&self) -> bool {
        !self.content.is_empty()
    }

    /// The members of a letter's content.
    pub(super) fn members(&self, raw: &[u8], blob: &str) -> Map<String, Value> {
        let part_blob = |part: &str| format!("{blob}-{part}");
        let wanted = letter::Wanted {
            properties: &self.content,
            body_properties: &self.parts,
            text_values: self.text,
            html_values: self.html,
            all_values: self.all,
            max_bytes: self.max_bytes,
            blob: &part_blob,
        };
        // What does not read as a letter was kept as it came, and has nothing to show.
        Letter::parse(raw)
            .map(|letter| letter.members(&wanted))
            .unwrap_or_default()
    }

    /// Members that only a stored message has, as `null`: for what is merely parsed.
    pub(super) fn without_place(&self) -> Map<String, Value> {
        let null = |name: &&str| self.has(name);
        ["id", "mailboxIds", "keywords", "receivedAt", "threadId"]
            .iter()
            .filter(|name| null(name))
            .map(|name| ((*name).to_owned(), Value::Null))
            .collect()
    }

    pub(super) fn wants(&self, name: &str) -> bool {
        self.has(name)
    }
}

/// The blob of a message's or letter's bytes.
pub(super) fn blob_of(entry: &Entry) -> String {
    format!("b{}", entry.id)
}

/// The message and the part that a blob is of.
pub fn part_of(blob: &str) -> Option<(model::MessageId, Option<&str>)> {
    let rest = blob.strip_prefix('b')?;
    match rest.split_once('-') {
        Some((id, part)) => Some((parse_message_id(id)?, Some(part))),
        None => Some((parse_message_id(rest)?, None)),
    }
}

/// The state of messages and letters.
pub(super) fn email_state(states: States) -> String {
    state_of(&[states.messages, states.filed])
}

impl Own<'_> {
    pub(super) async fn email_get(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(EmailGetArguments::parse(arguments));
        let wanted = checked!(Asked::of(&asked));
        let index = self.mail.index().await?;
        let state = email_state(index.states());
        let ids = match asked.ids {
            Some(ids) => ids,
            None if index.entries().len() > MAX_OBJECTS_IN_GET => {
                return Ok(Err(MethodErrorType::RequestTooLarge.into()));
            }
            None => index.entries().iter().map(|e| e.id.to_string()).collect(),
        };
        let (mut list, mut not_found) = (Vec::with_capacity(ids.len()), Vec::new());
        let mut answered = HashSet::with_capacity(ids.len());
        let mut entries = Vec::with_capacity(ids.len());
        for id in ids.iter().filter(|id| answered.insert(id.as_str())) {
            match self.entry(&index, id) {
                Some(entry) => entries.push(entry.clone()),
                None => not_found.push(id.clone()),
            }
        }
        drop(index);
        if wanted.wants_bytes() {
            let mut bytes: u64 = 0;
            for chunk in entries.chunks(64) {
                for (entry, content) in chunk.iter().zip(self.mail.contents(chunk).await?) {
                    // What cannot be sent in the end is not written first.
                    let values = wanted.text || wanted.html || wanted.all;
                    bytes += if values { entry.size } else { 0 };
                    if bytes > MAX_SIZE_RESPONSES as u64 && wanted.max_bytes == 0 {
                        return Ok(Err(no_room()));
                    }
                    match content {
                        Some(content) => list.push(self.shown(entry, content, &wanted)?),
                        None => not_found.push(entry.id.to_string()),
                    }
                }
            }
        } else {
            list.extend(entries.iter().map(|entry| Value::Object(place(entry, &wanted))));
        }
        Ok(Ok(vec![(
            "Email/get",
            get_response(&self.account, &state, list, not_found),
        )]))
    }

    /// What a client knows by this id.
    pub(super) fn entry<'i>(&self, index: &'i Index, id: &str) -> Option<&'i Entry> {
        let id = self.real_id(id)?;
        index.get(parse_message_id(&id)?)
    }

    fn shown(&self, entry: &Entry, content: Content, wanted: &Asked) -> Result<Value, Error> {
        let blob = blob_of(entry);
        let mut members = match (content, wanted.chat.clone()) {
            (Content::Chat(item), Some((properties, body_properties))) => {
                let wanted = chat::Wanted {
                    properties,
                    body_properties,
                    values: wanted.text || wanted.html || wanted.all,
                    max_bytes: wanted.max_bytes,
                    host: &self.host,
                };
                let mut email = chat::render(*item, &wanted);
                email.mailbox_ids = email
                    .mailbox_ids
                    .map(|_| IdSet(entry.folders().map(str::to_owned).collect()));
                email.keywords = email
                    .keywords
                    .map(|_| IdSet(entry.keywords().map(str::to_owned).collect()));
                return serde_json::to_value(&email).map_err(|e| Error::Corrupt(e.to_string()));
            }
            (Content::Chat(item), None) => wanted.members(&written(&item, &self.host)?, &blob),
            (Content::Letter(raw), _) => wanted.members(&raw, &blob),
        };
        members.extend(place(entry, wanted));
        Ok(Value::Object(members))
    }

    /// A message's or letter's bytes as other mail systems write them.
    pub(super) fn raw(&self, content: Content) -> Result<Vec<u8>, Error> {
        raw_of(content, &self.host)
    }
}

/// A message's or letter's bytes as other mail systems write them.
pub fn raw_of(content: Content, host: &str) -> Result<Vec<u8>, Error> {
    match content {
        Content::Chat(item) => written(&item, host),
        Content::Letter(raw) => Ok(raw),
    }
}

/// What of a message is not of its content.
fn place(entry: &Entry, wanted: &Asked) -> Map<String, Value> {
    let set = |names: Vec<&str>| {
        let members = names.into_iter().map(|name| (name.to_owned(), Value::Bool(true)));
        Value::Object(members.collect())
    };
    let mut members = Map::from_iter([("id".to_owned(), Value::from(entry.id.to_string()))]);
    let mut put = |name: &str, value: &dyn Fn() -> Value| {
        if wanted.has(name) {
            members.insert(name.to_owned(), value());
        }
    };
    put("blobId", &|| Value::from(blob_of(entry)));
    put("threadId", &|| Value::from(app::mail::show_thread(entry.thread)));
    put("mailboxIds", &|| set(entry.folders().collect()));
    put("keywords", &|| set(entry.keywords().collect()));
    put("size", &|| Value::from(entry.size));
    put("receivedAt", &|| Value::from(entry.at.to_string()));
    members
}

/// A message of a conversation, as a letter.
fn written(item: &Item, host: &str) -> Result<Vec<u8>, Error> {
    let address =
        |address: &app::view::Address| json!({"name": address.name, "email": format!("{}@{host}", address.id)});
    let from = match &item.author {
        Author::Person(person) => address(person),
        Author::You => json!({"name": null, "email": format!("you@{host}")}),
        Author::Someone => json!({"name": null, "email": format!("someone@{host}")}),
    };
    let to: Vec<Value> = item.to.iter().map(address).collect();
    let mut create = Map::new();
    create.insert("from".to_owned(), json!([from]));
    if !to.is_empty() {
        create.insert("to".to_owned(), json!(to));
    }
    if let Some(subject) = &item.subject {
        let one_line: String = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        create.insert("subject".to_owned(), Value::from(one_line));
    }
    create.insert("textBody".to_owned(), json!([{"partId": "1", "type": "text/plain"}]));
    let text = item.text.clone().unwrap_or_default();
    create.insert("bodyValues".to_owned(), json!({"1": {"value": text}}));
    let defaults = Defaults {
        date: item.at.unix_seconds(),
        message_id: format!("{}@{host}", item.id),
    };
    letter::build(&create, &mut |_| None, &defaults)
        .map_err(|e| Error::Corrupt(format!("a message as a letter: {e:?}")))
}
