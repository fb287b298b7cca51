//! Token endpoint (RFC 6749 section 3.2) and revocation (RFC 7009).

use super::{check_assertion, detail, read};
use crate::Web;
use crate::problem::Failure;
use app::{Denied, Error};
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use wire::oauth::{ErrorCode, OAuthError, RevocationRequest, TokenGrant, TokenRequest, TokenResponse, TokenType};

/// `POST /oauth/token`.
pub async fn token(State(web): State<Arc<Web>>, form: Result<Form<TokenRequest>, FormRejection>) -> Response {
    let exchanged = async { exchange(&web, read(form)?).await };
    match exchanged.await {
        Ok(answer) => Json(answer).into_response(),
        Err(failure) => failure.into_oauth(),
    }
}

async fn exchange(web: &Web, form: TokenRequest) -> Result<TokenResponse, Failure> {
    let caller = check_assertion(&web.app, &form.client_authentication()?).await?;
    let tokens = match form.check()? {
        TokenGrant::Code {
            code,
            redirect_uri,
            code_verifier,
        } => {
            // RFC 7636 section 4.6.
            let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(code_verifier.expose().as_bytes()));
            web.app
                .code_redeem(&caller.client, code.expose(), &redirect_uri, &challenge)
                .await
        }
        TokenGrant::Refresh(secret) => web.app.refresh(&caller.client, secret.expose()).await,
    };
    let tokens = tokens.map_err(|error| match error {
        Error::Denied(Denied::Token) => {
            let why = "unknown, used, expired or revoked, or for another client, address or verifier";
            Failure::from(OAuthError::new(ErrorCode::InvalidGrant, why))
        }
        other => other.into(),
    })?;
    Ok(TokenResponse {
        access_token: tokens.access.into(),
        token_type: TokenType::Bearer,
        expires_in: tokens.expires_in.unsigned_abs(),
        authorization_details: vec![detail::granted(&web.app, &tokens.grant)],
        grant_id: Some(tokens.grant.id.to_string()),
        refresh_token: tokens.refresh.map(Into::into),
    })
}

/// `POST /oauth/revoke`. An unknown token is answered like a known one (RFC 7009 section 2.2).
pub async fn revoke(State(web): State<Arc<Web>>, form: Result<Form<RevocationRequest>, FormRejection>) -> Response {
    let revoked = async {
        let form = read(form)?;
        let caller = check_assertion(&web.app, &form.client_authentication()?).await?;
        web.app.token_revoke(&caller.client, form.check()?.expose()).await?;
        Ok::<_, Failure>(())
    };
    match revoked.await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(failure) => failure.into_oauth(),
    }
}
