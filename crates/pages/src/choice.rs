//! A counterparty's choice as the value of a radio button, and back. One place, so that page and handler agree.

use model::{Choice, Field, FieldSet};

/// The radio buttons' values, most careful first, and what each says.
pub(crate) const OFFERED: [(&str, &str); 5] = [
    ("withhold", "No. Nothing of what I wrote"),
    ("ask", "Ask me each time"),
    ("mentions", "Yes, but only which films and series I mention"),
    ("envelope", "Yes, and with whom I write and when"),
    ("text", "Yes, every word I wrote"),
];

/// The value of the button that stands for a choice. A set of levels that no button stands for gets the widest one within it.
pub fn choice_value(choice: &Choice) -> &'static str {
    match choice {
        Choice::Withhold => "withhold",
        Choice::Ask => "ask",
        Choice::Allow(fields) => ["text", "envelope", "mentions"]
            .into_iter()
            .find(|value| matches!(choice_of(value), Some(Choice::Allow(wanted)) if wanted.is_subset(*fields)))
            .unwrap_or("withhold"),
    }
}

/// The choice that a submitted value stands for; `None` for a value that no page offers.
pub fn choice_of(value: &str) -> Option<Choice> {
    let allow = |fields: &[Field]| Some(Choice::Allow(FieldSet::of(fields)));
    match value {
        "withhold" => Some(Choice::Withhold),
        "ask" => Some(Choice::Ask),
        "mentions" => allow(&[Field::Ranking, Field::Mentions]),
        "envelope" => allow(&[Field::Ranking, Field::Mentions, Field::Envelope]),
        "text" => allow(&Field::ALL),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_reads_back_and_none_is_widened() {
        for (value, _) in OFFERED {
            assert_eq!(choice_value(&choice_of(value).unwrap()), value);
        }
        assert_eq!(choice_of("everything"), None);
        for bits in 0..16 {
            let Some(fields) = FieldSet::from_bits(bits) else {
                continue;
            };
            if let Some(Choice::Allow(offered)) = choice_of(choice_value(&Choice::Allow(fields))) {
                assert!(offered.is_subset(fields));
            }
        }
    }
}
