//! What happens at each address.

use super::Site;
use super::pages;
use super::visitors::{Connected, Name, Notice, Stage, Visitors, cookie, name_in};
use crate::client::{PartnerError, Token};
use crate::{outside, shelf};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use std::sync::{Arc, MutexGuard, PoisonError};
use wire::oauth::{Action, AuthorizationDetail, Conversations, Field, Purpose};

/// How long we ask for: 30 days. She can make it shorter.
const ASK_SECONDS: i64 = 30 * 86_400;

type Shared = State<Arc<Site>>;

/// `GET /`: the front of the house, or the row from one's conversations.
pub async fn home(State(site): Shared, headers: HeaderMap) -> Response {
    let Some(name) = name_in(&headers) else {
        return page(&site, StatusCode::OK, pages::landing(&site.catalogue, None));
    };
    let stage = site.visitors().stage(&name, outside::now());
    let mut unreachable = false;
    if let Some(Stage::Connected(connected)) = &stage {
        // Asking whether we still may discloses nothing, and means that a withdrawal shows at the next look.
        let token = Arc::clone(&connected.token);
        match still_allowed(&site, &token).await {
            Err(error) if ends_permission(&error, &token) => {
                site.visitors().forget(&name, &connected.token, why_gone(&token));
            }
            Err(_) => unreachable = true,
            Ok(()) => {}
        }
    }
    let (stage, notice) = {
        let mut visitors = site.visitors();
        (visitors.stage(&name, outside::now()), visitors.notice(&name))
    };
    let notice = notice.or(unreachable.then_some(Notice::Busy));
    let html = match stage {
        Some(Stage::Connected(connected)) => {
            pages::connected(&site.catalogue, &connected, &site.config.platform_issuer, notice)
        }
        _ => pages::landing(&site.catalogue, notice),
    };
    page(&site, StatusCode::OK, html)
}

async fn still_allowed(site: &Arc<Site>, token: &Arc<Token>) -> Result<(), PartnerError> {
    let token = Arc::clone(token);
    site.call(move |platform| platform.session(&token).map(drop)).await
}

fn ends_permission(error: &PartnerError, token: &Token) -> bool {
    error.is_permission_gone() || token.expires_at <= outside::now()
}

fn why_gone(token: &Token) -> Notice {
    if token.expires_at <= outside::now() {
        Notice::RanOut
    } else {
        Notice::TakenBack
    }
}

/// `POST /connect`: asks the platform, then sends the browser there.
pub async fn connect(State(site): Shared, headers: HeaderMap) -> Response {
    if !is_from_here(&site, &headers) {
        return elsewhere(&site);
    }
    let (detail, redirect_uri) = (wanted(&site), site.redirect_uri());
    let pushed = site.call(move |platform| platform.push(&[detail], &redirect_uri)).await;
    let now = outside::now();
    let mut visitors = site.visitors();
    if let Some(name) = name_in(&headers) {
        visitors.leave(&name);
    }
    match pushed {
        Ok(started) => {
            let to = started.authorize_url.clone();
            let secret = visitors.enter(Stage::Asking(started), None, now);
            see_other(&to, Some(&cookie(&secret, &site.config.own_url)))
        }
        Err(error) => {
            let secret = visitors.enter(Stage::Browsing, Some(trouble(&error)), now);
            see_other("/", Some(&cookie(&secret, &site.config.own_url)))
        }
    }
}

/// What we ask for: mentions, to read, for recommendations. The least that does the job.
fn wanted(site: &Site) -> AuthorizationDetail {
    AuthorizationDetail {
        agreement: site.config.agreement.clone(),
        purpose: Purpose::Recommendations,
        actions: vec![Action::Read],
        fields: vec![Field::Mentions],
        conversations: Conversations::All,
        until: outside::rfc3339(outside::now() + ASK_SECONDS),
    }
}

/// An authorization response (RFC 6749 section 4.1.2, RFC 9207).
#[derive(Deserialize)]
pub struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// `GET /callback`: the browser comes back with the person's answer.
pub async fn callback(State(site): Shared, headers: HeaderMap, Query(answer): Query<Answer>) -> Response {
    let now = outside::now();
    let asked = name_in(&headers).and_then(|name| {
        let mut visitors = site.visitors();
        match visitors.stage(&name, now) {
            // One answer for one question: the question is used up, whatever the answer.
            Some(Stage::Asking(started)) if started.is_answered_by(answer.state.as_deref()) => {
                visitors.leave(&name);
                Some(started)
            }
            _ => None,
        }
    });
    let Some(started) = asked else {
        return page(
            &site,
            StatusCode::BAD_REQUEST,
            pages::plain("That is not an answer to us", pages::NOT_ASKED),
        );
    };
    if answer.iss.as_deref() != Some(site.config.platform_issuer.as_str()) {
        return enter(&site, Stage::Browsing, Some(Notice::Broken));
    }
    let code = match (answer.code, answer.error.as_deref()) {
        (Some(code), None) => code,
        (_, Some("access_denied")) => return enter(&site, Stage::Browsing, Some(Notice::Declined)),
        _ => return enter(&site, Stage::Browsing, Some(Notice::Broken)),
    };
    let redeemed = site
        .call(move |platform| platform.redeem(&code, &started, platform.issuer()))
        .await;
    match redeemed {
        Ok(token) => first_reading(&site, Arc::new(token)).await,
        Err(error) => enter(&site, Stage::Browsing, Some(trouble(&error))),
    }
}

/// Reads for the first time. If the platform is busy we are connected all the same.
async fn first_reading(site: &Arc<Site>, token: Arc<Token>) -> Response {
    match read_inbox(site, &token).await {
        Ok(shelf) => enter(
            site,
            Stage::Connected(Connected {
                token,
                shelf: Some(Arc::new(shelf)),
            }),
            None,
        ),
        Err(error) if ends_permission(&error, &token) => enter(site, Stage::Browsing, Some(why_gone(&token))),
        Err(error) => enter(
            site,
            Stage::Connected(Connected { token, shelf: None }),
            Some(trouble(&error)),
        ),
    }
}

async fn read_inbox(site: &Arc<Site>, token: &Arc<Token>) -> Result<shelf::Shelf, PartnerError> {
    let (token, this) = (Arc::clone(token), Arc::clone(site));
    site.call(move |platform| shelf::read(platform, &token, &this.catalogue))
        .await
}

/// `POST /again`: reads again, and makes another entry in the ledger.
pub async fn again(State(site): Shared, headers: HeaderMap) -> Response {
    if !is_from_here(&site, &headers) {
        return elsewhere(&site);
    }
    let Some((name, connected)) = connected(&site, &headers) else {
        return see_other("/", None);
    };
    let read = read_inbox(&site, &connected.token).await;
    let mut visitors = site.visitors();
    match read {
        Ok(shelf) => visitors.fill(&name, &connected.token, shelf),
        Err(error) if ends_permission(&error, &connected.token) => {
            visitors.forget(&name, &connected.token, why_gone(&connected.token));
        }
        Err(error) => visitors.tell(&name, trouble(&error)),
    }
    see_other("/", None)
}

/// `POST /disconnect`: gives the permission back and forgets.
pub async fn disconnect(State(site): Shared, headers: HeaderMap) -> Response {
    if !is_from_here(&site, &headers) {
        return elsewhere(&site);
    }
    let Some((name, connected)) = connected(&site, &headers) else {
        return see_other("/", None);
    };
    // Forgotten first: whatever the platform answers, nothing stays here.
    site.visitors().leave(&name);
    let token = connected.token;
    let told = site.call(move |platform| platform.revoke(&token)).await;
    enter(
        &site,
        Stage::Browsing,
        Some(if told.is_ok() {
            Notice::Disconnected
        } else {
            Notice::DisconnectedUntold
        }),
    )
}

/// `GET /receipt`: the proof that the last reading is in the ledger.
pub async fn receipt(State(site): Shared, headers: HeaderMap) -> Response {
    let entry = connected(&site, &headers).and_then(|(_, c)| Some((c.shelf?.entry?, c.token)));
    let Some((index, token)) = entry else {
        return nothing_here(State(site)).await;
    };
    match site.call(move |platform| platform.receipt(&token, index)).await {
        Ok(text) => {
            let headers = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
                (
                    header::CONTENT_DISPOSITION,
                    format!("attachment; filename=\"receipt-{index}.tlog-proof\""),
                ),
                (header::CACHE_CONTROL, "no-store".to_owned()),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
            ];
            (headers, text).into_response()
        }
        Err(_) => page(
            &site,
            StatusCode::BAD_GATEWAY,
            pages::plain("No receipt just now", pages::NO_RECEIPT),
        ),
    }
}

/// `GET /marquee.css`.
pub async fn style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "max-age=3600"),
    ];
    (headers, include_str!("../../templates/marquee.css")).into_response()
}

/// Every other address.
pub async fn nothing_here(State(site): Shared) -> Response {
    page(
        &site,
        StatusCode::NOT_FOUND,
        pages::plain("Nothing on this screen", pages::NOTHING_HERE),
    )
}

fn connected(site: &Site, headers: &HeaderMap) -> Option<(Name, Connected)> {
    let name = name_in(headers)?;
    match site.visitors().stage(&name, outside::now())? {
        Stage::Connected(connected) => Some((name, connected)),
        _ => None,
    }
}

/// Lets a visitor in under a new cookie and shows her the front page.
fn enter(site: &Site, stage: Stage, notice: Option<Notice>) -> Response {
    let secret = site.visitors().enter(stage, notice, outside::now());
    see_other("/", Some(&cookie(&secret, &site.config.own_url)))
}

fn trouble(error: &PartnerError) -> Notice {
    match error {
        PartnerError::Unavailable { .. } | PartnerError::Network(_) => Notice::Busy,
        PartnerError::Refused { .. } | PartnerError::Protocol(_) => Notice::Broken,
    }
}

/// A form of ours is sent from a page of ours: browsers say where a POST comes from.
fn is_from_here(site: &Site, headers: &HeaderMap) -> bool {
    match headers.get(header::ORIGIN) {
        Some(origin) => origin.to_str().is_ok_and(|o| o == site.config.own_url),
        None => headers.get("sec-fetch-site").is_none_or(|s| s == "same-origin"),
    }
}

fn elsewhere(site: &Site) -> Response {
    page(
        site,
        StatusCode::FORBIDDEN,
        pages::plain("That did not come from here", pages::ELSEWHERE),
    )
}

fn see_other(to: &str, cookie: Option<&str>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let values = [
        (header::LOCATION, Some(to)),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, Some("no-store")),
    ];
    for (name, value) in values {
        if let Some(value) = value.and_then(|v| HeaderValue::from_str(v).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn page(site: &Site, status: StatusCode, html: Result<String, askama::Error>) -> Response {
    let Ok(html) = html else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let platform = origin(&site.config.platform_issuer);
    // Browsers hold the redirect after a form to `form-action` too: the platform is where ours leads.
    let policy = format!(
        "default-src 'none'; style-src 'self'; form-action 'self' {platform}; frame-ancestors 'none'; base-uri 'none'"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        // With `no-referrer` browsers would not say where our own forms come from.
        (header::REFERRER_POLICY, "same-origin".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (status, headers, Html(html)).into_response()
}

fn origin(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return String::new();
    };
    let host: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-.:[]".contains(*c))
        .collect();
    format!("{scheme}://{host}")
}

impl Site {
    fn visitors(&self) -> MutexGuard<'_, Visitors> {
        self.visitors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
