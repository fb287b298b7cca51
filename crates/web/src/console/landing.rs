//! The front page, the style sheet and the icon.

use super::{chrome, show};
use crate::Web;
use crate::signed_in::Visitor;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use pages::Landing;
use std::sync::Arc;

const FOREVER: &str = "public, max-age=31536000, immutable";

/// `GET /`.
pub async fn landing(State(web): State<Arc<Web>>, visitor: Visitor) -> Response {
    show(&Landing {
        chrome: chrome(&web, visitor.session.as_ref()),
        agreements: web.app.agreements().len() as u64,
        entries: web.app.log_head().size,
    })
}

/// The style sheet, under a name that changes with it.
pub async fn style() -> Response {
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, FOREVER),
        ],
        pages::STYLE,
    )
        .into_response()
}

/// The icon.
pub async fn icon() -> Response {
    (
        [
            (header::CONTENT_TYPE, "image/svg+xml"),
            (header::CACHE_CONTROL, FOREVER),
        ],
        pages::ICON,
    )
        .into_response()
}

/// Any address that leads nowhere.
pub async fn nothing_here(State(web): State<Arc<Web>>, visitor: Visitor) -> Response {
    crate::problem::Failure::not_found().into_page(&web, visitor.session.as_ref(), &visitor.request)
}
