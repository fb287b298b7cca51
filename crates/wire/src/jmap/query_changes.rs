//! `Foo/queryChanges` (RFC 8620 section 5.6, RFC 8621 section 4.5).

use super::arguments::{id, parse_arguments};
use super::email_query::require_bounded;
use super::{Comparator, EmailFilterCondition, Filter, MailboxFilterCondition, MethodError};
use crate::limits::MAX_SORT;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::num::NonZeroU64;

/// Arguments of `Email/queryChanges`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailQueryChangesArguments {
    /// Which account.
    #[serde(deserialize_with = "id")]
    pub account_id: String,
    /// As in the query.
    #[serde(default)]
    pub filter: Option<Filter<EmailFilterCondition>>,
    /// As in the query.
    #[serde(default)]
    pub sort: Option<Vec<Comparator>>,
    /// What the client has.
    pub since_query_state: String,
    /// Ids to answer with at most.
    #[serde(default)]
    pub max_changes: Option<NonZeroU64>,
    /// The last id the client holds. What comes after it may be left out; here it is not.
    #[serde(default)]
    pub up_to_id: Option<String>,
    /// Whether to answer with `total`.
    #[serde(default)]
    pub calculate_total: bool,
    /// As in the query.
    #[serde(default)]
    pub collapse_threads: bool,
}

impl EmailQueryChangesArguments {
    /// Reads and bounds them, as those of `Email/query`.
    pub fn parse(arguments: Map<String, Value>) -> Result<Self, MethodError> {
        let parsed: Self = parse_arguments(arguments)?;
        require_bounded(parsed.filter.as_ref(), parsed.sort.as_deref())?;
        Ok(parsed)
    }
}

/// Arguments of `Mailbox/queryChanges`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailboxQueryChangesArguments {
    /// Which account.
    #[serde(deserialize_with = "id")]
    pub account_id: String,
    /// As in the query.
    #[serde(default)]
    pub filter: Option<Filter<MailboxFilterCondition>>,
    /// As in the query.
    #[serde(default)]
    pub sort: Option<Vec<Comparator>>,
    /// What the client has.
    pub since_query_state: String,
    /// Ids to answer with at most.
    #[serde(default)]
    pub max_changes: Option<NonZeroU64>,
    /// The last id the client holds.
    #[serde(default)]
    pub up_to_id: Option<String>,
    /// Whether to answer with `total`.
    #[serde(default)]
    pub calculate_total: bool,
    /// As in the query.
    #[serde(default)]
    pub sort_as_tree: bool,
    /// As in the query.
    #[serde(default)]
    pub filter_as_tree: bool,
}

impl MailboxQueryChangesArguments {
    /// Reads and bounds them, as those of `Mailbox/query`.
    pub fn parse(arguments: Map<String, Value>) -> Result<Self, MethodError> {
        let parsed: Self = parse_arguments(arguments)?;
        super::mailbox_query::require_bounded(parsed.filter.as_ref(), parsed.sort.as_deref())?;
        Ok(parsed)
    }
}

/// An id, and its index in the results as they are now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedItem {
    /// The id.
    pub id: String,
    /// From 0.
    pub index: u64,
}

/// The result of `Foo/queryChanges`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryChangesResponse {
    /// Which account.
    pub account_id: String,
    /// As asked.
    pub old_query_state: String,
    /// Where the client is after these.
    pub new_query_state: String,
    /// Present if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// To be taken out first.
    pub removed: Vec<String>,
    /// To be put in then, lowest index first.
    pub added: Vec<AddedItem>,
}

/// More comparators than there may be are `unsupportedSort`.
pub(super) fn require_few_comparators(sort: Option<&[Comparator]>) -> Result<(), MethodError> {
    match sort {
        Some(sort) if sort.len() > MAX_SORT => Err(MethodError::new(
            super::MethodErrorType::UnsupportedSort,
            format!("a sort by more than {MAX_SORT} properties"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jmap::MethodErrorType;
    use serde_json::json;

    /// The example of RFC 8621 section 4.5.1.
    #[test]
    fn the_example_of_the_rfc_reads() {
        let arguments = json!({
            "accountId": "A1", "filter": {"inMailbox": "MB1"},
            "sort": [{"property": "receivedAt", "isAscending": false}],
            "collapseThreads": true, "sinceQueryState": "123ss", "upToId": "fm1u254", "maxChanges": 30
        });
        let read = EmailQueryChangesArguments::parse(arguments.as_object().unwrap().clone()).unwrap();
        assert!(read.collapse_threads && !read.calculate_total);
        assert_eq!(read.max_changes.unwrap().get(), 30);
    }

    #[test]
    fn what_a_query_may_not_ask_its_changes_may_not_either() {
        let parse = |value: Value| EmailQueryChangesArguments::parse(value.as_object().unwrap().clone());
        let with = |name: &str, value: Value| json!({"accountId": "a", "sinceQueryState": "1", name: value});
        let many: Vec<Value> = (0..32).map(|_| json!({"text": "a"})).collect();
        for (wrong, kind) in [
            (json!({"accountId": "a"}), MethodErrorType::InvalidArguments),
            (with("position", json!(1)), MethodErrorType::InvalidArguments),
            (
                with("filter", json!({"text": "x".repeat(1001)})),
                MethodErrorType::InvalidArguments,
            ),
            (
                with("filter", json!({"operator": "OR", "conditions": many})),
                MethodErrorType::UnsupportedFilter,
            ),
            (
                with("sort", json!(vec![json!({"property": "size"}); 5])),
                MethodErrorType::UnsupportedSort,
            ),
        ] {
            assert_eq!(parse(wrong.clone()).unwrap_err().kind, kind, "{wrong}");
        }
        let mailbox = with("sort", json!(vec![json!({"property": "name"}); 5]));
        let error = MailboxQueryChangesArguments::parse(mailbox.as_object().unwrap().clone()).unwrap_err();
        assert_eq!(error.kind, MethodErrorType::UnsupportedSort);
    }
}
