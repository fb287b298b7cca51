//! What a client keeps between its steps.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use wire::oauth::{AuthorizationDetail, Secret};

/// A request that was pushed and waits for the person's answer. Belongs to one browser session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Where the browser goes.
    pub authorize_url: String,
    /// Comes back unchanged.
    pub state: String,
    /// PKCE (RFC 7636): shown to nobody but the token endpoint.
    pub verifier: Secret,
    /// Where the answer comes.
    pub redirect_uri: String,
}

impl Started {
    /// Whether an answer with this `state` is the answer to this request.
    pub fn is_answered_by(&self, state: Option<&str>) -> bool {
        state == Some(self.state.as_str())
    }
}

/// An access token and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Opaque.
    pub access_token: Secret,
    /// Seconds since 1970, by this machine's clock.
    pub expires_at: i64,
    /// What was granted: perhaps less than was asked for.
    pub authorization_details: Vec<AuthorizationDetail>,
    /// Names the consent.
    pub grant_id: Option<String>,
}

impl Token {
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.access_token.expose())
    }
}

/// The S256 challenge of a verifier (RFC 7636 section 4.2).
pub(super) fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    #[test]
    fn the_challenge_of_the_rfc() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn an_answer_without_the_state_is_not_ours() {
        let started = Started {
            authorize_url: String::new(),
            state: "s".into(),
            verifier: "v".to_owned().into(),
            redirect_uri: String::new(),
        };
        assert!(started.is_answered_by(Some("s")));
        assert!(!started.is_answered_by(Some("t")));
        assert!(!started.is_answered_by(None));
    }
}
