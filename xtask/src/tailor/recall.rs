//! Recall in three protocols.
#![allow(clippy::indexing_slicing, reason = "a measurement: a panic is its error message")]

use super::data::Row;
use anyhow::Result;
use rank::{Model, Turn};
use std::fmt;

/// The places at which recall is counted.
pub const AT: [usize; 3] = [1, 10, 50];

/// Recall@1, @10, @50.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    /// DEDUP, over mentions.
    pub micro: [f64; 3],
    /// DEDUP, over rows.
    pub macro_: [f64; 3],
    /// KGSF, over mentions.
    pub kgsf: [f64; 3],
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |[a, b, c]: [f64; 3]| format!("{a:.4} / {b:.4} / {c:.4}");
        write!(f, "{} | {} | {}", one(self.micro), one(self.macro_), one(self.kgsf))
    }
}

/// Ranks every row's context. A title that ties with others counts as behind all of them.
pub fn figures<'a>(model: &Model, rows: &[Row<'a>], turns: impl Fn(&Row<'a>) -> Vec<Turn>) -> Result<Figures> {
    let mut out = Figures::default();
    let (mut mentions, mut counted, mut linked) = (0.0, 0.0, 0.0);
    for row in rows {
        let context = turns(row);
        if !row.fresh.is_empty() {
            let found = found(&model.scores(&context, false), &row.fresh);
            let count = row.fresh.len() as f64;
            for (sum, found) in out.micro.iter_mut().zip(found) {
                *sum += found;
            }
            for (sum, found) in out.macro_.iter_mut().zip(found) {
                *sum += found / count;
            }
            mentions += count;
            counted += 1.0;
        }
        if !row.linked.is_empty() {
            let found = found(&model.scores(&context, true), &row.linked);
            out.kgsf.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
            linked += row.linked.len() as f64;
        }
    }
    out.micro = out.micro.map(|sum| sum / mentions);
    out.macro_ = out.macro_.map(|sum| sum / counted);
    out.kgsf = out.kgsf.map(|sum| sum / linked);
    Ok(out)
}

/// How many of the wanted stand among the first.
fn found(scores: &[f32], wanted: &[u32]) -> [f64; 3] {
    let mut out = [0.0; 3];
    for title in wanted {
        let own = scores[*title as usize];
        let place = scores.iter().filter(|score| **score >= own).count() - 1;
        for (sum, at) in out.iter_mut().zip(AT) {
            *sum += f64::from(u8::from(place < at));
        }
    }
    out
}
