//! Where everything of a person's stands, type by type: what is pushed, and nothing else is.

use super::email::email_state;
use super::standard::state_of;
use app::Error;
use app::mail::{Mail, ObjectKind};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Type to state.
pub type States = BTreeMap<&'static str, String>;

/// The types there are.
pub const TYPES: [&str; 7] = [
    "Mailbox",
    "Thread",
    "Email",
    "EmailDelivery",
    "Identity",
    "EmailSubmission",
    "VacationResponse",
];

/// The states of all types.
pub async fn states(mail: &Mail<'_>) -> Result<States, Error> {
    let emails = mail.states().await?;
    let folders = mail.folders_state().await?;
    let letters = mail.threads_state().await?;
    let object = |kind| mail.objects_state(kind);
    Ok(BTreeMap::from([
        ("Mailbox", state_of(&[folders, emails.messages, emails.filed])),
        ("Thread", state_of(&[emails.messages, letters])),
        ("Email", email_state(emails)),
        // Moves with what comes, not with how it is filed.
        ("EmailDelivery", state_of(&[emails.messages, letters])),
        ("Identity", state_of(&[object(ObjectKind::Identity).await?])),
        ("EmailSubmission", state_of(&[object(ObjectKind::Submission).await?])),
        ("VacationResponse", state_of(&[object(ObjectKind::Vacation).await?])),
    ]))
}

/// Which types a client wants; `None`: all of them.
pub type Types = Option<BTreeSet<String>>;

/// The states that are not those a client knows, of the types it wants.
pub fn changed(known: &States, now: &States, types: &Types) -> States {
    now.iter()
        .filter(|(name, state)| known.get(*name) != Some(state))
        .filter(|(name, _)| types.as_ref().is_none_or(|types| types.contains(**name)))
        .map(|(name, state)| (*name, state.clone()))
        .collect()
}

/// A `StateChange` (RFC 8620 section 7.1).
pub fn state_change(account: &str, changed: &States) -> Value {
    let states: Map<String, Value> = changed
        .iter()
        .map(|(name, state)| ((*name).to_owned(), Value::from(state.as_str())))
        .collect();
    json!({"@type": "StateChange", "changed": {account: states}})
}
