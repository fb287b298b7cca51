//! The ledger as files over HTTP, in the layout of C2SP tlog-tiles: anyone can fetch, mirror and verify it.

use crate::Web;
use crate::problem::Failure;
use crate::signed_in::bearer;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// `GET /ledger/checkpoint`: the signed tree head.
pub async fn checkpoint(State(web): State<Arc<Web>>) -> Response {
    let head = web.app.log_head();
    if head.size == 0 {
        return Failure::not_found().into_problem();
    }
    text(head.checkpoint.to_string(), "text/plain; charset=utf-8", "no-cache")
}

/// `GET /ledger/key`: the verifier key, as `privity-verify --key` takes it.
pub async fn key(State(web): State<Arc<Web>>) -> Response {
    text(
        format!("{}\n", web.app.log_key()),
        "text/plain; charset=utf-8",
        "no-cache",
    )
}

/// `GET /ledger/tile/…`: hash tiles and entry bundles. A tile of a given width never changes.
pub async fn tile(State(web): State<Arc<Web>>, Path(path): Path<String>) -> Response {
    match web.app.log_file(&format!("tile/{path}")).await {
        Ok(bytes) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, bytes).into_response()
        }
        Err(error) => Failure::from(error).into_problem(),
    }
}

/// `GET /ledger/receipts/{index}` with a partner's token: the receipt for a disclosure it was given.
pub async fn partner_receipt(State(web): State<Arc<Web>>, Path(index): Path<u64>, headers: HeaderMap) -> Response {
    let Some(token) = bearer(&headers) else {
        return Failure::from(app::Error::from(app::Denied::Token)).into_bearer();
    };
    match web.app.receipt_of_partner(token, index).await {
        Ok(receipt) => text(receipt, "text/plain; charset=utf-8", "no-store"),
        Err(error) => Failure::from(error).into_bearer(),
    }
}

/// A plain-text answer.
pub fn text(body: String, content_type: &'static str, cache: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, cache)];
    (headers, body).into_response()
}
