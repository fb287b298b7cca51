//! Signing in and out.

use super::{Fields, chrome, show, show_as};
use crate::Web;
use crate::origin::Origin;
use crate::problem::Failure;
use crate::signed_in::{SignedIn, Visitor};
use app::{Denied, Error};
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use pages::SignIn;
use std::collections::HashMap;
use std::sync::Arc;

const MONTH: i64 = 30 * 86_400;

/// `GET /sign-in`.
pub async fn sign_in_form(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let next = query.get("next").map(String::as_str).unwrap_or_default();
    show(&SignIn {
        chrome: chrome(&web, visitor.session.as_ref()),
        next: local(next).to_owned(),
        handle: String::new(),
        error: None,
        hint: web.sign_in_hint.clone(),
    })
}

/// `POST /sign-in`.
pub async fn sign_in(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Origin(origin): Origin,
    headers: HeaderMap,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    if is_of_another_site(&headers, &web.app.issuer) {
        let failure = Failure::bad_request("This form was sent by another site. Sign in on a page of this one.");
        return failure.into_page(&web, None, &visitor.request);
    }
    let fields = match Fields::new(form) {
        Ok(fields) => fields,
        Err(failure) => return failure.into_page(&web, None, &visitor.request),
    };
    let (handle, next) = (
        fields.get("handle").trim().to_lowercase(),
        local(fields.get("next")).to_owned(),
    );
    let password = secrecy::SecretString::from(fields.get("password"));
    match web.app.sign_in(&handle, &password, &origin).await {
        Ok((secret, _)) => {
            let mut response = Redirect::to(&next).into_response();
            if let Some(cookie) = web.cookie("session", &secret, MONTH) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(error @ Error::Denied(Denied::Credentials | Denied::RateLimited(_))) => {
            let failure = Failure::from(error);
            let page = SignIn {
                chrome: chrome(&web, None),
                next,
                handle,
                error: Some(failure.detail.clone()),
                hint: web.sign_in_hint.clone(),
            };
            let mut response = show_as(failure.status, &page);
            if let Some(seconds) = failure.retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response
        }
        Err(other) => Failure::from(other).into_page(&web, None, &visitor.request),
    }
}

/// `POST /sign-out`.
pub async fn sign_out(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let ended = async {
        who.check_form(Fields::new(form)?.get("csrf"))?;
        Ok::<_, Failure>(web.app.sign_out(&who.secret).await?)
    };
    match ended.await {
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
        Ok(()) => {
            let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response();
            if let Some(cookie) = web.cookie("session", "", 0) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
    }
}

/// Whether a browser says that another site sent the form: it would sign a person in as somebody else, who then reads what she
/// writes. There is no session yet that a token in the form could be bound to.
fn is_of_another_site(headers: &HeaderMap, issuer: &str) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    // `null` says nothing: it is also what browsers send from our own pages, whose addresses they are told to keep.
    match text("origin") {
        None | Some("null") => false,
        Some(origin) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            origin != issuer && (host.is_none() || host != text("host"))
        }
    }
}

/// Only a path on this site: no open redirect.
fn local(next: &str) -> &str {
    let is_path = next.starts_with('/') && !next.starts_with("//") && !next.starts_with("/\\");
    match is_path && next.len() <= 4_096 && next.bytes().all(|b| b.is_ascii_graphic()) {
        true => next,
        false => "/inbox",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn nobody_is_sent_elsewhere_after_signing_in() {
        for bad in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "",
            "inbox",
            "/a\r\nb",
        ] {
            assert_eq!(super::local(bad), "/inbox");
        }
        assert_eq!(super::local("/readings?before=3"), "/readings?before=3");
    }

    #[test]
    fn another_sites_form_is_told_from_our_own() {
        let is_foreign = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| {
                let name = axum::http::HeaderName::from_static(name);
                (name, axum::http::HeaderValue::from_str(value).unwrap())
            });
            super::is_of_another_site(&headers.collect(), "https://inbox.example")
        };
        for own in [
            &[][..],
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            &[("sec-fetch-site", "none")],
            &[("origin", "null")],
            &[("origin", "https://inbox.example")],
            &[("origin", "http://localhost:8080"), ("host", "localhost:8080")],
        ] {
            assert!(!is_foreign(own), "{own:?}");
        }
        for foreign in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site"), ("origin", "https://inbox.example")],
            &[("origin", "https://evil.example"), ("host", "inbox.example")],
            &[
                ("origin", "https://inbox.example.evil.example"),
                ("host", "inbox.example"),
            ],
            &[("origin", "evil")],
        ] {
            assert!(is_foreign(foreign), "{foreign:?}");
        }
    }
}
