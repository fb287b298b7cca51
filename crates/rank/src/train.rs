//! From a catalogue and sessions to a model.

use crate::catalogue::Catalogue;
use crate::context::{Case, Line, Session, Urn, cases, randomise};
use crate::dice::Dice;
use crate::features::Facetted;
use crate::fusion;
use crate::learn::{Lesson, Subject, learn};
use crate::parts::{Model, Parts};
use crate::rows::Rows;
use crate::talk::Talk;
use crate::taste::Inputs;
use model::{Title, TitleId};
use std::collections::HashSet;

/// Most titles of a catalogue.
const TITLES: usize = 200_000;
/// Mentions that every title is taken to have had beside those it had.
const UNSEEN: f32 = 0.3;

/// How to train.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Training {
    /// How often the space of tastes sees each lesson.
    pub times: u32,
    /// The same seed gives the same model.
    pub seed: u64,
    /// The share of sessions, the latest, that the weights are fitted on.
    pub held_back: f32,
    /// The share of sessions before those that neither the weights nor the parts they are fitted with see: people come back
    /// within days, and what is learnt of them helps with nobody else.
    pub gap: f32,
    /// How many cues turns may have; 0 but in measurements.
    pub cues: u32,
    /// If mentions come randomised, with which probability each is kept: the contexts of training are then randomised the same
    /// way, and the model expects it.
    pub kept: Option<f32>,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            times: 5,
            seed: 1,
            held_back: 0.15,
            gap: 0.25,
            cues: 0,
            kept: None,
        }
    }
}

/// Why there is no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrainingError {
    /// No title.
    #[error("the catalogue is empty")]
    Empty,
    /// Over the limit.
    #[error("the catalogue has {found} titles; the most is {most}")]
    TooManyTitles {
        /// Titles found.
        found: usize,
        /// Titles allowed.
        most: usize,
    },
    /// An id twice.
    #[error("the id `{0}` is given to two titles")]
    DuplicateId(TitleId),
    /// The sizes of a step do not fit, or numbers grew beyond bounds.
    #[error("the space of tastes could not be fitted")]
    Taste,
}

/// A session by numbers.
struct Told {
    age: f32,
    said: Vec<Line>,
}

/// Trains. The weights are fitted on the latest sessions with parts that have not seen them; then the parts are made of all.
///
/// # Errors
/// [`TrainingError`]: what is wrong with the catalogue.
pub fn train(titles: &[Title], sessions: &[Session], training: &Training) -> Result<Model, TrainingError> {
    if titles.is_empty() {
        return Err(TrainingError::Empty);
    }
    if titles.len() > TITLES {
        return Err(TrainingError::TooManyTitles {
            found: titles.len(),
            most: TITLES,
        });
    }
    let mut seen = HashSet::with_capacity(titles.len());
    if let Some(twice) = titles.iter().find(|title| !seen.insert(&title.id)) {
        return Err(TrainingError::DuplicateId(twice.id.clone()));
    }
    let (catalogue, content, contents) = Catalogue::read(titles);
    let mut told: Vec<Told> = sessions
        .iter()
        .map(|session| Told {
            age: if session.age.is_finite() {
                session.age.max(0.0)
            } else {
                0.0
            },
            said: session.turns.iter().map(|turn| Line::of(turn, &catalogue)).collect(),
        })
        .collect();
    told.sort_by(|a, b| b.age.total_cmp(&a.age));
    let latest = (told.len() as f32 * training.held_back.clamp(0.0, 0.9)) as usize;
    let (earlier, later) = told.split_at(told.len() - latest);
    let gap = (told.len() as f32 * training.gap.clamp(0.0, 0.9)) as usize;
    let earlier = match latest {
        0 => earlier,
        _ => earlier.get(..earlier.len().saturating_sub(gap)).unwrap_or_default(),
    };
    let workshop = Workshop {
        catalogue: &catalogue,
        content: &content,
        contents,
        training,
    };
    let mut dice = Dice(training.seed);
    let before = workshop.parts(earlier, &mut dice)?;
    let urn = Urn::of(&before.talk.alone);
    let cases: Vec<Case> = later
        .iter()
        .flat_map(|told| workshop.cases(told, &urn, &mut dice))
        .collect();
    let told_by_others: Vec<&Case> = cases.iter().filter(|case| case.someone).collect();
    let (fresh, again) = fusion::fit(&before, &told_by_others, &mut dice);
    let parts = match latest {
        0 => before,
        _ => workshop.parts(&told, &mut dice)?,
    };
    Ok(Model { parts, fresh, again })
}

struct Workshop<'a> {
    catalogue: &'a Catalogue,
    content: &'a Rows,
    contents: usize,
    training: &'a Training,
}

impl Workshop<'_> {
    fn parts(&self, told: &[Told], dice: &mut Dice) -> Result<Parts, TrainingError> {
        let titles = self.catalogue.len();
        let recent = told.iter().map(|told| (0.5f32.powf(told.age), told.said.as_slice()));
        let talk = Talk::count(titles, recent);
        let popular = popularity(&talk.alone);
        let urn = Urn::of(&talk.alone);
        let cases: Vec<Case> = told.iter().flat_map(|told| self.cases(told, &urn, dice)).collect();
        let cues = self.training.cues as usize;
        let inputs = Inputs::of(self.catalogue, cues);
        let lessons: Vec<Lesson> = cases
            .iter()
            .filter(|case| !case.fresh.is_empty())
            .map(|case| Lesson {
                inputs: inputs.read(&case.heeded, self.catalogue),
                titles: case.fresh.clone(),
                // What the person asks for herself tells half as much of what will be proposed to her.
                weight: if case.someone { 1.0 } else { 0.5 } * (case.fresh.len() as f32).sqrt(),
            })
            .collect();
        let evenly = Talk::count(titles, told.iter().map(|told| (1.0, told.said.as_slice())));
        let subject = Subject {
            inputs: inputs.count(),
            cues,
            content: self.content,
            contents: self.contents,
            popular: &popularity(&evenly.alone),
        };
        let taste = learn(&subject, &lessons, self.training.times, dice).map_err(|_| TrainingError::Taste)?;
        let finite = |numbers: &[f32]| numbers.iter().all(|n| n.is_finite());
        if !(finite(&taste.enter) && finite(&taste.leave) && finite(&taste.bias)) {
            return Err(TrainingError::Taste);
        }
        Ok(Parts {
            facetted: Facetted::count(self.catalogue, &popular, &cases),
            strengths: talk.strengths(),
            catalogue: self.catalogue.clone(),
            popular,
            talk,
            taste,
        })
    }

    fn cases(&self, told: &Told, urn: &Urn, dice: &mut Dice) -> Vec<Case> {
        match self.training.kept {
            None => cases(&told.said, &told.said),
            Some(kept) => cases(&told.said, &randomise(&told.said, kept, urn, dice)),
        }
    }
}

/// The logarithm of each title's share of all mentions.
pub(crate) fn popularity(alone: &[f32]) -> Vec<f32> {
    let all: f32 = alone.iter().map(|count| count + UNSEEN).sum();
    alone.iter().map(|count| ((count + UNSEEN) / all).ln()).collect()
}
