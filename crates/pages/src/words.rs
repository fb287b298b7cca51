//! The model's nouns in the plain words of the pages for people.

use model::{Action, Choice, Field, FieldSet, GrantState, Purpose, Sentiment};

/// `1,204`.
pub fn number(n: &u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 message`, `1,204 messages`.
pub fn count(n: &u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if *n == 1 { one } else { many })
}

/// A purpose as a heading.
pub const fn purpose(purpose: &Purpose) -> &'static str {
    match purpose {
        Purpose::Recommendations => "Suggestions",
        Purpose::Messaging => "Messaging",
        Purpose::Ranking => "A better order",
        Purpose::Advertising => "Advertising",
        Purpose::Portability => "Taking your messages along",
    }
}

/// A purpose as the end of "it wants this …".
pub const fn purpose_to(purpose: &Purpose) -> &'static str {
    match purpose {
        Purpose::Recommendations => "to suggest films and series to you",
        Purpose::Messaging => "to let you read and write your messages there",
        Purpose::Ranking => "to put what it shows you in a better order",
        Purpose::Advertising => "to choose which advertisements you see",
        Purpose::Portability => "to take your messages along to another service",
    }
}

/// An action as the end of "Marquee may …".
pub const fn action(action: &Action) -> &'static str {
    match action {
        Action::Read => "read what you choose below, and nothing else",
        Action::Send => "send a suggestion to a friend in your name, each time you tell it to",
        Action::Delete => "delete messages from your inbox, each time you tell it to",
    }
}

/// A level as the heading of a card.
pub const fn field(field: &Field) -> &'static str {
    match field {
        Field::Ranking => "A list in order",
        Field::Mentions => "Films and series you mention",
        Field::Envelope => "Who writes with whom, and when",
        Field::Text => "Every word you wrote",
    }
}

/// What a level lets a partner know.
pub const fn field_tells(field: &Field) -> &'static str {
    match field {
        Field::Ranking => {
            "Its own films and series, put in order for you. The list is made here; nothing about any message leaves."
        }
        Field::Mentions => {
            "For each message: which films and series come up, whether they were liked, and in which week. \
             Not what you wrote, and not to whom."
        }
        Field::Envelope => {
            "For each message: who is in the conversation under made-up names, when it was sent, and how long it is. \
             Not what you wrote."
        }
        Field::Text => {
            "The messages themselves and the names of files sent with them. This is the most anyone can be given."
        }
    }
}

/// How much of a person a level tells, as one word.
pub const fn field_weight(field: &Field) -> &'static str {
    match field {
        Field::Ranking => "least",
        Field::Mentions => "little",
        Field::Envelope => "more",
        Field::Text => "most",
    }
}

/// The end of "Marquee may read …": what leaves, and what does not.
pub fn may_read(fields: &FieldSet) -> &'static str {
    let has = |f| fields.contains(f);
    if has(Field::Text) {
        "every word you wrote, to whom, and when"
    } else {
        match (has(Field::Envelope), has(Field::Mentions), has(Field::Ranking)) {
            (true, true, _) => "which films and series you mention, with whom you write, and when — not what you wrote",
            (true, false, _) => "with whom you write, and when — not what you wrote",
            (false, true, _) => "which films and series you mention — not what you wrote",
            (false, false, true) => "a list of films and series in an order made for you — nothing about any message",
            (false, false, false) => "nothing",
        }
    }
}

/// What was read of so many messages, as the end of "Marquee read …".
pub fn was_read(fields: &FieldSet, messages: &u64) -> String {
    let has = |f| fields.contains(f);
    if *messages == 0 && !fields.is_empty() && *fields != FieldSet::of(&[Field::Ranking]) {
        return "nothing: no message was told".to_owned();
    }
    let of = count(messages, "message", "messages");
    if has(Field::Text) {
        format!("every word of {of}")
    } else if has(Field::Envelope) && has(Field::Mentions) {
        format!("who wrote when, and which films and series come up, in {of}")
    } else if has(Field::Envelope) {
        format!("who wrote when, in {of}")
    } else if has(Field::Mentions) {
        format!("which films and series come up in {of}")
    } else if has(Field::Ranking) {
        "a list in an order made for you, and nothing about any message".to_owned()
    } else {
        "nothing".to_owned()
    }
}

/// What was read of one message, as the end of "Marquee saw …".
pub fn was_read_here(fields: &FieldSet) -> &'static str {
    let has = |f| fields.contains(f);
    match (has(Field::Text), has(Field::Envelope), has(Field::Mentions)) {
        (true, _, _) => "every word",
        (_, true, true) => "who wrote when, and the films in it",
        (_, true, false) => "who wrote when",
        (_, false, true) => "the films in it",
        (_, false, false) => "nothing of it",
    }
}

/// How a title was spoken of.
pub const fn sentiment(sentiment: &Sentiment) -> &'static str {
    match sentiment {
        Sentiment::Liked => "liked",
        Sentiment::Disliked => "not liked",
        Sentiment::Neutral => "mentioned",
    }
}

/// Where a grant stands, as a badge.
pub const fn state(state: &GrantState) -> &'static str {
    match state {
        GrantState::Requested => "Not begun yet",
        GrantState::Active => "On",
        GrantState::Narrowed => "On, with less than at first",
        GrantState::Revoked => "Taken back",
        GrantState::Expired => "Over",
    }
}

/// Whether a grant in this state can still be narrowed or taken back.
pub const fn is_open(state: &GrantState) -> bool {
    matches!(state, GrantState::Requested | GrantState::Active | GrantState::Narrowed)
}

/// Whether a partner can read under a grant in this state.
pub const fn is_live(state: &GrantState) -> bool {
    matches!(state, GrantState::Active | GrantState::Narrowed)
}

/// What a person says about her own messages in a friend's inbox.
pub fn choice(choice: &Choice) -> String {
    match choice {
        Choice::Withhold => "nothing of what you wrote".to_owned(),
        Choice::Ask => "you are asked first".to_owned(),
        Choice::Allow(fields) => may_read(fields).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_one_is_singular() {
        assert_eq!(number(&0), "0");
        assert_eq!(number(&999), "999");
        assert_eq!(number(&1204), "1,204");
        assert_eq!(number(&u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(count(&1, "message", "messages"), "1 message");
        assert_eq!(count(&0, "message", "messages"), "0 messages");
    }

    #[test]
    fn what_leaves_is_said_for_every_set_of_levels() {
        for bits in 0..16 {
            let Some(fields) = FieldSet::from_bits(bits) else {
                continue;
            };
            let says = may_read(&fields);
            assert_eq!(says == "nothing", fields.is_empty(), "{fields:?}");
            assert_eq!(says.contains("every word"), fields.contains(Field::Text), "{fields:?}");
            if !fields.contains(Field::Text) && (fields.contains(Field::Envelope) || fields.contains(Field::Mentions)) {
                assert!(says.ends_with("not what you wrote"), "{fields:?}");
            }
            assert!(!was_read(&fields, &3).is_empty());
        }
        assert_eq!(
            was_read(&FieldSet::of(&[Field::Mentions]), &1),
            "which films and series come up in 1 message"
        );
    }
}
