//! A sink that keeps everything the way a store does, and the folders the tests read.

use import::facebook::Facebook;
use import::{ImportError, Limits, Reader, Sink, SinkError, Summary};
use model::{AccountId, Conversation, ConversationId, Message, MessageId, Participant};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub const ME: AccountId = AccountId([9; 16]);

#[derive(Default, Clone, PartialEq, Debug)]
pub struct Kept {
    pub conversations: BTreeMap<ConversationId, Conversation>,
    pub messages: BTreeMap<MessageId, Message>,
    pub order: Vec<MessageId>,
    pub done: BTreeSet<String>,
    pub last_progress: u64,
    /// Refuse after so many messages.
    pub refuse_after: Option<usize>,
}

impl Kept {
    pub fn texts(&self) -> Vec<&str> {
        self.order.iter().map(|id| self.messages[id].text.as_str()).collect()
    }

    pub fn only(&self) -> &Conversation {
        assert_eq!(self.conversations.len(), 1);
        self.conversations.values().next().unwrap()
    }

    pub fn name_of(&self, message: &Message) -> &str {
        self.conversations[&message.conversation]
            .name_of(message.author)
            .expect("every author is a participant")
    }

    pub fn by_text(&self, text: &str) -> &Message {
        let mut found = self.messages.values().filter(|m| m.text == text);
        let message = found.next().unwrap_or_else(|| panic!("no message `{text}`"));
        assert_eq!(found.count(), 0, "`{text}` is there twice");
        message
    }
}

impl Sink for Kept {
    fn conversation(&mut self, conversation: &Conversation) -> Result<(), SinkError> {
        if let Some(before) = self.conversations.insert(conversation.id, conversation.clone()) {
            for participant in before.participants {
                assert!(conversation.participants.contains(&participant) || !self.done.is_empty());
            }
        }
        Ok(())
    }

    fn message(&mut self, message: Message) -> Result<(), SinkError> {
        if self.refuse_after.is_some_and(|n| self.order.len() >= n) {
            return Err(SinkError("the disk is full".into()));
        }
        let conversation = self.conversations.get(&message.conversation).expect("comes first");
        assert!(
            conversation.name_of(message.author).is_some(),
            "the author is a participant"
        );
        if !self.messages.contains_key(&message.id) {
            self.order.push(message.id);
        }
        if let Some(before) = self.messages.insert(message.id, message.clone()) {
            assert_eq!(before, message, "an id always means the same message");
        }
        Ok(())
    }

    fn progress(&mut self, bytes_read: u64) {
        assert!(bytes_read >= self.last_progress);
        self.last_progress = bytes_read;
    }

    fn part_done(&mut self, part: &str) -> Result<(), SinkError> {
        assert!(self.done.insert(part.to_owned()));
        Ok(())
    }

    fn is_done(&mut self, part: &str) -> bool {
        self.done.contains(part)
    }
}

pub fn me() -> Participant {
    Participant {
        account: ME,
        name: "Ana Sørensen".to_owned(),
    }
}

pub fn import_with(path: &Path, limits: Limits, kept: &mut Kept) -> Result<Summary, ImportError> {
    let mut reader = Facebook::open(path, me(), limits)?;
    kept.last_progress = 0;
    let total = reader.total_bytes().unwrap();
    let summary = reader.read(kept)?;
    assert_eq!(kept.last_progress, total);
    assert_eq!(summary.bytes, total);
    Ok(summary)
}

pub fn import(path: &Path) -> (Kept, Summary) {
    let mut kept = Kept::default();
    let summary = import_with(path, Limits::default(), &mut kept).unwrap();
    (kept, summary)
}

/// A folder with these files.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    dir
}

/// The way the export writes a string's inside: each byte of its UTF-8 as an escape.
pub fn broken(text: &str) -> String {
    let escape = |byte: u8| match byte {
        0x20..0x7f => char::from(byte).to_string(),
        _ => format!("\\u{byte:04x}"),
    };
    text.bytes().map(escape).collect()
}

/// A thread with these people and these messages, each of them the inside of a JSON object.
pub fn thread(people: &[&str], messages: &[String]) -> String {
    let people: Vec<String> = people
        .iter()
        .map(|name| format!("{{\"name\": \"{}\"}}", broken(name)))
        .collect();
    let messages: Vec<String> = messages.iter().map(|m| format!("{{{m}}}")).collect();
    format!(
        "{{\"participants\": [{}],\n\"messages\": [\n{}\n],\n\"title\": \"x\", \"is_still_participant\": true, \"magic_words\": []}}",
        people.join(", "),
        messages.join(",\n")
    )
}

/// The inside of a message with this text.
pub fn says(sender: &str, at: i64, text: &str) -> String {
    format!(
        "\"sender_name\": \"{}\", \"timestamp_ms\": {at}, \"content\": \"{}\"",
        broken(sender),
        broken(text)
    )
}

pub const T: i64 = 1_600_000_000_000;
pub const ANA: &str = "Ana Sørensen";
