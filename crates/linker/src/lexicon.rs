//! Plain English words: how common they are, and what their standing beside a title says.
//!
//! The lists were written for this crate. They name no title and count nothing.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What is known of a word; a set of the constants below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cues(u32);

impl Cues {
    /// Function words and others that stand in any sentence (`it`, `up`, `saw`).
    pub(crate) const FUNCTION: Self = Self(1);
    /// Ordinary words (`frozen`, `heat`).
    pub(crate) const ORDINARY: Self = Self(1 << 1);
    /// Seeing a film (`watched`, `seen`).
    pub(crate) const WATCH: Self = Self(1 << 2);
    /// Holding it dear or not (`loved`, `hate`).
    pub(crate) const LIKE: Self = Self(1 << 3);
    /// Words for a film (`movie`, `called`).
    pub(crate) const FILM: Self = Self(1 << 4);
    /// Bringing one up (`suggest`, `about`, `try`).
    pub(crate) const SUGGEST: Self = Self(1 << 5);
    /// Joining two (`and`, `or`).
    pub(crate) const LIST: Self = Self(1 << 6);
    /// What a sentence says of a film next (`is`, `was`, `with`).
    pub(crate) const COPULA: Self = Self(1 << 7);
    /// Words that a phrase of running text goes on after (`a`, `my`, `very`).
    pub(crate) const DETERMINER: Self = Self(1 << 8);
    /// An article.
    pub(crate) const ARTICLE: Self = Self(1 << 9);
    /// Praise.
    pub(crate) const PRAISE: Self = Self(1 << 10);
    /// Blame.
    pub(crate) const BLAME: Self = Self(1 << 11);
    /// Turns praise into blame.
    pub(crate) const NEGATION: Self = Self(1 << 12);
    /// The later of two namesakes (`new`, `remake`).
    pub(crate) const NEWER: Self = Self(1 << 13);
    /// The earlier (`old`, `original`).
    pub(crate) const OLDER: Self = Self(1 << 14);
    /// Starts a new thought: sentiment does not reach across (`but`, `because`).
    pub(crate) const TURN: Self = Self(1 << 15);
    /// Says that praise is not (yet) one's own (`would`, `if`, `want`).
    pub(crate) const UNREAL: Self = Self(1 << 16);
    /// The speaker (`i`, `we`).
    pub(crate) const SPEAKER: Self = Self(1 << 17);
    /// Praise only when denied (`not into`, `did not care for`).
    pub(crate) const FOND: Self = Self(1 << 19);
    /// Compares: what follows is the measure, not what is praised (`better than …`, `as good as …`).
    pub(crate) const COMPARE: Self = Self(1 << 20);
    /// Asks for more of the kind (`looking for something like …`).
    pub(crate) const SEEK: Self = Self(1 << 21);
    /// Having seen a film: praise before it is of something else.
    pub(crate) const SEEN: Self = Self(1 << 22);
    /// The one spoken to (`you`).
    pub(crate) const ADDRESSEE: Self = Self(1 << 18);

    /// Any of `other` is here.
    pub(crate) fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both sets.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// A plain English word of either list.
    pub(crate) fn common(self) -> bool {
        self.any(Self::FUNCTION.and(Self::ORDINARY))
    }
}

const LISTS: &[(Cues, &str)] = &[
    (Cues::FUNCTION, include_str!("words/function.txt")),
    (Cues::ORDINARY, include_str!("words/ordinary.txt")),
    (
        Cues::WATCH,
        "see sees saw seen seeing watch watches watched watching rewatch rewatched catch caught rent rented check",
    ),
    (
        Cues::LIKE,
        "like likes liked love loves loved enjoy enjoys enjoyed enjoying hate hated hates dislike disliked prefer adore adored favorite favourite favorites fav fan into",
    ),
    (
        Cues::FILM,
        "movie movies film films flick flicks called titled named title sequel remake version show series trilogy",
    ),
    (
        Cues::SUGGEST,
        "recommend recommended suggest suggested try tried about maybe perhaps heard mean meant thinking remember how",
    ),
    (Cues::LIST, "and or also plus then & both"),
    (
        Cues::COPULA,
        "is was are were has had with starring by from directed isnt wasnt as when because but too that if it in",
    ),
    (
        Cues::DETERMINER,
        "a an this these those my your his her their our some any no every of to very so really not is was are be been more most he she we they you",
    ),
    (Cues::ARTICLE, "a an the"),
    (
        Cues::PRAISE,
        "love loves loved loving like liked likes enjoy enjoys enjoyed enjoying adore adored great good awesome amazing excellent fantastic \
         wonderful favorite favourite favorites favs fav faves best brilliant hilarious funny funniest fun cool perfect fan beautiful recommend recommended classic epic \
         masterpiece incredible superb terrific solid outstanding touching thrilling fascinating underrated gem favourites loveable cute sweet phenomenal nice",
    ),
    (
        Cues::BLAME,
        "hate hated hates hating dislike disliked dislikes boring bored awful terrible bad worst worse horrible stupid dumb disappointing disappointed disappointment \
         overrated suck sucks sucked lame dull waste annoying crap crappy meh trash garbage ridiculous pointless disgusting cringe gross overhyped unfunny weak lousy dreadful",
    ),
    (
        Cues::NEGATION,
        "not no never didnt dont doesnt isnt wasnt werent arent cant couldnt wouldnt wont shouldnt hardly barely nothing neither nor aint without least",
    ),
    (Cues::NEWER, "new newer newest latest remake recent reboot"),
    (Cues::OLDER, "old older oldest original classic"),
    (Cues::TURN, "but though although however because since except"),
    (
        Cues::UNREAL,
        "would will could should might if want wanted wants hope hopefully wish looking id ill youd youll try trying need going gonna sounds looks heard",
    ),
    (Cues::FOND, "into care interested thing cup keen impressed crazy"),
    (Cues::COMPARE, "than as"),
    (
        Cues::SEEK,
        "looking recommend suggest find similar along want something anything",
    ),
    (Cues::SEEN, "saw seen watched"),
    (Cues::SPEAKER, "i im ive id ill we weve me my"),
    (Cues::ADDRESSEE, "you youd youll your youre u"),
];

static WORDS: LazyLock<HashMap<&'static str, Cues>> = LazyLock::new(|| {
    let mut words = HashMap::new();
    for (cue, list) in LISTS {
        for word in list.split_whitespace() {
            let known: &mut Cues = words.entry(crate::numeral::canonical(word)).or_default();
            *known = known.and(*cue);
        }
    }
    words
});

/// Every listed word in its canonical spelling, in no order.
pub(crate) fn words() -> impl Iterator<Item = (&'static str, Cues)> {
    WORDS.iter().map(|(word, cues)| (*word, *cues))
}

/// What is known of a folded word, its regular inflections included (`agents`, `boxing`, `gladly`).
pub(crate) fn cues(word: &str) -> Cues {
    if let Some(known) = WORDS.get(word) {
        return *known;
    }
    let single = word.chars().nth(1).is_none();
    let number = word.bytes().all(|b| b.is_ascii_digit());
    if single || number && word.len() < 3 {
        return Cues::FUNCTION;
    }
    if number || inflected(word) {
        Cues::ORDINARY
    } else {
        Cues::default()
    }
}

fn inflected(word: &str) -> bool {
    const ENDINGS: &[(&str, &str)] = &[
        ("ies", "y"),
        ("ied", "y"),
        ("ily", "y"),
        ("iest", "y"),
        ("ier", "y"),
        ("ing", "e"),
        ("ing", ""),
        ("ness", ""),
        ("ers", ""),
        ("ers", "e"),
        ("ed", ""),
        ("ed", "e"),
        ("es", ""),
        ("est", ""),
        ("est", "e"),
        ("er", ""),
        ("er", "e"),
        ("ly", ""),
        ("y", ""),
        ("s", ""),
    ];
    ENDINGS.iter().any(|(ending, instead)| {
        let Some(stem) = word.strip_suffix(ending).filter(|stem| stem.len() >= 3) else {
            return false;
        };
        if instead.is_empty() {
            WORDS.contains_key(stem) || undoubled(stem).is_some_and(|once| WORDS.contains_key(once))
        } else {
            WORDS.contains_key(format!("{stem}{instead}").as_str())
        }
    })
}

/// `stopp` without its second `p`.
fn undoubled(stem: &str) -> Option<&str> {
    let once = stem.strip_suffix(|c: char| c.is_ascii_lowercase())?;
    (once.len() >= 3 && once.as_bytes().last() == stem.as_bytes().last()).then_some(once)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_and_their_inflections_are_known_and_rare_ones_are_not() {
        for word in [
            "it", "heat", "agents", "boxing", "gladly", "funnier", "stopped", "7", "42", "300", "2", "x",
        ] {
            assert!(cues(word).common(), "{word}");
        }
        for word in ["inception", "shrek", "titanic", "goodfellas", "zootopia"] {
            assert!(!cues(word).common(), "{word}");
        }
        assert!(cues("2").any(Cues::FUNCTION) && !cues("300").any(Cues::FUNCTION));
        assert!(cues("not").any(Cues::NEGATION) && cues("loved").any(Cues::PRAISE.and(Cues::LIKE)));
    }
}
