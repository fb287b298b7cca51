//! Token revocation (RFC 7009).

use super::token::credential;
use super::{ClientAuthentication, OAuthError, Secret};
use serde::{Deserialize, Serialize};

/// The form of a revocation request. The hint may be wrong or unknown: a server looks everywhere anyway
/// (RFC 7009 section 2.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct RevocationRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type_hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_assertion_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_assertion: Option<Secret>,
}

impl RevocationRequest {
    /// Who says to be asking.
    pub fn client_authentication(&self) -> Result<ClientAuthentication<'_>, OAuthError> {
        ClientAuthentication::of(&self.client_id, &self.client_assertion_type, &self.client_assertion)
    }

    /// The token to revoke. An unknown one is not an error (RFC 7009 section 2.2), a missing one is.
    pub fn check(self) -> Result<Secret, OAuthError> {
        credential(self.token, "token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_required_and_a_hint_is_not() {
        let form = RevocationRequest {
            token: Some("t".to_owned().into()),
            ..Default::default()
        };
        assert_eq!(form.check().unwrap().expose(), "t");
        let error = RevocationRequest::default().check().unwrap_err();
        assert_eq!(error.to_string(), "invalid_request: `token` is missing");
    }
}
