//! What people write, and what must be found in it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs
)]

use linker::{CatalogueError, Limits, Linker, Namesakes};
use model::{Mention, Sentiment, Title, TitleId};
use proptest::prelude::*;
use std::sync::LazyLock;

fn title(id: &str, name: &str, year: Option<u16>) -> Title {
    Title {
        id: TitleId(id.into()),
        title: name.into(),
        year,
        aliases: Vec::new(),
        genres: Vec::new(),
        people: Vec::new(),
    }
}

static CATALOGUE: LazyLock<Vec<Title>> = LazyLock::new(|| {
    let mut all = vec![
        title("rocky2", "Rocky II", Some(1979)),
        title("rocky5", "Rocky V", Some(1990)),
        title("godfather", "The Godfather", Some(1972)),
        title("godfather2", "The Godfather Part II", Some(1974)),
        title("spider", "Spider-Man", Some(2002)),
        title("deadpool", "Deadpool", Some(2016)),
        title("amelie", "Amélie", Some(2001)),
        title("borat", "Borat: Cultural Learnings of America", Some(2006)),
        title("starwars4", "Star Wars: A New Hope", Some(1977)),
        title("starwars5", "Star Wars: The Empire Strikes Back", Some(1980)),
        title("pride", "Pride & Prejudice", Some(2005)),
        title("shining", "The Shining", Some(1980)),
        title("it", "It", Some(2017)),
        title("it1990", "It", Some(1990)),
        title("her", "Her", Some(2013)),
        title("up", "Up", Some(2009)),
        title("good", "Good", Some(2008)),
        title("heat", "Heat", Some(1995)),
        title("theheat", "The Heat", Some(2013)),
        title("others", "The Others", Some(2001)),
        title("inception", "Inception", Some(2010)),
        title("titanic", "Titanic", Some(1997)),
        title("et", "E.T.", Some(1982)),
        title("samurai", "七人の侍", Some(1954)),
        title("brother", "Брат", Some(1997)),
        title("1984", "1984", Some(1984)),
    ];
    all.push(Title {
        aliases: vec!["LOTR".into()],
        ..title("ring", "The Lord of the Rings", Some(2001))
    });
    all
});

static LINKER: LazyLock<Linker> = LazyLock::new(|| Linker::build(&CATALOGUE).unwrap());

fn found(text: &str) -> Vec<String> {
    LINKER
        .mentions(text)
        .into_iter()
        .map(|mention| mention.title.0)
        .collect()
}

#[track_caller]
fn finds(text: &str, ids: &[&str]) {
    assert_eq!(found(text), ids, "{text}");
}

#[test]
fn case_and_year_do_not_matter() {
    finds("have you seen inception?", &["inception"]);
    finds("INCEPTION WAS GREAT", &["inception"]);
    finds("I loved Inception (2010)", &["inception"]);
}

#[test]
fn articles_may_come_and_go() {
    finds("I watched The Shining last night", &["shining"]);
    finds("have you seen Shining?", &["shining"]);
    finds("I loved the Titanic", &["titanic"]);
    finds("have you seen The Heat?", &["theheat"]);
    finds("have you seen Heat?", &["heat"]);
}

#[test]
fn numerals_and_their_words_are_one() {
    for text in ["I like Rocky II", "i like rocky 2", "I like Rocky Two", "I like rocky2"] {
        finds(text, &["rocky2"]);
    }
    finds("have you seen rocky 5", &["rocky5"]);
    finds("I loved the godfather 2", &["godfather2"]);
    finds("I loved The Godfather Part 2", &["godfather2"]);
}

#[test]
fn spaces_hyphens_and_punctuation_do_not_matter() {
    for text in [
        "have you seen Spider-Man?",
        "have you seen spiderman",
        "have you seen Spider Man",
    ] {
        finds(text, &["spider"]);
    }
    finds("I loved dead pool", &["deadpool"]);
    finds("we watched ET", &["et"]);
    finds("we watched E.T.", &["et"]);
}

#[test]
fn accents_and_ampersands_do_not_matter() {
    finds("I loved Amelie", &["amelie"]);
    finds("I loved AMÉLIE", &["amelie"]);
    finds("I loved Ame\u{301}lie", &["amelie"]);
    finds("pride and prejudice was lovely", &["pride"]);
}

#[test]
fn a_subtitle_may_be_dropped_if_that_is_unambiguous() {
    finds("have you seen Borat?", &["borat"]);
    finds("have you seen Star Wars?", &[]);
    finds("have you seen Star Wars: The Empire Strikes Back?", &["starwars5"]);
    finds("have you seen Star Wars (1977)?", &["starwars4"]);
}

#[test]
fn a_typing_error_in_a_long_word_is_forgiven() {
    for text in [
        "I loved Inceptoin",
        "I loved Incepton",
        "I loved Incepption",
        "I loved Incebtion",
    ] {
        finds(text, &["inception"]);
    }
    finds("I loved Incpetoin", &[]);
    finds("I love the otters", &[]);
}

#[test]
fn an_alias_is_a_name() {
    finds("have you seen LOTR?", &["ring"]);
    finds("have you seen the lord of the rings?", &["ring"]);
}

#[test]
fn namesakes_are_told_apart_by_year_then_words_then_the_rule() {
    finds("have you seen It (1990)?", &["it1990"]);
    finds("have you seen It from 1990?", &["it1990"]);
    finds("I saw the 2017 It movie", &["it"]);
    let listed = Limits {
        namesakes: Namesakes::ListedFirst,
        ..Limits::default()
    };
    let titles = [title("old", "Jumanji", Some(1995)), title("new", "Jumanji", Some(2017))];
    let first = Linker::build_within(&titles, &listed).unwrap();
    let newest = Linker::build(&titles).unwrap();
    let one = |linker: &Linker, text: &str| linker.mentions(text)[0].title.0.clone();
    assert_eq!(one(&first, "I saw Jumanji"), "old");
    assert_eq!(one(&newest, "I saw Jumanji"), "new");
    assert_eq!(one(&newest, "I saw the old Jumanji"), "old");
    assert_eq!(one(&first, "I saw the new Jumanji"), "new");
}

#[test]
fn common_words_are_titles_only_where_something_says_so() {
    for text in [
        "it was a good one, I liked it",
        "I told her to look it up",
        "what's up with the others?",
        "It is too hot, turn down the heat",
        "Good to hear",
    ] {
        finds(text, &[]);
    }
    finds("have you seen the movie Her?", &["her"]);
    finds("we watched Up and Titanic", &["titanic", "up"]);
    finds("I saw \"It\" yesterday", &["it"]);
}

#[test]
fn a_year_beside_a_title_is_no_title() {
    finds("I loved Rocky II (1984)", &["rocky2"]);
    finds("I loved The Shining (1980) and E.T. (1982)", &["et", "shining"]);
    let titles = [title("a", "Ghostbusters", Some(1984)), title("b", "1984", Some(1984))];
    let both = Linker::build(&titles).unwrap();
    assert_eq!(both.mentions("I loved Ghostbusters (1984)").len(), 1);
}

#[test]
fn other_scripts_are_found() {
    finds("昨日七人の侍を見た", &["samurai"]);
    finds("Я смотрел «Брат» вчера", &["brother"]);
}

#[test]
fn a_title_is_reported_once_with_the_last_thing_said() {
    let of = |text: &str| LINKER.mentions(text);
    let mention = |id: &str, sentiment| Mention {
        title: TitleId(id.into()),
        sentiment,
    };
    assert_eq!(
        of("Inception? I hated Inception"),
        [mention("inception", Sentiment::Disliked)]
    );
    assert_eq!(
        of("I loved Titanic but Inception was boring"),
        [
            mention("inception", Sentiment::Disliked),
            mention("titanic", Sentiment::Liked)
        ]
    );
}

#[test]
fn spans_mark_the_name_in_the_text() {
    let text = "Ünd: I loved “The Shining” and amélie!";
    let marked: Vec<_> = LINKER
        .spans(text)
        .into_iter()
        .map(|span| text[span.start..span.end].to_owned())
        .collect();
    assert_eq!(marked, ["The Shining", "amélie"]);
}

#[test]
fn a_faulty_catalogue_is_refused_by_name() {
    let refused = |titles: &[Title]| Linker::build(titles).unwrap_err();
    let twice = [title("a", "Inception", None), title("a", "Titanic", None)];
    assert_eq!(
        refused(&twice),
        CatalogueError::DuplicateId {
            id: TitleId("a".into())
        }
    );
    assert_eq!(refused(&twice).to_string(), "the id `a` is given to two titles");
    assert!(matches!(
        refused(&[title("a", "", None)]),
        CatalogueError::NameLength { found: 0, .. }
    ));
    assert!(matches!(
        refused(&[title("a", &"a".repeat(201), None)]),
        CatalogueError::NameLength { found: 201, .. }
    ));
    assert!(matches!(
        refused(&[title("a", "...", None)]),
        CatalogueError::NameWithoutWord { .. }
    ));
    assert!(matches!(
        refused(&[title("", "Up", None)]),
        CatalogueError::IdLength {
            number: 1,
            found: 0,
            ..
        }
    ));
    let aliases = vec!["x".to_owned(); 21];
    let many = Title {
        aliases,
        ..title("a", "Up", None)
    };
    assert!(matches!(
        refused(&[many]),
        CatalogueError::TooManyAliases {
            found: 21,
            most: 20,
            ..
        }
    ));
    let limits = Limits {
        titles: 1,
        ..Limits::default()
    };
    let two = [title("a", "Up", None), title("b", "It", None)];
    assert_eq!(
        Linker::build_within(&two, &limits).unwrap_err(),
        CatalogueError::TooManyTitles { found: 2, most: 1 }
    );
    assert!(Linker::build(&[]).unwrap().mentions("Inception").is_empty());
}

/// Titles that are all prefixes of each other, and texts made to walk them all.
#[test]
fn hostile_catalogues_and_texts_end_soon() {
    let letters = (1..=200).map(|n| title(&n.to_string(), &"a".repeat(n), None));
    let words = (1..=100).map(|n| title(&format!("w{n}"), "b ".repeat(n).trim_end(), None));
    let titles: Vec<_> = letters.chain(words).collect();
    let linker = Linker::build(&titles).unwrap();
    let clock = std::time::Instant::now();
    for text in [
        "a".repeat(200_000),
        "b ".repeat(20_000),
        "aaaaa ".repeat(10_000),
        "aaaaab ".repeat(10_000),
        "b b. ".repeat(10_000),
    ] {
        for span in linker.spans(&text) {
            assert!(span.start < span.end && span.end <= text.len());
        }
    }
    let long = "I saw Inception and Titnaic with her. ".repeat(27_000);
    assert!(long.len() > 1_000_000);
    let spans = LINKER.spans(&long);
    assert_eq!(spans.len(), 54_000);
    // Linear work takes a second or two even without optimisation; anything else takes hours.
    assert!(clock.elapsed().as_secs() < 120, "{:?}", clock.elapsed());
}

/// Twice the text takes about twice the work: counted in found spans, which must double exactly.
#[test]
fn a_doubled_text_has_doubled_spans() {
    let text = "I loved Inception. We watched the shining! ";
    let one = LINKER.spans(text).len();
    assert_eq!(one, 2);
    assert_eq!(LINKER.spans(&text.repeat(64)).len(), 64 * one);
}

fn texts() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        any::<String>(),
        Just("The Godfather".to_owned()),
        Just("amélie".to_owned()),
        Just("it".to_owned()),
        Just("inceptoin".to_owned()),
        Just("Rocky II (1979)".to_owned()),
        Just("\"Up\"".to_owned()),
        Just("loved".to_owned()),
        Just("七人の侍".to_owned()),
        "[a-zA-Z'’.:&0-9 ]{0,12}",
    ];
    prop::collection::vec(word, 0..12).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn any_text_gives_spans_within_it_and_mentions_of_the_catalogue(text in texts()) {
        let spans = LINKER.spans(&text);
        let mut last = 0;
        for span in &spans {
            prop_assert!(last <= span.start && span.start < span.end && span.end <= text.len());
            prop_assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end));
            prop_assert!((0.0..=1.0).contains(&span.score));
            prop_assert!(CATALOGUE.iter().any(|title| title.id == span.title));
            last = span.end;
        }
        let mentions = LINKER.mentions(&text);
        let mut ids: Vec<_> = spans.iter().map(|span| span.title.clone()).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(mentions.iter().map(|mention| mention.title.clone()).collect::<Vec<_>>(), ids);
        prop_assert_eq!(mentions, LINKER.mentions(&text));
    }

    #[test]
    fn any_catalogue_is_built_or_refused_and_a_built_one_finds_its_quoted_titles(names in prop::collection::vec(any::<String>(), 1..8)) {
        let titles: Vec<_> = names.iter().enumerate().map(|(at, name)| title(&at.to_string(), name, None)).collect();
        if let Ok(linker) = Linker::build(&titles) {
            for name in &names {
                for span in linker.spans(&format!("I saw \"{name}\" and loved it")) {
                    prop_assert!(titles.iter().any(|title| title.id == span.title));
                }
            }
        }
    }

    #[test]
    fn one_linker_built_twice_answers_the_same(text in texts()) {
        let again = Linker::build(&CATALOGUE).unwrap();
        prop_assert_eq!(again.spans(&text), LINKER.spans(&text));
    }
}
