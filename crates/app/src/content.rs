//! How conversations and messages are written before they are sealed: CBOR with fixed numbers for names, so that a field
//! can be added and an old row still reads.

use crate::Error;
use crate::vault::{Place, SealingKey};
use minicbor::{Decode, Encode};
use model::{
    AccountId, Attachment, Card, Conversation, ConversationId, Entropy, Message, MessageId, Participant, Time, TitleId,
    Via,
};
use store::{ConversationRow, MessageRow};

#[derive(Encode, Decode)]
struct MessageContent<'a> {
    #[cbor(n(0), with = "minicbor::bytes")]
    author: [u8; 16],
    #[b(1)]
    text: &'a str,
    #[b(2)]
    attachments: Vec<AttachmentContent<'a>>,
    #[b(3)]
    via: Option<ViaContent<'a>>,
}

#[derive(Encode, Decode)]
struct ViaContent<'a> {
    #[b(0)]
    partner: &'a str,
    #[n(1)]
    agreement: String,
    #[b(2)]
    card: Option<CardContent<'a>>,
}

#[derive(Encode, Decode)]
struct CardContent<'a> {
    #[b(0)]
    title: &'a str,
    #[b(1)]
    name: &'a str,
    #[n(2)]
    year: Option<u16>,
}

#[derive(Encode, Decode)]
struct AttachmentContent<'a> {
    #[b(0)]
    name: &'a str,
    #[b(1)]
    media_type: &'a str,
}

#[derive(Encode, Decode)]
struct ConversationContent<'a> {
    #[b(0)]
    name: Option<&'a str>,
    #[b(1)]
    participants: Vec<ParticipantContent<'a>>,
    #[n(2)]
    end_to_end: bool,
}

#[derive(Encode, Decode)]
struct ParticipantContent<'a> {
    #[cbor(n(0), with = "minicbor::bytes")]
    account: [u8; 16],
    #[b(1)]
    name: &'a str,
}

/// Seals a message for one inbox.
pub fn seal_message(
    key: &SealingKey,
    entropy: &dyn Entropy,
    owner: AccountId,
    message: &Message,
) -> Result<MessageRow, Error> {
    let content = MessageContent {
        author: message.author.0,
        text: &message.text,
        attachments: message
            .attachments
            .iter()
            .map(|a| AttachmentContent {
                name: &a.name,
                media_type: &a.media_type,
            })
            .collect(),
        via: message.via.as_deref().map(|via| ViaContent {
            partner: via.partner.as_str(),
            agreement: via.agreement.to_string(),
            card: via.card.as_ref().map(|card| CardContent {
                title: &card.title.0,
                name: &card.name,
                year: card.year,
            }),
        }),
    };
    let row = message_row(message.id, message.conversation, message.sent_at);
    let place = message_place(owner, &row);
    Ok(MessageRow {
        id: message.id.0,
        conversation: message.conversation.0,
        sent_at: message.sent_at.0,
        sealed: key.seal(entropy, &place, &encode(&content)?)?,
    })
}

/// Opens a message of one inbox.
pub fn open_message(key: &SealingKey, owner: AccountId, row: &MessageRow) -> Result<Message, Error> {
    let id = MessageId(row.id);
    let (conversation, sent_at) = (ConversationId(row.conversation), Time(row.sent_at));
    let plain = key.open(
        &message_place(owner, &message_row(id, conversation, sent_at)),
        &row.sealed,
    )?;
    let content: MessageContent<'_> = minicbor::decode(&plain).map_err(|_| damaged("message"))?;
    Ok(Message {
        id,
        conversation,
        author: AccountId(content.author),
        sent_at,
        text: content.text.to_owned(),
        attachments: content
            .attachments
            .iter()
            .map(|a| Attachment {
                name: a.name.to_owned(),
                media_type: a.media_type.to_owned(),
            })
            .collect(),
        via: content.via.map(opened_via).transpose()?.map(Box::new),
    })
}

fn opened_via(content: ViaContent<'_>) -> Result<Via, Error> {
    Ok(Via {
        partner: content.partner.parse().map_err(|_| damaged("message"))?,
        agreement: content.agreement.parse().map_err(|_| damaged("message"))?,
        card: content.card.map(|card| Card {
            title: TitleId(card.title.to_owned()),
            name: card.name.to_owned(),
            year: card.year,
        }),
    })
}

/// Seals a conversation for one inbox.
pub fn seal_conversation(
    key: &SealingKey,
    entropy: &dyn Entropy,
    owner: AccountId,
    conversation: &Conversation,
) -> Result<ConversationRow, Error> {
    let content = ConversationContent {
        name: conversation.name.as_deref(),
        participants: conversation
            .participants
            .iter()
            .map(|p| ParticipantContent {
                account: p.account.0,
                name: &p.name,
            })
            .collect(),
        end_to_end: conversation.end_to_end,
    };
    let place = Place {
        table: "conversation",
        account: owner,
        row: &conversation.id.0,
    };
    Ok(ConversationRow {
        id: conversation.id.0,
        sealed: key.seal(entropy, &place, &encode(&content)?)?,
    })
}

/// Opens a conversation of one inbox.
pub fn open_conversation(key: &SealingKey, owner: AccountId, row: &ConversationRow) -> Result<Conversation, Error> {
    let plain = key.open(
        &Place {
            table: "conversation",
            account: owner,
            row: &row.id,
        },
        &row.sealed,
    )?;
    let content: ConversationContent<'_> = minicbor::decode(&plain).map_err(|_| damaged("conversation"))?;
    Ok(Conversation {
        id: ConversationId(row.id),
        name: content.name.map(str::to_owned),
        participants: content
            .participants
            .iter()
            .map(|p| Participant {
                account: AccountId(p.account),
                name: p.name.to_owned(),
            })
            .collect(),
        end_to_end: content.end_to_end,
    })
}

/// What the store keeps of a message in the clear is sealed to it: whoever can write to the store cannot move a message into
/// another conversation, where other consent holds, or to another time.
fn message_row(id: MessageId, conversation: ConversationId, sent_at: Time) -> [u8; 40] {
    let mut row = [0; 40];
    let parts = id.0.into_iter().chain(conversation.0).chain(sent_at.0.to_be_bytes());
    for (byte, part) in row.iter_mut().zip(parts) {
        *byte = part;
    }
    row
}

fn message_place(owner: AccountId, row: &[u8; 40]) -> Place<'_> {
    Place {
        table: "message",
        account: owner,
        row,
    }
}

fn encode<T: Encode<()>>(content: &T) -> Result<Vec<u8>, Error> {
    minicbor::to_vec(content).map_err(|_| Error::TooLarge("too long to store".into()))
}

fn damaged(what: &str) -> Error {
    Error::Corrupt(format!("a stored {what} does not decode"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    #[test]
    fn a_message_moved_in_the_store_does_not_open() {
        let (key, owner) = (SealingKey::new(&[1; 32]).unwrap(), AccountId([1; 16]));
        let message = Message {
            id: MessageId([2; 16]),
            conversation: ConversationId([3; 16]),
            author: owner,
            sent_at: Time(4),
            text: "hello".into(),
            attachments: Vec::new(),
            via: None,
        };
        let row = seal_message(&key, &Zeros, owner, &message).unwrap();
        assert_eq!(open_message(&key, owner, &row).unwrap(), message);
        let elsewhere = MessageRow {
            conversation: [9; 16],
            ..row.clone()
        };
        assert!(open_message(&key, owner, &elsewhere).is_err());
        let later = MessageRow { sent_at: 5, ..row };
        assert!(open_message(&key, owner, &later).is_err());
    }
}
