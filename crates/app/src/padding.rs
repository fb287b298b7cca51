//! Entries about nothing. The number of entries in the public log tells how much happens on the platform; padding makes it
//! tell less. An entry of this kind looks like any other to everyone but the person whose it is.

use crate::sequencer::{Entered, Note};
use crate::{App, Error};
use model::AccountId;
use tlog::body::Event;

/// Entries that one call adds at most.
const MOST: u64 = 10_000;

impl App {
    /// Enters that nothing happened to a person.
    pub async fn pad(&self, account: AccountId) -> Result<Entered, Error> {
        self.record(Note::new(Event::Padding, account)).await
    }

    /// Rounds the number of entries since the log had `since` of them up to a multiple of `to` (10,000 at most), with
    /// entries of people drawn at random. Returns how many it added: none on a platform without people.
    pub async fn pad_up(&self, since: u64, to: u64) -> Result<u64, Error> {
        let to = to.clamp(1, MOST);
        let new = self.log_head().size.saturating_sub(since);
        let missing = new.next_multiple_of(to) - new;
        for added in 0..missing {
            let Some(account) = self.anyone().await? else {
                return Ok(added);
            };
            self.pad(account).await?;
        }
        Ok(missing)
    }

    /// The first account at or after a random id, round the corner if need be.
    async fn anyone(&self) -> Result<Option<AccountId>, Error> {
        for after in [Some(self.vault.random()), None] {
            if let Some(row) = self.store.accounts_list(after, 1).await?.first() {
                return Ok(Some(AccountId(row.id)));
            }
        }
        Ok(None)
    }
}
