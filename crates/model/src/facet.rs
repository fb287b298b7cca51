//! Facets: what kind of title people ask for or speak of. A closed list, so that nothing else can slip through.

use std::fmt;

/// The list. A facet's number is its place; new ones go to the end, since trained models know them by number.
const NAMES: [&str; 43] = [
    "horror",
    "comedy",
    "action",
    "romance",
    "drama",
    "scifi",
    "thriller",
    "animation",
    "family",
    "fairytale",
    "superhero",
    "war",
    "western",
    "music",
    "documentary",
    "crime",
    "mystery",
    "fantasy",
    "adventure",
    "history",
    "sport",
    "classic",
    "new",
    "eighties",
    "nineties",
    "martial",
    "monster",
    "christmas",
    "parody",
    "gore",
    "dark",
    "sad",
    "inspiring",
    "book",
    "spy",
    "foreign",
    "ghost",
    "teen",
    "series",
    "animal",
    "cars",
    "real",
    "light",
];

/// A kind of title: a genre, a mood, a time. None is about a person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Facet(u8);

impl Facet {
    /// How many there are.
    pub const COUNT: usize = NAMES.len();

    /// Every facet, by number.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).zip(NAMES).map(|(number, _)| Self(number))
    }

    /// The facet of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|facet| facet.name() == name)
    }

    /// Its name: one word in lower case.
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or_default()
    }

    /// Its number, below [`Facet::COUNT`].
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of facets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Facets(u64);

impl Facets {
    /// With one more.
    #[must_use]
    pub const fn with(self, facet: Facet) -> Self {
        Self(self.0 | 1 << facet.0)
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a facet is in it.
    pub const fn contains(self, facet: Facet) -> bool {
        self.0 & (1 << facet.0) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its facets, by number.
    pub fn iter(self) -> impl Iterator<Item = Facet> {
        Facet::all().filter(move |facet| self.contains(*facet))
    }
}

impl FromIterator<Facet> for Facets {
    fn from_iter<I: IntoIterator<Item = Facet>>(facets: I) -> Self {
        facets.into_iter().fold(Self::default(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_facet_is_found_by_its_name_and_fits_into_a_set() {
        for facet in Facet::all() {
            assert_eq!(Facet::named(facet.name()), Some(facet));
            let set = Facets::default().with(facet);
            assert_eq!(set.iter().collect::<Vec<_>>(), [facet]);
        }
        assert_eq!(Facet::all().collect::<Facets>().iter().count(), Facet::COUNT);
        assert_eq!(Facet::named("religion"), None);
    }
}
