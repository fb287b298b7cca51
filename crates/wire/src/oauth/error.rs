//! OAuth error responses (RFC 6749 section 5.2, and the specs that add codes).

use serde::{Deserialize, Serialize};
use std::fmt;

/// The codes we send and read; the comment names the spec that defines each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// RFC 6749 section 5.2.
    InvalidRequest,
    /// RFC 6749 section 5.2; answered with 401.
    InvalidClient,
    /// RFC 6749 section 5.2.
    InvalidGrant,
    /// RFC 6749 section 5.2.
    UnauthorizedClient,
    /// RFC 6749 section 5.2.
    UnsupportedGrantType,
    /// RFC 6749 section 4.1.2.1.
    UnsupportedResponseType,
    /// RFC 6749 section 4.1.2.1.
    AccessDenied,
    /// RFC 6749 section 4.1.2.1.
    ServerError,
    /// RFC 6749 section 4.1.2.1.
    TemporarilyUnavailable,
    /// RFC 6749 section 5.2.
    InvalidScope,
    /// RFC 9396 section 5.
    InvalidAuthorizationDetails,
    /// RFC 9101 section 6.2.
    InvalidRequestUri,
    /// RFC 7009 section 2.2.1.
    UnsupportedTokenType,
    /// RFC 6750 section 3.1.
    InvalidToken,
    /// RFC 6750 section 3.1.
    InsufficientScope,
    /// Grant Management for OAuth 2.0.
    InvalidGrantId,
    /// RFC 9449 section 5.
    InvalidDpopProof,
    /// RFC 9449 section 8.
    UseDpopNonce,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 18] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::UnsupportedResponseType,
        Self::AccessDenied,
        Self::ServerError,
        Self::TemporarilyUnavailable,
        Self::InvalidScope,
        Self::InvalidAuthorizationDetails,
        Self::InvalidRequestUri,
        Self::UnsupportedTokenType,
        Self::InvalidToken,
        Self::InsufficientScope,
        Self::InvalidGrantId,
        Self::InvalidDpopProof,
        Self::UseDpopNonce,
    ];

    /// The code as the wire has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidGrantId => "invalid_grant_id",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An error response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuthError {
    /// Which.
    pub error: ErrorCode,
    /// For the developer of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
}

impl OAuthError {
    /// An error with a description. What RFC 6749 section 5.2 does not allow in one (quotes, backslashes, anything but
    /// printable ASCII) is replaced, since a description often repeats what a stranger sent.
    pub fn new(error: ErrorCode, description: impl AsRef<str>) -> Self {
        let allowed = |c: char| match c {
            '"' => '\'',
            '\\' => '/',
            ' '..='~' => c,
            _ => '?',
        };
        Self {
            error,
            error_description: Some(description.as_ref().chars().take(300).map(allowed).collect()),
        }
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error_description {
            Some(description) => write!(f, "{}: {description}", self.error),
            None => write!(f, "{}", self.error),
        }
    }
}

impl std::error::Error for OAuthError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_serde_writes_and_reads() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
            assert_eq!(serde_json::from_value::<ErrorCode>(code.name().into()).unwrap(), code);
        }
        assert!(serde_json::from_str::<ErrorCode>("\"made_up\"").is_err());
    }

    #[test]
    fn a_description_keeps_to_the_characters_of_rfc_6749() {
        let error = OAuthError::new(ErrorCode::InvalidRequest, "`a\"b\\c\r\nd` é");
        assert_eq!(error.error_description.as_deref(), Some("`a'b/c??d` ?"));
        assert_eq!(
            serde_json::to_string(&error).unwrap(),
            r#"{"error":"invalid_request","error_description":"`a'b/c??d` ?"}"#
        );
    }
}
