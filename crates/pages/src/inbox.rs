//! A person's conversations.

use crate::{Chrome, Page, Tab, person, when, words};
use askama::Template;
use model::{ConversationId, Time};

/// `GET /inbox`.
#[derive(Debug, Clone, Template)]
#[template(path = "inbox.html")]
pub struct Inbox {
    /// Header and footer.
    pub chrome: Chrome,
    /// Now.
    pub now: Time,
    /// The liveliest first.
    pub conversations: Vec<InboxRow>,
    /// How many questions from partners wait for her answer.
    pub asks: u64,
    /// Where older conversations are.
    pub older: Option<String>,
}

/// One conversation.
#[derive(Debug, Clone)]
pub struct InboxRow {
    /// Which.
    pub id: ConversationId,
    /// What its participants call it.
    pub title: String,
    /// The beginning of its newest message.
    pub preview: String,
    /// Whether she wrote that herself.
    pub own: bool,
    /// When it was sent.
    pub at: Time,
    /// How many messages there are.
    pub count: u64,
    /// How many of them are new to her; 0 where nobody keeps count.
    pub unread: u64,
}

impl InboxRow {
    /// Beyond this nobody counts.
    const MANY: u64 = 99;

    fn badge(&self) -> String {
        if self.unread > Self::MANY {
            format!("{}+", Self::MANY)
        } else {
            self.unread.to_string()
        }
    }
}
