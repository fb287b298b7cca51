//! What a message file says about its thread. The keys stand before the messages, or after, or both: so this is read
//! first, passing over the messages.

use super::line::Text;
use crate::Limits;
use crate::json::{Document, Fault};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::io::Read;

/// How a file's strings and keys are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    /// "Download your information": `sender_name`, broken strings.
    Plain,
    /// The end-to-end export: `senderName`, right strings.
    EndToEnd,
}

/// What stands around the messages. Strings are as they stand in the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    pub schema: Option<Schema>,
    /// There are messages, or there could be.
    pub has_messages: bool,
    pub participants: Vec<String>,
    /// Participants that could not be read.
    pub bad_participants: u64,
    pub title: Option<String>,
    /// The owner is among the participants (she may have left).
    pub still_participant: Option<bool>,
}

impl Head {
    /// Reads to the end, or to a fault, which the reading of the messages will meet again: so it is not told here.
    pub fn read(document: &mut Document<impl Read>, limits: &Limits) -> Self {
        let mut head = Self::default();
        // Whatever was found before the fault counts.
        let _met_again = head.fill(document, limits, false);
        head
    }

    /// Reads up to the end of the participants and no further.
    pub fn read_participants(document: &mut Document<impl Read>, limits: &Limits) -> Self {
        let mut head = Self::default();
        let _no_participants_then = head.fill(document, limits, true);
        head
    }

    fn fill(
        &mut self,
        document: &mut Document<impl Read>,
        limits: &Limits,
        only_participants: bool,
    ) -> Result<(), Fault> {
        while let Some(key) = document.next_key()? {
            match key.as_str() {
                "participants" if document.enter_array()? => {
                    while let Some(value) = document.element()? {
                        self.participant(value, limits.participants);
                    }
                    if only_participants {
                        return Ok(());
                    }
                }
                "messages" if document.enter_array()? => {
                    self.has_messages = true;
                    let Some(first) = document.element()? else { continue };
                    if self.schema.is_none() {
                        self.schema = first.and_then(schema_of);
                    }
                    document.leave_array()?;
                }
                "title" | "threadName" => {
                    let title = document.value()?;
                    self.title = title.and_then(|json| serde_json::from_slice(json).ok());
                }
                "is_still_participant" => {
                    let still = document.value()?;
                    self.still_participant = still.and_then(|json| serde_json::from_slice(json).ok());
                }
                _ => document.skip()?,
            }
        }
        Ok(())
    }

    /// One more than the limit is kept, so that being over it shows.
    fn participant(&mut self, json: Option<&[u8]>, limit: usize) {
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(borrow)]
            name: Text<'a>,
        }
        let json = json.unwrap_or_default();
        let (schema, name) = match serde_json::from_slice::<Text<'_>>(json) {
            Ok(name) => (Schema::EndToEnd, Ok(name)),
            Err(_) => (Schema::Plain, serde_json::from_slice::<Named<'_>>(json).map(|n| n.name)),
        };
        match name {
            Ok(_) if self.participants.len() > limit => {}
            Ok(name) => {
                self.schema = self.schema.or(Some(schema));
                self.participants.push(name.0.into_owned());
            }
            Err(_) => self.bad_participants += 1,
        }
    }
}

/// By the key that a message's author stands under.
fn schema_of(message: &[u8]) -> Option<Schema> {
    #[derive(Deserialize)]
    struct Keys {
        sender_name: Option<IgnoredAny>,
        #[serde(rename = "senderName")]
        end_to_end: Option<IgnoredAny>,
    }
    let keys: Keys = serde_json::from_slice(message).ok()?;
    match (keys.sender_name, keys.end_to_end) {
        (None, Some(_)) => Some(Schema::EndToEnd),
        (Some(_), _) => Some(Schema::Plain),
        (None, None) => None,
    }
}
