//! How a message speaks of a title: praise and blame near the mention, turned by negation. English only.

use crate::lexicon::Cues;
use crate::token::Tokens;
use model::Sentiment;

/// How many words before a mention are looked at, other mentions not counted.
const BEFORE: usize = 7;
/// How many words after it.
const AFTER: usize = 10;
/// How many words before praise a negation reaches.
const NEGATION_REACH: usize = 4;

/// The sentiment of each mention; `places` are their tokens, in order, `end` exclusive.
pub(crate) fn of_mentions(tokens: &Tokens, cues: &[Cues], places: &[(usize, usize)]) -> Vec<Sentiment> {
    let mut mention = vec![false; tokens.list.len()];
    for (first, end) in places {
        if let Some(place) = mention.get_mut(*first..*end) {
            place.fill(true);
        }
    }
    let reader = Reader {
        tokens,
        cues,
        mention: &mention,
    };
    places.iter().map(|(first, end)| reader.of(*first, *end)).collect()
}

struct Reader<'a> {
    tokens: &'a Tokens,
    cues: &'a [Cues],
    mention: &'a [bool],
}

impl Reader<'_> {
    fn cues(&self, at: usize) -> Cues {
        self.cues.get(at).copied().unwrap_or_default()
    }

    fn is_mention(&self, at: usize) -> bool {
        self.mention.get(at).copied().unwrap_or(false)
    }

    fn starts_sentence(&self, at: usize) -> bool {
        self.tokens.list.get(at).is_none_or(|token| token.before.stop) || at == 0
    }

    /// `X was …` first, then what stands before (`I loved X`), then what stands after (`I saw X. It was great`).
    fn of(&self, first: usize, end: usize) -> Sentiment {
        let said = if self.cues(end).any(Cues::COPULA) {
            self.after(end)
        } else {
            Sentiment::Neutral
        };
        let said = if said == Sentiment::Neutral {
            self.before(first)
        } else {
            said
        };
        if said == Sentiment::Neutral {
            self.after(end)
        } else {
            said
        }
    }

    /// From the mention back to the start of its clause: `I did not like …`, `I loved X, Y and …`.
    fn before(&self, first: usize) -> Sentiment {
        let mut left = BEFORE;
        let mut at = first;
        // `I like dumb comedies like X`: of what stands before the second `like`, only liking is about X.
        let mut example = false;
        while at > 0 && left > 0 && !self.starts_sentence(at) {
            at -= 1;
            if self.is_mention(at) {
                continue;
            }
            left -= 1;
            let cues = self.cues(at);
            // The verb stands between its subject and the title: past the subject another clause has begun.
            if cues.any(Cues::TURN.and(Cues::SEEN).and(Cues::COMPARE)) || self.is_subject(at) {
                break;
            }
            if (!example || cues.any(Cues::LIKE))
                && let Some(verdict) = self.verdict(at)
            {
                return verdict;
            }
            example |= self.word(at) == "like";
        }
        Sentiment::Neutral
    }

    /// From the mention on, into the next sentence too, up to the next mention or turn: `… was great`, `… I did not
    /// like it.`
    fn after(&self, end: usize) -> Sentiment {
        for at in end..end.saturating_add(AFTER).min(self.tokens.list.len()) {
            if self.is_mention(at) || at > end && self.cues(at).any(Cues::TURN) {
                break;
            }
            if self.is_excess(at) {
                return Sentiment::Disliked;
            }
            if let Some(verdict) = self.verdict(at) {
                return verdict;
            }
        }
        Sentiment::Neutral
    }

    fn word(&self, at: usize) -> &str {
        self.tokens.list.get(at).map_or("", |token| token.word.as_str())
    }

    fn is_subject(&self, at: usize) -> bool {
        matches!(self.word(at), "i" | "we" | "ive" | "im")
    }

    /// `was too long`, but not `I liked it too`.
    fn is_excess(&self, at: usize) -> bool {
        let goes_on = |next: usize| {
            let inside = self
                .tokens
                .list
                .get(next)
                .is_some_and(|token| !token.before.stop && !token.before.comma);
            inside
                && !self.cues(next).any(Cues::SPEAKER.and(Cues::LIST).and(Cues::TURN))
                && !self.is_mention(next)
                && !self.cues(next).any(Cues::PRAISE)
        };
        let said_of = at.checked_sub(1).is_some_and(|before| {
            matches!(
                self.word(before),
                "was" | "is" | "its" | "were" | "be" | "little" | "bit" | "just" | "seems" | "looks" | "way"
            )
        });
        self.word(at) == "too" && said_of && goes_on(at + 1)
    }

    /// What the word at `at` says, if it is praise or blame.
    fn verdict(&self, at: usize) -> Option<Sentiment> {
        let cues = self.cues(at);
        let praise = cues.any(Cues::PRAISE);
        let fond = cues.any(Cues::FOND) && !praise;
        if !praise && !fond && !cues.any(Cues::BLAME) {
            return None;
        }
        let negated = self.negated(at);
        if fond {
            return negated.then_some(Sentiment::Disliked);
        }
        let clause = self.clause_before(at);
        let any = |cue: Cues| clause.clone().any(|at| self.cues(at).any(cue));
        let judged = if praise != negated {
            Sentiment::Liked
        } else {
            Sentiment::Disliked
        };
        if self.word(at) == "like" && !self.is_verb(at) {
            // `looking for movies like X` names what one likes; `is it like X?` says nothing.
            return any(Cues::SEEK).then_some(judged);
        }
        let of_another = any(Cues::ADDRESSEE) && !any(Cues::SPEAKER);
        Some(if of_another || any(Cues::UNREAL) {
            Sentiment::Neutral
        } else {
            judged
        })
    }

    /// Whether `like` at `at` has a subject or an auxiliary before it.
    fn is_verb(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).filter(|_| !self.starts_sentence(at)) else {
            return false;
        };
        let adverb = matches!(
            self.word(before),
            "really"
                | "also"
                | "still"
                | "always"
                | "just"
                | "do"
                | "did"
                | "does"
                | "to"
                | "too"
                | "kinda"
                | "who"
                | "they"
                | "would"
                | "even"
        );
        adverb
            || self
                .cues(before)
                .any(Cues::SPEAKER.and(Cues::ADDRESSEE).and(Cues::NEGATION).and(Cues::UNREAL))
    }

    /// Denied within the same clause. `No, I liked it` and `who does not love it` are not.
    fn negated(&self, at: usize) -> bool {
        let mut denials = 0;
        let mut place = at;
        for _ in 0..NEGATION_REACH {
            let comma = self.tokens.list.get(place).is_some_and(|token| token.before.comma);
            if place == 0
                || comma
                || self.starts_sentence(place)
                || self.is_mention(place - 1)
                || self.is_subject(place - 1)
            {
                break;
            }
            place -= 1;
            denials += usize::from(self.cues(place).any(Cues::NEGATION));
        }
        let asked = place
            .checked_sub(1)
            .is_some_and(|before| matches!(self.word(before), "who" | "anyone"))
            || matches!(self.word(place), "who" | "anyone");
        denials % 2 == 1 && !asked
    }

    /// The words of the same clause before `at`, as many as matter.
    fn clause_before(&self, at: usize) -> std::ops::Range<usize> {
        let mut from = at;
        while from > 0
            && at - from < 6
            && !self.starts_sentence(from)
            && !self.cues(from - 1).any(Cues::TURN)
            && !self.is_mention(from - 1)
        {
            from -= 1;
        }
        from..at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::cues;
    use Sentiment::{Disliked, Liked, Neutral};

    /// The sentiment of each `@` of a text.
    fn of(text: &str) -> Vec<Sentiment> {
        let marked = text.replace('@', "zzz");
        let tokens = crate::token::tokens(&marked);
        let places: Vec<_> = (0..)
            .zip(&tokens.list)
            .filter(|(_, token)| token.word == "zzz")
            .map(|(at, _)| (at, at + 1))
            .collect();
        let cues: Vec<_> = tokens.list.iter().map(|token| cues(&token.word)).collect();
        of_mentions(&tokens, &cues, &places)
    }

    #[test]
    fn praise_and_blame_are_read_and_negation_turns_them() {
        for text in [
            "I loved @",
            "@ was great",
            "My favorite is @",
            "No, I really liked @",
            "I saw @. It was awesome",
            "who doesn't love @",
        ] {
            assert_eq!(of(text), [Liked], "{text}");
        }
        for text in [
            "I hated @",
            "@ was boring",
            "I didn't like @",
            "@ was not very good",
            "I'm not into @",
            "@ was too long for me",
            "my least favorite is @",
        ] {
            assert_eq!(of(text), [Disliked], "{text}");
        }
        for text in [
            "Have you seen @?",
            "I haven't seen @",
            "do you like @?",
            "you would love @",
            "is it like @",
            "I liked it more than @",
        ] {
            assert_eq!(of(text), [Neutral], "{text}");
        }
    }

    #[test]
    fn each_mention_has_its_own() {
        assert_eq!(of("I loved @ but @ was terrible"), [Liked, Disliked]);
        assert_eq!(of("I liked @, @ and @"), [Liked, Liked, Liked]);
        assert_eq!(of("I like @. Have you seen @"), [Liked, Neutral]);
        assert_eq!(of("looking for movies like @"), [Liked]);
        assert_eq!(of("I like dumb comedies like @"), [Liked]);
    }
}
