//! Pushed authorization requests (RFC 9126), the only way to ask.

use super::{check_assertion, detail, read};
use crate::Web;
use crate::problem::Failure;
use app::{AuthorizationRequest, REQUEST_SECONDS};
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use std::sync::Arc;
use wire::oauth::{ErrorCode, OAuthError, PushedAuthorizationRequest, PushedAuthorizationResponse};

/// `POST /oauth/par`.
pub async fn push(
    State(web): State<Arc<Web>>,
    form: Result<Form<PushedAuthorizationRequest>, FormRejection>,
) -> Response {
    let taken_in = async { take_in(&web, read(form)?).await };
    match taken_in.await {
        Ok(answer) => (StatusCode::CREATED, Json(answer)).into_response(),
        Err(failure) => failure.into_oauth(),
    }
}

async fn take_in(web: &Web, form: PushedAuthorizationRequest) -> Result<PushedAuthorizationResponse, Failure> {
    let caller = check_assertion(&web.app, &form.client_authentication()?).await?;
    let pushed = form.check()?;
    let registered = caller.partner.clients.get(&caller.client);
    if !registered.is_some_and(|client| client.redirect_uris.contains(&pushed.redirect_uri)) {
        let error = OAuthError::new(
            ErrorCode::InvalidRequest,
            "`redirect_uri` is not registered for this client",
        );
        return Err(error.into());
    }
    let (agreement, terms) = detail::asked(pushed.authorization_details)?;
    let request = AuthorizationRequest {
        partner: caller.partner.id.clone(),
        client: caller.client,
        agreement,
        terms,
        redirect_uri: pushed.redirect_uri,
        state: pushed.state,
        code_challenge: pushed.code_challenge,
    };
    let request_uri = web.app.authorization_push(&request).await?;
    Ok(PushedAuthorizationResponse {
        request_uri,
        expires_in: REQUEST_SECONDS.unsigned_abs(),
    })
}
