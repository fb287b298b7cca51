//! One thing that is not as it should be.

use std::fmt;

/// Where a rule is broken, and how. Sorts by file and line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// From the root of the repository, with `/`.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// Lower case, one line.
    pub message: String,
}

impl Fault {
    pub fn new(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}
