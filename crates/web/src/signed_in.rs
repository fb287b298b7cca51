//! Who is asking: a signed-in person by her cookie, or a partner by its token.

use crate::Web;
use crate::limits::RequestId;
use crate::problem::Failure;
use app::Session;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use std::sync::Arc;

/// A person who is signed in. Who is not is sent to sign in first, and comes back.
pub struct SignedIn {
    /// Who.
    pub session: Session,
    /// The secret of her cookie.
    pub secret: String,
    /// The name of this request.
    pub request: RequestId,
}

/// Whoever it is: signed in or not.
pub struct Visitor {
    /// Who, if signed in.
    pub session: Option<Session>,
    /// The name of this request.
    pub request: RequestId,
}

impl FromRequestParts<Arc<Web>> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Response> {
        let request = request_id(parts);
        let secret = crate::cookie::read(&parts.headers, &web.cookie_name("session"))
            .unwrap_or_default()
            .to_owned();
        match session_of(web, &secret).await {
            Ok(Some(session)) => Ok(Self {
                session,
                secret,
                request,
            }),
            Ok(None) => {
                let here = match parts.method == axum::http::Method::GET {
                    true => parts.uri.path_and_query().map_or("/inbox", |p| p.as_str()),
                    false => "/inbox",
                };
                Err(Redirect::to(&format!("/sign-in?next={}", crate::oauth::form_encode(here))).into_response())
            }
            Err(failure) => Err(failure.into_page(web, None, &request)),
        }
    }
}

impl FromRequestParts<Arc<Web>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Response> {
        let request = request_id(parts);
        let secret = crate::cookie::read(&parts.headers, &web.cookie_name("session")).unwrap_or_default();
        match session_of(web, secret).await {
            Ok(session) => Ok(Self { session, request }),
            Err(failure) => Err(failure.into_page(web, None, &request)),
        }
    }
}

impl SignedIn {
    /// A form counts only with its token: another site can make a browser send a form, but cannot know it.
    pub fn check_form(&self, csrf: &str) -> Result<(), Failure> {
        // Both are 256-bit hashes of secrets; how far they agree tells nothing of use.
        match csrf == self.session.csrf {
            true => Ok(()),
            false => Err(Failure::bad_request(
                "This form is out of date. Go back, reload the page, and try again.",
            )),
        }
    }
}

async fn session_of(web: &Web, secret: &str) -> Result<Option<Session>, Failure> {
    if secret.is_empty() || secret.len() > 128 {
        return Ok(None);
    }
    web.app.session(secret).await.map_err(Failure::from)
}

fn request_id(parts: &Parts) -> RequestId {
    parts
        .extensions
        .get::<RequestId>()
        .cloned()
        .unwrap_or_else(|| RequestId(String::new()))
}

/// The token of the `Authorization` header (RFC 6750 section 2.1; the scheme in any case). Never taken from elsewhere.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= 8_192).then_some(token)
}
