//! JMAP (RFC 8620, RFC 8621): one implementation, two kinds of principal. The person's answer is computed from her own
//! view; a partner's inside `App::release`, from a view that holds only what it may see.

mod email;
mod filter;
mod mailbox;
mod methods;
mod session;
mod snippet;
mod sync;

pub use session::{session, well_known};

use crate::Web;
use crate::body::{self, ReleasedBody};
use crate::limits::RequestId;
use crate::line::Line;
use crate::problem::Failure;
use crate::signed_in::bearer;
use crate::turns::{Principal, Turn};
use app::view::View;
use app::{Denied, Entered, Error};
use axum::body::{Body, Bytes};
use axum::extract::{self, Extension, FromRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use methods::Context;
use model::{AccountId, GrantId};
use std::sync::Arc;
use wire::jmap::{DISCLOSURE, DisclosureProof, Request, RequestError};
use wire::limits::{MAX_CONCURRENT_REQUESTS, MAX_SIZE_REQUEST};

/// Who asks.
enum Asker {
    /// A partner, by the token that it showed.
    Partner(String, GrantId),
    /// A person, by her cookie.
    Person(AccountId),
}

/// `POST /jmap`: a partner by its token, or a person by her cookie. Nobody else's body is read.
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
    let principal = match &asker {
        Asker::Partner(_, grant) => Principal::Grant(*grant),
        Asker::Person(account) => Principal::Person(*account),
    };
    let Some(turn) = web.turns.take(principal) else {
        return refused(&RequestError::TooMany(MAX_CONCURRENT_REQUESTS));
    };
    let request = match Bytes::from_request(request, &web).await {
        Ok(body) => Request::parse(&body),
        Err(_) => Err(RequestError::Limit("maxSizeRequest", MAX_SIZE_REQUEST)),
    };
    let request = match request {
        Ok(request) => request,
        Err(error) => return refused(&error),
    };
    match asker {
        Asker::Partner(token, _) => partner(&web, id, line.map(|line| line.0), &token, turn, request).await,
        Asker::Person(account) => person(&web, account, turn, request).await,
    }
}

async fn asker(web: &Web, headers: &HeaderMap) -> Result<Asker, Error> {
    if let Some(token) = bearer(headers) {
        let grant = web.app.grant_presented(token).await?;
        return Ok(Asker::Partner(token.to_owned(), grant.id));
    }
    // A form of another site cannot send JSON with her cookie: the cookie is SameSite, and a JSON type needs leave.
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("application/json"));
    let secret = crate::cookie::read(headers, &web.cookie_name("session")).unwrap_or_default();
    let session = match is_json && !secret.is_empty() {
        true => web.app.session(secret).await?,
        false => None,
    };
    let session = session.ok_or(Error::Denied(Denied::Token))?;
    Ok(Asker::Person(session.person.account))
}

async fn partner(
    web: &Web,
    id: RequestId,
    line: Option<Arc<Line>>,
    token: &str,
    turn: Turn,
    request: Request,
) -> Response {
    let shows_proof = request.uses(DISCLOSURE);
    let context = Context::of(web, request);
    let released = web
        .app
        .release(token, id.0, move |view| Box::pin(context.answer(view)))
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

async fn person(web: &Web, account: AccountId, turn: Turn, request: Request) -> Response {
    let answered = async {
        let mut view = View::own(&web.app, account).await?;
        Context::of(web, request).answer(&mut view).await
    };
    match answered.await {
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
