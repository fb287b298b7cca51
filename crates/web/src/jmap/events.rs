//! `GET /jmap/events`: a person's app is told when something has changed (RFC 8620 section 7.3). States, and nothing else.

use super::own::{States, TYPES, Types, changed, state_change, states};
use crate::Web;
use crate::problem::Failure;
use crate::turns::{Principal, Turn};
use app::{Denied, Error};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use model::AccountId;
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use wire::jmap::RequestError;
use wire::limits::MAX_EVENT_STREAMS;

/// How often is looked whether something has changed.
const LOOK: Duration = Duration::from_secs(1);
/// How often is looked whether the token still counts.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// Seconds between signs of life: at least, at most.
const PING: (u64, u64) = (5, 3_600);

/// The variables of the `eventSourceUrl`.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    types: String,
    #[serde(default)]
    closeafter: String,
    #[serde(default)]
    ping: String,
    /// Instead of a header, from the `eventSourceUrl`.
    ticket: Option<String>,
}

/// One client that listens.
struct Listener {
    web: Arc<Web>,
    headers: HeaderMap,
    ticket: Option<String>,
    account: AccountId,
    types: Types,
    once: bool,
    ping: Option<Duration>,
    known: States,
    waiting: VecDeque<Event>,
    next_look: Instant,
    next_ping: Instant,
    next_question: Instant,
    ended: bool,
    _turn: Turn,
}

/// Tells until the client goes, its token is revoked, or, with `closeafter=state`, something has been told.
pub async fn events(State(web): State<Arc<Web>>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let account = match who(&web, &headers, asked.ticket.as_deref()).await {
        Ok(account) => account,
        Err(error) => return Failure::from(error).into_bearer(),
    };
    let bad = |why: &str| (StatusCode::BAD_REQUEST, why.to_owned()).into_response();
    let types: Types = match asked.types.as_str() {
        "" | "*" => None,
        list => {
            let names: BTreeSet<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
            Some(
                names
                    .into_iter()
                    .filter(|name| TYPES.contains(&name.as_str()))
                    .collect(),
            )
        }
    };
    let once = match asked.closeafter.as_str() {
        "" | "no" => false,
        "state" => true,
        _ => return bad("`closeafter` is `state` or `no`"),
    };
    let ping = match asked.ping.as_str() {
        "" | "0" => None,
        text => match text.parse::<u64>() {
            Ok(seconds) => Some(Duration::from_secs(seconds.clamp(PING.0, PING.1))),
            Err(_) => return bad("`ping` is a number of seconds"),
        },
    };
    let Some(turn) = web.turns.take(Principal::Events(account)) else {
        return super::refused(&RequestError::TooMany(MAX_EVENT_STREAMS));
    };
    let known = match look(&web, account).await {
        Ok(known) => known,
        Err(error) => return Failure::from(error).into_bearer(),
    };
    let mut waiting = VecDeque::new();
    // Who was cut off says what it saw last, and gets what it has missed.
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    if last.is_some_and(|last| last != event_id(&known)) {
        waiting.extend(told(account, &known, &changed(&States::new(), &known, &types)));
    }
    let now = Instant::now();
    let listener = Listener {
        web,
        headers,
        ticket: asked.ticket,
        account,
        types,
        once,
        ping,
        known,
        waiting,
        next_look: now + LOOK,
        next_ping: now + ping.unwrap_or(Duration::from_secs(PING.1)),
        next_question: now + ASK_AGAIN,
        ended: false,
        _turn: turn,
    };
    Sse::new(stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    }))
    .into_response()
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                self.ended = self.once && self.waiting.is_empty();
                return Some(event);
            }
            if self.ended {
                return None;
            }
            match self.ping {
                Some(_) => sleep_until(self.next_look.min(self.next_ping)).await,
                None => sleep_until(self.next_look).await,
            }
            let now = Instant::now();
            if now >= self.next_question {
                self.next_question = now + ASK_AGAIN;
                match who(&self.web, &self.headers, self.ticket.as_deref()).await {
                    Ok(account) if account == self.account => {}
                    _ => return None,
                }
            }
            if now >= self.next_look {
                self.next_look = now + LOOK;
                // What cannot be looked at now is looked at the next time.
                if let Ok(states) = look(&self.web, self.account).await {
                    let changed = changed(&self.known, &states, &self.types);
                    self.known = states;
                    self.waiting.extend(told(self.account, &self.known, &changed));
                }
            }
            if let Some(ping) = self.ping.filter(|_| now >= self.next_ping) {
                self.next_ping = now + ping;
                let interval = json!({"interval": ping.as_secs()});
                return Some(Event::default().event("ping").data(interval.to_string()));
            }
        }
    }
}

/// Who listens: by a header if there is one, else by the ticket in the address.
async fn who(web: &Web, headers: &HeaderMap, ticket: Option<&str>) -> Result<AccountId, Error> {
    if let (None, Some(ticket)) = (headers.get(header::AUTHORIZATION), ticket) {
        let owner = web.app.events_ticket_owner(ticket).await?;
        return owner.ok_or(Error::Denied(Denied::Token));
    }
    Ok(super::person(web, headers).await?.0)
}

async fn look(web: &Web, account: AccountId) -> Result<States, Error> {
    states(&web.app.mail(account).await?).await
}

/// Names everything as it stands.
fn event_id(states: &States) -> String {
    let all: Vec<&str> = states.values().map(String::as_str).collect();
    all.join("_")
}

fn told(account: AccountId, now: &States, changed: &States) -> Option<Event> {
    let change = state_change(&account.to_string(), changed);
    (!changed.is_empty()).then(|| {
        Event::default()
            .event("state")
            .id(event_id(now))
            .data(change.to_string())
    })
}
