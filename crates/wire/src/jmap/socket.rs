//! JMAP over WebSocket (RFC 8887): what goes over it, in text messages of one JSON object each.

use super::{Request, RequestError};
use crate::JsonFault;
use crate::limits::{MAX_ID, MAX_JSON_DEPTH, MAX_SIZE_REQUEST};
use serde_json::{Map, Value, json};

/// The subprotocol (section 3).
pub const SUBPROTOCOL: &str = "jmap";

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketMessage {
    /// A request, and its client's name for it (section 4.3.2).
    Request(Option<String>, Request),
    /// Tell me what changes (section 4.3.5.2).
    PushEnable {
        /// Of which types; `None`: all.
        types: Option<Vec<String>>,
        /// What was told last, if something was.
        push_state: Option<String>,
    },
    /// Tell me no more (section 4.3.5.3).
    PushDisable,
}

impl SocketMessage {
    /// Reads a message within the limits of a request. An error comes with the client's name for the request, if it can be
    /// told.
    pub fn parse(text: &[u8]) -> Result<Self, (Option<String>, RequestError)> {
        let value = crate::parse_json(text, MAX_SIZE_REQUEST, MAX_JSON_DEPTH).map_err(|fault| {
            let error = match fault {
                JsonFault::TooLong(max) => RequestError::Limit("maxSizeRequest", max),
                JsonFault::TooDeep(max) => RequestError::Limit("maxDepth", max),
                fault => RequestError::NotJson(fault.to_string()),
            };
            (None, error)
        })?;
        let Value::Object(mut members) = value else {
            return Err((None, RequestError::NotRequest("no object".to_owned())));
        };
        let id = match members.remove("id") {
            None | Some(Value::Null) => None,
            Some(Value::String(id)) if id.len() <= MAX_ID => Some(id),
            Some(_) => return Err((None, RequestError::NotRequest("`id` is a short text".to_owned()))),
        };
        match members.remove("@type").as_ref().and_then(Value::as_str) {
            Some("Request") => match Request::of(Value::Object(members)) {
                Ok(request) => Ok(Self::Request(id, request)),
                Err(error) => Err((id, error)),
            },
            Some("WebSocketPushEnable") => Self::push_enable(&members).map_err(|why| (id, why)),
            Some("WebSocketPushDisable") => Ok(Self::PushDisable),
            _ => Err((id, RequestError::NotRequest("`@type` is none that is known".to_owned()))),
        }
    }

    fn push_enable(members: &Map<String, Value>) -> Result<Self, RequestError> {
        let wrong = |name: &str| RequestError::NotRequest(format!("`{name}` is of another type"));
        let types = match members.get("dataTypes") {
            None | Some(Value::Null) => None,
            Some(Value::Array(names)) => {
                let name = |value: &Value| value.as_str().map(str::to_owned);
                let names: Option<Vec<String>> = names.iter().map(name).collect();
                Some(names.ok_or_else(|| wrong("dataTypes"))?)
            }
            Some(_) => return Err(wrong("dataTypes")),
        };
        let push_state = match members.get("pushState") {
            None | Some(Value::Null) => None,
            Some(Value::String(state)) => Some(state.clone()),
            Some(_) => return Err(wrong("pushState")),
        };
        Ok(Self::PushEnable { types, push_state })
    }

    /// A `Response` for a socket, from one for HTTP: with the members of section 4.3.3 before the others.
    pub fn response(id: Option<&str>, body: &[u8]) -> Vec<u8> {
        let mut members = b"{\"@type\":\"Response\"".to_vec();
        if let Some(id) = id {
            members.extend_from_slice(b",\"requestId\":");
            members.extend_from_slice(Value::from(id).to_string().as_bytes());
        }
        if let Some(rest) = body.strip_prefix(b"{") {
            if !rest.starts_with(b"}") {
                members.push(b',');
            }
            members.extend_from_slice(rest);
        }
        members
    }

    /// A `RequestError` (section 4.3.4) from problem details.
    pub fn error(id: Option<&str>, problem: impl serde::Serialize) -> Value {
        let mut error = json!({"@type": "RequestError", "requestId": id});
        if let (Ok(Value::Object(problem)), Value::Object(members)) = (serde_json::to_value(problem), &mut error) {
            members.extend(problem);
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jmap::CORE;

    fn parse(value: &Value) -> Result<SocketMessage, (Option<String>, RequestError)> {
        SocketMessage::parse(value.to_string().as_bytes())
    }

    #[test]
    fn the_messages_of_rfc_8887_are_read() {
        let request = json!({"@type": "Request", "id": "R1", "using": [CORE], "methodCalls": [["Core/echo", {}, "a"]]});
        let Ok(SocketMessage::Request(Some(id), request)) = parse(&request) else {
            panic!()
        };
        assert_eq!((id.as_str(), request.method_calls.len()), ("R1", 1));
        let enable = json!({"@type": "WebSocketPushEnable", "dataTypes": ["Email"], "pushState": "a"});
        let expected = SocketMessage::PushEnable {
            types: Some(vec!["Email".to_owned()]),
            push_state: Some("a".to_owned()),
        };
        assert_eq!(parse(&enable).unwrap(), expected);
        let all = SocketMessage::PushEnable {
            types: None,
            push_state: None,
        };
        let null = json!({"@type": "WebSocketPushEnable", "dataTypes": null});
        assert_eq!(parse(&null).unwrap(), all);
        assert_eq!(
            parse(&json!({"@type": "WebSocketPushDisable"})).unwrap(),
            SocketMessage::PushDisable
        );
    }

    #[test]
    fn what_is_none_of_them_is_refused_with_the_requests_name() {
        let refused = |value: &Value| {
            let (id, error) = parse(value).unwrap_err();
            (id, error.name())
        };
        assert_eq!(SocketMessage::parse(b"{").unwrap_err().1.name(), "notJSON");
        assert_eq!(refused(&json!([])), (None, "notRequest"));
        assert_eq!(
            refused(&json!({"@type": "Other", "id": "a"})),
            (Some("a".into()), "notRequest")
        );
        assert_eq!(
            refused(&json!({"@type": "Request", "id": "a"})),
            (Some("a".into()), "notRequest")
        );
        assert_eq!(refused(&json!({"@type": "Request", "id": 1})), (None, "notRequest"));
        let invented = json!({"@type": "Request", "id": "a", "using": ["urn:invented"], "methodCalls": []});
        assert_eq!(refused(&invented), (Some("a".into()), "unknownCapability"));
        for wrong in [
            json!({"dataTypes": "Email"}),
            json!({"dataTypes": [1]}),
            json!({"pushState": 1}),
        ] {
            let mut enable = wrong;
            enable["@type"] = json!("WebSocketPushEnable");
            assert_eq!(refused(&enable), (None, "notRequest"));
        }
    }

    #[test]
    fn a_response_and_an_error_name_their_request() {
        let response = SocketMessage::response(Some("R\"1"), br#"{"sessionState":"s"}"#);
        let response: Value = serde_json::from_slice(&response).unwrap();
        assert_eq!(
            response,
            json!({"@type": "Response", "requestId": "R\"1", "sessionState": "s"})
        );
        let without: Value = serde_json::from_slice(&SocketMessage::response(None, b"{}")).unwrap();
        assert_eq!(without, json!({"@type": "Response"}));
        let error = RequestError::Limit("maxSizeRequest", 1).problem();
        let error = SocketMessage::error(Some("R1"), &error);
        assert_eq!(error["requestId"], "R1");
        assert_eq!(error["type"], "urn:ietf:params:jmap:error:limit");
        assert_eq!(SocketMessage::error(None, Value::Null)["requestId"], Value::Null);
    }
}
