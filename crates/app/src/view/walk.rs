//! Pages of a view: a walk from the newest message to the oldest, through what the viewer may see.

use super::{Item, View};
use crate::Error;
use crate::lens::Lens;
use model::Time;
use std::cmp::Ordering;
use std::collections::{BTreeSet, VecDeque};
use store::Cursor;

/// Messages read at once.
const CHUNK: usize = 64;

/// Which of two messages comes first.
pub type Compare<'a> = &'a (dyn Fn(&Item, &Item) -> Ordering + Send + Sync);

/// Which messages to look for.
pub struct Selection<'a> {
    /// Whether a message is one of them.
    pub accept: &'a (dyn Fn(&Item) -> bool + Send + Sync),
    /// Whether `accept` looks at anything. If so, a partner is told something of each message it accepts, also of those
    /// that only move a position or a total.
    pub filtered: bool,
    /// Oldest first instead of newest first.
    pub oldest_first: bool,
    /// Another order than by time; what it leaves equal stays newest first. As it looks at the messages, a partner is told
    /// something of each that it sorts.
    pub by: Option<Compare<'a>>,
    /// Only the first of each conversation, in this order (RFC 8621 section 4.4.3).
    pub one_per_thread: bool,
    /// From where.
    pub start: Start,
    /// How many at most.
    pub limit: usize,
}

/// Where a page starts (RFC 8620 section 5.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At an index; negative: from the end.
    At(i64),
    /// At a message, moved by an offset.
    Anchor(String, i64),
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The messages' ids.
    pub ids: Vec<String>,
    /// The index of the first.
    pub position: usize,
}

/// A place in a walk from the newest message to the oldest.
#[derive(Default)]
pub struct Walk {
    before: Option<Cursor>,
    /// Seen without envelope: kept until their week is over, then told in order of id, so that the order tells no times.
    held: Vec<Item>,
    held_week: Option<Time>,
    ready: VecDeque<Item>,
    ended: bool,
}

impl View<'_> {
    /// The ids of the messages that a selection asks for.
    ///
    /// From the newest on, the cost is that of the page and what lies before it. Oldest first, from an anchor, or from
    /// the end, everything that matches is looked at.
    pub async fn query(&mut self, selection: &Selection<'_>) -> Result<Option<Found>, Error> {
        let quick = match selection.start {
            Start::At(position) if position >= 0 => usize::try_from(position).ok(),
            _ => None,
        };
        let enough = quick.map_or(usize::MAX, |position| position.saturating_add(selection.limit));
        let matching = self.matching(selection, |matching| matching.len() >= enough).await?;
        let place = match &selection.start {
            Start::At(position) => Some(*position),
            Start::Anchor(id, offset) => matching
                .iter()
                .position(|item| item.id == *id)
                .map(|at| i64::try_from(at).unwrap_or(i64::MAX).saturating_add(*offset).max(0)),
        };
        let Some(place) = place else { return Ok(None) };
        let position = match usize::try_from(place) {
            Ok(position) => position,
            // Counted from the end (RFC 8620 section 5.5).
            Err(_) => matching
                .len()
                .saturating_sub(usize::try_from(place.unsigned_abs()).unwrap_or(usize::MAX)),
        };
        let found: Vec<Item> = matching.into_iter().skip(position).take(selection.limit).collect();
        let ids = found.iter().map(|item| item.id.clone()).collect();
        for item in found {
            self.tell(&item);
            self.seen.insert(item.id.clone(), item);
        }
        Ok(Some(Found { ids, position }))
    }

    /// What a selection accepts, in its order, each conversation once if it says so. Newest first, the walk ends when what
    /// was found is `enough`; any other order needs all of it.
    pub(super) async fn matching(
        &mut self,
        selection: &Selection<'_>,
        mut enough: impl FnMut(&[Item]) -> bool + Send,
    ) -> Result<Vec<Item>, Error> {
        let newest_first = !selection.oldest_first && selection.by.is_none();
        let mut walk = Walk::default();
        let mut threads = BTreeSet::new();
        let mut matching = Vec::new();
        while !newest_first || !enough(&matching) {
            let Some(item) = self.next(&mut walk, selection.limit).await? else {
                break;
            };
            if !(selection.accept)(&item) {
                continue;
            }
            if selection.filtered || selection.by.is_some() {
                self.tell(&item);
            }
            if !newest_first || !selection.one_per_thread || threads.insert(item.thread.clone()) {
                matching.push(item);
            }
        }
        if selection.oldest_first {
            matching.reverse();
        }
        if let Some(compare) = selection.by {
            matching.sort_by(compare);
        }
        if !newest_first && selection.one_per_thread {
            matching.retain(|item| threads.insert(item.thread.clone()));
        }
        Ok(matching)
    }

    /// How many messages a selection has in all, and, for a partner, how many of the inbox are withheld and why. Reads the
    /// whole inbox.
    pub async fn count(&mut self, selection: &Selection<'_>) -> Result<(u64, Vec<(model::Reason, u64)>), Error> {
        let before = self.lens.as_ref().map(Lens::withheld);
        let mut walk = Walk::default();
        let mut threads = BTreeSet::new();
        let mut count = 0;
        while let Some(item) = self.next(&mut walk, CHUNK).await? {
            if !(selection.accept)(&item) {
                continue;
            }
            if selection.filtered {
                self.tell(&item);
            }
            count += u64::from(!selection.one_per_thread || threads.insert(item.thread));
        }
        // Each walk counts what it passes over; this one passed over everything.
        let withheld = match (before, &self.lens) {
            (Some(before), Some(lens)) => lens
                .withheld()
                .into_iter()
                .map(|(reason, n)| {
                    (
                        reason,
                        n - before.iter().find(|(r, _)| *r == reason).map_or(0, |(_, b)| *b),
                    )
                })
                .filter(|(_, n)| *n > 0)
                .collect(),
            _ => Vec::new(),
        };
        Ok((count, withheld))
    }

    async fn next(&mut self, walk: &mut Walk, hint: usize) -> Result<Option<Item>, Error> {
        self.touched = true;
        loop {
            if let Some(item) = walk.ready.pop_front() {
                return Ok(Some(item));
            }
            if walk.ended {
                return Ok(None);
            }
            if walk.before.is_some() {
                // Nothing below need ever wait: others want to run too, and a time limit to be looked at.
                tokio::task::yield_now().await;
            }
            let chunk = hint.clamp(16, CHUNK);
            let rows = match (&self.ahead, walk.before) {
                (Some(ahead), None) if ahead.limit == chunk => ahead.glance.newest.clone(),
                _ => self.app.store.messages_newest(self.owner.0, walk.before, chunk).await?,
            };
            if walk.before.is_none() && self.walked == 0 {
                self.walked = chunk;
            }
            walk.ended = rows.len() < chunk;
            walk.before = rows
                .last()
                .map(|r| Cursor {
                    sent_at: r.sent_at,
                    id: r.id,
                })
                .or(walk.before);
            for item in self.open(rows).await? {
                let coarse = self
                    .lens
                    .as_ref()
                    .is_some_and(|_| !item.fields.contains(model::Field::Envelope));
                let week = item.at.week();
                if walk.held_week.is_some_and(|held| held != week) {
                    walk.release_held();
                }
                if coarse {
                    walk.held_week = Some(week);
                    walk.held.push(item);
                } else {
                    walk.ready.push_back(item);
                }
            }
            if walk.ended {
                walk.release_held();
            }
        }
    }
}

impl Walk {
    fn release_held(&mut self) {
        self.held.sort_by(|a, b| a.id.cmp(&b.id));
        self.ready.extend(self.held.drain(..));
        self.held_week = None;
    }
}
