//! Taking conversations in: from an export, or from wherever a platform has them already.

use crate::content::{seal_conversation, seal_message};
use crate::{App, Error};
use model::{AccountId, Conversation, Message};
use store::{Appended, MessageRow};

/// Messages in one append at most (the store's own limit).
pub const BATCH: usize = 1_000;

impl App {
    /// Puts conversations and messages into one inbox; what is there already stays as it is. Durable after
    /// [`App::take_in_done`].
    pub async fn take_in(
        &self,
        account: AccountId,
        conversations: &[Conversation],
        messages: &[Message],
    ) -> Result<Appended, Error> {
        let key = self.vault.inbox_key(account).await?;
        let entropy = self.vault.entropy();
        let mut talks = conversations
            .iter()
            .map(|c| seal_conversation(&key, entropy, account, c))
            .collect::<Result<Vec<_>, _>>()?;
        let mut total = Appended {
            added: 0,
            known: 0,
            state: 0,
        };
        let mut rest = messages;
        loop {
            let (batch, later) = rest.split_at(rest.len().min(BATCH));
            let rows = batch
                .iter()
                .map(|m| seal_message(&key, entropy, account, m))
                .collect::<Result<Vec<MessageRow>, _>>()?;
            let done = self
                .store
                .messages_append(account.0, std::mem::take(&mut talks), rows)
                .await?;
            total.added += done.added;
            total.known += done.known;
            total.state = done.state;
            rest = later;
            if rest.is_empty() {
                return Ok(total);
            }
        }
    }

    /// Makes everything taken in so far durable.
    pub async fn take_in_done(&self) -> Result<(), Error> {
        Ok(self.store.messages_sync().await?)
    }
}
