//! Which titles of a partner's catalogue a message mentions, found on the platform, so that the text never leaves it.
//!
//! [`Linker::build`] reads a catalogue once; [`Linker::mentions`] answers for one message what a partner may learn
//! (which titles, how they were spoken of), [`Linker::spans`] what the person herself may see (where). Both are pure:
//! the same catalogue and text give the same answer, in time linear in the text.
//!
//! People write titles in lower case, without year, article, accent or subtitle, with `&` for `and`, `2` for `II`, and
//! with typing errors; and titles such as *It* or *Her* are also plain words. So the work is in three steps:
//!
//! 1. `token`, `numeral`, `vocabulary`, `trie`, `search`: every place where the words of some title stand, in any of
//!    those spellings;
//! 2. `evidence`, `weights`: how likely it is that this place means the title: how common its words are, capitals,
//!    quotes, the year, the words on both sides; one small logistic model for each of five kinds of title;
//! 3. `linker`: the likely ones that do not overlap, longest first.
//!
//! **Limits.** Titles in any script are found; common-word titles, cue words and sentiment are known for English only.
//! In a message in another language such titles are judged by capitals, quotes and year, and sentiment is `Neutral`.
//!
//! **Architecture invariant:** no I/O, no clock, no randomness, no state between messages; nothing about any one title
//! is built in (the word lists hold plain English words, the weights know only kinds of title).

mod catalogue;
mod evidence;
mod facets;
mod lexicon;
mod linker;
mod numeral;
mod search;
mod sentiment;
mod spelling;
mod token;
mod trie;
mod vocabulary;
mod weights;

pub use catalogue::{CatalogueError, Limits, Namesakes};
pub use evidence::{Evidence, FEATURES, Kind};
pub use facets::{People, facets};
pub use linker::{Linker, Span};
