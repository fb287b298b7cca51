//! `Email` (RFC 8621 section 4): a message.

use super::email_part::nullable;
use super::{Disclosure, EmailAddress, EmailBodyPart, EmailBodyValue, IdSet, MethodError};
use crate::limits::MAX_PROPERTIES;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Declares the properties once: the enum, its names, and the selection of each.
macro_rules! email_properties {
    ($($variant:ident $field:ident $name:literal $default:literal,)+) => {
        /// A property of an `Email`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum EmailProperty {
            $($variant,)+
        }

        impl EmailProperty {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Whether it is there when a client names none (RFC 8621 section 4.2).
            const fn is_default(self) -> bool {
                match self {
                    $(Self::$variant => $default,)+
                }
            }
        }

        impl Email {
            /// Drops what was not asked for; the id stays.
            #[must_use]
            pub fn select(self, asked: EmailProperties) -> Self {
                Self {
                    id: self.id,
                    $($field: self.$field.filter(|_| asked.has(EmailProperty::$variant)),)+
                }
            }
        }
    };
}

email_properties! {
    BlobId blob_id "blobId" true,
    ThreadId thread_id "threadId" true,
    MailboxIds mailbox_ids "mailboxIds" true,
    Keywords keywords "keywords" true,
    Size size "size" true,
    ReceivedAt received_at "receivedAt" true,
    MessageId message_id "messageId" true,
    InReplyTo in_reply_to "inReplyTo" true,
    References references "references" true,
    Sender sender "sender" true,
    From from "from" true,
    To to "to" true,
    Cc cc "cc" true,
    Bcc bcc "bcc" true,
    ReplyTo reply_to "replyTo" true,
    Subject subject "subject" true,
    SentAt sent_at "sentAt" true,
    BodyStructure body_structure "bodyStructure" false,
    BodyValues body_values "bodyValues" true,
    TextBody text_body "textBody" true,
    HtmlBody html_body "htmlBody" true,
    Attachments attachments "attachments" true,
    HasAttachment has_attachment "hasAttachment" true,
    Preview preview "preview" true,
    Disclosure disclosure "disclosure" false,
}

/// The properties asked for, besides the `id`, which is always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmailProperties(u32);

impl EmailProperties {
    /// As asked, or those of RFC 8621 section 4.2. An unknown one (header fields are not kept, so `header:` is one too) is
    /// `invalidArguments`.
    pub fn parse(asked: Option<&[String]>) -> Result<Self, MethodError> {
        let Some(asked) = asked else {
            return Ok(EmailProperty::ALL.iter().filter(|p| p.is_default()).copied().collect());
        };
        if asked.len() > MAX_PROPERTIES {
            return Err(MethodError::invalid_arguments(format!(
                "more than {MAX_PROPERTIES} properties"
            )));
        }
        let known = |name: &String| EmailProperty::ALL.iter().copied().find(|p| p.name() == name);
        let unknown = |name: &String| {
            let name: String = name.chars().take(80).collect();
            MethodError::invalid_arguments(format!("unknown property `{name}`"))
        };
        asked
            .iter()
            .filter(|name| *name != "id")
            .map(|name| known(name).ok_or_else(|| unknown(name)))
            .collect()
    }

    /// Whether this one was asked for: what was not need not be computed.
    pub const fn has(self, property: EmailProperty) -> bool {
        self.0 & (1 << property as u8) != 0
    }
}

impl FromIterator<EmailProperty> for EmailProperties {
    fn from_iter<I: IntoIterator<Item = EmailProperty>>(properties: I) -> Self {
        Self(properties.into_iter().fold(0, |bits, p| bits | 1 << p as u8))
    }
}

/// A message. A member that is `None` was not asked for and is not written; `Some(None)` is `null`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Email {
    /// Its id.
    pub id: String,
    /// The raw message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob_id: Option<String>,
    /// Its conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<String>,
    /// Its folders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailbox_ids: Option<IdSet>,
    /// `$seen`, `$flagged`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keywords: Option<IdSet>,
    /// Bytes of the raw message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// A `UTCDate`; under `mentions`, Monday 00:00 of its week.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<String>,
    /// RFC 5322 `Message-ID`, without angle brackets.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub message_id: Option<Option<Vec<String>>>,
    /// RFC 5322 `In-Reply-To`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub in_reply_to: Option<Option<Vec<String>>>,
    /// RFC 5322 `References`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub references: Option<Option<Vec<String>>>,
    /// RFC 5322 `Sender`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub sender: Option<Option<Vec<EmailAddress>>>,
    /// The author.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub from: Option<Option<Vec<EmailAddress>>>,
    /// The other participants.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub to: Option<Option<Vec<EmailAddress>>>,
    /// RFC 5322 `Cc`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub cc: Option<Option<Vec<EmailAddress>>>,
    /// RFC 5322 `Bcc`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub bcc: Option<Option<Vec<EmailAddress>>>,
    /// RFC 5322 `Reply-To`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub reply_to: Option<Option<Vec<EmailAddress>>>,
    /// The name of the conversation.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub subject: Option<Option<String>>,
    /// A `Date`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub sent_at: Option<Option<String>>,
    /// The tree of parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_structure: Option<EmailBodyPart>,
    /// `partId` to text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_values: Option<BTreeMap<String, EmailBodyValue>>,
    /// What to show as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_body: Option<Vec<EmailBodyPart>>,
    /// What to show as HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html_body: Option<Vec<EmailBodyPart>>,
    /// The rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<EmailBodyPart>>,
    /// Whether a client should show a paper clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_attachment: Option<bool>,
    /// At most 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<String>,
    /// Our capability.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub disclosure: Option<Option<Disclosure>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The answer of the example in RFC 8621 section 4.2.1, header fields left out.
    fn example() -> Value {
        json!({
            "id": "f123u457", "threadId": "ef1314a", "mailboxIds": {"f123": true},
            "from": [{"name": "Joe Bloggs", "email": "joe@example.com"}], "subject": "Dinner on Thursday?",
            "receivedAt": "2013-10-13T14:12:00Z",
            "bodyValues": {"1": {"isEncodingProblem": false, "isTruncated": true, "value": "<html><body><p>Hello ..."},
                           "2": {"isEncodingProblem": false, "isTruncated": false, "value": "-- Sent by your friendly mailing list ..."}}
        })
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|&s| s.to_owned()).collect()
    }

    #[test]
    fn the_example_of_the_rfc_reads_and_writes_the_same() {
        let email: Email = serde_json::from_value(example()).unwrap();
        assert_eq!(serde_json::to_value(&email).unwrap(), example());
    }

    #[test]
    fn only_what_was_asked_for_is_written_and_the_id_always_is() {
        let email: Email = serde_json::from_value(example()).unwrap();
        let asked = EmailProperties::parse(Some(&names(&["id", "subject"]))).unwrap();
        assert!(asked.has(EmailProperty::Subject) && !asked.has(EmailProperty::From));
        assert_eq!(
            serde_json::to_value(email.clone().select(asked)).unwrap(),
            json!({"id": "f123u457", "subject": "Dinner on Thursday?"})
        );
        let none = EmailProperties::parse(Some(&[])).unwrap();
        assert_eq!(
            serde_json::to_value(email.select(none)).unwrap(),
            json!({"id": "f123u457"})
        );
    }

    #[test]
    fn the_usual_properties_are_those_of_section_4_2() {
        let usual = EmailProperties::parse(None).unwrap();
        let mut expected = names(&[
            "id",
            "blobId",
            "threadId",
            "mailboxIds",
            "keywords",
            "size",
            "receivedAt",
            "messageId",
            "inReplyTo",
            "references",
            "sender",
            "from",
            "to",
            "cc",
            "bcc",
            "replyTo",
            "subject",
            "sentAt",
            "hasAttachment",
            "preview",
            "bodyValues",
            "textBody",
            "htmlBody",
            "attachments",
        ]);
        assert_eq!(EmailProperties::parse(Some(&expected)).unwrap(), usual);
        expected.push("disclosure".into());
        assert_ne!(EmailProperties::parse(Some(&expected)).unwrap(), usual);
    }

    #[test]
    fn an_unknown_property_is_invalid_arguments() {
        for unknown in ["Subject", "headers", "header:Subject", ""] {
            assert!(EmailProperties::parse(Some(&names(&[unknown]))).is_err(), "{unknown}");
        }
        assert!(EmailProperties::parse(Some(&vec!["id".to_owned(); 65])).is_err());
    }

    #[test]
    fn null_is_told_from_absent() {
        let email: Email = serde_json::from_str(r#"{"id":"a","from":null,"disclosure":null}"#).unwrap();
        assert_eq!((email.from.as_ref(), email.to.as_ref()), (Some(&None), None));
        assert_eq!(
            serde_json::to_string(&email).unwrap(),
            r#"{"id":"a","from":null,"disclosure":null}"#
        );
    }

    #[test]
    fn a_disclosure_reads_and_writes_as_documented() {
        let text = r#"{"id":"a","disclosure":{"fields":["mentions"],"withheld":null,"mentions":[{"title":"tt1","sentiment":"liked"}]}}"#;
        let email: Email = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&email).unwrap(), text);
    }
}
