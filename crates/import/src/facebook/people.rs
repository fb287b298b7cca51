//! Who is in a thread, where people are names.
//!
//! **A namesake of the owner.** If someone else in the thread has the owner's name, what that person wrote stands under
//! the same name as what the owner wrote, and a grant of the owner's must not disclose it. So where the name occurs more
//! often among the participants than the owner herself accounts for, or no participants are listed at all, every message
//! under it goes to a contact. The owner keeps the messages, nothing of them is disclosed, and the summary counts them.

use super::head::Head;
use crate::Limits;
use crate::id::derive;
use model::{AccountId, Conversation, ConversationId, Participant};
use std::collections::HashMap;

/// How much of a conversation the sink knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    /// It has changed since.
    Some,
    All,
}

/// The conversation of one thread, as far as it has been read.
pub(crate) struct People {
    pub conversation: Conversation,
    /// What the sink knows of it.
    pub told: Told,
    owner: Participant,
    namesake: bool,
    accounts: HashMap<String, AccountId>,
}

impl People {
    /// `thread` is the name of the thread's folder, or file.
    pub fn new(owner: &Participant, thread: &str, end_to_end: bool) -> Self {
        let kind: &[u8] = if end_to_end { b"end-to-end" } else { b"plain" };
        let id = derive(
            "privity facebook conversation 1",
            &[&owner.account.0, kind, thread.as_bytes()],
        );
        Self {
            conversation: Conversation {
                id: ConversationId(id),
                name: None,
                participants: vec![owner.clone()],
                end_to_end,
            },
            told: Told::Nothing,
            owner: owner.clone(),
            namesake: false,
            accounts: HashMap::new(),
        }
    }

    /// Takes in a file's head, its names and title repaired. Gives the limit's name if there are too many people.
    pub fn meet(&mut self, head: &Head, limits: &Limits) -> Result<(), String> {
        let with_owners_name = head.participants.iter().filter(|n| **n == self.owner.name).count();
        let owners = usize::from(head.still_participant != Some(false));
        self.namesake |= head.participants.is_empty() || with_owners_name > owners;
        for name in &head.participants {
            if name.len() <= limits.name_bytes {
                self.author(name, limits)?;
            }
        }
        // A pair's title is only the other's name.
        let title = head.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
        let title = title.filter(|title| title.len() <= limits.name_bytes && self.conversation.participants.len() > 2);
        if title.is_some() && self.conversation.name.as_deref() != title {
            self.conversation.name = title.map(str::to_owned);
            self.changed();
        }
        Ok(())
    }

    /// Whether a message under this name may be someone else's than the owner's, or the owner's.
    pub fn is_ambiguous(&self, name: &str) -> bool {
        self.namesake && name == self.owner.name
    }

    /// The account of a name; a new one joins the participants. Someone who has left is only found where she wrote.
    pub fn author(&mut self, name: &str, limits: &Limits) -> Result<AccountId, String> {
        if name == self.owner.name && !self.namesake {
            return Ok(self.owner.account);
        }
        if let Some(account) = self.accounts.get(name) {
            return Ok(*account);
        }
        if name.len() > limits.name_bytes {
            return Err(format!("over the limit of {} bytes of a name", limits.name_bytes));
        }
        if self.conversation.participants.len() > limits.participants {
            return Err(format!("over the limit of {} participants", limits.participants));
        }
        let account = contact(self.owner.account, name);
        self.accounts.insert(name.to_owned(), account);
        self.conversation.participants.push(Participant {
            account,
            name: name.to_owned(),
        });
        self.changed();
        Ok(account)
    }

    fn changed(&mut self) {
        if self.told == Told::All {
            self.told = Told::Some;
        }
    }
}

/// The account of an imported contact: the same in all of the owner's conversations, and in nobody else's inbox.
fn contact(owner: AccountId, name: &str) -> AccountId {
    AccountId(derive("privity facebook contact 1", &[&owner.0, name.as_bytes()]))
}
