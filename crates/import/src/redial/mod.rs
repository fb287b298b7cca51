//! ReDial: dialogues about films between two people, one JSON object a line (Li et al., "Towards Deep Conversational
//! Recommendations", NeurIPS 2018; CC BY 4.0).
//!
//! - Ids depend on the dialogue alone, not on whose inbox it goes to: both people's inboxes get the same conversation.
//! - A mark `@111776` in a text becomes the film's title without its year, the way people write it.
//! - The data set has seconds since the start and no dates: see [`start`].

mod dialogue;
mod reader;
mod truth;

pub use dialogue::{start, worker_account};
pub use reader::{People, Redial};
pub use truth::{Marks, Truth, truth};
