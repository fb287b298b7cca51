//! What the partner counted beside what the platform counted.

use crate::{Counts, Domain, Key, Measure, Measures, Place, RecipientKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Characters of a reason at most.
pub const REASON_LIMIT: usize = 500;
/// Differences that are listed; all are counted.
const LISTED: usize = 1_000;

/// How far apart two counts may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// So many always.
    pub floor: u64,
    /// Or so much of the platform's count.
    pub passes: f64,
    /// Up to so much of it if it is explained.
    pub explained: f64,
    /// Loss that every network has.
    pub loss: f64,
    /// Standard deviations of that loss that pass too. 0 is the rule without them.
    pub sigmas: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self {
            floor: 5,
            passes: 0.02,
            explained: 0.10,
            loss: 0.01,
            sigmas: 4.5,
        }
    }
}

impl Tolerance {
    /// The most that passes, and the most that passes if explained, beside a count of the platform's.
    fn bounds(&self, count: u64) -> (u64, u64) {
        #[expect(clippy::cast_precision_loss, reason = "a bound need not be exact")]
        let n = count as f64;
        // Losing each of n with probability p loses n p, give or take the square root of n p (1 - p).
        let chance = n * self.loss + self.sigmas * (n * self.loss * (1.0 - self.loss)).sqrt();
        let chance = if self.sigmas > 0.0 { chance } else { 0.0 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and saturates"
        )]
        let whole = |bound: f64| bound.floor() as u64;
        let passes = self.floor.max(whole(n * self.passes)).max(whole(chance));
        (passes, passes.max(whole(n * self.explained)))
    }
}

/// Why a difference is there, in the partner's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// Where; every place within it is explained too.
    #[serde(default)]
    pub place: Place,
    /// Which number.
    pub measure: Measure,
    /// One line.
    pub reason: String,
}

/// A number that differs by more than passes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Where: a cell, or a sum of cells.
    pub place: Place,
    /// Which number.
    pub measure: Measure,
    /// The partner's.
    pub partner: u64,
    /// The platform's.
    pub platform: u64,
    /// Whether no explanation helps.
    pub fails: bool,
    /// The partner's reason, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What becomes of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything is near enough.
    Accepted,
    /// Some numbers need a reason.
    ToExplain,
    /// Each of them has one.
    Explained,
    /// Some numbers are too far apart.
    Refused,
}

impl Outcome {
    /// From the best to the worst.
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Explained, Self::ToExplain, Self::Refused];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Explained => "explained",
            Self::ToExplain => "to_explain",
            Self::Refused => "refused",
        }
    }
}

/// The outcome, and what led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What becomes of it.
    pub outcome: Outcome,
    /// Sums, then cells in the order of their rows; a thousand at most.
    pub differences: Vec<Difference>,
    /// How many there are.
    pub found: u64,
    /// How many numbers were compared.
    pub compared: u64,
}

/// Compares every cell, and every sum over a day, an interface, a surface, a variant, a kind of recipient, and all of them.
///
/// Cells alone would not do: whoever leaves out three of a hundred in each small cell stays below the floor in all of them.
/// What the platform cannot count (clicks inside the partner's service) is not compared.
pub fn reconcile(partner: &Counts, platform: &Counts, explanations: &[Explanation], tolerance: &Tolerance) -> Verdict {
    let mut verdict = Verdict {
        outcome: Outcome::Accepted,
        differences: Vec::new(),
        found: 0,
        compared: 0,
    };
    let mut comparison = Comparison {
        explanations,
        tolerance,
        verdict: &mut verdict,
    };
    for (place, (ours, theirs)) in sums(partner, platform) {
        for measure in Measure::ALL {
            comparison.number(|| place.clone(), measure, theirs, ours);
        }
    }
    for (key, theirs) in partner.iter() {
        let ours = platform.get(&key);
        let place = || partner.domain().place(partner.period(), &key);
        for measure in Measure::ALL {
            if Domain::platform_counts(key.recipient_kind, measure) {
                comparison.number(place, measure, *theirs, ours);
            }
        }
    }
    verdict
}

struct Comparison<'a> {
    explanations: &'a [Explanation],
    tolerance: &'a Tolerance,
    verdict: &'a mut Verdict,
}

impl Comparison<'_> {
    fn number(&mut self, place: impl Fn() -> Place, measure: Measure, theirs: Measures, ours: Measures) {
        self.verdict.compared += 1;
        let (partner, platform) = (theirs.get(measure), ours.get(measure));
        let (passes, explained) = self.tolerance.bounds(platform);
        let apart = partner.abs_diff(platform);
        if apart <= passes {
            return;
        }
        let place = place();
        let reason = self
            .explanations
            .iter()
            .find(|e| e.measure == measure && e.place.covers(&place))
            .map(|e| e.reason.clone());
        let fails = apart > explained;
        let outcome = match (fails, &reason) {
            (true, _) => Outcome::Refused,
            (false, None) => Outcome::ToExplain,
            (false, Some(_)) => Outcome::Explained,
        };
        if rank(outcome) > rank(self.verdict.outcome) {
            self.verdict.outcome = outcome;
        }
        self.verdict.found += 1;
        if self.verdict.differences.len() < LISTED {
            self.verdict.differences.push(Difference {
                place,
                measure,
                partner,
                platform,
                fails,
                reason,
            });
        }
    }
}

/// The worst of all numbers is the report's.
const fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Accepted => 0,
        Outcome::Explained => 1,
        Outcome::ToExplain => 2,
        Outcome::Refused => 3,
    }
}

/// The platform's and the partner's sums, only of what both count.
fn sums(partner: &Counts, platform: &Counts) -> BTreeMap<Place, (Measures, Measures)> {
    let mut sums: BTreeMap<Place, (Measures, Measures)> = BTreeMap::new();
    let domain = partner.domain();
    for (key, theirs) in partner.iter() {
        let (theirs, ours) = (counted(&key, theirs), counted(&key, &platform.get(&key)));
        let [interface, surface, variant] = domain.names(&key).map(|name| Some(name.to_owned()));
        let places = [
            Place::default(),
            Place {
                date: Some(partner.period().first.plus(i32::from(key.day))),
                ..Place::default()
            },
            Place {
                interface,
                ..Place::default()
            },
            Place {
                initiation_surface: surface,
                ..Place::default()
            },
            Place {
                variant,
                ..Place::default()
            },
            Place {
                recipient_kind: Some(key.recipient_kind),
                ..Place::default()
            },
        ];
        for place in places {
            let (a, b) = sums.entry(place).or_default();
            a.add(&ours);
            b.add(&theirs);
        }
    }
    sums
}

fn counted(key: &Key, measures: &Measures) -> Measures {
    match key.recipient_kind {
        RecipientKind::Platform => *measures,
        RecipientKind::NonPlatform => Measures {
            clicks: 0,
            unique_clickers: 0,
            ..*measures
        },
    }
}
