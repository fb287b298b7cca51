//! What a person is shown before she agrees: her own messages as the partner would see them, and her friends in numbers.

use crate::{App, Error};
use model::{AccountId, Choice, Conversations, Message, PartnerId, Sentiment};
use std::collections::HashMap;

/// Messages that are looked through for good examples.
const LOOK_THROUGH: usize = 200;

/// One of her own messages.
#[derive(Debug, Clone)]
pub struct Example {
    /// The message.
    pub message: Message,
    /// What its conversation is called.
    pub conversation: String,
    /// The partner's titles in it.
    pub mentions: Vec<(String, Sentiment)>,
}

/// The others in her conversations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Friends {
    /// How many.
    pub people: u64,
    /// Who allow this partner something, in one of these conversations at least.
    pub allow: u64,
    /// Who want to be asked.
    pub ask: u64,
    /// Who do not.
    pub withhold: u64,
}

impl App {
    /// Up to `most` of her newest own messages in these conversations, those that mention something first.
    pub async fn examples(
        &self,
        account: AccountId,
        partner: &PartnerId,
        conversations: &Conversations,
        most: usize,
    ) -> Result<Vec<Example>, Error> {
        let catalogue = self.catalogue(partner).await?;
        let titles: HashMap<_, _> = self
            .talks(account)
            .await?
            .into_iter()
            .map(|t| (t.conversation.id, t.conversation.title_for(account)))
            .collect();
        let mut examples: Vec<Example> = self
            .messages_newest(account, None, LOOK_THROUGH)
            .await?
            .into_iter()
            .filter(|m| m.author == account && conversations.contains(m.conversation) && !m.text.is_empty())
            .map(|message| Example {
                conversation: titles.get(&message.conversation).cloned().unwrap_or_default(),
                mentions: catalogue.as_ref().map(|c| c.named(&message.text)).unwrap_or_default(),
                message,
            })
            .collect();
        examples.sort_by_key(|e| e.mentions.is_empty());
        examples.truncate(most);
        Ok(examples)
    }

    /// The others in these conversations, and what they say about a partner.
    pub async fn friends(
        &self,
        account: AccountId,
        partner: &PartnerId,
        conversations: &Conversations,
    ) -> Result<Friends, Error> {
        let mut best: HashMap<AccountId, Choice> = HashMap::new();
        let talks = self.talks(account).await?;
        let chosen: Vec<_> = talks
            .iter()
            .map(|t| &t.conversation)
            .filter(|c| conversations.contains(c.id))
            .collect();
        let mut people: Vec<AccountId> = chosen
            .iter()
            .flat_map(|c| &c.participants)
            .map(|p| p.account)
            .filter(|a| *a != account)
            .collect();
        people.sort_unstable();
        people.dedup();
        let says = self.says_of(&people).await?;
        for talk in chosen {
            for someone in talk.participants.iter().map(|p| p.account).filter(|a| *a != account) {
                let choice = says
                    .get(&someone)
                    .map(|s| s.about(partner, talk.id))
                    .unwrap_or_default();
                let so_far = best.entry(someone).or_default();
                if rank(choice) > rank(*so_far) {
                    *so_far = choice;
                }
            }
        }
        let count = |wanted: u8| best.values().filter(|c| rank(**c) == wanted).count() as u64;
        Ok(Friends {
            people: best.len() as u64,
            allow: count(2),
            ask: count(1),
            withhold: count(0),
        })
    }
}

fn rank(choice: Choice) -> u8 {
    match choice {
        Choice::Allow(fields) if !fields.is_empty() => 2,
        Choice::Ask => 1,
        Choice::Allow(_) | Choice::Withhold => 0,
    }
}
