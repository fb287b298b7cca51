//! Conversations and messages.

use crate::{AccountId, AgreementRef, ConversationId, MessageId, PartnerId, Time, TitleId};

/// Someone in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Whose inbox, or the id of a contact without one.
    pub account: AccountId,
    /// The name the others see.
    pub name: String,
}

/// Messages between the same participants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its id, the same in every participant's inbox.
    pub id: ConversationId,
    /// What the participants called it, if anything.
    pub name: Option<String>,
    /// Everyone in it, the owner of the inbox included.
    pub participants: Vec<Participant>,
    /// End-to-end encrypted: stored as it came, and never disclosable.
    pub end_to_end: bool,
}

impl Conversation {
    /// The name of one participant; contacts that left and were forgotten have none.
    pub fn name_of(&self, account: AccountId) -> Option<&str> {
        self.participants
            .iter()
            .find(|p| p.account == account)
            .map(|p| p.name.as_str())
    }

    /// What to call it on a page of `owner`: its name, or the others' names.
    pub fn title_for(&self, owner: AccountId) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let others: Vec<&str> = self
            .participants
            .iter()
            .filter(|p| p.account != owner)
            .map(|p| p.name.as_str())
            .collect();
        if others.is_empty() {
            "Yourself".to_owned()
        } else {
            others.join(", ")
        }
    }
}

/// A file that came with a message. Its bytes are not kept yet; name, type and size are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// File name, without a path.
    pub name: String,
    /// Media type, as in `image/jpeg`.
    pub media_type: String,
}

/// One message of one author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id, the same in every participant's inbox.
    pub id: MessageId,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// Who wrote it. Whose say decides whether it is disclosed.
    pub author: AccountId,
    /// When it was sent.
    pub sent_at: Time,
    /// What was said; empty for a message that was unsent or only carries files.
    pub text: String,
    /// Files that came with it.
    pub attachments: Vec<Attachment>,
    /// How it was sent, if not by its author's own hand.
    pub via: Option<Box<Via>>,
}

/// A partner that sent a message on its author's behalf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// Which.
    pub partner: PartnerId,
    /// Under which agreement.
    pub agreement: AgreementRef,
    /// The title it recommends.
    pub card: Option<Card>,
}

/// A title that a message recommends, as its partner's catalogue names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The partner's id of it.
    pub title: TitleId,
    /// Its name.
    pub name: String,
    /// Year of release.
    pub year: Option<u16>,
}
