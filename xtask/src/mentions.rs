//! `xtask mentions`: how well the linker finds titles in real conversations, measured on ReDial (CC BY 4.0).
//!
//! People marked each movie they meant as `@id`; the mark is replaced by the title as people write it, and the linker has
//! to find it again. Weights were fitted on the training dialogues that can be had; here only the test set is read.

use anyhow::{Context, Result};
use linker::{Limits, Linker, Namesakes};
use model::{Sentiment, Title, TitleId};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Prints every table; `data` holds `redial/`.
pub fn run(data: &Path, out: &mut dyn Write) -> Result<()> {
    run_listing(data, out, 0)
}

/// As [`run`], with a sample of false positives to judge by eye.
pub fn run_listing(data: &Path, out: &mut dyn Write, list: usize) -> Result<()> {
    let corpus = Corpus::load(data, "test.jsonl")?;
    let newest = Linker::build(&corpus.titles)?;
    writeln!(
        out,
        "ReDial, official test set: {} dialogues, {} messages, {} marked mentions.",
        corpus.dialogues.len(),
        corpus.messages(),
        corpus.marks()
    )?;
    writeln!(
        out,
        "Catalogue: {} movies; {} ids are equivalents of another (same title and year).",
        corpus.titles.len(),
        corpus.merged()
    )?;
    writeln!(
        out,
        "Micro average over (message, title) pairs. An unmarked title in the raw text counts as a false positive.\n"
    )?;
    let popular = corpus.by_popularity(data)?;
    let listed = Limits {
        namesakes: Namesakes::ListedFirst,
        ..Limits::default()
    };
    let listed = Linker::build_within(&popular, &listed)?;
    let bare = Bare::build(&corpus.titles)?;
    writeln!(
        out,
        "| text | finder | precision | recall | F1 |\n|---|---|---|---|---|"
    )?;
    for variant in Variant::ALL {
        let texts = corpus.texts(variant);
        let name = variant.name();
        let found = |linker: &Linker| {
            texts
                .iter()
                .map(|text| corpus.found(linker, &text.text))
                .collect::<Vec<_>>()
        };
        let by_newest = found(&newest);
        let row = |out: &mut dyn Write, finder: &str, tally: Tally| {
            writeln!(
                out,
                "| {name} | {finder} | {:.3} | {:.3} | {:.3} |",
                tally.precision(),
                tally.recall(),
                tally.f1()
            )
        };
        row(
            out,
            "linker, newest namesake",
            corpus.tally(&texts, &by_newest, |title| corpus.same[title]),
        )?;
        row(
            out,
            "linker, namesake most talked of in training",
            corpus.tally(&texts, &found(&listed), |title| corpus.same[title]),
        )?;
        row(
            out,
            "linker, namesakes counted as one",
            corpus.tally(&texts, &by_newest, |title| corpus.namesake[title]),
        )?;
        let bare: Vec<_> = texts.iter().map(|text| bare.found(&text.text)).collect();
        row(
            out,
            "bare list of names, namesakes counted as one",
            corpus.tally(&texts, &bare, |title| corpus.namesake[title]),
        )?;
        if variant == Variant::AsIs && list > 0 {
            corpus.list_false(out, &texts, &by_newest, list)?;
        }
    }
    writeln!(out)?;
    sentiment(&corpus, &newest, out)?;
    cost(&corpus, out)
}

/// How a marked title is written into the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// The title without its year.
    AsIs,
    /// The same in lower case.
    Lower,
    /// As is, one typing error in one word of five letters or more, with probability 0.2.
    Typos,
    /// Half as is, half in lower case, typing errors with probability 0.1.
    Mixed,
    /// No article, no accents, no punctuation, no subtitle, other numerals, with year, lower case: each at times.
    Short,
}

impl Variant {
    /// All of them, in the order printed.
    pub const ALL: [Self; 5] = [Self::AsIs, Self::Lower, Self::Typos, Self::Mixed, Self::Short];

    fn name(self) -> &'static str {
        match self {
            Self::AsIs => "(a) as is",
            Self::Lower => "(b) lower case",
            Self::Typos => "(c) typing errors",
            Self::Mixed => "(d) mixed",
            Self::Short => "(e) short forms",
        }
    }

    fn write(self, title: &Title, dice: &mut Dice) -> String {
        let name = title.title.clone();
        match self {
            Self::AsIs => name,
            Self::Lower => name.to_lowercase(),
            Self::Typos => typo(&name, 0.2, dice),
            Self::Mixed => {
                let name = if dice.chance(0.5) { name.to_lowercase() } else { name };
                typo(&name, 0.1, dice)
            }
            Self::Short => shorten(title, dice),
        }
    }
}

fn shorten(title: &Title, dice: &mut Dice) -> String {
    let mut name = title.title.clone();
    if dice.chance(0.5)
        && let Some((head, _)) = name.split_once(": ")
    {
        name = head.to_owned();
    }
    for article in ["The ", "A ", "An "] {
        if name.starts_with(article) && dice.chance(0.3) {
            name = name.replacen(article, "", 1);
        }
    }
    for (roman, digits) in [
        (" II", " 2"),
        (" III", " 3"),
        (" IV", " 4"),
        (" VI", " 6"),
        (" & ", " and "),
    ] {
        if (name.ends_with(roman) || roman == " & ") && dice.chance(0.5) {
            name = name.replace(roman, digits);
        }
    }
    if dice.chance(0.5) {
        name = name
            .chars()
            .filter(|c| c.is_alphanumeric() || c.is_whitespace() || *c == '&')
            .collect();
    }
    if dice.chance(0.5) {
        name = name.to_lowercase();
    }
    match title.year {
        Some(year) if dice.chance(0.15) => format!("{name} ({year})"),
        _ => name,
    }
}

/// One edit in one word of five letters or more.
fn typo(name: &str, probability: f64, dice: &mut Dice) -> String {
    let words: Vec<_> = name.split(' ').collect();
    let long = |word: &&str| word.chars().count() >= 5 && word.chars().all(char::is_alphabetic);
    let candidates: Vec<_> = (0..words.len()).filter(|at| long(&words[*at])).collect();
    if !dice.chance(probability) || candidates.is_empty() {
        return name.to_owned();
    }
    let chosen = candidates[dice.below(candidates.len())];
    let mut letters: Vec<char> = words[chosen].chars().collect();
    let at = dice.below(letters.len() - 1);
    let letter = char::from(b'a' + u8::try_from(dice.below(26)).unwrap_or(0));
    match dice.below(4) {
        0 => letters.swap(at, at + 1),
        1 => letters.insert(at + 1, letter),
        2 => letters[at + 1] = letter,
        _ => drop(letters.remove(at + 1)),
    }
    let misspelt: String = letters.into_iter().collect();
    let written: Vec<_> = words
        .iter()
        .enumerate()
        .map(|(at, word)| if at == chosen { misspelt.as_str() } else { word })
        .collect();
    written.join(" ")
}

/// SplitMix64: the same texts on every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap_or(0)
    }

    fn chance(&mut self, probability: f64) -> bool {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64 <= probability
    }
}

/// The catalogue and the dialogues of one file.
pub struct Corpus {
    /// All movies, in the order of `items.csv`.
    pub titles: Vec<Title>,
    /// For each title the first with the same title and year.
    pub same: Vec<usize>,
    /// For each title the first with the same name, articles aside.
    pub namesake: Vec<usize>,
    by_id: HashMap<String, usize>,
    dialogues: Vec<Value>,
}

/// One message with its titles written in.
pub struct Text {
    /// What the linker reads.
    pub text: String,
    /// Where which title was written, in bytes.
    pub marks: Vec<(std::ops::Range<usize>, usize)>,
    dialogue: usize,
    author: i64,
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

    fn messages(&self) -> usize {
        self.dialogues
            .iter()
            .filter_map(|d| d["messages"].as_array())
            .map(Vec::len)
            .sum()
    }

    fn marks(&self) -> usize {
        self.texts(Variant::AsIs).iter().map(|text| text.marks.len()).sum()
    }

    fn merged(&self) -> usize {
        self.same.iter().enumerate().filter(|(at, same)| at != *same).count()
    }

    /// The catalogue sorted by how often people in the training and validation dialogues spoke of a title: what a
    /// partner that lists its titles by popularity would upload.
    fn by_popularity(&self, data: &Path) -> Result<Vec<Title>> {
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

    fn found(&self, linker: &Linker, text: &str) -> Vec<usize> {
        linker
            .mentions(text)
            .iter()
            .filter_map(|mention| self.by_id.get(&mention.title.0).copied())
            .collect()
    }

    fn tally(&self, texts: &[Text], found: &[Vec<usize>], key: impl Fn(usize) -> usize) -> Tally {
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

    /// False positives, evenly spread over the set; a wrong namesake of a right name is left out and counted.
    fn list_false(&self, out: &mut dyn Write, texts: &[Text], found: &[Vec<usize>], list: usize) -> Result<()> {
        let (mut all, mut namesakes) = (Vec::new(), 0);
        for (text, found) in texts.iter().zip(found) {
            for title in found {
                let marked = |key: &[usize]| text.marks.iter().any(|(_, truth)| key[*truth] == key[*title]);
                match (marked(&self.same), marked(&self.namesake)) {
                    (true, _) => {}
                    (false, true) => namesakes += 1,
                    (false, false) => all.push((title, &text.text)),
                }
            }
        }
        writeln!(
            out,
            "\n{} false positives: {namesakes} wrong namesakes, {} other; of these:",
            all.len() + namesakes,
            all.len()
        )?;
        for (title, text) in all.iter().step_by((all.len() / list).max(1)).take(list) {
            writeln!(out, "  [{}] {text}", self.titles[**title].title)?;
        }
        writeln!(out)?;
        Ok(())
    }
}

fn title(id: &str, name: &str, year: Option<u16>) -> Title {
    Title {
        id: TitleId(id.to_owned()),
        title: name.trim().to_owned(),
        year,
        aliases: Vec::new(),
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
struct Tally {
    right: usize,
    truth: usize,
    found: usize,
}

impl Tally {
    fn precision(self) -> f64 {
        self.right as f64 / self.found.max(1) as f64
    }

    fn recall(self) -> f64 {
        self.right as f64 / self.truth.max(1) as f64
    }

    fn f1(self) -> f64 {
        2.0 * self.right as f64 / (self.found + self.truth).max(1) as f64
    }
}

/// The plain way: one Aho-Corasick pass for the names as they are, in any case, whole words, longest first.
struct Bare(aho_corasick::AhoCorasick);

impl Bare {
    fn build(titles: &[Title]) -> Result<Self> {
        let kind = aho_corasick::MatchKind::LeftmostLongest;
        let names = titles.iter().map(|title| title.title.as_str());
        Ok(Self(
            aho_corasick::AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(kind)
                .build(names)?,
        ))
    }

    fn found(&self, text: &str) -> Vec<usize> {
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

/// Sentiment in the seeker's own messages against the seeker's own answer to "did you like it?".
fn sentiment(corpus: &Corpus, linker: &Linker, out: &mut dyn Write) -> Result<()> {
    let mut said: BTreeMap<(usize, usize), Sentiment> = BTreeMap::new();
    for text in corpus.texts(Variant::AsIs) {
        if corpus.dialogues[text.dialogue]["initiatorWorkerId"].as_i64() != Some(text.author) {
            continue;
        }
        for mention in linker.mentions(&text.text) {
            let Some((_, title)) = text
                .marks
                .iter()
                .find(|(_, truth)| corpus.titles[*truth].id == mention.title)
            else {
                continue;
            };
            let known = said.entry((text.dialogue, *title)).or_insert(Sentiment::Neutral);
            if mention.sentiment != Sentiment::Neutral {
                *known = mention.sentiment;
            }
        }
    }
    let mut table = [[0usize; 3]; 3];
    for ((dialogue, title), sentiment) in &said {
        let answer = &corpus.dialogues[*dialogue]["initiatorQuestions"][&corpus.titles[*title].id.0]["liked"];
        let Some(answer) = answer
            .as_u64()
            .and_then(|answer| usize::try_from(answer).ok())
            .filter(|answer| *answer < 3)
        else {
            continue;
        };
        table[answer][*sentiment as usize] += 1;
    }
    writeln!(
        out,
        "Sentiment (English): what the seeker's messages say of a title, against the seeker's form. The form is about the whole"
    )?;
    writeln!(
        out,
        "conversation; a mention sees one message. Nothing said is `neutral`.\n"
    )?;
    writeln!(
        out,
        "| form | titles | said liked | said disliked | neutral | right, of those not neutral |\n|---|---|---|---|---|---|"
    )?;
    for (answer, name, right) in [(1, "liked", 0), (0, "did not like", 1), (2, "did not say", 2)] {
        let [liked, disliked, neutral] = table[answer];
        let told = (liked + disliked).max(1);
        let rate = if right < 2 {
            format!("{:.3}", table[answer][right] as f64 / told as f64)
        } else {
            "".to_owned()
        };
        writeln!(
            out,
            "| {name} | {} | {liked} | {disliked} | {neutral} | {rate} |",
            liked + disliked + neutral
        )?;
    }
    let ratio = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    let (liked, not) = (table[1][0] + table[1][1], table[0][0] + table[0][1]);
    writeln!(
        out,
        "\nNot neutral, form filled: accuracy {:.3}; always `liked`: {:.3} (n = {}).",
        ratio(table[1][0] + table[0][1], liked + not),
        ratio(liked, liked + not),
        liked + not
    )?;
    let all = |answer: usize| table[answer].iter().sum::<usize>();
    writeln!(
        out,
        "`disliked`: precision {:.3}, recall {:.3}; share of `did not like` among all filled: {:.3}.\n",
        ratio(table[0][1], table[0][1] + table[1][1]),
        ratio(table[0][1], all(0)),
        ratio(all(0), all(0) + all(1))
    )?;
    Ok(())
}

/// Load time, time per message, memory, beside a bare Aho-Corasick pass over the same text.
fn cost(corpus: &Corpus, out: &mut dyn Write) -> Result<()> {
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
        let before = resident();
        let clock = Instant::now();
        let linker = Linker::build(&titles)?;
        let load = clock.elapsed();
        let memory = resident().zip(before).map_or_else(
            || "?".to_owned(),
            |(after, before)| format!("{:.1}", after.saturating_sub(before) as f64 / 1e6),
        );
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
