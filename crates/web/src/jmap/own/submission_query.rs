//! What `EmailSubmission/query` and `/queryChanges` ask (RFC 8621 section 7.3).

use model::Time;
use serde::Deserialize;
use serde_json::{Map, Value};
use wire::jmap::{Comparator, Filter};

/// A condition of `EmailSubmission/query`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Condition {
    identity_ids: Option<Vec<String>>,
    email_ids: Option<Vec<String>>,
    thread_ids: Option<Vec<String>>,
    undo_status: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueryArguments {
    #[allow(dead_code, reason = "checked for every method")]
    account_id: String,
    #[serde(default)]
    pub filter: Option<Filter<Condition>>,
    #[serde(default)]
    pub sort: Option<Vec<Comparator>>,
    #[serde(default)]
    pub position: i64,
    #[serde(default)]
    pub anchor: Option<String>,
    #[serde(default)]
    pub anchor_offset: i64,
    #[serde(default)]
    pub limit: Option<u64>,
    #[serde(default)]
    pub calculate_total: bool,
    #[serde(default)]
    pub since_query_state: Option<String>,
    #[serde(default)]
    pub max_changes: Option<u64>,
    #[serde(default)]
    pub up_to_id: Option<String>,
}

/// A text of an object; empty if there is none.
pub(super) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A `UTCDate`.
fn time(date: &str) -> Option<Time> {
    date.parse().ok().filter(|_| wire::is_utc_date(date))
}

fn sent_at(object: &Map<String, Value>) -> Option<Time> {
    time(text(object, "sendAt"))
}

impl Condition {
    /// Whether a submission is what is asked for.
    pub(super) fn matches(&self, object: &Map<String, Value>) -> bool {
        let among = |asked: &Option<Vec<String>>, name: &str| {
            asked
                .as_ref()
                .is_none_or(|ids| ids.iter().any(|id| id == text(object, name)))
        };
        among(&self.identity_ids, "identityId")
            && among(&self.email_ids, "emailId")
            && among(&self.thread_ids, "threadId")
            && self
                .undo_status
                .as_ref()
                .is_none_or(|status| status == text(object, "undoStatus"))
            && self
                .before
                .as_deref()
                .is_none_or(|before| sent_at(object) < time(before))
            && self.after.as_deref().is_none_or(|after| sent_at(object) >= time(after))
    }

    /// Whether its dates are dates.
    pub(super) fn is_right(&self) -> bool {
        [&self.before, &self.after]
            .into_iter()
            .flatten()
            .all(|date| time(date).is_some())
    }
}
