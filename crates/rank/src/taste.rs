//! One small space in which what was said and what could be named are points: the nearer, the likelier. See `learn`.

use crate::catalogue::Catalogue;
use crate::context::Heeded;
use crate::rows::{add, row};
use model::Facet;

/// Dimensions.
pub(crate) const WIDTH: usize = 32;
/// How many titles were mentioned is told apart up to this.
const SIZES: usize = 6;
/// What was said in the last turn counts so much more.
const LAST: f32 = 0.7;

/// The points.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Taste {
    /// For each input (see [`Inputs`]) what it adds to the point of a context.
    pub enter: Vec<f32>,
    /// The point of each title.
    pub leave: Vec<f32>,
    /// How likely each title is anyway.
    pub bias: Vec<f32>,
    /// How many cues there are.
    pub cues: usize,
}

/// Where each kind of input begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inputs {
    titles: usize,
    genres: usize,
    cues: usize,
}

impl Inputs {
    pub fn of(catalogue: &Catalogue, cues: usize) -> Self {
        Self {
            titles: catalogue.len(),
            genres: catalogue.genre_count,
            cues,
        }
    }

    pub fn count(self) -> usize {
        self.cue(self.cues as u32)
    }

    pub fn title(self, title: u32) -> usize {
        title as usize
    }
    pub fn last_title(self, title: u32) -> usize {
        self.titles + title as usize
    }
    fn genre(self, genre: u32) -> usize {
        2 * self.titles + genre as usize
    }
    fn size(self, size: usize) -> usize {
        2 * self.titles + self.genres + size.min(SIZES - 1)
    }
    pub fn facet(self, facet: u8) -> usize {
        2 * self.titles + self.genres + SIZES + usize::from(facet)
    }
    pub fn last_facet(self, facet: u8) -> usize {
        self.facet(facet) + Facet::COUNT
    }
    fn cue(self, cue: u32) -> usize {
        2 * self.titles + self.genres + SIZES + 2 * Facet::COUNT + cue as usize
    }

    /// A context as inputs.
    pub fn read(self, heeded: &Heeded, catalogue: &Catalogue) -> Vec<(u32, f32)> {
        let mut out: Vec<(usize, f32)> = Vec::new();
        let share = |count: usize| 1.0 / (count.max(1) as f32).sqrt();
        let count = heeded.liked().count();
        let last = heeded.liked().filter(|h| h.ago == 0).count();
        for heard in heeded.liked() {
            out.push((self.title(heard.title), share(count)));
            if heard.ago == 0 {
                out.push((self.last_title(heard.title), LAST * share(last)));
            }
            for (genre, value) in catalogue.weighed.row(heard.title as usize) {
                out.push((self.genre(genre), value / count.max(1) as f32));
            }
        }
        out.push((self.size(count), 1.0));
        let last = heeded.facets.iter().filter(|(_, ago)| *ago == 0).count();
        for (facet, ago) in &heeded.facets {
            out.push((self.facet(*facet), share(heeded.facets.len())));
            if *ago == 0 {
                out.push((self.last_facet(*facet), LAST * share(last)));
            }
        }
        let known = heeded.cues.iter().filter(|cue| (**cue as usize) < self.cues);
        let count = known.clone().count();
        out.extend(known.map(|cue| (self.cue(*cue), share(count))));
        out.into_iter().map(|(input, value)| (input as u32, value)).collect()
    }
}

impl Taste {
    /// The point of a context.
    pub fn point(&self, inputs: &[(u32, f32)]) -> Vec<f32> {
        let mut point = vec![0.0; WIDTH];
        for (input, value) in inputs {
            add(&mut point, *value, row(&self.enter, WIDTH, *input as usize));
        }
        point
    }
}
