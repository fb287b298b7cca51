//! The linker: a catalogue made ready, and what it finds in one message.

use crate::catalogue::{self, CatalogueError, Limits, Namesakes};
use crate::evidence::{self, Beside, Evidence, Features, Kind, Setting};
use crate::lexicon::Cues;
use crate::search::{self, Change, Hit};
use crate::sentiment;
use crate::spelling::{self, Spelling};
use crate::token::{self, Tokens};
use crate::trie::{self, Name, Trie};
use crate::vocabulary::Vocabulary;
use model::{Mention, Sentiment, Title, TitleId};
use std::cmp::Reverse;
use std::collections::BTreeMap;

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
    title: u32,
    score: f32,
    /// Tokens of the name, its article included.
    first: usize,
    end: usize,
    /// One past its year, if one stands after it.
    covers: usize,
    /// Tokens without the article.
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
        let mut said = BTreeMap::new();
        for span in self.spans(text) {
            let known = said.entry(span.title).or_insert(Sentiment::Neutral);
            if span.sentiment != Sentiment::Neutral {
                *known = span.sentiment;
            }
        }
        said.into_iter()
            .map(|(title, sentiment)| Mention { title, sentiment })
            .collect()
    }

    /// Where a message mentions titles, in the order of the text; spans do not overlap.
    pub fn spans(&self, text: &str) -> Vec<Span> {
        let tokens = token::tokens(text);
        let cues = search::message_cues(&self.vocabulary, &tokens);
        let mut likely = Vec::new();
        self.judge(&tokens, &cues, |judged, _| {
            if judged.score >= THRESHOLD {
                likely.push(judged);
            }
        });
        let chosen = choose(likely, tokens.list.len());
        let places: Vec<_> = chosen.iter().map(|judged| (judged.first, judged.end)).collect();
        let sentiments = sentiment::of_mentions(&tokens, &cues, &places);
        let spans = chosen.into_iter().zip(sentiments).filter_map(|(judged, sentiment)| {
            let title = self.ids.get(judged.title as usize)?.clone();
            let (start, end) = tokens.place(judged.first, judged.end)?;
            Some(Span {
                title,
                start,
                end,
                score: judged.score,
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
        let mut out = Vec::new();
        self.judge(&tokens, &cues, |judged, (kind, features)| {
            if let Some((start, end)) = tokens.place(judged.first, judged.end) {
                out.push(Evidence {
                    title: judged.title as usize,
                    start,
                    end,
                    kind,
                    features,
                    score: judged.score,
                });
            }
        });
        out
    }

    /// Every hit in turn, with what speaks for it.
    fn judge(&self, tokens: &Tokens, cues: &[Cues], mut see: impl FnMut(Judged, (Kind, Features))) {
        let hits = search::hits(&self.vocabulary, &self.trie, tokens, cues);
        let mut setting = Setting::of(tokens, cues);
        for hit in &hits {
            if matches!(evidence::kind(&hit.words), Kind::Rare | Kind::Name) && hit.change == Change::None {
                let (ends, starts) = setting.clear.unwrap_or((hit.end, hit.first));
                setting.clear = Some((ends.min(hit.end), starts.max(hit.first)));
            }
        }
        for hit in &hits {
            let kind = evidence::kind(&hit.words);
            let typo = matches!(hit.change, Change::Typo | Change::DoubtfulTypo);
            let beside = evidence::beside(tokens, cues, hit);
            // A rare word is no misspelt function word.
            let name =
                evidence::resolve(self.trie.names(hit.node), &beside).filter(|_| kind != Kind::Function || !typo);
            let Some(name) = name else { continue };
            let features = evidence::features(tokens, cues, &setting, hit, &beside, name);
            let judged = Judged {
                title: name.title,
                score: evidence::score(kind, &features),
                first: if beside.article == name.article {
                    beside.first
                } else {
                    hit.first
                },
                end: hit.end,
                covers: covers(tokens, hit, &beside, name),
                words: hit.end - hit.first,
            };
            see(judged, (kind, features));
        }
    }
}

/// One past the year that stands after a hit, if it is the title's or in brackets; else the hit's end.
fn covers(tokens: &Tokens, hit: &Hit, beside: &Beside, name: &Name) -> usize {
    let bracketed = tokens.list.get(hit.end).is_some_and(|token| token.before.open);
    match beside.year {
        Some((year, end)) if bracketed || name.year != 0 && year.abs_diff(name.year) <= 1 => end,
        _ => hit.end,
    }
}

/// The likely ones that do not overlap: the longest first, then the likeliest, then the earliest. In text order.
fn choose(mut all: Vec<Judged>, tokens: usize) -> Vec<Judged> {
    all.sort_by(|a, b| {
        let by_score = b.score.total_cmp(&a.score);
        b.words
            .cmp(&a.words)
            .then(by_score)
            .then(a.first.cmp(&b.first))
            .then(a.title.cmp(&b.title))
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
