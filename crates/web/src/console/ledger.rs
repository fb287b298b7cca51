//! The public ledger, and a check of receipts.

use super::{chrome, show, show_as};
use crate::Web;
use crate::problem::Failure;
use crate::signed_in::Visitor;
use app::Kind;
use axum::extract::{Multipart, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::{FieldSet, Time};
use pages::{LeafKind, LeafRow, LedgerPage, ReceiptChecked, Step, Verdict};
use std::collections::HashMap;
use std::sync::Arc;

const PAGE: u64 = 50;
const WINDOW_SECONDS: u64 = 600;

/// `GET /ledger`.
pub async fn ledger(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let before = query.get("before").and_then(|n| n.parse().ok());
    match page(&web, &visitor, before, None).await {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, visitor.session.as_ref(), &visitor.request),
    }
}

async fn page(web: &Web, visitor: &Visitor, before: Option<u64>, error: Option<String>) -> Result<LedgerPage, Failure> {
    let head = web.app.log_head();
    let end = before.unwrap_or(head.size).min(head.size);
    let start = end.saturating_sub(PAGE);
    let limit = usize::try_from(end - start).unwrap_or(0);
    let mut entries: Vec<LeafRow> = web
        .app
        .log_entries(start, limit)
        .await?
        .into_iter()
        .map(|(index, leaf, _)| LeafRow {
            index,
            kind: match leaf.kind {
                Kind::Private => LeafKind::Private,
                Kind::Report => LeafKind::Report,
                Kind::Public => LeafKind::Public,
                Kind::Summary => LeafKind::Summary,
            },
            window: Time::from_unix_seconds(
                i64::try_from(leaf.window.saturating_mul(WINDOW_SECONDS)).unwrap_or(i64::MAX),
            ),
        })
        .collect();
    entries.reverse();
    // A checkpoint's text is origin, size, root: a line each.
    let mut lines = head.checkpoint.lines();
    let (origin, root) = (lines.next().unwrap_or_default(), lines.nth(1).unwrap_or_default());
    let newer = (end < head.size).then(|| match end + PAGE >= head.size {
        true => "/ledger".to_owned(),
        false => format!("/ledger?before={}", end + PAGE),
    });
    Ok(LedgerPage {
        chrome: chrome(web, visitor.session.as_ref()),
        size: head.size,
        root: root.to_owned(),
        origin: origin.to_owned(),
        key: web.app.log_key().to_string(),
        checkpoint: head.checkpoint.to_string(),
        entries,
        newer,
        older: (start > 0).then(|| format!("/ledger?before={start}")),
        error,
    })
}

/// `POST /ledger/check`.
pub async fn check(State(web): State<Arc<Web>>, visitor: Visitor, mut form: Multipart) -> Response {
    let mut text = String::new();
    while let Ok(Some(field)) = form.next_field().await {
        let known = matches!(field.name(), Some("receipt" | "file"));
        if let (true, Ok(value)) = (known, field.text().await)
            && !value.trim().is_empty()
        {
            // A browser sends a pasted text with CRLF line ends; a receipt has none.
            text = value.replace("\r\n", "\n");
        }
    }
    if text.is_empty() {
        let why = "Paste a receipt, or choose its file.".to_owned();
        return match page(&web, &visitor, None, Some(why)).await {
            Ok(page) => show_as(StatusCode::BAD_REQUEST, &page),
            Err(failure) => failure.into_page(&web, visitor.session.as_ref(), &visitor.request),
        };
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    show(&checked(&web, &visitor, &text))
}

fn checked(web: &Web, visitor: &Visitor, text: &str) -> ReceiptChecked {
    let what = "The entry is in the ledger, the ledger is signed by this platform’s key, and the entry is what the receipt says";
    let chrome = chrome(web, visitor.session.as_ref());
    match web.app.receipt_check(text) {
        Err(error) => ReceiptChecked {
            chrome,
            ok: false,
            steps: vec![Step {
                what: what.to_owned(),
                verdict: Verdict::Wrong,
                detail: error.to_string(),
            }],
            facts: Vec::new(),
        },
        Ok(opened) => {
            let body = &opened.body;
            let fields = FieldSet::from_bits(body.fields).unwrap_or_default();
            let levels: Vec<&str> = fields.iter().map(model::Field::name).collect();
            let mut facts = vec![
                ("Entry", opened.index.to_string()),
                ("What", format!("{:?}", body.event)),
                ("When", Time(body.at_ms).to_string()),
                ("Partner", body.partner.clone()),
                ("Agreement", body.agreement.clone()),
                ("Purpose", body.purpose.clone()),
                ("Levels", levels.join(", ")),
                ("Messages", body.messages.to_string()),
                ("Size of the answer in bytes", body.answer_bytes.to_string()),
                ("Request", body.request_id.clone()),
            ];
            if let Some(private) = &opened.private {
                facts.push(("Her own number", private.seq.to_string()));
                facts.push((
                    "Passed over",
                    private.withheld.iter().map(|(_, n)| n).sum::<u64>().to_string(),
                ));
            }
            facts.retain(|(_, value)| !value.is_empty());
            ReceiptChecked {
                chrome,
                ok: true,
                steps: vec![Step {
                    what: what.to_owned(),
                    verdict: Verdict::Right,
                    detail: format!("Entry {} of {}", opened.index, opened.checkpoint.size),
                }],
                facts: facts
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
            }
        }
    }
}
