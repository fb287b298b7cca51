//! Delivering what was submitted, once its time has come.
//!
//! In this order, each step safe to repeat: **claimed** by one process → the grant is read and **decided** on as it stands now →
//! **entered** in the ledger → **written** into the inboxes → **counted** → done. A process that dies in between leaves a claim
//! that another takes over after a minute. A withdrawal of the grant, and a recipient who mutes, wait for whoever is
//! delivering, as for a reader in the door.

use super::counted::Counted;
use super::submit::Waits;
use super::{Outgoing, Stage, Target, What};
use crate::gate::Permit;
use crate::mail::{Kind, Mail, show_id};
use crate::sequencer::Note;
use crate::{App, Error};
use model::{AccountId, Action, Conversation, ConversationId, Grant, Message, MessageId, Time, Via};
use report::RecipientKind;
use ring::digest;
use std::collections::BTreeSet;
use store::limits::platform_shelf;
use store::{Cas, DocWrite, Id};
use tlog::body::Event;

/// Seconds after which a claim is taken over.
const CLAIM_SECONDS: i64 = 60;
/// Seconds for which something listed may be on its way to being submitted.
const SUBMITTING_SECONDS: i64 = 3_600;
/// Listed at once.
const PAGE: usize = 1_000;
/// Entries of hers that are looked through for one that was made before a crash.
const ENTRIES: usize = 200;

/// A message and the conversation it goes into.
struct Parcel {
    talk: Conversation,
    message: Message,
    /// For what is counted: who gets it.
    recipient: Option<AccountId>,
}

impl App {
    /// Delivers whatever is due; returns how much of it was. Call it every second; safe in several processes.
    pub async fn deliver_due(&self) -> Result<usize, Error> {
        let now = self.clock.now();
        let (mut delivered, mut after) = (0, None);
        loop {
            let page = self
                .store
                .docs_list(platform_shelf(0), Kind::Waiting as u8, after, PAGE)
                .await?;
            let is_last = page.len() < PAGE;
            for (id, doc) in page {
                after = Some(id);
                let waits: Waits = crate::json_body(&doc.body)?;
                if waits.send_at > now {
                    continue;
                }
                match self.deliver_one(&waits, id).await {
                    Ok(true) => {
                        self.strike(id, doc.version).await?;
                        delivered += 1;
                    }
                    Ok(false) => {}
                    // The others are delivered all the same; this one is tried again.
                    Err(error) => tracing::warn!(%error, "a message was not delivered yet"),
                }
            }
            if is_last {
                return Ok(delivered);
            }
        }
    }

    /// Whether it is done with: delivered, canceled, or gone.
    async fn deliver_one(&self, waits: &Waits, id: Id) -> Result<bool, Error> {
        let mail = match self.mail(waits.account).await {
            Ok(mail) => mail,
            // Erased: nothing is sent in her name any more.
            Err(Error::NotFound) => return Ok(true),
            Err(other) => return Err(other),
        };
        let now = self.clock.now();
        let claim = mail
            .change::<Outgoing, _>(Kind::Outgoing, id, |there| Ok(claimed(there, now, waits.send_at)))
            .await?;
        let (outgoing, is_again) = match claim {
            Claim::Mine(outgoing, is_again) => (outgoing, is_again),
            Claim::Over => return Ok(true),
            Claim::NotYet => return Ok(false),
        };
        // Entered before the grant is read: a withdrawal that is written later than this waits for us.
        let permit = self.gate.enter(outgoing.grant);
        let grant = self.grant_read(outgoing.grant).await?.map(|(grant, _)| grant);
        let parcels = match &grant {
            Some(grant) => self.parcels(&mail, grant, id, &outgoing).await?,
            None => None,
        };
        let Some((grant, parcels)) = grant.zip(parcels) else {
            self.ended(&mail, id, false).await?;
            return Ok(true);
        };
        // What is delivered elsewhere is no message here: it is counted, and stands in her list.
        if outgoing.to == Target::Elsewhere {
            self.count(&mail, id, &outgoing, None).await?;
            self.ended(&mail, id, true).await?;
            return Ok(true);
        }
        let readers = parcels
            .iter()
            .flat_map(|p| p.talk.participants.iter().map(|p| p.account));
        let readers: BTreeSet<AccountId> = readers.filter(|a| *a != grant.account).collect();
        permit.relies_on_says(readers.iter().copied());
        let mut shut_out = BTreeSet::new();
        for reader in &readers {
            if self
                .mutes_of(*reader)
                .await?
                .shuts_out(grant.account, Some(&grant.partner))
            {
                shut_out.insert(*reader);
            }
        }
        self.enter_sent(&mail, &grant, id, &outgoing, &parcels, is_again)
            .await?;
        for parcel in &parcels {
            let may = || still_may(&permit);
            self.message_deliver(&parcel.talk, &parcel.message, &shut_out, &may)
                .await?;
        }
        self.store.messages_sync().await?;
        for parcel in &parcels {
            self.count(&mail, id, &outgoing, parcel.recipient).await?;
        }
        self.ended(&mail, id, true).await?;
        Ok(true)
    }

    /// What is to be delivered; `None` if the grant does not allow it now.
    async fn parcels(
        &self,
        mail: &Mail<'_>,
        grant: &Grant,
        id: Id,
        outgoing: &Outgoing,
    ) -> Result<Option<Vec<Parcel>>, Error> {
        if grant.partner != outgoing.partner || self.may(grant, Action::Send).is_err() {
            return Ok(None);
        }
        let talks = match outgoing.to {
            Target::Nobody | Target::Elsewhere => return Ok(Some(Vec::new())),
            Target::Talk(_) | Target::People(_) => self.talks(grant.account).await?,
        };
        let mut to: Vec<(Conversation, Option<AccountId>)> = Vec::new();
        match &outgoing.to {
            Target::Talk(talk) => {
                let found = talks.iter().find(|t| t.conversation.id == *talk);
                match found {
                    Some(found) => to.push((found.conversation.clone(), None)),
                    // A conversation of two that nothing was said in yet.
                    None => match self.talk_of_two(grant.account, *talk, &talks).await? {
                        Some(talk) => to.push((talk, None)),
                        None => return Ok(None),
                    },
                }
            }
            Target::People(people) => {
                for person in people {
                    to.push((self.talk_alone(grant.account, *person, &talks).await?, Some(*person)));
                }
            }
            Target::Nobody | Target::Elsewhere => {}
        }
        let mut parcels = Vec::new();
        for (talk, recipient) in to {
            if self.may_in(grant, Action::Send, talk.id, talk.end_to_end).is_err() {
                return Ok(None);
            }
            let message = Message {
                id: mail.message_of(id, &name_of(recipient)),
                conversation: talk.id,
                author: grant.account,
                sent_at: outgoing.send_at().unwrap_or(outgoing.made_at),
                text: outgoing.text().to_owned(),
                attachments: Vec::new(),
                via: Some(Box::new(Via {
                    partner: outgoing.partner.clone(),
                    agreement: outgoing.agreement.clone(),
                    card: outgoing.card(),
                })),
            };
            parcels.push(Parcel {
                talk,
                message,
                recipient,
            });
        }
        Ok(Some(parcels))
    }

    /// A conversation of two that is not there yet, by its id.
    async fn talk_of_two(
        &self,
        owner: AccountId,
        id: ConversationId,
        talks: &[crate::Talk],
    ) -> Result<Option<Conversation>, Error> {
        let people: BTreeSet<AccountId> = talks
            .iter()
            .flat_map(|t| t.conversation.participants.iter().map(|p| p.account))
            .filter(|a| *a != owner)
            .collect();
        for person in people {
            let talk = self.talk_alone(owner, person, talks).await?;
            if talk.id == id {
                return Ok(Some(talk));
            }
        }
        Ok(None)
    }

    /// The entry, unless one was made before a crash.
    async fn enter_sent(
        &self,
        mail: &Mail<'_>,
        grant: &Grant,
        id: Id,
        outgoing: &Outgoing,
        parcels: &[Parcel],
        is_again: bool,
    ) -> Result<(), Error> {
        let request = show_id(id);
        if is_again {
            let entries = self.readings(mail.owner(), None, ENTRIES).await?;
            let made = |e: &crate::Reading| e.event == Event::Sent && e.request_id == request;
            if entries.iter().any(made) {
                return Ok(());
            }
        }
        let pairwise = crate::pairwise::Pairwise::new(&self.pairwise_secret, &grant.partner, grant.account);
        let shown = |message: MessageId| (message, pairwise.show('m', message.0));
        let messages: Vec<_> = parcels.iter().map(|p| shown(p.message.id)).collect();
        self.record(note_of(Event::Sent, grant, outgoing, request, messages))
            .await?;
        Ok(())
    }

    /// Counts a recommendation to one recipient. Who has muted counts too: the partner's count must not tell.
    async fn count(
        &self,
        mail: &Mail<'_>,
        id: Id,
        outgoing: &Outgoing,
        recipient: Option<AccountId>,
    ) -> Result<(), Error> {
        let What::Recommendation(r) = &outgoing.what else {
            return Ok(());
        };
        if r.recipient_kind == RecipientKind::Platform && recipient.is_none() {
            return Ok(());
        }
        let counted = Counted {
            partner: outgoing.partner.clone(),
            agreement: outgoing.agreement.clone(),
            title: r.title.clone(),
            interface: r.interface.clone(),
            initiation_surface: r.initiation_surface.clone(),
            variant: r.variant.clone(),
            recipient_kind: r.recipient_kind,
            at: outgoing.send_at().unwrap_or(outgoing.made_at),
            sender: self.counted_as(&outgoing.agreement, mail.owner()),
            recipient: recipient.map_or_else(String::new, |r| self.counted_as(&outgoing.agreement, r)),
            clicks: Vec::new(),
        };
        self.count_send(mail.message_of(id, &name_of(recipient)), &counted)
            .await
    }

    async fn ended(&self, mail: &Mail<'_>, id: Id, is_sent: bool) -> Result<(), Error> {
        mail.change::<Outgoing, _>(Kind::Outgoing, id, |there| {
            let ended = there.map(|mut outgoing| {
                if let Stage::Waiting { send_at, .. } = outgoing.stage {
                    outgoing.stage = match is_sent {
                        true => Stage::Sent { send_at },
                        false => Stage::Canceled { send_at },
                    };
                }
                outgoing
            });
            Ok((ended, ()))
        })
        .await
    }

    /// Strikes off the list.
    async fn strike(&self, id: Id, version: u64) -> Result<(), Error> {
        let gone = DocWrite {
            id,
            expected: version,
            body: None,
        };
        // Struck off or listed anew by someone else, if it conflicts.
        let _once: Cas = self
            .store
            .docs_write(platform_shelf(0), Kind::Waiting as u8, vec![gone])
            .await?;
        Ok(())
    }

    /// What someone mutes who may have no inbox.
    pub(crate) async fn mutes_of(&self, account: AccountId) -> Result<super::Mutes, Error> {
        match self.mutes(account).await {
            Err(Error::NotFound) => Ok(super::Mutes::default()),
            other => other,
        }
    }
}

/// An entry about something of a partner's.
pub(super) fn note_of(
    event: Event,
    grant: &Grant,
    outgoing: &Outgoing,
    request_id: String,
    mut messages: Vec<(MessageId, String)>,
) -> Note {
    let mut note = Note::new(event, grant.account);
    note.partner = grant.partner.to_string();
    note.client = grant.client.to_string();
    note.grant = grant.id.to_string();
    note.agreement = grant.agreement.to_string();
    note.purpose = grant.terms.purpose.to_string();
    messages.sort_unstable_by(|(_, a), (_, b)| a.cmp(b));
    note.told = messages;
    note.answer_bytes = outgoing.text().len() as u64;
    note.answer_hash
        .copy_from_slice(digest::digest(&digest::SHA256, outgoing.text().as_bytes()).as_ref());
    note.request_id = request_id;
    note
}

/// The name a message's id is made of.
pub(super) fn name_of(recipient: Option<AccountId>) -> String {
    recipient.map_or_else(|| "all".to_owned(), |person| person.to_string())
}

fn still_may(permit: &Permit) -> Result<(), Error> {
    match permit.is_cut() {
        true => Err(Error::Unavailable(
            "it took too long, or was taken back meanwhile".to_owned(),
        )),
        false => Ok(()),
    }
}

enum Claim {
    /// It is to be delivered, by us; whether someone had begun to before.
    Mine(Box<Outgoing>, bool),
    /// There is nothing to be done.
    Over,
    /// Someone else is at it.
    NotYet,
}

fn claimed(there: Option<Outgoing>, now: Time, listed_for: Time) -> (Option<Outgoing>, Claim) {
    let Some(mut outgoing) = there else {
        return (None, Claim::Over);
    };
    match outgoing.stage {
        Stage::Waiting { send_at, claimed } => {
            if send_at > now || claimed.is_some_and(|at| at.plus_seconds(CLAIM_SECONDS) > now) {
                return (Some(outgoing), Claim::NotYet);
            }
            outgoing.stage = Stage::Waiting {
                send_at,
                claimed: Some(now),
            };
            (
                Some(outgoing.clone()),
                Claim::Mine(Box::new(outgoing), claimed.is_some()),
            )
        }
        // Perhaps on its way to being submitted.
        Stage::Draft if listed_for.plus_seconds(SUBMITTING_SECONDS) > now => (Some(outgoing), Claim::NotYet),
        Stage::Draft | Stage::Sent { .. } | Stage::Canceled { .. } => (Some(outgoing), Claim::Over),
    }
}
