//! Posters for films without pictures: the initials of a title over shapes that depend on its id. No assets, no requests.

use sha2::{Digest, Sha256};

/// What a poster is drawn from, in a box of 120 by 180.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poster {
    /// One or two capitals.
    pub initials: String,
    /// Of the background, in degrees.
    pub hue: u32,
    /// Of the light, in degrees.
    pub light: u32,
    /// Which of four drawings.
    pub drawing: u8,
    /// Where the light stands.
    pub x: u32,
    /// Where the light stands.
    pub y: u32,
}

impl Poster {
    /// The poster of a title: always the same for the same id.
    pub fn of(id: &str, title: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(id.as_bytes()).into();
        let [a, b, c, d, e, ..] = digest.map(u32::from);
        let drawing = digest.last().map_or(0, |last| last % 4);
        let hue = a * 360 / 256;
        Self {
            initials: initials(title),
            hue,
            light: (hue + 30 + b * 120 / 256) % 360,
            drawing,
            x: 24 + d * 72 / 256,
            y: 36 + e * 60 / 256 + c % 7,
        }
    }
}

/// The first letters of the first two words that carry weight.
fn initials(title: &str) -> String {
    let words: Vec<&str> = title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .collect();
    let light = |w: &&str| {
        !matches!(
            w.to_lowercase().as_str(),
            "the" | "a" | "an" | "of" | "and" | "in" | "to" | "s"
        )
    };
    let mut heavy: Vec<&str> = words.iter().copied().filter(light).take(2).collect();
    if heavy.is_empty() {
        heavy = words.into_iter().take(1).collect();
    }
    heavy
        .iter()
        .filter_map(|w| w.chars().next())
        .flat_map(char::to_uppercase)
        .take(2)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_the_words_that_carry_weight() {
        for (title, expected) in [
            ("The Godfather", "G"),
            ("Lost in Translation", "LT"),
            ("2001: A Space Odyssey", "2S"),
            ("Up", "U"),
            ("The The", "T"),
            ("éden à l'ouest", "ÉÀ"),
            ("<script>", "S"),
            ("…", ""),
        ] {
            assert_eq!(initials(title), expected, "{title}");
        }
    }

    #[test]
    fn a_poster_is_of_its_id_and_stays_in_its_box() {
        assert_eq!(Poster::of("1", "Up"), Poster::of("1", "Up"));
        for id in 0..500 {
            let poster = Poster::of(&id.to_string(), "Up");
            assert!(poster.hue < 360 && poster.light < 360 && poster.drawing < 4);
            assert!((24..=96).contains(&poster.x) && (36..=102).contains(&poster.y));
        }
    }
}
