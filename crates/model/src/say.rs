//! The say of a counterparty: may what *I* wrote leave, because someone else connected a partner?

use crate::{ConversationId, FieldSet, PartnerId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a participant says about her own messages in other people's inboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// No. What everyone says until they say otherwise.
    #[default]
    Withhold,
    /// Not now; ask me, each time a partner wants it.
    Ask,
    /// Yes, at these levels.
    Allow(FieldSet),
}

/// One person's says: about a partner in a conversation, about a partner, and for all others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Says {
    /// When nothing more specific was said.
    pub default: Choice,
    /// About one partner.
    #[serde(default)]
    pub partners: BTreeMap<PartnerId, Choice>,
    /// About one partner in one conversation.
    #[serde(default)]
    pub conversations: BTreeMap<ConversationId, BTreeMap<PartnerId, Choice>>,
    /// What was said and is not in the ledger yet: about which partner (`None`: all), and what may leave from now on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unentered: Vec<(Option<PartnerId>, FieldSet)>,
}

impl Says {
    /// The most specific choice: conversation, then partner, then default.
    pub fn about(&self, partner: &PartnerId, conversation: ConversationId) -> Choice {
        self.conversations
            .get(&conversation)
            .and_then(|by_partner| by_partner.get(partner))
            .or_else(|| self.partners.get(partner))
            .copied()
            .unwrap_or(self.default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;

    #[test]
    fn the_most_specific_say_wins_and_the_first_is_withhold() {
        let partner: PartnerId = "marquee".parse().unwrap();
        let here = ConversationId([1; 16]);
        let mut says = Says::default();
        assert_eq!(says.about(&partner, here), Choice::Withhold);
        says.default = Choice::Ask;
        assert_eq!(says.about(&partner, here), Choice::Ask);
        says.partners
            .insert(partner.clone(), Choice::Allow(FieldSet::of(&[Field::Mentions])));
        assert_eq!(
            says.about(&partner, here),
            Choice::Allow(FieldSet::of(&[Field::Mentions]))
        );
        says.conversations
            .entry(here)
            .or_default()
            .insert(partner.clone(), Choice::Withhold);
        assert_eq!(says.about(&partner, here), Choice::Withhold);
        assert_eq!(
            says.about(&partner, ConversationId([2; 16])),
            Choice::Allow(FieldSet::of(&[Field::Mentions]))
        );
        let json = serde_json::to_string(&says).unwrap();
        assert_eq!(serde_json::from_str::<Says>(&json).unwrap(), says);
    }
}
