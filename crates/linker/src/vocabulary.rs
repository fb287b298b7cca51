//! The words of a catalogue, by number; the words one typing error away.

use crate::lexicon::{self, Cues};
use std::collections::HashMap;

/// A word of the catalogue.
pub(crate) type WordId = u32;

/// Shortest word, in letters, in which a typing error is looked for.
pub(crate) const TYPO_LETTERS: usize = 5;

/// Most words that one misspelt word is read as.
const READINGS: usize = 8;

/// Most words looked at for one misspelt word.
const PROBES: usize = 64;

/// Every word of the catalogue and of the lexicon, and an index of the words with one letter left out.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    ids: HashMap<Box<str>, WordId>,
    words: Vec<Box<str>>,
    cues: Vec<Cues>,
    /// (hash of a word or of a word less one letter, word), sorted.
    shortened: Vec<(u32, WordId)>,
    /// Where in `shortened` the hashes of each leading byte pair start.
    buckets: Vec<u32>,
}

impl Vocabulary {
    /// The words of the lexicon only.
    pub(crate) fn new() -> Self {
        let mut new = Self::default();
        let mut words: Vec<_> = lexicon::words().collect();
        words.sort_unstable_by_key(|(word, _)| *word);
        for (word, cues) in words {
            new.insert(word, cues);
        }
        new
    }

    /// The number of a word, given one if it is new.
    pub(crate) fn add(&mut self, word: &str) -> WordId {
        match self.ids.get(word) {
            Some(id) => *id,
            None => self.insert(word, lexicon::cues(word)),
        }
    }

    fn insert(&mut self, word: &str, cues: Cues) -> WordId {
        let id = WordId::try_from(self.words.len()).unwrap_or(WordId::MAX);
        self.ids.insert(word.into(), id);
        self.words.push(word.into());
        self.cues.push(cues);
        id
    }

    /// Indexes every word in which a typing error may be looked for. Those of the lexicon too: what is one error away
    /// from a plain word was probably meant to be that.
    pub(crate) fn index(&mut self) {
        let mut shortened = Vec::new();
        for (id, word) in (0..).zip(&self.words) {
            if correctable(word) && word.chars().count() >= TYPO_LETTERS {
                each_shortened(word, |hash| shortened.push((hash, id)));
            }
        }
        shortened.sort_unstable();
        shortened.dedup();
        shortened.shrink_to_fit();
        let mut buckets = vec![0u32; (1 << 16) + 1];
        for (hash, _) in &shortened {
            if let Some(count) = buckets.get_mut((hash >> 16) as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for bucket in &mut buckets {
            sum += *bucket;
            *bucket = sum;
        }
        self.shortened = shortened;
        self.buckets = buckets;
    }

    /// The number of a word, if it is known.
    pub(crate) fn id(&self, word: &str) -> Option<WordId> {
        self.ids.get(word).copied()
    }

    /// What is known of a word.
    pub(crate) fn cues(&self, id: WordId) -> Cues {
        self.cues.get(id as usize).copied().unwrap_or_default()
    }

    /// The indexed words at one insertion, deletion, substitution or swap of neighbours from `word`: at most eight, in
    /// order of number (those of the lexicon first).
    pub(crate) fn near(&self, word: &str) -> Vec<WordId> {
        let mut found = Vec::new();
        if !correctable(word) {
            return found;
        }
        let mut probes = PROBES;
        each_shortened(word, |hash| {
            let bucket = (hash >> 16) as usize;
            let (Some(from), Some(to)) = (self.buckets.get(bucket), self.buckets.get(bucket + 1)) else {
                return;
            };
            let entries = self.shortened.get(*from as usize..*to as usize).unwrap_or_default();
            let first = entries.partition_point(|(known, _)| *known < hash);
            for (_, id) in entries
                .iter()
                .skip(first)
                .take_while(|(known, _)| *known == hash)
                .take(probes)
            {
                probes -= 1;
                let close = self.words.get(*id as usize).is_some_and(|known| one_edit(word, known));
                if close && !found.contains(id) {
                    found.push(*id);
                }
            }
        });
        found.sort_unstable();
        found.truncate(READINGS);
        found
    }
}

fn correctable(word: &str) -> bool {
    word.len() <= crate::token::WORD_BYTES
        && !word.bytes().any(|b| b.is_ascii_digit())
        && word.chars().count() + 1 >= TYPO_LETTERS
}

/// The hash of the word, then of the word less each of its letters.
fn each_shortened(word: &str, mut see: impl FnMut(u32)) {
    see(hash(word.chars()));
    for skipped in 0..word.chars().count() {
        see(hash(
            word.chars()
                .enumerate()
                .filter(|(at, _)| *at != skipped)
                .map(|(_, c)| c),
        ));
    }
}

/// FNV-1a with a final mix, so that the high bits are as good as the low ones.
fn hash(chars: impl Iterator<Item = char>) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    for c in chars {
        hash = (hash ^ c as u32).wrapping_mul(0x0100_0193);
    }
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash ^ (hash >> 13)
}

/// Exactly one insertion, deletion, substitution or swap of two neighbours apart, and the longer has five letters or more.
pub(crate) fn one_edit(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().min(b.len()) + 1 < TYPO_LETTERS || a.len().max(b.len()) < TYPO_LETTERS || a == b {
        return false;
    }
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let rest = |chars: &[char], from: usize| chars.get(from..).unwrap_or_default().to_vec();
    match long.len() - short.len() {
        0 => {
            let swapped = short.get(same) == long.get(same + 1) && short.get(same + 1) == long.get(same);
            rest(short, same + 1) == rest(long, same + 1) || swapped && rest(short, same + 2) == rest(long, same + 2)
        }
        1 => rest(short, same) == rest(long, same + 1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit_is_one_edit() {
        for (a, b) in [
            ("matrix", "matirx"),
            ("matrix", "marix"),
            ("matrix", "mattrix"),
            ("matrix", "matrox"),
            ("shrek", "shrk"),
        ] {
            assert!(one_edit(a, b) && one_edit(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("matrix", "matrix"),
            ("matrix", "mtarxi"),
            ("heat", "hear"),
            ("matrix", "mat"),
            ("abcde", "bcdea"),
        ] {
            assert!(!one_edit(a, b), "{a} {b}");
        }
    }

    #[test]
    fn near_words_are_those_of_a_full_comparison() {
        let mut all = Vocabulary::new();
        for word in [
            "inception",
            "conception",
            "matrix",
            "mattress",
            "shrek",
            "titanic",
            "gladiator",
            "goodfellas",
        ] {
            all.add(word);
        }
        all.index();
        let words: Vec<_> = all
            .words
            .iter()
            .filter(|word| word.chars().count() >= TYPO_LETTERS)
            .collect();
        for text in [
            "incepton",
            "inecption",
            "matrx",
            "shrec",
            "titanics",
            "glediator",
            "godfellas",
            "shrek",
            "zzzzz",
            "mvoie",
            "realy",
        ] {
            let expected: Vec<_> = words.iter().filter(|word| one_edit(word, text)).collect();
            let found: Vec<_> = all.near(text).iter().map(|id| &*all.words[*id as usize]).collect();
            assert_eq!(found.len(), expected.len(), "{text}");
            assert!(expected.iter().all(|word| found.contains(&word.as_ref())), "{text}");
        }
    }
}
