//! All receipts of a person in one file, for herself: what `privity-verify chain` reads.
//!
//! Her tag keys are in it. With them she, and whoever she gives the file to, can find her entries in the public log: when
//! something about her was entered, past and to come until the next period ends, and nothing of what. They open no entry and
//! sign none. So they are given to nobody but herself.

use crate::ledger::Tiles;
use crate::record::EntryRecord;
use crate::vault::SealingKey;
use crate::{App, Error, LogHead};
use model::AccountId;
use std::collections::BTreeSet;
use std::sync::Arc;
use tlog::chain::{self, Head};
use tlog::secret;

/// Receipts that are made at once.
const PAGE: u64 = 50;
/// Periods between a person's first entry and now at most: a hundred years, more only if a clock went astray.
const PERIODS_LIMIT: u32 = 400;

/// A file of receipts, made piece by piece under one checkpoint.
pub struct Receipts {
    app: Arc<App>,
    account: AccountId,
    key: Arc<SealingKey>,
    head: LogHead,
    /// Her next number to be written, and the one after her last.
    next: u64,
    end: u64,
    periods: BTreeSet<u32>,
    tiles: Tiles,
    part: Part,
}

#[derive(Clone, Copy)]
enum Part {
    Head,
    Receipts,
    Over,
}

impl App {
    /// All receipts of a person, as of now.
    pub async fn receipts_of_person(self: &Arc<Self>, account: AccountId) -> Result<Receipts, Error> {
        let key = self.vault.inbox_key(account).await?;
        let head = self.log_head();
        let mut end = 0;
        let mut before = None;
        // What is entered in this moment may be stored already, and not yet under the checkpoint.
        while let Some(row) = self.store.ledger_owned(account.0, before, 1).await?.first() {
            if row.index < head.size {
                end = row.seq.saturating_add(1);
                break;
            }
            before = Some(row.seq);
        }
        Ok(Receipts {
            app: Arc::clone(self),
            account,
            key,
            head,
            next: 0,
            end,
            periods: BTreeSet::new(),
            tiles: Tiles::default(),
            part: Part::Head,
        })
    }
}

impl Receipts {
    /// The next piece of the file; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<String>, Error> {
        match self.part {
            Part::Head => {
                self.part = Part::Receipts;
                Ok(Some(chain::write_head(&Head {
                    made: self.app.now().unix_seconds().unsigned_abs(),
                    size: self.head.size,
                    entries: self.end,
                })))
            }
            Part::Receipts if self.next < self.end => self.page().await.map(Some),
            Part::Receipts => {
                self.part = Part::Over;
                self.tags().await.map(Some)
            }
            Part::Over => Ok(None),
        }
    }

    async fn page(&mut self) -> Result<String, Error> {
        let upto = self.end.min(self.next.saturating_add(PAGE));
        let limit = usize::try_from(upto - self.next).unwrap_or(usize::MAX);
        let rows = self.app.store.ledger_owned(self.account.0, Some(upto), limit).await?;
        let mut text = String::new();
        for row in rows.iter().rev() {
            if row.seq != self.next {
                break;
            }
            let record = EntryRecord::open(&self.key, self.account, row)?;
            self.periods.insert(record.quarter);
            let tiles = &mut self.tiles;
            text += &self.app.receipt(row.index, &record, true, &self.head, tiles).await?;
            self.next = self.next.saturating_add(1);
        }
        if self.next != upto {
            return Err(Error::Corrupt(format!("a person's entry {} is missing", self.next)));
        }
        Ok(text)
    }

    /// The keys of every period from her first entry until now, so that an entry that is not in the file would be found. And
    /// that of the next: whoever has it beforehand cannot be told another one later.
    async fn tags(&mut self) -> Result<String, Error> {
        let now = secret::period(self.app.now().unix_seconds());
        let first = self.periods.first().copied().unwrap_or(now);
        self.periods
            .extend(first.max(now.saturating_sub(PERIODS_LIMIT))..=now.saturating_add(1));
        let mut keys = Vec::new();
        for period in &self.periods {
            let of_period = self.app.vault.ledger_keys_of(self.account, *period).await?;
            keys.push((*period, of_period));
        }
        Ok(chain::write_end(
            keys.iter().map(|(period, keys)| (*period, &*keys.tag)),
        ))
    }
}
