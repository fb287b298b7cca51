//! Why an import ends before its export does.

use crate::SinkError;

/// What no reader can go on from. Everything smaller is counted in the [`crate::Summary`] instead.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file or folder cannot be opened or listed.
    #[error("`{path}` cannot be read: {source}")]
    Io {
        /// What was opened.
        path: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Neither a folder nor a whole zip file: often a download that was cut.
    #[error("`{path}` is not a whole zip file: {reason}")]
    Zip {
        /// What was opened.
        path: String,
        /// What is missing or wrong.
        reason: String,
    },
    /// The format's files are not in there.
    #[error("no conversation was found in `{path}`: is it a {format}?")]
    NothingFound {
        /// What was opened.
        path: String,
        /// What was expected.
        format: &'static str,
    },
    /// The export as a whole is over one of the [`crate::Limits`].
    #[error("the export is over the limit of {allowed} {limit}")]
    Limit {
        /// What is limited, with its unit.
        limit: &'static str,
        /// How much is allowed.
        allowed: u64,
    },
    /// The sink refused.
    #[error(transparent)]
    Sink(#[from] SinkError),
}
