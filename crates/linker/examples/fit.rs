//! Fits the weights on ReDial's training dialogues and prints `src/weights.rs`:
//! `cargo run --release -p linker --example fit -- DATA > crates/linker/src/weights.rs`, then `cargo fmt -p linker`.
//!
//! A case is a place where the words of some title stand; it is right if that title was written there in place of a
//! mark. Ridge-penalised logistic regression by Newton's method, one model per kind.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    dead_code
)]

#[path = "../../../xtask/src/mentions.rs"]
mod mentions;

use linker::{Evidence, FEATURES, Kind, Linker};
use mentions::{Corpus, Variant, corpus::Text};

const COUNT: usize = FEATURES.len();
const KINDS: [Kind; 5] = [Kind::Function, Kind::Ordinary, Kind::Phrase, Kind::Rare, Kind::Name];
const RIDGE: f64 = 1.0;
const ROUNDS: usize = 12;

type Case = ([f32; COUNT], bool);

fn main() -> anyhow::Result<()> {
    let data = std::env::args()
        .nth(1)
        .ok_or_else(|| anyhow::anyhow!("which data folder?"))?;
    let corpus = Corpus::load(data.as_ref(), "train_raw_partial.jsonl")?;
    let linker = Linker::build(&corpus.titles)?;
    let mut namesakes = Namesakes::default();
    let mut cases: Vec<Vec<Case>> = vec![Vec::new(); KINDS.len()];
    for variant in [Variant::AsIs, Variant::Mixed, Variant::Short] {
        for text in corpus.texts(variant) {
            for evidence in linker.evidence(&text.text) {
                namesakes.see(&corpus, &text, &evidence);
                if let Some(right) = label(&corpus, &text, &evidence) {
                    cases[evidence.kind as usize].push((evidence.features, right));
                }
            }
        }
    }
    println!("//! The weights of the five logistic models, one row per kind of spelling, one number per feature.");
    println!(
        "//!\n//! Fitted on the training dialogues of ReDial (Li et al. 2018, CC BY 4.0) by `examples/fit.rs`; written by it.\n"
    );
    println!("use crate::evidence::COUNT;\n");
    println!("/// By [`crate::Kind`], then by [`crate::FEATURES`].");
    println!("pub(crate) const WEIGHTS: [[f32; COUNT]; 5] = [");
    for (kind, cases) in KINDS.iter().zip(&cases) {
        let weights = fit(cases);
        let right = cases.iter().filter(|case| case.1).count();
        let judged = |case: &&Case| (dot(&weights, &case.0) > 0.0) == case.1;
        let accuracy = cases.iter().filter(judged).count() as f64 / cases.len().max(1) as f64;
        eprintln!("{kind:?}: {} cases, {right} right, accuracy {accuracy:.3}", cases.len());
        for (name, weight) in FEATURES.iter().zip(&weights) {
            eprintln!("    {weight:6.2} {name}");
        }
        let row: Vec<_> = weights.iter().map(|weight| format!("{weight:.2}")).collect();
        println!("    [{}],", row.join(", "));
    }
    println!("];");
    eprintln!("namesakes: {} of {} right", namesakes.right, namesakes.all);
    Ok(())
}

/// How often the right one of several titles of one name is chosen.
#[derive(Default)]
struct Namesakes {
    right: usize,
    all: usize,
}

impl Namesakes {
    fn see(&mut self, corpus: &Corpus, text: &Text, evidence: &Evidence) {
        let mark = text
            .marks
            .iter()
            .find(|(place, _)| evidence.start < place.end && place.start < evidence.end);
        let Some((_, truth)) = mark.filter(|(_, truth)| corpus.namesake[evidence.title] == corpus.namesake[*truth])
        else {
            return;
        };
        if corpus
            .namesake
            .iter()
            .filter(|name| **name == corpus.namesake[*truth])
            .count()
            > 1
        {
            self.all += 1;
            self.right += usize::from(corpus.same[evidence.title] == corpus.same[*truth]);
        }
    }
}

/// Whether the place means its title. Nothing for a part of a longer title, which the longer one decides, and nothing
/// for an unmarked place that looks just like a title (quotes, its year, capitals and a rare word): it may be one.
fn label(corpus: &Corpus, text: &Text, evidence: &Evidence) -> Option<bool> {
    let mark = text
        .marks
        .iter()
        .find(|(place, _)| evidence.start < place.end && place.start < evidence.end);
    let Some((place, truth)) = mark else {
        let seen = |name: &str| {
            FEATURES
                .iter()
                .zip(&evidence.features)
                .any(|(known, value)| *known == name && *value > 0.0)
        };
        let part = seen("head") || seen("tail") || seen("typing error");
        let named = evidence.kind == Kind::Name && seen("capitals inside a sentence") && !part;
        return (!named && !seen("quotes") && !seen("year")).then_some(false);
    };
    if corpus.namesake[evidence.title] == corpus.namesake[*truth] {
        // The head or tail of a title that was written in full says nothing of heads and tails that stand alone.
        let (before, after) = (
            evidence.start - place.start.min(evidence.start),
            place.end - evidence.end.min(place.end),
        );
        return (before < 6 && after < 12).then_some(true);
    }
    let inside = place.start <= evidence.start && evidence.end <= place.end;
    (!inside).then_some(false)
}

fn dot(weights: &[f64], features: &[f32; COUNT]) -> f64 {
    weights
        .iter()
        .zip(features)
        .map(|(weight, value)| weight * f64::from(*value))
        .sum()
}

fn fit(cases: &[Case]) -> Vec<f64> {
    let mut weights = vec![0.0; COUNT];
    for _ in 0..ROUNDS {
        let mut gradient: Vec<f64> = weights.iter().map(|weight| -RIDGE * weight).collect();
        let mut hessian = vec![vec![0.0; COUNT]; COUNT];
        for (features, right) in cases {
            let p = 1.0 / (1.0 + (-dot(&weights, features)).exp());
            let (error, spread) = (f64::from(u8::from(*right)) - p, p * (1.0 - p));
            let set: Vec<_> = (0..COUNT).filter(|at| features[*at] != 0.0).collect();
            for i in &set {
                gradient[*i] += error * f64::from(features[*i]);
                for j in &set {
                    hessian[*i][*j] += spread * f64::from(features[*i]) * f64::from(features[*j]);
                }
            }
        }
        for (at, row) in hessian.iter_mut().enumerate() {
            row[at] += RIDGE;
        }
        for (weight, step) in weights.iter_mut().zip(solve(hessian, gradient)) {
            *weight += step;
        }
    }
    weights
}

/// Gaussian elimination; the ridge keeps every pivot above zero.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    for pivot in 0..right.len() {
        let above = matrix[pivot].clone();
        for row in pivot + 1..right.len() {
            let factor = matrix[row][pivot] / above[pivot];
            for (cell, above) in matrix[row].iter_mut().zip(&above).skip(pivot) {
                *cell -= factor * above;
            }
            right[row] -= factor * right[pivot];
        }
    }
    for at in (0..right.len()).rev() {
        let known: f64 = (at + 1..right.len())
            .map(|column| matrix[at][column] * right[column])
            .sum();
        right[at] = (right[at] - known) / matrix[at][at];
    }
    right
}
