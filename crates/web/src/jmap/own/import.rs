//! `Email/import`, `Email/parse`, and the two `/copy` methods, which here have nowhere to copy from: everyone has one account.

use super::email::{Asked, email_state};
use super::email_set::LETTER_LIMIT;
use super::standard::{SetError, SetResult};
use super::{Arguments, Outcome, Own, checked};
use letter::Letter;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use wire::jmap::{EmailGetArguments, MethodError, MethodErrorType, parse_arguments};
use wire::limits::{MAX_OBJECTS_IN_GET, MAX_OBJECTS_IN_SET};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ImportArguments {
    #[allow(dead_code, reason = "checked for every method")]
    account_id: String,
    #[serde(default)]
    if_in_state: Option<String>,
    emails: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ParseArguments {
    account_id: String,
    blob_ids: Vec<String>,
    #[serde(default)]
    properties: Option<Vec<String>>,
    #[serde(default)]
    body_properties: Option<Vec<String>>,
    #[serde(default)]
    fetch_text_body_values: bool,
    #[serde(default, rename = "fetchHTMLBodyValues")]
    fetch_html_body_values: bool,
    #[serde(default)]
    fetch_all_body_values: bool,
    #[serde(default)]
    max_body_value_bytes: u64,
}

/// Members that are there when a client of `Email/parse` names none (RFC 8621 section 4.9).
const USUAL: [&str; 17] = [
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
];

impl Own<'_> {
    pub(super) async fn email_import(&mut self, arguments: Arguments) -> Outcome {
        let asked: ImportArguments = checked!(parse_arguments(arguments));
        if asked.emails.len() > MAX_OBJECTS_IN_SET {
            return Ok(Err(MethodErrorType::RequestTooLarge.into()));
        }
        let old_state = email_state(self.mail.states().await?);
        if asked.if_in_state.is_some_and(|state| state != old_state) {
            return Ok(Err(MethodErrorType::StateMismatch.into()));
        }
        let mut result = SetResult::default();
        for (name, object) in asked.emails {
            let made = match object {
                Value::Object(object) => self.import(&name, &object).await?,
                _ => Err(SetError::properties(&[], "this is no object")),
            };
            if let Ok(members) = &made
                && let Some(id) = members.get("id").and_then(Value::as_str)
            {
                self.made(&name, id);
            }
            result.create(name, made);
        }
        let new_state = email_state(self.mail.states().await?);
        let mut response = result.into_value(&self.account, &old_state, &new_state);
        if let Value::Object(members) = &mut response {
            members.retain(|name, _| !["updated", "destroyed", "notUpdated", "notDestroyed"].contains(&name.as_str()));
        }
        Ok(Ok(vec![("Email/import", response)]))
    }

    async fn import(&self, name: &str, object: &Map<String, Value>) -> super::standard::Each<Value> {
        let known = ["blobId", "mailboxIds", "keywords", "receivedAt"];
        if let Some(unknown) = object.keys().find(|name| !known.contains(&name.as_str())) {
            return Ok(Err(SetError::properties(&[unknown], "an import has no such property")));
        }
        let placed = match self.placed(object).await? {
            Ok(placed) => placed,
            Err(error) => return Ok(Err(error)),
        };
        let Some(blob) = object.get("blobId").and_then(Value::as_str) else {
            return Ok(Err(SetError::properties(&["blobId"], "the message to import")));
        };
        let Some(raw) = self.blob(blob).await? else {
            return Ok(Err(SetError::new("blobNotFound", "").with("notFound", json!([blob]))));
        };
        if raw.len() > LETTER_LIMIT {
            return Ok(Err(SetError::new(
                "tooLarge",
                &format!("a message has at most {LETTER_LIMIT} bytes"),
            )));
        }
        self.keep(self.new_id("Email/import", name), raw, placed).await
    }

    pub(super) async fn email_parse(&mut self, arguments: Arguments) -> Outcome {
        let asked: ParseArguments = checked!(parse_arguments(arguments));
        if asked.blob_ids.len() > MAX_OBJECTS_IN_GET {
            return Ok(Err(MethodErrorType::RequestTooLarge.into()));
        }
        let usual = || USUAL.map(str::to_owned).to_vec();
        let wanted = checked!(Asked::of(&EmailGetArguments {
            account_id: asked.account_id,
            ids: None,
            properties: Some(asked.properties.unwrap_or_else(usual)),
            body_properties: asked.body_properties,
            fetch_text_body_values: asked.fetch_text_body_values,
            fetch_html_body_values: asked.fetch_html_body_values,
            fetch_all_body_values: asked.fetch_all_body_values,
            max_body_value_bytes: asked.max_body_value_bytes,
        }));
        let (mut parsed, mut not_parsable, mut not_found) = (Map::new(), Vec::new(), Vec::new());
        for id in asked.blob_ids.into_iter().collect::<BTreeSet<_>>() {
            match self.blob(&id).await? {
                None => not_found.push(id),
                Some(raw) if Letter::parse(&raw).is_err() => not_parsable.push(id),
                Some(raw) => {
                    let mut members = wanted.without_place();
                    if wanted.wants("blobId") {
                        members.insert("blobId".to_owned(), Value::from(id.as_str()));
                    }
                    if wanted.wants("size") {
                        members.insert("size".to_owned(), Value::from(raw.len()));
                    }
                    members.extend(wanted.members(&raw, &id));
                    parsed.insert(id, Value::Object(members));
                }
            }
        }
        let or_null = |ids: Vec<String>| if ids.is_empty() { Value::Null } else { json!(ids) };
        let response = json!({
            "accountId": self.account,
            "parsed": if parsed.is_empty() { Value::Null } else { Value::Object(parsed) },
            "notParsable": or_null(not_parsable),
            "notFound": or_null(not_found),
        });
        Ok(Ok(vec![("Email/parse", response)]))
    }

    /// Everyone has one account, and copying is between two (RFC 8620 section 5.4).
    #[expect(clippy::unused_self, reason = "a method like the others")]
    pub(super) fn copy(&self, arguments: &Arguments) -> Result<Vec<(&'static str, Value)>, MethodError> {
        match arguments.get("fromAccountId") {
            Some(Value::String(from)) if Some(from.as_str()) != arguments.get("accountId").and_then(Value::as_str) => {
                Err(MethodErrorType::FromAccountNotFound.into())
            }
            Some(Value::String(_)) => Err(MethodError::invalid_arguments("`fromAccountId` is the account itself")),
            _ => Err(MethodError::invalid_arguments("`fromAccountId` is missing or no text")),
        }
    }
}
