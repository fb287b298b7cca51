//! What people allow partners in their own inboxes.
//!
//! Taking back goes in one order: written durably, waited until nobody in the door relies on it, entered in the ledger,
//! acknowledged. After the acknowledgement nothing decided under it leaves. Whoever asks goes away in the middle, or the
//! process dies: what was written holds, and whoever asks again is acknowledged only when the rest is done too.

use crate::gate::Reliance;
use crate::sequencer::Note;
use crate::{App, Error};
use model::{AccountId, Grant, GrantId, GrantState, InvalidTransition, Terms, Time};
use std::sync::Arc;
use std::time::Duration;
use store::{Cas, Read};
use tlog::body::Event;

/// How long a withdrawal waits for answers under way before it cuts them.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// Tries to change a row that others change too.
pub(crate) const CAS_TRIES: usize = 16;

impl App {
    /// A person's grants, newest first.
    pub async fn grants(&self, account: AccountId) -> Result<Vec<Grant>, Error> {
        let rows = self.store.grants_of(account.0).await?;
        let mut grants = rows
            .iter()
            .map(|row| crate::json_body::<Grant>(&row.body))
            .collect::<Result<Vec<_>, _>>()?;
        grants.sort_by_key(|g| std::cmp::Reverse((g.created_at, g.id)));
        Ok(grants)
    }

    /// The partner claims what the person agreed to.
    pub(crate) async fn grant_activate(&self, id: GrantId) -> Result<Grant, Error> {
        let grant = self.grant_change(id, Grant::activate).await?;
        let grant = self.grant_enter(grant).await?;
        self.ask_friends(&grant).await?;
        Ok(grant)
    }

    /// The person allows less from now on.
    pub async fn grant_narrow(self: &Arc<Self>, account: AccountId, id: GrantId, terms: Terms) -> Result<Grant, Error> {
        let app = Arc::clone(self);
        crate::to_its_end(async move {
            app.grant_owned(account, id).await?;
            let grant = app
                .grant_change(id, |grant, now| grant.narrow(terms.clone(), now))
                .await?;
            app.grant_settle(grant).await
        })
        .await
    }

    /// The person takes a grant back. When this returns, nothing decided under it leaves any more.
    pub async fn grant_revoke(self: &Arc<Self>, account: AccountId, id: GrantId) -> Result<(), Error> {
        let app = Arc::clone(self);
        crate::to_its_end(async move {
            let before = app.grant_owned(account, id).await?;
            let grant = match app.grant_change(id, Grant::revoke).await {
                Ok(grant) => grant,
                // Past its end: over already.
                Err(Error::Conflict(_)) if !before.is_live(app.clock.now()) => before,
                Err(other) => return Err(other),
            };
            app.grant_settle(grant).await.map(|_| ())
        })
        .await
    }

    /// Does what a crash or a full disk kept from being done after a person's consent changed.
    pub async fn consent_settle(self: &Arc<Self>, account: AccountId) -> Result<(), Error> {
        let app = Arc::clone(self);
        crate::to_its_end(async move {
            for grant in app.grants(account).await? {
                if grant.unentered.is_some() {
                    app.grant_settle(grant).await?;
                }
            }
            match app.says(account).await?.unentered.is_empty() {
                true => Ok(()),
                false => app.says_settle(account).await,
            }
        })
        .await
    }

    /// After a grant became less: waits for whoever was let in before, then enters it. Each time it is asked for, whether
    /// or not the row said so already: another may have written it and not have come this far.
    async fn grant_settle(&self, grant: Grant) -> Result<Grant, Error> {
        self.gate.drain(Reliance::Grant(grant.id), PATIENCE).await;
        self.grant_enter(grant).await
    }

    async fn grant_enter(&self, grant: Grant) -> Result<Grant, Error> {
        let _pen = self.consent_pen(grant.account).await;
        // Whoever had the pen before may have entered it.
        let (grant, _) = self.grant_read(grant.id).await?.ok_or(Error::NotFound)?;
        let Some(state) = grant.unentered else {
            return Ok(grant);
        };
        let event = match state {
            GrantState::Revoked => Event::Revocation,
            GrantState::Narrowed => Event::Narrowing,
            GrantState::Requested | GrantState::Active | GrantState::Expired => Event::Grant,
        };
        let mut note = Note::new(event, grant.account);
        note.partner = grant.partner.to_string();
        note.client = grant.client.to_string();
        note.grant = grant.id.to_string();
        note.agreement = grant.agreement.to_string();
        note.purpose = grant.terms.purpose.to_string();
        note.fields = grant.terms.fields;
        self.record(note).await?;
        self.grant_change(grant.id, |grant, _| Ok(grant.entered(state))).await
    }

    async fn grant_owned(&self, account: AccountId, id: GrantId) -> Result<Grant, Error> {
        match self.grant_read(id).await? {
            Some((grant, _)) if grant.account == account => Ok(grant),
            _ => Err(Error::NotFound),
        }
    }

    /// A grant and the version of its row.
    pub(crate) async fn grant_read(&self, id: GrantId) -> Result<Option<(Grant, u64)>, Error> {
        match self.store.grant_get(id.0, Read::Acknowledged).await? {
            Some(row) => Ok(Some((crate::json_body(&row.body)?, row.version))),
            None => Ok(None),
        }
    }

    async fn grant_change(
        &self,
        id: GrantId,
        step: impl Fn(Grant, Time) -> Result<Grant, InvalidTransition>,
    ) -> Result<Grant, Error> {
        for _ in 0..CAS_TRIES {
            let (grant, version) = self.grant_read(id).await?.ok_or(Error::NotFound)?;
            let changed = step(grant.clone(), self.clock.now())?;
            if changed == grant {
                return Ok(grant);
            }
            if self
                .store
                .grant_transition(id.0, version, crate::to_json(&changed)?)
                .await?
                == Cas::Applied
            {
                return Ok(changed);
            }
        }
        Err(Error::Unavailable("the grant is being changed elsewhere".into()))
    }
}
