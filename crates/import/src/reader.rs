//! What every format offers.

use crate::{ImportError, SinkError, Summary};
use model::{Conversation, Message};

/// Reads one export.
pub trait Reader: Send {
    /// Bytes to read in all, for a progress bar; `None` if that is not known before.
    fn total_bytes(&self) -> Option<u64>;

    /// Reads everything, telling `sink`. What cannot be read is counted in the summary and left out; the rest is read.
    fn read(&mut self, sink: &mut dyn Sink) -> Result<Summary, ImportError>;
}

/// Where what is read goes.
pub trait Sink {
    /// Whether a part (a file or thread of the export, by a name that is the same in every run) was finished in an
    /// earlier run: the reader passes over it.
    fn is_done(&mut self, part: &str) -> bool;

    /// A conversation, told before its first message; told again, it replaces what was told before.
    fn conversation(&mut self, conversation: &Conversation) -> Result<(), SinkError>;

    /// A message of a conversation that was told before.
    fn message(&mut self, message: Message) -> Result<(), SinkError>;

    /// A part is finished.
    fn part_done(&mut self, part: &str) -> Result<(), SinkError>;

    /// How many bytes were read so far. Called often; cheap.
    fn progress(&mut self, bytes_read: u64);
}
