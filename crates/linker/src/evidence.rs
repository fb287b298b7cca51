//! What speaks for and against a place meaning the title whose words stand there.

use crate::lexicon::Cues;
use crate::search::{Change, Hit, Words};
use crate::spelling::{Article, Form};
use crate::token::{Shape, Token, Tokens};
use crate::trie::Name;
use crate::weights::WEIGHTS;

/// How much the words of a spelling say by themselves. Each kind has its own weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One or two function words (`It`, `Get Out`).
    Function,
    /// One ordinary word (`Heat`).
    Ordinary,
    /// Several words, all common (`Pretty Woman`).
    Phrase,
    /// One rare word (`Shrek`).
    Rare,
    /// Several words, a rare one among them (`Kung Fu Panda`).
    Name,
}

/// The names of the features, in the order of [`Evidence::features`]; each is 0 or 1 unless it says otherwise.
pub const FEATURES: [&str; 48] = [
    "always",
    "words (ln)",
    "letters (tenths, 2 at most)",
    "capitals inside a sentence",
    "capitals at a sentence start",
    "lower case among capitals",
    "all capitals among lower case",
    "quotes",
    "year",
    "other year",
    "start of a sentence before",
    "watching before",
    "liking before",
    "film before",
    "suggesting before",
    "and/or before",
    "comma before",
    "determiner before",
    "plain word before",
    "rare or capitalised word before",
    "cue two before",
    "end after",
    "comma after",
    "and/or after",
    "copula after",
    "film after",
    "plain word after",
    "rare or capitalised word after",
    "number after",
    "article as in the title",
    "article missing",
    "article extra",
    "spacing",
    "typing error",
    "doubtful typing error",
    "alias",
    "short form",
    "head",
    "tail",
    "whole message",
    "film somewhere",
    "clear title elsewhere",
    "broken by a stop or comma",
    "number as last word",
    "watching or liking two before",
    "stop after",
    "only words of praise, liking or watching",
    "a word for films in it",
];

/// Number of features.
pub(crate) const COUNT: usize = FEATURES.len();

/// What was seen of one hit, by [`FEATURES`].
pub(crate) type Features = [f32; COUNT];

/// A place where the words of a title stand, and how much speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Which title, by its place in the catalogue.
    pub title: usize,
    /// Where the words start in the text, in bytes.
    pub start: usize,
    /// Where they end.
    pub end: usize,
    /// What kind of spelling they are.
    pub kind: Kind,
    /// What was seen, by [`FEATURES`].
    pub features: [f32; COUNT],
    /// How likely the title is meant, 0 to 1.
    pub score: f32,
}

/// What is the same for all hits of one message.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Setting {
    /// The message has a word with a first capital inside a sentence, or starts with one.
    pub capitals: bool,
    /// Every letter is a capital.
    pub shouted: bool,
    /// It speaks of films.
    pub film: bool,
    /// Where the first clear title ends and the last one starts, in tokens.
    pub clear: Option<(usize, usize)>,
}

impl Setting {
    pub(crate) fn of(tokens: &Tokens, cues: &[Cues]) -> Self {
        let shape = |shape: Shape| tokens.list.iter().any(|token| token.shape == shape);
        Self {
            capitals: shape(Shape::Title),
            shouted: shape(Shape::Upper) && !shape(Shape::Lower) && !shape(Shape::Mixed),
            film: cues.iter().any(|cues| cues.any(Cues::FILM.and(Cues::WATCH))),
            clear: None,
        }
    }
}

/// The kind of a spelling.
pub(crate) fn kind(words: &Words) -> Kind {
    let common = words.common == words.all;
    match words.all {
        1 | 2 if words.function == words.all => Kind::Function,
        1 if common => Kind::Ordinary,
        1 => Kind::Rare,
        _ if common => Kind::Phrase,
        _ => Kind::Name,
    }
}

/// What stands beside a hit and is part of how people name a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Beside {
    /// The first token, the article included.
    pub first: usize,
    /// The article before the words.
    pub article: Article,
    /// A year beside, and one past its token (the hit's end if it stands before).
    pub year: Option<(u16, usize)>,
    /// `new` or `old` before.
    pub era: Option<Era>,
}

/// Which of two namesakes a word points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    Newer,
    Older,
}

/// Reads what stands beside a hit.
pub(crate) fn beside(tokens: &Tokens, cues: &[Cues], hit: &Hit) -> Beside {
    let before = hit.first.checked_sub(1).and_then(|at| tokens.list.get(at));
    let touching = tokens
        .list
        .get(hit.first)
        .is_some_and(|token| !token.before.stop && !token.before.comma);
    let article = before
        .filter(|_| touching)
        .map_or(Article::None, |token| Article::of(&token.word));
    let first = if article == Article::None {
        hit.first
    } else {
        hit.first - 1
    };
    let year_at = |at: usize| tokens.list.get(at).and_then(|token| crate::numeral::year(&token.word));
    let from = tokens
        .list
        .get(hit.end)
        .is_some_and(|token| matches!(token.word.as_str(), "from" | "in" | "of"));
    let after = if from { hit.end + 1 } else { hit.end };
    let broken = tokens.list.get(hit.end).is_some_and(|token| token.before.stop);
    let year = match year_at(after).filter(|_| !broken) {
        Some(year) => Some((year, after + 1)),
        None => first.checked_sub(1).and_then(year_at).map(|year| (year, hit.end)),
    };
    let era = first.checked_sub(1).and_then(|at| cues.get(at)).and_then(|cues| {
        let newer = cues.any(Cues::NEWER).then_some(Era::Newer);
        newer.or_else(|| cues.any(Cues::OLDER).then_some(Era::Older))
    });
    Beside {
        first,
        article,
        year,
        era,
    }
}

/// Which of the titles spelt alike is meant; `None` if only parts of several titles are spelt so.
pub(crate) fn resolve<'a>(names: &'a [Name], beside: &Beside) -> Option<&'a Name> {
    let written = beside.year.map(|(year, _)| year);
    let fit = |name: &Name| match written {
        Some(year) if name.year == year => 2,
        Some(year) if name.year != 0 && name.year.abs_diff(year) == 1 => 1,
        _ => 0,
    };
    let era = |name: &Name| match beside.era {
        Some(Era::Newer) => i32::from(name.year),
        Some(Era::Older) if name.year != 0 => 3000 - i32::from(name.year),
        _ => 0,
    };
    let best = names.iter().max_by_key(|name| {
        (
            fit(name),
            name.form,
            era(name),
            agrees(beside.article, name.article),
            std::cmp::Reverse(name.rank),
        )
    })?;
    let part = matches!(best.form, Form::Head | Form::Tail);
    let alone = names.iter().all(|name| name.title == best.title);
    (!part || alone || fit(best) == 2).then_some(best)
}

/// How well the article of the text agrees with the name's.
fn agrees(text: Article, name: Article) -> u8 {
    match (text, name) {
        _ if text == name => 2,
        (Article::None, _) => 1,
        _ => 0,
    }
}

/// Everything that [`FEATURES`] names, for one hit.
pub(crate) fn features(
    tokens: &Tokens,
    cues: &[Cues],
    setting: &Setting,
    hit: &Hit,
    beside: &Beside,
    name: &Name,
) -> Features {
    let words = tokens.list.get(hit.first..hit.end).unwrap_or_default();
    let own = name.article != Article::None && beside.article == name.article;
    let first = if own { beside.first } else { hit.first };
    let start = tokens.list.get(first);
    let gap = start.map(|token| token.before).unwrap_or_default();
    let after = tokens.gap_after(hit.end.saturating_sub(1));
    let at_start = first == 0 || gap.stop || gap.colon || gap.open;
    let case = Case::of(words, at_start);
    let year = beside
        .year
        .map(|(year, _)| name.year != 0 && year.abs_diff(name.year) <= 1);
    // The article that is not the title's own is looked past.
    let left_at = if own { first } else { beside.first };
    let left = left_at.checked_sub(1).filter(|_| !at_start);
    let left_cues = left.and_then(|at| cues.get(at)).copied().unwrap_or_default();
    let second_cues = left
        .and_then(|at| at.checked_sub(1))
        .and_then(|at| cues.get(at))
        .copied()
        .unwrap_or_default();
    let left_word = left.and_then(|at| tokens.list.get(at));
    let right = tokens.list.get(hit.end);
    let closed = right.is_none() || after.stop || after.colon || after.open || after.quote;
    let right_cues = cues
        .get(hit.end)
        .copied()
        .filter(|_| !closed && !after.comma)
        .unwrap_or_default();
    let right_word = right.filter(|_| !closed && !after.comma);
    let cued = Cues::WATCH
        .and(Cues::LIKE)
        .and(Cues::FILM)
        .and(Cues::SUGGEST)
        .and(Cues::LIST);
    let letters: usize = words.iter().map(|token| token.word.len()).sum();
    let extra = beside.article != Article::None && !own;
    let broken = words
        .iter()
        .skip(1)
        .any(|token| token.before.stop || token.before.comma || token.before.open);
    let elsewhere = setting
        .clear
        .is_some_and(|(ends, starts)| ends <= hit.first || starts >= hit.end);
    let yes = |it: bool| f32::from(u8::from(it));
    [
        1.0,
        (words.len() as f32).ln(),
        (letters as f32 / 10.0).min(2.0),
        yes(case == Case::Capitals && !setting.shouted),
        yes(case == Case::AtStart && !setting.shouted),
        yes(case == Case::Lower && setting.capitals),
        yes(words
            .iter()
            .all(|token| matches!(token.shape, Shape::Upper | Shape::Digits))
            && case != Case::Lower
            && !setting.shouted),
        yes(gap.quote && after.quote),
        yes(year == Some(true)),
        yes(year == Some(false)),
        yes(at_start),
        yes(left_cues.any(Cues::WATCH)),
        yes(left_cues.any(Cues::LIKE)),
        yes(left_cues.any(Cues::FILM)),
        yes(left_cues.any(Cues::SUGGEST)),
        yes(left_cues.any(Cues::LIST)),
        yes(gap.comma),
        yes(left_cues.any(Cues::DETERMINER)),
        yes(left_cues.common() && !left_cues.any(cued)),
        yes(left_word.is_some_and(|token| outstanding(token, left_cues, left == Some(0)))),
        yes(second_cues.any(cued)),
        yes(closed),
        yes(after.comma),
        yes(right_cues.any(Cues::LIST)),
        yes(right_cues.any(Cues::COPULA)),
        yes(right_cues.any(Cues::FILM)),
        yes(right_cues.common() && !right_cues.any(Cues::COPULA.and(Cues::LIST).and(Cues::FILM))),
        yes(right_word.is_some_and(|token| outstanding(token, right_cues, false))),
        yes(right_word.is_some_and(|token| token.shape == Shape::Digits)),
        yes(own),
        yes(name.article != Article::None && !own),
        yes(extra && name.article == Article::None),
        yes(hit.change == Change::Spacing),
        yes(matches!(hit.change, Change::Typo | Change::DoubtfulTypo)),
        yes(hit.change == Change::DoubtfulTypo),
        yes(name.form == Form::Alias),
        yes(name.form == Form::Short),
        yes(name.form == Form::Head),
        yes(name.form == Form::Tail),
        yes(first == 0 && right.is_none()),
        yes(setting.film),
        yes(elsewhere),
        yes(broken),
        yes(words.len() > 1 && words.last().is_some_and(|token| token.shape == Shape::Digits)),
        yes(second_cues.any(Cues::WATCH.and(Cues::LIKE))),
        yes(after.stop),
        yes(hit.words.cues == hit.words.all),
        yes(hit.words.film > 0),
    ]
}

/// A word that belongs to a name of its own.
fn outstanding(token: &Token, cues: Cues, first: bool) -> bool {
    let capital =
        matches!(token.shape, Shape::Title | Shape::Mixed) && !first && token.word != "i" && !cues.any(Cues::SPEAKER);
    capital || !cues.common() && token.shape != Shape::Digits
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// Every word that titles capitalise is, and it is not just the start of the sentence.
    Capitals,
    AtStart,
    Lower,
    /// Digits only.
    Neither,
}

impl Case {
    fn of(words: &[Token], at_start: bool) -> Self {
        let small = |token: &Token| {
            matches!(
                token.word.as_str(),
                "the" | "a" | "an" | "of" | "and" | "in" | "to" | "on" | "for" | "with" | "at" | "from" | "or" | "by"
            )
        };
        let telling = words
            .iter()
            .enumerate()
            .filter(|(at, token)| token.shape != Shape::Digits && (*at == 0 || !small(token)));
        let (mut capitals, mut all) = (0, 0);
        for (_, token) in telling {
            all += 1;
            capitals += usize::from(token.shape != Shape::Lower);
        }
        match (all, capitals) {
            (0, _) => Self::Neither,
            (1, 1) if at_start => Self::AtStart,
            _ if all == capitals => Self::Capitals,
            _ => Self::Lower,
        }
    }
}

/// The probability that the title is meant.
pub(crate) fn score(kind: Kind, features: &Features) -> f32 {
    let weights = match kind {
        Kind::Function => &WEIGHTS[0],
        Kind::Ordinary => &WEIGHTS[1],
        Kind::Phrase => &WEIGHTS[2],
        Kind::Rare => &WEIGHTS[3],
        Kind::Name => &WEIGHTS[4],
    };
    let sum: f32 = weights.iter().zip(features).map(|(weight, value)| weight * value).sum();
    1.0 / (1.0 + (-sum).exp())
}
