//! What a person may choose when she agrees, and when she allows less: how much, of which conversations, until when.

use crate::{when, words};
use model::{ConversationId, Field, FieldSet, Time};

/// Days a person can choose from, besides the longest possible.
const SPANS: [i64; 5] = [7, 30, 90, 180, 365];

/// A conversation to tick.
#[derive(Debug, Clone)]
pub struct TalkPick {
    /// Which.
    pub id: ConversationId,
    /// What its participants call it.
    pub title: String,
    /// Participants besides the person herself.
    pub people: u64,
    /// When its newest message was sent.
    pub last: Time,
    /// Whether it is ticked.
    pub picked: bool,
}

/// The choices of a consent or of a narrowing.
///
/// Sent as `fields` (a level's word, repeated), `conversations` (`all` or `pick`), `conversation` (an id, repeated) and
/// `until` (RFC 3339).
#[derive(Debug, Clone)]
pub struct Choices {
    /// The levels to choose from.
    pub offered: FieldSet,
    /// Those chosen.
    pub chosen: FieldSet,
    /// Whether "all, later ones too" can be chosen.
    pub may_all: bool,
    /// Whether it is.
    pub all: bool,
    /// The conversations to choose from.
    pub talks: Vec<TalkPick>,
    /// The end that is chosen.
    pub until: Time,
    /// The latest that can be chosen.
    pub latest: Time,
    /// Now.
    pub now: Time,
}

pub(crate) struct Level {
    pub(crate) field: Field,
    pub(crate) chosen: bool,
    pub(crate) title: &'static str,
    pub(crate) tells: &'static str,
    pub(crate) weight: &'static str,
}

pub(crate) struct End {
    pub(crate) value: Time,
    pub(crate) label: String,
    pub(crate) chosen: bool,
}

impl Choices {
    pub(crate) fn levels(&self) -> Vec<Level> {
        self.offered
            .iter()
            .map(|field| Level {
                field,
                chosen: self.chosen.contains(field),
                title: words::field(&field),
                tells: words::field_tells(&field),
                weight: words::field_weight(&field),
            })
            .collect()
    }

    pub(crate) fn is_single(&self) -> bool {
        self.offered.iter().count() == 1
    }

    /// Each end once, soonest first: days from today, at midnight so that the same choice stays the same from preview to
    /// preview, and the latest. A day is offered once.
    pub(crate) fn ends(&self) -> Vec<End> {
        let day = |time: Time| Time(time.0.saturating_sub(time.0.rem_euclid(86_400_000)));
        let today = day(self.now);
        let mut ends: Vec<(Time, String)> = SPANS
            .into_iter()
            .map(|days| {
                (
                    today.plus_days(days),
                    format!("{days} days, until {}", when::date(&today.plus_days(days))),
                )
            })
            .filter(|(end, _)| *end < day(self.latest))
            .collect();
        ends.push((self.latest, format!("Until {}, the longest", when::date(&self.latest))));
        if self.until < self.latest && self.until > self.now && !ends.iter().any(|(end, _)| *end == self.until) {
            ends.push((self.until, format!("Until {}", when::moment(&self.until))));
        }
        ends.sort_by_key(|(end, _)| *end);
        let chosen = ends
            .iter()
            .map(|(end, _)| *end)
            .find(|end| *end == self.until)
            .unwrap_or(self.latest);
        ends.into_iter()
            .map(|(value, label)| End {
                value,
                label,
                chosen: value == chosen,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(until: &str, latest: &str) -> Choices {
        Choices {
            offered: FieldSet::ALL,
            chosen: FieldSet::NONE,
            may_all: true,
            all: true,
            talks: Vec::new(),
            until: until.parse().unwrap(),
            latest: latest.parse().unwrap(),
            now: "2026-11-25T14:05:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn no_end_is_after_the_latest_and_one_is_chosen() {
        for (until, latest, many) in [
            ("2027-02-01T00:00:00Z", "2027-02-01T00:00:00Z", 3),
            ("2026-12-25T00:00:00Z", "2028-02-01T00:00:00Z", 6),
            ("2026-12-01T10:00:00Z", "2028-02-01T00:00:00Z", 7),
            // The thirtieth day and the latest are the same day.
            ("2026-12-25T14:05:00Z", "2026-12-25T14:05:00Z", 2),
            ("2029-12-01T10:00:00Z", "2026-11-26T00:00:00Z", 1),
        ] {
            let choices = choices(until, latest);
            let ends = choices.ends();
            assert_eq!(ends.len(), many, "{until} {latest}");
            assert!(ends.iter().all(|e| e.value <= choices.latest));
            assert_eq!(ends.iter().filter(|e| e.chosen).count(), 1);
        }
    }
}
