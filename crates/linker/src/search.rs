//! Every place of a text where the words of some title stand.

use crate::lexicon::{Cues, cues};
use crate::token::{Shape, Token, Tokens};
use crate::trie::{Node, ROOT, Trie};
use crate::vocabulary::{Vocabulary, WordId};
use std::cmp::Reverse;

/// Most steps through the tree from one word of the text; real titles need a few dozen.
const STEPS: usize = 128;

/// Most hits from one word of the text: the longest are kept.
const HITS: usize = 8;

/// Most ways to read one word as two.
const SPLITS: usize = 4;

/// How a token of the text may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reading {
    first: WordId,
    /// The second word, if a token is read as two (`spiderman`).
    second: Option<WordId>,
    /// Tokens used: 2 if two are read as one (`dead pool`).
    takes: usize,
    change: Change,
}

/// How the text differs from the spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Not at all.
    None,
    /// In its spaces, or a possessive `s`.
    Spacing,
    /// One typing error in one word.
    Typo,
    /// The same, in a word that is as near to a plain English word.
    DoubtfulTypo,
}

/// A place where the words of a title stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    pub node: Node,
    /// The first token.
    pub first: usize,
    /// One past the last token.
    pub end: usize,
    pub change: Change,
    /// The spelling's words, together.
    pub words: Words,
}

/// How common the words of a spelling are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Words {
    /// How many.
    pub all: usize,
    /// Of these, in either list of plain words.
    pub common: usize,
    /// Of these, function words.
    pub function: usize,
    /// Of these, words of praise, blame, liking or watching.
    pub cues: usize,
    /// Of these, words for a film.
    pub film: usize,
}

impl Words {
    fn and(self, cues: Cues) -> Self {
        let one = usize::from;
        Self {
            all: self.all + 1,
            common: self.common + one(cues.common()),
            function: self.function + one(cues.any(Cues::FUNCTION)),
            cues: self.cues + one(cues.any(Cues::PRAISE.and(Cues::BLAME).and(Cues::LIKE).and(Cues::WATCH))),
            film: self.film + one(cues.any(Cues::FILM)),
        }
    }
}

/// What is known of each token of a message.
pub(crate) fn message_cues(vocabulary: &Vocabulary, tokens: &Tokens) -> Vec<Cues> {
    let known = |token: &Token| {
        vocabulary
            .id(&token.word)
            .map_or_else(|| cues(&token.word), |id| vocabulary.cues(id))
    };
    tokens.list.iter().map(known).collect()
}

/// All hits, by start, in a fixed order.
pub(crate) fn hits(vocabulary: &Vocabulary, trie: &Trie, tokens: &Tokens, cues: &[Cues]) -> Vec<Hit> {
    let readings: Vec<Vec<Reading>> = (0..tokens.list.len())
        .map(|at| readings(vocabulary, tokens, cues, at))
        .collect();
    let mut out = Vec::new();
    let mut stack = Vec::new();
    for first in 0..tokens.list.len() {
        let mut steps = STEPS;
        let before = out.len();
        stack.push((ROOT, first, Change::None, Words::default()));
        while let Some((node, at, change, words)) = stack.pop() {
            for reading in readings.get(at).into_iter().flatten() {
                if steps == 0 {
                    break;
                }
                steps -= 1;
                let Some(change) = join(change, reading.change) else {
                    continue;
                };
                let next = trie.next(node, reading.first);
                let next = match reading.second {
                    Some(second) => next.and_then(|node| trie.next(node, second)),
                    None => next,
                };
                let Some(node) = next else { continue };
                let end = at + reading.takes;
                let words = words.and(vocabulary.cues(reading.first));
                let words = reading
                    .second
                    .map_or(words, |second| words.and(vocabulary.cues(second)));
                if !trie.names(node).is_empty() {
                    out.push(Hit {
                        node,
                        first,
                        end,
                        change,
                        words,
                    });
                }
                stack.push((node, end, change, words));
            }
        }
        if let Some(new) = out.get_mut(before..) {
            new.sort_by_key(|hit| (Reverse(hit.end), hit.node));
        }
        out.truncate(before + HITS);
    }
    out
}

/// Two changes together; one typing error at most.
fn join(so_far: Change, new: Change) -> Option<Change> {
    use Change::{DoubtfulTypo, None as Same, Spacing, Typo};
    match (so_far, new) {
        (Typo | DoubtfulTypo, Typo | DoubtfulTypo) => None,
        (Typo | DoubtfulTypo, _) => Some(so_far),
        (_, Typo | DoubtfulTypo | Spacing) => Some(new),
        (Same | Spacing, Same) => Some(so_far),
    }
}

fn readings(vocabulary: &Vocabulary, tokens: &Tokens, cues: &[Cues], at: usize) -> Vec<Reading> {
    let mut out = Vec::new();
    let Some(token) = tokens.list.get(at).filter(|token| !token.word.is_empty()) else {
        return out;
    };
    let known = vocabulary.id(&token.word);
    if let Some(id) = known {
        out.push(Reading {
            first: id,
            second: None,
            takes: 1,
            change: Change::None,
        });
    }
    if let Some(id) = joined(vocabulary, token, tokens.list.get(at + 1)) {
        out.push(Reading {
            first: id,
            second: None,
            takes: 2,
            change: Change::Spacing,
        });
    }
    if token.possessive
        && let Some(id) = token.word.strip_suffix('s').and_then(|stem| vocabulary.id(stem))
    {
        out.push(Reading {
            first: id,
            second: None,
            takes: 1,
            change: Change::Spacing,
        });
    }
    let common = cues.get(at).is_some_and(|cues| cues.common());
    if known.is_none() && !common && token.shape != Shape::Digits {
        split(vocabulary, &token.word, &mut out);
        misspelt(vocabulary, &token.word, &mut out);
    }
    out
}

/// Two tokens with a space or hyphen between that make one rare word of the catalogue.
fn joined(vocabulary: &Vocabulary, token: &Token, next: Option<&Token>) -> Option<WordId> {
    let next = next?;
    let together = !next.before.stop && !next.before.comma && !next.before.open && !next.before.quote;
    if !together || token.shape == Shape::Digits || next.shape == Shape::Digits {
        return None;
    }
    if token.word.len() + next.word.len() < crate::vocabulary::TYPO_LETTERS {
        return None;
    }
    let id = vocabulary.id(&format!("{}{}", token.word, next.word))?;
    (!vocabulary.cues(id).common()).then_some(id)
}

/// One unknown token as two known words.
fn split(vocabulary: &Vocabulary, word: &str, out: &mut Vec<Reading>) {
    if word.len() < crate::vocabulary::TYPO_LETTERS - 1 {
        return;
    }
    let most = out.len() + SPLITS;
    for at in 1..word.len() {
        if out.len() == most {
            break;
        }
        let Some((left, right)) = word.split_at_checked(at) else {
            continue;
        };
        if let (Some(first), Some(second)) = (vocabulary.id(left), vocabulary.id(right)) {
            out.push(Reading {
                first,
                second: Some(second),
                takes: 1,
                change: Change::Spacing,
            });
        }
    }
}

/// One unknown token as the words it may be an error for.
fn misspelt(vocabulary: &Vocabulary, word: &str, out: &mut Vec<Reading>) {
    let near = vocabulary.near(word);
    let common = |id: &WordId| vocabulary.cues(*id).common();
    let doubtful = near.iter().any(common);
    for id in near {
        let change = if doubtful && !common(&id) {
            Change::DoubtfulTypo
        } else {
            Change::Typo
        };
        out.push(Reading {
            first: id,
            second: None,
            takes: 1,
            change,
        });
    }
}
