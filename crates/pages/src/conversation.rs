//! One conversation: its messages, who else has read them, and the form to write another.

use crate::{Chrome, Page, Tab, person, when, words};
use askama::Template;
use model::{Attachment, Choice, ConversationId, FieldSet, MessageId, PartnerId, Time};

/// `GET /conversations/{id}`; its form posts `text` and `nonce` to `/conversations/{id}/messages`.
#[derive(Debug, Clone, Template)]
#[template(path = "conversation.html")]
pub struct ConversationPage {
    /// Header and footer.
    pub chrome: Chrome,
    /// Now.
    pub now: Time,
    /// Which.
    pub id: ConversationId,
    /// What its participants call it.
    pub title: String,
    /// Everyone in it but her.
    pub participants: Vec<String>,
    /// Only the participants can read it: no partner ever will.
    pub end_to_end: bool,
    /// Oldest first.
    pub messages: Vec<Bubble>,
    /// Where older messages are.
    pub older: Option<String>,
    /// Where newer messages are, when this is not the newest page.
    pub newer: Option<String>,
    /// The partners that someone in this conversation has let in.
    pub connected: Vec<Connected>,
    /// Makes sending the form twice one message.
    pub nonce: String,
    /// What was written but not sent.
    pub draft: String,
    /// Why it was not sent.
    pub error: Option<String>,
}

/// One message.
#[derive(Debug, Clone)]
pub struct Bubble {
    /// Which.
    pub id: MessageId,
    /// Its author's name.
    pub author: String,
    /// Whether she wrote it herself.
    pub own: bool,
    /// When it was sent.
    pub at: Time,
    /// The text, in pieces.
    pub text: Vec<Piece>,
    /// Files that came with it.
    pub attachments: Vec<Attachment>,
    /// Partners that were told something of it, newest first.
    pub read_by: Vec<Reader>,
    /// The partner that sent it in its author's name.
    pub via: Option<SentWith>,
}

/// How a message came that its author did not send by hand.
#[derive(Debug, Clone)]
pub struct SentWith {
    /// The partner's name.
    pub partner: String,
    /// What it recommends.
    pub card: Option<TitleCard>,
}

/// A title that is recommended. There is no picture: nothing is fetched from anywhere.
#[derive(Debug, Clone)]
pub struct TitleCard {
    /// Its name.
    pub name: String,
    /// When it came out.
    pub year: Option<u16>,
    /// Where it is: a link of this platform's that leads to the partner. None for whoever sent it.
    pub link: Option<String>,
}

/// A piece of a message.
#[derive(Debug, Clone)]
pub struct Piece {
    /// What stands there.
    pub text: String,
    /// The title it mentions.
    pub title: Option<String>,
}

/// A partner that was told something of a message.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Its name.
    pub partner: String,
    /// When.
    pub at: Time,
    /// What it was told.
    pub fields: FieldSet,
    /// The ledger entry: `/readings/{index}`.
    pub index: u64,
}

/// A partner that someone in this conversation has let in.
#[derive(Debug, Clone)]
pub struct Connected {
    /// Which.
    pub partner: PartnerId,
    /// Its name.
    pub name: String,
    /// Who let it in; `None` if she did so herself.
    pub by: Option<String>,
    /// What she says about her own messages here.
    pub choice: Choice,
}

/// How many readers a message shows before the rest is folded away.
const READERS_SHOWN: usize = 2;

pub(crate) struct Day<'a> {
    pub(crate) at: Time,
    pub(crate) runs: Vec<Run<'a>>,
}

/// Messages of one author in a row, shown under one name.
pub(crate) struct Run<'a> {
    pub(crate) author: &'a str,
    pub(crate) own: bool,
    pub(crate) messages: &'a [Bubble],
}

impl ConversationPage {
    fn days(&self) -> Vec<Day<'_>> {
        let days = self.messages.chunk_by(|a, b| a.at.date() == b.at.date());
        days.filter_map(|day| {
            Some(Day {
                at: day.first()?.at,
                runs: day
                    .chunk_by(|a, b| a.own == b.own && a.author == b.author)
                    .filter_map(Run::of)
                    .collect(),
            })
        })
        .collect()
    }

    /// Who has been let in, in a few words.
    fn let_in(&self) -> String {
        match self.connected.as_slice() {
            [one] => format!("{} has been let in", one.name),
            many => format!("{} partners have been let in", many.len()),
        }
    }
}

impl<'a> Run<'a> {
    fn of(messages: &'a [Bubble]) -> Option<Self> {
        let first = messages.first()?;
        Some(Self {
            author: &first.author,
            own: first.own,
            messages,
        })
    }
}

impl Bubble {
    fn readers(&self) -> &[Reader] {
        self.read_by.get(..READERS_SHOWN).unwrap_or(&self.read_by)
    }

    fn more_readers(&self) -> &[Reader] {
        self.read_by.get(READERS_SHOWN..).unwrap_or_default()
    }
}
