//! An `Invocation` (RFC 8620 section 3.2): a name, an object of arguments, a method call id, as an array of three.

use super::MethodError;
use crate::limits::MAX_CALL_NAME;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

/// One call or one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation<A> {
    /// The method, or `error`.
    pub name: String,
    /// Its arguments.
    pub arguments: A,
    /// Chosen by the client, returned unchanged.
    pub call_id: String,
}

/// A method call: its arguments are read when its turn comes, after result references are resolved.
pub type MethodCall = Invocation<Map<String, Value>>;

/// A method response: its arguments are serialised once and not read again unless a result reference asks.
pub type MethodResponse = Invocation<Box<RawValue>>;

impl MethodCall {
    /// A call, for a client. Arguments that do not serialise to an object become none.
    pub fn new(name: &str, arguments: Value, call_id: &str) -> Self {
        let arguments = match arguments {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        Self {
            name: name.to_owned(),
            arguments,
            call_id: call_id.to_owned(),
        }
    }
}

impl MethodResponse {
    /// A method's result.
    pub fn new(name: &str, result: &impl Serialize, call_id: &str) -> Self {
        match to_raw_value(result) {
            Ok(arguments) => Self {
                name: name.to_owned(),
                arguments,
                call_id: call_id.to_owned(),
            },
            Err(_) => Self::error(&MethodError::server_fail(), call_id),
        }
    }

    /// A method-level error (RFC 8620 section 3.6.2).
    pub fn error(error: &MethodError, call_id: &str) -> Self {
        // Two strings serialise; were they not to, `null` would still be told from a result by its name.
        let arguments = to_raw_value(error).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self {
            name: "error".to_owned(),
            arguments,
            call_id: call_id.to_owned(),
        }
    }

    /// For a client: the result as `T`, or the error the server answered with.
    pub fn result<'a, T: Deserialize<'a>>(&'a self) -> Result<T, MethodError> {
        if self.name == "error" {
            return Err(serde_json::from_str(self.arguments.get()).unwrap_or_else(|_| MethodError::server_fail()));
        }
        serde_json::from_str(self.arguments.get()).map_err(|_| MethodError::server_fail())
    }
}

impl<A: Serialize> Serialize for Invocation<A> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        (&self.name, &self.arguments, &self.call_id).serialize(s)
    }
}

impl<'de, A: Deserialize<'de>> Deserialize<'de> for Invocation<A> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let (name, arguments, call_id) = <(String, A, String)>::deserialize(d)?;
        if name.len() > MAX_CALL_NAME || call_id.len() > MAX_CALL_NAME {
            return Err(serde::de::Error::custom(format!(
                "a method name or call id has more than {MAX_CALL_NAME} bytes"
            )));
        }
        Ok(Self {
            name,
            arguments,
            call_id,
        })
    }
}
