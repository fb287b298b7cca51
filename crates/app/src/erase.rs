//! Erasure (GDPR Art. 17): by destroying keys. The ledger still verifies; what it says about her is noise.

use crate::gate::Reliance;
use crate::sequencer::Note;
use crate::{App, Error};
use model::AccountId;
use std::time::Duration;
use tlog::body::Event;

impl App {
    /// Erases a person: takes back her grants, enters the erasure, destroys her keys, removes her rows. Safe to repeat
    /// after a crash at any point.
    pub async fn erase(&self, account: AccountId) -> Result<(), Error> {
        if !self.vault.is_destroyed(account).await? {
            for grant in self.grants(account).await? {
                self.grant_revoke(account, grant.id).await?;
            }
            self.record(Note::new(Event::Erasure, account)).await?;
            self.vault.destroy(account).await?;
        }
        self.gate.drain(Reliance::Say(account), Duration::from_secs(5)).await;
        self.store.messages_purge(account.0).await?;
        self.store.account_delete(account.0).await?;
        Ok(())
    }
}
