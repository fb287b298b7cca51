//! Writing a draft, and throwing it away.

use super::{
    Asked, NOTE_LIMIT, Outgoing, RECIPIENTS_LIMIT, Recommendation, SendRefused, Sending, Stage, Target, What, granted,
};
use crate::inbox::TEXT_LIMIT;
use crate::mail::Kind;
use crate::{Error, Talk};
use model::{AccountId, Action, Conversation, ConversationId, MessageId, TitleId};
use report::{Domain, RecipientKind};
use std::collections::BTreeSet;
use store::Id;

/// Requests that go by the same names within a day mean the same.
const SAME_NAME_DAYS: i64 = 1;
/// How often names may have been used again.
const AGAIN: usize = 1_000;

/// What a partner writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDraft {
    /// What.
    pub what: NewWhat,
    /// To whom: addresses without their host, as the partner was shown them.
    pub to: Vec<String>,
    /// The message it answers, as the partner was shown it: it goes into that conversation.
    pub answers: Option<String>,
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum NewWhat {
    Text(String),
    Recommendation {
        title: String,
        note: String,
        interface: String,
        initiation_surface: String,
        variant: String,
        recipient_kind: RecipientKind,
    },
}

impl Sending<'_> {
    /// An id for a draft. The same names give the same one for a day, so that a request that is sent again, because its
    /// answer was lost, makes nothing twice; without a name for the request, each draft is a new one.
    pub async fn draft_id(&self, request: Option<&str>, creation: &str) -> Result<Id, Error> {
        let Some(request) = request else {
            return Ok(self.mail.new_id());
        };
        let mut id = self.mail.new_id();
        for times in 0..AGAIN {
            let names = [
                "draft",
                self.grant.partner.as_str(),
                request,
                creation,
                &times.to_string(),
            ];
            id = self.mail.derived_id(&names);
            let there = self.mail.doc::<Outgoing>(Kind::Outgoing, id).await?;
            let is_past = |o: &Outgoing| o.made_at.plus_days(SAME_NAME_DAYS) <= self.app.clock.now();
            if !there.is_some_and(|doc| is_past(&doc.body)) {
                break;
            }
        }
        Ok(id)
    }

    /// Writes a draft; or returns the one that is there.
    pub async fn create(&self, id: Id, new: &NewDraft) -> Asked<Outgoing> {
        granted!(self.may(Action::Send));
        if let Some(there) = self.one(id).await? {
            return Ok(Ok(there));
        }
        let what = granted!(self.what(&new.what).await?);
        let to = granted!(self.target(&what, new).await?);
        let draft = Outgoing {
            partner: self.grant.partner.clone(),
            client: self.grant.client.clone(),
            grant: self.grant.id,
            agreement: self.grant.agreement.clone(),
            made_at: self.app.clock.now(),
            what,
            own_words: None,
            to,
            addressed: new.to.clone(),
            stage: Stage::Draft,
            submitted_at: None,
            removed: false,
        };
        let kept = self
            .mail
            .change::<Outgoing, _>(Kind::Outgoing, id, |there| {
                // Of two requests at once, the first counts.
                let kept = there.unwrap_or_else(|| draft.clone());
                Ok((Some(kept.clone()), kept))
            })
            .await?;
        Ok(Ok(kept))
    }

    async fn what(&self, new: &NewWhat) -> Asked<What> {
        let invalid = |name, text: String| Ok(Err(SendRefused::Invalid(name, text)));
        match new {
            NewWhat::Text(text) => {
                let text = text.trim();
                if text.is_empty() {
                    return invalid("bodyValues", "it says nothing".to_owned());
                }
                if text.len() > TEXT_LIMIT {
                    return invalid("bodyValues", format!("a message has at most {TEXT_LIMIT} bytes"));
                }
                Ok(Ok(What::Text(text.to_owned())))
            }
            NewWhat::Recommendation {
                title,
                note,
                interface,
                initiation_surface,
                variant,
                recipient_kind,
            } => {
                let note = note.trim();
                if note.len() > NOTE_LIMIT {
                    return invalid("recommendation/note", format!("a note has at most {NOTE_LIMIT} bytes"));
                }
                let register = self.app.register();
                let Some(agreement) = register.get(&self.grant.agreement) else {
                    return Ok(Err(SendRefused::Forbidden(model::Reason::Agreement)));
                };
                let domain = match Domain::of(agreement) {
                    Ok(domain) => domain,
                    Err(fault) => return invalid("recommendation", format!("the agreement: {fault}")),
                };
                let kind = recipient_kind.as_str();
                if let Err(column) = domain.key(0, interface, initiation_surface, variant, kind) {
                    let property = match column {
                        "interface" => "recommendation/interface",
                        "initiation_surface" => "recommendation/initiationSurface",
                        "variant" => "recommendation/variant",
                        _ => "recommendation/recipientKind",
                    };
                    return invalid(property, "the name is not in the agreement's list".to_owned());
                }
                let has_link = self
                    .app
                    .partner(&self.grant.partner)
                    .is_some_and(|p| p.title_link.is_some());
                if !has_link && *recipient_kind == RecipientKind::Platform {
                    return invalid(
                        "recommendation",
                        "no address of titles (`title_link`) is registered for this partner".to_owned(),
                    );
                }
                let catalogue = self.app.catalogue(&self.grant.partner).await?;
                let Some(card) = catalogue.and_then(|c| c.card(&TitleId(title.clone()))) else {
                    return invalid("recommendation/title", "the catalogue has no such title".to_owned());
                };
                Ok(Ok(What::Recommendation(Recommendation {
                    title: card.title,
                    name: card.name,
                    year: card.year,
                    note: note.to_owned(),
                    interface: interface.clone(),
                    initiation_surface: initiation_surface.clone(),
                    variant: variant.clone(),
                    recipient_kind: *recipient_kind,
                })))
            }
        }
    }

    async fn target(&self, what: &What, new: &NewDraft) -> Asked<Target> {
        let elsewhere = matches!(what, What::Recommendation(r) if r.recipient_kind == RecipientKind::NonPlatform);
        if elsewhere {
            return Ok(match new.to.is_empty() && new.answers.is_none() {
                true => Ok(Target::Elsewhere),
                false => Err(SendRefused::Invalid(
                    "to",
                    "the partner delivers this itself".to_owned(),
                )),
            });
        }
        if new.to.len() > RECIPIENTS_LIMIT {
            return Ok(Err(SendRefused::TooManyRecipients(RECIPIENTS_LIMIT)));
        }
        if new.to.is_empty() && new.answers.is_none() {
            return Ok(Ok(Target::Nobody));
        }
        let talks = self.app.talks(self.grant.account).await?;
        let people = granted!(self.people(&new.to, &talks));
        match (what, &new.answers) {
            (What::Recommendation(_), Some(_)) => Ok(Err(SendRefused::Invalid(
                "inReplyTo",
                "a recommendation answers nothing".to_owned(),
            ))),
            (What::Recommendation(_), None) => {
                for person in &people {
                    let talk = self.app.talk_alone(self.grant.account, *person, &talks).await?;
                    granted!(self.may_in(&talk));
                }
                Ok(Ok(Target::People(people.into_iter().collect())))
            }
            (What::Text(_), Some(answers)) => self.answering(answers, &people, &talks).await,
            (What::Text(_), None) => {
                let talk = match people.iter().next() {
                    Some(person) if people.len() == 1 => {
                        self.app.talk_alone(self.grant.account, *person, &talks).await?
                    }
                    // Whether there is none or it may not be written to is the same to a partner.
                    _ => match talks
                        .iter()
                        .find(|t| is_among(&t.conversation, self.grant.account, &people))
                    {
                        Some(talk) => talk.conversation.clone(),
                        None => return Ok(Err(SendRefused::Forbidden(model::Reason::Conversation))),
                    },
                };
                granted!(self.may_in(&talk));
                Ok(Ok(Target::Talk(talk.id)))
            }
        }
    }

    /// The conversation of a message that this partner may see.
    async fn answering(&self, answers: &str, people: &BTreeSet<AccountId>, talks: &[Talk]) -> Asked<Target> {
        let unknown = || SendRefused::Invalid("inReplyTo", "there is no such message".to_owned());
        let Some(id) = self.pairwise.read('m', answers).map(MessageId) else {
            return Ok(Err(unknown()));
        };
        let found = self.app.messages_by_id(self.grant.account, &[id]).await?.pop();
        let Some(message) = found else {
            return Ok(Err(unknown()));
        };
        let talk = talks.iter().find(|t| t.conversation.id == message.conversation);
        let Some(talk) = talk.map(|t| &t.conversation) else {
            return Ok(Err(unknown()));
        };
        if !people.is_empty() && !is_among(talk, self.grant.account, people) {
            return Ok(Err(SendRefused::Invalid(
                "to",
                "an answer goes to everyone in the conversation".to_owned(),
            )));
        }
        granted!(self.may_in(talk));
        Ok(Ok(Target::Talk(talk.id)))
    }

    fn may_in(&self, talk: &Conversation) -> Result<(), SendRefused> {
        self.app
            .may_in(&self.grant, Action::Send, talk.id, talk.end_to_end)
            .map_err(SendRefused::Forbidden)
    }

    /// People by the addresses that this partner was shown. Nobody else can be named: an address is made of a key.
    fn people(&self, addresses: &[String], talks: &[Talk]) -> Result<BTreeSet<AccountId>, SendRefused> {
        let known: BTreeSet<AccountId> = talks
            .iter()
            .flat_map(|t| t.conversation.participants.iter().map(|p| p.account))
            .filter(|person| *person != self.grant.account)
            .collect();
        let (mut people, mut invalid) = (BTreeSet::new(), Vec::new());
        for address in addresses {
            match self
                .pairwise
                .read('p', address)
                .map(AccountId)
                .filter(|p| known.contains(p))
            {
                Some(person) => _ = people.insert(person),
                None => invalid.push(address.clone()),
            }
        }
        match invalid.is_empty() {
            true => Ok(people),
            false => Err(SendRefused::InvalidRecipients(invalid)),
        }
    }

    /// Throws a draft away that was not submitted.
    pub async fn discard(&self, id: Id) -> Asked<()> {
        granted!(self.may(Action::Send));
        if self.one(id).await?.is_none() {
            return Ok(Err(SendRefused::NotFound));
        }
        self.mail
            .change::<Outgoing, _>(Kind::Outgoing, id, |there| match there {
                Some(o) if o.stage != Stage::Draft => Ok((Some(o), Err(SendRefused::TooLate))),
                _ => Ok((None, Ok(()))),
            })
            .await
    }
}

/// Whether a conversation is between her and exactly these.
fn is_among(talk: &Conversation, owner: AccountId, people: &BTreeSet<AccountId>) -> bool {
    let others = talk.participants.iter().map(|p| p.account).filter(|a| *a != owner);
    !talk.end_to_end && others.collect::<BTreeSet<_>>() == *people
}

impl crate::App {
    /// The conversation she has with one person alone: the liveliest there is, or a new one between the two.
    pub(crate) async fn talk_alone(
        &self,
        owner: AccountId,
        person: AccountId,
        talks: &[Talk],
    ) -> Result<Conversation, Error> {
        let them = BTreeSet::from([person]);
        if let Some(talk) = talks.iter().find(|t| is_among(&t.conversation, owner, &them)) {
            return Ok(talk.conversation.clone());
        }
        let mut of = talks.iter().map(|t| &t.conversation);
        let participant = of.find_map(|t| t.participants.iter().find(|p| p.account == person));
        let participant = participant.cloned().ok_or(Error::NotFound)?;
        let me = self.person(owner).await?.ok_or(Error::NotFound)?;
        let (first, second) = (owner.min(person), owner.max(person));
        let named = crate::accounts::hash_of("conversation of two", &format!("{first} {second}"));
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(named) {
            *to = from;
        }
        Ok(Conversation {
            id: ConversationId(id),
            name: None,
            participants: vec![
                model::Participant {
                    account: owner,
                    name: me.name,
                },
                participant,
            ],
            end_to_end: false,
        })
    }
}
