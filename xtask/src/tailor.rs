//! `xtask tailor`: how well titles are ranked from what was mentioned, without the text, measured on ReDial (CC BY 4.0).
//!
//! Trained on the training dialogues; what was chosen was chosen on the later training dialogues and the validation
//! dialogues; the test dialogues are only measured.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a measurement: a panic is its error message"
)]

#[path = "tailor/costs.rs"]
mod costs;
#[path = "tailor/data.rs"]
mod data;
#[path = "tailor/recall.rs"]
mod recall;

use anyhow::{Result, bail};
use data::{Data, Fields, Split};
use rank::{Model, Session, Training, train};
use recall::{Figures, figures};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

/// What others published, as the README of `iai-group/redial-reproducibility` lists it for the same rows (SIGIR 2026), in
/// the macro average over rows; and the figures of their own papers, in the KGSF protocol or one near it.
const PUBLISHED: &[(&str, [&str; 3], [&str; 3])] = &[
    ("KBRD", [".017", ".148", ".300"], [".030", ".163", ".338"]),
    ("KGSF", [".016", ".147", ".327"], [".039", ".183", ".378"]),
    ("UniCRS", [".024", ".180", ".335"], [".051", ".224", ".428"]),
    ("ECR", [".026", ".181", ".337"], [".049", ".220", ".428"]),
    ("MESE", [".025", ".159", ".361"], [".056", ".256", ".455"]),
    ("PECRS", [".022", ".143", ".341"], [".058", ".225", ".416"]),
    (
        "ReFICR (a language model of 7B)",
        [".018", ".213", ".465"],
        [".061", ".305", ".532"],
    ),
];

/// What the figures of mentions with facets may not fall below: DEDUP macro, KGSF.
const FLOORS: ([f64; 3], [f64; 3]) = ([0.037, 0.180, 0.375], [0.046, 0.226, 0.435]);
/// What was aimed at: DEDUP macro, KGSF. What is missed is printed as missed.
const TARGETS: ([f64; 3], [f64; 3]) = ([0.042, 0.205, 0.395], [0.046, 0.226, 0.435]);
/// The least share of our own full-text model's figures.
const FLOOR_OF_TEXT: f64 = 0.97;

/// How this is run.
pub struct Options<'a> {
    /// The folder that holds `redial/`.
    pub data: &'a Path,
    /// The validation dialogues instead of the test dialogues, for choosing.
    pub validation: bool,
    /// Only the first tables.
    pub quick: bool,
    /// Seconds each timing takes.
    pub seconds: f64,
}

/// Prints every table; an error if a floor is not met.
pub fn run(options: &Options<'_>, out: &mut dyn Write) -> Result<()> {
    let data = Data::load(options.data)?;
    let split = if options.validation { Split::Valid } else { Split::Test };
    let rows = data.rows(split);
    writeln!(
        out,
        "ReDial: {} training dialogues, {} {split} dialogues; {} turns with new titles, {} mentions in KGSF's count; {} titles.",
        data.count(Split::Train),
        data.count(split),
        rows.iter().filter(|row| !row.fresh.is_empty()).count(),
        rows.iter().map(|row| row.linked.len()).sum::<usize>(),
        data.titles.len(),
    )?;
    writeln!(
        out,
        "Text of {} of the training dialogues is at hand; of the others only marks and a few genres are.\n",
        data.texts
    )?;
    writeln!(out, "Recall@1 / @10 / @50. All titles are candidates.")?;
    writeln!(
        out,
        "DEDUP: titles not mentioned before, which are left out of the ranking; KGSF: every mention, repeats too.\n"
    )?;
    writeln!(
        out,
        "| what the model sees | DEDUP micro | DEDUP macro | KGSF |\n|---|---|---|---|"
    )?;
    let mut found: Vec<(Fields, Figures)> = Vec::new();
    let mut trained = None;
    for fields in [Fields::Mentions, Fields::Facets, Fields::Text] {
        let start = Instant::now();
        let model = fit(&data, fields, None)?;
        let took = start.elapsed();
        if fields == Fields::Mentions {
            let popular = figures(&model, &rows, |_| Vec::new())?;
            writeln!(out, "| nothing: what is popular | {popular} |")?;
        }
        let figures = figures(&model, &rows, |row| data.turns(row, fields))?;
        writeln!(out, "| {} | {figures} |", fields.name())?;
        if fields == Fields::Facets {
            trained = Some((model, took));
        }
        found.push((fields, figures));
    }
    for (name, dedup, kgsf) in PUBLISHED {
        writeln!(
            out,
            "| {name}, published | | {} | {} |",
            dedup.join(" / "),
            kgsf.join(" / ")
        )?;
    }
    let (model, took) = trained.ok_or_else(|| anyhow::anyhow!("no model"))?;
    writeln!(
        out,
        "\nWhat the features weigh, new titles and repeats: {:?}\n",
        model.weights_fitted()
    )?;
    if !options.quick {
        linked(&data, &model, &rows, out)?;
        noised(&data, split, out)?;
        costs::table(&data, &model, took, Duration::from_secs_f64(options.seconds), out)?;
    }
    if !options.validation {
        targets(&found, out)?;
        floors(&found)?;
        writeln!(out, "\nEvery floor is met.")?;
    }
    Ok(())
}

fn fit(data: &Data, fields: Fields, kept: Option<f32>) -> Result<Model> {
    let sessions: Vec<Session> = data.sessions(Split::Train, fields);
    let training = Training {
        cues: if fields == Fields::Text {
            data.words.len() as u32
        } else {
            0
        },
        kept,
        ..Training::default()
    };
    Ok(train(&data.titles, &sessions, &training)?)
}

/// With titles found by the linker in the text, instead of the marks.
fn linked(data: &Data, model: &Model, rows: &[data::Row<'_>], out: &mut dyn Write) -> Result<()> {
    writeln!(
        out,
        "Titles of the context found by our linker in the text, as people write it without year:\n"
    )?;
    writeln!(out, "| context | DEDUP micro | DEDUP macro | KGSF |\n|---|---|---|---|")?;
    let marked = figures(model, rows, |row| data.turns(row, Fields::Facets))?;
    writeln!(out, "| the data set's own marks | {marked} |")?;
    let linker = linker::Linker::build(&data.linkable())?;
    let found = figures(model, rows, |row| data.turns_linked(row, &linker))?;
    writeln!(out, "| our linker | {found} |\n")?;
    Ok(())
}

/// With randomised mentions.
fn noised(data: &Data, split: Split, out: &mut dyn Write) -> Result<()> {
    writeln!(
        out,
        "Randomised response: each mention is kept with probability e^eps/(1+e^eps), else another title is drawn as people\n\
         mention them; models trained on contexts randomised the same way. This is deniability of a single mention by a coin:\n\
         over the whole catalogue, an epsilon this small keeps next to nothing, which the last rows show.\n"
    )?;
    writeln!(out, "| noise | DEDUP micro | DEDUP macro | KGSF |\n|---|---|---|---|")?;
    let rows = data.rows(split);
    let all = data.titles.len() as f32;
    let coin = |eps: f32| eps.exp() / (1.0 + eps.exp());
    let whole = |eps: f32| eps.exp() / (eps.exp() + all - 1.0);
    for (name, kept) in [("coin", &coin as &dyn Fn(f32) -> f32), ("whole catalogue", &whole)] {
        for eps in [1.0, 2.0, 4.0] {
            let kept = kept(eps);
            let model = fit(data, Fields::Facets, Some(kept))?;
            let noise = data::Noise::new(kept);
            let odds = (kept / (1.0 - kept)).ln();
            let found = figures(&model, &rows, |row| {
                rank::randomised(
                    &model,
                    &data.turns(row, Fields::Facets),
                    odds,
                    &noise.of(row.dialogue.id),
                )
            })?;
            writeln!(out, "| {name}, eps {eps}: kept {kept:.4} | {found} |")?;
        }
    }
    writeln!(out)?;
    Ok(())
}

fn targets(found: &[(Fields, Figures)], out: &mut dyn Write) -> Result<()> {
    for (_, figures) in found.iter().filter(|(fields, _)| *fields == Fields::Facets) {
        let protocols = [
            ("DEDUP macro", figures.macro_, TARGETS.0),
            ("KGSF", figures.kgsf, TARGETS.1),
        ];
        for (name, ours, targets) in protocols {
            for ((at, ours), target) in recall::AT.into_iter().zip(ours).zip(targets) {
                let verdict = match ours >= target {
                    true => "met".to_owned(),
                    false => format!("missed by {:.4}", target - ours),
                };
                writeln!(out, "{name} Recall@{at}: {ours:.4}, target {target}: {verdict}")?;
            }
        }
    }
    Ok(())
}

fn floors(found: &[(Fields, Figures)]) -> Result<()> {
    let of = |fields: Fields| found.iter().find(|(f, _)| *f == fields).map(|(_, figures)| figures);
    let (Some(facets), Some(text)) = (of(Fields::Facets), of(Fields::Text)) else {
        bail!("a field set was not measured");
    };
    let pairs = [
        ("DEDUP macro", facets.macro_, text.macro_, FLOORS.0),
        ("KGSF", facets.kgsf, text.kgsf, FLOORS.1),
    ];
    for (protocol, ours, text, floors) in pairs {
        for ((ours, text), floor) in ours.iter().zip(text).zip(floors) {
            if *ours < floor {
                bail!("{protocol}: {ours:.4} is below the floor of {floor}");
            }
            if *ours < FLOOR_OF_TEXT * text {
                bail!("{protocol}: {ours:.4} is less than {FLOOR_OF_TEXT} of the full text's {text:.4}");
            }
        }
    }
    Ok(())
}
