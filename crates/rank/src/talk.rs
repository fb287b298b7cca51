//! Which titles are mentioned in one conversation.

use crate::context::Line;
use crate::rows::{Rows, at};
use std::collections::{BTreeSet, HashMap};

/// Most titles of one session that are counted with each other: a list of hundreds tells little of each pair.
const MOST_TITLES: usize = 60;
/// How much of a pair's count is measured by the title that speaks, the rest by the one spoken for.
const OWN: f32 = 0.7;
/// Sessions that are added to what a pair's count is measured by.
const SHRINK: f32 = 3.0;

/// Counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Talk {
    /// For each title the titles it was mentioned with, and in how many sessions, recent ones more.
    pub together: Rows,
    /// In how many sessions each was mentioned.
    pub alone: Vec<f32>,
}

impl Talk {
    /// Of sessions with what each counts.
    pub fn count<'a>(titles: usize, sessions: impl Iterator<Item = (f32, &'a [Line])>) -> Self {
        let mut alone = vec![0.0; titles];
        let mut pairs: HashMap<(u32, u32), f32> = HashMap::new();
        for (weight, lines) in sessions {
            let said: BTreeSet<u32> = lines.iter().flat_map(|l| l.titles.iter().map(|(t, _)| *t)).collect();
            for title in &said {
                if let Some(count) = alone.get_mut(*title as usize) {
                    *count += weight;
                }
            }
            if said.len() > MOST_TITLES {
                continue;
            }
            for a in &said {
                for b in said.iter().filter(|b| *b != a) {
                    *pairs.entry((*a, *b)).or_default() += weight;
                }
            }
        }
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        pairs.sort_unstable_by_key(|(pair, _)| *pair);
        let mut pairs = pairs.into_iter().peekable();
        let mut together = Rows::default();
        for title in 0..titles as u32 {
            together.push(std::iter::from_fn(|| {
                pairs
                    .next_if(|((a, _), _)| *a == title)
                    .map(|((_, b), count)| (b, count))
            }));
        }
        Self { together, alone }
    }

    /// For each pair how much the first speaks for the second; popular titles and rare pairs are held back.
    pub fn strengths(&self) -> Rows {
        let mut out = Rows::default();
        for (title, said) in self.alone.iter().enumerate() {
            out.push(self.together.row(title).map(|(other, count)| {
                let among = said.powf(OWN) * at(&self.alone, other as usize).powf(1.0 - OWN);
                (other, count / (among + SHRINK))
            }));
        }
        out
    }
}
