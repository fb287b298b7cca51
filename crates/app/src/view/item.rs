//! A message, as whoever looks at it may see it.

use model::{AccountId, Attachment, Conversation, FieldSet, Mention, Message, MessageId, Time};

/// Who wrote a message, as far as it may be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// The owner of the inbox, by no name.
    You,
    /// Someone she talks to.
    Someone,
    /// A participant.
    Person(Address),
}

/// A participant's address: means nothing elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The id, as this viewer knows it.
    pub id: String,
    /// The name, if the viewer may know it.
    pub name: Option<String>,
}

/// A message as this viewer may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub(crate) message: MessageId,
    /// Its id, as this viewer knows it.
    pub id: String,
    /// Its conversation, as this viewer knows it. A message seen without its envelope is a conversation of its own.
    pub thread: String,
    /// When it was sent; without envelope, the Monday of that week.
    pub at: Time,
    /// Who wrote it.
    pub author: Author,
    /// The others in the conversation; empty without envelope.
    pub to: Vec<Address>,
    /// What the participants called the conversation.
    pub subject: Option<String>,
    /// What it says; `None` if the viewer may not know.
    pub text: Option<String>,
    /// Files; names only with `text`.
    pub attachments: Vec<Attachment>,
    /// Bytes of the text; 0 without envelope.
    pub size: usize,
    /// What the viewer sees of it.
    pub fields: FieldSet,
    /// The titles it mentions; `None` if the viewer may not know, or nobody asked.
    pub mentions: Option<Vec<Mention>>,
}

/// A message as the owner of the inbox sees it: whole.
pub(super) fn own_item(owner: AccountId, message: Message, talk: &Conversation) -> Item {
    let address = |account: AccountId| Address {
        id: account.to_string(),
        name: talk.name_of(account).map(str::to_owned),
    };
    let to = talk
        .participants
        .iter()
        .filter(|p| p.account != message.author)
        .map(|p| address(p.account))
        .collect();
    let text = with_via(&message, talk);
    Item {
        message: message.id,
        id: message.id.to_string(),
        thread: message.conversation.to_string(),
        at: message.sent_at,
        author: Author::Person(address(message.author)),
        to,
        subject: Some(talk.title_for(owner)),
        size: text.len(),
        text: Some(text),
        attachments: message.attachments,
        fields: FieldSet::ALL,
        mentions: None,
    }
}

/// What a message says to its owner, for apps that know of nothing but text.
fn with_via(message: &Message, talk: &Conversation) -> String {
    let Some(via) = &message.via else {
        return message.text.clone();
    };
    let author = talk.name_of(message.author).unwrap_or("someone");
    let mut lines = Vec::new();
    if !message.text.is_empty() {
        lines.push(message.text.clone());
    }
    if let Some(card) = &via.card {
        lines.push(match card.year {
            Some(year) => format!("{} ({year})", card.name),
            None => card.name.clone(),
        });
    }
    lines.push(format!("Sent with {} on {author}’s behalf", via.partner));
    lines.join("\n\n")
}
