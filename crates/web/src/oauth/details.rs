//! `authorization_details` of the type `inbox` (RFC 9396), to and from the model.

use crate::problem::Failure;
use model::{Action, AgreementRef, Conversations, FieldSet, Grant, Purpose, Terms, Time};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const BYTES_LIMIT: usize = 4_096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Inbox {
    r#type: InboxType,
    agreement: AgreementRef,
    purpose: Purpose,
    actions: BTreeSet<Action>,
    fields: FieldSet,
    conversations: All,
    until: Time,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum InboxType {
    Inbox,
}

/// A partner cannot know the name of a conversation before it is let in: it asks for all, the person picks.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum All {
    All,
}

/// Reads what is asked for. Exactly one object: a grant has one purpose, under one agreement.
pub fn parse(text: &str) -> Result<(AgreementRef, Terms), Failure> {
    let invalid = |why: String| Failure::oauth("invalid_authorization_details", why);
    if text.len() > BYTES_LIMIT {
        return Err(invalid(format!("`authorization_details` has more than {BYTES_LIMIT} bytes")));
    }
    let mut asked: Vec<Inbox> = serde_json::from_str(text).map_err(|e| invalid(e.to_string()))?;
    let one = asked.pop().filter(|_| asked.is_empty());
    let Some(Inbox { r#type: InboxType::Inbox, agreement, purpose, actions, fields, conversations: All::All, until }) = one
    else {
        return Err(invalid("ask for one purpose at a time: one object".into()));
    };
    Ok((agreement, Terms { purpose, actions, fields, conversations: Conversations::All, until }))
}

/// What was granted, often less than asked. Which conversations is the person's business: the partner learns only whether it is all of them.
pub fn granted(grant: &Grant) -> Value {
    json!({
        "type": "inbox",
        "agreement": grant.agreement,
        "purpose": grant.terms.purpose,
        "actions": grant.terms.actions,
        "fields": grant.terms.fields,
        "conversations": match grant.terms.conversations {
            Conversations::All => "all",
            Conversations::Only(_) => "some",
        },
        "until": grant.terms.until,
    })
}
