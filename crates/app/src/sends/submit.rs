//! Submitting a draft, and taking that back.

use super::{Asked, Outgoing, SendRefused, Sending, Stage, Target, granted};
use crate::mail::{Kind, Mail, show_id};
use crate::{App, Error};
use model::{Action, Grant, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::limits::platform_shelf;
use store::{Cas, DocWrite, Id};

/// Seconds in which a submission can be taken back.
pub const UNDO_SECONDS: i64 = 30;
/// Seconds for which a partner may have one wait longer.
pub const HOLD_LIMIT: i64 = 86_400;
const DAY: i64 = 86_400;
/// How often a write is tried that others keep coming before.
const ROUNDS: usize = 8;

/// What waits for delivery, as the platform lists it: its id is the draft's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Waits {
    pub(super) account: model::AccountId,
    pub(super) send_at: Time,
}

/// Recipients of one day, by what was sent: so that what is asked for again counts once.
type Day = BTreeMap<String, u32>;

impl Sending<'_> {
    /// Submits a draft: it leaves after [`UNDO_SECONDS`], or after `hold` seconds if that is later. Submitted again, it is
    /// what it was.
    pub async fn submit(&self, id: Id, hold: i64) -> Asked<Outgoing> {
        let Some(draft) = self.one(id).await? else {
            return Ok(Err(SendRefused::NotFound));
        };
        self.app.submit(&self.mail, &self.grant, id, draft, hold).await
    }

    /// Takes a submission back, while it waits.
    pub async fn cancel(&self, id: Id) -> Asked<Outgoing> {
        match self.one(id).await? {
            None => Ok(Err(SendRefused::NotFound)),
            Some(_) => self.app.cancel(&self.mail, id).await,
        }
    }
}

impl App {
    pub(super) async fn submit(
        &self,
        mail: &Mail<'_>,
        grant: &Grant,
        id: Id,
        draft: Outgoing,
        hold: i64,
    ) -> Asked<Outgoing> {
        match draft.stage {
            Stage::Draft => {}
            Stage::Waiting { .. } | Stage::Sent { .. } => return Ok(Ok(draft)),
            Stage::Canceled { .. } => return Ok(Err(SendRefused::TooLate)),
        }
        granted!(self.may(grant, Action::Send).map_err(SendRefused::Forbidden));
        if draft.to == Target::Nobody {
            return Ok(Err(SendRefused::NoRecipients));
        }
        let now = self.clock.now();
        let most = self.ceilings_of(grant)?.sends();
        let recipients = u32::try_from(draft.recipients()).unwrap_or(u32::MAX);
        if !self.count_for(mail, &draft, id, now, (recipients, most)).await? {
            let again_in = DAY - now.unix_seconds().rem_euclid(DAY);
            return Ok(Err(SendRefused::DayIsFull { most, again_in }));
        }
        let send_at = now.plus_seconds(hold.clamp(UNDO_SECONDS, HOLD_LIMIT));
        // Listed first: what is listed and not submitted is struck off the list; the other way round it would never leave.
        let waits = Waits {
            account: mail.owner(),
            send_at,
        };
        self.list_waiting(id, &waits).await?;
        let submitted = mail
            .change::<Outgoing, _>(Kind::Outgoing, id, |there| {
                let Some(mut outgoing) = there else {
                    return Ok((None, Err(SendRefused::NotFound)));
                };
                if outgoing.stage == Stage::Draft {
                    // As the person may have chosen since: what was counted is what is sent.
                    outgoing.to = draft.to.clone();
                    outgoing.what = draft.what.clone();
                    outgoing.own_words = draft.own_words.clone();
                    outgoing.addressed = draft.addressed.clone();
                    outgoing.grant = grant.id;
                    outgoing.agreement = grant.agreement.clone();
                    outgoing.submitted_at = Some(now);
                    outgoing.stage = Stage::Waiting { send_at, claimed: None };
                }
                Ok((Some(outgoing.clone()), Ok(outgoing)))
            })
            .await?;
        Ok(submitted)
    }

    pub(super) async fn cancel(&self, mail: &Mail<'_>, id: Id) -> Asked<Outgoing> {
        let now = self.clock.now();
        let canceled = mail
            .change::<Outgoing, _>(Kind::Outgoing, id, |there| {
                let Some(mut outgoing) = there else {
                    return Ok((None, Err(SendRefused::NotFound)));
                };
                let answer = match outgoing.stage {
                    Stage::Canceled { .. } => Ok(()),
                    Stage::Waiting { send_at, claimed: None } if now < send_at => {
                        outgoing.stage = Stage::Canceled { send_at };
                        Ok(())
                    }
                    Stage::Draft | Stage::Waiting { .. } | Stage::Sent { .. } => Err(SendRefused::TooLate),
                };
                Ok((Some(outgoing.clone()), answer.map(|()| outgoing)))
            })
            .await?;
        if let Ok(outgoing) = &canceled {
            self.uncount_for(mail, outgoing, id).await?;
        }
        Ok(canceled)
    }

    /// Counts recipients of a day; `false`, and nothing is counted, if they would be more than `most`.
    async fn count_for(
        &self,
        mail: &Mail<'_>,
        outgoing: &Outgoing,
        id: Id,
        now: Time,
        (recipients, most): (u32, u32),
    ) -> Result<bool, Error> {
        mail.change::<Day, _>(Kind::SentFor, day_id(mail, outgoing, now), |there| {
            let mut day = there.unwrap_or_default();
            day.remove(&show_id(id));
            let used: u32 = day.values().fold(0, |sum, n| sum.saturating_add(*n));
            let fits = used.saturating_add(recipients) <= most;
            if fits {
                day.insert(show_id(id), recipients);
            }
            Ok(((!day.is_empty()).then_some(day), fits))
        })
        .await
    }

    /// What was taken back is not counted.
    async fn uncount_for(&self, mail: &Mail<'_>, outgoing: &Outgoing, id: Id) -> Result<(), Error> {
        let day = day_id(mail, outgoing, outgoing.submitted_at.unwrap_or(outgoing.made_at));
        mail.change::<Day, _>(Kind::SentFor, day, |there| {
            let mut day = there.unwrap_or_default();
            day.remove(&show_id(id));
            Ok(((!day.is_empty()).then_some(day), ()))
        })
        .await
    }

    async fn list_waiting(&self, id: Id, waits: &Waits) -> Result<(), Error> {
        let kind = Kind::Waiting as u8;
        for _ in 0..ROUNDS {
            let there = self.store.docs_get(platform_shelf(0), kind, vec![id]).await?;
            let there = there.into_iter().flatten().next();
            let write = DocWrite {
                id,
                expected: there.map_or(0, |doc| doc.version),
                body: Some(crate::to_json(waits)?),
            };
            // Listed by another request meanwhile: listed again, with this time.
            if self.store.docs_write(platform_shelf(0), kind, vec![write]).await? == Cas::Applied {
                return Ok(());
            }
        }
        Err(Error::Unavailable("this is being submitted elsewhere".to_owned()))
    }
}

fn day_id(mail: &Mail<'_>, outgoing: &Outgoing, at: Time) -> Id {
    let day = at.unix_seconds().div_euclid(DAY).to_string();
    mail.derived_id(&["sent for", outgoing.partner.as_str(), &day])
}
