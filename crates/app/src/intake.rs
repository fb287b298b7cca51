//! Taking conversations in: from an export, or from wherever a platform has them already.

use crate::content::{seal_conversation, seal_message};
use crate::{App, Error};
use model::{AccountId, Conversation, Entropy, Message};
use ring::aead::NONCE_LEN;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Appended, ConversationRow, MessageRow};

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
        let mut total = Appended {
            added: 0,
            known: 0,
            state: 0,
        };
        let (mut conversations, mut rest) = (conversations, messages);
        loop {
            let (batch, later) = rest.split_at(rest.len().min(BATCH));
            let (talks, rows) = self.sealed(account, conversations, batch).await?;
            let done = self.store.messages_append(account.0, talks, rows).await?;
            total.added += done.added;
            total.known += done.known;
            total.state = done.state;
            (conversations, rest) = (&[], later);
            if rest.is_empty() {
                return Ok(total);
            }
        }
    }

    /// The rows of conversations and messages, sealed for one inbox.
    pub(crate) async fn sealed(
        &self,
        account: AccountId,
        conversations: &[Conversation],
        messages: &[Message],
    ) -> Result<(Vec<ConversationRow>, Vec<MessageRow>), Error> {
        let key = self.vault.inbox_key(account).await?;
        let entropy = Drawn::from(self.vault.entropy(), conversations.len() + messages.len());
        let talks = conversations
            .iter()
            .map(|c| seal_conversation(&key, &entropy, account, c));
        let talks = talks.collect::<Result<_, _>>()?;
        let rows = messages.iter().map(|m| seal_message(&key, &entropy, account, m));
        Ok((talks, rows.collect::<Result<_, _>>()?))
    }

    /// Makes everything taken in so far durable.
    pub async fn take_in_done(&self) -> Result<(), Error> {
        Ok(self.store.messages_sync().await?)
    }
}

/// Randomness for many nonces, drawn in one call: asking the system for each would cost more than sealing.
struct Drawn<'a> {
    source: &'a dyn Entropy,
    bytes: Vec<u8>,
    used: AtomicUsize,
}

impl<'a> Drawn<'a> {
    fn from(source: &'a dyn Entropy, nonces: usize) -> Self {
        let mut bytes = vec![0; nonces * NONCE_LEN];
        source.fill(&mut bytes);
        Self {
            source,
            bytes,
            used: AtomicUsize::new(0),
        }
    }
}

impl Entropy for Drawn<'_> {
    fn fill(&self, buffer: &mut [u8]) {
        let from = self.used.fetch_add(buffer.len(), Ordering::Relaxed);
        match self.bytes.get(from..from + buffer.len()) {
            Some(drawn) => buffer.copy_from_slice(drawn),
            None => self.source.fill(buffer),
        }
    }
}
