//! Erasure (GDPR Art. 17): by destroying keys. The ledger still verifies; what it says about her is noise.

use crate::sequencer::Note;
use crate::{App, Error};
use model::AccountId;
use std::sync::Arc;
use tlog::body::Event;

impl App {
    /// Whose handle this is, even if what else is known of her can be read no more.
    pub async fn account_named(&self, handle: &str) -> Result<Option<AccountId>, Error> {
        let row = self.store.account_by_handle(handle.to_owned()).await?;
        Ok(row.map(|row| AccountId(row.id)))
    }

    /// Erases a person: takes back her grants, enters the erasure, destroys her keys, removes her rows. Safe to repeat
    /// after a crash at any point.
    pub async fn erase(self: &Arc<Self>, account: AccountId) -> Result<(), Error> {
        if !self.vault.is_destroyed(account).await? {
            for grant in self.grants(account).await? {
                self.grant_revoke(account, grant.id).await?;
            }
            // Her own messages stay in her friends' inboxes: they are theirs too. No partner gets them from now on.
            self.say_nothing(account).await?;
            self.record(Note::new(Event::Erasure, account)).await?;
            self.vault.destroy(account).await?;
        }
        self.store.messages_purge(account.0).await?;
        self.store.shelf_purge(account.0).await?;
        self.indexes.forget(account);
        self.store.account_delete(account.0).await?;
        Ok(())
    }
}
