//! Pushed authorization requests (RFC 9126) with PKCE (RFC 7636) and rich authorization requests (RFC 9396).

use super::{AuthorizationDetail, ClientAuthentication, ErrorCode, OAuthError, Secret, parse_authorization_details};
use crate::limits::{MAX_REDIRECT_URI, MAX_STATE};
use serde::{Deserialize, Serialize};

/// The form of a pushed authorization request. A parameter given twice does not read; one we do not know is ignored
/// (RFC 6749 section 3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct PushedAuthorizationRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<String>,
    /// Read in order to be refused (RFC 9126 section 2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_uri: Option<String>,
    /// Read in order to be refused: we take no request objects (RFC 9101).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_assertion_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_assertion: Option<Secret>,
}

/// What a well-formed pushed request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedParameters {
    /// To be compared with the registered ones, byte for byte.
    pub redirect_uri: String,
    /// Returned unchanged.
    pub state: Option<String>,
    /// PKCE S256: 43 characters of base64url.
    pub code_challenge: String,
    /// 1 to 16 elements.
    pub authorization_details: Vec<AuthorizationDetail>,
}

impl PushedAuthorizationRequest {
    /// Who says to be asking.
    pub fn client_authentication(&self) -> Result<ClientAuthentication<'_>, OAuthError> {
        ClientAuthentication::of(&self.client_id, &self.client_assertion_type, &self.client_assertion)
    }

    /// The request, if it is one that FAPI 2.0 allows.
    pub fn check(self) -> Result<PushedParameters, OAuthError> {
        if self.request_uri.is_some() {
            return Err(invalid("`request_uri` is not allowed in a pushed request"));
        }
        if self.request.is_some() {
            return Err(invalid("`request` is not supported"));
        }
        match self.response_type.as_deref() {
            Some("code") => {}
            Some(_) => {
                return Err(OAuthError::new(
                    ErrorCode::UnsupportedResponseType,
                    "`response_type` is not `code`",
                ));
            }
            None => return Err(invalid("`response_type` is missing")),
        }
        let redirect_uri = self.redirect_uri.ok_or_else(|| invalid("`redirect_uri` is missing"))?;
        if redirect_uri.is_empty() || redirect_uri.len() > MAX_REDIRECT_URI {
            return Err(invalid(format!("`redirect_uri` is not 1 to {MAX_REDIRECT_URI} bytes")));
        }
        if self.state.as_ref().is_some_and(|s| s.len() > MAX_STATE) {
            return Err(invalid(format!("`state` has more than {MAX_STATE} bytes")));
        }
        let code_challenge = self
            .code_challenge
            .ok_or_else(|| invalid("`code_challenge` is missing"))?;
        if self.code_challenge_method.as_deref() != Some("S256") {
            return Err(invalid("`code_challenge_method` is not `S256`"));
        }
        let base64url = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if code_challenge.len() != 43 || !code_challenge.bytes().all(base64url) {
            return Err(invalid("`code_challenge` is not 43 characters of base64url"));
        }
        let details = self
            .authorization_details
            .ok_or_else(|| invalid("`authorization_details` is missing"))?;
        Ok(PushedParameters {
            redirect_uri,
            state: self.state,
            code_challenge,
            authorization_details: parse_authorization_details(&details)?,
        })
    }
}

fn invalid(description: impl AsRef<str>) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, description)
}

/// The answer, with status 201 (RFC 9126 section 2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedAuthorizationResponse {
    /// For the authorization endpoint, together with the `client_id`; one use.
    pub request_uri: String,
    /// Seconds, under 600 (FAPI 2.0 5.3.2.2 no. 12).
    pub expires_in: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::CLIENT_ASSERTION_TYPE;

    fn good() -> PushedAuthorizationRequest {
        PushedAuthorizationRequest {
            client_id: Some("marquee-web".into()),
            response_type: Some("code".into()),
            redirect_uri: Some("https://m.example/callback".into()),
            state: Some("s".into()),
            code_challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into()),
            code_challenge_method: Some("S256".into()),
            authorization_details: Some(
                r#"[{"type":"inbox","agreement":"films@1","purpose":"recommendations","actions":["read"],"fields":["mentions"],"conversations":"all","until":"2027-02-01T00:00:00Z"}]"#
                    .into(),
            ),
            client_assertion_type: Some(CLIENT_ASSERTION_TYPE.into()),
            client_assertion: Some("e30.e30.x".to_owned().into()),
            ..Default::default()
        }
    }

    fn fault(change: fn(&mut PushedAuthorizationRequest)) -> (ErrorCode, String) {
        let mut request = good();
        change(&mut request);
        let error = request.check().unwrap_err();
        (error.error, error.error_description.unwrap())
    }

    #[test]
    fn a_good_request_passes() {
        let parameters = good().check().unwrap();
        assert_eq!(parameters.redirect_uri, "https://m.example/callback");
        assert_eq!(parameters.authorization_details.len(), 1);
        let request = good();
        let client = request.client_authentication().unwrap();
        assert_eq!(
            (client.client_id, client.assertion.expose()),
            (Some("marquee-web"), "e30.e30.x")
        );
    }

    #[test]
    fn each_rule_of_fapi_2_0_5_3_2_2_has_its_error() {
        use ErrorCode::{InvalidAuthorizationDetails, InvalidRequest, UnsupportedResponseType};
        assert_eq!(
            fault(|r| r.response_type = None),
            (InvalidRequest, "`response_type` is missing".into())
        );
        for wrong in ["token", "code id_token", "Code", ""] {
            let mut request = good();
            request.response_type = Some(wrong.into());
            assert_eq!(request.check().unwrap_err().error, UnsupportedResponseType);
        }
        assert_eq!(
            fault(|r| r.redirect_uri = None),
            (InvalidRequest, "`redirect_uri` is missing".into())
        );
        assert_eq!(
            fault(|r| r.code_challenge = None),
            (InvalidRequest, "`code_challenge` is missing".into())
        );
        for method in [None, Some("plain"), Some("s256")] {
            let mut request = good();
            request.code_challenge_method = method.map(str::to_owned);
            assert!(
                request
                    .check()
                    .unwrap_err()
                    .to_string()
                    .contains("`code_challenge_method`")
            );
        }
        assert_eq!(fault(|r| r.code_challenge = Some("short".into())).0, InvalidRequest);
        assert_eq!(fault(|r| r.request_uri = Some("urn:x".into())).0, InvalidRequest);
        assert_eq!(fault(|r| r.request = Some("e30".into())).0, InvalidRequest);
        assert_eq!(fault(|r| r.state = Some("s".repeat(4097))).0, InvalidRequest);
        assert_eq!(fault(|r| r.redirect_uri = Some("u".repeat(2049))).0, InvalidRequest);
        assert_eq!(fault(|r| r.authorization_details = None).0, InvalidRequest);
        assert_eq!(
            fault(|r| r.authorization_details = Some("[{}]".into())).0,
            InvalidAuthorizationDetails
        );
        let mut long = good();
        long.state = Some("s".repeat(1500));
        assert!(long.check().is_ok());
    }

    #[test]
    fn without_client_authentication_there_is_invalid_client() {
        let code = |change: fn(&mut PushedAuthorizationRequest)| {
            let mut request = good();
            change(&mut request);
            request.client_authentication().unwrap_err().error
        };
        assert_eq!(code(|r| r.client_assertion = None), ErrorCode::InvalidClient);
        assert_eq!(code(|r| r.client_assertion_type = None), ErrorCode::InvalidClient);
        assert_eq!(
            code(|r| r.client_assertion_type = Some("urn:other".into())),
            ErrorCode::InvalidClient
        );
        assert_eq!(
            code(|r| r.client_assertion = Some("x".repeat(4097).into())),
            ErrorCode::InvalidClient
        );
    }

    #[test]
    fn debug_shows_no_assertion() {
        assert!(!format!("{:?}", good()).contains("e30"));
    }
}
