//! A response (RFC 8620 section 3.4).

use super::MethodResponse;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Method responses, in the order of the calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The answers and errors.
    pub method_responses: Vec<MethodResponse>,
    /// Present if the request had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_ids: Option<BTreeMap<String, String>>,
    /// The state of the session object.
    pub session_state: String,
    /// Present if this answer discloses something and the client uses our capability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosure_proof: Option<DisclosureProof>,
}

/// Where in the ledger this answer is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisclosureProof {
    /// The entry's index.
    pub index: u64,
    /// The text of a checkpoint (a C2SP signed note) that covers the entry.
    pub checkpoint: String,
}

impl Response {
    /// For a client: the first answer to the call with this id.
    pub fn answer_to(&self, call_id: &str) -> Option<&MethodResponse> {
        self.method_responses.iter().find(|r| r.call_id == call_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jmap::{MethodError, MethodErrorType};
    use serde_json::{Value, json};

    #[test]
    fn the_example_of_section_3_4_1_reads_and_writes_the_same() {
        let text = r#"{"methodResponses":[["method1",{"arg1":3,"arg2":"foo"},"c1"],["method2",{"isBlah":true},"c2"],["anotherResponseFromMethod2",{"data":10,"yetmoredata":"Hello"},"c2"],["error",{"type":"unknownMethod"},"c3"]],"sessionState":"75128aab4b1b"}"#;
        let response: Response = serde_json::from_str(text).unwrap();
        assert_eq!(
            response.answer_to("c2").unwrap().result::<Value>().unwrap(),
            json!({"isBlah": true})
        );
        let error = response.answer_to("c3").unwrap().result::<Value>().unwrap_err();
        assert_eq!(error.kind, MethodErrorType::UnknownMethod);
        assert_eq!(serde_json::to_string(&response).unwrap(), text);
    }

    #[test]
    fn the_proof_is_a_member_of_its_own() {
        let response = Response {
            method_responses: vec![MethodResponse::error(&MethodError::server_fail(), "a")],
            created_ids: None,
            session_state: "0".into(),
            disclosure_proof: Some(DisclosureProof {
                index: 7,
                checkpoint: "origin\n8\n".into(),
            }),
        };
        let value = serde_json::to_value(&response).unwrap();
        assert_eq!(
            value["disclosureProof"],
            json!({"index": 7, "checkpoint": "origin\n8\n"})
        );
        assert_eq!(
            value["methodResponses"][0],
            json!(["error", {"type": "serverFail"}, "a"])
        );
    }
}
