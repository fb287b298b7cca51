//! `SearchSnippet` (RFC 8621 section 5).

use super::arguments::{id, ids, parse_arguments};
use super::email_query::require_bounded;
use super::{EmailFilterCondition, Filter, MethodError, MethodErrorType};
use crate::limits::MAX_OBJECTS_IN_GET;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Arguments of `SearchSnippet/get`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchSnippetArguments {
    /// Which account.
    #[serde(deserialize_with = "id")]
    pub account_id: String,
    /// As in the query.
    #[serde(default)]
    pub filter: Option<Filter<EmailFilterCondition>>,
    /// Which messages.
    #[serde(deserialize_with = "ids")]
    pub email_ids: Option<Vec<String>>,
}

impl SearchSnippetArguments {
    /// Reads and bounds them; the ids are then there.
    pub fn parse(arguments: Map<String, Value>) -> Result<Self, MethodError> {
        let parsed: Self = parse_arguments(arguments)?;
        require_bounded(parsed.filter.as_ref(), None)?;
        match &parsed.email_ids {
            None => Err(MethodError::invalid_arguments("`emailIds` is null")),
            Some(ids) if ids.len() > MAX_OBJECTS_IN_GET => Err(MethodError::new(
                MethodErrorType::RequestTooLarge,
                format!("more than {MAX_OBJECTS_IN_GET} ids"),
            )),
            Some(_) => Ok(parsed),
        }
    }
}

/// Where the words that were searched for stand in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchSnippet {
    /// The message.
    pub email_id: String,
    /// The subject as HTML with the words in `<mark>`; `None` if there are none.
    pub subject: Option<String>,
    /// A part of the text of at most 255 bytes, in the same way.
    pub preview: Option<String>,
}

/// The result of `SearchSnippet/get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchSnippetResponse {
    /// Which account.
    pub account_id: String,
    /// One for each message that was found.
    pub list: Vec<SearchSnippet>,
    /// Those that were not; `None` if there are none.
    pub not_found: Option<Vec<String>>,
}
