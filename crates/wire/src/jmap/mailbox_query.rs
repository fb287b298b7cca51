//! Arguments of `Mailbox/query` (RFC 8621 section 2.3).

use super::arguments::{id, parse_arguments};
use super::email_part::nullable;
use super::query_changes::require_few_comparators;
use super::{Comparator, Filter, Mailbox, MethodError, MethodErrorType};
use crate::limits::{MAX_FILTER_NODES, MAX_FILTER_TEXT};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The arguments.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MailboxQueryArguments {
    /// Which account.
    #[serde(deserialize_with = "id")]
    pub account_id: String,
    /// `None`: every mailbox.
    #[serde(default)]
    pub filter: Option<Filter<MailboxFilterCondition>>,
    /// First comparator first.
    #[serde(default)]
    pub sort: Option<Vec<Comparator>>,
    /// Index of the first result; negative: from the end. Ignored with `anchor`.
    #[serde(default)]
    pub position: i64,
    /// A mailbox to start from.
    #[serde(default)]
    pub anchor: Option<String>,
    /// Added to the index of the anchor.
    #[serde(default)]
    pub anchor_offset: i64,
    /// Results at most.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Whether to answer with `total`.
    #[serde(default)]
    pub calculate_total: bool,
    /// Whether parents come before their children.
    #[serde(default)]
    pub sort_as_tree: bool,
    /// Whether a mailbox needs its parents to match too.
    #[serde(default)]
    pub filter_as_tree: bool,
}

impl MailboxQueryArguments {
    /// Reads and bounds them.
    pub fn parse(arguments: Map<String, Value>) -> Result<Self, MethodError> {
        let parsed: Self = parse_arguments(arguments)?;
        require_bounded(parsed.filter.as_ref(), parsed.sort.as_deref())?;
        Ok(parsed)
    }
}

/// One condition: every member given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MailboxFilterCondition {
    /// The parent; `Some(None)`: at the top.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub parent_id: Option<Option<String>>,
    /// A part of the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The role; `Some(None)`: none.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub role: Option<Option<String>>,
    /// Whether it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_any_role: Option<bool>,
    /// Whether the person wants to see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_subscribed: Option<bool>,
}

impl MailboxFilterCondition {
    /// Whether a mailbox matches. Names compare without regard to case.
    pub fn matches(&self, mailbox: &Mailbox) -> bool {
        let role = mailbox.role.map(|role| role.name());
        self.parent_id.as_ref().is_none_or(|id| *id == mailbox.parent_id)
            && self
                .name
                .as_ref()
                .is_none_or(|part| mailbox.name.to_lowercase().contains(&part.to_lowercase()))
            && self.role.as_ref().is_none_or(|asked| asked.as_deref() == role)
            && self.has_any_role.is_none_or(|has| has == role.is_some())
            && self.is_subscribed.is_none_or(|is| is == mailbox.is_subscribed)
    }
}

/// A filter of more than 32 nodes is `unsupportedFilter`, a long text `invalidArguments`; a sort by too much or by what a
/// mailbox does not have `unsupportedSort`.
pub(super) fn require_bounded(
    filter: Option<&Filter<MailboxFilterCondition>>,
    sort: Option<&[Comparator]>,
) -> Result<(), MethodError> {
    if filter.is_some_and(|f| f.nodes() > MAX_FILTER_NODES) {
        let why = format!("a filter of more than {MAX_FILTER_NODES} conditions and operators");
        return Err(MethodError::new(MethodErrorType::UnsupportedFilter, why));
    }
    let is_long = |c: &MailboxFilterCondition| {
        let texts = [
            c.name.as_ref(),
            c.parent_id.as_ref().and_then(Option::as_ref),
            c.role.as_ref().and_then(Option::as_ref),
        ];
        texts.into_iter().flatten().any(|text| text.len() > MAX_FILTER_TEXT)
    };
    if filter.is_some_and(|f| f.conditions().into_iter().any(is_long)) {
        let why = format!("a text of the filter has more than {MAX_FILTER_TEXT} bytes");
        return Err(MethodError::invalid_arguments(why));
    }
    require_few_comparators(sort)?;
    let known = |c: &Comparator| matches!(c.property.as_str(), "sortOrder" | "name" | "parentId");
    match sort.unwrap_or_default().iter().all(known) {
        true => Ok(()),
        false => Err(MethodError::new(
            MethodErrorType::UnsupportedSort,
            "only `sortOrder`, `name` and `parentId`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jmap::{MailboxRights, Role};
    use serde_json::json;

    fn parse(value: Value) -> Result<MailboxQueryArguments, MethodErrorType> {
        MailboxQueryArguments::parse(value.as_object().unwrap().clone()).map_err(|e| e.kind)
    }

    #[test]
    fn each_condition_tells_mailboxes_apart() {
        let inbox = Mailbox {
            id: "inbox".into(),
            name: "Inbox".into(),
            parent_id: None,
            role: Some(Role::Inbox),
            sort_order: 1,
            total_emails: 0,
            unread_emails: 0,
            total_threads: 0,
            unread_threads: 0,
            my_rights: MailboxRights::default(),
            is_subscribed: true,
        };
        for (condition, matches) in [
            (json!({}), true),
            (json!({"parentId": null}), true),
            (json!({"parentId": "x"}), false),
            (json!({"name": "INB"}), true),
            (json!({"name": "sent"}), false),
            (json!({"role": "inbox"}), true),
            (json!({"role": "junk"}), false),
            (json!({"role": null}), false),
            (json!({"hasAnyRole": false}), false),
            (json!({"isSubscribed": true}), true),
            (json!({"isSubscribed": true, "role": "sent"}), false),
        ] {
            let read: MailboxFilterCondition = serde_json::from_value(condition.clone()).unwrap();
            assert_eq!(read.matches(&inbox), matches, "{condition}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        let with = |name: &str, value: Value| parse(json!({"accountId": "a", name: value})).err();
        assert_eq!(with("sortAsTree", json!(true)), None);
        assert_eq!(with("sort", json!([{"property": "name", "isAscending": false}])), None);
        assert_eq!(
            with("sort", json!([{"property": "size"}])),
            Some(MethodErrorType::UnsupportedSort)
        );
        assert_eq!(
            with("filter", json!({"text": "x"})),
            Some(MethodErrorType::InvalidArguments)
        );
        let long = json!({"name": "x".repeat(1001)});
        assert_eq!(with("filter", long), Some(MethodErrorType::InvalidArguments));
    }
}
