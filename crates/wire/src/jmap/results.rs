//! Results of the standard methods (RFC 8620 sections 5.1, 5.2 and 5.5).

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Of `Foo/get`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetResponse<T> {
    /// Which account.
    pub account_id: String,
    /// Of all objects of this type.
    pub state: String,
    /// What was found.
    pub list: Vec<T>,
    /// What was not.
    pub not_found: Vec<String>,
}

/// Of `Foo/query`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryResponse {
    /// Which account.
    pub account_id: String,
    /// Changes when the results may have.
    pub query_state: String,
    /// Whether `queryChanges` works for this query.
    pub can_calculate_changes: bool,
    /// Index of the first id.
    pub position: u64,
    /// The results.
    pub ids: Vec<String>,
    /// Present if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Present if the server gave fewer than the client's limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Our capability: how many messages were withheld, by reason. A count, never what they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<BTreeMap<Cow<'static, str>, u64>>,
}

/// Of `Foo/changes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangesResponse {
    /// Which account.
    pub account_id: String,
    /// As asked.
    pub old_state: String,
    /// Where the client is after these.
    pub new_state: String,
    /// Whether to ask again.
    pub has_more_changes: bool,
    /// Ids.
    pub created: Vec<String>,
    /// Ids.
    pub updated: Vec<String>,
    /// Ids.
    pub destroyed: Vec<String>,
    /// `Mailbox/changes` only (RFC 8621 section 2.2): `Some(None)` is `null`, which means any property may have changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_properties: Option<Option<Vec<String>>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_query_of_plain_jmap_has_no_member_of_ours() {
        let text =
            json!({"accountId": "a", "queryState": "s", "canCalculateChanges": false, "position": 0, "ids": ["x"]});
        let read: QueryResponse = serde_json::from_value(text.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), text);
        let ours = QueryResponse {
            withheld: Some([("counterparty".into(), 12)].into()),
            ..read
        };
        assert_eq!(
            serde_json::to_value(&ours).unwrap()["withheld"],
            json!({"counterparty": 12})
        );
    }

    #[test]
    fn updated_properties_may_be_null_or_absent() {
        let mut changes = ChangesResponse {
            account_id: "a".into(),
            old_state: "1".into(),
            new_state: "2".into(),
            has_more_changes: false,
            created: vec![],
            updated: vec![],
            destroyed: vec![],
            updated_properties: None,
        };
        assert!(
            serde_json::to_value(&changes)
                .unwrap()
                .get("updatedProperties")
                .is_none()
        );
        changes.updated_properties = Some(None);
        assert_eq!(
            serde_json::to_value(&changes).unwrap().get("updatedProperties"),
            Some(&Value::Null)
        );
    }
}
