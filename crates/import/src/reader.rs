//! What reads an export, and what takes in what was read.

use crate::{ImportError, Summary};
use model::{Conversation, Message};

/// An opened export of some format.
pub trait Reader: Send {
    /// Reads the export from its beginning to its end into `sink`.
    ///
    /// A part that the sink says is done is passed over; all else is handed over even if an earlier import did so
    /// already, under the same ids. Faults inside the export are counted, not returned.
    ///
    /// # Errors
    /// [`ImportError::Sink`] if the sink refuses; [`ImportError::Io`] if the export itself can no longer be read. What
    /// was handed over before stays valid, and the next import goes on from the parts that are done.
    fn read(&mut self, sink: &mut dyn Sink) -> Result<Summary, ImportError>;

    /// How many bytes [`Sink::progress`] will have counted at the end, if that is known beforehand.
    fn total_bytes(&self) -> Option<u64>;
}

/// Takes in what a [`Reader`] finds: it seals and stores, in batches as it likes.
pub trait Sink {
    /// A conversation, always before the first of its messages.
    ///
    /// It may come again, under the same id, with more participants or with a name: people who have left are only found
    /// where they wrote. A sink that holds the conversation already adds to it and takes nobody away.
    fn conversation(&mut self, conversation: &Conversation) -> Result<(), SinkError>;

    /// A message. Messages come in the order of the export; one may come twice, under the same id.
    fn message(&mut self, message: Message) -> Result<(), SinkError>;

    /// How many bytes of the export have been dealt with since the start.
    fn progress(&mut self, bytes_read: u64);

    /// Everything readable of this part of the export has been handed over, and nothing in it will change. Once the sink
    /// has made that durable it may answer [`Sink::is_done`] with true.
    fn part_done(&mut self, part: &str) -> Result<(), SinkError>;

    /// Whether an earlier, interrupted import of the same export has finished this part.
    fn is_done(&mut self, part: &str) -> bool;
}

/// A sink cannot go on; the import ends.
#[derive(Debug, thiserror::Error)]
#[error("the import was stopped: {0}")]
pub struct SinkError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
