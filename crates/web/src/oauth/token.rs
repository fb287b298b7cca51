//! Token endpoint (RFC 6749 section 3.2) and revocation (RFC 7009).

use super::{Form, caller, details};
use crate::Web;
use crate::problem::Failure;
use app::{Denied, Error, Tokens};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// `POST /oauth/token`.
pub async fn token(
    State(web): State<Arc<Web>>,
    axum::Form(pairs): axum::Form<Vec<(String, String)>>,
) -> Response {
    match exchange(&web, pairs).await {
        Ok(answer) => Json(answer).into_response(),
        Err(failure) => failure.into_oauth(),
    }
}

async fn exchange(web: &Web, pairs: Vec<(String, String)>) -> Result<Value, Failure> {
    let form = Form::new(pairs)?;
    let caller = caller(web, &form).await?;
    let tokens = match form.need("grant_type")? {
        "authorization_code" => {
            let verifier = form.need("code_verifier")?;
            if !(43..=128).contains(&verifier.len()) {
                return Err(Failure::oauth("invalid_grant", "`code_verifier` has 43 to 128 characters"));
            }
            let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
            let (code, redirect_uri) = (form.need("code")?, form.need("redirect_uri")?);
            web.app.code_redeem(&caller.client, code, redirect_uri, &challenge).await
        }
        "refresh_token" => web.app.refresh(&caller.client, form.need("refresh_token")?).await,
        _ => return Err(Failure::oauth("unsupported_grant_type", "`grant_type` is authorization_code or refresh_token")),
    };
    match tokens {
        Ok(tokens) => Ok(response(&tokens)),
        Err(Error::Denied(Denied::Token)) => Err(Failure::oauth(
            "invalid_grant",
            "the code or refresh token is unknown, used, expired, revoked, or for another client, address or verifier",
        )),
        Err(other) => Err(other.into()),
    }
}

fn response(tokens: &Tokens) -> Value {
    let mut answer = json!({
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        "grant_id": tokens.grant.id,
        "authorization_details": [details::granted(&tokens.grant)],
    });
    if let (Some(refresh), Some(object)) = (&tokens.refresh, answer.as_object_mut()) {
        object.insert("refresh_token".into(), json!(refresh));
    }
    answer
}

/// `POST /oauth/revoke`. An unknown token is answered like a known one (RFC 7009 section 2.2).
pub async fn revoke(
    State(web): State<Arc<Web>>,
    axum::Form(pairs): axum::Form<Vec<(String, String)>>,
) -> Response {
    let revoked = async {
        let form = Form::new(pairs)?;
        let caller = caller(&web, &form).await?;
        web.app.token_revoke(&caller.client, form.need("token")?).await?;
        Ok::<_, Failure>(())
    };
    match revoked.await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(failure) => failure.into_oauth(),
    }
}
