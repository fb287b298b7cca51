//! JMAP (RFC 8620, RFC 8621): one implementation, two kinds of principal. The person's answer is computed from her own
//! view; a partner's inside `App::release`, from a view that holds only what it may see.

pub mod blob;
mod email;
mod events;
mod filter;
mod listening;
mod mailbox;
mod methods;
mod own;
mod room;
mod sending;
mod session;
mod snippet;
mod socket;
mod subscription;
mod sync;

pub use events::events;
pub use listening::{partners_pause, view_change, view_types};
pub use own::{States, Types, changed, state_change, states};
pub use session::{session, well_known};
pub use socket::socket;

use crate::Web;
use crate::body::{self, ReleasedBody};
use crate::limits::RequestId;
use crate::line::Line;
use crate::problem::Failure;
use crate::signed_in::bearer;
use crate::turns::{Principal, Turn};
use app::mail::AppAccess;
use app::{App, Denied, Entered, Error};
use axum::body::{Body, Bytes};
use axum::extract::{self, Extension, FromRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use methods::Context;
use model::{AccountId, Grant};
use std::sync::Arc;
use wire::jmap::{DISCLOSURE, DisclosureProof, Request, RequestError};
use wire::limits::{MAX_CONCURRENT_REQUESTS, MAX_SIZE_REQUEST};

/// Who asks.
enum Asker {
    /// A partner, by the token that it showed.
    Partner(String, Arc<Grant>),
    /// A person, by her cookie or the token of her app.
    Person(AccountId, AppAccess),
}

/// `POST /jmap`: a partner by its token, or a person by her cookie or the token of her app. Nobody else's body is read.
pub async fn api(
    State(web): State<Arc<Web>>,
    Extension(id): Extension<RequestId>,
    line: Option<Extension<Arc<Line>>>,
    request: extract::Request,
) -> Response {
    let asker = match asker(&web, request.headers()).await {
        Ok(asker) => asker,
        Err(error) => return Failure::from(error).into_bearer(),
    };
    let Some(turn) = web.turns.take(principal(&asker)) else {
        return refused(&RequestError::TooMany(MAX_CONCURRENT_REQUESTS));
    };
    let key = request
        .headers()
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok());
    let key = key.filter(|key| (1..=255).contains(&key.len())).map(str::to_owned);
    if !is_json(request.headers()) {
        return refused(&RequestError::NotJson(
            "the content type is not application/json".to_owned(),
        ));
    }
    let request = match Bytes::from_request(request, &web).await {
        Ok(body) => Request::parse(&body),
        Err(_) => Err(RequestError::Limit("maxSizeRequest", MAX_SIZE_REQUEST)),
    };
    let request = match request {
        Ok(request) => request,
        Err(error) => return refused(&error),
    };
    match asker {
        Asker::Partner(token, grant) => {
            let context = Context::of(&web, grant, request, key);
            partner(&web, id, line.map(|line| line.0), &token, turn, context).await
        }
        Asker::Person(account, access) => own_answer(&web, account, access, key, turn, request).await,
    }
}

/// On whose behalf a request is.
fn principal(asker: &Asker) -> Principal {
    match asker {
        Asker::Partner(_, grant) => Principal::Grant(grant.id),
        Asker::Person(account, _) => Principal::Person(*account),
    }
}

/// On whose behalf someone listens.
fn principal_listening(asker: &Asker) -> Principal {
    match asker {
        Asker::Partner(_, grant) => Principal::GrantEvents(grant.id),
        Asker::Person(account, _) => Principal::Events(*account),
    }
}

async fn asker(web: &Web, headers: &HeaderMap) -> Result<Asker, Error> {
    if let Some(token) = bearer(headers).filter(|token| !App::is_app_token(token)) {
        let grant = web.app.grant_presented(token).await?;
        return Ok(Asker::Partner(token.to_owned(), Arc::new(grant)));
    }
    let (account, access) = person(web, headers).await?;
    Ok(Asker::Person(account, access))
}

/// The person who asks, by the token of her app or by her cookie.
///
/// A form of another site cannot act with her cookie: it is `SameSite`, and what changes anything is JSON or an upload with
/// a media type, for which a browser would have to ask first.
pub(crate) async fn person(web: &Web, headers: &HeaderMap) -> Result<(AccountId, AppAccess), Error> {
    let denied = || Error::Denied(Denied::Token);
    if let Some((handle, secret)) = app_password(headers) {
        let (account, access) = web.app.app_session(&secret).await?.ok_or_else(denied)?;
        let known = web.app.person(account).await?;
        let is_hers = |person: &app::Person| handle.as_ref().is_none_or(|handle| *handle == person.handle);
        return known.filter(is_hers).map(|_| (account, access)).ok_or_else(denied);
    }
    let secret = crate::cookie::read(headers, &web.cookie_name("session")).unwrap_or_default();
    let is_form = content_type(headers).is_some_and(|t| {
        ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]
            .iter()
            .any(|form| t.starts_with(form))
    });
    let session = match secret.is_empty() || is_form {
        true => None,
        false => web.app.session(secret).await?,
    };
    Ok((session.ok_or_else(denied)?.person.account, AppAccess::Full))
}

/// The token that an app has shown.
fn app_secret(headers: &HeaderMap) -> Option<String> {
    app_password(headers).map(|(_, secret)| secret)
}

/// The token of a person's app, as a bearer token or as a password (RFC 7617), then with her handle or address.
fn app_password(headers: &HeaderMap) -> Option<(Option<String>, String)> {
    if let Some(token) = bearer(headers) {
        return Some((None, token.to_owned()));
    }
    let (scheme, text) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let decoded = BASE64_STANDARD
        .decode(text.trim())
        .ok()
        .filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (user, secret) = decoded.split_once(':')?;
    let handle = user.split('@').next().unwrap_or(user).to_ascii_lowercase();
    Some((Some(handle), secret.to_owned()))
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.trim_start().to_ascii_lowercase())
}

fn is_json(headers: &HeaderMap) -> bool {
    content_type(headers).is_some_and(|t| t.starts_with("application/json"))
}

async fn partner(
    web: &Web,
    id: RequestId,
    line: Option<Arc<Line>>,
    token: &str,
    turn: Turn,
    context: Context,
) -> Response {
    let shows_proof = context.uses(DISCLOSURE);
    let released = web
        .app
        .release_any(token, id.0, move |view| Box::pin(context.answer(view)))
        .await;
    match released {
        Err(error) => Failure::from(error).into_bearer(),
        Ok(released) => {
            let (mut body, entered, permit) = released.into_parts();
            let mut response = Response::builder().status(StatusCode::OK);
            if let Some(entered) = &entered {
                response = response.header("privity-disclosure", entered.index);
                if shows_proof {
                    append_proof(&mut body, entered);
                }
            }
            response
                .header(header::CONTENT_TYPE, "application/json")
                .header(header::CONTENT_LENGTH, body.len())
                .body(Body::new(ReleasedBody::new(body, permit, turn, line)))
                .unwrap_or_else(|_| Failure::busy("the answer could not be written").into_bearer())
        }
    }
}

/// Adds the proof as the last member of the response object. The entry's MAC covers the bytes as they were before: the
/// object without this member.
fn append_proof(body: &mut Vec<u8>, entered: &Entered) {
    let proof = DisclosureProof {
        index: entered.index,
        checkpoint: entered.checkpoint.to_string(),
    };
    if let (Some(b'}'), Ok(json)) = (body.last(), serde_json::to_vec(&proof)) {
        body.pop();
        body.extend_from_slice(b",\"disclosureProof\":");
        body.extend_from_slice(&json);
        body.push(b'}');
    }
}

async fn own_answer(
    web: &Web,
    account: AccountId,
    access: AppAccess,
    key: Option<String>,
    turn: Turn,
    request: Request,
) -> Response {
    match own::answer(web, account, access, key, request).await {
        Ok(body) => (
            [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))],
            body::own(body, turn),
        )
            .into_response(),
        Err(error) => Failure::from(error).into_bearer(),
    }
}

fn refused(error: &RequestError) -> Response {
    let body = serde_json::to_vec(&error.problem()).unwrap_or_default();
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
    if status == StatusCode::TOO_MANY_REQUESTS {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
