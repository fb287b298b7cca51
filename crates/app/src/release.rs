//! The one door. Nothing of a person's inbox reaches a partner but through [`App::release`].
//!
//! Always in this order: **decide** each message (inside the [`View`] that the answer is computed from) → **append** one
//! entry for the whole answer → wait until it is **durable** → hand over the bytes. *Log before reveal*: if any step fails
//! the partner gets an error and nothing else.
//!
//! A release holds a permit from before it reads any consent until its last byte is handed over; a revocation waits for it.
//! While the entry is written the grant is looked at once more: no guarantee needs it, but a consent that was taken back meanwhile
//! is respected at once.

use crate::accounts::hash_of;
use crate::foresight::{Beginning, Expected};
use crate::gate::Permit;
use crate::lens::Lens;
use crate::pairwise::Pairwise;
use crate::sequencer::{Coming, Entered, Note};
use crate::view::View;
use crate::{App, Denied, Error};
use model::{Action, Conversations, Grant, Reason, Time};
use ring::digest;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use tlog::body::Event;

/// A future that may borrow the view it was given.
pub type Computing<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Error>> + Send + 'a>>;

/// Bytes that may leave. Only the door makes one.
pub struct Released {
    body: Vec<u8>,
    entered: Option<Entered>,
    permit: Permit,
}

impl Released {
    /// The answer; the entry that records it (`None` if nothing of the inbox was looked at); and the permit, to be kept until
    /// the last byte is handed over, and asked before each piece whether it still stands.
    pub fn into_parts(self) -> (Vec<u8>, Option<Entered>, Permit) {
        (self.body, self.entered, self.permit)
    }
}

/// A request that is in the door: the view it is answered from, and what it may be answered under.
pub(crate) struct Inside<'app> {
    pub(crate) view: View<'app>,
    pub(crate) grant: Grant,
    pub(crate) now: Time,
    /// Of which at least one must be allowed.
    pub(crate) actions: Vec<Action>,
}

impl App {
    /// Answers a partner. `compute` makes the answer from the partner's view; its bytes are held in here until the entry
    /// that records them is durable.
    pub async fn release<F>(&self, token: &str, request_id: String, compute: F) -> Result<Released, Error>
    where
        F: for<'a> FnOnce(&'a mut View<'_>) -> Computing<'a> + Send,
    {
        self.release_to(&[Action::Read], token, request_id, compute).await
    }

    /// The same for a partner that perhaps may not read but send or delete. An answer for which the inbox was looked at
    /// leaves only if it may read.
    pub async fn release_any<F>(&self, token: &str, request_id: String, compute: F) -> Result<Released, Error>
    where
        F: for<'a> FnOnce(&'a mut View<'_>) -> Computing<'a> + Send,
    {
        let any = [Action::Read, Action::Send, Action::Delete];
        self.release_to(&any, token, request_id, compute).await
    }

    async fn release_to<F>(
        &self,
        actions: &[Action],
        token: &str,
        request_id: String,
        compute: F,
    ) -> Result<Released, Error>
    where
        F: for<'a> FnOnce(&'a mut View<'_>) -> Computing<'a> + Send,
    {
        let hash = hash_of("token", token);
        let beginning = self.begin(token, &hash).await?;
        let named = beginning.named;
        let mut inside = self.door_enter(beginning, actions).await?;
        self.ceilings
            .request(&self.ceilings_of(&inside.grant)?, &inside.grant, inside.now)?;
        let coming = self.sequencer.coming();
        let body = compute(&mut inside.view).await?;
        let (newest, talks) = inside.view.walked();
        let expected = Expected::after(named, newest, talks, inside.view.people());
        self.foresight.remember(hash, expected);
        self.door_leave(inside, body, coming, request_id).await
    }

    /// Into the door: the view is made that an answer may be computed from.
    pub(crate) async fn door_enter(&self, beginning: Beginning, actions: &[Action]) -> Result<Inside<'_>, Error> {
        let Beginning {
            permit,
            grant,
            version,
            says_moved,
            ahead,
            says,
            people,
            ..
        } = beginning;
        let now = self.clock.now();
        self.grant_answers(&grant, actions)?;
        let lens = Lens::new(self, grant.clone(), (version, says_moved), permit, now).await?;
        let view = View::through(self, grant.account, lens.knowing(says, people), ahead).await?;
        Ok(Inside {
            view,
            grant,
            now,
            actions: actions.to_vec(),
        })
    }

    /// Out of the door: the entry, then the bytes.
    pub(crate) async fn door_leave(
        &self,
        inside: Inside<'_>,
        body: Vec<u8>,
        coming: Coming,
        request_id: String,
    ) -> Result<Released, Error> {
        let Inside {
            view,
            grant,
            now,
            actions,
        } = inside;
        let touched = view.is_touched();
        if touched && self.may(&grant, Action::Read).is_err() {
            return Err(Denied::Grant(Reason::Action).into());
        }
        let (told, lens) = view.into_told();
        let lens = lens.ok_or(Error::NotFound)?;
        if !touched {
            let (_, permit, _) = lens.into_parts();
            return Ok(Released {
                body,
                entered: None,
                permit,
            });
        }
        // A refusal for this reason tells that there was so much: it is entered like an answer.
        let within = self
            .ceilings
            .messages(&self.ceilings_of(&grant)?, &grant, told.len(), now);

        let mut note = Note::new(Event::Disclosure, grant.account);
        note.partner = grant.partner.to_string();
        note.client = grant.client.to_string();
        note.grant = grant.id.to_string();
        note.agreement = grant.agreement.to_string();
        note.purpose = grant.terms.purpose.to_string();
        note.fields = lens.fields();
        note.told = told.into_iter().collect();
        // The partner, who does not know the platform's own ids, can compute the root from what it was told.
        note.told.sort_unstable_by(|(_, a), (_, b)| a.cmp(b));
        note.withheld = lens.withheld();
        note.answer_bytes = body.len() as u64;
        note.answer_hash
            .copy_from_slice(digest::digest(&digest::SHA256, &body).as_ref());
        note.request_id = request_id;
        let (entered, latest) = tokio::join!(self.record_announced(note, coming), self.grant_read(grant.id));
        let entered = entered?;
        within?;

        // Another process may have taken the grant back meanwhile.
        let (latest, _) = latest?.ok_or(Denied::Token)?;
        self.grant_answers(&latest, &actions)?;
        let (_, permit, to_ask) = lens.into_parts();
        if permit.is_late() {
            return Err(Error::Unavailable("the answer took too long; ask for less".into()));
        }
        if permit.is_cut() {
            return Err(Denied::Grant(Reason::Grant).into());
        }
        for (someone, conversation) in to_ask {
            self.ask(&grant, someone, conversation).await?;
        }
        Ok(Released {
            body,
            entered: Some(entered),
            permit,
        })
    }

    /// Who a token speaks for, if it still speaks: for answers that carry nothing of the inbox.
    pub async fn partner_session(&self, token: &str) -> Result<PartnerSession, Error> {
        let grant = self.grant_presented(token).await?;
        self.grant_answers(&grant, &[Action::Read, Action::Send, Action::Delete])?;
        let pairwise = Pairwise::new(&self.pairwise_secret, &grant.partner, grant.account);
        let actions = [Action::Read, Action::Send, Action::Delete];
        Ok(PartnerSession {
            account: pairwise.show('a', grant.account.0),
            actions: actions.into_iter().filter(|a| self.may(&grant, *a).is_ok()).collect(),
            grant,
        })
    }

    /// The conversations a grant is limited to, as its partner knows them; `None` if it is all.
    pub fn conversations_shown(&self, grant: &Grant) -> Option<Vec<String>> {
        match &grant.terms.conversations {
            Conversations::All => None,
            Conversations::Only(ids) => {
                let pairwise = Pairwise::new(&self.pairwise_secret, &grant.partner, grant.account);
                Some(ids.iter().map(|id| pairwise.show('t', id.0)).collect())
            }
        }
    }

    /// Whether anything can be disclosed under a grant at all. The same questions `decide` asks first, asked once for a
    /// clear refusal.
    pub(crate) fn grant_answers(&self, grant: &Grant, actions: &[Action]) -> Result<(), Error> {
        let now = self.clock.now();
        let refuse = |reason| Err(Denied::Grant(reason).into());
        if !grant.is_live(now) {
            return refuse(Reason::Grant);
        }
        let register = self.register();
        match register.answering(&grant.agreement, now) {
            Err(reason) => refuse(reason),
            Ok(agreement) if agreement.partner_id != grant.partner => refuse(Reason::Agreement),
            Ok(agreement) if !actions.iter().any(|a| allows(grant, agreement, *a)) => refuse(Reason::Action),
            Ok(_) => Ok(()),
        }
    }
}

fn allows(grant: &Grant, agreement: &model::Agreement, action: Action) -> bool {
    grant.terms.actions.contains(&action) && agreement.actions.contains(&action)
}

/// What a partner may know without reading anything.
#[derive(Debug, Clone)]
pub struct PartnerSession {
    /// The account's id, as the partner knows it.
    pub account: String,
    /// The consent it acts under.
    pub grant: Grant,
    /// What it may do: what grant and agreement both have.
    pub actions: BTreeSet<Action>,
}
