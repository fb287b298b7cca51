//! Arguments of `Email/query` (RFC 8621 section 4.4).

use super::arguments::{id, parse_arguments};
use super::query_changes::require_few_comparators;
use super::{Filter, MethodError, MethodErrorType};
use crate::limits::{MAX_FILTER_LIST, MAX_FILTER_NODES, MAX_FILTER_TEXT};
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// The arguments.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EmailQueryArguments {
    /// Which account.
    #[serde(deserialize_with = "id")]
    pub account_id: String,
    /// `None`: every message.
    #[serde(default)]
    pub filter: Option<Filter<EmailFilterCondition>>,
    /// First comparator first.
    #[serde(default)]
    pub sort: Option<Vec<Comparator>>,
    /// Index of the first result; negative: from the end. Ignored with `anchor`.
    #[serde(default)]
    pub position: i64,
    /// A message to start from.
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
    /// Whether only the first message of each thread counts.
    #[serde(default)]
    pub collapse_threads: bool,
}

impl EmailQueryArguments {
    /// Reads and bounds them: a filter of more than 32 nodes is `unsupportedFilter`, a sort by more than 4 properties
    /// `unsupportedSort`, a text of a filter with more than 1,000 bytes `invalidArguments`.
    pub fn parse(arguments: Map<String, Value>) -> Result<Self, MethodError> {
        let parsed: Self = parse_arguments(arguments)?;
        require_bounded(parsed.filter.as_ref(), parsed.sort.as_deref())?;
        Ok(parsed)
    }
}

/// What is said of [`EmailQueryArguments::parse`].
pub(super) fn require_bounded(
    filter: Option<&Filter<EmailFilterCondition>>,
    sort: Option<&[Comparator]>,
) -> Result<(), MethodError> {
    if filter.is_some_and(|f| f.nodes() > MAX_FILTER_NODES) {
        let why = format!("a filter of more than {MAX_FILTER_NODES} conditions and operators");
        return Err(MethodError::new(MethodErrorType::UnsupportedFilter, why));
    }
    let conditions = filter.map(Filter::conditions).unwrap_or_default();
    if conditions.iter().any(|c| c.is_long()) {
        let why = format!(
            "a text of the filter has more than {MAX_FILTER_TEXT} bytes, or a list more than {MAX_FILTER_LIST} names"
        );
        return Err(MethodError::invalid_arguments(why));
    }
    require_few_comparators(sort)
}

/// One step of a sort (RFC 8620 section 5.5, RFC 8621 section 4.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "SentComparator")]
pub struct Comparator {
    /// By what.
    pub property: String,
    /// Which way.
    pub is_ascending: bool,
    /// How text compares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// For `hasKeyword` and its like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword: Option<String>,
}

/// A comparator as clients send it: an existing one puts members of the query into each, which say nothing there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SentComparator {
    property: String,
    #[serde(default = "ascending")]
    is_ascending: bool,
    #[serde(default)]
    collation: Option<String>,
    #[serde(default)]
    keyword: Option<String>,
    #[serde(default, rename = "anchor")]
    _anchor: IgnoredAny,
    #[serde(default, rename = "anchorOffset")]
    _anchor_offset: IgnoredAny,
    #[serde(default, rename = "limit")]
    _limit: IgnoredAny,
    #[serde(default, rename = "calculateTotal")]
    _calculate_total: IgnoredAny,
    #[serde(default, rename = "position")]
    _position: IgnoredAny,
}

impl From<SentComparator> for Comparator {
    fn from(sent: SentComparator) -> Self {
        Self {
            property: sent.property,
            is_ascending: sent.is_ascending,
            collation: sent.collation,
            keyword: sent.keyword,
        }
    }
}

const fn ascending() -> bool {
    true
}

/// One condition: every member given must hold (RFC 8621 section 4.4.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct EmailFilterCondition {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_mailbox: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_mailbox_other_than: Option<Vec<String>>,
    /// `receivedAt` is before this `UTCDate`.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "utc_date")]
    pub before: Option<String>,
    /// `receivedAt` is this `UTCDate` or later.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "utc_date")]
    pub after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_in_thread_have_keyword: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub some_in_thread_have_keyword: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub none_in_thread_have_keyword: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_keyword: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_keyword: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_attachment: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bcc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// A header name, and perhaps text in its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Vec<String>>,
}

impl EmailFilterCondition {
    /// Whether a text or a list is over its limit. Each is compared with every message.
    fn is_long(&self) -> bool {
        let lists = [&self.in_mailbox_other_than, &self.header];
        let texts = [
            &self.in_mailbox,
            &self.before,
            &self.after,
            &self.all_in_thread_have_keyword,
            &self.some_in_thread_have_keyword,
            &self.none_in_thread_have_keyword,
            &self.has_keyword,
            &self.not_keyword,
            &self.text,
            &self.from,
            &self.to,
            &self.cc,
            &self.bcc,
            &self.subject,
            &self.body,
        ];
        let listed = lists.into_iter().flatten();
        listed.clone().any(|list| list.len() > MAX_FILTER_LIST)
            || texts
                .into_iter()
                .flatten()
                .chain(listed.flatten())
                .any(|text| text.len() > MAX_FILTER_TEXT)
    }
}

fn utc_date<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let date = Option::<String>::deserialize(d)?;
    match &date {
        Some(text) if !crate::is_utc_date(text) => Err(D::Error::custom(format!(
            "`{}` is not a UTCDate",
            text.chars().take(80).collect::<String>()
        ))),
        _ => Ok(date),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jmap::{FilterOperator, Operator};
    use serde_json::json;

    fn parse(value: Value) -> Result<EmailQueryArguments, MethodErrorType> {
        EmailQueryArguments::parse(value.as_object().unwrap().clone()).map_err(|e| e.kind)
    }

    /// The first example of RFC 8621 section 4.4.
    #[test]
    fn the_query_of_the_rfc() {
        let read = parse(json!({
            "accountId": "ue150411c",
            "filter": {"inMailbox": "fb666a55"},
            "sort": [{"isAscending": false, "property": "receivedAt"}],
            "collapseThreads": true, "position": 0, "limit": 30, "calculateTotal": true
        }))
        .unwrap();
        assert_eq!(
            read.filter.unwrap().conditions()[0].in_mailbox.as_deref(),
            Some("fb666a55")
        );
        assert!(!read.sort.unwrap()[0].is_ascending);
        assert!(read.collapse_threads && read.calculate_total);
        assert_eq!(read.limit, Some(30));
    }

    /// What jmapc 0.4 puts into every comparator.
    #[test]
    fn members_of_a_query_in_a_comparator_say_nothing_and_unknown_ones_are_refused() {
        let sent = json!({"property": "size", "isAscending": false, "anchorOffset": 0, "calculateTotal": false, "position": 0});
        let read = parse(json!({"accountId": "a", "sort": [sent]})).unwrap().sort.unwrap();
        assert_eq!(
            serde_json::to_value(&read).unwrap(),
            json!([{"property": "size", "isAscending": false}])
        );
        let odd = parse(json!({"accountId": "a", "sort": [{"property": "size", "ascending": true}]}));
        assert_eq!(odd, Err(MethodErrorType::InvalidArguments));
    }

    #[test]
    fn a_filter_tree_reads_writes_and_evaluates() {
        let text = json!({"operator": "OR", "conditions": [
            {"hasKeyword": "music"}, {"operator": "NOT", "conditions": [{"hasKeyword": "video"}]}
        ]});
        let filter: Filter<EmailFilterCondition> = serde_json::from_value(text.clone()).unwrap();
        assert_eq!(serde_json::to_value(&filter).unwrap(), text);
        assert_eq!(filter.nodes(), 4);
        let has = |keywords: &'static [&'static str]| {
            filter.matches(&|c| c.has_keyword.as_deref().is_some_and(|k| keywords.contains(&k)))
        };
        assert!(has(&["music", "video"]));
        assert!(has(&[]));
        assert!(!has(&["video"]));
        let none = Filter::<()>::Operator(FilterOperator {
            operator: Operator::And,
            conditions: vec![],
        });
        assert!(none.matches(&|()| false));
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        use MethodErrorType::{InvalidArguments, UnsupportedFilter, UnsupportedSort};
        let with = |name: &str, value: Value| parse(json!({"accountId": "a", name: value}));
        assert_eq!(with("filter", json!({"invented": 1})), Err(InvalidArguments));
        assert_eq!(with("filter", json!([])), Err(InvalidArguments));
        assert_eq!(
            with("filter", json!({"operator": "XOR", "conditions": []})),
            Err(InvalidArguments)
        );
        assert_eq!(
            with("filter", json!({"operator": "AND", "conditions": [], "text": "a"})),
            Err(InvalidArguments)
        );
        assert_eq!(with("filter", json!({"after": "yesterday"})), Err(InvalidArguments));
        assert!(with("filter", json!({"after": "2026-11-23T00:00:00Z"})).is_ok());
        assert_eq!(with("limit", json!(-1)), Err(InvalidArguments));
        let many: Vec<Value> = (0..32).map(|_| json!({"text": "a"})).collect();
        assert_eq!(
            with("filter", json!({"operator": "AND", "conditions": many})),
            Err(UnsupportedFilter)
        );
        for name in ["text", "from", "subject", "inMailbox", "notKeyword"] {
            let text = |bytes: usize| json!({ name: "x".repeat(bytes) });
            assert!(with("filter", text(1000)).is_ok());
            assert_eq!(with("filter", text(1001)), Err(InvalidArguments), "{name}");
            let inner = json!({"operator": "NOT", "conditions": [text(1001)]});
            assert_eq!(with("filter", inner), Err(InvalidArguments), "{name}");
        }
        for list in [vec!["x".repeat(1001)], vec!["x".to_owned(); 65]] {
            assert_eq!(
                with("filter", json!({ "inMailboxOtherThan": list })),
                Err(InvalidArguments)
            );
        }
        let long: Vec<Value> = (0..5).map(|_| json!({"property": "size"})).collect();
        assert_eq!(with("sort", json!(long)), Err(UnsupportedSort));
        assert!(with("filter", json!(null)).unwrap().filter.is_none());
    }
}
