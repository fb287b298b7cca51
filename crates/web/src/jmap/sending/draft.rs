//! A draft from an `Email` as a partner writes it (RFC 8621 section 4.6): plain text, or our capability's `recommendation`.

use super::{IDENTITY, Partner, refused};
use crate::jmap::mailbox;
use crate::jmap::own::SetError;
use app::Error;
use app::sends::{NewDraft, NewWhat};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Members of an `Email` that a partner may set.
const KNOWN: [&str; 12] = [
    "mailboxIds",
    "keywords",
    "from",
    "to",
    "subject",
    "inReplyTo",
    "references",
    "textBody",
    "bodyStructure",
    "bodyValues",
    "recommendation",
    "htmlBody",
];
/// Characters of a subject.
const SUBJECT_LIMIT: usize = 200;

/// Our capability's `recommendation`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Recommendation {
    title: String,
    #[serde(default)]
    note: String,
    interface: String,
    initiation_surface: String,
    variant: String,
    #[serde(default = "platform")]
    recipient_kind: String,
}

fn platform() -> String {
    "platform".to_owned()
}

impl Partner<'_, '_> {
    pub(super) async fn draft_create(
        &self,
        name: &str,
        object: &Map<String, Value>,
    ) -> Result<Result<Value, SetError>, Error> {
        let new = match new_draft(object, self.host()) {
            Ok(new) => new,
            Err(error) => return Ok(Err(error)),
        };
        let key = self.context.key.as_deref();
        let id = self.sending.draft_id(key, name).await?;
        let made = match self.sending.create(id, &new).await? {
            Ok(made) => made,
            Err(error) => return Ok(Err(refused::email(error))),
        };
        let shown = self.sending.show(id);
        let mut told = json!({
            "id": shown,
            "blobId": format!("b{shown}"),
            "threadId": self.sending.thread(id),
            "size": made.written().len(),
        });
        if let (Some(_), Value::Object(members)) = (made.card(), &mut told) {
            members.insert("chooseUrl".to_owned(), Value::from(self.sending.choose_url(id)));
        }
        Ok(Ok(told))
    }
}

fn new_draft(object: &Map<String, Value>, host: &str) -> Result<NewDraft, SetError> {
    if let Some(unknown) = object.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(SetError::properties(
            &[unknown],
            "the server sets this, or a partner cannot send it",
        ));
    }
    let there = |name: &str| object.get(name).filter(|value| !value.is_null());
    let is_in_drafts = |v: &Value| *v == json!({mailbox::DRAFTS: true});
    if !there("mailboxIds").is_some_and(is_in_drafts) {
        return Err(SetError::properties(
            &["mailboxIds"],
            "what a partner writes is in the mailbox `drafts` and in no other",
        ));
    }
    if let Some(keywords) = there("keywords") {
        let known = |k: &Map<String, Value>| {
            k.iter()
                .all(|(k, v)| ["$draft", "$seen"].contains(&k.as_str()) && *v == Value::Bool(true))
        };
        if !keywords.as_object().is_some_and(known) {
            return Err(SetError::properties(
                &["keywords"],
                "`$draft` and `$seen` are all there are here",
            ));
        }
    }
    if let Some(from) = there("from") {
        let addresses = addresses(from, "from", host)?;
        if addresses != [IDENTITY] {
            return Err(SetError::properties(
                &["from"],
                "a partner writes as the person: as its identity says",
            ));
        }
    }
    let to = there("to").map_or(Ok(Vec::new()), |to| addresses(to, "to", host))?;
    let answers = there("inReplyTo").map(|ids| answered(ids, host)).transpose()?;
    let what = match there("recommendation") {
        Some(recommendation) => {
            let extra = ["subject", "textBody", "htmlBody", "bodyStructure", "bodyValues"];
            if let Some(extra) = extra.into_iter().find(|name| there(name).is_some()) {
                return Err(SetError::properties(&[extra], "a recommendation has a `note` instead"));
            }
            let r: Recommendation = serde_json::from_value(recommendation.clone())
                .map_err(|e| SetError::properties(&["recommendation"], &e.to_string()))?;
            NewWhat::Recommendation {
                recipient_kind: r.recipient_kind.parse().map_err(|()| {
                    SetError::properties(
                        &["recommendation/recipientKind"],
                        "a recipient is `platform` or `non_platform`",
                    )
                })?,
                title: r.title,
                note: r.note,
                interface: r.interface,
                initiation_surface: r.initiation_surface,
                variant: r.variant,
            }
        }
        None => NewWhat::Text(text_of(object)?),
    };
    Ok(NewDraft { what, to, answers })
}

/// Addresses without the platform's host, as they are shown; any other host is kept, and found to lead to nobody.
fn addresses(value: &Value, name: &str, host: &str) -> Result<Vec<String>, SetError> {
    let wrong = || SetError::properties(&[name], "this is no list of addresses");
    let local = |address: &Value| {
        let email = address.get("email")?.as_str()?;
        let (local, at) = email.rsplit_once('@')?;
        Some(match at.eq_ignore_ascii_case(host) {
            true => local.to_owned(),
            false => email.to_owned(),
        })
    };
    let list = value.as_array().ok_or_else(wrong)?;
    list.iter().map(|address| local(address).ok_or_else(wrong)).collect()
}

/// The one message that is answered: `<id>@<host>`, as its `messageId` was shown.
fn answered(value: &Value, host: &str) -> Result<String, SetError> {
    let wrong = || SetError::properties(&["inReplyTo"], "this names no message of this account");
    match value.as_array().map(Vec::as_slice) {
        Some([Value::String(one)]) => match one.rsplit_once('@') {
            Some((id, at)) if at.eq_ignore_ascii_case(host) => Ok(id.to_owned()),
            Some(_) => Err(wrong()),
            // Without `envelope` a message shows no `messageId`; its id does.
            None => Ok(one.clone()),
        },
        _ => Err(wrong()),
    }
}

/// The text of the one plain part, after the subject.
fn text_of(object: &Map<String, Value>) -> Result<String, SetError> {
    let there = |name: &str| object.get(name).filter(|value| !value.is_null());
    if there("htmlBody").is_some() {
        return Err(SetError::properties(&["htmlBody"], "messages are plain text"));
    }
    let parts: Vec<(&str, &Value)> = [
        ("textBody", there("textBody")),
        ("bodyStructure", there("bodyStructure")),
    ]
    .into_iter()
    .filter_map(|(name, part)| Some((name, part?)))
    .collect();
    let (name, part) = match parts.as_slice() {
        [("textBody", Value::Array(list))] => match list.as_slice() {
            [one] => ("textBody", one),
            _ => return Err(SetError::properties(&["textBody"], "a message has one part")),
        },
        [("bodyStructure", part)] => ("bodyStructure", *part),
        _ => {
            return Err(SetError::properties(
                &["textBody", "bodyStructure"],
                "give one of these, with one plain part",
            ));
        }
    };
    let is_plain = part.get("type").is_none_or(|t| t.as_str() == Some("text/plain"));
    let id = part.get("partId").and_then(Value::as_str);
    let (true, Some(id)) = (is_plain, id) else {
        return Err(SetError::properties(
            &[name],
            "the part is not `text/plain` with a `partId`",
        ));
    };
    let value = there("bodyValues").and_then(|values| values.get(id));
    let Some(text) = value.and_then(|v| v.get("value")).and_then(Value::as_str) else {
        return Err(SetError::properties(&["bodyValues"], "the part's text is missing"));
    };
    let subject = match there("subject") {
        None => "",
        Some(Value::String(subject)) if subject.chars().count() <= SUBJECT_LIMIT => subject.trim(),
        Some(_) => {
            let why = format!("a subject is a text of at most {SUBJECT_LIMIT} characters");
            return Err(SetError::properties(&["subject"], &why));
        }
    };
    // A conversation's messages have no subject: it is said first.
    Ok(match subject {
        "" => text.to_owned(),
        subject => format!("{subject}\n\n{text}"),
    })
}
