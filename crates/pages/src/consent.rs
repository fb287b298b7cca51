//! The letter in which a partner asks, and the person answers.

use crate::{Choices, Chrome, Page, Tab, person, when, words};
use askama::Template;
use model::{Action, AgreementRef, Field, Purpose, Sentiment, Time};

/// `GET /consent`; its form posts `request`, the fields of [`Choices`] and `action` (`agree`, `refuse` or `preview`) to `/consent`.
/// `preview` shows the page again with the choices made.
#[derive(Debug, Clone, Template)]
#[template(path = "consent.html")]
pub struct Consent {
    /// Header and footer.
    pub chrome: Chrome,
    /// Which request this answers.
    pub request: String,
    /// The partner's name.
    pub partner: String,
    /// Why it asks, in its own words from the agreement.
    pub why: String,
    /// What for.
    pub purpose: Purpose,
    /// What it asks to do.
    pub actions: Vec<Action>,
    /// Under which agreement.
    pub agreement: AgreementRef,
    /// What can be chosen, and what is.
    pub choices: Choices,
    /// Up to three of her own messages, beside what the partner would be told of each.
    pub examples: Vec<Example>,
    /// The others in the chosen conversations.
    pub friends: Friends,
    /// Days the partner may keep what it is told.
    pub retention_days: u64,
    /// Days between its public reports.
    pub report_days: u64,
    /// Who answers for a breach at the partner.
    pub breach_contact: String,
    /// What the partner pays the platform, if anything.
    pub price: Option<String>,
    /// What has to be put right before it can be agreed to.
    pub errors: Vec<String>,
}

/// One of her own messages.
#[derive(Debug, Clone)]
pub struct Example {
    /// What she wrote.
    pub text: String,
    /// In which conversation.
    pub conversation: String,
    /// When.
    pub at: Time,
    /// The titles in it, and how they were spoken of.
    pub mentions: Vec<(String, Sentiment)>,
}

/// The others in the chosen conversations, in numbers; none of them by name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Friends {
    /// How many there are.
    pub people: u64,
    /// How many of them allow this partner something of what they write.
    pub allow: u64,
    /// How many do not.
    pub withhold: u64,
    /// How many want to be asked first.
    pub ask: u64,
}

impl Consent {
    /// Whether it asks to do anything but read.
    fn does_more(&self) -> bool {
        self.actions.iter().any(|action| *action != Action::Read)
    }

    /// What the partner would be told of one of her messages with the present choices, line by line.
    fn told(&self, example: &Example) -> Vec<String> {
        let chosen = self.choices.chosen;
        let mut told = Vec::new();
        if chosen.contains(Field::Mentions) {
            for (title, sentiment) in &example.mentions {
                told.push(format!(
                    "“{title}”, {}, in {}",
                    words::sentiment(sentiment),
                    when::week(&example.at)
                ));
            }
        }
        if chosen.contains(Field::Envelope) {
            told.push(format!(
                "You wrote a message of {} to someone on {}",
                words::count(&(example.text.chars().count() as u64), "letter", "letters"),
                when::moment(&example.at)
            ));
        }
        if chosen.contains(Field::Text) {
            told.push(format!("“{}”", example.text));
        }
        told
    }
}
