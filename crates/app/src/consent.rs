//! What people allow: grants, and the says of counterparties.
//!
//! Taking back goes in one order: written durably, waited until nobody in the door relies on it, entered in the ledger,
//! acknowledged. After the acknowledgement nothing decided under it leaves.

use crate::gate::Reliance;
use crate::sequencer::Note;
use crate::{App, Error};
use model::{
    AccountId, Ask, Choice, Conversation, ConversationId, Grant, GrantId, InvalidTransition, PartnerId, Says, Terms,
    Time,
};
use ring::digest;
use std::collections::HashMap;
use std::time::Duration;
use store::{Cas, Read};
use tlog::body::Event;

/// How long a revocation waits for answers under way before it cuts them.
const PATIENCE: Duration = Duration::from_secs(5);
const CAS_TRIES: usize = 16;

/// An open question to a counterparty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAsk {
    /// Its name.
    pub key: [u8; 16],
    /// What is asked.
    pub ask: Ask,
}

/// What someone says, and about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Whenever nothing more specific was said.
    Everyone,
    /// One partner.
    Partner(PartnerId),
    /// One partner in one conversation.
    Conversation(PartnerId, ConversationId),
}

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
        self.record_grant(Event::Grant, &grant).await?;
        self.ask_friends(&grant).await?;
        Ok(grant)
    }

    /// The person allows less from now on.
    pub async fn grant_narrow(&self, account: AccountId, id: GrantId, terms: Terms) -> Result<Grant, Error> {
        self.grant_owned(account, id).await?;
        let grant = self
            .grant_change(id, |grant, now| grant.narrow(terms.clone(), now))
            .await?;
        self.gate.drain(Reliance::Grant(id), PATIENCE).await;
        self.record_grant(Event::Narrowing, &grant).await?;
        Ok(grant)
    }

    /// The person takes a grant back. When this returns, nothing decided under it leaves any more.
    pub async fn grant_revoke(&self, account: AccountId, id: GrantId) -> Result<(), Error> {
        let before = self.grant_owned(account, id).await?;
        let grant = match self.grant_change(id, Grant::revoke).await {
            Ok(grant) => grant,
            // Past its end: over already.
            Err(Error::Conflict(_)) if !before.is_live(self.clock.now()) => return Ok(()),
            Err(other) => return Err(other),
        };
        self.gate.drain(Reliance::Grant(id), PATIENCE).await;
        if before.state != grant.state {
            self.record_grant(Event::Revocation, &grant).await?;
        }
        Ok(())
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

    async fn record_grant(&self, event: Event, grant: &Grant) -> Result<(), Error> {
        let mut note = Note::new(event, grant.account);
        note.partner = grant.partner.to_string();
        note.client = grant.client.to_string();
        note.grant = grant.id.to_string();
        note.agreement = grant.agreement.to_string();
        note.purpose = grant.terms.purpose.to_string();
        note.fields = grant.terms.fields;
        self.record(note).await?;
        Ok(())
    }

    /// What a person says about her own messages in other people's inboxes.
    pub async fn says(&self, account: AccountId) -> Result<Says, Error> {
        Ok(self.says_of(&[account]).await?.remove(&account).unwrap_or_default())
    }

    /// The says of several people; who has said nothing is absent.
    pub(crate) async fn says_of(&self, accounts: &[AccountId]) -> Result<HashMap<AccountId, Says>, Error> {
        let mut says = HashMap::new();
        for some in accounts.chunks(store::limits::PAGE) {
            let ids = some.iter().map(|a| a.0).collect();
            let rows = self.store.says_get(ids, Read::Acknowledged).await?;
            for (account, row) in some.iter().zip(rows) {
                if let Some(row) = row {
                    says.insert(*account, crate::json_body(&row.body)?);
                }
            }
        }
        Ok(says)
    }

    /// She says something. When this returns, it holds everywhere. Taking back an `allow` is saying `withhold`: a choice is
    /// replaced, never forgotten, so that a wider one behind it does not come through.
    pub async fn say(&self, account: AccountId, about: About, choice: Choice) -> Result<(), Error> {
        for _ in 0..CAS_TRIES {
            let row = self
                .store
                .says_get(vec![account.0], Read::Serial)
                .await?
                .into_iter()
                .flatten()
                .next();
            let version = row.as_ref().map_or(0, |r| r.version);
            let before: Says = row.map(|r| crate::json_body(&r.body)).transpose()?.unwrap_or_default();
            let mut says = before.clone();
            says_change(&mut says, &about, choice)?;
            if says == before {
                return Ok(());
            }
            if self.store.says_put(account.0, version, crate::to_json(&says)?).await? == Cas::Applied {
                self.gate.drain(Reliance::Say(account), PATIENCE).await;
                self.views_changed(account).await?;
                let mut note = Note::new(Event::Say, account);
                match about {
                    About::Everyone => {}
                    About::Partner(partner) | About::Conversation(partner, _) => note.partner = partner.to_string(),
                }
                if let Choice::Allow(fields) = choice {
                    note.fields = fields;
                }
                self.record(note).await?;
                return Ok(());
            }
        }
        Err(Error::Unavailable("these choices are being changed elsewhere".into()))
    }

    /// Her friends' inboxes show partners something else from now on: their views' state moves.
    async fn views_changed(&self, account: AccountId) -> Result<(), Error> {
        let mut concerned: Vec<[u8; 16]> = Vec::new();
        self.each_conversation(account, |c| {
            concerned.extend(
                c.participants
                    .iter()
                    .filter(|p| p.account != account)
                    .map(|p| p.account.0),
            );
        })
        .await?;
        concerned.sort_unstable();
        concerned.dedup();
        for some in concerned.chunks(store::limits::PAGE) {
            self.store.views_bump(some.to_vec()).await?;
        }
        Ok(())
    }

    /// Puts the question to everyone in the granted conversations who wants to be asked.
    async fn ask_friends(&self, grant: &Grant) -> Result<(), Error> {
        let mut talks: Vec<Conversation> = Vec::new();
        self.each_conversation(grant.account, |c| {
            if grant.terms.conversations.contains(c.id) {
                talks.push(c.clone());
            }
        })
        .await?;
        let mut people: Vec<AccountId> = talks
            .iter()
            .flat_map(|c| &c.participants)
            .map(|p| p.account)
            .filter(|a| *a != grant.account)
            .collect();
        people.sort_unstable();
        people.dedup();
        let says = self.says_of(&people).await?;
        for talk in &talks {
            for someone in talk
                .participants
                .iter()
                .map(|p| p.account)
                .filter(|a| *a != grant.account)
            {
                if says.get(&someone).map(|s| s.about(&grant.partner, talk.id)) == Some(Choice::Ask) {
                    self.ask(grant, someone, talk.id).await?;
                }
            }
        }
        Ok(())
    }

    pub(crate) async fn ask(
        &self,
        grant: &Grant,
        someone: AccountId,
        conversation: ConversationId,
    ) -> Result<(), Error> {
        let ask = Ask {
            partner: grant.partner.clone(),
            agreement: grant.agreement.clone(),
            conversation,
            asked_for: grant.account,
            fields: grant.terms.fields,
            until: grant.terms.until,
            asked_at: self.clock.now(),
        };
        let mut named = digest::Context::new(&digest::SHA256);
        named.update(grant.partner.as_str().as_bytes());
        named.update(&[0]);
        named.update(&conversation.0);
        let mut key = [0u8; 16];
        key.copy_from_slice(named.finish().as_ref().get(..16).unwrap_or(&[0; 16]));
        // Asked once per partner and conversation; that it stands there already is fine.
        let _: Cas = self.store.ask_put(someone.0, key, crate::to_json(&ask)?).await?;
        Ok(())
    }

    /// Questions that wait for a person's answer and are still of interest.
    pub async fn asks(&self, account: AccountId) -> Result<Vec<OpenAsk>, Error> {
        let now = self.clock.now();
        let mut open = Vec::new();
        for (key, body) in self.store.asks_of(account.0).await? {
            let ask: Ask = crate::json_body(&body)?;
            if ask.until > now {
                open.push(OpenAsk { key, ask });
            }
        }
        open.sort_by_key(|a| std::cmp::Reverse(a.ask.asked_at));
        Ok(open)
    }

    /// She answers one: for this conversation, or, with `always`, for this partner everywhere.
    pub async fn ask_answer(
        &self,
        account: AccountId,
        key: [u8; 16],
        choice: Choice,
        always: bool,
    ) -> Result<(), Error> {
        let open = self.asks(account).await?;
        let ask = open.into_iter().find(|a| a.key == key).ok_or(Error::NotFound)?.ask;
        let about = if always {
            About::Partner(ask.partner)
        } else {
            About::Conversation(ask.partner, ask.conversation)
        };
        self.say(account, about, choice).await?;
        Ok(self.store.ask_delete(account.0, key).await?)
    }
}

fn says_change(says: &mut Says, about: &About, choice: Choice) -> Result<(), Error> {
    const LIMIT: usize = 10_000;
    match about {
        About::Everyone => says.default = choice,
        About::Partner(partner) => _ = says.partners.insert(partner.clone(), choice),
        About::Conversation(partner, conversation) => {
            _ = says
                .conversations
                .entry(*conversation)
                .or_default()
                .insert(partner.clone(), choice);
        }
    }
    if says.partners.len() + says.conversations.len() > LIMIT {
        return Err(Error::TooLarge(format!("at most {LIMIT} single choices are kept")));
    }
    Ok(())
}
