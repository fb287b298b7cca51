//! A trained model: three parts, and what each weighs.

use crate::catalogue::Catalogue;
use crate::features::{COUNT, Facetted};
use crate::rows::Rows;
use crate::talk::Talk;
use crate::taste::Taste;

/// What was counted and fitted, without weights.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parts {
    pub catalogue: Catalogue,
    /// How popular each title is: the logarithm of its share of all mentions.
    pub popular: Vec<f32>,
    pub talk: Talk,
    /// Which title speaks for which, from `talk`.
    pub strengths: Rows,
    pub taste: Taste,
    pub facetted: Facetted,
}

/// What the features weigh.
pub(crate) type Weights = [f32; COUNT];

/// A trained model. Immutable: share it between threads.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub(crate) parts: Parts,
    /// Where titles that were mentioned already are left out.
    pub(crate) fresh: Weights,
    /// Where they may come again.
    pub(crate) again: Weights,
}

/// How large a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Costs {
    /// Titles of its catalogue.
    pub titles: usize,
    /// Pairs of titles that were mentioned together, each direction.
    pub pairs: usize,
    /// Dimensions of the space of tastes.
    pub dimensions: usize,
}

impl Model {
    /// How large it is.
    pub fn costs(&self) -> Costs {
        Costs {
            titles: self.parts.catalogue.len(),
            pairs: self.parts.talk.together.columns.len(),
            dimensions: crate::taste::WIDTH,
        }
    }

    /// What each feature weighs, where titles are new and where they may come again: for a look at what was fitted.
    pub fn weights_fitted(&self) -> [&[f32]; 2] {
        [&self.fresh, &self.again]
    }

    /// The space of tastes alone: the plain product of one point with every title's, for measurements to compare with.
    pub fn plain_pass(&self, point: &[f32], out: &mut Vec<f32>) {
        out.clear();
        let titles = self.parts.taste.leave.chunks_exact(crate::taste::WIDTH);
        out.extend(titles.map(|title| crate::rows::dot(point, title)));
    }
}
