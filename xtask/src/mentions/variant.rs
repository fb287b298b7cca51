//! How people write a title.
#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a measurement: a panic is its error message"
)]

use model::Title;

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
    /// No article, no punctuation, no subtitle, other numerals, other spaces, lower case, with year, in quotes: each at times.
    Short,
}

impl Variant {
    /// All of them, in the order printed.
    pub const ALL: [Self; 5] = [Self::AsIs, Self::Lower, Self::Typos, Self::Mixed, Self::Short];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AsIs => "(a) as is",
            Self::Lower => "(b) lower case",
            Self::Typos => "(c) typing errors",
            Self::Mixed => "(d) mixed",
            Self::Short => "(e) short forms",
        }
    }

    pub(crate) fn write(self, title: &Title, dice: &mut Dice) -> String {
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
        && let Some((head, tail)) = name.split_once(": ")
    {
        name = if dice.chance(0.2) { tail } else { head }.to_owned();
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
    if dice.chance(0.05) {
        name = respaced(&name, dice);
    }
    if dice.chance(0.1) {
        name = format!("\"{name}\"");
    }
    match title.year {
        Some(year) if dice.chance(0.15) => format!("{name} ({year})"),
        _ => name,
    }
}

/// Two words in one, or one long word in two.
fn respaced(name: &str, dice: &mut Dice) -> String {
    let words: Vec<_> = name.split(' ').collect();
    let long = words.iter().position(|word| word.len() >= 8 && word.is_ascii());
    match long {
        Some(at) if dice.chance(0.5) => {
            let (left, right) = words[at].split_at(3 + dice.below(words[at].len() - 5));
            let mut written = words.clone();
            written.splice(at..=at, [left, right]);
            written.join(" ")
        }
        _ => name.replacen(' ', "", 1),
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
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap_or(0)
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64 <= probability
    }
}
