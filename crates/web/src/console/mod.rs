//! The pages. Each handler fills a context of `pages` and sends what it renders.

mod allowances;
mod conversation;
mod form;
mod inbox;
mod landing;
mod ledger;
mod narrow;
mod readings;
mod receipts;
mod register;
mod reports;
mod sent;
mod sign_in;

pub use allowances::{allowances, ask_answer, revoke, say};
pub use conversation::{conversation, send};
pub use form::Fields;
pub use inbox::inbox;
pub use landing::{icon, landing, nothing_here, style};
pub use ledger::{check, ledger};
pub use narrow::{choices, chosen, narrow, narrow_form};
pub use readings::{reading, readings, receipt};
pub use receipts::receipts;
pub use register::{agreement, changes, register};
pub use reports::{report, reports};
pub use sent::{back, choose, choose_form, follow, mutes, sent, undo, unwanted};
pub use sign_in::{sign_in, sign_in_form, sign_out};

use crate::Web;
use crate::limits::RequestId;
use crate::problem::Failure;
use app::Session;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use pages::{Chrome, ErrorPage, Template};

/// What surrounds a page for whoever looks at it.
pub fn chrome(web: &Web, session: Option<&Session>) -> Chrome {
    Chrome {
        platform: web.platform.clone(),
        signed_in: session.map(|s| s.person.name.clone()),
        csrf: session.map(|s| s.csrf.clone()).unwrap_or_default(),
    }
}

/// A page that worked.
pub fn show(page: &impl Template) -> Response {
    show_as(StatusCode::OK, page)
}

/// A page with a status.
pub fn show_as(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The page of a failure.
pub fn error_page(web: &Web, session: Option<&Session>, failure: &Failure, id: &RequestId) -> String {
    let (title, advice) = match failure.status {
        StatusCode::NOT_FOUND => ("There is nothing here", "Check the address."),
        StatusCode::TOO_MANY_REQUESTS => ("Too many tries", ""),
        StatusCode::SERVICE_UNAVAILABLE => ("Not right now", ""),
        status if status.is_client_error() => ("That did not work", "Nothing was changed."),
        _ => ("Something went wrong here", "It is not your fault. Try again later."),
    };
    let page = ErrorPage {
        chrome: chrome(web, session),
        status: failure.status.as_u16(),
        title: title.to_owned(),
        happened: match failure.status {
            StatusCode::NOT_FOUND => "Either there is no such page, or it is not yours to see.".to_owned(),
            _ => sentence(&failure.detail),
        },
        advice: advice.to_owned(),
        request_id: Some(id.0.clone()).filter(|id| !id.is_empty()),
    };
    page.render().unwrap_or_else(|_| failure.detail.clone())
}

/// An error's text as a sentence: a capital at its beginning, a full stop at its end.
pub fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let mut out: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
    out.push_str(rest.as_str());
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn errors_are_sentences() {
        assert_eq!(super::sentence("write something first"), "Write something first.");
        assert_eq!(super::sentence("Done."), "Done.");
        assert_eq!(super::sentence("äh"), "Äh.");
    }
}
