//! A request (RFC 8620 section 3.3).

use super::{CORE, MethodCall, RECOGNISED, RequestError, capability_of};
use crate::JsonFault;
use crate::limits::{MAX_CALLS_IN_REQUEST, MAX_JSON_DEPTH, MAX_SIZE_REQUEST, MAX_USING};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Method calls, to be run in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The capabilities the client wants to use.
    pub using: Vec<String>,
    /// The calls.
    pub method_calls: Vec<MethodCall>,
    /// Creation ids of earlier requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_ids: Option<BTreeMap<String, String>>,
}

impl Request {
    /// Reads the body of an API request: I-JSON, a `Request`, recognised capabilities, within the limits.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let value = crate::parse_json(body, MAX_SIZE_REQUEST, MAX_JSON_DEPTH).map_err(|fault| match fault {
            JsonFault::TooLong(max) => RequestError::Limit("maxSizeRequest", max),
            JsonFault::TooDeep(max) => RequestError::Limit("maxDepth", max),
            fault => RequestError::NotJson(fault.to_string()),
        })?;
        Self::of(value)
    }

    /// From JSON that was read within the limits: a `Request`, recognised capabilities, not too many calls.
    pub fn of(value: Value) -> Result<Self, RequestError> {
        let request: Self =
            serde_json::from_value(value).map_err(|e| RequestError::NotRequest(short(&e.to_string())))?;
        if request.using.len() > MAX_USING {
            return Err(RequestError::Limit("maxUsing", MAX_USING));
        }
        if let Some(unknown) = request.using.iter().find(|urn| !RECOGNISED.contains(&urn.as_str())) {
            return Err(RequestError::UnknownCapability(short(unknown)));
        }
        if request.method_calls.len() > MAX_CALLS_IN_REQUEST {
            return Err(RequestError::Limit("maxCallsInRequest", MAX_CALLS_IN_REQUEST));
        }
        Ok(request)
    }

    /// Whether the client has opted into what a method is of.
    pub fn offers(&self, method: &str) -> bool {
        let urn = capability_of(method);
        urn == CORE || self.uses(urn)
    }

    /// Whether the client wants this capability.
    pub fn uses(&self, urn: &str) -> bool {
        self.using.iter().any(|u| u == urn)
    }
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jmap::{DISCLOSURE, MAIL};
    use serde_json::json;

    fn parse(value: &serde_json::Value) -> Result<Request, RequestError> {
        Request::parse(value.to_string().as_bytes())
    }

    #[test]
    fn the_example_of_section_3_3_1_reads_and_writes_the_same() {
        let example = json!({
            "using": [CORE, MAIL],
            "methodCalls": [
                ["method1", {"arg1": "arg1data", "arg2": "arg2data"}, "c1"],
                ["method2", {"arg1": "arg1data"}, "c2"],
                ["method3", {}, "c3"]
            ]
        });
        let request = parse(&example).unwrap();
        assert_eq!(request.method_calls[1].name, "method2");
        assert_eq!(request.method_calls[1].call_id, "c2");
        assert!(request.uses(MAIL) && !request.uses(DISCLOSURE));
        assert_eq!(serde_json::to_value(&request).unwrap(), example);
    }

    #[test]
    fn each_request_level_error_has_its_urn_and_status() {
        let kind = |body: &[u8]| {
            let problem = Request::parse(body).unwrap_err().problem();
            assert_eq!(problem.status, Some(400));
            problem
                .kind
                .strip_prefix("urn:ietf:params:jmap:error:")
                .unwrap()
                .to_owned()
        };
        assert_eq!(kind(b"{"), "notJSON");
        assert_eq!(kind(b"\xff"), "notJSON");
        assert_eq!(kind(br#"{"using":[],"using":[],"methodCalls":[]}"#), "notJSON");
        assert_eq!(kind(b"[]"), "notRequest");
        assert_eq!(kind(br#"{"using":[]}"#), "notRequest");
        assert_eq!(kind(br#"{"using":[],"methodCalls":[["a",{}]]}"#), "notRequest");
        assert_eq!(kind(br#"{"using":[],"methodCalls":[["a",[],"c"]]}"#), "notRequest");
        assert_eq!(
            kind(br#"{"using":["https://example.com/apis/foobar"],"methodCalls":[]}"#),
            "unknownCapability"
        );
    }

    #[test]
    fn what_is_not_opted_into_is_not_offered_and_the_core_always_is() {
        let request = parse(&json!({"using": [MAIL], "methodCalls": []})).unwrap();
        assert!(request.offers("Core/echo") && request.offers("Email/get") && request.offers("PushSubscription/get"));
        assert!(!request.offers("Identity/get") && !request.offers("VacationResponse/get"));
    }

    #[test]
    fn over_a_limit_its_name_is_in_the_problem() {
        let limit = |body: &[u8]| Request::parse(body).unwrap_err().problem().extensions["limit"].clone();
        let calls: Vec<_> = (0..17).map(|i| json!(["Core/echo", {}, i.to_string()])).collect();
        assert_eq!(
            limit(json!({"using": [CORE], "methodCalls": calls}).to_string().as_bytes()),
            "maxCallsInRequest"
        );
        assert_eq!(limit(&vec![b' '; MAX_SIZE_REQUEST + 1]), "maxSizeRequest");
        assert_eq!(limit("[".repeat(40).as_bytes()), "maxDepth");
        let using = vec![CORE; 65];
        assert_eq!(
            limit(json!({"using": using, "methodCalls": []}).to_string().as_bytes()),
            "maxUsing"
        );
    }

    #[test]
    fn the_eleven_urns_an_existing_client_always_sends_are_recognised() {
        let using: Vec<String> = [
            "core",
            "mail",
            "submission",
            "vacationresponse",
            "contacts",
            "calendars",
            "websocket",
            "sieve",
            "blob",
            "quota",
            "principals",
        ]
        .iter()
        .map(|name| format!("urn:ietf:params:jmap:{name}"))
        .collect();
        assert!(parse(&json!({"using": using, "methodCalls": []})).is_ok());
    }
}
