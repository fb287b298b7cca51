//! The ways in which people write one name of a catalogue.

use crate::numeral;
use crate::token::{Token, tokens};

/// What of a title a spelling keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Form {
    /// What stands before the colon (`Borat`).
    Head,
    /// What stands after the colon, or after the maker's name (`Life of Brian`).
    Tail,
    /// All but a word that people leave out (`The Godfather 2` for `The Godfather Part II`).
    Short,
    /// An alias of the catalogue.
    Alias,
    /// The whole title.
    Full,
}

/// The article at the start of a name; spellings are kept without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Article {
    None,
    The,
    A,
}

impl Article {
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "the" => Self::The,
            "a" | "an" => Self::A,
            _ => Self::None,
        }
    }
}

/// One way to write a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spelling {
    /// Folded words without the article, at least one.
    pub words: Vec<String>,
    pub article: Article,
    pub form: Form,
}

/// The spellings of a title, the whole title first, and the year if the title ends in one (`Big (1988)`).
pub(crate) fn of_title(title: &str) -> (Vec<Spelling>, Option<u16>) {
    let mut all = tokens(title).list;
    let year = written_year(&mut all);
    let pieces = pieces(&all);
    let mut out = Vec::new();
    push(&mut out, &all, Form::Full);
    short(&mut out, &all);
    if let [head, .., tail] = pieces.as_slice() {
        push(&mut out, head, Form::Head);
        short_head(&mut out, head);
        push_tail(&mut out, tail);
        if pieces.len() > 2 {
            push(&mut out, &[*head, *tail].concat(), Form::Short);
        }
    }
    if let Some(maker) = all.iter().take(4).position(|token| token.possessive) {
        let work = all.get(maker + 1..).unwrap_or_default();
        if work.len() > 2 {
            push_tail(&mut out, work);
        }
    }
    (out, year)
}

/// The spellings of an alias.
pub(crate) fn of_alias(alias: &str) -> Vec<Spelling> {
    let mut out = Vec::new();
    push(&mut out, &tokens(alias).list, Form::Alias);
    out
}

/// Takes `(1988)` off the end, unless nothing else is there.
fn written_year(all: &mut Vec<Token>) -> Option<u16> {
    let last = all.last().filter(|token| token.before.open && all.len() > 1)?;
    let year = numeral::year(&last.word)?;
    all.pop();
    Some(year)
}

/// The title cut at its colons and dashes between spaces.
fn pieces(all: &[Token]) -> Vec<&[Token]> {
    let mut out = Vec::new();
    let mut rest = all;
    while let Some(at) = rest
        .iter()
        .skip(1)
        .position(|token| token.before.colon || token.before.dash)
        .map(|at| at + 1)
    {
        let (piece, after) = rest.split_at(at);
        out.push(piece);
        rest = after;
    }
    out.push(rest);
    out
}

fn push(out: &mut Vec<Spelling>, part: &[Token], form: Form) {
    let words: Vec<String> = part.iter().map(|token| token.word.clone()).collect();
    push_words(out, words, form);
}

fn push_words(out: &mut Vec<Spelling>, mut words: Vec<String>, form: Form) {
    if words.is_empty() || words.iter().any(String::is_empty) {
        return;
    }
    let mut article = words.first().map_or(Article::None, |word| Article::of(word));
    if article != Article::None && words.len() > 1 {
        words.remove(0);
    } else {
        article = Article::None;
        // `Matrix, The`
        let last = words.last().map_or(Article::None, |word| Article::of(word));
        if last == Article::The && words.len() > 1 {
            words.pop();
            article = last;
        }
    }
    let new = Spelling { words, article, form };
    if !out
        .iter()
        .any(|known| known.words == new.words && known.article == new.article)
    {
        out.push(new);
    }
}

/// A tail of one word says too little.
fn push_tail(out: &mut Vec<Spelling>, tail: &[Token]) {
    let told = tail.iter().skip(usize::from(
        tail.first()
            .is_some_and(|token| Article::of(&token.word) != Article::None),
    ));
    if told.filter(|token| token.word.len() > 1).count() > 1 {
        push(out, tail, Form::Tail);
    }
}

/// Without `part` before its number, and with the number that a last `V` may be.
fn short(out: &mut Vec<Spelling>, all: &[Token]) {
    let number = |word: &str| word.bytes().all(|b| b.is_ascii_digit()) || numeral::lone_roman(word).is_some();
    let words: Vec<String> = all.iter().map(|token| token.word.clone()).collect();
    let mut kept = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let counts = matches!(word.as_str(), "part" | "chapter" | "episode" | "vol");
        if at == 0 || !counts || !words.get(at + 1).is_some_and(|next| number(next)) {
            kept.push(word.clone());
        }
    }
    if kept.len() > 1
        && let Some(digits) = kept.last().and_then(|last| numeral::lone_roman(last))
    {
        push_words(out, kept.clone(), Form::Short);
        kept.pop();
        kept.push(digits.to_owned());
    }
    push_words(out, kept, Form::Short);
}

/// As `short`, for what stands before the colon: it stays a head.
fn short_head(out: &mut Vec<Spelling>, head: &[Token]) {
    let before = out.len();
    short(out, head);
    for new in out.iter_mut().skip(before) {
        new.form = Form::Head;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(title: &str) -> Vec<(String, Form)> {
        of_title(title)
            .0
            .into_iter()
            .map(|s| (s.words.join(" "), s.form))
            .collect()
    }

    #[test]
    fn a_title_has_the_spellings_that_people_use() {
        let is = |title: &str, expected: &[(&str, Form)]| {
            let expected: Vec<_> = expected
                .iter()
                .map(|(words, form)| ((*words).to_owned(), *form))
                .collect();
            assert_eq!(all(title), expected, "{title}");
        };
        is("The Matrix", &[("matrix", Form::Full)]);
        is("Matrix, The", &[("matrix", Form::Full)]);
        is(
            "The Godfather Part II",
            &[("godfather part 2", Form::Full), ("godfather 2", Form::Short)],
        );
        is("Rocky V", &[("rocky v", Form::Full), ("rocky 5", Form::Short)]);
        is("Dr. No", &[("dr no", Form::Full)]);
        is(
            "Monty Python's Life of Brian",
            &[
                ("monty pythons life of brian", Form::Full),
                ("life of brian", Form::Tail),
            ],
        );
        is(
            "Star Wars: Episode VIII – The Last Jedi",
            &[
                ("star wars episode 8 the last jedi", Form::Full),
                ("star wars 8 the last jedi", Form::Short),
                ("star wars", Form::Head),
                ("last jedi", Form::Tail),
                ("star wars the last jedi", Form::Short),
            ],
        );
    }

    #[test]
    fn a_year_at_the_end_is_no_word_of_the_title() {
        assert_eq!(of_title("Big (1988)").1, Some(1988));
        assert_eq!(all("Big (1988)"), [("big".to_owned(), Form::Full)]);
        assert_eq!(of_title("1984").1, None);
        assert_eq!(of_title("Blade Runner 2049").1, None);
    }
}
