//! ReDial as sessions of turns, with and without text.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a measurement: a panic is its error message"
)]

use anyhow::{Context, Result};
use linker::{Linker, People};
use model::{Entropy, Facet, Facets, Mention, Sentiment, Title, TitleId};
use rank::{Session, Turn, Voice};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::Path;

/// Dialogues after which one counts half as much.
const HALF_LIFE: f32 = 10_000.0;
/// In how many training dialogues a word must stand to be a cue of the full-text model.
const LEAST: usize = 5;

/// Genres of `mentions.jsonl`, by their Wikidata ids, as facets.
const GENRES: &[(&str, &str)] = &[
    ("EG157443", "comedy"),
    ("EG188473", "action"),
    ("EG200092", "horror"),
    ("EG130232", "drama"),
    ("EG2484376", "thriller"),
    ("EG1054574", "romance"),
    ("EG157394", "fantasy"),
    ("EG7551110", "scifi"),
    ("EG369747", "war"),
    ("EG319221", "adventure"),
    ("EG93204", "documentary"),
    ("EG1200678", "mystery"),
    ("EG643684", "music"),
    ("EG2143665", "family"),
    ("EG172980", "western"),
    ("EG959790", "crime"),
    ("EG3249257", "animation"),
];

/// Which dialogues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    Train,
    Valid,
    Test,
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Train => "training",
            Self::Valid => "validation",
            Self::Test => "test",
        })
    }
}

/// What a model sees of a dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fields {
    /// Titles, and who mentioned them.
    Mentions,
    /// Titles, facets and people.
    Facets,
    /// All words besides.
    Text,
}

impl Fields {
    pub fn name(self) -> &'static str {
        match self {
            Self::Mentions => "`mentions`: titles",
            Self::Facets => "`ranking`: titles, facets, people; no text",
            Self::Text => "`text`: all words besides",
        }
    }
}

/// A turn: messages of one person in a row.
pub struct Said {
    someone: bool,
    titles: Vec<u32>,
    facets: Facets,
    people: Vec<String>,
    words: Vec<String>,
    /// As people would have written it.
    text: String,
}

/// A dialogue.
pub struct Dialogue {
    pub id: i64,
    split: Split,
    turns: Vec<Said>,
}

/// A turn of someone's that names titles, to be foretold.
pub struct Row<'a> {
    pub dialogue: &'a Dialogue,
    /// Turns before it.
    pub before: usize,
    /// Titles not mentioned before.
    pub fresh: Vec<u32>,
    /// Titles with an entry in DBpedia, with repeats.
    pub linked: Vec<u32>,
}

/// The whole data set.
pub struct Data {
    pub titles: Vec<Title>,
    linked: Vec<bool>,
    dialogues: Vec<Dialogue>,
    /// Words by number.
    pub words: HashMap<String, u32>,
    /// Training dialogues whose text is at hand.
    pub texts: usize,
}

impl Data {
    pub fn load(data: &Path) -> Result<Self> {
        let folder = data.join("redial");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).with_context(|| format!("reading {name}"));
        let (titles, linked) = titles(&read("items.csv")?)?;
        let reader = Reader {
            by_id: titles.iter().map(|t| t.id.0.clone()).zip(0..).collect(),
            people: People::of(&titles),
            names: titles.iter().map(|t| t.title.clone()).collect(),
        };
        let mut dialogues: BTreeMap<i64, Dialogue> = BTreeMap::new();
        for (name, usual) in [("train_raw_partial.jsonl", Split::Train), ("test.jsonl", Split::Test)] {
            for line in read(name)?.lines() {
                let dialogue = reader.raw(&serde_json::from_str(line)?, usual)?;
                dialogues.insert(dialogue.id, dialogue);
            }
        }
        let texts = dialogues.values().filter(|d| d.split == Split::Train).count();
        for line in read("mentions.jsonl")?.lines() {
            let dialogue = reader.marks(&serde_json::from_str(line)?)?;
            dialogues.entry(dialogue.id).or_insert(dialogue);
        }
        let dialogues: Vec<Dialogue> = dialogues.into_values().collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for dialogue in dialogues.iter().filter(|d| d.split == Split::Train) {
            let words: BTreeSet<&str> = dialogue
                .turns
                .iter()
                .flat_map(|t| &t.words)
                .map(String::as_str)
                .collect();
            words.into_iter().for_each(|word| *counts.entry(word).or_default() += 1);
        }
        let known = counts
            .into_iter()
            .filter(|(_, n)| *n >= LEAST)
            .map(|(w, _)| w.to_owned());
        let words = known.zip(0..).collect();
        Ok(Self {
            titles,
            linked,
            dialogues,
            words,
            texts,
        })
    }

    pub fn count(&self, split: Split) -> usize {
        self.dialogues.iter().filter(|d| d.split == split).count()
    }

    /// The catalogue as the linker takes it: two titles of ReDial have no name.
    pub fn linkable(&self) -> Vec<Title> {
        let named = |t: &&Title| t.title.chars().any(char::is_alphanumeric);
        self.titles.iter().filter(named).cloned().collect()
    }

    pub fn sessions(&self, split: Split, fields: Fields) -> Vec<Session> {
        let newest = self
            .dialogues
            .iter()
            .filter(|d| d.split == split)
            .map(|d| d.id)
            .max()
            .unwrap_or(0);
        self.dialogues
            .iter()
            .filter(|d| d.split == split)
            .map(|dialogue| Session {
                age: (newest - dialogue.id) as f32 / HALF_LIFE,
                turns: dialogue.turns.iter().map(|said| self.turn(said, fields)).collect(),
            })
            .collect()
    }

    /// Every turn of a recommender after the first turn of the dialogue.
    pub fn rows(&self, split: Split) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for dialogue in self.dialogues.iter().filter(|d| d.split == split) {
            let mut known = BTreeSet::new();
            for (before, said) in dialogue.turns.iter().enumerate() {
                let fresh: BTreeSet<u32> = said.titles.iter().copied().filter(|t| !known.contains(t)).collect();
                if before > 0 && said.someone && !said.titles.is_empty() {
                    rows.push(Row {
                        dialogue,
                        before,
                        fresh: fresh.iter().copied().collect(),
                        linked: said
                            .titles
                            .iter()
                            .copied()
                            .filter(|t| self.linked[*t as usize])
                            .collect(),
                    });
                }
                known.extend(fresh);
            }
        }
        rows
    }

    /// What was said before a row.
    pub fn turns(&self, row: &Row<'_>, fields: Fields) -> Vec<Turn> {
        let before = &row.dialogue.turns[..row.before];
        before.iter().map(|said| self.turn(said, fields)).collect()
    }

    /// The same, with titles found in the text.
    pub fn turns_linked(&self, row: &Row<'_>, linker: &Linker) -> Vec<Turn> {
        let before = &row.dialogue.turns[..row.before];
        let linked = |said: &Said| Turn {
            mentions: linker.mentions(&said.text),
            ..self.turn(said, Fields::Facets)
        };
        before.iter().map(linked).collect()
    }

    fn turn(&self, said: &Said, fields: Fields) -> Turn {
        let sees = |least: &[Fields]| least.contains(&fields);
        let facets = sees(&[Fields::Facets, Fields::Text]);
        let mention = |title: &u32| Mention {
            title: self.titles[*title as usize].id.clone(),
            sentiment: Sentiment::Neutral,
        };
        Turn {
            voice: if said.someone { Voice::Someone } else { Voice::You },
            mentions: said.titles.iter().map(mention).collect(),
            facets: if facets { said.facets } else { Facets::default() },
            people: if facets { said.people.clone() } else { Vec::new() },
            cues: match fields {
                Fields::Text => said.words.iter().filter_map(|w| self.words.get(w).copied()).collect(),
                _ => Vec::new(),
            },
        }
    }
}

fn titles(csv: &str) -> Result<(Vec<Title>, Vec<bool>)> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let (mut titles, mut linked) = (Vec::new(), Vec::new());
    for row in reader.deserialize() {
        let row: BTreeMap<String, String> = row?;
        let list = |name: &str| {
            row[name]
                .split('|')
                .map(str::trim)
                .filter(|w| !w.is_empty())
                .map(str::to_owned)
        };
        linked.push(!row["dbpedia_uri"].is_empty());
        titles.push(Title {
            id: TitleId(row["movieId"].clone()),
            title: row["title"].clone(),
            year: row["year"].parse().ok(),
            aliases: Vec::new(),
            genres: list("genres").collect(),
            people: list("stars").chain(list("director")).collect(),
        });
    }
    Ok((titles, linked))
}

struct Reader {
    by_id: HashMap<String, u32>,
    people: People,
    names: Vec<String>,
}

impl Reader {
    /// A dialogue with its text.
    fn raw(&self, value: &Value, usual: Split) -> Result<Dialogue> {
        let id = value["conversationId"].as_str().context("no conversationId")?.parse()?;
        let mut turns: Vec<Said> = Vec::new();
        for message in value["messages"].as_array().context("no messages")? {
            let someone = message["senderWorkerId"] != value["initiatorWorkerId"];
            let said = self.said(someone, message["text"].as_str().unwrap_or_default());
            match turns.last_mut() {
                Some(last) if last.someone == someone => {
                    last.titles.extend(said.titles);
                    last.facets = last.facets.and(said.facets);
                    last.people.extend(said.people);
                    last.words.extend(said.words);
                    last.text.push('\n');
                    last.text.push_str(&said.text);
                }
                _ => turns.push(said),
            }
        }
        let split = if value["split"] == "valid" { Split::Valid } else { usual };
        Ok(Dialogue { id, split, turns })
    }

    fn said(&self, someone: bool, text: &str) -> Said {
        let text = text.replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
        let (mut titles, mut plain, mut written) = (Vec::new(), String::new(), String::new());
        for (at, piece) in text.split('@').enumerate() {
            let digits = if at == 0 {
                0
            } else {
                piece.bytes().take_while(u8::is_ascii_digit).count()
            };
            if let Some(title) = self.by_id.get(&piece[..digits]) {
                titles.push(*title);
                written.push_str(&self.names[*title as usize]);
            }
            plain.push(' ');
            plain.push_str(&piece[digits..]);
            written.push_str(&piece[digits..]);
        }
        let words = plain.to_lowercase();
        let words = words
            .split(|c: char| !c.is_alphanumeric() && c != '\'')
            .filter(|w| !w.is_empty());
        Said {
            someone,
            titles,
            facets: linker::facets(&plain),
            people: self.people.named(&plain),
            words: words.map(str::to_owned).collect(),
            text: written,
        }
    }

    /// A dialogue of which only the marks are known.
    fn marks(&self, value: &Value) -> Result<Dialogue> {
        let genre = |entity: &Value| {
            let (_, name) = GENRES.iter().find(|(id, _)| entity == id)?;
            Facet::named(name)
        };
        let list = |turn: &Value, name: &str| turn[name].as_array().cloned().unwrap_or_default();
        let turn = |turn: &Value| Said {
            someone: turn["role"] != "SKR",
            titles: list(turn, "items")
                .iter()
                .filter_map(|i| self.by_id.get(&i.to_string()).copied())
                .collect(),
            facets: list(turn, "entities").iter().filter_map(genre).collect(),
            people: Vec::new(),
            words: Vec::new(),
            text: String::new(),
        };
        Ok(Dialogue {
            id: value["conversationId"].as_i64().context("no conversationId")?,
            split: match value["split"].as_str() {
                Some("train") => Split::Train,
                Some("valid") => Split::Valid,
                _ => Split::Test,
            },
            turns: list(value, "turns").iter().map(turn).collect(),
        })
    }
}

/// The same noise for the same dialogue, so that a mention is randomised once, however often it is looked at.
pub struct Noise(u64);

impl Noise {
    pub fn new(kept: f32) -> Self {
        Self(u64::from(kept.to_bits()))
    }

    pub fn of(&self, dialogue: i64) -> impl Entropy + use<> {
        struct Fixed([u8; 8]);
        impl Entropy for Fixed {
            fn fill(&self, buffer: &mut [u8]) {
                for (to, from) in buffer.iter_mut().zip(self.0.iter().cycle()) {
                    *to = *from;
                }
            }
        }
        Fixed((self.0 << 32 | dialogue as u64).to_le_bytes())
    }
}
