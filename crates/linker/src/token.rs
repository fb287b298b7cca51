//! Text as folded words with their places.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest word that is looked at, in folded bytes; a longer one stands in no title.
pub(crate) const WORD_BYTES: usize = 64;

/// How a word is capitalised in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No capital, or a script without capitals.
    Lower,
    /// The first letter only, or a one-letter word.
    Title,
    /// Every letter, two or more.
    Upper,
    /// Some inner letter (`McDonald`).
    Mixed,
    /// A number.
    Digits,
}

/// What stands between a word and the one before it: any of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Gap {
    /// White space.
    pub space: bool,
    /// A comma, semicolon or slash.
    pub comma: bool,
    /// The end of a sentence or line.
    pub stop: bool,
    /// A colon.
    pub colon: bool,
    /// A quotation mark, asterisk or underscore.
    pub quote: bool,
    /// An opening bracket.
    pub open: bool,
    /// A dash that is no hyphen: long, or with white space before it.
    pub dash: bool,
    /// Anything at all.
    pub any: bool,
}

/// One word.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    /// Where it starts in the text, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// The folded, canonical word: lower case, no accents, no apostrophes, numbers in digits. Empty if too long.
    pub word: String,
    /// The word was written with `'s` at its end.
    pub possessive: bool,
    /// Its capitals.
    pub shape: Shape,
    /// What stands before it.
    pub before: Gap,
}

/// The words of a text and what follows the last one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokens {
    pub list: Vec<Token>,
    pub after: Gap,
}

impl Tokens {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Where the words from `first` to before `end` stand in the text, in bytes.
    pub(crate) fn place(&self, first: usize, end: usize) -> Option<(usize, usize)> {
        Some((self.list.get(first)?.start, self.list.get(end.checked_sub(1)?)?.end))
    }

    /// What stands after the word at `index`.
    pub(crate) fn gap_after(&self, index: usize) -> Gap {
        self.list.get(index + 1).map_or(self.after, |next| next.before)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Letter,
    /// A character of a script that writes no spaces: a word of its own.
    Ideograph,
    Digit,
    Ampersand,
    Apostrophe,
    /// Invisible, or a mark on the letter before: part of the word.
    Silent,
    /// Joins single letters to an acronym (`E.T.`, `M*A*S*H`).
    Dot,
    Other,
}

/// Splits and folds a text. Every place is on a character boundary; words are in order and do not overlap.
pub(crate) fn tokens(text: &str) -> Tokens {
    let mut out = Tokens::default();
    let mut open: Option<Open> = None;
    let mut gap = Gap::default();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        let sort = sort(c);
        match sort {
            Sort::Silent => {
                if let Some(word) = open.as_mut() {
                    word.end = end;
                }
            }
            Sort::Apostrophe if open.as_ref().is_some_and(Open::is_letters) && letter_next(chars.peek()) => {
                if let Some(word) = open.as_mut() {
                    word.apostrophe = Some(word.folded.len());
                }
            }
            Sort::Letter | Sort::Digit => {
                let digit = sort == Sort::Digit;
                if open.as_ref().is_some_and(|word| word.digits != digit) {
                    close(&mut open, &mut out, &mut gap);
                }
                open.get_or_insert_with(|| Open::at(at, digit)).push(c, end);
            }
            Sort::Ideograph | Sort::Ampersand => {
                close(&mut open, &mut out, &mut gap);
                let mut word = Open::at(at, false);
                word.push(c, end);
                open = Some(word);
                close(&mut open, &mut out, &mut gap);
            }
            Sort::Dot if open.as_ref().is_some_and(Open::is_acronym) && acronym_next(&chars) => {
                if let Some(word) = open.as_mut() {
                    word.dotted = true;
                }
            }
            Sort::Dot | Sort::Apostrophe | Sort::Other => {
                close(&mut open, &mut out, &mut gap);
                note(&mut gap, c);
            }
        }
    }
    close(&mut open, &mut out, &mut gap);
    out.after = gap;
    out
}

/// A word that is being read.
struct Open {
    start: usize,
    end: usize,
    digits: bool,
    folded: String,
    overlong: bool,
    letters: usize,
    capitals: usize,
    first_capital: bool,
    /// Where in `folded` the last apostrophe stood.
    apostrophe: Option<usize>,
    /// Single letters joined by dots so far.
    dotted: bool,
}

impl Open {
    fn at(start: usize, digits: bool) -> Self {
        Self {
            start,
            end: start,
            digits,
            folded: String::new(),
            overlong: false,
            letters: 0,
            capitals: 0,
            first_capital: false,
            apostrophe: None,
            dotted: false,
        }
    }

    fn push(&mut self, c: char, end: usize) {
        self.end = end;
        self.letters += 1;
        if c.is_uppercase() {
            self.capitals += 1;
            self.first_capital |= self.letters == 1;
        }
        if self.folded.len() + 8 > WORD_BYTES {
            self.overlong = true;
        } else {
            fold(c, &mut self.folded);
        }
    }

    fn is_letters(&self) -> bool {
        !self.digits
    }

    fn is_acronym(&self) -> bool {
        !self.digits && (self.letters == 1 || self.dotted)
    }

    fn shape(&self) -> Shape {
        if self.digits {
            Shape::Digits
        } else if self.capitals == 0 {
            Shape::Lower
        } else if self.capitals == self.letters && self.letters > 1 {
            Shape::Upper
        } else if self.capitals == 1 && self.first_capital {
            Shape::Title
        } else {
            Shape::Mixed
        }
    }
}

fn close(open: &mut Option<Open>, out: &mut Tokens, gap: &mut Gap) {
    let Some(word) = open.take() else { return };
    let shape = word.shape();
    let possessive = word
        .apostrophe
        .is_some_and(|at| at + 1 == word.folded.len() && word.folded.ends_with('s'));
    let folded = if word.overlong { String::new() } else { word.folded };
    let canonical = crate::numeral::canonical(&folded);
    let word_text = if canonical == folded {
        folded
    } else {
        canonical.to_owned()
    };
    out.list.push(Token {
        start: word.start,
        end: word.end,
        word: word_text,
        possessive,
        shape,
        before: std::mem::take(gap),
    });
}

/// Appends a letter in lower case without its marks.
fn fold(c: char, to: &mut String) {
    if c.is_ascii() {
        match c {
            '&' | '+' => to.push_str("and"),
            _ => to.push(c.to_ascii_lowercase()),
        }
        return;
    }
    for plain in std::iter::once(c).nfkd().take(8).flat_map(char::to_lowercase) {
        match plain {
            'ß' => to.push_str("ss"),
            'æ' => to.push_str("ae"),
            'œ' => to.push_str("oe"),
            'ø' => to.push('o'),
            'ł' => to.push('l'),
            'đ' | 'ð' => to.push('d'),
            'ı' => to.push('i'),
            _ if plain.is_alphanumeric() && to.len() + 4 <= WORD_BYTES => to.push(plain),
            _ => {}
        }
    }
}

fn sort(c: char) -> Sort {
    match c {
        'a'..='z' | 'A'..='Z' => Sort::Letter,
        '0'..='9' => Sort::Digit,
        '&' | '+' => Sort::Ampersand,
        '\'' | '\u{2018}' | '\u{2019}' | '\u{02bc}' | '`' => Sort::Apostrophe,
        '.' | '*' => Sort::Dot,
        _ if c.is_ascii() => Sort::Other,
        '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' => Sort::Silent,
        '\u{0e00}'..='\u{0eff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}'
            if c.is_alphanumeric() =>
        {
            Sort::Ideograph
        }
        _ if is_combining_mark(c) => Sort::Silent,
        _ if c.is_numeric() => Sort::Digit,
        _ if c.is_alphanumeric() => Sort::Letter,
        _ => Sort::Other,
    }
}

fn letter_next(next: Option<&(usize, char)>) -> bool {
    next.is_some_and(|(_, c)| sort(*c) == Sort::Letter)
}

/// A single letter follows, and after it no other: the next letter of an acronym.
fn acronym_next(chars: &std::iter::Peekable<std::str::CharIndices<'_>>) -> bool {
    let mut ahead = chars.clone();
    letter_next(ahead.next().as_ref()) && !letter_next(ahead.next().as_ref())
}

fn note(gap: &mut Gap, c: char) {
    gap.any = true;
    match c {
        '\n' | '\r' | '.' | '!' | '?' | '\u{2026}' | '\u{3002}' => gap.stop = true,
        ',' | ';' | '/' | '\u{3001}' => gap.comma = true,
        '"'
        | '\u{201c}'..='\u{201f}'
        | '\u{2018}'
        | '\u{2019}'
        | '\''
        | '\u{ab}'
        | '\u{bb}'
        | '*'
        | '_'
        | '\u{300c}'..='\u{300f}' => {
            gap.quote = true;
        }
        ':' => gap.colon = true,
        '(' | '[' => gap.open = true,
        '\u{2013}'..='\u{2015}' => gap.dash = true,
        '-' => gap.dash |= gap.space,
        _ if c.is_whitespace() => gap.space = true,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).list.into_iter().map(|token| token.word).collect()
    }

    #[test]
    fn every_spelling_of_a_name_folds_to_the_same_words() {
        assert_eq!(words("Amélie & the Œuvre"), ["amelie", "and", "the", "oeuvre"]);
        assert_eq!(
            words("Rocky II rocky2 ROCKY two"),
            ["rocky", "2", "rocky", "2", "rocky", "2"]
        );
        assert_eq!(words("Ocean’s can't O'Brien"), ["oceans", "cant", "obrien"]);
        assert_eq!(
            words("E.T. R.I.P.D. M*A*S*H MASH end.Then"),
            ["et", "ripd", "mash", "mash", "end", "then"]
        );
        assert_eq!(words("七人の侍"), ["七", "人", "の", "侍"]);
        assert_eq!(words("A\u{301}\u{200b}gora"), ["agora"]);
        assert!(words("!? ...").is_empty());
    }

    #[test]
    fn shapes_gaps_and_possessives_are_kept() {
        let all = tokens("He saw \"Up\", IT and McFly's (1985)");
        let shapes: Vec<_> = all.list.iter().map(|token| token.shape).collect();
        use Shape::{Digits, Lower, Mixed, Title, Upper};
        assert_eq!(shapes, [Title, Lower, Title, Upper, Lower, Mixed, Digits]);
        assert!(all.list[2].before.quote && all.list[3].before.quote && all.list[3].before.comma);
        assert!(all.list[5].possessive && all.list[6].before.open);
    }

    #[test]
    fn an_overlong_word_is_no_word() {
        let all = tokens(&"a".repeat(200_000));
        assert_eq!(all.list.len(), 1);
        assert!(all.list[0].word.is_empty());
        assert_eq!(all.list[0].end, 200_000);
    }
}
