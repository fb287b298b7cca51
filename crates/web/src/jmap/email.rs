//! A message of a view as an `Email` (RFC 8621 section 4).

use super::mailbox::INBOX;
use app::view::{Address, Author, Item};
use model::{Field, FieldSet};
use std::collections::BTreeMap;
use wire::jmap::{
    BodyProperties, Disclosure, Email, EmailAddress, EmailBodyPart, EmailBodyValue, EmailProperties, EmailProperty,
    IdSet, Mention, Sentiment,
};

const PREVIEW: usize = 256;

/// What a client asked for.
pub struct Wanted<'a> {
    /// Properties of messages.
    pub properties: EmailProperties,
    /// Properties of their parts.
    pub body_properties: BodyProperties,
    /// Whether the text itself.
    pub values: bool,
    /// Bytes of text at most; 0: all.
    pub max_bytes: u64,
    /// What addresses end in.
    pub host: &'a str,
}

/// Writes what was asked for of a message; nothing else is computed.
pub fn render(item: Item, wanted: &Wanted<'_>) -> Email {
    let asked = |property| wanted.properties.has(property);
    let envelope = item.fields.contains(Field::Envelope);
    let received_at = item.at.to_string();
    let mut email = Email {
        id: item.id.clone(),
        ..Email::default()
    };
    email.blob_id = asked(EmailProperty::BlobId).then(|| format!("b{}", item.id));
    email.mailbox_ids = asked(EmailProperty::MailboxIds).then(|| IdSet(vec![INBOX.to_owned()]));
    email.keywords = asked(EmailProperty::Keywords).then(|| IdSet(vec!["$seen".to_owned()]));
    email.size = asked(EmailProperty::Size).then_some(item.size as u64);
    email.message_id =
        asked(EmailProperty::MessageId).then(|| envelope.then(|| vec![format!("{}@{}", item.id, wanted.host)]));
    for (property, member) in [
        (EmailProperty::InReplyTo, &mut email.in_reply_to),
        (EmailProperty::References, &mut email.references),
    ] {
        *member = asked(property).then_some(None);
    }
    for (property, member) in [
        (EmailProperty::Sender, &mut email.sender),
        (EmailProperty::Cc, &mut email.cc),
        (EmailProperty::Bcc, &mut email.bcc),
        (EmailProperty::ReplyTo, &mut email.reply_to),
    ] {
        *member = asked(property).then_some(None);
    }
    email.from = asked(EmailProperty::From).then(|| Some(vec![author(&item.author, wanted.host)]));
    email.to =
        asked(EmailProperty::To).then(|| envelope.then(|| item.to.iter().map(|a| address(a, wanted.host)).collect()));
    email.subject = asked(EmailProperty::Subject).then(|| item.subject.clone());
    email.sent_at = asked(EmailProperty::SentAt).then(|| envelope.then(|| received_at.clone()));
    email.received_at = asked(EmailProperty::ReceivedAt).then_some(received_at);
    email.has_attachment = asked(EmailProperty::HasAttachment).then_some(!item.attachments.is_empty());
    email.preview = asked(EmailProperty::Preview).then(|| preview(item.text.as_deref()));
    bodies(&mut email, &item, wanted);
    if asked(EmailProperty::Disclosure) {
        email.disclosure = Some(Some(disclosure(item.fields, item.mentions.as_deref())));
    }
    email.thread_id = asked(EmailProperty::ThreadId).then_some(item.thread);
    email
}

fn bodies(email: &mut Email, item: &Item, wanted: &Wanted<'_>) {
    let asked = |property| wanted.properties.has(property);
    let select = |part, whole| wanted.body_properties.select(part, whole);
    let text_part = |size: usize| EmailBodyPart {
        part_id: Some(Some("1".to_owned())),
        blob_id: Some(Some(format!("b{}-1", item.id))),
        size: Some(size as u64),
        name: Some(None),
        media_type: Some("text/plain".to_owned()),
        charset: Some(Some("utf-8".to_owned())),
        disposition: Some(None),
        cid: Some(None),
        language: Some(None),
        location: Some(None),
        sub_parts: Some(None),
    };
    let text: Vec<EmailBodyPart> = item.text.as_deref().map(|t| text_part(t.len())).into_iter().collect();
    let files: Vec<EmailBodyPart> = (2..)
        .zip(&item.attachments)
        .map(|(n, file)| EmailBodyPart {
            part_id: Some(Some(n.to_string())),
            blob_id: Some(Some(format!("b{}-{n}", item.id))),
            size: Some(0),
            name: Some(Some(file.name.clone())),
            media_type: Some(file.media_type.clone()),
            charset: Some(None),
            disposition: Some(Some("attachment".to_owned())),
            ..text_part(0)
        })
        .collect();
    if asked(EmailProperty::TextBody) {
        email.text_body = Some(text.iter().cloned().map(|p| select(p, false)).collect());
    }
    if asked(EmailProperty::HtmlBody) {
        email.html_body = Some(text.iter().cloned().map(|p| select(p, false)).collect());
    }
    if asked(EmailProperty::Attachments) {
        email.attachments = Some(files.iter().cloned().map(|p| select(p, false)).collect());
    }
    if asked(EmailProperty::BodyStructure) {
        let whole = match (text.into_iter().next(), files.is_empty()) {
            (Some(text), true) => text,
            (text, _) => EmailBodyPart {
                part_id: Some(None),
                blob_id: Some(None),
                media_type: Some("multipart/mixed".to_owned()),
                charset: Some(None),
                sub_parts: Some(Some(text.into_iter().chain(files).collect())),
                ..text_part(0)
            },
        };
        email.body_structure = Some(select(whole, true));
    }
    if asked(EmailProperty::BodyValues) {
        let value = item.text.clone().filter(|_| wanted.values);
        email.body_values = Some(
            value
                .map(|text| ("1".to_owned(), EmailBodyValue::cut(text, wanted.max_bytes)))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
        );
    }
}

fn author(author: &Author, host: &str) -> EmailAddress {
    let known = |who: &str| EmailAddress {
        name: Some(who.to_owned()),
        email: format!("{who}@{host}"),
    };
    match author {
        Author::You => known("you"),
        Author::Someone => known("someone"),
        Author::Person(person) => address(person, host),
    }
}

fn address(address: &Address, host: &str) -> EmailAddress {
    EmailAddress {
        name: address.name.clone(),
        email: format!("{}@{host}", address.id),
    }
}

fn preview(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    let end = text.char_indices().nth(PREVIEW).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text).replace(char::is_control, " ")
}

fn disclosure(fields: FieldSet, mentions: Option<&[model::Mention]>) -> Disclosure {
    Disclosure {
        fields: fields
            .iter()
            .map(|field| match field {
                Field::Ranking => wire::oauth::Field::Ranking,
                Field::Mentions => wire::oauth::Field::Mentions,
                Field::Envelope => wire::oauth::Field::Envelope,
                Field::Text => wire::oauth::Field::Text,
            })
            .collect(),
        withheld: None,
        mentions: mentions
            .unwrap_or_default()
            .iter()
            .map(|mention| Mention {
                title: mention.title.to_string(),
                sentiment: match mention.sentiment {
                    model::Sentiment::Liked => Sentiment::Liked,
                    model::Sentiment::Disliked => Sentiment::Disliked,
                    model::Sentiment::Neutral => Sentiment::Neutral,
                },
            })
            .collect(),
    }
}
