//! `GET /jmap/ws`: requests, answers and pushes over one WebSocket (RFC 8887).
//!
//! Nothing is decided here that is not decided for a request over HTTP: each request asks anew whether its token counts, a
//! partner's answer comes out of `App::release`, and leaves under its permit. A socket whose token or grant was taken back is
//! closed before the next byte.

use super::listening::{Listener, Told, known_types};
use super::methods::Context;
use super::{Asker, append_proof, own, principal, principal_listening};
use crate::Web;
use crate::line::Line;
use crate::problem::Failure;
use crate::server::Stop;
use crate::turns::Turn;
use app::{Denied, Error, Permit};
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};
use wire::jmap::{DISCLOSURE, Request, RequestError, SUBPROTOCOL, SocketMessage};
use wire::limits::{MAX_CONCURRENT_REQUESTS, MAX_EVENT_STREAMS, MAX_SIZE_REQUEST};

/// Bytes of a message that is read at all; what is over `maxSizeRequest` is refused by name.
const LONGEST: usize = 2 * MAX_SIZE_REQUEST;
/// How often is looked whether the token still counts.
const ASK_AGAIN: Duration = Duration::from_secs(10);
/// How often the client is asked for a sign of life.
const PING: Duration = Duration::from_secs(60);
/// How long a client may give none.
const SILENCE: Duration = Duration::from_secs(180);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// One socket.
struct Talk {
    web: Arc<Web>,
    headers: HeaderMap,
    asker: Asker,
    line: Option<Arc<Line>>,
    stop: Stop,
    listener: Option<Listener>,
    under_way: FuturesUnordered<BoxFuture<'static, Answered>>,
    heard: Instant,
    next_question: Instant,
    next_ping: Instant,
    _turn: Turn,
}

/// What becomes of one request: what is said, or why nothing is, with the client's name for the request.
type Answered = Result<Said, (Option<String>, Error)>;

/// What is said. Turn and permit are held until the kernel has it.
struct Said {
    bytes: Vec<u8>,
    permit: Option<Permit>,
    _turn: Option<Turn>,
}

/// How a talk ends.
enum End {
    /// The client is gone.
    Gone,
    /// With a code and a word (RFC 6455 section 7.4.1).
    Close(u16, &'static str),
}

/// Opens a socket for whoever may send requests over HTTP.
pub async fn socket(
    State(web): State<Arc<Web>>,
    line: Option<Extension<Arc<Line>>>,
    stop: Option<Extension<Stop>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let asker = async {
        let asker = super::asker(&web, &headers).await?;
        if let Asker::Partner(token, _) = &asker {
            web.app.partner_session(token).await?;
        }
        Ok::<_, Error>(asker)
    };
    let asker = match asker.await {
        Ok(asker) => asker,
        Err(error) => return Failure::from(error).into_bearer(),
    };
    // Another site's page may open a socket, and the browser sends the cookie with it.
    let origin = headers.get(header::ORIGIN);
    if !headers.contains_key(header::AUTHORIZATION) && origin.is_some_and(|o| *o != *web.app.issuer) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade.protocols([SUBPROTOCOL]),
        Err(rejection) => return rejection.into_response(),
    };
    if upgrade.selected_protocol().is_none() {
        return (StatusCode::BAD_REQUEST, "the subprotocol is `jmap`").into_response();
    }
    let Some(turn) = web.turns.take(principal_listening(&asker)) else {
        return super::refused(&RequestError::TooMany(MAX_EVENT_STREAMS));
    };
    let now = Instant::now();
    let talk = Talk {
        web,
        headers,
        asker,
        line: line.map(|line| line.0),
        stop: stop.map(|stop| stop.0).unwrap_or_default(),
        listener: None,
        under_way: FuturesUnordered::new(),
        heard: now,
        next_question: now + ASK_AGAIN,
        next_ping: now + PING,
        _turn: turn,
    };
    upgrade
        .max_message_size(LONGEST)
        .max_frame_size(LONGEST)
        .on_upgrade(move |socket| talk.run(socket))
}

impl Talk {
    async fn run(mut self, mut socket: WebSocket) {
        let end = loop {
            let due = self.next_question.min(self.next_ping);
            let due = self.listener.as_ref().map_or(due, |listener| due.min(listener.due));
            let step = tokio::select! {
                heard = socket.recv() => self.hear(&mut socket, heard).await,
                Some(answered) = self.under_way.next(), if !self.under_way.is_empty() => {
                    self.answer(&mut socket, answered).await
                }
                () = sleep_until(due) => self.tick(&mut socket).await,
                () = self.stop.comes() => Err(End::Close(close_code::AWAY, "the server stops")),
            };
            if let Err(end) = step {
                break end;
            }
        };
        if let End::Close(code, reason) = end {
            let frame = CloseFrame {
                code,
                reason: reason.into(),
            };
            _ = timeout(FAREWELL, socket.send(Message::Close(Some(frame)))).await;
        }
    }

    async fn hear(&mut self, socket: &mut WebSocket, heard: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        self.heard = Instant::now();
        match heard {
            None | Some(Ok(Message::Close(_))) => Err(End::Gone),
            Some(Err(_)) => Err(End::Close(
                close_code::PROTOCOL,
                "no message, or longer than any may be",
            )),
            Some(Ok(Message::Binary(_))) => Err(End::Close(close_code::UNSUPPORTED, "text only")),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Text(text))) => match SocketMessage::parse(text.as_bytes()) {
                Err((id, error)) => self.refuse(socket, id.as_deref(), &error).await,
                Ok(SocketMessage::Request(id, request)) => self.begin(socket, id, request).await,
                Ok(SocketMessage::PushDisable) => {
                    self.listener = None;
                    Ok(())
                }
                Ok(SocketMessage::PushEnable { types, push_state }) => {
                    let types = types.and_then(|names| known_types(names.iter().map(String::as_str)));
                    let (web, headers) = (Arc::clone(&self.web), self.headers.clone());
                    let listener = Listener::new(web, headers, &self.asker, types, push_state.as_deref());
                    self.listener = Some(listener.await.map_err(|_| TAKEN_BACK)?);
                    Ok(())
                }
            },
        }
    }

    async fn begin(&mut self, socket: &mut WebSocket, id: Option<String>, request: Request) -> Result<(), End> {
        let Some(turn) = self.web.turns.take(principal(&self.asker)) else {
            let error = RequestError::TooMany(MAX_CONCURRENT_REQUESTS);
            return self.refuse(socket, id.as_deref(), &error).await;
        };
        let web = Arc::clone(&self.web);
        self.under_way.push(match &self.asker {
            Asker::Partner(token, grant) => {
                let (token, grant) = (token.clone(), Arc::clone(grant));
                Box::pin(async move {
                    let context = Context::of(&web, grant, request, None);
                    of_partner(&web, &token, id, context, turn).await
                })
            }
            Asker::Person(..) => {
                let headers = self.headers.clone();
                Box::pin(async move { of_person(&web, &headers, id, request, turn).await })
            }
        });
        Ok(())
    }

    async fn answer(&mut self, socket: &mut WebSocket, answered: Answered) -> Result<(), End> {
        match answered {
            Ok(said) => self.say(socket, said).await,
            Err((_, Error::Denied(Denied::Token | Denied::Grant(_) | Denied::Agreement))) => Err(TAKEN_BACK),
            Err((id, error)) => {
                let problem = Failure::from(error).problem();
                self.say(socket, plain(&SocketMessage::error(id.as_deref(), problem)))
                    .await
            }
        }
    }

    async fn refuse(&mut self, socket: &mut WebSocket, id: Option<&str>, error: &RequestError) -> Result<(), End> {
        self.may().await?;
        self.say(socket, plain(&SocketMessage::error(id, error.problem())))
            .await
    }

    async fn tick(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let now = Instant::now();
        if let Some(listener) = self.listener.as_mut().filter(|listener| now >= listener.due) {
            let told = listener.look(state_change).await.map_err(|_| TAKEN_BACK)?;
            if let Some(Told { bytes, permit }) = told {
                let said = Said {
                    bytes,
                    permit,
                    _turn: None,
                };
                self.say(socket, said).await?;
            }
        }
        if now >= self.next_question || now >= self.next_ping {
            self.next_question = now + ASK_AGAIN;
            self.may().await?;
        }
        if now >= self.next_ping {
            self.next_ping = now + PING;
            if now.duration_since(self.heard) > SILENCE {
                return Err(End::Close(close_code::AWAY, "no sign of life"));
            }
            let ping = Message::Ping(Vec::new().into());
            socket.send(ping).await.map_err(|_| End::Gone)?;
        }
        Ok(())
    }

    /// Whether anything may still be said here.
    async fn may(&mut self) -> Result<(), End> {
        let may = match &self.asker {
            Asker::Partner(token, _) => self.web.app.partner_session(token).await.map(|_| ()),
            Asker::Person(account, _) => match super::person(&self.web, &self.headers).await {
                Ok((who, _)) if who == *account => Ok(()),
                Ok(_) => Err(Denied::Token.into()),
                Err(error) => Err(error),
            },
        };
        may.map_err(|_| TAKEN_BACK)
    }

    async fn say(&mut self, socket: &mut WebSocket, said: Said) -> Result<(), End> {
        let permit = said.permit.map(Arc::new);
        if let (Some(permit), Some(line)) = (&permit, &self.line) {
            line.carry(permit);
        }
        if permit.as_ref().is_some_and(|permit| permit.is_cut()) {
            return Err(TAKEN_BACK);
        }
        let text = String::from_utf8(said.bytes).map_err(|_| End::Close(close_code::ERROR, "no text"))?;
        socket.send(Message::Text(text.into())).await.map_err(|_| End::Gone)
    }
}

const TAKEN_BACK: End = End::Close(close_code::POLICY, "the token counts no more");

fn plain(message: &Value) -> Said {
    Said {
        bytes: message.to_string().into_bytes(),
        permit: None,
        _turn: None,
    }
}

/// A `StateChange` as RFC 8887 section 4.3.5.1 has it: with what its client says when it comes back.
fn state_change(name: &str, mut change: Value) -> Vec<u8> {
    if let Value::Object(members) = &mut change {
        members.insert("pushState".to_owned(), Value::from(name));
    }
    change.to_string().into_bytes()
}

async fn of_partner(web: &Web, token: &str, id: Option<String>, context: Context, turn: Turn) -> Answered {
    let shows_proof = context.uses(DISCLOSURE);
    let name = id.clone();
    let released = web
        .app
        .release_any(token, web.app.fresh_name(), move |view| {
            Box::pin(async move {
                let body = context.answer(view).await?;
                Ok(SocketMessage::response(name.as_deref(), &body))
            })
        })
        .await;
    let (mut bytes, entered, permit) = released.map_err(|error| (id, error))?.into_parts();
    if let Some(entered) = entered.filter(|_| shows_proof) {
        append_proof(&mut bytes, &entered);
    }
    Ok(Said {
        bytes,
        permit: Some(permit),
        _turn: Some(turn),
    })
}

async fn of_person(web: &Web, headers: &HeaderMap, id: Option<String>, request: Request, turn: Turn) -> Answered {
    let answered = async {
        let (account, access) = super::person(web, headers).await?;
        own::answer(web, account, access, None, request).await
    };
    let body = answered.await.map_err(|error| (id.clone(), error))?;
    Ok(Said {
        bytes: SocketMessage::response(id.as_deref(), &body),
        permit: None,
        _turn: Some(turn),
    })
}
