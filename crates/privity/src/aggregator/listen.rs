//! What leader and helper have in common towards the network: tokens, sizes, problems, and work off the async threads.

use aggregate::{Error, TokenHash, decode, encode};
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of a request at most.
pub const BODY: usize = 64 << 20;

/// What is answered instead of an answer (RFC 9457).
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl Problem {
    /// Not the token that is asked for.
    pub fn token() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            code: "token",
            detail: "the token is not the one for this".to_owned(),
        }
    }

    /// The other aggregator refused.
    pub fn refused(said: &str) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            code: "helper_refused",
            detail: format!("the helper refused: {said}"),
        }
    }

    /// The other aggregator cannot be asked now.
    pub fn silent(said: String) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "helper_silent",
            detail: said,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Malformed(_) | Error::TooMany { .. } => StatusCode::BAD_REQUEST,
            Error::NoTask | Error::NoPeriod(_) => StatusCode::NOT_FOUND,
            Error::Exhausted { .. } => StatusCode::FORBIDDEN,
            Error::NotOver(_)
            | Error::TooFew { .. }
            | Error::Conflict(_)
            | Error::Disagree { .. }
            | Error::OutOfOrder { .. }
            | Error::OtherJob(_) => StatusCode::CONFLICT,
            Error::Working => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let detail = match status {
            // What is wrong with a disk is not the other side's business.
            StatusCode::INTERNAL_SERVER_ERROR => {
                tracing::error!(%error, "a request failed");
                "something is wrong here; it was logged".to_owned()
            }
            _ => error.to_string(),
        };
        Self {
            status,
            code: error.code(),
            detail,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::json!({
            "type": format!("urn:privity:aggregator:{}", self.code),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let mut answer = (self.status, body.to_string()).into_response();
        let headers = answer.headers_mut();
        let kind = header::HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        answer
    }
}

/// The hash of the token that a request came with. Comparing hashes tells nothing of the token by its time.
pub fn token(headers: &HeaderMap) -> Option<TokenHash> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(TokenHash::of)
}

/// A message in CBOR, as an answer.
pub fn cbor<T: minicbor::Encode<()>>(message: &T) -> Response {
    ([(header::CONTENT_TYPE, "application/cbor")], encode(message)).into_response()
}

/// A message of a request's body.
pub fn message<T: for<'b> minicbor::Decode<'b, ()>>(body: &Bytes) -> Result<T, Problem> {
    Ok(decode(body)?)
}

/// Does something with an aggregator on a thread that may block: it computes, and waits for the disk.
pub async fn with<S: Send + 'static, T: Send + 'static>(
    side: &Arc<Mutex<S>>,
    work: impl FnOnce(&mut S) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let side = Arc::clone(side);
    let done = tokio::task::spawn_blocking(move || work(&mut side.lock().unwrap_or_else(PoisonError::into_inner)));
    done.await
        .unwrap_or_else(|e| Err(Error::Storage(format!("a thread ended early: {e}")).into()))
}
