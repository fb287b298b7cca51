//! Tailoring without reading: from what was mentioned in a person's conversations to a ranked list of a catalogue's titles.
//!
//! What goes in is a list of [`Turn`]s: who spoke ("you" or "someone"), which titles, how, and which
//! [`Facet`](model::Facet)s. No text, name, id of a message or time of day is in it, so none can come out. [`train`] makes
//! a [`Model`] from sessions of such turns and a catalogue, [`rank()`] answers one person, and tells of each title which
//! mentions made it.
//!
//! Three simple models are added up, with weights fitted on later sessions than the models saw:
//!
//! 1. `talk`: which titles are mentioned together;
//! 2. `taste`: titles, facets, genres, people and years as points in one small space (a softmax over the whole catalogue);
//! 3. `features`: popularity, genres, years and words for genres, counted.
//!
//! **Architecture invariant:** no text, I/O, clock or randomness of its own; the same input gives the same bytes. Nothing
//! about a person is kept: what she mentioned is an argument, so what is withdrawn is gone with the next answer.

mod bytes;
mod catalogue;
mod context;
mod dice;
mod features;
mod fusion;
mod learn;
mod parts;
mod ranked;
mod rows;
mod special;
mod talk;
mod taste;
mod train;

pub use bytes::ModelError;
pub use context::{Session, Turn, Voice};
pub use parts::{Costs, Model};
pub use ranked::{Asked, MOST, Ranked, Why, randomised, rank};
pub use special::is_special;
pub use train::{Training, TrainingError, train};
