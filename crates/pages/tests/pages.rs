//! What holds for every sample of every page.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs
)]

mod markup;

use markup::{Tag, classes, parse};
use std::collections::BTreeSet;

/// Pages an auditor or a partner's developer reads; all others are for people.
const EXPERT: [&str; 7] = [
    "register",
    "agreement",
    "diff",
    "reports",
    "report",
    "ledger",
    "receipt",
];

/// Words no page for people uses.
const JARGON: [&str; 26] = [
    "oauth",
    "scope",
    "grant",
    "grant_id",
    "disclosure",
    "disclosed",
    "counterparty",
    "counterparties",
    "token",
    "api",
    "json",
    "endpoint",
    "client",
    "hash",
    "merkle",
    "payload",
    "metadata",
    "withheld",
    "envelope",
    "fields",
    "purpose",
    "consent",
    "revoke",
    "revoked",
    "http",
    "csrf",
];

fn gallery() -> Vec<(String, String)> {
    pages::gallery().unwrap()
}

/// The last sample of a page is hostile in every text.
fn hostile() -> Vec<(String, String)> {
    let all = gallery();
    let page = |name: &str| name.rsplit_once('-').unwrap().0.to_owned();
    (0..all.len())
        .filter(|at| all.get(at + 1).is_none_or(|next| page(&next.0) != page(&all[*at].0)))
        .map(|at| all[at].clone())
        .collect()
}

fn all_but_hostile() -> Vec<(String, String)> {
    let hostile: BTreeSet<String> = hostile().into_iter().map(|(name, _)| name).collect();
    gallery()
        .into_iter()
        .filter(|(name, _)| !hostile.contains(name))
        .collect()
}

#[test]
fn every_page_has_samples_and_a_hostile_one() {
    assert!(gallery().len() >= 45);
    assert_eq!(hostile().len(), 20);
    for (name, page) in hostile() {
        assert!(page.contains("&lt;script&gt;"), "{name} is not hostile");
    }
}

#[test]
fn every_page_is_well_formed_and_made_of_known_parts_only() {
    for (name, page) in gallery() {
        // Fails on a tag left open, an unknown element or attribute, a duplicate attribute or a block in a paragraph.
        let tags = parse(&name, &page);
        let once = |element: &str| tags.iter().filter(|t| t.name == element).count();
        for element in ["html", "head", "title", "main", "h1", "header", "footer"] {
            assert_eq!(once(element), 1, "{name}: {element}");
        }
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"), "{name}");
        for not in ["<script", "style=", "javascript:", "http-equiv", "{{", "{%"] {
            assert!(!page.contains(not), "{name} has {not}");
        }
    }
}

#[test]
fn foreign_text_cannot_rearrange_a_page() {
    for (name, page) in hostile() {
        assert!(
            !page
                .chars()
                .any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\0')),
            "{name}"
        );
        // Each `&lt;` a person typed is shown as typed.
        assert!(page.contains("&amp;lt;"), "{name}");
    }
}

#[test]
fn every_control_has_a_label_and_every_reference_a_target() {
    for (name, page) in gallery() {
        let tags = parse(&name, &page);
        let mut ids = BTreeSet::new();
        for id in tags.iter().filter_map(|t| t.get("id")) {
            assert!(ids.insert(id), "{name}: two elements have the id {id}");
        }
        let labelled: BTreeSet<&str> = tags
            .iter()
            .filter(|t| t.name == "label")
            .map(|t| t.get("for").unwrap())
            .collect();
        for tag in &tags {
            let hidden = matches!(tag.get("type"), Some("hidden"));
            if matches!(tag.name.as_str(), "input" | "select" | "textarea") && !hidden {
                assert!(
                    tag.get("id").is_some_and(|id| labelled.contains(id)),
                    "{name}: {tag:?} has no label"
                );
            }
            for reference in ["aria-labelledby", "aria-describedby", "for"] {
                for id in tag.get(reference).unwrap_or_default().split_whitespace() {
                    assert!(ids.contains(id), "{name}: {reference} of {tag:?}");
                }
            }
            if tag.name == "svg" {
                assert!(
                    tag.get("aria-hidden") == Some("true")
                        || (tag.get("role") == Some("img") && tag.get("aria-labelledby").is_some()),
                    "{name}: {tag:?}"
                );
            }
            if tag.get("tabindex") == Some("0") {
                assert!(
                    tag.get("role") == Some("region") && tag.get("aria-label").is_some(),
                    "{name}: {tag:?}"
                );
            }
        }
    }
}

#[test]
fn every_form_says_how_where_and_who() {
    let mut forms = 0;
    for (name, page) in gallery() {
        let tags = parse(&name, &page);
        for (at, form) in tags.iter().enumerate().filter(|(_, t)| t.name == "form") {
            forms += 1;
            assert_eq!(form.get("method"), Some("post"), "{name}");
            assert!(form.get("action").unwrap().starts_with('/'), "{name}");
            let inside = tags[at + 1..].iter().take_while(|t| t.depth > form.depth);
            let inside: Vec<&Tag> = inside.collect();
            assert!(
                inside
                    .iter()
                    .any(|t| t.get("name") == Some("csrf") && t.get("type") == Some("hidden")),
                "{name}"
            );
            assert!(
                inside
                    .iter()
                    .filter(|t| t.name == "button")
                    .all(|t| t.get("type") == Some("submit")),
                "{name}"
            );
            assert!(inside.iter().any(|t| t.name == "button"), "{name}");
        }
    }
    assert!(forms > 60);
}

#[test]
fn every_link_stays_here() {
    for (name, page) in all_but_hostile() {
        for tag in parse(&name, &page) {
            for target in [tag.get("href"), tag.get("action"), tag.get("formaction")]
                .into_iter()
                .flatten()
            {
                assert!(
                    target.starts_with(['/', '#']) && !target.starts_with("//")
                        || target == "https://c2sp.org/tlog-tiles",
                    "{name}: {target}"
                );
            }
        }
    }
}

#[test]
fn headings_skip_no_level() {
    for (name, page) in gallery() {
        let mut last = 0;
        for tag in parse(&name, &page) {
            if let Some(level) = tag.name.strip_prefix('h').and_then(|l| l.parse::<u32>().ok()) {
                assert!(level <= last + 1, "{name}: h{level} after h{last}");
                last = level;
            }
        }
    }
}

#[test]
fn pages_for_people_use_plain_words() {
    for (name, page) in all_but_hostile() {
        if EXPERT.contains(&name.rsplit_once('-').unwrap().0) {
            continue;
        }
        let text = markup::text(&page).to_lowercase();
        let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for word in JARGON {
            assert!(!words.contains(word), "{name} says `{word}`");
        }
    }
}

#[test]
fn refusing_is_as_easy_as_agreeing() {
    for (name, page) in gallery().iter().filter(|(name, _)| name.starts_with("consent")) {
        let tags = parse(name, page);
        let button = |value| {
            tags.iter()
                .find(|t| t.name == "button" && t.get("value") == Some(value))
                .unwrap()
        };
        let (agree, refuse) = (button("agree"), button("refuse"));
        assert_eq!(
            (agree.get("class"), agree.depth),
            (refuse.get("class"), refuse.depth),
            "{name}"
        );
        // What Enter presses is the first button of a form: neither answer.
        let form = tags.iter().position(|t| t.get("action") == Some("/consent")).unwrap();
        let first = tags[form..].iter().find(|t| t.name == "button").unwrap();
        assert_eq!(first.get("value"), Some("preview"), "{name}");
    }
}

#[test]
fn the_consent_letter_says_what_leaves_and_what_does_not() {
    let page = &gallery().into_iter().find(|(name, _)| name == "consent-0").unwrap().1;
    let text = markup::text(page);
    for golden in [
        "Marquee may read which films and series you mention — not what you wrote",
        "“Nosferatu”, liked, in the week of 23 November 2026",
        "Nothing of this message.",
        "7 other people are in these conversations. What they wrote stays hidden unless they agree themselves",
        "A public report every 14 days",
        "It must delete what it read after 90 days at most.",
    ] {
        assert!(text.contains(golden), "{golden}\n{text}");
    }
    assert!(
        !text.contains("You wrote a message of"),
        "an example tells more than was chosen"
    );
}

#[test]
fn the_sheet_and_the_pages_know_the_same_classes() {
    let mut used = BTreeSet::new();
    for (name, page) in gallery() {
        for tag in parse(&name, &page) {
            used.extend(
                tag.get("class")
                    .unwrap_or_default()
                    .split_whitespace()
                    .map(str::to_owned),
            );
        }
    }
    let known = classes(pages::STYLE);
    // Named for a reader of the page, styled by what surrounds them.
    let plain = [
        "plain",
        "card",
        "weight-ranking",
        "weight-mentions",
        "weight-envelope",
        "private",
        "unreached",
        "you",
        "said",
        "proof",
    ];
    let unknown: Vec<_> = used
        .iter()
        .filter(|c| !known.contains(*c) && !plain.contains(&c.as_str()))
        .collect();
    assert!(unknown.is_empty(), "not in the sheet: {unknown:?}");
    let idle: Vec<_> = known
        .iter()
        .filter(|c| !used.contains(*c) && !c.starts_with("hue-"))
        .collect();
    assert!(idle.is_empty(), "in the sheet for nothing: {idle:?}");
}

#[test]
fn colours_are_told_apart() {
    let (light, dark) = pages::STYLE.split_once("prefers-color-scheme: dark").unwrap();
    for sheet in [light, dark] {
        let color = |name: &str| markup::color(sheet, name);
        for paper in ["paper", "card", "sunk", "tint"] {
            for ink in ["ink", "soft", "accent"] {
                let ratio = markup::contrast(color(ink), color(paper));
                assert!(ratio >= 4.5, "{ink} on {paper}: {ratio:.2}");
            }
        }
        for (ink, paper) in [
            ("on-accent", "accent"),
            ("right", "right-tint"),
            ("wrong", "wrong-tint"),
            ("ink", "gold"),
        ] {
            let ratio = markup::contrast(color(ink), color(paper));
            assert!(ratio >= 4.5, "{ink} on {paper}: {ratio:.2}");
        }
        // The edge of a control: WCAG 1.4.11.
        assert!(markup::contrast(color("edge"), color("card")) >= 3.0);
        assert!(markup::contrast(color("edge"), color("paper")) >= 3.0);
    }
}
