//! What a failure looks like from outside: one mapping, three dialects, no source chain.
//!
//! What a caller may not know of is 404, not 403. Overload is 503 or 429 with `Retry-After`.

use crate::Web;
use crate::limits::RequestId;
use app::{Denied, Error};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use model::Reason;
use serde_json::json;
use wire::oauth::{ErrorCode, OAuthError};

/// A failure, ready for any dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// HTTP status.
    pub status: StatusCode,
    /// A stable word: the OAuth error code, the last part of a problem type.
    pub code: &'static str,
    /// One sentence a person understands.
    pub detail: String,
    /// Seconds to wait, for overload.
    pub retry_after: Option<u32>,
}

impl Failure {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// The request is malformed.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
    }

    /// There is no such thing, or not for this caller.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing here, or it is not yours to see.",
        )
    }

    /// Too much at once.
    pub fn busy(detail: impl Into<String>) -> Self {
        Self {
            retry_after: Some(1),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", detail)
        }
    }

    /// RFC 9457.
    pub fn problem(&self) -> serde_json::Value {
        json!({
            "type": format!("urn:privity:problem:{}", self.code),
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        })
    }

    /// RFC 9457, as an answer.
    pub fn into_problem(self) -> Response {
        let body = self.problem();
        self.respond(body, "application/problem+json")
    }

    /// RFC 6749 section 5.2.
    pub fn into_oauth(self) -> Response {
        let body = json!({ "error": self.code, "error_description": self.detail });
        self.respond(body, "application/json")
    }

    /// RFC 6750 section 3.1: what a resource server answers about a token.
    pub fn into_bearer(self) -> Response {
        let challenge = match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                HeaderValue::from_str(&format!("Bearer error=\"{}\"", self.code)).ok()
            }
            _ => None,
        };
        let mut response = self.into_problem();
        if let Some(challenge) = challenge {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// A page a person understands.
    pub fn into_page(self, web: &Web, signed_in: Option<&app::Session>, id: &RequestId) -> Response {
        let status = self.status;
        let retry = self.retry_after;
        let html = crate::console::error_page(web, signed_in, &self, id);
        let mut response = (status, Html(html)).into_response();
        retry_after(&mut response, retry);
        response
    }

    fn respond(self, body: serde_json::Value, content_type: &'static str) -> Response {
        let mut response = (self.status, Json(body)).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        retry_after(&mut response, self.retry_after);
        response
    }
}

fn retry_after(response: &mut Response, seconds: Option<u32>) {
    if let Some(seconds) = seconds {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        self.into_problem()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(denied) => denied.into(),
            Error::NotFound => Self::not_found(),
            Error::Invalid(text) => Self::bad_request(text),
            Error::Conflict(text) => Self::new(StatusCode::CONFLICT, "conflict", text),
            Error::TooLarge(text) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", text),
            Error::Unavailable(text) => {
                // What is wrong inside is for the log, not for the caller.
                tracing::warn!(reason = %text, "unavailable");
                Self::busy("This is not possible right now. Nothing was changed. Try again in a moment.")
            }
            Error::Corrupt(text) => {
                tracing::error!(reason = %text, "damaged data");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "server_error",
                    "Something stored here is damaged. The people who run this platform have been told.",
                )
            }
        }
    }
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        let status = match error.error {
            ErrorCode::InvalidClient | ErrorCode::InvalidToken => StatusCode::UNAUTHORIZED,
            ErrorCode::InsufficientScope | ErrorCode::AccessDenied => StatusCode::FORBIDDEN,
            ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.error.name(), error.error_description.unwrap_or_default())
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Token => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_token",
                "This access token is not valid.",
            ),
            Denied::Grant(reason) => Self::new(
                StatusCode::FORBIDDEN,
                "insufficient_scope",
                match reason {
                    Reason::Grant => "The person has taken back her consent, or its time is over.",
                    Reason::Agreement => "The agreement is not in force.",
                    Reason::Suspended => {
                        "The agreement is suspended: a report under it is overdue. File it, and its grants answer again."
                    }
                    Reason::Action => "The consent does not cover reading.",
                    Reason::Conversation => "The consent does not cover this conversation.",
                    Reason::Counterparty | Reason::Asked => "The author has not agreed.",
                    Reason::Fields => "The consent does not cover this level of detail.",
                },
            ),
            Denied::Credentials => Self::new(
                StatusCode::UNAUTHORIZED,
                "credentials",
                "That name and password do not go together.",
            ),
            Denied::RateLimited(seconds) => Self {
                retry_after: Some(seconds),
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "slow_down",
                    format!("Too many tries. Try again in {} minutes.", seconds.div_ceil(60)),
                )
            },
            Denied::Terms(fault) => Self::new(
                StatusCode::BAD_REQUEST,
                ErrorCode::InvalidAuthorizationDetails.name(),
                fault.to_string(),
            ),
            Denied::Agreement => Self::new(
                StatusCode::BAD_REQUEST,
                ErrorCode::InvalidAuthorizationDetails.name(),
                "the agreement is not published, not in force, or not this partner's",
            ),
            Denied::Ceiling(which) => Self {
                retry_after: Some(if which == "requests_per_second" { 1 } else { 3600 }),
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "ceiling",
                    format!("The agreement's limit `{which}` is reached."),
                )
            },
        }
    }
}
