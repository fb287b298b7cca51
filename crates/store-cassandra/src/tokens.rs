//! Tokens, things that may be used once, and their sweep. With them the contract of consent is whole.

use crate::CassandraStore;
use crate::attempt::Attempt;
use crate::cluster::{at, each};
use crate::consent::agreement_limits;
use crate::decide::{Standing, decide};
use crate::shape::key as stored_key;
use crate::statements::statements;
use async_trait::async_trait;
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::{AgreementRow, Cas, Consent, GrantRow, Id, Read, StoreError, TokenRow, Versioned, limits};

/// Milliseconds in a span of `expiries`: ten minutes.
const SPAN: i64 = 600_000;
/// Shards of a span.
const SHARDS: u8 = 16;
/// How long after its end a span is forgotten, in milliseconds: an hour.
const KEEP: i64 = 3_600_000;
/// How many spans this process remembers to have written down.
const REMEMBER: usize = 10_000;
/// How often a sweep looks at a once-thing that is being used while it looks.
const LOOKS: u32 = 3;

/// What an entry of `expiries` is about.
const TOKEN: i8 = 0;
const ONCE: i8 = 1;

statements! {
    /// Statements on tokens and once-things.
    Statements {
        token: Read "SELECT body, expires_at FROM privity.tokens WHERE hash = ?";
        token_written: Read "SELECT expires_at, WRITETIME(expires_at) FROM privity.tokens WHERE hash = ?";
        put_token: Write "INSERT INTO privity.tokens (hash, body, expires_at) VALUES (?, ?, ?)";
        drop_token: Write "DELETE FROM privity.tokens WHERE hash = ?";
        drop_token_of: Write "DELETE FROM privity.tokens USING TIMESTAMP ? WHERE hash = ?";

        once: Read "SELECT body, expires_at, attempt, taken FROM privity.once WHERE key = ?";
        put_once: If "INSERT INTO privity.once (key, body, expires_at, attempt) VALUES (?, ?, ?, ?) IF NOT EXISTS";
        put_once_again: If "UPDATE privity.once SET body = ?, expires_at = ?, attempt = ?, taken = null WHERE key = ? IF attempt = ? AND taken = ?";
        take_once: If "UPDATE privity.once SET taken = ? WHERE key = ? IF attempt = ? AND taken = null";
        drop_once: If "DELETE FROM privity.once WHERE key = ? IF attempt = ? AND taken = ?";

        spans: Read "SELECT span FROM privity.expiry_spans WHERE part = 0 AND span <= ?";
        add_span: Write "INSERT INTO privity.expiry_spans (part, span) VALUES (0, ?)";
        drop_span: Write "DELETE FROM privity.expiry_spans WHERE part = 0 AND span = ?";
        expired: Read "SELECT kind, key FROM privity.expiries WHERE span = ? AND shard = ? AND expires_at < ?";
        add_expiry: Write "INSERT INTO privity.expiries (span, shard, expires_at, kind, key) VALUES (?, ?, ?, ?, ?)";
        drop_expired: Write "DELETE FROM privity.expiries WHERE span = ? AND shard = ? AND expires_at < ?";
    }
}

/// Spans that this process has written down.
#[derive(Debug, Default)]
pub(crate) struct Spans(Mutex<HashSet<i64>>);

impl Spans {
    fn set(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A once-thing as stored: body, end, who put it, who took it.
type OnceRow = (Vec<u8>, i64, Vec<u8>, Option<Vec<u8>>);

impl CassandraStore {
    /// Notes for the sweep that something ends. Before the thing itself: a note about nothing does no harm.
    async fn note(&self, kind: i8, key: &[u8], expires_at: i64) -> Result<(), StoreError> {
        let span = expires_at.div_euclid(SPAN);
        if !self.spans.set().contains(&span) {
            self.cluster.write(&self.tokens.add_span, (span,)).await?;
            let mut known = self.spans.set();
            if known.len() >= REMEMBER {
                known.clear();
            }
            known.insert(span);
        }
        let shard = i32::from(key.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) % SHARDS);
        self.cluster
            .write(&self.tokens.add_expiry, (span, shard, expires_at, kind, key))
            .await
    }

    async fn once_row(&self, key: &[u8], read: Read) -> Result<Option<OnceRow>, StoreError> {
        self.cluster.row(&at(&self.tokens.once, read), (key,)).await
    }

    async fn put_once(&self, key: &[u8], row: &TokenRow) -> Result<Cas, StoreError> {
        self.note(ONCE, key, row.expires_at).await?;
        let (s, attempt) = (&self.tokens, self.cluster.attempt());
        let _pen = self.cluster.pens().take(("once", key)).await;
        let put = decide(
            || self.cluster.ask(&s.put_once, (key, &row.body, row.expires_at, attempt)),
            || async { Ok(put_standing(self.once_row(key, Read::Serial).await?, attempt, None)) },
        );
        if put.await? == Cas::Applied {
            return Ok(Cas::Applied);
        }
        // Something is there. If it was used, it is in nobody's way.
        let Some((_, _, putter, Some(taker))) = self.once_row(key, Read::Serial).await? else {
            return Ok(Cas::Conflict);
        };
        let before = Some((&putter, &taker));
        decide(
            || {
                let values = (&row.body, row.expires_at, attempt, key, &putter, &taker);
                self.cluster.ask(&s.put_once_again, values)
            },
            || async { Ok(put_standing(self.once_row(key, Read::Serial).await?, attempt, before)) },
        )
        .await
    }

    async fn take_once(&self, key: &[u8]) -> Result<Option<TokenRow>, StoreError> {
        let _pen = self.cluster.pens().take(("once", key)).await;
        let Some((body, expires_at, putter, None)) = self.once_row(key, Read::Acknowledged).await? else {
            return Ok(None);
        };
        let ours = self.cluster.attempt();
        let taken = decide(
            || self.cluster.ask(&self.tokens.take_once, (ours, key, &putter)),
            || async {
                Ok(match self.once_row(key, Read::Serial).await? {
                    Some((_, _, now, None)) if now == putter => Standing::Before,
                    Some((_, _, now, Some(taker))) if now == putter && taker == ours => Standing::Ours,
                    _ => Standing::Theirs,
                })
            },
        );
        Ok((taken.await? == Cas::Applied).then_some(TokenRow { body, expires_at }))
    }

    async fn sweep_shard(&self, span: i64, shard: u8, now: i64) -> Result<u64, StoreError> {
        let s = &self.tokens;
        let shard = i32::from(shard);
        let entries: HashSet<(i8, Vec<u8>)> = self
            .cluster
            .rows::<(i8, Vec<u8>)>(&s.expired, (span, shard, now))
            .await?
            .into_iter()
            .collect();
        if entries.is_empty() {
            return Ok(0);
        }
        let dropped = each(entries, |(kind, key)| async move {
            match kind {
                TOKEN => self.sweep_token(&key, now).await,
                _ => self.sweep_once(&key, now).await,
            }
        });
        let dropped = dropped.await?.into_iter().map(u64::from).sum();
        self.cluster.write(&s.drop_expired, (span, shard, now)).await?;
        Ok(dropped)
    }

    /// Drops the token as it was read: one that is put meanwhile is newer than the deletion, and stays.
    async fn sweep_token(&self, hash: &[u8], now: i64) -> Result<bool, StoreError> {
        let s = &self.tokens;
        match self.cluster.row::<(i64, i64)>(&s.token_written, (hash,)).await? {
            Some((expires_at, written)) if expires_at < now => self
                .cluster
                .write(&s.drop_token_of, (written, hash))
                .await
                .map(|()| true),
            _ => Ok(false),
        }
    }

    async fn sweep_once(&self, key: &[u8], now: i64) -> Result<bool, StoreError> {
        let s = &self.tokens;
        let _pen = self.cluster.pens().take(("once", key)).await;
        for _ in 0..LOOKS {
            let (putter, taker) = match self.once_row(key, Read::Acknowledged).await? {
                Some((_, expires_at, putter, taker)) if expires_at < now => (putter, taker),
                _ => return Ok(false),
            };
            let dropped = decide(
                || self.cluster.ask(&s.drop_once, (key, &putter, &taker)),
                || async {
                    Ok(match self.once_row(key, Read::Serial).await? {
                        None => Standing::Ours,
                        Some((_, _, now, by)) if (&now, &by) == (&putter, &taker) => Standing::Before,
                        Some(_) => Standing::Theirs,
                    })
                },
            );
            if dropped.await? == Cas::Applied {
                // One that was used is gone for its users already.
                return Ok(taker.is_none());
            }
        }
        Ok(false)
    }
}

/// How a putting stands: `before` is what it was to replace.
fn put_standing(found: Option<OnceRow>, ours: Attempt, before: Option<(&Vec<u8>, &Vec<u8>)>) -> Standing {
    match found {
        Some((_, _, putter, _)) if putter == ours => Standing::Ours,
        None if before.is_none() => Standing::Before,
        Some((_, _, putter, Some(taker))) if before == Some((&putter, &taker)) => Standing::Before,
        _ => Standing::Theirs,
    }
}

#[async_trait]
impl Consent for CassandraStore {
    async fn agreement_publish(&self, row: AgreementRow) -> Result<Cas, StoreError> {
        agreement_limits(&row)?;
        self.publish(row).await
    }

    async fn agreements_list(&self) -> Result<Vec<AgreementRow>, StoreError> {
        self.agreements().await
    }

    async fn grant_create(&self, id: Id, account: Id, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        self.create_grant(id, account, body).await
    }

    async fn grant_get(&self, id: Id, read: Read) -> Result<Option<GrantRow>, StoreError> {
        self.grant(id, read).await
    }

    async fn grant_transition(&self, id: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        self.set_grant(id, expected, body).await
    }

    async fn grants_of(&self, account: Id) -> Result<Vec<GrantRow>, StoreError> {
        self.grants(account).await
    }

    async fn says_get(&self, accounts: Vec<Id>, read: Read) -> Result<Vec<Option<Versioned>>, StoreError> {
        limits::page(accounts.len())?;
        self.says(accounts, read).await
    }

    async fn says_put(&self, account: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        self.set_says(account, expected, body).await
    }

    async fn ask_put(&self, account: Id, key: Id, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        self.put_ask(account, key, body).await
    }

    async fn asks_of(&self, account: Id) -> Result<Vec<(Id, Vec<u8>)>, StoreError> {
        self.asks(account).await
    }

    async fn ask_delete(&self, account: Id, key: Id) -> Result<(), StoreError> {
        self.drop_ask(account, key).await
    }

    async fn views_bump(&self, accounts: Vec<Id>) -> Result<(), StoreError> {
        limits::page(accounts.len())?;
        self.bump(accounts).await
    }

    async fn views_get(&self, account: Id) -> Result<u64, StoreError> {
        self.view(account).await
    }

    async fn token_put(&self, hash: [u8; 32], row: TokenRow) -> Result<(), StoreError> {
        limits::body(&row.body)?;
        self.note(TOKEN, &hash, row.expires_at).await?;
        self.cluster
            .write(&self.tokens.put_token, (hash, row.body, row.expires_at))
            .await
    }

    async fn token_get(&self, hash: [u8; 32], read: Read) -> Result<Option<TokenRow>, StoreError> {
        let row = self
            .cluster
            .row::<(Vec<u8>, i64)>(&at(&self.tokens.token, read), (hash,))
            .await?;
        Ok(row.map(|(body, expires_at)| TokenRow { body, expires_at }))
    }

    async fn token_delete(&self, hash: [u8; 32]) -> Result<(), StoreError> {
        self.cluster.write(&self.tokens.drop_token, (hash,)).await
    }

    async fn once_put(&self, key: Vec<u8>, row: TokenRow) -> Result<Cas, StoreError> {
        limits::key(&key)?;
        limits::body(&row.body)?;
        self.put_once(&stored_key(&key), &row).await
    }

    async fn once_get(&self, key: Vec<u8>) -> Result<Option<TokenRow>, StoreError> {
        limits::key(&key)?;
        let row = self.once_row(&stored_key(&key), Read::Acknowledged).await?;
        Ok(row.and_then(|(body, expires_at, _, taken)| taken.is_none().then_some(TokenRow { body, expires_at })))
    }

    async fn once_take(&self, key: Vec<u8>) -> Result<Option<TokenRow>, StoreError> {
        limits::key(&key)?;
        self.take_once(&stored_key(&key)).await
    }

    async fn sweep(&self, now: i64) -> Result<u64, StoreError> {
        let s = &self.tokens;
        let Some(last) = now.checked_sub(1) else { return Ok(0) };
        let mut dropped = 0;
        for (span,) in self.cluster.rows::<(i64,)>(&s.spans, (last.div_euclid(SPAN),)).await? {
            let shards = each(0..SHARDS, |shard| self.sweep_shard(span, shard, now));
            dropped += shards.await?.into_iter().sum::<u64>();
            // Nothing is put any more that ended so long ago.
            if span.saturating_add(1).saturating_mul(SPAN).saturating_add(KEEP) < now {
                self.spans.set().remove(&span);
                self.cluster.write(&s.drop_span, (span,)).await?;
            }
        }
        Ok(dropped)
    }
}
