//! Which kinds of title a message speaks of, and which people of a catalogue: found on the platform, like titles.

use crate::token;
use model::{Facet, Facets, Title};
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

/// Words and phrases for each facet; `*` stands for any ending. English only.
const WORDS: &[(&str, &str)] = &[
    (
        "horror",
        "horror*|scary|scarey|scare|scared|creepy|frightening|terrifying|spooky|slasher*",
    ),
    (
        "comedy",
        "comedy|comedies|comedic|funny|funnier|funniest|hilarious|laugh*|humor*|humour*|goofy|silly|rom com*|romcom*",
    ),
    ("action", "action|actions|explosion*|fight*"),
    ("romance", "romance*|romantic*|rom com*|romcom*|love stor*|chick flick*"),
    ("drama", "drama*|tear jerker*"),
    ("scifi", "sci fi|scifi|science fiction|futuristic|space|alien*"),
    (
        "thriller",
        "thriller*|suspense*|thrilling|psychological|mind bending|twist|twists",
    ),
    ("animation", "animat*|cartoon*|anime|pixar"),
    ("family", "kid|kids|child|children*|family|families|daughter*|son|sons"),
    ("fairytale", "disney|pixar|princess*|fairy tale*"),
    (
        "superhero",
        "super hero*|superhero*|marvel|comic book*|comics|dc|avengers",
    ),
    ("war", "war|wars|military|army|soldier*|ww1|ww2|wwii"),
    ("western", "western|westerns|cowboy*"),
    ("music", "musical*|music|singing|song|songs|dance|dancing"),
    ("documentary", "documentar*"),
    (
        "crime",
        "crime*|gangster*|mafia|mob|heist*|cop|cops|police|detective*|robber*|drugs",
    ),
    ("mystery", "myster*|whodunit|detective*"),
    ("fantasy", "fantas*|magic*|wizard*|dragon*|fairy tale*"),
    ("adventure", "adventur*|pirate*|treasure"),
    ("history", "histor*|period|true stor*|real life|biograph*|biopic*"),
    (
        "sport",
        "sport*|football|baseball|basketball|boxing|hockey|soccer|racing",
    ),
    ("classic", "classic*|old|older|oldie*|vintage|black and white"),
    (
        "new",
        "new|newer|newest|recent|recently|latest|theater*|theatre*|cinema*",
    ),
    ("eighties", "80s|eighties|1980s"),
    ("nineties", "90s|nineties|1990s"),
    ("martial", "martial art*|kung fu|karate|ninja*"),
    ("monster", "zombie*|vampire*|monster*|werewol*"),
    ("christmas", "christmas|holiday*"),
    ("parody", "parod*|spoof*|satire*|stupid|dumb|raunchy|stoner"),
    ("gore", "gore|gory|blood*|slasher*|violen*"),
    ("dark", "dark|disturbing|intense|twisted"),
    ("sad", "sad|cry|cried|emotional|touching|moving"),
    (
        "inspiring",
        "inspir*|uplift*|feel good|heart warming|heartwarming|motivat*",
    ),
    ("book", "book|books|novel*"),
    ("spy", "spy|spies|bond|espionage"),
    (
        "foreign",
        "foreign|subtitle*|french|korean|japanese|indian|bollywood|spanish",
    ),
    (
        "ghost",
        "ghost*|haunted|paranormal|supernatural|possess*|exorcis*|demon*",
    ),
    ("teen", "teen|teens|teenage*|high school|college"),
    ("series", "sequel*|trilog*|franchise*|series"),
    ("animal", "dog|dogs|animal*|shark*|dinosaur*|cat|cats"),
    ("cars", "car|cars|fast|racing"),
    ("real", "true stor*|real|based on"),
    ("light", "lighthearted|light hearted|fun|light|happy|cute|sweet"),
];

/// A phrase: its words after the first, whether the last may go on, and what it stands for.
struct Phrase {
    rest: Vec<&'static str>,
    open: bool,
    facet: Facet,
}

/// Phrases by their first word, and single stems.
struct Lexicon {
    first: HashMap<&'static str, Vec<Phrase>>,
    stems: HashMap<&'static str, Vec<Facet>>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let (mut first, mut stems): (HashMap<_, Vec<_>>, HashMap<_, Vec<_>>) = Default::default();
    for (name, phrases) in WORDS {
        let Some(facet) = Facet::named(name) else { continue };
        for phrase in phrases.split('|') {
            let open = phrase.ends_with('*');
            let mut words = phrase.trim_end_matches('*').split(' ');
            let Some(head) = words.next() else { continue };
            let rest: Vec<_> = words.collect();
            if rest.is_empty() && open {
                stems.entry(head).or_default().push(facet);
            } else {
                first.entry(head).or_default().push(Phrase { rest, open, facet });
            }
        }
    }
    Lexicon { first, stems }
});

/// Which facets a message speaks of.
pub fn facets(text: &str) -> Facets {
    let tokens = token::tokens(text);
    let words: Vec<&str> = tokens.list.iter().map(|token| token.word.as_str()).collect();
    let mut found = Facets::default();
    for (at, word) in words.iter().enumerate() {
        for phrase in LEXICON.first.get(word).into_iter().flatten() {
            let after = words.iter().skip(at + 1);
            let mut pairs = phrase.rest.iter().zip(after.clone()).enumerate();
            let last = phrase.rest.len().saturating_sub(1);
            let same = |(place, (known, said)): (usize, (&&str, &&str))| match phrase.open && place == last {
                true => said.starts_with(known),
                false => said == known,
            };
            if after.len() >= phrase.rest.len() && pairs.all(same) {
                found = found.with(phrase.facet);
            }
        }
        for end in 3..=word.len() {
            let stem = word.get(..end).and_then(|stem| LEXICON.stems.get(stem));
            found = stem
                .into_iter()
                .flatten()
                .fold(found, |found, facet| found.with(*facet));
        }
    }
    found
}

/// The people of a catalogue, to be found by their full names.
#[derive(Debug, Default)]
pub struct People {
    by_words: HashMap<Vec<String>, String>,
    longest: usize,
}

impl People {
    /// Of the names in a catalogue; single words are left out, since they are mostly something else.
    pub fn of(titles: &[Title]) -> Self {
        let names: BTreeSet<&String> = titles.iter().flat_map(|title| &title.people).collect();
        let mut people = Self::default();
        for name in names {
            let words: Vec<String> = token::tokens(name).list.into_iter().map(|token| token.word).collect();
            if words.len() > 1 {
                people.longest = people.longest.max(words.len());
                people.by_words.entry(words).or_insert_with(|| name.clone());
            }
        }
        people
    }

    /// Whom a message names, as the catalogue writes the name; each once, in order of names.
    pub fn named(&self, text: &str) -> Vec<String> {
        let words: Vec<String> = token::tokens(text).list.into_iter().map(|token| token.word).collect();
        let mut found = BTreeSet::new();
        for count in 2..=self.longest.min(4) {
            found.extend(words.windows(count).filter_map(|window| self.by_words.get(window)));
        }
        found.into_iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::TitleId;

    fn names(text: &str) -> Vec<&'static str> {
        facets(text).iter().map(Facet::name).collect()
    }

    #[test]
    fn facets_are_found_by_word_phrase_and_stem() {
        assert_eq!(names("Something SCARY, like those sci-fi films?"), ["horror", "scifi"]);
        assert_eq!(names("an eighties rom-com"), ["comedy", "romance", "eighties"]);
        assert_eq!(names("science is hard. we award it"), Vec::<&str>::new());
        assert_eq!(names("romantically"), ["romance"]);
        assert_eq!(names("science"), Vec::<&str>::new());
        for (name, _) in WORDS {
            assert!(Facet::named(name).is_some(), "{name}");
        }
        assert_eq!(WORDS.len(), Facet::COUNT);
    }

    #[test]
    fn people_are_found_by_their_full_names() {
        let title = Title {
            id: TitleId("1".into()),
            title: "x".into(),
            year: None,
            aliases: vec![],
            genres: vec![],
            people: vec!["Penélope Cruz".into(), "Cher".into(), "Billy Bob Thornton".into()],
        };
        let people = People::of(&[title]);
        assert_eq!(
            people.named("penelope cruz at her best, with billy bob thornton"),
            ["Billy Bob Thornton", "Penélope Cruz"]
        );
        assert!(people.named("cher; penelope, cruz control? no").len() <= 1);
        assert!(people.named("").is_empty());
    }
}
