//! What each feature weighs: a softmax over the candidates of later cases than the parts have seen, fitted by Newton's method
//! with steps held back.

use crate::context::Case;
use crate::dice::Dice;
use crate::features::{COUNT, FRESH, Ready, TALK, TASTE};
use crate::parts::{Parts, Weights};
use std::collections::BTreeMap;

/// Candidates that taste, and talk, put first; and others by chance.
const FIRST: usize = 400;
const OTHERS: usize = 200;
/// How strongly weights are drawn to zero.
const DRAW: f64 = 1e-3;
const STEPS: usize = 60;
/// Fewer cases than this fit nothing: the usual weights are taken.
pub(crate) const LEAST_CASES: usize = 200;

/// Weights fitted on ReDial's training dialogues (`cargo xtask bench tailor` prints them): for whoever has too little to fit
/// its own.
pub(crate) const USUAL_FRESH: Weights = [
    0.038, -0.171, 0.229, 0.287, -0.166, 0.400, 0.172, 0.805, 0.272, 0.031, 0.793, 2.642, 2.390, 0.0, 0.0, 0.0,
];
/// The same where titles may come again.
pub(crate) const USUAL_AGAIN: Weights = [
    0.011, -0.165, 0.237, 0.299, -0.187, 0.423, 0.022, 0.829, 0.249, 0.025, 0.747, 2.388, 1.747, 0.406, 0.368, -0.070,
];

type Vector = [f64; COUNT];

/// Candidates of many cases.
#[derive(Default)]
struct Table {
    features: Vec<Vector>,
    /// How often each candidate was mentioned, cases of many less.
    hits: Vec<f64>,
    ends: Vec<usize>,
}

/// Fits both sets of weights.
pub(crate) fn fit(parts: &Parts, cases: &[&Case], dice: &mut Dice) -> (Weights, Weights) {
    let one = |again: bool, dice: &mut Dice| {
        let mut table = Table::default();
        for case in cases {
            table.add(parts, case, again, dice);
        }
        match table.ends.len() >= LEAST_CASES {
            true => table.weights(if again { COUNT } else { FRESH }),
            false if again => USUAL_AGAIN,
            false => USUAL_FRESH,
        }
    };
    (one(false, dice), one(true, dice))
}

/// The numbers of the greatest, in no order.
fn greatest(of: &[Vector], feature: usize, count: usize) -> Vec<usize> {
    let value = |at: &usize| of.get(*at).and_then(|f| f.get(feature)).copied().unwrap_or(f64::MIN);
    let mut all: Vec<usize> = (0..of.len()).collect();
    if count < all.len() {
        all.select_nth_unstable_by(count, |a, b| value(b).total_cmp(&value(a)));
        all.truncate(count);
    }
    all
}

impl Table {
    fn add(&mut self, parts: &Parts, case: &Case, again: bool, dice: &mut Dice) {
        let wanted = if again { &case.all } else { &case.fresh };
        if wanted.is_empty() {
            return;
        }
        let mut all: Vec<Vector> = Vec::with_capacity(parts.catalogue.len());
        Ready::new(parts, &case.heeded).each(|_, features| all.push(features.map(f64::from)));
        let mut chosen: BTreeMap<usize, f64> = BTreeMap::new();
        for feature in [TASTE[0], TALK[0]] {
            chosen.extend(greatest(&all, feature, FIRST).into_iter().map(|at| (at, 0.0)));
        }
        chosen.extend((0..OTHERS).map(|_| (dice.below(all.len()), 0.0)));
        if !again {
            for heard in &case.heeded.titles {
                chosen.remove(&(heard.title as usize));
            }
        }
        let less = 1.0 / (wanted.len() as f64).sqrt();
        for title in wanted {
            *chosen.entry(*title as usize).or_default() += less;
        }
        for (at, hits) in chosen {
            if let Some(features) = all.get(at) {
                self.features.push(*features);
                self.hits.push(hits);
            }
        }
        self.ends.push(self.features.len());
    }

    /// The weights of the first `used` features; the others weigh nothing.
    fn weights(mut self, used: usize) -> Weights {
        let deviations = self.even_out();
        let mut weights = [0.0; COUNT];
        let (mut loss, mut gradient, mut curve) = self.slope(&weights, used);
        // Where the curve is nearly flat a whole step goes far astray: steps are held back until they help
        // (Levenberg, Marquardt).
        let mut held_back = 1.0;
        for _ in 0..STEPS {
            let mut held = curve;
            for (at, row) in held.iter_mut().enumerate() {
                if let Some(diagonal) = row.get_mut(at) {
                    *diagonal += held_back;
                }
            }
            let step = solve(&mut held, gradient);
            let mut next = weights;
            next.iter_mut().zip(&step).for_each(|(w, s)| *w -= s);
            let (next_loss, next_gradient, next_curve) = self.slope(&next, used);
            if next_loss > loss {
                held_back *= 4.0;
                continue;
            }
            let gained = loss - next_loss;
            weights = next;
            (loss, gradient, curve) = (next_loss, next_gradient, next_curve);
            held_back *= 0.3;
            if gained < 1e-8 && held_back < 1e-3 {
                break;
            }
        }
        let mut out = [0.0; COUNT];
        for ((out, weight), deviation) in out.iter_mut().zip(weights).zip(deviations) {
            *out = if deviation > 1e-6 {
                (weight / deviation) as f32
            } else {
                0.0
            };
        }
        out
    }

    /// Brings each feature to mean 0 and deviation 1; what the deviations were.
    fn even_out(&mut self) -> Vector {
        let count = self.features.len().max(1) as f64;
        let (mut mean, mut deviation) = ([0.0; COUNT], [0.0; COUNT]);
        for features in &self.features {
            mean.iter_mut().zip(features).for_each(|(m, f)| *m += f / count);
        }
        for features in &self.features {
            for ((d, f), m) in deviation.iter_mut().zip(features).zip(&mean) {
                *d += (f - m) * (f - m) / count;
            }
        }
        let deviation = deviation.map(f64::sqrt);
        for features in &mut self.features {
            for ((f, m), d) in features.iter_mut().zip(&mean).zip(&deviation) {
                *f = if *d > 1e-6 { (*f - m) / d } else { 0.0 };
            }
        }
        deviation
    }

    /// How bad weights are, in which direction it gets worse, and how that changes.
    fn slope(&self, weights: &Vector, used: usize) -> (f64, Vector, [Vector; COUNT]) {
        let cases = self.ends.len().max(1) as f64;
        let (mut loss, mut gradient, mut curve) = (0.0, [0.0; COUNT], [[0.0; COUNT]; COUNT]);
        let mut start = 0;
        for end in &self.ends {
            let rows = self.features.get(start..*end).unwrap_or_default();
            let hits = self.hits.get(start..*end).unwrap_or_default();
            start = *end;
            let scores: Vec<f64> = rows.iter().map(|row| product(row, weights)).collect();
            let most = scores.iter().copied().fold(f64::MIN, f64::max);
            let sum: f64 = scores.iter().map(|s| (s - most).exp()).sum();
            let all: f64 = hits.iter().sum();
            let mut mean = [0.0; COUNT];
            for ((row, score), hits) in rows.iter().zip(&scores).zip(hits) {
                loss -= hits * (score - most - sum.ln());
                let likely = (score - most).exp() / sum;
                for (((mean, gradient), row_curve), feature) in
                    mean.iter_mut().zip(&mut gradient).zip(&mut curve).zip(row)
                {
                    *mean += likely * feature;
                    *gradient -= hits * feature / cases;
                    let by = all * likely * feature / cases;
                    row_curve.iter_mut().zip(row).for_each(|(c, f)| *c += by * f);
                }
            }
            for ((gradient, row_curve), feature) in gradient.iter_mut().zip(&mut curve).zip(&mean) {
                *gradient += all * feature / cases;
                let by = all * feature / cases;
                row_curve.iter_mut().zip(&mean).for_each(|(c, f)| *c -= by * f);
            }
        }
        loss /= cases;
        for (at, ((gradient, row), weight)) in gradient.iter_mut().zip(&mut curve).zip(weights).enumerate() {
            loss += DRAW * weight * weight / 2.0;
            *gradient += DRAW * weight;
            if let Some(diagonal) = row.get_mut(at) {
                *diagonal += DRAW;
            }
            if at >= used {
                *gradient = 0.0;
            }
        }
        for (at, row) in curve.iter_mut().enumerate() {
            for (other, value) in row.iter_mut().enumerate() {
                if (at >= used || other >= used) && at != other {
                    *value = 0.0;
                }
            }
        }
        (loss, gradient, curve)
    }
}

fn product(a: &Vector, b: &Vector) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Solves a symmetric, positive system by elimination.
fn solve(matrix: &mut [Vector; COUNT], mut right: Vector) -> Vector {
    for at in 0..COUNT {
        let (above, below) = matrix.split_at_mut(at + 1);
        let Some(pivot_row) = above.last() else { break };
        let pivot = pivot_row.get(at).copied().unwrap_or(1.0);
        let (right_above, right_below) = right.split_at_mut(at + 1);
        let pivot_right = right_above.last().copied().unwrap_or(0.0);
        for (row, right) in below.iter_mut().zip(right_below) {
            let by = row.get(at).copied().unwrap_or(0.0) / pivot;
            row.iter_mut().zip(pivot_row).for_each(|(value, p)| *value -= by * p);
            *right -= by * pivot_right;
        }
    }
    let mut out = [0.0; COUNT];
    for (at, (row, right)) in matrix.iter().zip(&right).enumerate().rev() {
        let known: f64 = row.iter().zip(&out).skip(at + 1).map(|(a, b)| a * b).sum();
        let solved = (right - known) / row.get(at).copied().unwrap_or(1.0);
        if let Some(place) = out.get_mut(at) {
            *place = solved;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved() {
        let mut matrix = [[0.0; COUNT]; COUNT];
        for (a, row) in matrix.iter_mut().enumerate() {
            for (b, value) in row.iter_mut().enumerate() {
                *value = if a == b {
                    3.0
                } else {
                    1.0 / (1.0 + a.abs_diff(b) as f64).powi(2)
                };
            }
        }
        let wanted: Vector = std::array::from_fn(|n| n as f64 - 4.0);
        let right = matrix.map(|row| product(&row, &wanted));
        let found = solve(&mut matrix, right);
        assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
    }

    #[test]
    fn the_fit_finds_the_weights_that_made_the_choices() {
        let mut dice = Dice(7);
        let mut wanted = [0.0; COUNT];
        (wanted[0], wanted[1], wanted[3], wanted[5]) = (1.0, 4.0, -0.5, 2.0);
        let mut table = Table::default();
        for _ in 0..4_000 {
            let rows: Vec<Vector> = (0..8)
                .map(|_| {
                    let mut row: Vector = std::array::from_fn(|_| f64::from(dice.normal()));
                    // Rare, as names of people are.
                    row[1] = f64::from(u8::from(dice.below(50) == 0));
                    row
                })
                .collect();
            let odds: Vec<f64> = rows.iter().map(|row| product(row, &wanted).exp()).collect();
            let mut left = f64::from(dice.unit()) * odds.iter().sum::<f64>();
            let chosen = odds.iter().position(|odd| {
                left -= odd;
                left <= 0.0
            });
            for (at, row) in rows.into_iter().enumerate() {
                table.features.push(row);
                table.hits.push(f64::from(u8::from(Some(at) == chosen)));
            }
            table.ends.push(table.features.len());
        }
        let found = table.weights(FRESH);
        // The second is rare, as names of people are.
        for (at, (found, wanted)) in found.iter().zip(wanted).enumerate() {
            let near = if at == 1 { 0.6 } else { 0.15 };
            assert!((f64::from(*found) - wanted).abs() < near, "{at}: {found} {wanted}");
        }
    }
}
