//! What an import found, repaired, and had to leave out.

use std::fmt;

/// Skipped records that are listed one by one; more are only counted.
const LISTED: usize = 1_000;

/// A record that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Which file of the export.
    pub file: String,
    /// Where in it: a line, a byte, or a record's number, as the reason says.
    pub position: u64,
    /// Why, in a few words.
    pub reason: String,
}

/// What an import found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Conversations told.
    pub conversations: u64,
    /// Messages told.
    pub messages: u64,
    /// Lines of the system (calls, people who came and went), which are not messages.
    pub system_lines: u64,
    /// Strings whose wrong encoding was repaired.
    pub repaired_strings: u64,
    /// Strings that may be wrong, but cannot be told from right ones: left as they are.
    pub undecidable_strings: u64,
    /// Parts that an earlier run had finished.
    pub parts_done_before: u64,
    /// Records that were left out.
    pub skipped: u64,
    /// Files that could not be read to their end.
    pub unreadable: u64,
    /// The first of them, one by one.
    pub listed: Vec<Skipped>,
    /// Bytes read.
    pub bytes: u64,
}

impl Summary {
    /// Counts a record that is left out.
    pub fn skip(&mut self, file: &str, position: u64, reason: impl Into<String>) {
        self.skipped += 1;
        self.list(file, position, reason.into());
    }

    /// Counts a file that could not be read to its end.
    pub fn give_up(&mut self, file: &str, position: u64, reason: impl Into<String>) {
        self.unreadable += 1;
        self.list(file, position, reason.into());
    }

    fn list(&mut self, file: &str, position: u64, reason: String) {
        if self.listed.len() < LISTED {
            self.listed.push(Skipped { file: file.to_owned(), position, reason });
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} conversations, {} messages read", self.conversations, self.messages)?;
        for (count, what) in [
            (self.system_lines, "lines of the system passed over"),
            (self.repaired_strings, "strings repaired"),
            (self.undecidable_strings, "strings that may be wrong left as they are"),
            (self.parts_done_before, "parts finished by an earlier run"),
            (self.skipped, "records skipped"),
            (self.unreadable, "files not readable to their end"),
        ] {
            if count > 0 {
                write!(f, "; {count} {what}")?;
            }
        }
        for skipped in self.listed.iter().take(10) {
            write!(f, "\n  {} at {}: {}", skipped.file, skipped.position, skipped.reason)?;
        }
        if self.listed.len() > 10 {
            write!(f, "\n  … and {} more", self.skipped + self.unreadable - 10)?;
        }
        Ok(())
    }
}
