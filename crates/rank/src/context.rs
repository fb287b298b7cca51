//! What goes in: turns of conversations, without text; and the cases to learn from that they make.

use crate::catalogue::Catalogue;
use crate::dice::Dice;
use model::{Facets, Mention, Sentiment};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Who spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// The person the ranking is for.
    You,
    /// Anyone she talks to.
    Someone,
}

/// What somebody said at a time: titles and facets, no text.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Who spoke.
    pub voice: Voice,
    /// Which titles of the catalogue; any order, others are passed over.
    pub mentions: Vec<Mention>,
    /// Which facets were asked for or spoken of.
    pub facets: Facets,
    /// People of the catalogue who were named, in any case; others are passed over.
    pub people: Vec<String>,
    /// Further marks by number, for models trained with [`Training::cues`](crate::Training::cues). The product has none: a
    /// measurement uses them to compare with the full text.
    pub cues: Vec<u32>,
}

/// A conversation to learn from.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// How old, in half-lives: a session counts half as much for each. Later sessions have the smaller age.
    pub age: f32,
    /// Its turns, oldest first.
    pub turns: Vec<Turn>,
}

/// A title that was mentioned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Heard {
    pub title: u32,
    /// Turns between the last mention and now.
    pub ago: u32,
    /// Whether anyone but the person mentioned it.
    pub by_someone: bool,
    /// It was spoken of badly: never a reason for another.
    pub disliked: bool,
}

/// Everything that was said before now, each thing once.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Heeded {
    /// By title.
    pub titles: Vec<Heard>,
    /// Facets by number, and how many turns ago.
    pub facets: Vec<(u8, u32)>,
    /// Titles with someone in them who was named.
    pub credits: Vec<u32>,
    /// By number.
    pub cues: Vec<u32>,
}

/// A turn by the catalogue's numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Line {
    pub someone: bool,
    pub titles: Vec<(u32, bool)>,
    pub facets: Facets,
    /// Titles with someone in them who was named.
    pub credits: Vec<u32>,
    pub cues: Vec<u32>,
}

impl Line {
    pub fn of(turn: &Turn, catalogue: &Catalogue) -> Self {
        let mut cues = turn.cues.clone();
        cues.sort_unstable();
        cues.dedup();
        let titles = turn.mentions.iter().filter_map(|mention| {
            let title = catalogue.signal(&mention.title)?;
            Some((title, mention.sentiment == Sentiment::Disliked))
        });
        Self {
            someone: turn.voice == Voice::Someone,
            titles: titles.collect(),
            facets: turn.facets,
            credits: turn.people.iter().flat_map(|name| catalogue.credits_of(name)).collect(),
            cues,
        }
    }
}

impl Heeded {
    /// Of lines, the oldest first.
    pub fn of(lines: &[Line]) -> Self {
        let mut titles: BTreeMap<u32, Heard> = BTreeMap::new();
        let mut facets = BTreeMap::new();
        let (mut cues, mut credits) = (BTreeSet::new(), BTreeSet::new());
        for (line, ago) in lines.iter().rev().zip(0u32..) {
            for (title, disliked) in &line.titles {
                let heard = titles.entry(*title).or_insert(Heard {
                    title: *title,
                    ago,
                    by_someone: false,
                    disliked: *disliked,
                });
                heard.by_someone |= line.someone;
                // Of several opinions in one turn the bad one counts: in any order the same.
                heard.disliked |= heard.ago == ago && *disliked;
            }
            for facet in line.facets.iter() {
                facets.entry(facet.number()).or_insert(ago);
            }
            credits.extend(line.credits.iter().copied());
            cues.extend(line.cues.iter().copied());
        }
        Self {
            titles: titles.into_values().collect(),
            facets: facets.into_iter().collect(),
            credits: credits.into_iter().collect(),
            cues: cues.into_iter().collect(),
        }
    }

    /// The titles that speak for others.
    pub fn liked(&self) -> impl Iterator<Item = &Heard> {
        self.titles.iter().filter(|heard| !heard.disliked)
    }
}

/// A turn to be foretold from what was said before it.
pub(crate) struct Case {
    pub heeded: Heeded,
    /// Titles that were mentioned for the first time.
    pub fresh: Vec<u32>,
    /// All titles, with repeats.
    pub all: Vec<u32>,
    pub someone: bool,
}

/// The cases of a session; what was heard may be a randomised copy of what was said.
pub(crate) fn cases(said: &[Line], heard: &[Line]) -> Vec<Case> {
    let mut out = Vec::new();
    let mut known = HashSet::new();
    for (at, line) in said.iter().enumerate() {
        let mut fresh: Vec<u32> = line
            .titles
            .iter()
            .map(|(t, _)| *t)
            .filter(|t| !known.contains(t))
            .collect();
        fresh.sort_unstable();
        fresh.dedup();
        known.extend(fresh.iter().copied());
        if at > 0 && !line.titles.is_empty() {
            out.push(Case {
                heeded: Heeded::of(heard.get(..at).unwrap_or_default()),
                fresh,
                all: line.titles.iter().map(|(t, _)| *t).collect(),
                someone: line.someone,
            });
        }
    }
    out
}

/// Draws titles in proportion to how often they are mentioned.
pub(crate) struct Urn(Vec<f32>);

impl Urn {
    pub fn of(weights: &[f32]) -> Self {
        let mut sum = 0.0;
        Self(
            weights
                .iter()
                .map(|w| {
                    sum += w.max(0.0);
                    sum
                })
                .collect(),
        )
    }

    pub fn draw(&self, dice: &mut Dice) -> Option<u32> {
        let at = dice.unit() * self.0.last()?;
        let place = self
            .0
            .partition_point(|sum| *sum <= at)
            .min(self.0.len().checked_sub(1)?);
        u32::try_from(place).ok()
    }
}

/// Each mention kept with a probability, else another title is drawn.
pub(crate) fn randomise(lines: &[Line], keep: f32, urn: &Urn, dice: &mut Dice) -> Vec<Line> {
    let mut out = lines.to_vec();
    for (title, disliked) in out.iter_mut().flat_map(|line| line.titles.iter_mut()) {
        if dice.unit() >= keep
            && let Some(other) = urn.draw(dice)
        {
            (*title, *disliked) = (other, false);
        }
    }
    out
}
