//! What partners send in her name: the list, and the choice of friends. And whom she does not want to hear of.

use crate::{Chrome, Page, Tab, TitleCard, person, when, words};
use askama::Template;
use model::{AccountId, Time};

/// `GET /sent`. Forms: `/sent/{id}/undo`; `/sent/mutes` with `partner` or `person`.
#[derive(Debug, Clone, Template)]
#[template(path = "sent.html")]
pub struct SentPage {
    /// Header and footer.
    pub chrome: Chrome,
    /// What was just done.
    pub notice: Option<String>,
    /// Newest first.
    pub rows: Vec<SentRow>,
    /// Whom she does not want to hear of.
    pub muted: Vec<MutedRow>,
}

/// Something that was, or is about to be, sent in her name.
#[derive(Debug, Clone)]
pub struct SentRow {
    /// Its name in the paths of forms: hexadecimal.
    pub id: String,
    /// The partner's name.
    pub partner: String,
    /// What it says.
    pub text: String,
    /// What it recommends.
    pub card: Option<TitleCard>,
    /// Whom it goes to.
    pub to: Vec<String>,
    /// Whether the partner delivers it in its own service.
    pub elsewhere: bool,
    /// How far it is.
    pub state: SentState,
    /// When it leaves or left; before that, when it was written.
    pub at: Time,
}

/// How far something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentState {
    /// Written; she may choose whom it goes to.
    Draft,
    /// Can still be taken back.
    Waiting,
    /// On its way or there.
    Sent,
    /// Taken back, or not allowed any more.
    Canceled,
}

/// Someone she does not want to hear of.
#[derive(Debug, Clone)]
pub struct MutedRow {
    /// The name.
    pub name: String,
    /// The form's field: `partner` or `person`.
    pub field: &'static str,
    /// Its value.
    pub value: String,
}

/// `GET /sent/{id}/choose`; its form posts `friend` (repeated) and `note` back. `/sent/{id}/back` leads to the partner.
#[derive(Debug, Clone, Template)]
#[template(path = "choose.html")]
pub struct ChoosePage {
    /// Header and footer.
    pub chrome: Chrome,
    /// Its name in the path of the form.
    pub id: String,
    /// The partner's name.
    pub partner: String,
    /// The title.
    pub card: TitleCard,
    /// What goes with it.
    pub note: String,
    /// Whom it may go to.
    pub friends: Vec<FriendPick>,
    /// At most so many.
    pub most: u64,
    /// Why it was not sent.
    pub error: Option<String>,
}

/// Someone it may go to.
#[derive(Debug, Clone)]
pub struct FriendPick {
    /// Who.
    pub account: AccountId,
    /// Her name.
    pub name: String,
    /// Whether she is chosen.
    pub picked: bool,
}

impl SentRow {
    fn is(&self, state: SentState) -> bool {
        self.state == state
    }
}
