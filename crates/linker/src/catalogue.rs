//! What a catalogue may hold, and what is wrong with one that is refused.

use model::{Title, TitleId};
use std::collections::HashSet;

/// How much a catalogue may hold, and how it is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most titles.
    pub titles: usize,
    /// Most bytes of one title or alias.
    pub name_bytes: usize,
    /// Most aliases of one title.
    pub aliases: usize,
    /// Most bytes of an id.
    pub id_bytes: usize,
    /// Which of several titles of one name is meant when nothing in the message tells.
    pub namesakes: Namesakes,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            titles: 200_000,
            name_bytes: 200,
            aliases: 20,
            id_bytes: 128,
            namesakes: Namesakes::Newest,
        }
    }
}

/// Which of several titles of one name is meant when the message gives neither year nor article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Namesakes {
    /// The newest; a title without a year comes last, then the catalogue's order decides.
    #[default]
    Newest,
    /// The one that the catalogue lists first: for a partner that lists its titles by popularity.
    ListedFirst,
}

/// Why a catalogue is refused. The whole of it is: nothing is dropped silently.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// More titles than [`Limits::titles`].
    #[error("the catalogue has {found} titles; the most is {most}")]
    TooManyTitles {
        /// Titles found.
        found: usize,
        /// Titles allowed.
        most: usize,
    },
    /// An id is empty or longer than [`Limits::id_bytes`].
    #[error("the id of title number {number} has {found} bytes; it must have 1 to {most}")]
    IdLength {
        /// Which title, from 1.
        number: usize,
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// Two titles have one id.
    #[error("the id `{id}` is given to two titles")]
    DuplicateId {
        /// The id.
        id: TitleId,
    },
    /// A title or alias is empty or longer than [`Limits::name_bytes`].
    #[error("a name of title `{id}` has {found} bytes; it must have 1 to {most}")]
    NameLength {
        /// The title.
        id: TitleId,
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// A title or alias has neither a letter nor a digit.
    #[error("a name of title `{id}` has neither a letter nor a digit")]
    NameWithoutWord {
        /// The title.
        id: TitleId,
    },
    /// More aliases than [`Limits::aliases`].
    #[error("title `{id}` has {found} aliases; the most is {most}")]
    TooManyAliases {
        /// The title.
        id: TitleId,
        /// Aliases found.
        found: usize,
        /// Aliases allowed.
        most: usize,
    },
}

/// Checks a whole catalogue; the first fault, in the catalogue's order.
pub(crate) fn check(titles: &[Title], limits: &Limits) -> Result<(), CatalogueError> {
    if titles.len() > limits.titles {
        return Err(CatalogueError::TooManyTitles {
            found: titles.len(),
            most: limits.titles,
        });
    }
    let mut seen = HashSet::with_capacity(titles.len());
    for (index, title) in titles.iter().enumerate() {
        let bytes = title.id.0.len();
        if bytes == 0 || bytes > limits.id_bytes {
            return Err(CatalogueError::IdLength {
                number: index + 1,
                found: bytes,
                most: limits.id_bytes,
            });
        }
        if !seen.insert(&title.id) {
            return Err(CatalogueError::DuplicateId { id: title.id.clone() });
        }
        if title.aliases.len() > limits.aliases {
            let found = title.aliases.len();
            return Err(CatalogueError::TooManyAliases {
                id: title.id.clone(),
                found,
                most: limits.aliases,
            });
        }
        for name in std::iter::once(&title.title).chain(&title.aliases) {
            let found = name.len();
            if found == 0 || found > limits.name_bytes {
                return Err(CatalogueError::NameLength {
                    id: title.id.clone(),
                    found,
                    most: limits.name_bytes,
                });
            }
            if crate::token::tokens(name).is_empty() {
                return Err(CatalogueError::NameWithoutWord { id: title.id.clone() });
            }
        }
    }
    Ok(())
}
