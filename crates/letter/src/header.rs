//! Header fields: the forms JMAP gives them (RFC 8621 section 4.1.2), and the properties that ask for them.

use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, Address, HeaderValue};
use serde_json::{Value, json};

/// How a header field is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Raw,
    Text,
    Addresses,
    GroupedAddresses,
    MessageIds,
    Date,
    Urls,
}

impl Form {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "asRaw" => Self::Raw,
            "asText" => Self::Text,
            "asAddresses" => Self::Addresses,
            "asGroupedAddresses" => Self::GroupedAddresses,
            "asMessageIds" => Self::MessageIds,
            "asDate" => Self::Date,
            "asURLs" => Self::Urls,
            _ => return None,
        })
    }

    /// Fields that RFC 5322 and RFC 2369 define may be asked for in their own forms only; others in any.
    fn is_for(self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let own: &[Self] = match name.as_str() {
            "subject" | "comments" | "keywords" | "list-id" => &[Self::Text],
            "from" | "sender" | "reply-to" | "to" | "cc" | "bcc" | "resent-from" | "resent-sender"
            | "resent-reply-to" | "resent-to" | "resent-cc" | "resent-bcc" => {
                &[Self::Addresses, Self::GroupedAddresses]
            }
            "message-id" | "in-reply-to" | "references" | "resent-message-id" => &[Self::MessageIds],
            "date" | "resent-date" => &[Self::Date],
            "list-help" | "list-unsubscribe" | "list-subscribe" | "list-post" | "list-owner" | "list-archive" => {
                &[Self::Urls]
            }
            "return-path" | "received" => &[],
            _ => return true,
        };
        self == Self::Raw || own.contains(&self)
    }

    /// A field's bytes in this form: from after the colon, its line end left out.
    pub(crate) fn of_bytes(self, bytes: &[u8]) -> Value {
        // The parser of a field looks for the end of its line.
        let line = [bytes, b"\r\n"].concat();
        let stream = || MessageStream::new(&line);
        match self {
            Self::Raw => Value::from(String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}")),
            Self::Text => Value::from(text(bytes)),
            Self::Addresses => Value::Array(addresses(&stream().parse_address()).iter().map(address).collect()),
            Self::GroupedAddresses => grouped(&stream().parse_address()),
            Self::MessageIds => {
                let ids = message_ids(bytes);
                if ids.is_empty() { Value::Null } else { json!(ids) }
            }
            Self::Date => match stream().parse_date() {
                HeaderValue::DateTime(date) if date.is_valid() => Value::from(date.to_rfc3339()),
                _ => Value::Null,
            },
            Self::Urls => urls(&String::from_utf8_lossy(bytes)),
        }
    }
}

/// Unfolded, decoded (RFC 2047), without white space around it.
pub(crate) fn text(bytes: &[u8]) -> String {
    let line = [bytes, b"\r\n"].concat();
    match MessageStream::new(&line).parse_unstructured() {
        HeaderValue::Text(text) => text.trim().replace('\0', "\u{fffd}"),
        _ => String::new(),
    }
}

/// The ids of a field, without angle brackets.
pub(crate) fn message_ids(bytes: &[u8]) -> Vec<String> {
    let line = [bytes, b"\r\n"].concat();
    let ids: Vec<String> = match MessageStream::new(&line).parse_id() {
        HeaderValue::Text(id) => vec![id.into_owned()],
        HeaderValue::TextList(ids) => ids.into_iter().map(|id| id.into_owned()).collect(),
        _ => Vec::new(),
    };
    ids.into_iter()
        .map(|id| id.trim().to_owned())
        .filter(|id| !id.is_empty())
        .collect()
}

/// All addresses of a field, in groups or not.
pub(crate) fn addresses(value: &HeaderValue<'_>) -> Vec<(Option<String>, String)> {
    let shown = |addr: &Addr<'_>| {
        let name = addr.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        (
            name.map(str::to_owned),
            addr.address.as_deref().unwrap_or_default().to_owned(),
        )
    };
    match value {
        HeaderValue::Address(Address::List(list)) => list.iter().map(shown).collect(),
        HeaderValue::Address(Address::Group(groups)) => {
            groups.iter().flat_map(|g| g.addresses.iter()).map(shown).collect()
        }
        _ => Vec::new(),
    }
}

/// All addresses of a field's bytes.
pub(crate) fn addresses_of(bytes: &[u8]) -> Vec<(Option<String>, String)> {
    let line = [bytes, b"\r\n"].concat();
    addresses(&MessageStream::new(&line).parse_address())
}

pub(crate) fn address((name, email): &(Option<String>, String)) -> Value {
    json!({"name": name, "email": email})
}

fn grouped(value: &HeaderValue<'_>) -> Value {
    let list = |list: &[Addr<'_>]| -> Vec<Value> {
        let value = HeaderValue::Address(Address::List(list.to_vec()));
        addresses(&value).iter().map(address).collect()
    };
    match value {
        HeaderValue::Address(Address::List(all)) => json!([{"name": null, "addresses": list(all)}]),
        HeaderValue::Address(Address::Group(groups)) => groups
            .iter()
            .map(|group| json!({"name": group.name, "addresses": list(&group.addresses)}))
            .collect(),
        _ => json!([]),
    }
}

/// What stands in angle brackets.
fn urls(text: &str) -> Value {
    let urls: Vec<&str> = text
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(url, _)| url.trim())
        .filter(|url| !url.is_empty())
        .collect();
    if urls.is_empty() { Value::Null } else { json!(urls) }
}

/// A property that does not exist, or is not for this field. The text says which.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown property `{0}`")]
pub struct UnknownProperty(String);

impl UnknownProperty {
    fn of(name: &str) -> Self {
        Self(name.chars().take(80).collect())
    }
}

/// `header:Name[:asForm][:all]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// As asked, and as it is given back.
    pub(crate) asked: String,
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) all: bool,
}

impl Field {
    pub(crate) fn parse(asked: &str) -> Result<Self, UnknownProperty> {
        let unknown = || UnknownProperty::of(asked);
        let mut parts = asked.strip_prefix("header:").ok_or_else(unknown)?.split(':');
        let name = parts.next().filter(|name| is_field_name(name)).ok_or_else(unknown)?;
        let (mut form, mut all) = (Form::Raw, false);
        let mut next = parts.next();
        if let Some(named) = next.and_then(Form::of) {
            form = named;
            next = parts.next();
        }
        if next == Some("all") {
            all = true;
            next = parts.next();
        }
        match next.is_none() && form.is_for(name) {
            true => Ok(Self {
                asked: asked.to_owned(),
                name: name.to_owned(),
                form,
                all,
            }),
            false => Err(unknown()),
        }
    }
}

/// Printable US-ASCII without the colon (RFC 5322 section 2.2).
pub(crate) fn is_field_name(name: &str) -> bool {
    (1..=100).contains(&name.len()) && name.bytes().all(|b| (33..=126).contains(&b) && b != b':')
}

/// A member of an `Email` that comes from its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property(pub(crate) Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A field under a name of JMAP's own.
    Short(&'static str, &'static str, Form),
    Field(Field),
    Headers,
    BodyStructure,
    BodyValues,
    TextBody,
    HtmlBody,
    Attachments,
    HasAttachment,
    Preview,
}

/// Names of JMAP's own for fields (RFC 8621 section 4.1.3).
pub(crate) const SHORT: [(&str, &str, Form); 11] = [
    ("messageId", "Message-ID", Form::MessageIds),
    ("inReplyTo", "In-Reply-To", Form::MessageIds),
    ("references", "References", Form::MessageIds),
    ("sender", "Sender", Form::Addresses),
    ("from", "From", Form::Addresses),
    ("to", "To", Form::Addresses),
    ("cc", "Cc", Form::Addresses),
    ("bcc", "Bcc", Form::Addresses),
    ("replyTo", "Reply-To", Form::Addresses),
    ("subject", "Subject", Form::Text),
    ("sentAt", "Date", Form::Date),
];

impl Property {
    /// By its name.
    pub fn parse(name: &str) -> Result<Self, UnknownProperty> {
        if let Some((short, field, form)) = SHORT.into_iter().find(|(short, ..)| *short == name) {
            return Ok(Self(Kind::Short(short, field, form)));
        }
        Ok(Self(match name {
            "headers" => Kind::Headers,
            "bodyStructure" => Kind::BodyStructure,
            "bodyValues" => Kind::BodyValues,
            "textBody" => Kind::TextBody,
            "htmlBody" => Kind::HtmlBody,
            "attachments" => Kind::Attachments,
            "hasAttachment" => Kind::HasAttachment,
            "preview" => Kind::Preview,
            _ => Kind::Field(Field::parse(name)?),
        }))
    }
}

/// A member of an `EmailBodyPart`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyProperty(pub(crate) BodyKind);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BodyKind {
    Named(&'static str),
    Field(Field),
}

const OF_PARTS: [&str; 12] = [
    "partId",
    "blobId",
    "size",
    "headers",
    "name",
    "type",
    "charset",
    "disposition",
    "cid",
    "language",
    "location",
    "subParts",
];

impl BodyProperty {
    /// By its name.
    pub fn parse(name: &str) -> Result<Self, UnknownProperty> {
        match OF_PARTS.into_iter().find(|known| *known == name) {
            Some(known) => Ok(Self(BodyKind::Named(known))),
            None => Field::parse(name).map(|field| Self(BodyKind::Field(field))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_for_the_fields_the_rfc_lists() {
        for right in [
            "header:Subject:asText",
            "header:From:asAddresses:all",
            "header:X-Any:asURLs",
            "header:Received",
        ] {
            assert!(Property::parse(right).is_ok(), "{right}");
        }
        for wrong in [
            "header:From:asText",
            "header:Subject:asDate",
            "header:Subject:all:asText",
            "header::asText",
            "header:A:asOther",
            "header:Received:asText",
            "subjects",
        ] {
            assert!(Property::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_form_reads_its_field() {
        assert_eq!(Form::Raw.of_bytes(b" a\r\n b"), json!(" a\r\n b"));
        assert_eq!(
            Form::Text.of_bytes(b" =?utf-8?q?caf=C3=A9?=\r\n open"),
            json!("café open")
        );
        assert_eq!(Form::MessageIds.of_bytes(b" <a@b> <c@d>"), json!(["a@b", "c@d"]));
        assert_eq!(
            Form::Date.of_bytes(b" Sat, 20 Nov 2021 14:22:01 -0800"),
            json!("2021-11-20T14:22:01-08:00")
        );
        assert_eq!(Form::Date.of_bytes(b" soon"), Value::Null);
        assert_eq!(
            Form::Urls.of_bytes(b" <mailto:a@b>, <https://c.d/>"),
            json!(["mailto:a@b", "https://c.d/"])
        );
        let field = br#" "Colleagues": "James Smythe" <james@vandelay.com>; Friends: jane@example.com;"#;
        assert_eq!(
            Form::GroupedAddresses.of_bytes(field),
            json!([
                {"name": "Colleagues", "addresses": [{"name": "James Smythe", "email": "james@vandelay.com"}]},
                {"name": "Friends", "addresses": [{"name": null, "email": "jane@example.com"}]},
            ])
        );
        assert_eq!(Form::Addresses.of_bytes(field).as_array().map(Vec::len), Some(2));
    }
}
