//! Pushed authorization requests (RFC 9126), the only way to ask.

use super::{Form, caller, details};
use crate::Web;
use crate::problem::Failure;
use app::{AuthorizationRequest, REQUEST_SECONDS};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;

const STATE_LIMIT: usize = 2_048;

/// `POST /oauth/par`.
pub async fn push(
    State(web): State<Arc<Web>>,
    axum::Form(pairs): axum::Form<Vec<(String, String)>>,
) -> Response {
    match take_in(&web, pairs).await {
        Ok(answer) => (StatusCode::CREATED, Json(answer)).into_response(),
        Err(failure) => failure.into_oauth(),
    }
}

async fn take_in(web: &Web, pairs: Vec<(String, String)>) -> Result<Value, Failure> {
    let form = Form::new(pairs)?;
    let caller = caller(web, &form).await?;
    let invalid = |text: &str| Failure::oauth("invalid_request", text);
    if form.get("request_uri").is_some() {
        return Err(invalid("`request_uri` has no place in a pushed request"));
    }
    if form.get("request").is_some() {
        return Err(Failure::oauth("request_not_supported", "signed request objects are not supported"));
    }
    if form.need("response_type")? != "code" {
        return Err(Failure::oauth("unsupported_response_type", "`response_type` is not `code`"));
    }
    let redirect_uri = form.need("redirect_uri")?;
    let registered = caller.partner.clients.get(&caller.client).is_some_and(|c| c.redirect_uris.iter().any(|u| u == redirect_uri));
    if !registered {
        return Err(invalid("`redirect_uri` is not registered for this client"));
    }
    if form.need("code_challenge_method")? != "S256" {
        return Err(invalid("`code_challenge_method` is not `S256`"));
    }
    let code_challenge = form.need("code_challenge")?;
    // A SHA-256 in base64url without padding (RFC 7636 section 4.2).
    if code_challenge.len() != 43 || !code_challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
        return Err(invalid("`code_challenge` is not a base64url SHA-256"));
    }
    let state = form.get("state");
    if state.is_some_and(|s| s.len() > STATE_LIMIT) {
        return Err(invalid("`state` has more than 2048 bytes"));
    }
    if form.get("scope").is_some() {
        return Err(Failure::oauth("invalid_scope", "there are no scopes; ask by `authorization_details`"));
    }
    let (agreement, terms) = details::parse(form.need("authorization_details")?)?;
    let request = AuthorizationRequest {
        partner: caller.partner.id.clone(),
        client: caller.client,
        agreement,
        terms,
        redirect_uri: redirect_uri.to_owned(),
        state: state.map(str::to_owned),
        code_challenge: code_challenge.to_owned(),
    };
    let request_uri = web.app.authorization_push(&request).await?;
    Ok(json!({ "request_uri": request_uri, "expires_in": REQUEST_SECONDS }))
}
