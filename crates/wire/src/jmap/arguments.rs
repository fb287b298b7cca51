//! Arguments of the standard methods (RFC 8620 sections 5.1 and 5.2, RFC 8621 section 4.2).

use super::MethodError;
use crate::limits::{MAX_ID, MAX_OBJECTS_IN_GET};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::num::NonZeroU64;

/// Arguments as their type: a missing, unknown or mistyped one is `invalidArguments`.
pub fn parse_arguments<T: DeserializeOwned>(arguments: Map<String, Value>) -> Result<T, MethodError> {
    serde_json::from_value(Value::Object(arguments)).map_err(|e| MethodError::invalid_arguments(e.to_string()))
}

/// Of `Foo/get`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetArguments {
    /// Which account.
    #[serde(deserialize_with = "id")]
    pub account_id: String,
    /// Which objects; `None`: all of them.
    #[serde(default, deserialize_with = "ids")]
    pub ids: Option<Vec<String>>,
    /// Which properties; `None`: the usual ones.
    #[serde(default)]
    pub properties: Option<Vec<String>>,
}

/// Of `Email/get`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailGetArguments {
    /// Which account.
    #[serde(deserialize_with = "id")]
    pub account_id: String,
    /// Which messages.
    #[serde(default, deserialize_with = "ids")]
    pub ids: Option<Vec<String>>,
    /// Which properties; `None`: those of RFC 8621 section 4.2.
    #[serde(default)]
    pub properties: Option<Vec<String>>,
    /// Which properties of body parts; `None`: those of RFC 8621 section 4.2.
    #[serde(default)]
    pub body_properties: Option<Vec<String>>,
    /// Whether `bodyValues` has the parts of `textBody`.
    #[serde(default)]
    pub fetch_text_body_values: bool,
    /// Whether `bodyValues` has the parts of `htmlBody`.
    #[serde(default, rename = "fetchHTMLBodyValues")]
    pub fetch_html_body_values: bool,
    /// Whether `bodyValues` has every text part.
    #[serde(default)]
    pub fetch_all_body_values: bool,
    /// Bytes of each value, cut at a character; 0: no limit.
    #[serde(default)]
    pub max_body_value_bytes: u64,
}

/// Of `Foo/changes`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangesArguments {
    /// Which account.
    #[serde(deserialize_with = "id")]
    pub account_id: String,
    /// What the client has.
    pub since_state: String,
    /// Ids to answer with at most.
    #[serde(default)]
    pub max_changes: Option<NonZeroU64>,
}

/// 1 to 255 of `A-Z a-z 0-9 - _` (RFC 8620 section 1.2).
fn is_id(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=MAX_ID).contains(&text.len()) && text.bytes().all(allowed)
}

pub(super) fn id<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    let text = String::deserialize(d)?;
    if is_id(&text) {
        Ok(text)
    } else {
        Err(D::Error::custom(not_an_id(&text)))
    }
}

pub(super) fn ids<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<String>>, D::Error> {
    let ids = Option::<Vec<String>>::deserialize(d)?;
    match ids.iter().flatten().find(|text| !is_id(text)) {
        Some(text) => Err(D::Error::custom(not_an_id(text))),
        None => Ok(ids),
    }
}

fn not_an_id(text: &str) -> String {
    format!("`{}` is not an id", text.chars().take(80).collect::<String>())
}

/// `requestTooLarge` if more objects are asked for than one `/get` gives.
fn require_few(ids: &Option<Vec<String>>) -> Result<(), MethodError> {
    match ids {
        Some(ids) if ids.len() > MAX_OBJECTS_IN_GET => Err(MethodError::new(
            super::MethodErrorType::RequestTooLarge,
            format!(
                "{} ids are over the limit `maxObjectsInGet` of {MAX_OBJECTS_IN_GET}",
                ids.len()
            ),
        )),
        _ => Ok(()),
    }
}

impl GetArguments {
    /// Reads and bounds them.
    pub fn parse(arguments: Map<String, Value>) -> Result<Self, MethodError> {
        let parsed: Self = parse_arguments(arguments)?;
        require_few(&parsed.ids)?;
        Ok(parsed)
    }
}

impl EmailGetArguments {
    /// Reads and bounds them.
    pub fn parse(arguments: Map<String, Value>) -> Result<Self, MethodError> {
        let parsed: Self = parse_arguments(arguments)?;
        require_few(&parsed.ids)?;
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jmap::MethodErrorType;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    /// The arguments in the example of RFC 8621 section 4.2.1.
    #[test]
    fn email_get_reads_the_example_of_the_rfc() {
        let read = EmailGetArguments::parse(map(json!({
            "accountId": "A1", "ids": ["f123u456", "f123u457"],
            "properties": ["threadId", "mailboxIds", "from", "subject", "receivedAt", "bodyValues"],
            "bodyProperties": ["partId", "blobId", "size", "type"],
            "fetchAllBodyValues": true, "fetchHTMLBodyValues": false, "maxBodyValueBytes": 256
        })))
        .unwrap();
        assert!(read.fetch_all_body_values && !read.fetch_text_body_values);
        assert_eq!(read.max_body_value_bytes, 256);
        assert_eq!(read.properties.unwrap().len(), 6);
    }

    #[test]
    fn what_is_wrong_is_invalid_arguments() {
        for wrong in [
            json!({}),
            json!({"accountId": 1}),
            json!({"accountId": ""}),
            json!({"accountId": "a b"}),
            json!({"accountId": "a", "ids": "x"}),
            json!({"accountId": "a", "ids": ["x", ""]}),
            json!({"accountId": "a", "ids": ["é"]}),
            json!({"accountId": "a", "invented": 1}),
            json!({"accountId": "a", "fetchAllBodyValues": null}),
            json!({"accountId": "a", "maxBodyValueBytes": -1}),
        ] {
            let error = EmailGetArguments::parse(map(wrong.clone())).unwrap_err();
            assert_eq!(error.kind, MethodErrorType::InvalidArguments, "{wrong}");
        }
        let error =
            parse_arguments::<ChangesArguments>(map(json!({"accountId": "a", "sinceState": "0", "maxChanges": 0})));
        assert_eq!(error.unwrap_err().kind, MethodErrorType::InvalidArguments);
    }

    #[test]
    fn too_many_ids_are_request_too_large() {
        let ids: Vec<String> = (0..=MAX_OBJECTS_IN_GET).map(|i| i.to_string()).collect();
        let error = GetArguments::parse(map(json!({"accountId": "a", "ids": ids}))).unwrap_err();
        assert_eq!(error.kind, MethodErrorType::RequestTooLarge);
        assert!(error.description.unwrap().contains("maxObjectsInGet"));
    }
}
