//! What the platform counts of recommendations: one document for each recipient of each, which also holds the clicks on it.
//!
//! A send and a click are one conditional write each, under a name made of the message. So whatever is repeated after a
//! crash, by a retry or by another process counts once. Nobody is named: a sender and a clicker are known by a digest that
//! only the platform can make, and another one for each agreement.

use crate::mail::Kind;
use crate::{App, Error};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::{AccountId, AgreementRef, MessageId, PartnerId, Time, TitleId};
use report::{Counts, Day, Domain, Key, Period, RecipientKind, events::SAME_CLICK};
use ring::hmac;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use store::limits::{PLATFORM_SHELVES, platform_shelf};
use store::{Cas, DocWrite, Id};

/// Days for which the link in a recommendation leads somewhere.
pub const LINK_DAYS: i64 = 30;
/// Clicks on one recommendation that count at most.
const CLICKS: usize = 200;
/// Documents read at once.
const PAGE: usize = 1_000;
/// How often a write is tried that others keep coming before.
const ROUNDS: usize = 8;

/// A recommendation to one recipient.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) partner: PartnerId,
    pub(crate) agreement: AgreementRef,
    pub(crate) title: TitleId,
    pub(crate) interface: String,
    pub(crate) initiation_surface: String,
    pub(crate) variant: String,
    pub(crate) recipient_kind: RecipientKind,
    pub(crate) at: Time,
    /// Whose it is, and who got it: [`App::counted_as`].
    pub(crate) sender: String,
    pub(crate) recipient: String,
    /// When each click was that counts, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) clicks: Vec<Time>,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The partner's registered address of the title.
    pub to: String,
    /// The partner.
    pub partner: PartnerId,
}

impl App {
    /// What the platform counted of an agreement version's recommendations in a period: for a report to be compared with.
    /// `NotFound` if there is no such agreement, `Invalid` if its lists make no report.
    pub async fn platform_counts(&self, agreement: &AgreementRef, period: &Period) -> Result<Counts, Error> {
        let register = self.register();
        let lists = register.get(agreement).ok_or(Error::NotFound)?;
        let domain = Domain::of(lists).map_err(|fault| Error::Invalid(fault.to_string()))?;
        let mut counting = Counting {
            counts: Counts::new(domain, *period),
            senders: HashSet::new(),
            clickers: HashSet::new(),
        };
        // Clicks of these days may be on what was sent before them.
        let back = i32::try_from(LINK_DAYS).unwrap_or(i32::MAX);
        let start = self.counted_prefix(agreement, period.first.plus(-back));
        let end = self.counted_prefix(agreement, period.last().plus(1));
        for shelf in (0..PLATFORM_SHELVES).map(platform_shelf) {
            let mut after = from_prefix(start);
            loop {
                let page = self
                    .store
                    .docs_list(shelf, Kind::Counted as u8, Some(after), PAGE)
                    .await?;
                let is_last = page.len() < PAGE;
                let mut is_over = false;
                for (id, doc) in page {
                    after = id;
                    if id >= from_prefix(end) {
                        is_over = true;
                        break;
                    }
                    let counted: Counted = crate::json_body(&doc.body)?;
                    if counted.agreement == *agreement {
                        counting.add(&counted);
                    }
                }
                if is_last || is_over {
                    break;
                }
            }
        }
        Ok(counting.counts)
    }

    /// Counts a recommendation to one recipient; once, however often it is asked for.
    pub(crate) async fn count_send(&self, message: MessageId, counted: &Counted) -> Result<(), Error> {
        let id = self.counted_id(message, &counted.agreement, counted.at);
        let write = DocWrite {
            id,
            expected: 0,
            body: Some(crate::to_json(counted)?),
        };
        // Counted already, if it conflicts.
        let _once: Cas = self
            .store
            .docs_write(shelf_of(id), Kind::Counted as u8, vec![write])
            .await?;
        Ok(())
    }

    /// The name of the link in a recommendation: nobody can guess it, and it is another one for each recipient.
    pub fn link_token(&self, message: MessageId, agreement: &AgreementRef, sent_at: Time) -> String {
        self.token_of(self.counted_id(message, agreement, sent_at))
    }

    /// Where a link leads, without counting anything. `NotFound` for one that nobody was given, or that is too old.
    pub async fn link_target(&self, token: &str) -> Result<Followed, Error> {
        let (_, _, counted) = self.link_read(token).await?;
        self.followed(&counted)
    }

    /// Someone follows a link. It counts unless it is the same click as one that has counted: within 30 seconds of it.
    pub async fn link_clicked(&self, token: &str) -> Result<Followed, Error> {
        for _ in 0..ROUNDS {
            let (id, version, mut counted) = self.link_read(token).await?;
            let followed = self.followed(&counted)?;
            let now = self.clock.now();
            let is_same = |last: &Time| now.0.saturating_sub(last.0) < SAME_CLICK;
            if counted.clicks.last().is_some_and(is_same) || counted.clicks.len() >= CLICKS {
                return Ok(followed);
            }
            counted.clicks.push(now);
            let write = DocWrite {
                id,
                expected: version,
                body: Some(crate::to_json(&counted)?),
            };
            let written = self
                .store
                .docs_write(shelf_of(id), Kind::Counted as u8, vec![write])
                .await?;
            if written == Cas::Applied {
                return Ok(followed);
            }
        }
        Err(Error::Unavailable(
            "this link is being followed many times at once".to_owned(),
        ))
    }

    async fn link_read(&self, token: &str) -> Result<(Id, u64, Counted), Error> {
        let id = self.token_read_back(token).ok_or(Error::NotFound)?;
        let found = self.store.docs_get(shelf_of(id), Kind::Counted as u8, vec![id]).await?;
        let doc = found.into_iter().flatten().next().ok_or(Error::NotFound)?;
        let counted: Counted = crate::json_body(&doc.body)?;
        let is_old = counted.at.plus_days(LINK_DAYS) <= self.clock.now();
        if is_old || counted.recipient_kind == RecipientKind::NonPlatform {
            return Err(Error::NotFound);
        }
        Ok((id, doc.version, counted))
    }

    fn followed(&self, counted: &Counted) -> Result<Followed, Error> {
        let partner = self.partner(&counted.partner).ok_or(Error::NotFound)?;
        Ok(Followed {
            to: partner.link_to(&counted.title).ok_or(Error::NotFound)?,
            partner: counted.partner.clone(),
        })
    }

    /// What stands for a person in an agreement's counts.
    pub(crate) fn counted_as(&self, agreement: &AgreementRef, person: AccountId) -> String {
        let mac = self.mac(b"counted person", &[agreement.to_string().as_bytes(), &person.0]);
        hex::encode(mac.get(..8).unwrap_or_default())
    }

    /// Sends of one day of one agreement stand together: agreement, day, then what makes it this one.
    fn counted_id(&self, message: MessageId, agreement: &AgreementRef, at: Time) -> Id {
        let mac = self.mac(b"counted send", &[agreement.to_string().as_bytes(), &message.0]);
        let mut id = from_prefix(self.counted_prefix(agreement, Day::of(at)));
        for (to, from) in id.iter_mut().skip(PREFIX).zip(mac) {
            *to = from;
        }
        id
    }

    fn counted_prefix(&self, agreement: &AgreementRef, day: Day) -> [u8; PREFIX] {
        let mac = self.mac(b"counted agreement", &[agreement.to_string().as_bytes()]);
        let day = u32::try_from(day.since(Day::of(Time(0)))).unwrap_or(0);
        let [_, d0, d1, d2] = day.to_be_bytes();
        let mut of = mac.into_iter();
        let mut next = || of.next().unwrap_or(0);
        [next(), next(), next(), d0, d1, d2]
    }

    /// The id, and what shows that the platform gave it out. The id is hidden: it begins with the day.
    fn token_of(&self, id: Id) -> String {
        let seal = self.mac(b"link seal", &[&id]);
        let mask = self.mac(b"link mask", &[seal.get(..16).unwrap_or_default()]);
        let hidden = id.iter().zip(mask).map(|(byte, mask)| byte ^ mask);
        let token: Vec<u8> = hidden.chain(seal.into_iter().take(16)).collect();
        BASE64_URL_SAFE_NO_PAD.encode(token)
    }

    fn token_read_back(&self, token: &str) -> Option<Id> {
        let bytes: [u8; 32] = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
        let (hidden, seal) = bytes.split_at(16);
        let mask = self.mac(b"link mask", &[seal]);
        let mut id = [0; 16];
        for ((to, byte), mask) in id.iter_mut().zip(hidden).zip(mask) {
            *to = byte ^ mask;
        }
        let right = self.mac(b"link seal", &[&id]);
        // Comparing in constant time would hide nothing: a seal of 128 bits is not found byte by byte through a look-up.
        (right.get(..16) == Some(seal)).then_some(id)
    }

    fn mac(&self, what: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.pairwise_secret.as_slice());
        let mut context = hmac::Context::with_key(&key);
        context.update(b"privity sends v1\0");
        for part in std::iter::once(&what).chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut mac = [0; 32];
        mac.copy_from_slice(context.sign().as_ref());
        mac
    }
}

/// Bytes of an id that name agreement and day.
const PREFIX: usize = 6;

fn from_prefix(prefix: [u8; PREFIX]) -> Id {
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(prefix) {
        *to = from;
    }
    id
}

/// The counts are spread over shelves, so that sends at the same time do not wait for each other.
fn shelf_of(id: Id) -> Id {
    let [.., last] = id;
    platform_shelf(last % PLATFORM_SHELVES)
}

struct Counting {
    counts: Counts,
    senders: HashSet<(Key, u64)>,
    clickers: HashSet<(Key, u64)>,
}

impl Counting {
    /// By the same rules as a partner's own events ([`report::events`]).
    fn add(&mut self, counted: &Counted) {
        let sender = number_of(&counted.sender);
        if let Some(key) = self.key(counted, counted.at) {
            let is_new = self.senders.insert((key, sender));
            if let Some(cell) = self.counts.get_mut(&key) {
                cell.sends = cell.sends.saturating_add(1);
                cell.unique_senders = cell.unique_senders.saturating_add(u64::from(is_new));
            }
        }
        let clicker = number_of(&counted.recipient);
        for click in &counted.clicks {
            let Some(key) = self.key(counted, *click) else {
                continue;
            };
            let is_new = self.clickers.insert((key, clicker));
            if let Some(cell) = self.counts.get_mut(&key) {
                cell.clicks = cell.clicks.saturating_add(1);
                cell.unique_clickers = cell.unique_clickers.saturating_add(u64::from(is_new));
            }
        }
    }

    fn key(&self, counted: &Counted, at: Time) -> Option<Key> {
        let period = self.counts.period();
        let day = u16::try_from(Day::of(at).since(period.first))
            .ok()
            .filter(|day| *day < period.days)?;
        let kind = counted.recipient_kind.as_str();
        self.counts
            .domain()
            .key(
                day,
                &counted.interface,
                &counted.initiation_surface,
                &counted.variant,
                kind,
            )
            .ok()
    }
}

fn number_of(digest: &str) -> u64 {
    u64::from_str_radix(digest, 16).unwrap_or_default()
}
