//! How a message speaks of a title: praise and blame near the mention, turned by negation. English only.

use crate::lexicon::Cues;
use crate::token::Tokens;
use model::Sentiment;

/// How many words before a mention are looked at, other mentions not counted.
const BEFORE: usize = 7;
/// How many words after it.
const AFTER: usize = 10;
/// How many words before praise a negation reaches.
const NEGATION_REACH: usize = 3;

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
    let of = |(first, end): &(usize, usize)| {
        let before = reader.before(*first);
        if before != Sentiment::Neutral {
            before
        } else {
            reader.after(*end)
        }
    };
    places.iter().map(of).collect()
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

    /// From the mention back to the start of its clause: `I did not like …`, `I loved X, Y and …`.
    fn before(&self, first: usize) -> Sentiment {
        let mut left = BEFORE;
        let mut at = first;
        while at > 0 && left > 0 && !self.starts_sentence(at) {
            at -= 1;
            if self.is_mention(at) {
                continue;
            }
            left -= 1;
            let cues = self.cues(at);
            if cues.any(Cues::TURN) {
                break;
            }
            if let Some(verdict) = self.verdict(at) {
                return verdict;
            }
        }
        Sentiment::Neutral
    }

    /// From the mention on, into the next sentence too, up to the next mention: `… was great`, `… I did not like it.`
    fn after(&self, end: usize) -> Sentiment {
        for at in end..end.saturating_add(AFTER).min(self.tokens.list.len()) {
            if self.is_mention(at) {
                break;
            }
            if let Some(verdict) = self.verdict(at) {
                return verdict;
            }
        }
        Sentiment::Neutral
    }

    /// What the word at `at` says, if it is praise or blame.
    fn verdict(&self, at: usize) -> Option<Sentiment> {
        let cues = self.cues(at);
        let praise = cues.any(Cues::PRAISE);
        if !praise && !cues.any(Cues::BLAME) {
            return None;
        }
        let clause = self.clause_before(at);
        let asks = clause.clone().any(|at| self.cues(at).any(Cues::ADDRESSEE));
        let speaks = clause.clone().any(|at| self.cues(at).any(Cues::SPEAKER));
        let unreal = clause.clone().any(|at| self.cues(at).any(Cues::UNREAL));
        if asks && !speaks || unreal {
            return Some(Sentiment::Neutral);
        }
        let negated = clause
            .rev()
            .take(NEGATION_REACH)
            .filter(|at| self.cues(*at).any(Cues::NEGATION))
            .count()
            % 2
            == 1;
        Some(if praise != negated {
            Sentiment::Liked
        } else {
            Sentiment::Disliked
        })
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
