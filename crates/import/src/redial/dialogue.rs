//! One dialogue, and what of it is the same in every inbox.

use crate::id::derive;
use crate::json;
use model::{AccountId, ConversationId, MessageId, Time};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// 2024-01-01T00:00:00Z, in seconds.
const FIRST_START: i64 = 1_704_067_200;
/// 2026-11-01T00:00:00Z, in seconds.
const LAST_START: i64 = 1_793_491_200;
/// A dialogue that goes on for longer than this is damage.
const LONGEST: i64 = 30 * 86_400;
/// Between messages of a copy of the data set that has lost its times.
const PACE: i64 = 30;

/// A dialogue as it stands in a line.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dialogue<'a> {
    conversation_id: Number,
    pub initiator_worker_id: i64,
    pub respondent_worker_id: i64,
    movie_mentions: Movies,
    #[serde(borrow)]
    pub messages: Vec<&'a RawValue>,
}

/// A message of a dialogue. Some copies of the data set have lost ids and times.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Said {
    pub sender_worker_id: i64,
    pub text: String,
    pub message_id: Option<i64>,
    pub time_offset: Option<i64>,
}

/// Written with quotes in the conversation, without in a message.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Number(i64),
}

/// An empty object was written as an empty list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Movies {
    Titles(BTreeMap<String, Option<String>>),
    None([(); 0]),
}

impl<'a> Dialogue<'a> {
    pub fn parse(line: &'a [u8]) -> Result<Self, &'static str> {
        serde_json::from_slice(line).map_err(|e| json::reason(&e))
    }

    fn key(&self) -> Cow<'_, str> {
        match &self.conversation_id {
            Number::Text(text) => Cow::Borrowed(text),
            Number::Number(number) => Cow::Owned(number.to_string()),
        }
    }

    pub fn id(&self) -> ConversationId {
        ConversationId(derive("privity redial conversation 1", &[self.key().as_bytes()]))
    }

    /// The message at `index` of the dialogue.
    pub fn message(&self, index: usize) -> Result<Said, &'static str> {
        let json = self.messages.get(index).ok_or("there is no such message")?;
        serde_json::from_str(json.get()).map_err(|e| json::reason(&e))
    }

    pub fn message_id(&self, index: usize, said: &Said) -> MessageId {
        let (kind, number) = match said.message_id {
            Some(id) => ("id", id),
            None => ("index", index as i64),
        };
        let key = self.key();
        let parts = [key.as_bytes(), kind.as_bytes(), &number.to_le_bytes()];
        MessageId(derive("privity redial message 1", &parts))
    }

    pub fn sent_at(&self, index: usize, said: &Said) -> Result<Time, &'static str> {
        let offset = said.time_offset.unwrap_or(PACE.saturating_mul(index as i64));
        if !(0..=LONGEST).contains(&offset) {
            return Err("its time is not within 30 days of the start");
        }
        Ok(start(&self.key()).plus_seconds(offset))
    }

    /// The film's title, if the dialogue names it.
    pub fn title(&self, movie: &str) -> Option<&str> {
        match &self.movie_mentions {
            Movies::Titles(titles) => titles.get(movie)?.as_deref().map(without_year),
            Movies::None([]) => None,
        }
    }
}

/// When a dialogue began: ReDial does not tell, so a second between 2024-01-01 and 2026-10-31 (UTC) is derived from the
/// dialogue's `conversationId`. The same dialogue always began at the same moment, and dialogues are spread evenly.
pub fn start(conversation_id: &str) -> Time {
    let [a, b, c, d, e, f, g, _, ..] = derive("privity redial start 1", &[conversation_id.as_bytes()]);
    let number = i64::from_le_bytes([a, b, c, d, e, f, g, 0]);
    Time::from_unix_seconds(FIRST_START + number % (LAST_START - FIRST_START))
}

/// The account of a worker whom the caller does not know: no sign-in ever carries it.
pub fn worker_account(worker: i64) -> AccountId {
    AccountId(derive("privity redial contact 1", &[&worker.to_le_bytes()]))
}

/// `Police Academy  (1984)` is `Police Academy`.
fn without_year(title: &str) -> &str {
    let title = title.trim();
    let year = title.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    match year {
        Some((name, year))
            if year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()) && !name.trim().is_empty() =>
        {
            name.trim_end()
        }
        _ => title,
    }
}

/// A stretch of a message's text.
pub(crate) enum Stretch<'a> {
    Plain(&'a str),
    /// The digits of a mark.
    Mark(&'a str),
}

/// A message's text, cut at its marks. A bare `@` is text.
pub(crate) fn stretches(text: &str) -> impl Iterator<Item = Stretch<'_>> {
    let mut pieces = text.split('@');
    let first = pieces.next().map(Stretch::Plain);
    let rest = pieces.flat_map(|piece| {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        match piece.split_at_checked(digits) {
            Some((mark, rest)) if digits > 0 => [Stretch::Mark(mark), Stretch::Plain(rest)],
            _ => [Stretch::Plain("@"), Stretch::Plain(piece)],
        }
    });
    first.into_iter().chain(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_written_without_its_year() {
        for (from, to) in [
            ("Police Academy  (1984)", "Police Academy"),
            ("American Pie ", "American Pie"),
            ("1984 (1984)", "1984"),
            ("(500) Days of Summer (2009)", "(500) Days of Summer"),
            ("(2009)", "(2009)"),
            ("Birdman (or)", "Birdman (or)"),
        ] {
            assert_eq!(without_year(from), to);
        }
    }

    #[test]
    fn starts_are_spread_over_the_years() {
        let mut by_year = BTreeMap::new();
        for id in 0..3_000 {
            let at = start(&id.to_string());
            assert_eq!(at, start(&id.to_string()));
            assert!(("2024-01-01".to_owned()..="2026-10-31".to_owned()).contains(&at.date()));
            *by_year
                .entry(at.date().chars().take(4).collect::<String>())
                .or_insert(0) += 1;
        }
        assert!(by_year.values().all(|n| *n > 700), "{by_year:?}");
    }
}
