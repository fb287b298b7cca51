//! A person's own inbox: what she sees and sends. No partner comes through here.

use crate::accounts::hash_of;
use crate::content::{open_conversation, open_message, seal_conversation, seal_message};
use crate::{App, Error};
use model::{AccountId, Conversation, ConversationId, Message, MessageId, Time};
use std::collections::BTreeSet;
use store::{Cursor, MessageRow};

/// Longest message a person can send, in bytes of UTF-8.
pub const TEXT_LIMIT: usize = 16_384;
const CONVERSATIONS_PAGE: usize = 500;

/// A conversation as the inbox lists it.
#[derive(Debug, Clone)]
pub struct Talk {
    /// The conversation.
    pub conversation: Conversation,
    /// When its newest message was sent.
    pub last_at: Time,
    /// How many messages it has.
    pub messages: u64,
}

impl App {
    /// All conversations of a person, the liveliest first.
    pub async fn talks(&self, account: AccountId) -> Result<Vec<Talk>, Error> {
        let key = self.vault.inbox_key(account).await?;
        let mut talks = Vec::new();
        let mut after = None;
        loop {
            let page = self
                .store
                .conversations_list(account.0, after, CONVERSATIONS_PAGE)
                .await?;
            for summary in &page {
                talks.push(Talk {
                    conversation: open_conversation(&key, account, &summary.row)?,
                    last_at: Time(summary.last_at),
                    messages: summary.messages,
                });
            }
            match page.last() {
                Some(last) if page.len() == CONVERSATIONS_PAGE => after = Some(last.row.id),
                _ => break,
            }
        }
        talks.sort_by_key(|t| std::cmp::Reverse((t.last_at, t.conversation.id)));
        Ok(talks)
    }

    pub(crate) async fn each_conversation(
        &self,
        account: AccountId,
        mut visit: impl FnMut(&Conversation) + Send,
    ) -> Result<(), Error> {
        for talk in self.talks(account).await? {
            visit(&talk.conversation);
        }
        Ok(())
    }

    /// One conversation of a person.
    pub async fn talk(&self, account: AccountId, id: ConversationId) -> Result<Talk, Error> {
        let key = self.vault.inbox_key(account).await?;
        let found = self
            .store
            .conversations_get(account.0, vec![id.0])
            .await?
            .into_iter()
            .flatten()
            .next();
        let summary = found.ok_or(Error::NotFound)?;
        Ok(Talk {
            conversation: open_conversation(&key, account, &summary.row)?,
            last_at: Time(summary.last_at),
            messages: summary.messages,
        })
    }

    /// Messages of a conversation, newest first.
    pub async fn messages_in(
        &self,
        account: AccountId,
        conversation: ConversationId,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Message>, Error> {
        let rows = self.store.messages_in(account.0, conversation.0, before, limit).await?;
        self.open_all(account, &rows).await
    }

    /// Messages of a person's inbox, newest first.
    pub async fn messages_newest(
        &self,
        account: AccountId,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Message>, Error> {
        let rows = self.store.messages_newest(account.0, before, limit).await?;
        self.open_all(account, &rows).await
    }

    /// Messages by id; those that are not there are left out.
    pub async fn messages_by_id(&self, account: AccountId, ids: &[MessageId]) -> Result<Vec<Message>, Error> {
        let rows = self
            .store
            .messages_get(account.0, ids.iter().map(|i| i.0).collect())
            .await?;
        self.open_all(account, &rows.into_iter().flatten().collect::<Vec<_>>())
            .await
    }

    async fn open_all(&self, account: AccountId, rows: &[MessageRow]) -> Result<Vec<Message>, Error> {
        let key = self.vault.inbox_key(account).await?;
        rows.iter().map(|row| open_message(&key, account, row)).collect()
    }

    /// Sends a message into a conversation she takes part in. `nonce` comes with the form: sending the same form twice,
    /// or again after a crash, is one message. Durable in every participant's inbox when this returns.
    pub async fn send(
        &self,
        account: AccountId,
        conversation: ConversationId,
        text: &str,
        nonce: &str,
    ) -> Result<Message, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::Invalid("write something first".into()));
        }
        if text.len() > TEXT_LIMIT {
            return Err(Error::TooLarge(format!("a message has at most {TEXT_LIMIT} bytes")));
        }
        let talk = self.talk(account, conversation).await?.conversation;
        let mut id = [0u8; 16];
        let named = hash_of("message", &format!("{account} {conversation} {nonce}"));
        id.copy_from_slice(named.get(..16).unwrap_or(&[0; 16]));
        let message = Message {
            id: MessageId(id),
            conversation,
            author: account,
            sent_at: self.clock.now(),
            text: text.to_owned(),
            attachments: Vec::new(),
            via: None,
        };
        let mut shut_out = BTreeSet::new();
        for reader in talk.participants.iter().map(|p| p.account).filter(|a| *a != account) {
            if self.mutes_of(reader).await?.shuts_out(account, None) {
                shut_out.insert(reader);
            }
        }
        self.message_deliver(&talk, &message, &shut_out, &|| Ok(())).await?;
        self.store.messages_sync().await?;
        // A repeated form gets the message that was sent the first time.
        Ok(self
            .messages_by_id(account, &[message.id])
            .await?
            .pop()
            .unwrap_or(message))
    }

    /// Puts a message into the inbox of everyone in its conversation but those who do not want it: they get nothing, and
    /// nobody learns of it. `may` is asked before each. Durable after a sync; what is there already stays as it is.
    pub(crate) async fn message_deliver(
        &self,
        talk: &Conversation,
        message: &Message,
        shut_out: &BTreeSet<AccountId>,
        may: &(dyn Fn() -> Result<(), Error> + Sync),
    ) -> Result<(), Error> {
        // The author's own copy last: once she sees it, everyone has it.
        let mut readers: Vec<AccountId> = talk
            .participants
            .iter()
            .map(|p| p.account)
            .filter(|a| *a != message.author && !shut_out.contains(a))
            .collect();
        readers.push(message.author);
        for reader in readers {
            if self.store.account_get(reader.0).await?.is_none() {
                continue; // a contact without an inbox here
            }
            let key = match self.vault.inbox_key(reader).await {
                Ok(key) => key,
                Err(Error::NotFound) => continue, // erased meanwhile
                Err(other) => return Err(other),
            };
            let talk_row = seal_conversation(&key, self.vault.entropy(), reader, talk)?;
            let row = seal_message(&key, self.vault.entropy(), reader, message)?;
            may()?;
            self.store.messages_append(reader.0, vec![talk_row], vec![row]).await?;
        }
        Ok(())
    }
}
