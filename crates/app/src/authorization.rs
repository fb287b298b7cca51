//! From a partner's request to a token: pushed request, the person's answer, code, token.

use crate::accounts::hash_of;
use crate::foresight::Named;
use crate::{App, Denied, Error};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::{AccountId, AgreementRef, ClientId, Grant, GrantId, GrantState, PartnerId, Terms, Time};
use serde::{Deserialize, Serialize};
use store::{Cas, Read, TokenRow};

/// How long a pushed request may wait for the person: RFC 9126 section 2.2, FAPI 2.0 5.3.2.2 (under 600 s).
pub const REQUEST_SECONDS: i64 = 590;
/// FAPI 2.0 5.3.2.1: 60 s at most.
const CODE_SECONDS: i64 = 60;
const ACCESS_SECONDS: i64 = 3600;
const URN: &str = "urn:ietf:params:oauth:request_uri:";

/// What a partner asks a person for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Which partner.
    pub partner: PartnerId,
    /// Through which client.
    pub client: ClientId,
    /// Under which agreement version.
    pub agreement: AgreementRef,
    /// What it asks for.
    pub terms: Terms,
    /// Where to send the person back.
    pub redirect_uri: String,
    /// The client's own state, returned unchanged.
    pub state: Option<String>,
    /// PKCE S256 (RFC 7636 section 4.2).
    pub code_challenge: String,
}

/// Where to send a person back, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The registered address.
    pub redirect_uri: String,
    /// The code, or that she refused.
    pub code: Option<String>,
    /// The client's own state.
    pub state: Option<String>,
}

/// Tokens for a grant.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// For reading.
    pub access: String,
    /// Seconds.
    pub expires_in: i64,
    /// For a new access token; only with the first.
    pub refresh: Option<String>,
    /// The consent they name.
    pub grant: Grant,
}

#[derive(Serialize, Deserialize)]
struct CodeBody {
    grant: GrantId,
    client: ClientId,
    redirect_uri: String,
    code_challenge: String,
}

#[derive(Serialize, Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum TokenKind {
    Access,
    Refresh,
}

#[derive(Serialize, Deserialize)]
struct TokenBody {
    kind: TokenKind,
    grant: GrantId,
    client: ClientId,
    /// Whose grant it is, so that what is hers can be read at the same time as the grant.
    account: AccountId,
}

impl App {
    /// Takes in a pushed request of an authenticated client. Wider than the agreement: refused with the reason.
    pub async fn authorization_push(&self, request: &AuthorizationRequest) -> Result<String, Error> {
        let now = self.clock.now();
        let register = self.register();
        let agreement = register.in_force(&request.agreement, now).ok_or(Denied::Agreement)?;
        if agreement.partner_id != request.partner {
            return Err(Denied::Agreement.into());
        }
        request.terms.check(agreement, now).map_err(Denied::Terms)?;
        let id = BASE64_URL_SAFE_NO_PAD.encode(self.vault.random::<32>());
        let row = TokenRow {
            body: crate::to_json(request)?,
            expires_at: now.plus_seconds(REQUEST_SECONDS).0,
        };
        match self.store.once_put(key_of("request", &id), row).await? {
            Cas::Applied => Ok(format!("{URN}{id}")),
            Cas::Conflict => Err(Error::Unavailable("try again".into())),
        }
    }

    /// Looks at a pushed request. Looking as often as she likes is fine; answering it uses it up.
    pub async fn authorization_request(&self, uri: &str, client: &ClientId) -> Result<AuthorizationRequest, Error> {
        let id = uri.strip_prefix(URN).ok_or(Error::NotFound)?;
        let row = self
            .store
            .once_get(key_of("request", id))
            .await?
            .ok_or(Error::NotFound)?;
        self.request_of(&row, client)
    }

    fn request_of(&self, row: &TokenRow, client: &ClientId) -> Result<AuthorizationRequest, Error> {
        let request: AuthorizationRequest = crate::json_body(&row.body)?;
        if row.expires_at <= self.clock.now().0 || request.client != *client {
            return Err(Error::NotFound);
        }
        Ok(request)
    }

    /// The person's answer: `Some` of what she agrees to (never more than was asked), or `None`.
    pub async fn authorization_answer(
        &self,
        account: AccountId,
        uri: &str,
        client: &ClientId,
        agreed: Option<Terms>,
    ) -> Result<Answer, Error> {
        let request = self.authorization_request(uri, client).await?;
        let now = self.clock.now();
        if let Some(terms) = &agreed {
            if !terms.is_within(&request.terms) {
                return Err(Error::Invalid("more than what was asked for".into()));
            }
            let register = self.register();
            let agreement = register.in_force(&request.agreement, now).ok_or(Denied::Agreement)?;
            terms.check(agreement, now).map_err(Denied::Terms)?;
        }
        let id = uri.strip_prefix(URN).ok_or(Error::NotFound)?;
        // From here on the request is used up: of two answers at once, one counts.
        let row = self
            .store
            .once_take(key_of("request", id))
            .await?
            .ok_or(Error::NotFound)?;
        let request = self.request_of(&row, client)?;
        let mut answer = Answer {
            redirect_uri: request.redirect_uri.clone(),
            code: None,
            state: request.state.clone(),
        };
        if let Some(terms) = agreed {
            let register = self.register();
            let agreement = register.get(&request.agreement).ok_or(Denied::Agreement)?;
            self.ceilings.grant(&agreement.ceilings, &request.partner, now)?;
            answer.code = Some(self.code_issue(account, request, terms, now).await?);
        }
        Ok(answer)
    }

    async fn code_issue(
        &self,
        account: AccountId,
        request: AuthorizationRequest,
        terms: Terms,
        now: Time,
    ) -> Result<String, Error> {
        let grant = Grant {
            id: GrantId(self.vault.random()),
            account,
            partner: request.partner,
            client: request.client.clone(),
            agreement: request.agreement,
            terms,
            state: GrantState::Requested,
            created_at: now,
            updated_at: now,
            unentered: None,
        };
        if self
            .store
            .grant_create(grant.id.0, account.0, crate::to_json(&grant)?)
            .await?
            == Cas::Conflict
        {
            return Err(Error::Unavailable("try again".into()));
        }
        let code = BASE64_URL_SAFE_NO_PAD.encode(self.vault.random::<32>());
        let body = CodeBody {
            grant: grant.id,
            client: request.client,
            redirect_uri: request.redirect_uri,
            code_challenge: request.code_challenge,
        };
        let row = TokenRow {
            body: crate::to_json(&body)?,
            expires_at: now.plus_seconds(CODE_SECONDS).0,
        };
        match self.store.once_put(key_of("code", &code), row).await? {
            Cas::Applied => Ok(code),
            Cas::Conflict => Err(Error::Unavailable("try again".into())),
        }
    }

    /// Redeems a code: once, within a minute, by the client it was made for, with the PKCE verifier.
    /// The grant is in force, and on the ledger, when this returns.
    pub async fn code_redeem(
        &self,
        client: &ClientId,
        code: &str,
        redirect_uri: &str,
        challenge_of_verifier: &str,
    ) -> Result<Tokens, Error> {
        let row = self.store.once_take(key_of("code", code)).await?.ok_or(Denied::Token)?;
        let body: CodeBody = crate::json_body(&row.body)?;
        let now = self.clock.now();
        let right = row.expires_at > now.0
            && body.client == *client
            && body.redirect_uri == redirect_uri
            && body.code_challenge == challenge_of_verifier;
        if !right {
            return Err(Denied::Token.into());
        }
        let grant = self.grant_activate(body.grant).await?;
        let refresh = self.token_issue(TokenKind::Refresh, &grant, grant.terms.until).await?;
        let mut tokens = self.access_issue(grant).await?;
        tokens.refresh = Some(refresh);
        Ok(tokens)
    }

    /// A new access token for a refresh token. The refresh token stays (FAPI 2.0 5.3.2.1: no rotation).
    pub async fn refresh(&self, client: &ClientId, secret: &str) -> Result<Tokens, Error> {
        let grant = self.grant_of_token(secret, TokenKind::Refresh, Some(client)).await?;
        if !grant.is_live(self.clock.now()) {
            return Err(Denied::Token.into());
        }
        self.access_issue(grant).await
    }

    /// The grant that an access token names. Says nothing of whether it is live: `decide` does.
    pub async fn grant_presented(&self, secret: &str) -> Result<Grant, Error> {
        self.grant_of_token(secret, TokenKind::Access, None).await
    }

    /// A client gives a token back (RFC 7009): the grant it names ends with it. An unknown token is no error (section 2.2).
    pub async fn token_revoke(self: &std::sync::Arc<Self>, client: &ClientId, secret: &str) -> Result<(), Error> {
        for kind in [TokenKind::Access, TokenKind::Refresh] {
            match self.grant_of_token(secret, kind, Some(client)).await {
                Ok(grant) => return self.grant_revoke(grant.account, grant.id).await,
                Err(Error::Denied(Denied::Token)) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    async fn access_issue(&self, grant: Grant) -> Result<Tokens, Error> {
        let now = self.clock.now();
        let until = now.plus_seconds(ACCESS_SECONDS).min(grant.terms.until);
        let access = self.token_issue(TokenKind::Access, &grant, until).await?;
        Ok(Tokens {
            access,
            expires_in: (until.0 - now.0) / 1000,
            refresh: None,
            grant,
        })
    }

    async fn token_issue(&self, kind: TokenKind, grant: &Grant, until: Time) -> Result<String, Error> {
        let secret = BASE64_URL_SAFE_NO_PAD.encode(self.vault.random::<32>());
        let body = TokenBody {
            kind,
            grant: grant.id,
            client: grant.client.clone(),
            account: grant.account,
        };
        let row = TokenRow {
            body: crate::to_json(&body)?,
            expires_at: until.0,
        };
        self.store.token_put(hash_of("token", &secret), row).await?;
        Ok(secret)
    }

    async fn grant_of_token(&self, secret: &str, kind: TokenKind, client: Option<&ClientId>) -> Result<Grant, Error> {
        let named = self.token_read(secret, kind, client).await?;
        let (grant, _) = self.grant_read(named.grant).await?.ok_or(Denied::Token)?;
        Ok(grant)
    }

    /// What an access token names.
    pub(crate) async fn token_presented(&self, secret: &str) -> Result<Named, Error> {
        self.token_read(secret, TokenKind::Access, None).await
    }

    async fn token_read(&self, secret: &str, kind: TokenKind, client: Option<&ClientId>) -> Result<Named, Error> {
        let row = self
            .store
            .token_get(hash_of("token", secret), Read::Acknowledged)
            .await?
            .ok_or(Denied::Token)?;
        let body: TokenBody = crate::json_body(&row.body)?;
        if row.expires_at <= self.clock.now().0 || body.kind != kind || client.is_some_and(|c| *c != body.client) {
            return Err(Denied::Token.into());
        }
        Ok(Named {
            grant: body.grant,
            account: body.account,
        })
    }
}

fn key_of(kind: &str, secret: &str) -> Vec<u8> {
    hash_of(kind, secret).to_vec()
}
