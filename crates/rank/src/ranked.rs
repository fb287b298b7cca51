//! The answer: titles in order, each with what made it.

use crate::context::{Heeded, Line, Turn, Urn, randomise};
use crate::dice::Dice;
use crate::features::{CAST, COUNT, FACET, FACET_GENRE, GENRE, PERSON, Ready, facet_faded, faded, shared, talk_log};
use crate::parts::{Model, Weights};
use crate::rows::{at, dot, row};
use crate::taste::{Inputs, WIDTH};
use model::{Entropy, Facet, Mention, Sentiment, TitleId};

/// Most titles of one ranking.
pub const MOST: usize = 1_000;
/// Most reasons of one title.
const REASONS: usize = 3;
/// What speaks for a title less than this is no reason.
const SLIGHT: f32 = 0.05;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// How many titles, [`MOST`] at most.
    pub count: usize,
    /// Whether titles that were mentioned already may come again.
    pub again: bool,
}

/// What made a title come where it came.
#[derive(Debug, Clone, PartialEq)]
pub enum Why {
    /// A title that was mentioned.
    Mention(TitleId),
    /// A kind of title that was spoken of.
    Facet(Facet),
    /// Someone in it was named.
    Person,
}

/// A title of a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Which.
    pub title: TitleId,
    /// The higher the likelier; means nothing but beside others of the same answer.
    pub score: f32,
    /// What made it, most first; empty if it is merely popular.
    pub why: Vec<Why>,
}

impl Model {
    /// The score of every title, in the catalogue's order; below all others for those that may not come: special categories,
    /// and those mentioned already unless asked for `again`.
    pub fn scores(&self, turns: &[Turn], again: bool) -> Vec<f32> {
        let lines: Vec<Line> = turns.iter().map(|turn| Line::of(turn, &self.parts.catalogue)).collect();
        let heeded = Heeded::of(&lines);
        self.scored(&Ready::new(&self.parts, &heeded), &heeded, again)
    }

    fn weights(&self, again: bool) -> &Weights {
        if again { &self.again } else { &self.fresh }
    }

    fn scored(&self, ready: &Ready<'_>, heeded: &Heeded, again: bool) -> Vec<f32> {
        let weights = self.weights(again);
        let mut scores = Vec::with_capacity(self.parts.catalogue.len());
        ready.each(|_, features| {
            scores.push(features.iter().zip(weights).map(|(f, w)| f * w).sum::<f32>());
        });
        for (score, special) in scores.iter_mut().zip(&self.parts.catalogue.special) {
            if *special {
                *score = f32::NEG_INFINITY;
            }
        }
        for heard in heeded.titles.iter().filter(|heard| heard.disliked || !again) {
            if let Some(score) = scores.get_mut(heard.title as usize) {
                *score = f32::NEG_INFINITY;
            }
        }
        scores
    }
}

/// The titles that fit best to what was said, the oldest turn first, with what made each. Titles the catalogue does not have
/// are passed over; of nothing comes what is popular. Deterministic; the order of mentions within a turn makes no difference.
pub fn rank(model: &Model, turns: &[Turn], asked: Asked) -> Vec<Ranked> {
    let catalogue = &model.parts.catalogue;
    let lines: Vec<Line> = turns.iter().map(|turn| Line::of(turn, catalogue)).collect();
    let heeded = Heeded::of(&lines);
    let ready = Ready::new(&model.parts, &heeded);
    let scores = model.scored(&ready, &heeded, asked.again);
    let mut order: Vec<(u32, f32)> = (0..).zip(scores).filter(|(_, score)| score.is_finite()).collect();
    let best = |(a, of_a): &(u32, f32), (b, of_b): &(u32, f32)| of_b.total_cmp(of_a).then(a.cmp(b));
    let count = asked.count.min(MOST);
    if count < order.len() {
        order.select_nth_unstable_by(count, best);
        order.truncate(count);
    }
    order.sort_unstable_by(best);
    let weights = model.weights(asked.again);
    let reasons = Reasons {
        model,
        heeded: &heeded,
        ready: &ready,
        weights,
    };
    order
        .into_iter()
        .filter_map(|(title, score)| {
            Some(Ranked {
                title: catalogue.ids.get(title as usize)?.clone(),
                score,
                why: reasons.of(title),
            })
        })
        .collect()
}

struct Reasons<'a> {
    model: &'a Model,
    heeded: &'a Heeded,
    ready: &'a Ready<'a>,
    weights: &'a [f32; COUNT],
}

impl Reasons<'_> {
    /// What spoke for a title: how much its score would miss of each, as far as that can be told apart.
    fn of(&self, title: u32) -> Vec<Why> {
        let parts = &self.model.parts;
        let catalogue = &parts.catalogue;
        let weight = |feature: usize| self.weights.get(feature).copied().unwrap_or(0.0);
        let (taste, talk) = self.ready.weights(self.weights);
        let inputs = Inputs::of(catalogue, parts.taste.cues);
        let to = row(&parts.taste.leave, WIDTH, title as usize);
        let enter = |input: usize| dot(row(&parts.taste.enter, WIDTH, input), to);
        let root = |count: usize| 1.0 / (count.max(1) as f32).sqrt();
        let liked = self.heeded.liked().count();
        let by = 1.0 / shared(self.heeded);
        let all_talk = at(&self.ready.talk, title as usize);
        let mut out: Vec<(f32, Why)> = Vec::new();
        for heard in self.heeded.liked() {
            let from = heard.title as usize;
            let mut says = taste * root(liked) * enter(inputs.title(heard.title));
            let together = parts.strengths.row(from).find(|(other, _)| *other == title);
            if let Some((_, strength)) = together
                && all_talk > 0.0
            {
                says += talk * talk_log(all_talk) * by * faded(heard.ago) * strength / all_talk;
            }
            let mut genres = vec![0.0; catalogue.genre_count];
            catalogue.weighed.add_to(from, 1.0, &mut genres);
            says += weight(GENRE) * by * faded(heard.ago) * catalogue.weighed.times(title as usize, &genres);
            let shared = catalogue.cast.row(from).flat_map(|(person, share)| {
                let theirs = catalogue.cast.row(title as usize).filter(move |(p, _)| *p == person);
                theirs.map(move |(_, theirs)| share * theirs)
            });
            says += weight(CAST) * faded(heard.ago) * shared.sum::<f32>();
            out.extend(catalogue.ids.get(from).map(|id| (says, Why::Mention(id.clone()))));
        }
        for (number, ago) in &self.heeded.facets {
            let (alone, genres) = parts.facetted.says(*number, title, catalogue);
            let says = taste * root(self.heeded.facets.len()) * enter(inputs.facet(*number))
                + facet_faded(*ago) * (weight(FACET) * alone + weight(FACET_GENRE) * genres);
            let facet = Facet::all().find(|facet| facet.number() == *number);
            out.extend(facet.map(|facet| (says, Why::Facet(facet))));
        }
        if self.heeded.credits.binary_search(&title).is_ok() {
            out.push((weight(PERSON), Why::Person));
        }
        out.retain(|(says, _)| *says > SLIGHT);
        out.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        out.into_iter().map(|(_, why)| why).take(REASONS).collect()
    }
}

/// Randomised response: each mention is kept with the probability e^epsilon / (1 + e^epsilon), else another title is drawn as
/// people mention them. Turns stay as they are otherwise.
pub fn randomised(model: &Model, turns: &[Turn], epsilon: f32, entropy: &dyn Entropy) -> Vec<Turn> {
    let catalogue = &model.parts.catalogue;
    let mut seed = [0; 8];
    entropy.fill(&mut seed);
    let mut dice = Dice(u64::from_le_bytes(seed));
    let urn = Urn::of(&model.parts.talk.alone);
    let keep = 1.0 / (1.0 + (-epsilon).exp());
    turns
        .iter()
        .map(|turn| {
            let line = Line::of(turn, catalogue);
            let other = randomise(std::slice::from_ref(&line), keep, &urn, &mut dice);
            let titles = other.iter().flat_map(|line| &line.titles);
            Turn {
                mentions: titles
                    .filter_map(|(title, disliked)| {
                        Some(Mention {
                            title: catalogue.ids.get(*title as usize)?.clone(),
                            sentiment: if *disliked {
                                Sentiment::Disliked
                            } else {
                                Sentiment::Neutral
                            },
                        })
                    })
                    .collect(),
                ..turn.clone()
            }
        })
        .collect()
}
