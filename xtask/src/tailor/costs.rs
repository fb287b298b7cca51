//! What a ranking costs.
#![allow(clippy::indexing_slicing, reason = "a measurement: a panic is its error message")]

use super::data::{Data, Fields, Split};
use anyhow::Result;
use model::{Mention, Title, TitleId};
use rank::{Asked, Model, Session, Training, Turn, rank, train};
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

const MANY: usize = 100_000;

/// Training, bytes, loading, and a ranking beside a plain pass over the same points; one thread.
pub fn table(data: &Data, model: &Model, trained: Duration, lasting: Duration, out: &mut dyn Write) -> Result<()> {
    writeln!(
        out,
        "| titles | training, s | model, bytes | loading, ms | ranking of 50 with reasons, µs: median, 99 % | plain product pass, µs |\n|---|---|---|---|---|---|"
    )?;
    let contexts: Vec<Vec<Turn>> = data
        .rows(Split::Test)
        .iter()
        .map(|row| data.turns(row, Fields::Facets))
        .collect();
    one(model, &contexts, Some(trained), lasting, out)?;
    let (large, contexts) = large(data)?;
    one(&large, &contexts, None, lasting, out)?;
    writeln!(
        out,
        "\nThe large catalogue is ReDial's over and over under other ids, its sessions spread over it, and its points unfitted:\n\
         it ranks nothing well, and costs as much as one that does."
    )?;
    Ok(())
}

fn one(
    model: &Model,
    contexts: &[Vec<Turn>],
    trained: Option<Duration>,
    lasting: Duration,
    out: &mut dyn Write,
) -> Result<()> {
    let bytes = model.to_bytes();
    let start = Instant::now();
    black_box(Model::from_bytes(&bytes)?);
    let loading = start.elapsed();
    let asked = Asked {
        count: 50,
        again: false,
    };
    let ranking = times(lasting, |n| {
        black_box(rank(model, &contexts[n % contexts.len()], asked));
    });
    let point = vec![0.5; model.costs().dimensions];
    let mut room = Vec::new();
    let plain = times(lasting, |_| {
        model.plain_pass(&point, &mut room);
        black_box(&room);
    });
    let trained = trained.map_or("–".to_owned(), |t| format!("{:.0}", t.as_secs_f64()));
    writeln!(
        out,
        "| {} | {trained} | {} | {:.0} | {:.0}, {:.0} | {:.0} |",
        model.costs().titles,
        bytes.len(),
        loading.as_secs_f64() * 1e3,
        micros(&ranking, 0.5),
        micros(&ranking, 0.99),
        micros(&plain, 0.5),
    )?;
    Ok(())
}

fn times(lasting: Duration, mut run: impl FnMut(usize)) -> Vec<Duration> {
    let start = Instant::now();
    let mut out = Vec::new();
    while start.elapsed() < lasting || out.len() < 20 {
        let one = Instant::now();
        run(out.len());
        out.push(one.elapsed());
    }
    out.sort_unstable();
    out
}

fn micros(sorted: &[Duration], share: f64) -> f64 {
    let at = ((sorted.len() as f64 * share) as usize).min(sorted.len() - 1);
    sorted[at].as_secs_f64() * 1e6
}

/// A catalogue of a hundred thousand, and contexts in it.
fn large(data: &Data) -> Result<(Model, Vec<Vec<Turn>>)> {
    let count = data.titles.len();
    let copy = |id: &TitleId, copy: usize| TitleId(format!("{}-{copy}", id.0));
    let titles: Vec<Title> = (0..MANY)
        .map(|n| Title {
            id: copy(&data.titles[n % count].id, n / count),
            ..data.titles[n % count].clone()
        })
        .collect();
    let moved = |turn: &Turn, to: usize| Turn {
        mentions: turn
            .mentions
            .iter()
            .map(|m| Mention {
                title: copy(&m.title, to),
                ..m.clone()
            })
            .collect(),
        ..turn.clone()
    };
    let copies = MANY / count;
    let sessions: Vec<Session> = data
        .sessions(Split::Train, Fields::Facets)
        .into_iter()
        .enumerate()
        .map(|(n, session)| Session {
            turns: session.turns.iter().map(|turn| moved(turn, n % copies)).collect(),
            ..session
        })
        .collect();
    let training = Training {
        times: 0,
        held_back: 0.0,
        ..Training::default()
    };
    let model = train(&titles, &sessions, &training)?;
    let contexts = data.rows(Split::Test).into_iter().enumerate().map(|(n, row)| {
        let turns = data.turns(&row, Fields::Facets);
        turns.iter().map(|turn| moved(turn, n % copies)).collect()
    });
    let contexts = contexts.collect();
    Ok((model, contexts))
}
