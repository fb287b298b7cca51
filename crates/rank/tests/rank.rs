//! What a ranking promises, on a small made-up world: two kinds of films, and people who talk of one kind at a time.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests may panic"
)]

use model::{Entropy, Facet, Facets, Mention, Sentiment, Title, TitleId};
use proptest::prelude::*;
use rank::{
    Asked, Model, ModelError, Session, Training, TrainingError, Turn, Voice, Why, is_special, randomised, rank, train,
};
use std::sync::LazyLock;

const TITLES: usize = 40;

fn id(number: usize) -> TitleId {
    TitleId(format!("t{number}"))
}

/// Even titles are of one kind, odd ones of the other; the last is never a signal.
fn catalogue() -> Vec<Title> {
    (0..TITLES)
        .map(|number| Title {
            id: id(number),
            title: format!("Title {number}"),
            year: Some(if number % 2 == 0 { 1985 } else { 2015 }),
            aliases: vec![],
            genres: match number {
                39 => vec!["Religious".into(), "Drama".into()],
                _ if number % 2 == 0 => vec!["Horror".into()],
                _ => vec!["Comedy".into()],
            },
            people: vec![format!("Actor {}", number / 4)],
        })
        .collect()
}

fn mention(number: usize) -> Mention {
    Mention {
        title: id(number),
        sentiment: Sentiment::Neutral,
    }
}

fn turn(voice: Voice, titles: &[usize], facet: Option<&str>) -> Turn {
    Turn {
        voice,
        mentions: titles.iter().map(|t| mention(*t)).collect(),
        facets: facet.and_then(Facet::named).into_iter().collect::<Facets>(),
        people: vec![],
        cues: vec![],
    }
}

fn sessions() -> Vec<Session> {
    let mut state = 9usize;
    let mut draw = move |most: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    (0..900)
        .map(|number| {
            let kind = draw(2);
            // The lower the number, the more popular.
            let mut title = || 2 * draw(19).min(draw(19)) + kind;
            let facet = ["horror", "comedy"][kind];
            Session {
                age: (900 - number) as f32 / 1_000.0,
                turns: vec![
                    turn(Voice::You, &[title()], Some(facet)),
                    turn(Voice::Someone, &[title(), title()], None),
                    turn(Voice::You, &[title()], None),
                    turn(Voice::Someone, &[title()], None),
                ],
            }
        })
        .collect()
}

static MODEL: LazyLock<Model> = LazyLock::new(|| train(&catalogue(), &sessions(), &Training::default()).unwrap());

const TEN: Asked = Asked {
    count: 10,
    again: false,
};

fn kinds(model: &Model, turns: &[Turn]) -> usize {
    let first: Vec<_> = rank(model, turns, TEN);
    first
        .iter()
        .filter(|r| r.title.0[1..].parse::<usize>().unwrap() % 2 == 0)
        .count()
}

#[test]
fn what_was_talked_of_decides_what_comes_first_and_says_so() {
    let horror = [turn(Voice::You, &[6, 8], None)];
    let comedy = [turn(Voice::You, &[7, 9], None)];
    assert!(kinds(&MODEL, &horror) >= 9, "{}", kinds(&MODEL, &horror));
    assert!(kinds(&MODEL, &comedy) <= 1, "{}", kinds(&MODEL, &comedy));
    let asked_for = [turn(Voice::You, &[], Some("horror"))];
    assert!(kinds(&MODEL, &asked_for) >= 9);
    for ranked in rank(&MODEL, &horror, TEN) {
        assert!(!ranked.why.is_empty(), "{ranked:?}");
        for why in ranked.why {
            assert!([Why::Mention(id(6)), Why::Mention(id(8))].contains(&why), "{why:?}");
        }
    }
    assert!(
        rank(&MODEL, &asked_for, TEN)[0]
            .why
            .contains(&Why::Facet(Facet::named("horror").unwrap()))
    );
    let named = [Turn {
        people: vec!["ACTOR 3".into()],
        ..turn(Voice::You, &[], None)
    }];
    let ranked = rank(&MODEL, &named, Asked { count: TITLES, ..TEN });
    let with: Vec<_> = ranked
        .iter()
        .filter(|r| r.why.contains(&Why::Person))
        .map(|r| &r.title)
        .collect();
    assert!(
        with.iter().all(|title| (12..16).any(|number| **title == id(number))),
        "{with:?}"
    );
}

#[test]
fn of_nothing_comes_what_is_popular_the_same_for_everyone() {
    let nothing = rank(&MODEL, &[], TEN);
    assert_eq!(nothing.len(), 10);
    assert!(nothing.iter().all(|ranked| ranked.why.is_empty()));
    // The five most talked of stand among the first ten.
    for number in 0..5 {
        assert!(nothing.iter().any(|ranked| ranked.title == id(number)), "{number}");
    }
    let unknown = [turn(Voice::You, &[1_000, 2_000], None)];
    let with_unknown = rank(&MODEL, &unknown, TEN);
    assert_eq!(with_unknown, nothing, "titles that nobody knows say nothing");
}

#[test]
fn what_was_mentioned_comes_again_only_if_asked_and_what_was_disliked_never_speaks() {
    let said = [turn(Voice::You, &[0, 2], None)];
    assert!(
        rank(&MODEL, &said, TEN)
            .iter()
            .all(|r| r.title != id(0) && r.title != id(2))
    );
    let again = rank(
        &MODEL,
        &said,
        Asked {
            count: TITLES,
            again: true,
        },
    );
    assert!(again.iter().any(|r| r.title == id(0)));
    let mut disliked = said;
    for mention in &mut disliked[0].mentions {
        mention.sentiment = Sentiment::Disliked;
    }
    let ranked = rank(
        &MODEL,
        &disliked,
        Asked {
            count: TITLES,
            again: true,
        },
    );
    assert!(
        ranked
            .iter()
            .all(|r| r.why.is_empty() && r.title != id(0) && r.title != id(2))
    );
}

#[test]
fn special_categories_are_never_signals_nor_ranked() {
    assert!(is_special("Religious drama") && is_special("LGBTQ") && !is_special("Comedy"));
    let special = [turn(Voice::You, &[39], None)];
    assert_eq!(rank(&MODEL, &special, TEN), rank(&MODEL, &[], TEN));
    let all = rank(
        &MODEL,
        &[turn(Voice::You, &[1, 3], None)],
        Asked {
            count: TITLES,
            again: true,
        },
    );
    assert!(all.iter().all(|ranked| ranked.title != id(39)));
}

#[test]
fn the_same_training_gives_the_same_bytes_and_the_bytes_the_same_model() {
    let again = train(&catalogue(), &sessions(), &Training::default()).unwrap();
    let bytes = MODEL.to_bytes();
    assert!(again.to_bytes() == bytes);
    assert!(Model::from_bytes(&bytes).unwrap() == *MODEL);
}

#[test]
fn hostile_bytes_are_refused_with_the_reason() {
    let bytes = MODEL.to_bytes();
    assert_eq!(Model::from_bytes(b""), Err(ModelError::NotAModel));
    assert_eq!(Model::from_bytes(b"PRIVRANK"), Err(ModelError::Damaged));
    let mut other = bytes.clone();
    other[8] = 9;
    assert_eq!(
        Model::from_bytes(&other),
        Err(ModelError::Version { found: 9, known: 1 })
    );
    for cut in [0, 12, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(Model::from_bytes(&bytes[..cut]).is_err(), "{cut}");
    }
    for place in (0..bytes.len()).step_by(bytes.len() / 97) {
        let mut changed = bytes.clone();
        changed[place] ^= 0x40;
        assert!(Model::from_bytes(&changed).is_err(), "{place}");
    }
}

/// Bytes with a right digest, whatever they say.
fn sealed(mut body: Vec<u8>) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(&body);
    body.extend_from_slice(&digest);
    body
}

#[test]
fn a_catalogue_that_cannot_be_is_refused() {
    let refused = |titles: &[Title]| train(titles, &[], &Training::default()).unwrap_err();
    assert_eq!(refused(&[]), TrainingError::Empty);
    let mut twice = catalogue();
    twice[1].id = id(0);
    assert_eq!(refused(&twice), TrainingError::DuplicateId(id(0)));
}

#[test]
fn a_catalogue_nobody_has_talked_of_yet_is_ranked_by_genres_and_years_and_its_own_order() {
    let untaught = train(&catalogue(), &[], &Training::default()).unwrap();
    let none: Vec<_> = rank(&untaught, &[], TEN).into_iter().map(|r| r.title).collect();
    assert_eq!(none, (0..10).map(id).collect::<Vec<_>>());
    // Two of the other kind have its actor.
    assert_eq!(kinds(&untaught, &[turn(Voice::You, &[6], None)]), 8);
    assert_eq!(kinds(&untaught, &[turn(Voice::You, &[], Some("comedy"))]), 0);
    assert!(Model::from_bytes(&untaught.to_bytes()).unwrap() == untaught);
}

struct Fixed(u8);

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

#[test]
fn randomised_mentions_are_kept_as_often_as_promised() {
    let said: Vec<Turn> = (0..200).map(|_| turn(Voice::You, &[11, 13, 30], None)).collect();
    let kept = |epsilon: f32| {
        let heard = randomised(&MODEL, &said, epsilon, &Fixed(5));
        assert_eq!(heard.len(), said.len());
        let same = heard.iter().map(|turn| {
            turn.mentions
                .iter()
                .zip(&said[0].mentions)
                .filter(|(a, b)| a == b)
                .count()
        });
        same.sum::<usize>() as f64 / 600.0
    };
    for epsilon in [0.5f32, 1.0, 3.0] {
        let promised = f64::from(1.0 / (1.0 + (-epsilon).exp()));
        // Another title that is drawn may be the same one, rarely.
        assert!(
            (kept(epsilon) - promised).abs() < 0.07,
            "{epsilon}: {} {promised}",
            kept(epsilon)
        );
    }
    assert!(kept(30.0) == 1.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_mentions_within_a_turn_makes_no_difference(
        mut titles in prop::collection::vec(0usize..60, 0..6), count in 0usize..60, again: bool,
    ) {
        let asked = Asked { count, again };
        let one = rank(&MODEL, &[turn(Voice::You, &titles, Some("horror"))], asked);
        titles.reverse();
        let other = rank(&MODEL, &[turn(Voice::You, &titles, Some("horror"))], asked);
        prop_assert_eq!(&one, &other);
        prop_assert!(one.len() <= count);
        prop_assert!(one.windows(2).all(|pair| pair[0].score >= pair[1].score));
        let mut seen: Vec<_> = one.iter().map(|r| &r.title).collect();
        seen.sort();
        seen.dedup();
        prop_assert_eq!(seen.len(), one.len());
    }

    #[test]
    fn no_bytes_make_a_reader_panic(
        places in prop::collection::vec((0usize..1_000_000, any::<u8>()), 1..6), cut in 0usize..1_000_000,
    ) {
        let whole = MODEL.to_bytes();
        let mut body = whole[..whole.len() - 32].to_vec();
        for (place, byte) in places {
            let place = 12 + place % (body.len() - 12);
            body[place] = byte;
        }
        if cut % 3 == 0 {
            body.truncate(12 + cut % (body.len() - 12));
        }
        if let Ok(model) = Model::from_bytes(&sealed(body)) {
            rank(&model, &[turn(Voice::You, &[1, 2], Some("comedy"))], TEN);
        }
    }
}
