//! The list of conversations.

use super::{chrome, show};
use crate::Web;
use crate::problem::Failure;
use crate::signed_in::SignedIn;
use axum::extract::{Query, State};
use axum::response::Response;
use pages::{Inbox, InboxRow};
use std::collections::HashMap;
use std::sync::Arc;

const PAGE: usize = 50;
const PREVIEW: usize = 120;

/// `GET /inbox`.
pub async fn inbox(
    State(web): State<Arc<Web>>,
    who: SignedIn,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let from = query.get("from").and_then(|n| n.parse().ok()).unwrap_or(0);
    match page(&web, &who, from).await {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, Some(&who.session), &who.request),
    }
}

async fn page(web: &Web, who: &SignedIn, from: usize) -> Result<Inbox, Failure> {
    let me = who.session.person.account;
    let talks = web.app.talks(me).await?;
    let mut conversations = Vec::new();
    for talk in talks.iter().skip(from).take(PAGE) {
        let newest = web.app.messages_in(me, talk.conversation.id, None, 1).await?.pop();
        conversations.push(InboxRow {
            id: talk.conversation.id,
            title: talk.conversation.title_for(me),
            preview: newest
                .as_ref()
                .map(|m| m.text.chars().take(PREVIEW).collect())
                .unwrap_or_default(),
            own: newest.as_ref().is_some_and(|m| m.author == me),
            at: talk.last_at,
            count: talk.messages,
            unread: 0,
        });
    }
    Ok(Inbox {
        chrome: chrome(web, Some(&who.session)),
        now: web.app.now(),
        conversations,
        asks: web.app.asks(me).await?.len() as u64,
        older: (talks.len() > from.saturating_add(PAGE)).then(|| format!("/inbox?from={}", from + PAGE)),
    })
}
