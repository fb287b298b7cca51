//! What an answer will read, guessed from the last answer to the same token, so that a store that is far away is waited for
//! once and not five times.
//!
//! Nothing follows from a guess. Everything it names is read anew each time, the token and the grant too, and decided on as
//! always; a guess that is wrong has read something for nothing. It holds ids alone, nothing of what they stand for.

use crate::gate::Permit;
use crate::view::Ahead;
use crate::{App, Denied, Error};
use model::{AccountId, ConversationId, Grant, GrantId, Says};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Tokens that a process remembers.
const TOKENS: usize = 4_096;
/// Conversations and people that are remembered for each.
const EACH: usize = 64;

/// What an access token names. Nothing follows from it: what the grant allows is read anew each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub grant: GrantId,
    pub account: AccountId,
}

/// What the next answer will probably read.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    named: Named,
    /// How many of the newest messages; 0 if the last answer looked at none.
    newest: usize,
    talks: Vec<ConversationId>,
    people: Vec<AccountId>,
}

impl Expected {
    /// As one answer went. More than so many are not remembered.
    pub(crate) fn after(
        named: Named,
        newest: usize,
        talks: impl Iterator<Item = ConversationId>,
        people: impl Iterator<Item = AccountId>,
    ) -> Self {
        Self {
            named,
            newest,
            talks: talks.take(EACH).collect(),
            people: people.take(EACH).collect(),
        }
    }

    fn nothing_but(named: Named) -> Self {
        Self::after(named, 0, std::iter::empty(), std::iter::empty())
    }
}

/// What each token's answers read last.
#[derive(Debug, Default)]
pub(crate) struct Foresight(Mutex<HashMap<[u8; 32], Arc<Expected>>>);

impl Foresight {
    fn map(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<Expected>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers, under the hash of a token.
    pub(crate) fn remember(&self, token: [u8; 32], expected: Expected) {
        let mut map = self.map();
        if map.len() >= TOKENS && !map.contains_key(&token) {
            map.clear();
        }
        map.insert(token, Arc::new(expected));
    }
}

/// What a request begins with: read after its permit was given, so that whatever is taken back later waits for it.
pub(crate) struct Beginning {
    pub named: Named,
    pub permit: Permit,
    pub grant: Grant,
    /// The grant's version.
    pub version: u64,
    /// How often says that concern this inbox have changed.
    pub says_moved: u64,
    /// Read ahead.
    pub ahead: Option<Ahead>,
    /// Says that were read ahead, and whose.
    pub says: HashMap<AccountId, Says>,
    pub people: BTreeSet<AccountId>,
}

impl App {
    /// Reads what an answer to this token begins with: everything at once, if the token was here before.
    pub(crate) async fn begin(&self, token: &str, hash: &[u8; 32]) -> Result<Beginning, Error> {
        let known = self.foresight.map().get(hash).cloned();
        if let Some(expected) = known {
            let permit = self.gate.enter(expected.named.grant);
            permit.relies_on_says(expected.people.iter().copied());
            let (named, beginning) = tokio::join!(self.token_presented(token), self.read_ahead(&expected, permit));
            let named = named?;
            if named == expected.named {
                return beginning;
            }
        }
        self.begin_named(self.token_presented(token).await?).await
    }

    /// Reads what an answer under a grant begins with, and nothing ahead.
    pub(crate) async fn begin_named(&self, named: Named) -> Result<Beginning, Error> {
        let permit = self.gate.enter(named.grant);
        self.read_ahead(&Expected::nothing_but(named), permit).await
    }

    async fn read_ahead(&self, expected: &Expected, permit: Permit) -> Result<Beginning, Error> {
        let named = expected.named;
        let glance = async {
            if expected.newest == 0 {
                return Ok(None);
            }
            let talks = expected.talks.iter().map(|talk| talk.0).collect();
            let glance = self.store.inbox_glance(named.account.0, expected.newest, talks).await?;
            Ok::<_, Error>(Some(Ahead {
                limit: expected.newest,
                glance,
            }))
        };
        let says = async {
            match expected.people.is_empty() {
                true => Ok(HashMap::new()),
                false => self.says_of(&expected.people).await,
            }
        };
        let (grant, says_moved, ahead, says) = tokio::join!(
            self.grant_read(named.grant),
            self.store.views_get(named.account.0),
            glance,
            says
        );
        let (grant, version) = grant?
            .filter(|(grant, _)| grant.account == named.account)
            .ok_or(Denied::Token)?;
        Ok(Beginning {
            named,
            permit,
            grant,
            version,
            says_moved: says_moved?,
            ahead: ahead?,
            says: says?,
            people: expected.people.iter().copied().collect(),
        })
    }
}
