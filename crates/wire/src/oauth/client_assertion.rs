//! Client authentication by `private_key_jwt` (RFC 7523, OpenID Connect Core section 9, FAPI 2.0 5.3.2.1).

use super::{ErrorCode, OAuthError, Secret};
use crate::limits::{MAX_ASSERTION_SECONDS, MAX_CLIENT_ASSERTION, MAX_CLOCK_SKEW_SECONDS, MAX_CREDENTIAL};
use serde::{Deserialize, Serialize};

/// The one `client_assertion_type`.
pub const CLIENT_ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The claims of a client assertion. `aud` is a *string*: an array, even of one, does not read (FAPI 2.0 5.3.2.1 no. 8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientAssertionClaims {
    /// The client.
    pub iss: String,
    /// The client.
    pub sub: String,
    /// The issuer identifier of the authorization server, and nothing else.
    pub aud: String,
    /// One use.
    pub jti: String,
    /// Seconds since 1970.
    pub exp: i64,
    /// Seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// Seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
}

impl ClientAssertionClaims {
    /// Whether these claims authenticate `client_id` to `issuer` at `now` (seconds since 1970). The signature must have
    /// been verified before; whether the `jti` is fresh must be asked after, and remembered until `exp`.
    pub fn check(&self, client_id: &str, issuer: &str, now: i64) -> Result<(), OAuthError> {
        let ahead = |at: Option<i64>| at.is_some_and(|at| at > now.saturating_add(MAX_CLOCK_SKEW_SECONDS));
        if self.iss != client_id {
            Err(refused("`iss` is not the client"))
        } else if self.sub != client_id {
            Err(refused("`sub` is not the client"))
        } else if self.aud != issuer {
            Err(refused("`aud` is not the issuer identifier"))
        } else if self.jti.is_empty() || self.jti.len() > MAX_CREDENTIAL {
            Err(refused(format!("`jti` is not 1 to {MAX_CREDENTIAL} bytes")))
        } else if self.exp <= now {
            Err(refused("`exp` has passed"))
        } else if self.exp > now.saturating_add(MAX_ASSERTION_SECONDS) {
            Err(refused(format!("`exp` is more than {MAX_ASSERTION_SECONDS} s ahead")))
        } else if ahead(self.iat) || ahead(self.nbf) {
            Err(refused(format!(
                "`iat` or `nbf` is more than {MAX_CLOCK_SKEW_SECONDS} s ahead"
            )))
        } else {
            Ok(())
        }
    }
}

fn refused(description: impl AsRef<str>) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, description)
}

/// The client authentication in a form, complete but not yet verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAuthentication<'a> {
    /// Who the form says it is; optional, since the assertion says so too (RFC 7521 section 4.2).
    pub client_id: Option<&'a str>,
    /// The JWT in compact form, at most 4096 bytes.
    pub assertion: &'a Secret,
}

impl<'a> ClientAuthentication<'a> {
    pub(super) fn of(
        client_id: &'a Option<String>,
        kind: &Option<String>,
        assertion: &'a Option<Secret>,
    ) -> Result<Self, OAuthError> {
        match (kind.as_deref(), assertion) {
            (Some(CLIENT_ASSERTION_TYPE), Some(assertion)) if assertion.expose().len() <= MAX_CLIENT_ASSERTION => {
                Ok(Self {
                    client_id: client_id.as_deref(),
                    assertion,
                })
            }
            (Some(CLIENT_ASSERTION_TYPE), Some(_)) => Err(refused(format!(
                "`client_assertion` has more than {MAX_CLIENT_ASSERTION} bytes"
            ))),
            (Some(CLIENT_ASSERTION_TYPE), None) => Err(refused("`client_assertion` is missing")),
            (Some(_), _) => Err(refused(format!(
                "`client_assertion_type` is not `{CLIENT_ASSERTION_TYPE}`"
            ))),
            (None, _) => Err(refused("`client_assertion_type` is missing")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn good() -> ClientAssertionClaims {
        ClientAssertionClaims {
            iss: "marquee-web".into(),
            sub: "marquee-web".into(),
            aud: "https://p.example".into(),
            jti: "1".into(),
            exp: NOW + 60,
            iat: Some(NOW),
            nbf: None,
        }
    }

    fn check(claims: &ClientAssertionClaims) -> Result<(), String> {
        claims.check("marquee-web", "https://p.example", NOW).map_err(|e| {
            assert_eq!(e.error, ErrorCode::InvalidClient);
            e.error_description.unwrap()
        })
    }

    #[test]
    fn aud_as_an_array_does_not_read() {
        let text = serde_json::to_string(&good()).unwrap();
        assert_eq!(serde_json::from_str::<ClientAssertionClaims>(&text).unwrap(), good());
        let array = text.replace(r#""https://p.example""#, r#"["https://p.example"]"#);
        assert!(serde_json::from_str::<ClientAssertionClaims>(&array).is_err());
        let no_sub = text.replace(r#""sub":"marquee-web","#, "");
        assert!(serde_json::from_str::<ClientAssertionClaims>(&no_sub).is_err());
    }

    #[test]
    fn each_claim_is_checked() {
        assert_eq!(check(&good()), Ok(()));
        let with = |change: fn(&mut ClientAssertionClaims)| {
            let mut claims = good();
            change(&mut claims);
            check(&claims)
        };
        assert!(with(|c| c.iss = "other".into()).unwrap_err().contains("`iss`"));
        assert!(with(|c| c.sub = "other".into()).unwrap_err().contains("`sub`"));
        assert!(
            with(|c| c.aud = "https://p.example/token".into())
                .unwrap_err()
                .contains("`aud`")
        );
        assert!(
            with(|c| c.aud = "https://p.example/".into())
                .unwrap_err()
                .contains("`aud`")
        );
        assert!(with(|c| c.jti.clear()).unwrap_err().contains("`jti`"));
        assert!(with(|c| c.exp = NOW).unwrap_err().contains("passed"));
        assert!(with(|c| c.exp = NOW - 300).unwrap_err().contains("passed"));
        assert!(with(|c| c.exp = NOW + 301).unwrap_err().contains("ahead"));
        assert!(with(|c| c.exp = i64::MAX).unwrap_err().contains("ahead"));
    }

    #[test]
    fn iat_and_nbf_up_to_10_s_ahead_pass_and_later_ones_do_not() {
        for (ahead, fine) in [(0, true), (8, true), (10, true), (11, false), (61, false)] {
            let mut claims = good();
            claims.iat = Some(NOW + ahead);
            assert_eq!(check(&claims).is_ok(), fine, "iat {ahead}");
            claims.iat = None;
            claims.nbf = Some(NOW + ahead);
            assert_eq!(check(&claims).is_ok(), fine, "nbf {ahead}");
        }
    }
}
