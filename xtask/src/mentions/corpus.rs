//! ReDial as catalogue and texts.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a measurement: a panic is its error message"
)]

use super::variant::{Dice, Variant};
use anyhow::{Context, Result};
use linker::Linker;
use model::{Title, TitleId};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::Write;
use std::path::Path;

/// The catalogue and the dialogues of one file.
pub struct Corpus {
    /// All movies, in the order of `items.csv`.
    pub titles: Vec<Title>,
    /// For each title the first with the same title and year.
    pub same: Vec<usize>,
    /// For each title the first with the same name, articles aside.
    pub namesake: Vec<usize>,
    by_id: HashMap<String, usize>,
    /// As read.
    pub(crate) dialogues: Vec<Value>,
}

/// One message with its titles written in.
pub struct Text {
    /// What the linker reads.
    pub text: String,
    /// Where which title was written, in bytes.
    pub marks: Vec<(std::ops::Range<usize>, usize)>,
    /// Which dialogue, and who wrote it.
    pub(crate) dialogue: usize,
    pub(crate) author: i64,
}

impl Corpus {
    /// Reads the catalogue and one file of dialogues.
    pub fn load(data: &Path, file: &str) -> Result<Self> {
        let folder = data.join("redial");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).with_context(|| format!("reading {name}"));
        let items = read("items.csv")?;
        let rows = items
            .lines()
            .skip(1)
            .map(fields)
            .filter(|row| row.len() > 2 && !row[1].trim().is_empty());
        let mut titles: Vec<Title> = rows.map(|row| title(&row[0], &row[1], row[2].parse().ok())).collect();
        let dialogues: Vec<Value> = read(file)?
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()?;
        let mut known: HashSet<String> = titles.iter().map(|title| title.id.0.clone()).collect();
        for (id, name) in dialogues
            .iter()
            .filter_map(|d| d["movieMentions"].as_object())
            .flatten()
        {
            let Some(name) = name.as_str().filter(|name| !name.trim().is_empty()) else {
                continue;
            };
            if !known.contains(id) {
                let year = name
                    .rsplit_once('(')
                    .and_then(|(_, year)| year.trim_end_matches([')', ' ']).parse().ok());
                let name = if year.is_some() {
                    name.rsplit_once('(').map_or(name, |(name, _)| name)
                } else {
                    name
                };
                // Two movies have no name at all.
                if name.chars().any(char::is_alphanumeric) {
                    known.insert(id.clone());
                    titles.push(title(id, name, year));
                }
            }
        }
        let same = first_with(&titles, |title| format!("{} {:?}", plain(&title.title), title.year));
        let namesake = first_with(&titles, |title| {
            let name = plain(&title.title);
            ["the ", "a ", "an "]
                .iter()
                .find_map(|article| name.strip_prefix(article))
                .unwrap_or(&name)
                .to_owned()
        });
        let by_id = titles
            .iter()
            .enumerate()
            .map(|(at, title)| (title.id.0.clone(), at))
            .collect();
        Ok(Self {
            titles,
            same,
            namesake,
            by_id,
            dialogues,
        })
    }

    pub(crate) fn messages(&self) -> usize {
        self.dialogues
            .iter()
            .filter_map(|d| d["messages"].as_array())
            .map(Vec::len)
            .sum()
    }

    pub(crate) fn marks(&self) -> usize {
        self.texts(Variant::AsIs).iter().map(|text| text.marks.len()).sum()
    }

    pub(crate) fn merged(&self) -> usize {
        self.same.iter().enumerate().filter(|(at, same)| at != *same).count()
    }

    /// The catalogue sorted by how often people in the training and validation dialogues spoke of a title: what a
    /// partner that lists its titles by popularity would upload.
    pub(crate) fn by_popularity(&self, data: &Path) -> Result<Vec<Title>> {
        let mut count: HashMap<String, usize> = HashMap::new();
        for line in std::fs::read_to_string(data.join("redial/mentions.jsonl"))
            .context("reading mentions.jsonl")?
            .lines()
        {
            let dialogue: Value = serde_json::from_str(line)?;
            if dialogue["split"] != "test" {
                let turns = dialogue["turns"].as_array().into_iter().flatten();
                for item in turns.filter_map(|turn| turn["items"].as_array()).flatten() {
                    *count.entry(item.to_string()).or_default() += 1;
                }
            }
        }
        let mut titles = self.titles.clone();
        titles.sort_by_key(|title| std::cmp::Reverse(count.get(&title.id.0).copied().unwrap_or(0)));
        Ok(titles)
    }

    /// Every message, with its titles written in.
    pub fn texts(&self, variant: Variant) -> Vec<Text> {
        let mut dice = Dice(variant as u64 + 1);
        let mut out = Vec::new();
        for (dialogue, value) in self.dialogues.iter().enumerate() {
            for message in value["messages"].as_array().into_iter().flatten() {
                let raw = unescaped(message["text"].as_str().unwrap_or_default());
                let author = message["senderWorkerId"].as_i64().unwrap_or_default();
                let mut new = Text {
                    text: String::new(),
                    marks: Vec::new(),
                    dialogue,
                    author,
                };
                let mut rest = raw.as_str();
                while let Some((before, after)) = rest.split_once('@') {
                    new.text.push_str(before);
                    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
                    match self.by_id.get(&after[..digits]) {
                        Some(title) => {
                            let start = new.text.len();
                            new.text.push_str(&variant.write(&self.titles[*title], &mut dice));
                            new.marks.push((start..new.text.len(), *title));
                            rest = &after[digits..];
                        }
                        None => {
                            new.text.push('@');
                            rest = after;
                        }
                    }
                }
                new.text.push_str(rest);
                out.push(new);
            }
        }
        out
    }

    pub(crate) fn found(&self, linker: &Linker, text: &str) -> Vec<usize> {
        linker
            .mentions(text)
            .iter()
            .filter_map(|mention| self.by_id.get(&mention.title.0).copied())
            .collect()
    }

    pub(crate) fn tally(&self, texts: &[Text], found: &[Vec<usize>], key: impl Fn(usize) -> usize) -> Tally {
        let mut tally = Tally::default();
        for (text, found) in texts.iter().zip(found) {
            let truth: BTreeSet<_> = text.marks.iter().map(|(_, title)| key(*title)).collect();
            let found: BTreeSet<_> = found.iter().map(|title| key(*title)).collect();
            tally.right += truth.intersection(&found).count();
            tally.truth += truth.len();
            tally.found += found.len();
        }
        tally
    }

    /// Counts false positives: wrong namesakes of a marked title, and others; lists some of the others, evenly spread.
    pub(crate) fn false_positives(
        &self,
        out: &mut dyn Write,
        texts: &[Text],
        found: &[Vec<usize>],
        list: usize,
    ) -> Result<(usize, usize)> {
        let (mut others, mut namesakes) = (Vec::new(), 0);
        for (text, found) in texts.iter().zip(found) {
            for title in found {
                let marked = |key: &[usize]| text.marks.iter().any(|(_, truth)| key[*truth] == key[*title]);
                match (marked(&self.same), marked(&self.namesake)) {
                    (true, _) => {}
                    (false, true) => namesakes += 1,
                    (false, false) => others.push((title, &text.text)),
                }
            }
        }
        for (title, text) in others.iter().step_by((others.len() / list.max(1)).max(1)).take(list) {
            writeln!(out, "  [{}] {text}", self.titles[**title].title)?;
        }
        Ok((namesakes, others.len()))
    }
}

pub(crate) fn title(id: &str, name: &str, year: Option<u16>) -> Title {
    Title {
        id: TitleId(id.to_owned()),
        title: name.trim().to_owned(),
        year,
        aliases: Vec::new(),
        genres: Vec::new(),
        people: Vec::new(),
    }
}

fn first_with(titles: &[Title], key: impl Fn(&Title) -> String) -> Vec<usize> {
    let mut first = HashMap::new();
    titles
        .iter()
        .enumerate()
        .map(|(at, title)| *first.entry(key(title)).or_insert(at))
        .collect()
}

/// Lower case, letters and digits only.
fn plain(name: &str) -> String {
    let kept = name.replace(['\'', '\u{2019}'], "").to_lowercase();
    let words: Vec<_> = kept
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// The fields of one line of RFC 4180.
fn fields(line: &str) -> Vec<String> {
    let (mut out, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            _ => out.last_mut().into_iter().for_each(|field| field.push(c)),
        }
    }
    out
}

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    right: usize,
    truth: usize,
    /// Pairs the finder gave.
    pub(crate) found: usize,
}

impl Tally {
    pub(crate) fn precision(self) -> f64 {
        self.right as f64 / self.found.max(1) as f64
    }

    pub(crate) fn recall(self) -> f64 {
        self.right as f64 / self.truth.max(1) as f64
    }

    pub(crate) fn f1(self) -> f64 {
        2.0 * self.right as f64 / (self.found + self.truth).max(1) as f64
    }
}
