//! How a person or partner is drawn where there is no picture: initials on a colour of her own.

use crate::style::fnv;

/// How many `hue-…` classes the style sheet has.
pub(crate) const HUES: u64 = 12;

/// One or two initials; `?` for a name without letters.
pub fn initials(name: &str) -> String {
    let mut words = name
        .split_whitespace()
        .filter_map(|w| w.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let initials: String = first
        .into_iter()
        .chain(words.next_back())
        .flat_map(char::to_uppercase)
        .take(3)
        .collect();
    if initials.is_empty() { "?".to_owned() } else { initials }
}

/// Which of the `hue-…` classes a name has. Always the same for the same name.
pub fn hue(name: &str) -> u64 {
    fnv(name) % HUES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_the_first_and_the_last_name() {
        assert_eq!(initials("Ines"), "I");
        assert_eq!(initials("ines de la vega"), "IV");
        assert_eq!(initials("«Ömer» 7"), "Ö7");
        assert_eq!(initials("ﬁn"), "FI");
        assert_eq!(initials(" … "), "?");
        assert_eq!(initials(""), "?");
        assert!((0..1000).all(|n| hue(&n.to_string()) < HUES));
    }
}
