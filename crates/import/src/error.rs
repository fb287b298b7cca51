//! Why an import stopped, and what bounds it.

use std::path::PathBuf;

/// What bounds an import. Over it: a typed error or a counted skip that names the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message's text; longer ones are skipped.
    pub text_bytes: usize,
    /// Participants of one conversation; a larger conversation is skipped.
    pub participants: usize,
    /// Bytes of all files of an archive, unpacked.
    pub unpacked_bytes: u64,
    /// How many times larger than packed one file of an archive may be.
    pub ratio: u64,
    /// Files of an archive or folder.
    pub files: usize,
    /// Bytes of one line, where a format is read by lines.
    pub line_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_bytes: 256 * 1024,
            participants: 10_000,
            unpacked_bytes: 64 * 1024 * 1024 * 1024,
            ratio: 1_000,
            files: 1_000_000,
            line_bytes: 16 * 1024 * 1024,
        }
    }
}

/// The inbox did not take a message.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// Why an import stopped. What was read before is kept, and a repeated import goes on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The export cannot be opened or read.
    #[error("`{path}` cannot be read: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no export of this format.
    #[error("`{path}` is not an export of this kind: {why}")]
    NotAnExport {
        /// Which file or folder.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// Over a limit.
    #[error("the export is over the limit `{name}` of {limit}")]
    OverLimit {
        /// The limit's name in [`Limits`].
        name: &'static str,
        /// Its value.
        limit: u64,
    },
    /// Nobody in the export is plainly the owner of the inbox.
    #[error("who of these people is the owner of the inbox? {0}")]
    WhoIsTheOwner(String),
    /// The inbox did not take it.
    #[error("the inbox did not take it: {0}")]
    Sink(SinkError),
}
