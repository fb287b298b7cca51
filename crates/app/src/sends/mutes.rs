//! Whom a person does not want to hear of. Nobody else learns of it: whoever sends gets the same answers as ever.

use crate::gate::Reliance;
use crate::grants::PATIENCE;
use crate::mail::{Kind, show_id};
use crate::{App, Error};
use model::{AccountId, MessageId, PartnerId, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use store::limits::platform_shelf;
use store::{Cas, DocWrite, Id};

/// The one document there is.
const MUTES: Id = [0; 16];
/// Partners and people that can be muted at most.
const LIMIT: usize = 10_000;

/// Whom a person does not want to hear of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mutes {
    /// Nothing that these send, on whose behalf ever.
    #[serde(default)]
    pub partners: BTreeSet<PartnerId>,
    /// Nothing from these people, by hand or by a partner.
    #[serde(default)]
    pub people: BTreeSet<AccountId>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Muted {
    /// A partner.
    Partner(PartnerId),
    /// A person.
    Person(AccountId),
}

/// A message that its reader has reported to the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// When.
    pub at: Time,
    /// The partner that sent it.
    pub partner: PartnerId,
    /// Under which agreement.
    pub agreement: String,
    /// When it was sent.
    pub sent_at: Time,
    /// The title it recommended.
    pub title: Option<String>,
    /// What it said: shown to the operator because its reader wants that.
    pub text: String,
}

impl Mutes {
    /// Whether she wants nothing that this person sends, by hand or with this partner.
    pub(crate) fn shuts_out(&self, author: AccountId, partner: Option<&PartnerId>) -> bool {
        self.people.contains(&author) || partner.is_some_and(|partner| self.partners.contains(partner))
    }
}

impl App {
    /// Whom a person does not want to hear of.
    pub async fn mutes(&self, account: AccountId) -> Result<Mutes, Error> {
        let mail = self.mail(account).await?;
        let there = mail.doc::<Mutes>(Kind::Mutes, MUTES).await?;
        Ok(there.map(|doc| doc.body).unwrap_or_default())
    }

    /// Mutes (`true`) or hears again. When this returns, nothing more comes that was not on its way before.
    pub async fn mute(&self, account: AccountId, whom: &Muted, on: bool) -> Result<(), Error> {
        let known = match whom {
            Muted::Partner(partner) => self.partner(partner).is_some(),
            Muted::Person(person) => *person != account,
        };
        if !known {
            return Err(Error::NotFound);
        }
        let mail = self.mail(account).await?;
        mail.change::<Mutes, _>(Kind::Mutes, MUTES, |there| {
            let mut mutes = there.unwrap_or_default();
            match (whom, on) {
                (Muted::Partner(partner), true) => mutes.partners.insert(partner.clone()),
                (Muted::Partner(partner), false) => mutes.partners.remove(partner),
                (Muted::Person(person), true) => mutes.people.insert(*person),
                (Muted::Person(person), false) => mutes.people.remove(person),
            };
            if mutes.partners.len() + mutes.people.len() > LIMIT {
                return Err(Error::TooLarge(format!("at most {LIMIT} can be muted")));
            }
            Ok((Some(mutes), ()))
        })
        .await?;
        // Whoever is delivering read this before it was written, and is waited for.
        self.gate.drain(Reliance::Say(account), PATIENCE).await;
        Ok(())
    }

    /// Shows a message that a partner sent her to the operator, once.
    pub async fn report_message(&self, account: AccountId, message: MessageId) -> Result<(), Error> {
        let found = self.messages_by_id(account, &[message]).await?.pop();
        let message = found.filter(|m| m.author != account).ok_or(Error::NotFound)?;
        let via = message.via.ok_or(Error::NotFound)?;
        let reported = Reported {
            at: self.clock.now(),
            partner: via.partner,
            agreement: via.agreement.to_string(),
            sent_at: message.sent_at,
            title: via.card.map(|card| card.name),
            text: message.text,
        };
        let id = self
            .mail(account)
            .await?
            .derived_id(&["reported", &show_id(message.id.0)]);
        let write = DocWrite {
            id,
            expected: 0,
            body: Some(crate::to_json(&reported)?),
        };
        // Reported already, if it conflicts.
        let _once: Cas = self
            .store
            .docs_write(platform_shelf(0), Kind::Reported as u8, vec![write])
            .await?;
        Ok(())
    }

    /// What readers have reported, newest first: for the operator.
    pub async fn reported(&self) -> Result<Vec<Reported>, Error> {
        let mut reported: Vec<Reported> = Vec::new();
        let mut after = None;
        loop {
            let page = self
                .store
                .docs_list(platform_shelf(0), Kind::Reported as u8, after, 1_000)
                .await?;
            let is_last = page.len() < 1_000;
            for (id, doc) in page {
                after = Some(id);
                reported.push(crate::json_body(&doc.body)?);
            }
            if is_last {
                reported.sort_by_key(|r| std::cmp::Reverse(r.at));
                return Ok(reported);
            }
        }
    }
}
