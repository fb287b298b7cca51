//! Problem details for HTTP APIs (RFC 9457), `application/problem+json`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One problem. Nothing in it may come from inside: it is what a stranger reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// A URI that names the kind of problem; `about:blank` says no more than the status does.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// The kind in a few words, the same each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What happened this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// A URI that names this occurrence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Extension members (RFC 9457 section 3.2), such as JMAP's `limit`.
    #[serde(flatten)]
    pub extensions: Map<String, Value>,
}

fn about_blank() -> String {
    "about:blank".to_owned()
}

impl Problem {
    /// The media type.
    pub const CONTENT_TYPE: &'static str = "application/problem+json";

    /// A problem of this kind, status and detail.
    pub fn new(kind: impl Into<String>, status: u16, detail: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            title: None,
            status: Some(status),
            detail: Some(detail.into()),
            instance: None,
            extensions: Map::new(),
        }
    }

    /// With one more member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extensions.insert(name.to_owned(), value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_8620_section_3_6_1_reads_and_writes() {
        let text = r#"{"type":"urn:ietf:params:jmap:error:limit","limit":"maxSizeRequest","status":400,"detail":"The request is larger than the server is willing to process."}"#;
        let problem: Problem = serde_json::from_str(text).unwrap();
        let made = Problem::new(
            "urn:ietf:params:jmap:error:limit",
            400,
            "The request is larger than the server is willing to process.",
        )
        .with("limit", "maxSizeRequest");
        assert_eq!(problem, made);
        assert_eq!(
            serde_json::to_value(&made).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn a_problem_without_a_type_is_about_blank() {
        let problem: Problem = serde_json::from_str("{}").unwrap();
        assert_eq!(problem.kind, "about:blank");
    }
}
