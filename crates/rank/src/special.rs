//! Special categories are never signals (GDPR, Article 9(1)).

/// Words of a catalogue's genres that would tell of a person what the law protects most: a title that has one of them is
/// never a signal, whoever mentions it.
const WORDS: &[&str] = &[
    "adult",
    "aids",
    "atheism",
    "bible",
    "biblical",
    "bisexual",
    "buddhism",
    "cancer",
    "catholic",
    "christian",
    "christianity",
    "church",
    "disability",
    "disease",
    "disorder",
    "erotic",
    "erotica",
    "ethnic",
    "faith",
    "feminism",
    "gay",
    "gospel",
    "health",
    "hindu",
    "hinduism",
    "hiv",
    "illness",
    "islam",
    "islamic",
    "jewish",
    "judaism",
    "lesbian",
    "lgbt",
    "lgbtq",
    "lgbtqia",
    "medical",
    "mental",
    "muslim",
    "political",
    "politics",
    "porn",
    "pornographic",
    "queer",
    "race",
    "racism",
    "religion",
    "religious",
    "sex",
    "sexual",
    "sexuality",
    "spiritual",
    "spirituality",
    "trans",
    "transgender",
    "union",
    "unions",
];

/// Whether a genre names a special category. By word, in any case.
pub fn is_special(genre: &str) -> bool {
    genre
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| WORDS.contains(&word.to_lowercase().as_str()))
}
