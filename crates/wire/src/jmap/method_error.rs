//! Method-level errors (RFC 8620 sections 3.6.2, 5.1 to 5.6).

use serde::{Deserialize, Serialize};
use std::fmt;

/// The error types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum MethodErrorType {
    ServerUnavailable,
    ServerPartialFail,
    UnknownMethod,
    InvalidArguments,
    InvalidResultReference,
    Forbidden,
    AccountNotFound,
    AccountNotSupportedByMethod,
    AccountReadOnly,
    RequestTooLarge,
    StateMismatch,
    CannotCalculateChanges,
    TooManyChanges,
    AnchorNotFound,
    UnsupportedSort,
    UnsupportedFilter,
    FromAccountNotFound,
    FromAccountNotSupportedByMethod,
    /// Also what a client makes of a type it does not know (RFC 8620 section 3.6.2).
    #[serde(other)]
    ServerFail,
}

/// One error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodError {
    /// Which.
    #[serde(rename = "type")]
    pub kind: MethodErrorType,
    /// For the developer of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl MethodError {
    /// An error with a description of at most 300 characters.
    pub fn new(kind: MethodErrorType, description: impl AsRef<str>) -> Self {
        Self {
            kind,
            description: Some(description.as_ref().chars().take(300).collect()),
        }
    }

    /// `invalidArguments`.
    pub fn invalid_arguments(description: impl AsRef<str>) -> Self {
        Self::new(MethodErrorType::InvalidArguments, description)
    }

    /// `serverFail`, which tells nothing.
    pub const fn server_fail() -> Self {
        Self {
            kind: MethodErrorType::ServerFail,
            description: None,
        }
    }
}

impl From<MethodErrorType> for MethodError {
    fn from(kind: MethodErrorType) -> Self {
        Self {
            kind,
            description: None,
        }
    }
}

impl fmt::Display for MethodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)?;
        match &self.description {
            Some(description) => write!(f, ": {description}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for MethodError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_rfc_and_an_unknown_one_is_server_fail() {
        for name in [
            "serverUnavailable",
            "serverPartialFail",
            "unknownMethod",
            "invalidArguments",
            "invalidResultReference",
            "forbidden",
            "accountNotFound",
            "accountNotSupportedByMethod",
            "accountReadOnly",
            "requestTooLarge",
            "stateMismatch",
            "cannotCalculateChanges",
            "tooManyChanges",
            "anchorNotFound",
            "unsupportedSort",
            "unsupportedFilter",
            "fromAccountNotFound",
            "fromAccountNotSupportedByMethod",
            "serverFail",
        ] {
            let kind: MethodErrorType = serde_json::from_value(name.into()).unwrap();
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
        }
        assert_eq!(
            serde_json::from_str::<MethodErrorType>("\"new\"").unwrap(),
            MethodErrorType::ServerFail
        );
    }
}
