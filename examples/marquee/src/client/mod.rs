//! A partner's client: OAuth 2.0 as FAPI 2.0 asks of clients, JMAP, and the platform's catalogue and receipts. Blocking; one
//! `PartnerClient` may be shared by threads and keeps its connections.

mod error;
mod flow;
mod http;

pub use error::PartnerError;
pub use flow::{Started, Token};

use crate::{Catalogue, SigningKey, outside};
use http::{MAX_ANSWER, MAX_SMALL_ANSWER};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::OnceLock;
use wire::jmap::{MethodCall, Request, Response, Session};
use wire::oauth::{
    AuthorizationDetail, AuthorizationServerMetadata, CLIENT_ASSERTION_TYPE, ClientAssertionClaims,
    PushedAuthorizationRequest, PushedAuthorizationResponse, RevocationRequest, Secret, TokenRequest, TokenResponse,
    TokenType, well_known,
};

/// How long an assertion is good for, in seconds: it is made for one request.
const ASSERTION_SECONDS: i64 = 55;

/// A client of one platform.
pub struct PartnerClient {
    agent: ureq::Agent,
    metadata: AuthorizationServerMetadata,
    client_id: String,
    key: SigningKey,
    /// Where JMAP requests go; from the first session object.
    api_url: OnceLock<String>,
}

impl PartnerClient {
    /// Reads the platform's metadata (RFC 8414) and holds it to FAPI 2.0: its issuer is the one asked for, it takes pushed
    /// requests, and every endpoint is https, or http on this very machine.
    pub fn discover(issuer: &str, client_id: &str, key: SigningKey) -> Result<Self, PartnerError> {
        Self::discover_trusting(issuer, client_id, key, None)
    }

    /// The same, of a platform that is vouched for by an authority of one's own: its certificate, in PEM.
    pub fn discover_trusting(
        issuer: &str,
        client_id: &str,
        key: SigningKey,
        authority: Option<&[u8]>,
    ) -> Result<Self, PartnerError> {
        http::require_safe(issuer)?;
        let agent = http::agent(issuer, authority)?;
        let found = agent.get(well_known(issuer, "oauth-authorization-server")).call();
        let metadata: AuthorizationServerMetadata = read(&http::body(found, MAX_SMALL_ANSWER)?)?;
        if metadata.issuer != issuer {
            return Err(PartnerError::Protocol(format!(
                "the metadata is of the issuer `{}`, not `{issuer}`",
                metadata.issuer
            )));
        }
        for endpoint in [
            &metadata.authorization_endpoint,
            &metadata.token_endpoint,
            &metadata.pushed_authorization_request_endpoint,
            &metadata.revocation_endpoint,
        ] {
            http::require_safe(endpoint)?;
        }
        if !metadata.authorization_response_iss_parameter_supported {
            return Err(PartnerError::Protocol(
                "the platform does not send `iss` (RFC 9207)".to_owned(),
            ));
        }
        Ok(Self {
            agent,
            metadata,
            client_id: client_id.to_owned(),
            key,
            api_url: OnceLock::new(),
        })
    }

    /// The platform's issuer identifier.
    pub fn issuer(&self) -> &str {
        &self.metadata.issuer
    }

    /// Pushes a request (RFC 9126) with a fresh `state` and PKCE verifier; the browser goes to `authorize_url` next.
    pub fn push(&self, details: &[AuthorizationDetail], redirect_uri: &str) -> Result<Started, PartnerError> {
        let (state, verifier) = (outside::random_text(), outside::random_text());
        let form = PushedAuthorizationRequest {
            client_id: Some(self.client_id.clone()),
            response_type: Some("code".to_owned()),
            redirect_uri: Some(redirect_uri.to_owned()),
            state: Some(state.clone()),
            code_challenge: Some(flow::challenge(&verifier)),
            code_challenge_method: Some("S256".to_owned()),
            authorization_details: Some(to_json(&details)?),
            client_assertion_type: Some(CLIENT_ASSERTION_TYPE.to_owned()),
            client_assertion: Some(self.assertion()?),
            ..Default::default()
        };
        let sent = self
            .agent
            .post(&self.metadata.pushed_authorization_request_endpoint)
            .send_form(pairs(&form)?);
        let pushed: PushedAuthorizationResponse = read(&http::body(sent, MAX_SMALL_ANSWER)?)?;
        let authorize_url = http::with_query(
            &self.metadata.authorization_endpoint,
            &[("client_id", &self.client_id), ("request_uri", &pushed.request_uri)],
        );
        Ok(Started {
            authorize_url,
            state,
            verifier: verifier.into(),
            redirect_uri: redirect_uri.to_owned(),
        })
    }

    /// Redeems the code that came back, if it came from this platform (`iss`, RFC 9207). The `state` must have been compared
    /// before: [`Started::is_answered_by`].
    pub fn redeem(&self, code: &str, started: &Started, iss: &str) -> Result<Token, PartnerError> {
        if iss != self.metadata.issuer {
            return Err(PartnerError::Protocol(
                "the answer carries the `iss` of someone else".to_owned(),
            ));
        }
        let form = TokenRequest {
            client_id: Some(self.client_id.clone()),
            grant_type: Some("authorization_code".to_owned()),
            code: Some(code.to_owned().into()),
            redirect_uri: Some(started.redirect_uri.clone()),
            code_verifier: Some(started.verifier.clone()),
            client_assertion_type: Some(CLIENT_ASSERTION_TYPE.to_owned()),
            client_assertion: Some(self.assertion()?),
            ..Default::default()
        };
        let sent = self.agent.post(&self.metadata.token_endpoint).send_form(pairs(&form)?);
        let granted: TokenResponse = read(&http::body(sent, MAX_SMALL_ANSWER)?)?;
        if granted.token_type != TokenType::Bearer {
            return Err(PartnerError::Protocol("a token that is not a bearer token".to_owned()));
        }
        let lifetime = i64::try_from(granted.expires_in).unwrap_or(i64::MAX);
        Ok(Token {
            access_token: granted.access_token,
            expires_at: outside::now().saturating_add(lifetime),
            authorization_details: granted.authorization_details,
            grant_id: granted.grant_id,
        })
    }

    /// The session object (RFC 8620 section 2). Discloses nothing; refused if the permission does not stand any more.
    pub fn session(&self, token: &Token) -> Result<Session, PartnerError> {
        let found = self
            .agent
            .get(well_known(self.issuer(), "jmap"))
            .header("Authorization", token.bearer())
            .call();
        let session: Session = read(&http::body(found, MAX_SMALL_ANSWER)?)?;
        if !http::is_same_origin(&session.api_url, self.issuer()) {
            return Err(PartnerError::Protocol(
                "the `apiUrl` is on another host: it gets no token".to_owned(),
            ));
        }
        Ok(session)
    }

    /// One JMAP request (RFC 8620 section 3). Errors of single methods are in the response.
    pub fn jmap(&self, token: &Token, using: &[&str], method_calls: Vec<MethodCall>) -> Result<Response, PartnerError> {
        let api_url = match self.api_url.get() {
            Some(known) => known.clone(),
            None => {
                let found = self.session(token)?.api_url;
                self.api_url.get_or_init(|| found).clone()
            }
        };
        let using = using.iter().map(|&urn| urn.to_owned()).collect();
        let request = Request {
            using,
            method_calls,
            created_ids: None,
        };
        let sent = self
            .agent
            .post(&api_url)
            .header("Authorization", token.bearer())
            .send_json(&request);
        read(&http::body(sent, MAX_ANSWER)?)
    }

    /// The receipt of a ledger entry that this client's own reading made: the text of a C2SP tlog-proof.
    pub fn receipt(&self, token: &Token, index: u64) -> Result<String, PartnerError> {
        let address = format!("{}/ledger/receipts/{index}", self.issuer());
        let found = self.agent.get(address).header("Authorization", token.bearer()).call();
        let text = http::body(found, MAX_SMALL_ANSWER)?;
        String::from_utf8(text).map_err(|_| PartnerError::Protocol("a receipt that is not text".to_owned()))
    }

    /// Gives the token back (RFC 7009). A token the platform does not know is given back already.
    pub fn revoke(&self, token: &Token) -> Result<(), PartnerError> {
        let form = RevocationRequest {
            client_id: Some(self.client_id.clone()),
            token: Some(token.access_token.clone()),
            token_type_hint: Some("access_token".to_owned()),
            client_assertion_type: Some(CLIENT_ASSERTION_TYPE.to_owned()),
            client_assertion: Some(self.assertion()?),
        };
        let sent = self
            .agent
            .post(&self.metadata.revocation_endpoint)
            .send_form(pairs(&form)?);
        http::body(sent, MAX_SMALL_ANSWER).map(drop)
    }

    /// Replaces the catalogue in which the platform looks for mentions.
    pub fn upload_catalogue(&self, catalogue: &Catalogue) -> Result<(), PartnerError> {
        let text = catalogue
            .to_csv()
            .map_err(|e| PartnerError::Protocol(format!("the catalogue: {e}")))?;
        let bearer = format!("Bearer {}", self.assertion()?.expose());
        let address = format!("{}/partner/catalogue", self.issuer());
        let sent = self
            .agent
            .put(address)
            .header("Authorization", bearer)
            .content_type("text/csv")
            .send(&text);
        http::body(sent, MAX_SMALL_ANSWER).map(drop)
    }

    /// Files a report: the zip that `privity report build` makes. The answer is the platform's, also if it refuses the report
    /// (its status is then 413 or 422, and the answer a problem with `faults` or `differences`).
    pub fn file_report(&self, zip: &[u8], agreement: &str, period: u32) -> Result<(u16, Value), PartnerError> {
        let bearer = format!("Bearer {}", self.assertion()?.expose());
        let address = format!("{}/reports", self.issuer());
        let address = http::with_query(&address, &[("agreement", agreement), ("period", &period.to_string())]);
        let sent = self
            .agent
            .post(address)
            .header("Authorization", bearer)
            .content_type("application/zip")
            .send(zip);
        let (status, body) = http::answered(sent, MAX_ANSWER, &[413, 422])?;
        Ok((status, read(&body)?))
    }

    /// The ledger's public key, as the platform tells it.
    pub fn ledger_key(&self) -> Result<String, PartnerError> {
        let found = self.agent.get(format!("{}/ledger/key", self.issuer())).call();
        let text = http::body(found, MAX_SMALL_ANSWER)?;
        let text = String::from_utf8(text).map_err(|_| PartnerError::Protocol("a key that is not text".to_owned()))?;
        Ok(text.trim().to_owned())
    }

    /// A client assertion (RFC 7523): for one request, to the issuer as a string, and gone in a minute.
    fn assertion(&self) -> Result<Secret, PartnerError> {
        let now = outside::now();
        let claims = ClientAssertionClaims {
            iss: self.client_id.clone(),
            sub: self.client_id.clone(),
            aud: self.metadata.issuer.clone(),
            jti: outside::random_text(),
            exp: now + ASSERTION_SECONDS,
            iat: Some(now),
            nbf: None,
        };
        let signed = self.key.sign(&claims);
        signed
            .map(Secret::from)
            .map_err(|e| PartnerError::Protocol(format!("the signing key: {e}")))
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, PartnerError> {
    // Serde's text may repeat what was read, and that may be a token: only the place is told.
    serde_json::from_slice(body).map_err(|e| {
        PartnerError::Protocol(format!(
            "an answer of another shape, at line {} column {}",
            e.line(),
            e.column()
        ))
    })
}

fn to_json(value: &impl serde::Serialize) -> Result<String, PartnerError> {
    serde_json::to_string(value).map_err(|e| PartnerError::Protocol(format!("a request that cannot be written: {e}")))
}

/// The members of a form that are there.
fn pairs(form: &impl serde::Serialize) -> Result<Vec<(String, String)>, PartnerError> {
    match serde_json::to_value(form) {
        Ok(Value::Object(members)) => Ok(members
            .into_iter()
            .filter_map(|(name, value)| match value {
                Value::String(text) => Some((name, text)),
                _ => None,
            })
            .collect()),
        _ => Err(PartnerError::Protocol("a form that cannot be written".to_owned())),
    }
}
