//! JMAP (RFC 8620, RFC 8621): one implementation, two kinds of principal. The person's answer is computed from her own
//! view; a partner's inside `App::release`, from a view that holds only what it may see.

mod email;
mod filter;
mod mailbox;
mod methods;
mod session;

pub use session::{session, well_known};

use crate::Web;
use crate::body::ReleasedBody;
use crate::limits::RequestId;
use crate::line::Line;
use crate::problem::Failure;
use crate::signed_in::bearer;
use app::view::View;
use app::{Denied, Entered, Error};
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use methods::Context;
use std::sync::Arc;
use wire::jmap::{DISCLOSURE, DisclosureProof, Request, RequestError};

/// `POST /jmap`: a partner by its token, or a person by her cookie.
pub async fn api(
    State(web): State<Arc<Web>>,
    Extension(id): Extension<RequestId>,
    line: Option<Extension<Arc<Line>>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let request = match body {
        Ok(body) => Request::parse(&body),
        Err(_) => Err(RequestError::Limit("maxSizeRequest", wire::limits::MAX_SIZE_REQUEST)),
    };
    let request = match request {
        Ok(request) => request,
        Err(error) => return refused(&error),
    };
    match bearer(&headers) {
        Some(token) => partner(&web, id, line.map(|line| line.0), token, request).await,
        None => person(&web, &headers, request).await,
    }
}

async fn partner(web: &Web, id: RequestId, line: Option<Arc<Line>>, token: &str, request: Request) -> Response {
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
                .body(Body::new(ReleasedBody::new(body, permit, line)))
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

async fn person(web: &Web, headers: &HeaderMap, request: Request) -> Response {
    // A form of another site cannot send JSON with her cookie: the cookie is SameSite, and a JSON type needs leave.
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("application/json"));
    let secret = crate::cookie::read(headers, &web.cookie_name("session")).unwrap_or_default();
    let answered = async {
        let session = match is_json && !secret.is_empty() {
            true => web.app.session(secret).await?,
            false => None,
        };
        let session = session.ok_or(Error::Denied(Denied::Token))?;
        let mut view = View::own(&web.app, session.person.account).await?;
        Context::of(web, request).answer(&mut view).await
    };
    match answered.await {
        Ok(body) => (
            [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))],
            body,
        )
            .into_response(),
        Err(error) => Failure::from(error).into_bearer(),
    }
}

fn refused(error: &RequestError) -> Response {
    let body = serde_json::to_vec(&error.problem()).unwrap_or_default();
    (
        StatusCode::BAD_REQUEST,
        [(header::CONTENT_TYPE, "application/problem+json")],
        body,
    )
        .into_response()
}
