//! Where a partner's view stands: a state that moves only with what the partner sees.
//!
//! A standing is made of what is in view and of nothing else: a sum over it, and the message in view that came last. A
//! message that is withheld, comes or goes, or a say that changes nothing in this view, leaves it as it is. The sum also
//! proves an answer: what came since a standing is told only if it leads from that sum to this one.

use super::item::{Address, Author};
use super::{CHANGES_LIMIT, Item, Since, View};
use crate::lens::Lens;
use crate::{App, Error};
use model::{ConversationId, GrantId};
use ring::digest;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use store::{Change, ChangeKind, Changes, Id};

/// Changes followed at once.
const FOLLOW: usize = 1_000;
/// How often a count is begun again because a message was removed while it ran.
const TRIES: usize = 4;
/// Grants whose standing is remembered.
const REMEMBERED: usize = 20_000;

/// Where a view stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Standing {
    /// A mark of the message in view that came last; zeros if none is.
    pub(crate) last: [u8; 8],
    /// A sum over everything in view.
    pub(crate) sum: u64,
}

/// What was counted of a view, under which consent, and how far.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    under: [u8; 8],
    /// The number of changes of the inbox that are counted.
    followed: u64,
    standing: Standing,
}

/// What was counted of views lately. Kept in memory: whoever does not know counts again and comes to the same.
#[derive(Default)]
pub(crate) struct Standings(Mutex<HashMap<GrantId, Counted>>);

impl Standings {
    fn recall(&self, grant: GrantId, under: [u8; 8]) -> Option<Counted> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&grant).filter(|counted| counted.under == under).copied()
    }

    fn note(&self, grant: GrantId, counted: Counted) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED && !known.contains_key(&grant) {
            known.clear();
        }
        known.insert(grant, counted);
    }
}

impl View<'_> {
    /// Where the view stands, and the number of changes of the inbox that this counts.
    ///
    /// Reads what came since it was counted last; all of it if that is not known, or if a message was removed since: what is
    /// gone cannot be decided on any more.
    pub(super) async fn standing(&mut self) -> Result<(Standing, u64), Error> {
        let Some(lens) = &mut self.lens else {
            return Ok((Standing::default(), 0));
        };
        let (grant, under) = (lens.grant_id(), lens.seen_under());
        // Counting passes over messages that nobody has asked for: they are not this answer's, and no question is put for them.
        let (aside, opened) = (lens.set_aside(), self.opened);
        let known = self.app.standings.recall(grant, under);
        // What was read ahead is older than what was counted since: a state must not be newer than what is shown with it.
        if let (Some(counted), Some(ahead)) = (known, &self.ahead)
            && counted.followed > ahead.glance.state
        {
            self.ahead = None;
        }
        let counted = self.count_on(known, under).await;
        self.opened = opened;
        if let Some(lens) = &mut self.lens {
            lens.take_back(aside);
        }
        let counted = counted?;
        self.app.standings.note(grant, counted);
        Ok((counted.standing, counted.followed))
    }

    async fn count_on(&mut self, known: Option<Counted>, under: [u8; 8]) -> Result<Counted, Error> {
        let afresh = Counted {
            under,
            ..Counted::default()
        };
        let mut begin = known;
        for _ in 0..TRIES {
            // Removals up to here are counted: those messages are not there to be read.
            let removals_counted = match begin {
                Some(counted) => counted.followed,
                None => self.feed_state().await?,
            };
            if let Some(counted) = self.count_from(begin.unwrap_or(afresh), removals_counted).await? {
                return Ok(counted);
            }
            begin = None;
        }
        Err(Error::Unavailable("this inbox is being changed; ask again".into()))
    }

    /// Counts on; `None` if a message was removed that may have been counted before.
    async fn count_from(&mut self, mut counted: Counted, removals_counted: u64) -> Result<Option<Counted>, Error> {
        loop {
            let current = self.feed_state().await?;
            if counted.followed == current {
                return Ok(Some(counted));
            }
            let news = usize::try_from(current.saturating_sub(counted.followed)).unwrap_or(FOLLOW);
            let changes = self
                .app
                .store
                .messages_changes(self.owner.0, counted.followed, news.clamp(1, FOLLOW))
                .await?;
            let Changes::Since { changes, .. } = changes else {
                return Ok(None);
            };
            let Some(reached) = changes.last().map(|c| c.state) else {
                return Ok(None);
            };
            let covers = |c: &Change| {
                let lens = self.lens.as_ref();
                lens.is_some_and(|lens| lens.covers(ConversationId(c.conversation)))
            };
            let is_news = |c: &Change| c.kind == ChangeKind::Removed && c.state > removals_counted;
            if changes.iter().any(|c| is_news(c) && covers(c)) {
                return Ok(None);
            }
            for item in self.came(&changes).await? {
                counted.standing.sum = counted.standing.sum.wrapping_add(weight(&item));
                counted.standing.last = mark(&item.message.0);
            }
            counted.followed = reached;
            tokio::task::yield_now().await;
        }
    }

    /// The number of changes of the inbox: as it was when the beginning of the inbox was read, if it was.
    async fn feed_state(&self) -> Result<u64, Error> {
        match &self.ahead {
            Some(ahead) => Ok(ahead.glance.state),
            None => Ok(self.app.store.messages_state(self.owner.0).await?),
        }
    }

    /// What of these changes came, is still there, and is in view; in the order in which it came.
    async fn came(&mut self, changes: &[Change]) -> Result<Vec<Item>, Error> {
        let added: Vec<Id> = changes
            .iter()
            .filter(|c| c.kind == ChangeKind::Added)
            .map(|c| c.message)
            .collect();
        if added.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.app.store.messages_get(self.owner.0, added).await?;
        self.open(rows.into_iter().flatten().collect()).await
    }

    /// What came into a partner's view since a state, all of it or none: one by one, changes would tell in which order
    /// messages came.
    pub(super) async fn came_since(&mut self, since: &str, limit: usize) -> Result<Since, Error> {
        let Some(then) = self.lens.as_ref().and_then(|lens| lens.standing_of(since)) else {
            return Ok(Since::CannotCalculate);
        };
        // Whoever asks what changed compares it with what is there now.
        self.ahead = None;
        let (now, followed) = self.standing().await?;
        let mut created = Vec::new();
        let mut sum = then.sum;
        if then != now {
            let Some(mut place) = self.place_of(then.last, followed).await? else {
                return Ok(Since::CannotCalculate);
            };
            while place < followed {
                let most = usize::try_from(followed - place).unwrap_or(FOLLOW).min(FOLLOW);
                let changes = self.app.store.messages_changes(self.owner.0, place, most).await?;
                let Changes::Since { changes, .. } = changes else {
                    return Ok(Since::CannotCalculate);
                };
                let Some(last) = changes.last() else { break };
                place = last.state;
                for item in self.came(&changes).await? {
                    sum = sum.wrapping_add(weight(&item));
                    self.tell(&item);
                    created.push(item.id);
                }
                if created.len() > limit.min(CHANGES_LIMIT) {
                    return Ok(Since::CannotCalculate);
                }
            }
        }
        // Something else has changed as well: consent, the catalogue, or a message is gone.
        if sum != now.sum {
            return Ok(Since::CannotCalculate);
        }
        // The order of arrival would tell what the week hides.
        created.sort_unstable();
        Ok(Since::Changes {
            created,
            destroyed: Vec::new(),
            new_state: self.standing_name(now),
            more: false,
        })
    }

    /// The number of the change with which a message came, looked for from the end.
    async fn place_of(&self, last: [u8; 8], followed: u64) -> Result<Option<u64>, Error> {
        if last == [0; 8] {
            return Ok(Some(0));
        }
        let mut end = followed;
        while end > 0 {
            let start = end.saturating_sub(FOLLOW as u64);
            let most = usize::try_from(end - start).unwrap_or(FOLLOW);
            let changes = self.app.store.messages_changes(self.owner.0, start, most).await?;
            let Changes::Since { changes, .. } = changes else {
                return Ok(None);
            };
            let is_it = |c: &&Change| c.kind == ChangeKind::Added && mark(&c.message) == last;
            if let Some(found) = changes.iter().rev().find(is_it) {
                return Ok(Some(found.state));
            }
            end = start;
        }
        Ok(None)
    }

    pub(super) fn standing_name(&self, standing: Standing) -> String {
        self.lens
            .as_ref()
            .map(|lens| lens.standing_name(standing))
            .unwrap_or_default()
    }
}

impl App {
    /// The digest of a partner's catalogue as it is known here; zeros if there is none.
    pub(crate) fn catalogue_digest(&self, partner: &model::PartnerId) -> [u8; 32] {
        let catalogues = self.catalogues.read().unwrap_or_else(PoisonError::into_inner);
        catalogues.get(partner).map_or([0; 32], |(upload, _)| *upload)
    }
}

impl Lens {
    /// A state of the view. A block like an id's: it tells the partner nothing, and none can be made up.
    pub(crate) fn standing_name(&self, standing: Standing) -> String {
        let mut block = [0; 16];
        let (last, sum) = block.split_at_mut(8);
        last.copy_from_slice(&standing.last);
        sum.copy_from_slice(&standing.sum.to_be_bytes());
        self.state_name(block)
    }

    /// The standing behind a state; `None` if it is none.
    pub(crate) fn standing_of(&self, shown: &str) -> Option<Standing> {
        let block = self.state_read(shown)?;
        let (last, sum) = block.split_first_chunk::<8>()?;
        Some(Standing {
            last: *last,
            sum: u64::from_be_bytes(sum.try_into().ok()?),
        })
    }
}

/// A mark by which a message is found again among the changes of an inbox.
fn mark(message: &Id) -> [u8; 8] {
    first_of(message)
}

/// What a message in view adds to the sum: anything that is shown of it. A text is the message's as long as it has its id.
fn weight(item: &Item) -> u64 {
    let mut shown = Shown(Vec::with_capacity(256));
    shown.put(&item.message.0);
    shown.put(&[item.fields.bits(), u8::from(item.mentions.is_some())]);
    shown.put(item.thread.as_bytes());
    shown.put(item.subject.as_deref().unwrap_or_default().as_bytes());
    match &item.author {
        Author::Person(address) => shown.person(address),
        Author::You => shown.put(b"you"),
        Author::Someone => shown.put(b"someone"),
    }
    for address in &item.to {
        shown.person(address);
    }
    for mention in item.mentions.iter().flatten() {
        shown.put(mention.title.0.as_bytes());
        shown.put(&[mention.sentiment as u8]);
    }
    for file in &item.attachments {
        shown.put(file.name.as_bytes());
    }
    u64::from_be_bytes(first_of(&shown.0))
}

/// Bytes one after the other, each with its length.
struct Shown(Vec<u8>);

impl Shown {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    fn person(&mut self, address: &Address) {
        self.put(address.id.as_bytes());
        self.put(address.name.as_deref().unwrap_or_default().as_bytes());
    }
}

fn first_of(bytes: &[u8]) -> [u8; 8] {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref().first_chunk().copied().unwrap_or_default()
}
