//! Reading messages.

use super::codec::Place;
use super::head::{Commits, Head, Tag};
use crate::CassandraStore;
use crate::attempt::Attempt;
use crate::cluster::{Pages, each};
use crate::shape::{id, number};
use std::collections::{HashMap, HashSet};
use store::{Cursor, Id, MessageRow, StoreError};

/// Rows asked for by name at once.
const CHUNK: usize = 100;
/// Comes after every id.
const AFTER_ALL: [u8; 17] = [0xff; 17];

/// A row that was read, and may count.
pub(super) struct Read {
    pub(super) place: Place,
    pub(super) tag: Tag,
    /// The index of a conversation has none.
    sealed: Option<Vec<u8>>,
}

impl Read {
    /// As a message; `None` if only its place was read.
    pub(super) fn into_message(self) -> Option<MessageRow> {
        Some(MessageRow {
            id: self.place.id,
            conversation: self.place.conversation,
            sent_at: self.place.sent_at,
            sealed: self.sealed?,
        })
    }
}

/// Time, id, attempt, state, conversation, seal.
type MessageOf = (i64, Vec<u8>, Vec<u8>, i64, Vec<u8>, Vec<u8>);
/// Time, id, attempt, state.
type PlaceOf = (i64, Vec<u8>, Vec<u8>, i64);

/// A bucket's rows, newest first.
enum Source<'a> {
    All(Pages<'a, MessageOf>),
    Of(Id, Pages<'a, PlaceOf>),
}

impl Source<'_> {
    async fn next(&mut self, bucket: i32) -> Result<Option<Vec<Read>>, StoreError> {
        let read = |sent_at, message: &[u8], attempt: &[u8], state, conversation, sealed| {
            let (id, attempt) = (id(message)?, id(attempt)?);
            let place = Place {
                id,
                attempt,
                bucket,
                sent_at,
                conversation,
            };
            Ok(Read {
                place,
                tag: (number(state)?, attempt),
                sealed,
            })
        };
        match self {
            Self::All(pages) => {
                let Some(page) = pages.next().await? else {
                    return Ok(None);
                };
                let rows = page
                    .into_iter()
                    .map(|(sent_at, message, attempt, state, conversation, sealed)| {
                        read(sent_at, &message, &attempt, state, id(&conversation)?, Some(sealed))
                    });
                rows.collect::<Result<_, _>>().map(Some)
            }
            Self::Of(conversation, pages) => {
                let Some(page) = pages.next().await? else {
                    return Ok(None);
                };
                let rows = page.into_iter().map(|(sent_at, message, attempt, state)| {
                    read(sent_at, &message, &attempt, state, *conversation, None)
                });
                rows.collect::<Result<_, _>>().map(Some)
            }
        }
    }
}

impl CassandraStore {
    pub(super) async fn newest(
        &self,
        account: Id,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let head = self.head(account).await?;
        let read = self.scan(account, &head, None, before, limit).await?;
        Ok(read.into_iter().filter_map(Read::into_message).collect())
    }

    pub(super) async fn newest_in(
        &self,
        account: Id,
        conversation: Id,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let head = self.head(account).await?;
        let places = self.newest_places(account, &head, conversation, before, limit).await?;
        let mut found = self.messages_at(account, &head, &places).await?;
        // One that is not there was deleted between two reads.
        Ok(places.iter().filter_map(|place| found.remove(&place.id)).collect())
    }

    pub(super) async fn find(&self, account: Id, ids: &[Id]) -> Result<Vec<Option<MessageRow>>, StoreError> {
        let head = self.head(account).await?;
        let wanted = ids.iter().copied().collect();
        let known = self.places(account, &head, &wanted).await?;
        let there: Vec<Place> = known.into_values().flatten().collect();
        let found = self.messages_at(account, &head, &there).await?;
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    /// The newest messages of a conversation, by their places.
    pub(super) async fn newest_places(
        &self,
        account: Id,
        head: &Head,
        conversation: Id,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Place>, StoreError> {
        let read = self.scan(account, head, Some(conversation), before, limit).await?;
        Ok(read.into_iter().map(|row| row.place).collect())
    }

    /// Up to `limit` rows that count, newest first, of all conversations or of one. Buckets are filled in the order of
    /// arrival, which is nearly the order of time: most pages end in the bucket they begin in.
    pub(super) async fn scan(
        &self,
        account: Id,
        head: &Head,
        conversation: Option<Id>,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Read>, StoreError> {
        let mut buckets: Vec<_> = (0..).zip(&head.buckets).collect();
        buckets.retain(|(_, bucket)| before.is_none_or(|before| bucket.oldest <= before.sent_at));
        buckets.sort_by_key(|(_, bucket)| std::cmp::Reverse(bucket.newest));
        let mut rows: Vec<Read> = Vec::new();
        for (number, bucket) in buckets {
            let enough = limit
                .checked_sub(1)
                .is_none_or(|last| rows.get(last).is_some_and(|row| row.place.sent_at > bucket.newest));
            if enough {
                break;
            }
            rows.extend(
                self.scan_bucket(account, head, number, conversation, before, limit)
                    .await?,
            );
            rows.sort_by_key(|row| std::cmp::Reverse(row.place.cursor()));
            rows.truncate(limit);
        }
        Ok(rows)
    }

    /// The newest `limit` rows of a bucket, whether they count or not, and whether there are no more.
    pub(super) async fn first_rows(
        &self,
        account: Id,
        generation: i32,
        bucket: i32,
        limit: usize,
    ) -> Result<(Vec<Read>, bool), StoreError> {
        let size = i32::try_from(limit).unwrap_or(i32::MAX);
        let values = (account, generation, bucket, i64::MAX, AFTER_ALL.as_slice());
        let mut pages = Source::All(self.cluster.pages(&self.inboxes.newest, size, values)?);
        let rows = pages.next(bucket).await?.unwrap_or_default();
        let Source::All(pages) = pages else {
            return Ok((rows, false));
        };
        Ok((rows, pages.are_over()))
    }

    async fn scan_bucket(
        &self,
        account: Id,
        head: &Head,
        bucket: i32,
        conversation: Option<Id>,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Read>, StoreError> {
        let (at, before) = match &before {
            Some(before) => (before.sent_at, before.id.as_slice()),
            None => (i64::MAX, AFTER_ALL.as_slice()),
        };
        let size = i32::try_from(limit).unwrap_or(i32::MAX);
        let generation = head.generation;
        let mut source = match conversation {
            None => {
                let values = (account, generation, bucket, at, before);
                Source::All(self.cluster.pages(&self.inboxes.newest, size, values)?)
            }
            Some(conversation) => {
                let values = (account, generation, bucket, conversation, at, before);
                Source::Of(conversation, self.cluster.pages(&self.inboxes.thread, size, values)?)
            }
        };
        let mut rows = Vec::new();
        while rows.len() < limit {
            let Some(page) = source.next(bucket).await? else { break };
            let commits = self
                .commits(account, head, page.iter().map(|row| row.tag).collect())
                .await?;
            rows.extend(
                page.into_iter()
                    .filter(|row| commits.have(&row.tag) && !head.removes(&row.place.id)),
            );
        }
        Ok(rows)
    }

    /// Those of these ids that the account knows; `None` for one that was deleted.
    pub(super) async fn places(
        &self,
        account: Id,
        head: &Head,
        ids: &HashSet<Id>,
    ) -> Result<HashMap<Id, Option<Place>>, StoreError> {
        let ids: Vec<Id> = ids.iter().copied().collect();
        // An inbox that never changed has no bucket: its first import looks nothing up.
        let asked = (0..)
            .zip(&head.buckets)
            .flat_map(|(bucket, _)| ids.chunks(CHUNK).map(move |ids| (bucket, ids)));
        let found = each(asked, |(bucket, ids)| async move {
            let values = (account, head.generation, bucket, ids);
            let rows = self.cluster.rows::<PlaceRow>(&self.inboxes.places, values).await?;
            rows.into_iter()
                .map(|row| place(bucket, row))
                .collect::<Result<Vec<_>, _>>()
        });
        let found: Vec<_> = found.await?.into_iter().flatten().collect();
        let commits: Commits = self
            .commits(account, head, found.iter().map(|(_, tag, _)| *tag).collect())
            .await?;
        let known = found
            .into_iter()
            .filter(|(_, tag, _)| commits.have(tag))
            .map(|(place, _, removed)| {
                let there = !removed && !head.removes(&place.id);
                (place.id, there.then_some(place))
            });
        Ok(known.collect())
    }

    /// The messages at these places, as far as they are there.
    async fn messages_at(
        &self,
        account: Id,
        head: &Head,
        places: &[Place],
    ) -> Result<HashMap<Id, MessageRow>, StoreError> {
        let mut by_bucket: HashMap<i32, Vec<(i64, Id, Attempt)>> = HashMap::new();
        for place in places {
            by_bucket
                .entry(place.bucket)
                .or_default()
                .push((place.sent_at, place.id, place.attempt));
        }
        let asked = by_bucket
            .iter()
            .flat_map(|(bucket, keys)| keys.chunks(CHUNK).map(move |keys| (*bucket, keys)));
        let found = each(asked, |(bucket, keys)| {
            let values = (account, head.generation, bucket, keys);
            self.cluster
                .rows::<(i64, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>)>(&self.inboxes.messages, values)
        });
        let message = |(sent_at, message, _, conversation, sealed): (i64, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>)| {
            let (id, conversation) = (id(&message)?, id(&conversation)?);
            Ok((
                id,
                MessageRow {
                    id,
                    conversation,
                    sent_at,
                    sealed,
                },
            ))
        };
        found.await?.into_iter().flatten().map(message).collect()
    }
}

type PlaceRow = (Vec<u8>, Vec<u8>, i64, i64, Vec<u8>, Option<bool>);

fn place(bucket: i32, row: PlaceRow) -> Result<(Place, Tag, bool), StoreError> {
    let (message, attempt, state, sent_at, conversation, removed) = row;
    let attempt = id(&attempt)?;
    let place = Place {
        id: id(&message)?,
        attempt,
        bucket,
        sent_at,
        conversation: id(&conversation)?,
    };
    Ok((place, (number(state)?, attempt), removed == Some(true)))
}
