//! Who listens for changes, on an event stream or a socket: told states, and nothing else.
//!
//! A person's apps are told soon. A partner is told on its own view alone, some seconds later and not after an exact time;
//! many minutes later if it may not know when messages were sent.

use super::Asker;
use super::own::{States, TYPES, Types, changed, state_change, states};
use crate::Web;
use app::{Denied, Error, Permit, Watch};
use axum::http::{HeaderMap, header};
use model::AccountId;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often is looked whether something of a person's has changed.
const LOOK: Duration = Duration::from_secs(1);
/// How soon at least a partner is told that something came, if it may know when. As much again is added by chance.
const EXACT: Duration = Duration::from_secs(5);
/// The same, if it may not.
const COARSE: Duration = Duration::from_secs(600);
/// Types of a partner's view. All have its one state.
const VIEW_TYPES: [&str; 4] = ["Mailbox", "Thread", "Email", "EmailDelivery"];

/// One client that listens.
pub struct Listener {
    web: Arc<Web>,
    headers: HeaderMap,
    ticket: Option<String>,
    whose: Whose,
    types: Types,
    /// When to look next.
    pub due: Instant,
}

enum Whose {
    Person(AccountId, States),
    Partner(Watch),
}

/// What is told, and, if it is a partner's, the permit it leaves under.
pub struct Told {
    /// As it goes over the wire.
    pub bytes: Vec<u8>,
    /// To be kept until the last byte is handed over.
    pub permit: Option<Permit>,
}

/// How a change is written: from a name for everything as it stands, and the `StateChange`.
pub type Written = fn(&str, Value) -> Vec<u8>;

impl Listener {
    /// Listens from now on, or, for a client that says what it was told last, from there.
    pub async fn new(
        web: Arc<Web>,
        headers: HeaderMap,
        asker: &Asker,
        types: Types,
        last: Option<&str>,
    ) -> Result<Self, Error> {
        let whose = match asker {
            Asker::Partner(token, _) => Whose::Partner(web.app.watch(token, last).await?),
            Asker::Person(account, _) => {
                let now = states(&web.app.mail(*account).await?).await?;
                let missed = last.is_some_and(|last| last != name_of(&now));
                Whose::Person(*account, if missed { States::new() } else { now })
            }
        };
        let mut listener = Self {
            web,
            headers,
            ticket: None,
            whose,
            types,
            due: Instant::now(),
        };
        // Who was cut off gets what it has missed at once.
        if last.is_none() {
            listener.due += listener.pause();
        }
        Ok(listener)
    }

    /// Listens by this ticket, if the client has shown no header.
    #[must_use]
    pub fn by_ticket(self, ticket: Option<String>) -> Self {
        Self { ticket, ..self }
    }

    fn pause(&self) -> Duration {
        match &self.whose {
            Whose::Person(..) => LOOK,
            Whose::Partner(watch) => partners_pause(&self.web, watch),
        }
    }

    /// Looks, and tells what has changed, if something has. An error: this client may not listen any more.
    pub async fn look(&mut self, written: Written) -> Result<Option<Told>, Error> {
        self.due = Instant::now() + self.pause();
        match &mut self.whose {
            Whose::Person(account, known) => {
                // What cannot be looked at now is looked at the next time.
                let Ok(mail) = self.web.app.mail(*account).await else {
                    return Ok(None);
                };
                let Ok(now) = states(&mail).await else {
                    return Ok(None);
                };
                let changed = changed(known, &now, &self.types);
                known.clone_from(&now);
                if changed.is_empty() {
                    return Ok(None);
                }
                let bytes = written(&name_of(&now), state_change(&account.to_string(), &changed));
                self.still_may().await?;
                Ok(Some(Told { bytes, permit: None }))
            }
            Whose::Partner(watch) => {
                let types = view_types(&self.types);
                if types.is_empty() {
                    return Ok(None);
                }
                let request = self.web.app.fresh_name();
                let write = |account: &str, state: &str| written(state, view_change(account, state, &types));
                match self.web.app.watch_look(watch, request, write).await {
                    Ok(moved) => Ok(moved.map(|moved| {
                        let (bytes, _, permit) = moved.released.into_parts();
                        Told {
                            bytes,
                            permit: Some(permit),
                        }
                    })),
                    Err(Error::Denied(Denied::Ceiling(_)) | Error::Unavailable(_)) => Ok(None),
                    Err(other) => Err(other),
                }
            }
        }
    }

    /// Whether this client may still be told anything.
    pub async fn still_may(&self) -> Result<(), Error> {
        match &self.whose {
            Whose::Partner(watch) => self.web.app.watch_stands(watch).await,
            Whose::Person(account, _) => {
                let who = match ticket_owner(&self.web, &self.headers, self.ticket.as_deref()).await? {
                    Some(owner) => owner,
                    None => super::person(&self.web, &self.headers).await?.0,
                };
                if who == *account {
                    Ok(())
                } else {
                    Err(Denied::Token.into())
                }
            }
        }
    }
}

/// Whose ticket it is, if there is one and no header; an error if it is nobody's.
pub async fn ticket_owner(web: &Web, headers: &HeaderMap, ticket: Option<&str>) -> Result<Option<AccountId>, Error> {
    match (headers.get(header::AUTHORIZATION), ticket) {
        (None, Some(ticket)) => match web.app.events_ticket_owner(ticket).await? {
            Some(owner) => Ok(Some(owner)),
            None => Err(Denied::Token.into()),
        },
        _ => Ok(None),
    }
}

/// How long a partner's view is not looked at: a while, and by chance up to as long again, so that when it is told does not
/// tell when something came.
pub fn partners_pause(web: &Web, watch: &Watch) -> Duration {
    let least = if watch.is_exact() { EXACT } else { COARSE };
    // 16 bits of a name that nobody can guess.
    let name = web.app.fresh_name();
    let chance = u16::from_str_radix(name.get(..4).unwrap_or_default(), 16).unwrap_or_default();
    least + least * u32::from(chance) / u32::from(u16::MAX)
}

/// The types of a view among those that a client wants.
pub fn view_types(types: &Types) -> Vec<&'static str> {
    let wanted = |name: &&'static str| types.as_ref().is_none_or(|types| types.contains(*name));
    VIEW_TYPES.into_iter().filter(wanted).collect()
}

/// A view's change (RFC 8620 section 7.1).
pub fn view_change(account: &str, state: &str, types: &[&'static str]) -> Value {
    let states: BTreeMap<&'static str, String> = types.iter().map(|name| (*name, state.to_owned())).collect();
    state_change(account, &states)
}

/// Those of the types that are known; `None` for all.
pub fn known_types<'a>(names: impl Iterator<Item = &'a str>) -> Types {
    Some(names.filter(|name| TYPES.contains(name)).map(str::to_owned).collect())
}

/// Names everything as it stands.
fn name_of(states: &States) -> String {
    let all: Vec<&str> = states.values().map(String::as_str).collect();
    all.join("_")
}
