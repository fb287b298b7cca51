//! What an import found, for the person whose inbox it is.

use std::fmt;

/// Where in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// The file as such.
    File,
    /// Bytes before it, in the unpacked file.
    Byte(u64),
    /// Line, from 1.
    Line(u64),
}

/// Something that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Path within the export. It often tells who wrote to whom: show it to the person, never log it.
    pub file: String,
    /// Where in the file.
    pub position: Position,
    /// In plain words, without any of the content.
    pub reason: String,
}

/// What an import found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Conversations handed to the sink, each counted once.
    pub conversations: u64,
    /// Messages handed to the sink. How many of them were new only the sink knows.
    pub messages: u64,
    /// Calls, joins and leaves: lines that nobody wrote. Not imported.
    pub system_lines: u64,
    /// Strings whose encoding was repaired (see [`crate::mojibake`]).
    pub repaired_strings: u64,
    /// Strings with characters that are either correct or broken beyond repair. Kept as they came.
    pub undecidable_strings: u64,
    /// Messages in the owner's name that may be a namesake's: kept, but not as the owner's own.
    pub ambiguous_authors: u64,
    /// Messages left out: the first of them.
    pub skipped: Vec<Skipped>,
    /// Messages left out: all of them.
    pub skipped_total: u64,
    /// Files that could not be read, or not to their end: the first of them. What stood before the fault was imported.
    pub unreadable: Vec<Skipped>,
    /// Files that could not be read, or not to their end: all of them.
    pub unreadable_total: u64,
    /// Parts that an earlier import had finished.
    pub parts_done_before: u64,
    /// Bytes dealt with.
    pub bytes: u64,
    /// How many entries each of the two lists may have.
    pub(crate) listed: usize,
}

impl Summary {
    pub(crate) fn new(listed: usize) -> Self {
        Self {
            listed,
            ..Self::default()
        }
    }

    pub(crate) fn skip(&mut self, file: &str, position: Position, reason: impl Into<String>) {
        self.skipped_total += 1;
        list(&mut self.skipped, self.listed, file, position, reason);
    }

    pub(crate) fn unreadable(&mut self, file: &str, position: Position, reason: impl Into<String>) {
        self.unreadable_total += 1;
        list(&mut self.unreadable, self.listed, file, position, reason);
    }
}

fn list(to: &mut Vec<Skipped>, listed: usize, file: &str, position: Position, reason: impl Into<String>) {
    if to.len() < listed {
        to.push(Skipped {
            file: file.to_owned(),
            position,
            reason: reason.into(),
        });
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Byte(at) => write!(f, "byte {at}"),
            Self::Line(at) => write!(f, "line {at}"),
        }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.file, self.position, self.reason)
    }
}

/// One count and its noun.
struct Count(u64, &'static str, &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { self.1 } else { self.2 })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conversations = Count(self.conversations, "conversation", "conversations");
        let messages = Count(self.messages, "message", "messages");
        writeln!(f, "Read {messages} in {conversations}.")?;
        let notes = [
            (
                Count(self.parts_done_before, "part was", "parts were"),
                "finished by an earlier import and passed over",
            ),
            (
                Count(self.system_lines, "line was", "lines were"),
                "about calls or people joining and leaving, and left out",
            ),
            (
                Count(self.repaired_strings, "text was", "texts were"),
                "stored in a broken encoding and repaired",
            ),
            (
                Count(self.undecidable_strings, "text was", "texts were"),
                "kept as it came: whether its accents are right cannot be told",
            ),
            (
                Count(self.ambiguous_authors, "message", "messages"),
                "in your name may be a namesake's, and will not be treated as yours",
            ),
            (
                Count(self.skipped_total, "message was", "messages were"),
                "damaged or over a limit, and left out",
            ),
            (
                Count(self.unreadable_total, "file was", "files were"),
                "not readable, or not to the end",
            ),
        ];
        for (count, what) in notes.iter().filter(|(count, _)| count.0 > 0) {
            writeln!(f, "{count} {what}.")?;
        }
        for entry in self.unreadable.iter().chain(&self.skipped) {
            writeln!(f, "  {entry}")?;
        }
        let unlisted = (self.skipped_total + self.unreadable_total)
            .saturating_sub((self.skipped.len() + self.unreadable.len()) as u64);
        if unlisted > 0 {
            writeln!(f, "  and {unlisted} more")?;
        }
        Ok(())
    }
}
