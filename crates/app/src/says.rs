//! What people allow of their own messages in other people's inboxes, and the questions put to them.
//!
//! A say is taken back in the order of a grant ([`crate::grants`]): written, waited for, entered, acknowledged.

use crate::gate::Reliance;
use crate::grants::{CAS_TRIES, PATIENCE};
use crate::sequencer::Note;
use crate::{App, Error};
use model::{AccountId, Ask, Choice, Conversation, ConversationId, FieldSet, Grant, PartnerId, Says};
use ring::digest;
use std::collections::HashMap;
use std::sync::Arc;
use store::{Cas, Read};
use tlog::body::Event;

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
    pub async fn say(self: &Arc<Self>, account: AccountId, about: About, choice: Choice) -> Result<(), Error> {
        let app = Arc::clone(self);
        crate::to_its_end(async move {
            app.says_change(account, |says| said(says, &about, choice)).await?;
            app.says_settle(account).await
        })
        .await
    }

    /// Everything is withheld again, in her own name: the last thing that is said.
    pub(crate) async fn say_nothing(&self, account: AccountId) -> Result<(), Error> {
        self.says_change(account, |says| {
            *says = Says::default();
            Ok(())
        })
        .await?;
        self.gate.drain(Reliance::Say(account), PATIENCE).await;
        self.views_changed(account).await
    }

    /// Waits for whoever relied on what she said before, and enters what is not in the ledger yet. Each time it is asked
    /// for, whether or not she had said so already: another request may have written it and not have come this far.
    pub(crate) async fn says_settle(&self, account: AccountId) -> Result<(), Error> {
        self.gate.drain(Reliance::Say(account), PATIENCE).await;
        let _pen = self.consent_pen(account).await;
        // Whoever had the pen before may have entered it.
        let waiting = self.says(account).await?.unentered;
        if waiting.is_empty() {
            return Ok(());
        }
        self.views_changed(account).await?;
        for (partner, fields) in &waiting {
            let mut note = Note::new(Event::Say, account);
            note.partner = partner.as_ref().map(ToString::to_string).unwrap_or_default();
            note.fields = *fields;
            self.record(note).await?;
        }
        self.says_change(account, |says| {
            // What was said meanwhile stands behind what was entered.
            says.unentered.drain(..waiting.len().min(says.unentered.len()));
            Ok(())
        })
        .await
    }

    async fn says_change(
        &self,
        account: AccountId,
        change: impl Fn(&mut Says) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
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
            change(&mut says)?;
            if says == before || self.store.says_put(account.0, version, crate::to_json(&says)?).await? == Cas::Applied
            {
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
    pub(crate) async fn ask_friends(&self, grant: &Grant) -> Result<(), Error> {
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
        let body = crate::to_json(&ask)?;
        if self.store.ask_put(someone.0, key, body.clone()).await? == Cas::Conflict {
            // Asked once per partner and conversation; but a question that is over must not keep the next from being put.
            let asked = self.store.asks_of(someone.0).await?;
            let over = asked.iter().any(|(asked, body)| {
                *asked == key && crate::json_body::<Ask>(body).is_ok_and(|old| old.until <= ask.asked_at)
            });
            if over {
                self.store.ask_delete(someone.0, key).await?;
                let _: Cas = self.store.ask_put(someone.0, key, body).await?;
            }
        }
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
        self: &Arc<Self>,
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

fn said(says: &mut Says, about: &About, choice: Choice) -> Result<(), Error> {
    const LIMIT: usize = 10_000;
    let before = says.clone();
    let partner = match about {
        About::Everyone => {
            says.default = choice;
            None
        }
        About::Partner(partner) => {
            says.partners.insert(partner.clone(), choice);
            Some(partner.clone())
        }
        About::Conversation(partner, conversation) => {
            let here = says.conversations.entry(*conversation).or_default();
            here.insert(partner.clone(), choice);
            Some(partner.clone())
        }
    };
    if says.partners.len() + says.conversations.len() > LIMIT {
        return Err(Error::TooLarge(format!("at most {LIMIT} single choices are kept")));
    }
    if *says != before {
        let fields = match choice {
            Choice::Allow(fields) => fields,
            Choice::Ask | Choice::Withhold => FieldSet::NONE,
        };
        says.unentered.push((partner, fields));
    }
    Ok(())
}
