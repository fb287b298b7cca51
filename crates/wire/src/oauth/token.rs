//! The token endpoint (RFC 6749 sections 4.1.3, 5.1 and 6).

use super::{AuthorizationDetail, ClientAuthentication, ErrorCode, OAuthError, Secret};
use crate::limits::{MAX_CREDENTIAL, MAX_REDIRECT_URI};
use serde::{Deserialize, Serialize};

/// The form of a token request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs)]
pub struct TokenRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_verifier: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_assertion_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_assertion: Option<Secret>,
}

/// What a well-formed token request presents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenGrant {
    /// A code, with what binds it.
    Code {
        /// One use, 60 s.
        code: Secret,
        /// As in the pushed request.
        redirect_uri: String,
        /// 43 to 128 unreserved characters (RFC 7636 section 4.1).
        code_verifier: Secret,
    },
    /// A refresh token.
    Refresh(Secret),
}

impl TokenRequest {
    /// Who says to be asking.
    pub fn client_authentication(&self) -> Result<ClientAuthentication<'_>, OAuthError> {
        ClientAuthentication::of(&self.client_id, &self.client_assertion_type, &self.client_assertion)
    }

    /// The grant, if the form carries one.
    pub fn check(self) -> Result<TokenGrant, OAuthError> {
        match self.grant_type.as_deref() {
            Some("authorization_code") => {
                let code = credential(self.code, "code")?;
                let redirect_uri = self.redirect_uri.ok_or_else(|| invalid("`redirect_uri` is missing"))?;
                if redirect_uri.len() > MAX_REDIRECT_URI {
                    return Err(invalid(format!(
                        "`redirect_uri` has more than {MAX_REDIRECT_URI} bytes"
                    )));
                }
                let code_verifier = self
                    .code_verifier
                    .ok_or_else(|| invalid("`code_verifier` is missing"))?;
                let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
                let text = code_verifier.expose();
                if !(43..=128).contains(&text.len()) || !text.bytes().all(unreserved) {
                    return Err(invalid("`code_verifier` is not 43 to 128 unreserved characters"));
                }
                Ok(TokenGrant::Code {
                    code,
                    redirect_uri,
                    code_verifier,
                })
            }
            Some("refresh_token") => Ok(TokenGrant::Refresh(credential(self.refresh_token, "refresh_token")?)),
            Some(_) => Err(OAuthError::new(
                ErrorCode::UnsupportedGrantType,
                "`grant_type` is neither `authorization_code` nor `refresh_token`",
            )),
            None => Err(invalid("`grant_type` is missing")),
        }
    }
}

pub(super) fn credential(given: Option<Secret>, name: &str) -> Result<Secret, OAuthError> {
    let secret = given.ok_or_else(|| invalid(format!("`{name}` is missing")))?;
    if (1..=MAX_CREDENTIAL).contains(&secret.expose().len()) {
        Ok(secret)
    } else {
        Err(invalid(format!("`{name}` is not 1 to {MAX_CREDENTIAL} bytes")))
    }
}

fn invalid(description: impl AsRef<str>) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, description)
}

/// How a token is to be presented. Any case is read (RFC 6749 section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub enum TokenType {
    /// RFC 6750.
    Bearer,
    /// RFC 9449.
    #[serde(rename = "DPoP")]
    Dpop,
}

impl TryFrom<String> for TokenType {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.eq_ignore_ascii_case("bearer") {
            Ok(Self::Bearer)
        } else if text.eq_ignore_ascii_case("dpop") {
            Ok(Self::Dpop)
        } else {
            Err("`token_type` is neither `Bearer` nor `DPoP`")
        }
    }
}

/// A successful token response (RFC 6749 section 5.1, RFC 9396 section 7, Grant Management section 6.3). Sent with
/// `Cache-Control: no-store`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenResponse {
    /// Opaque.
    pub access_token: Secret,
    /// How to present it.
    pub token_type: TokenType,
    /// Seconds.
    pub expires_in: u64,
    /// What was granted: often less than was asked for.
    pub authorization_details: Vec<AuthorizationDetail>,
    /// Names the consent; public, never a credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<String>,
    /// For another access token; not rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> TokenRequest {
        TokenRequest {
            grant_type: Some("authorization_code".into()),
            code: Some("c".to_owned().into()),
            redirect_uri: Some("https://m.example/callback".into()),
            code_verifier: Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned().into()),
            ..Default::default()
        }
    }

    fn fault(change: fn(&mut TokenRequest)) -> (ErrorCode, String) {
        let mut request = good();
        change(&mut request);
        let error = request.check().unwrap_err();
        (error.error, error.error_description.unwrap())
    }

    #[test]
    fn a_code_and_a_refresh_token_pass() {
        assert!(matches!(good().check(), Ok(TokenGrant::Code { .. })));
        let refresh = TokenRequest {
            grant_type: Some("refresh_token".into()),
            refresh_token: Some("r".to_owned().into()),
            ..Default::default()
        };
        assert_eq!(refresh.check(), Ok(TokenGrant::Refresh("r".to_owned().into())));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        use ErrorCode::{InvalidRequest, UnsupportedGrantType};
        assert_eq!(
            fault(|r| r.grant_type = None),
            (InvalidRequest, "`grant_type` is missing".into())
        );
        assert_eq!(
            fault(|r| r.grant_type = Some("password".into())).0,
            UnsupportedGrantType
        );
        assert_eq!(
            fault(|r| r.grant_type = Some("client_credentials".into())).0,
            UnsupportedGrantType
        );
        assert_eq!(fault(|r| r.code = None), (InvalidRequest, "`code` is missing".into()));
        assert_eq!(fault(|r| r.code = Some("c".repeat(513).into())).0, InvalidRequest);
        assert_eq!(fault(|r| r.redirect_uri = None).1, "`redirect_uri` is missing");
        assert_eq!(fault(|r| r.code_verifier = None).1, "`code_verifier` is missing");
        for wrong in ["v".repeat(42), "v".repeat(129), format!("{}!", "v".repeat(43))] {
            let mut request = good();
            request.code_verifier = Some(wrong.into());
            assert_eq!(request.check().unwrap_err().error, InvalidRequest);
        }
    }

    #[test]
    fn a_token_type_reads_in_any_case_and_writes_in_one() {
        for (text, kind) in [
            ("Bearer", TokenType::Bearer),
            ("bearer", TokenType::Bearer),
            ("dpop", TokenType::Dpop),
        ] {
            assert_eq!(serde_json::from_value::<TokenType>(text.into()).unwrap(), kind);
        }
        assert_eq!(serde_json::to_value(TokenType::Dpop).unwrap(), "DPoP");
        assert_eq!(serde_json::to_value(TokenType::Bearer).unwrap(), "Bearer");
        assert!(serde_json::from_str::<TokenType>("\"mac\"").is_err());
    }

    #[test]
    fn a_response_reads_back_and_debug_hides_the_token() {
        let text = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600,"authorization_details":[{"type":"inbox","agreement":"films@1","purpose":"recommendations","actions":["read"],"fields":["mentions"],"conversations":"all","until":"2027-02-01T00:00:00Z"}],"grant_id":"grt_1"}"#;
        let response: TokenResponse = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&response).unwrap(), text);
        assert!(!format!("{response:?}").contains("2YotnFZFEjr1zCsicMWpAA"));
    }
}
