//! `GET /jmap/events`: a client is told when something has changed (RFC 8620 section 7.3). States, and nothing else.

use super::listening::{Listener, Told, known_types, ticket_owner};
use super::own::Types;
use super::{Asker, principal_listening};
use crate::Web;
use crate::body::{self, Cut};
use crate::line::Line;
use crate::problem::Failure;
use crate::server::Stop;
use crate::turns::Turn;
use app::Error;
use app::mail::AppAccess;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use wire::jmap::RequestError;
use wire::limits::MAX_EVENT_STREAMS;

/// How often is looked whether the token still counts.
const ASK_AGAIN: Duration = Duration::from_secs(10);
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

/// One stream.
struct Events {
    listener: Listener,
    line: Option<Arc<Line>>,
    stop: Stop,
    once: bool,
    ping: Option<Duration>,
    next_ping: Instant,
    next_question: Instant,
    ended: bool,
    _turn: Turn,
}

/// Tells until the client goes, its token or grant is taken back, or, with `closeafter=state`, something has been told.
pub async fn events(
    State(web): State<Arc<Web>>,
    Query(asked): Query<Asked>,
    line: Option<Extension<Arc<Line>>>,
    stop: Option<Extension<Stop>>,
    headers: HeaderMap,
) -> Response {
    let asker = match who(&web, &headers, asked.ticket.as_deref()).await {
        Ok(asker) => asker,
        Err(error) => return Failure::from(error).into_bearer(),
    };
    let bad = |why: &str| (StatusCode::BAD_REQUEST, why.to_owned()).into_response();
    let types: Types = match asked.types.as_str() {
        "" | "*" => None,
        list => known_types(list.split(',').map(str::trim)),
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
    let Some(turn) = web.turns.take(principal_listening(&asker)) else {
        return super::refused(&RequestError::TooMany(MAX_EVENT_STREAMS));
    };
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let listener = Listener::new(web, headers.clone(), &asker, types, last).await;
    let listener = listener.map(|listener| listener.by_ticket(asked.ticket));
    let listener = match listener {
        Ok(listener) => listener,
        Err(error) => return Failure::from(error).into_bearer(),
    };
    let now = Instant::now();
    let events = Events {
        listener,
        line: line.map(|line| line.0),
        stop: stop.map(|stop| stop.0).unwrap_or_default(),
        once,
        ping,
        next_ping: now + ping.unwrap_or(Duration::from_secs(PING.1)),
        next_question: now + ASK_AGAIN,
        ended: false,
        _turn: turn,
    };
    let stream = stream::unfold(events, |mut events| async move {
        let frame = events.next().await?;
        events.ended |= frame.is_err();
        Some((frame, events))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream)).into_response()
}

impl Events {
    async fn next(&mut self) -> Option<Result<Bytes, Cut>> {
        if self.ended {
            return None;
        }
        loop {
            match self.step().await {
                Ok(None) => {}
                Ok(Some(told)) => return Some(self.out(told)),
                // Told nothing more, not even that it lives.
                Err(_) => return None,
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Told>, Error> {
        let next = self.listener.due.min(self.next_question);
        tokio::select! {
            () = sleep_until(self.ping.map_or(next, |_| next.min(self.next_ping))) => {}
            () = self.stop.comes() => return Err(Error::Unavailable("the server stops".into())),
        }
        let now = Instant::now();
        if now >= self.listener.due {
            let told = self.listener.look(state_event).await?;
            if told.is_some() {
                self.ended = self.once;
                return Ok(told);
            }
        }
        if now >= self.next_question {
            self.next_question = now + ASK_AGAIN;
            self.listener.still_may().await?;
        }
        let Some(ping) = self.ping.filter(|_| now >= self.next_ping) else {
            return Ok(None);
        };
        self.next_ping = now + ping;
        self.listener.still_may().await?;
        let interval = json!({"interval": ping.as_secs()});
        Ok(Some(Told {
            bytes: format!("event: ping\ndata: {interval}\n\n").into_bytes(),
            permit: None,
        }))
    }

    fn out(&self, told: Told) -> Result<Bytes, Cut> {
        match told.permit {
            None => Ok(told.bytes.into()),
            Some(permit) => body::released(told.bytes, permit, self.line.as_ref()),
        }
    }
}

/// Who listens: by a header if there is one, else by the ticket in the address.
async fn who(web: &Web, headers: &HeaderMap, ticket: Option<&str>) -> Result<Asker, Error> {
    match ticket_owner(web, headers, ticket).await? {
        Some(owner) => Ok(Asker::Person(owner, AppAccess::Read)),
        None => super::asker(web, headers).await,
    }
}

/// An event of a stream, with the name that a client that comes back says it by.
fn state_event(name: &str, change: Value) -> Vec<u8> {
    format!("event: state\nid: {name}\ndata: {change}\n\n").into_bytes()
}
