//! What finding titles costs, beside a bare pass for their names.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a measurement: a panic is its error message"
)]

use super::corpus::{Corpus, title};
use super::variant::{Dice, Variant};
use anyhow::Result;
use linker::Linker;
use model::Title;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write;
use std::time::Instant;

/// The plain way: one Aho-Corasick pass for the names as they are, in any case, whole words, longest first.
pub(crate) struct Bare(aho_corasick::AhoCorasick);

impl Bare {
    pub(crate) fn build(titles: &[Title]) -> Result<Self> {
        let kind = aho_corasick::MatchKind::LeftmostLongest;
        let names = titles.iter().map(|title| title.title.as_str());
        Ok(Self(
            aho_corasick::AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(kind)
                .build(names)?,
        ))
    }

    pub(crate) fn found(&self, text: &str) -> Vec<usize> {
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let whole = |m: &aho_corasick::Match| {
            !word(text[..m.start()].chars().next_back()) && !word(text[m.end()..].chars().next())
        };
        self.0
            .find_iter(text)
            .filter(whole)
            .map(|m| m.pattern().as_usize())
            .collect()
    }
}

/// Load time, time per message, memory, beside a bare Aho-Corasick pass over the same text.
pub(crate) fn table(corpus: &Corpus, out: &mut dyn Write) -> Result<()> {
    let texts = corpus.texts(Variant::Mixed);
    let bytes: usize = texts.iter().map(|text| text.text.len()).sum();
    writeln!(
        out,
        "Cost over {} messages of {} bytes on average; ratio to one bare Aho-Corasick pass over the same text.\n",
        texts.len(),
        bytes / texts.len().max(1)
    )?;
    writeln!(
        out,
        "| titles | load, ms | memory, MB | µs per message | bare: load, ms | bare: µs per message | ratio |\n|---|---|---|---|---|---|---|"
    )?;
    for titles in [corpus.titles.clone(), many(&corpus.titles, 100_000)] {
        let clock = Instant::now();
        let linker = Linker::build(&titles)?;
        let load = clock.elapsed();
        let memory = memory(&titles)?;
        let clock = Instant::now();
        let found: usize = texts.iter().map(|text| linker.mentions(&text.text).len()).sum();
        let ours = clock.elapsed();
        let clock = Instant::now();
        let bare = Bare::build(&titles)?;
        let bare_load = clock.elapsed();
        let clock = Instant::now();
        let bare_found: usize = texts.iter().map(|text| bare.found(&text.text).len()).sum();
        let theirs = clock.elapsed();
        anyhow::ensure!(
            found > 0 && bare_found > 0,
            "nothing was found: there was nothing to measure"
        );
        let each = |time: std::time::Duration| time.as_secs_f64() * 1e6 / texts.len().max(1) as f64;
        writeln!(
            out,
            "| {} | {} | {memory} | {:.1} | {} | {:.1} | {:.1} |",
            titles.len(),
            load.as_millis(),
            each(ours),
            bare_load.as_millis(),
            each(theirs),
            each(ours) / each(theirs)
        )?;
    }
    Ok(())
}

/// A larger catalogue: the start of one title and the end of another.
fn many(titles: &[Title], count: usize) -> Vec<Title> {
    let mut dice = Dice(7);
    let mut names = HashSet::new();
    let mut out = Vec::with_capacity(count);
    while out.len() < count {
        let (one, two) = (
            &titles[dice.below(titles.len())].title,
            &titles[dice.below(titles.len())].title,
        );
        let (one, two): (Vec<_>, Vec<_>) = (one.split(' ').collect(), two.split(' ').collect());
        let mut name = one[..one.len().div_ceil(2)].join(" ");
        let _ = write!(name, " {}", two[two.len() / 2..].join(" "));
        if name.len() <= 200 && names.insert(name.clone()) {
            out.push(title(&out.len().to_string(), &name, None));
        }
    }
    out
}

/// Megabytes of one linker, where the system tells: what each of four more adds to the process.
fn memory(titles: &[Title]) -> Result<String> {
    let build = || Linker::build(titles);
    let _first = build()?;
    let before = resident();
    let _more = [build()?, build()?, build()?, build()?];
    let grown = resident()
        .zip(before)
        .map(|(after, before)| after.saturating_sub(before) as f64 / 4e6);
    Ok(grown.map_or_else(|| "?".to_owned(), |megabytes| format!("{megabytes:.1}")))
}

/// Bytes of memory in use, where the system tells.
fn resident() -> Option<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()?
        .split(' ')
        .nth(1)?
        .parse::<usize>()
        .ok()?;
    Some(pages * 4096)
}
