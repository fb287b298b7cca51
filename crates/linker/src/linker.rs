//! The linker: a catalogue made ready, and what it finds in one message.

use crate::catalogue::{self, CatalogueError, Limits, Namesakes};
use crate::evidence::{self, Evidence, Kind, Setting};
use crate::lexicon::Cues;
use crate::search::{self, Change, Hit};
use crate::sentiment;
use crate::spelling::{self, Spelling};
use crate::token::{self, Tokens};
use crate::trie::{self, Name, Trie};
use crate::vocabulary::Vocabulary;
use model::{Mention, Sentiment, Title, TitleId};
use std::cmp::Reverse;

/// The least score of a mention.
const THRESHOLD: f32 = 0.5;

/// Finds the titles of one catalogue. Immutable: share it between threads.
#[derive(Debug)]
pub struct Linker {
    ids: Vec<TitleId>,
    vocabulary: Vocabulary,
    trie: Trie,
}

/// Where a message mentions a title. For the person's own pages: a place in a text is text, and never leaves to partners.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Which title.
    pub title: TitleId,
    /// Where its name starts in the text, in bytes, on a character boundary.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// How likely the title is meant, 0 to 1.
    pub score: f32,
    /// How it is spoken of here.
    pub sentiment: Sentiment,
}

/// A hit that was judged.
struct Judged {
    evidence: Evidence,
    /// Tokens of the name, its article included.
    first: usize,
    end: usize,
    /// One past its year, if one stands after it.
    covers: usize,
    words: usize,
}

impl Linker {
    /// Makes a catalogue ready, within the default [`Limits`].
    ///
    /// # Errors
    /// [`CatalogueError`]: the first fault, in the catalogue's order.
    pub fn build(titles: &[Title]) -> Result<Self, CatalogueError> {
        Self::build_within(titles, &Limits::default())
    }

    /// Makes a catalogue ready, within limits of one's own.
    ///
    /// # Errors
    /// [`CatalogueError`]: the first fault, in the catalogue's order.
    pub fn build_within(titles: &[Title], limits: &Limits) -> Result<Self, CatalogueError> {
        catalogue::check(titles, limits)?;
        let mut vocabulary = Vocabulary::new();
        let mut builder = trie::Builder::default();
        let mut named: Vec<_> = titles
            .iter()
            .zip(0u32..)
            .map(|(title, at)| {
                let (spellings, written) = spelling::of_title(&title.title);
                (at, title.year.or(written).unwrap_or(0), spellings)
            })
            .collect();
        if limits.namesakes == Namesakes::Newest {
            named.sort_by_key(|(at, year, _)| (Reverse(*year), *at));
        }
        for ((at, year, spellings), rank) in named.into_iter().zip(0..) {
            let aliases = titles
                .get(at as usize)
                .map(|title| title.aliases.as_slice())
                .unwrap_or_default();
            let aliases = aliases.iter().flat_map(|alias| spelling::of_alias(alias));
            for Spelling { words, article, form } in spellings.into_iter().chain(aliases) {
                let words: Vec<_> = words.iter().map(|word| vocabulary.add(word)).collect();
                builder.add(
                    &words,
                    Name {
                        title: at,
                        rank,
                        year,
                        form,
                        article,
                    },
                );
            }
        }
        vocabulary.index();
        let ids = titles.iter().map(|title| title.id.clone()).collect();
        Ok(Self {
            ids,
            vocabulary,
            trie: builder.finish(),
        })
    }

    /// Which titles a message mentions, and how it speaks of them: each title once, in the order of ids, which tells
    /// nothing about the text. If it speaks of one title in several ways, the last that is not neutral counts.
    pub fn mentions(&self, text: &str) -> Vec<Mention> {
        let mut out: Vec<Mention> = Vec::new();
        for span in self.spans(text) {
            match out.iter_mut().find(|known| known.title == span.title) {
                Some(known) if span.sentiment != Sentiment::Neutral => known.sentiment = span.sentiment,
                Some(_) => {}
                None => out.push(Mention {
                    title: span.title,
                    sentiment: span.sentiment,
                }),
            }
        }
        out.sort_unstable();
        out
    }

    /// Where a message mentions titles, in the order of the text; spans do not overlap.
    pub fn spans(&self, text: &str) -> Vec<Span> {
        let tokens = token::tokens(text);
        let cues = search::message_cues(&self.vocabulary, &tokens);
        let chosen = choose(self.judge(&tokens, &cues), tokens.list.len());
        let places: Vec<_> = chosen.iter().map(|judged| (judged.first, judged.end)).collect();
        let sentiments = sentiment::of_mentions(&tokens, &cues, &places);
        let spans = chosen.into_iter().zip(sentiments).filter_map(|(judged, sentiment)| {
            let Evidence {
                title,
                start,
                end,
                score,
                ..
            } = judged.evidence;
            Some(Span {
                title: self.ids.get(title)?.clone(),
                start,
                end,
                score,
                sentiment,
            })
        });
        spans.collect()
    }

    /// Every place where the words of a title stand, meant or not, with what speaks for it: to explain a decision, and
    /// to fit the weights.
    pub fn evidence(&self, text: &str) -> Vec<Evidence> {
        let tokens = token::tokens(text);
        let cues = search::message_cues(&self.vocabulary, &tokens);
        self.judge(&tokens, &cues)
            .into_iter()
            .map(|judged| judged.evidence)
            .collect()
    }

    fn judge(&self, tokens: &Tokens, cues: &[Cues]) -> Vec<Judged> {
        let hits = search::hits(&self.vocabulary, &self.trie, tokens, cues);
        let mut setting = Setting::of(tokens, cues);
        let kinds: Vec<Kind> = hits.iter().map(|hit| evidence::kind(&hit.words)).collect();
        for (hit, kind) in hits.iter().zip(&kinds) {
            if matches!(kind, Kind::Rare | Kind::Name) && hit.change == Change::None {
                let (ends, starts) = setting.clear.unwrap_or((hit.end, hit.first));
                setting.clear = Some((ends.min(hit.end), starts.max(hit.first)));
            }
        }
        let judged = hits
            .iter()
            .zip(kinds)
            .filter_map(|(hit, kind)| self.judge_one(tokens, cues, &setting, hit, kind));
        judged.collect()
    }

    fn judge_one(&self, tokens: &Tokens, cues: &[Cues], setting: &Setting, hit: &Hit, kind: Kind) -> Option<Judged> {
        let beside = evidence::beside(tokens, cues, hit);
        let name = evidence::resolve(self.trie.names(hit.node), &beside)?;
        let features = evidence::features(tokens, cues, setting, hit, &beside, name);
        let first = if beside.article == name.article {
            beside.first
        } else {
            hit.first
        };
        let year = beside
            .year
            .filter(|(year, _)| name.year != 0 && year.abs_diff(name.year) <= 1);
        let evidence = Evidence {
            title: name.title as usize,
            start: tokens.list.get(first)?.start,
            end: tokens.list.get(hit.end.checked_sub(1)?)?.end,
            kind,
            features,
            score: evidence::score(kind, &features),
        };
        let covers = year.map_or(hit.end, |(_, end)| end);
        Some(Judged {
            evidence,
            first,
            end: hit.end,
            covers,
            words: hit.end - hit.first,
        })
    }
}

/// The likely ones that do not overlap: the longest first, then the likeliest, then the earliest. In text order.
fn choose(mut all: Vec<Judged>, tokens: usize) -> Vec<Judged> {
    all.retain(|judged| judged.evidence.score >= THRESHOLD);
    all.sort_by(|a, b| {
        let by_score = b.evidence.score.total_cmp(&a.evidence.score);
        b.words
            .cmp(&a.words)
            .then(by_score)
            .then(a.first.cmp(&b.first))
            .then(a.evidence.title.cmp(&b.evidence.title))
    });
    let mut taken = vec![false; tokens];
    all.retain(|judged| {
        let Some(place) = taken.get_mut(judged.first..judged.covers) else {
            return false;
        };
        let free = place.iter().all(|taken| !taken);
        if free {
            place.fill(true);
        }
        free
    });
    all.sort_by_key(|judged| judged.first);
    all
}
