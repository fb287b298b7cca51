//! What every request must keep to.

use crate::Web;
use crate::problem::Failure;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;

/// Requests that are worked on at once; more get 503.
pub const IN_FLIGHT: usize = 512;
/// Time to take a request in and work on it. Sending the answer has its own limit in `line`.
const PATIENCE: Duration = Duration::from_secs(60);

/// Limits, a request id, a span, and the headers every answer carries.
pub async fn keep(State(web): State<Arc<Web>>, mut request: Request, next: Next) -> Response {
    let id = web.app.fresh_name();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("web.request", id = %id, method = %request.method());
    let Ok(_place) = web.in_flight.try_acquire() else {
        return Failure::busy("too many requests at once").into_response();
    };
    let worked = tokio::time::timeout(PATIENCE, tracing::Instrument::instrument(next.run(request), span));
    let mut response = match worked.await {
        Ok(response) => response,
        Err(_) => Failure::busy("the request took longer than 60 seconds").into_response(),
    };
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            // `form-action` is left open: the consent form's answer redirects to the partner, and browsers apply it to redirects too.
            "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
        ),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if web.app.issuer.starts_with("https://") {
        // FAPI 2.0 network clause 4.
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    response
}

/// The name of one request, in the log, in the ledger's entry, and on its error page.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);
