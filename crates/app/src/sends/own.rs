//! What a person sees and does herself: what was sent in her name, whom a draft goes to; and a partner removing what it sent.

use super::deliver::note_of;
use super::{Asked, Outgoing, RECIPIENTS_LIMIT, SendRefused, Sending, Stage, Target, What, granted};
use crate::mail::{Kind, show_id};
use crate::{App, Error};
use model::{AccountId, Action, MessageId};
use std::collections::BTreeMap;
use store::Id;
use tlog::body::Event;

/// Something that was, or is about to be, sent in her name.
#[derive(Debug, Clone)]
pub struct InMyName {
    /// Its id.
    pub id: Id,
    /// It.
    pub outgoing: Outgoing,
    /// The names of those it goes to.
    pub to: Vec<String>,
}

/// Someone she writes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Friend {
    /// Who.
    pub account: AccountId,
    /// Her name.
    pub name: String,
}

impl App {
    /// What partners sent in her name, or are about to, newest first.
    pub async fn sent_in_my_name(&self, account: AccountId) -> Result<Vec<InMyName>, Error> {
        let mail = self.mail(account).await?;
        let names: BTreeMap<AccountId, String> = self
            .correspondents(account)
            .await?
            .into_iter()
            .map(|f| (f.account, f.name))
            .collect();
        let mut listed = Vec::new();
        for (id, outgoing) in self.outgoing(&mail).await? {
            let to = match &outgoing.to {
                Target::Nobody | Target::Elsewhere => Vec::new(),
                Target::Talk(talk) => match self.talk(account, *talk).await {
                    Ok(talk) => vec![talk.conversation.title_for(account)],
                    Err(Error::NotFound) => Vec::new(),
                    Err(other) => return Err(other),
                },
                Target::People(people) => {
                    let name = |p: &AccountId| names.get(p).cloned();
                    people.iter().filter_map(name).collect()
                }
            };
            listed.push(InMyName { id, outgoing, to });
        }
        Ok(listed)
    }

    /// Everyone she writes with who may have an inbox here, by name.
    pub async fn correspondents(&self, account: AccountId) -> Result<Vec<Friend>, Error> {
        let mut friends: BTreeMap<AccountId, String> = BTreeMap::new();
        for talk in self.talks(account).await? {
            for person in talk.conversation.participants {
                if person.account != account {
                    friends.entry(person.account).or_insert(person.name);
                }
            }
        }
        let mut friends: Vec<Friend> = friends
            .into_iter()
            .map(|(account, name)| Friend { account, name })
            .collect();
        friends.sort_by(|a, b| (&a.name, a.account).cmp(&(&b.name, b.account)));
        Ok(friends)
    }

    /// One of what partners wrote in her name.
    pub async fn in_my_name(&self, account: AccountId, id: Id) -> Result<Outgoing, Error> {
        let mail = self.mail(account).await?;
        let doc = mail.doc::<Outgoing>(Kind::Outgoing, id).await?;
        doc.map(|doc| doc.body).ok_or(Error::NotFound)
    }

    /// She takes back what waits to be sent in her name. `Conflict` if it has left.
    pub async fn undo(&self, account: AccountId, id: Id) -> Result<(), Error> {
        let mail = self.mail(account).await?;
        match self.cancel(&mail, id).await? {
            Ok(_) => Ok(()),
            Err(SendRefused::NotFound) => Err(Error::NotFound),
            Err(_) => Err(Error::Conflict("it has been sent already".to_owned())),
        }
    }

    /// She says whom a recommendation goes to, with what words, and sends it. The partner learns how many they are.
    pub async fn choose(&self, account: AccountId, id: Id, people: &[AccountId], note: &str) -> Asked<Outgoing> {
        let mail = self.mail(account).await?;
        let Some(doc) = mail.doc::<Outgoing>(Kind::Outgoing, id).await? else {
            return Ok(Err(SendRefused::NotFound));
        };
        let mut draft = doc.body;
        if !matches!(draft.what, What::Recommendation(_)) {
            return Ok(Err(SendRefused::NotFound));
        }
        if draft.to == Target::Elsewhere {
            return Ok(Err(SendRefused::NotFound));
        }
        let note = note.trim();
        if note.len() > super::NOTE_LIMIT {
            let most = super::NOTE_LIMIT;
            return Ok(Err(SendRefused::Invalid(
                "note",
                format!("a note has at most {most} bytes"),
            )));
        }
        draft.own_words = (note != draft.written()).then(|| note.to_owned());
        if people.len() > RECIPIENTS_LIMIT {
            return Ok(Err(SendRefused::TooManyRecipients(RECIPIENTS_LIMIT)));
        }
        let friends = self.correspondents(account).await?;
        if people.iter().any(|p| !friends.iter().any(|f| f.account == *p)) {
            return Ok(Err(SendRefused::NotFound));
        }
        let Some((grant, _)) = self.grant_read(draft.grant).await? else {
            return Ok(Err(SendRefused::Forbidden(model::Reason::Grant)));
        };
        let talks = self.talks(account).await?;
        let mut chosen: Vec<AccountId> = people.to_vec();
        chosen.sort_unstable();
        chosen.dedup();
        for person in &chosen {
            let talk = self.talk_alone(account, *person, &talks).await?;
            granted!(
                self.may_in(&grant, Action::Send, talk.id, talk.end_to_end)
                    .map_err(SendRefused::Forbidden)
            );
        }
        if draft.stage == Stage::Draft {
            draft.to = match chosen.is_empty() {
                true => Target::Nobody,
                false => Target::People(chosen),
            };
            draft.addressed.clear();
        }
        self.submit(&mail, &grant, id, draft, super::UNDO_SECONDS).await
    }
}

impl Sending<'_> {
    /// Removes from her inbox what this partner has sent, and nothing else. Her friends keep what they got: it is theirs too.
    pub async fn remove(&self, id: Id) -> Asked<()> {
        let Some(outgoing) = self.one(id).await? else {
            return Ok(Err(SendRefused::NotFound));
        };
        granted!(self.may(Action::Delete));
        if !matches!(outgoing.stage, Stage::Sent { .. }) {
            return Ok(Err(SendRefused::TooLate));
        }
        let names = outgoing.names();
        let ids: Vec<MessageId> = names.iter().map(|name| self.mail.message_of(id, name)).collect();
        let there = self.app.messages_by_id(self.grant.account, &ids).await?;
        for message in &there {
            granted!(
                self.app
                    .may_in(&self.grant, Action::Delete, message.conversation, false)
                    .map_err(SendRefused::Forbidden)
            );
        }
        if !there.is_empty() {
            let shown = |m: &model::Message| (m.id, self.pairwise.show('m', m.id.0));
            let told = there.iter().map(shown).collect();
            let note = note_of(Event::Removal, &self.grant, &outgoing, show_id(id), told);
            self.app.record(note).await?;
            let ids: Vec<MessageId> = there.iter().map(|m| m.id).collect();
            self.mail.remove(&ids).await?;
        }
        self.mail
            .change::<Outgoing, _>(Kind::Outgoing, id, |there| {
                let removed = there.map(|outgoing| Outgoing {
                    removed: true,
                    ..outgoing
                });
                Ok((removed, Ok(())))
            })
            .await
    }
}
