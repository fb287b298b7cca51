//! All of a person's receipts in one file, with what she needs to see that none is missing: her tag keys, which find her
//! entries in the public log. They tell when something about her was entered, not what, and are hers alone.
//!
//! ```text
//! privity-receipts/v1
//! # for people; lines like this one are skipped here
//! made 1795392000                 unix seconds
//! size 51                         entries of the log then
//! entries 29                      receipts that follow, in the order of her own numbers
//! c2sp.org/tlog-proof@v1          a receipt, as in a file of its own; and so on
//! …
//! privity-receipts/end            without this line the file was cut
//! tag 228 <64 hexadecimal digits> her tag key of each period
//! ```

use crate::Hash;
use crate::proof::{HEADER, PROOF_LIMIT, parse_decimal};
use std::fmt::Write;
use std::io::{self, BufRead, Read};

const FIRST: &str = "privity-receipts/v1";
const LAST: &str = "privity-receipts/end";

/// What the file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// When it was made, in unix seconds.
    pub made: u64,
    /// How many entries the log had.
    pub size: u64,
    /// How many receipts follow.
    pub entries: u64,
}

/// A part of the file, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The first.
    Head(Head),
    /// A receipt, unchecked.
    Receipt(String),
    /// The tag key of a period ([`crate::secret::period`]).
    Tag(u32, Hash),
}

/// Why a file is not one of receipts.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// It could not be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// It breaks off.
    #[error("the file was cut: its last part is missing")]
    Cut,
    /// Something else than the format, on this line.
    #[error("line {0}: not what a file of receipts has there")]
    Syntax(u64),
}

/// The beginning of the file; receipts follow as they are.
pub fn write_head(head: &Head) -> String {
    let Head { made, size, entries } = head;
    format!(
        "{FIRST}\n\
         # Your receipts, in order. Keep this file to yourself: the `tag` lines at its end find your\n\
         # entries in the public log. Check it with `privity-verify chain`.\n\
         made {made}\nsize {size}\nentries {entries}\n"
    )
}

/// The end of the file.
pub fn write_end<'a>(tags: impl IntoIterator<Item = (u32, &'a Hash)>) -> String {
    let mut text = format!("{LAST}\n");
    for (period, key) in tags {
        // Writing to a string cannot fail.
        _ = write!(text, "tag {period} ");
        for byte in key {
            _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
    }
    text
}

/// Reads such a file part by part, so that its length does not matter. Nothing is checked but the format.
pub fn read<R: BufRead>(file: R) -> Parts<R> {
    Parts {
        file,
        line: 0,
        place: Place::Start,
        receipt: String::new(),
    }
}

/// The parts of a file.
#[derive(Debug)]
pub struct Parts<R> {
    file: R,
    line: u64,
    place: Place,
    /// The receipt that is being read.
    receipt: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Receipts,
    Tags,
    Over,
}

impl<R: BufRead> Iterator for Parts<R> {
    type Item = Result<Part, ChainError>;

    fn next(&mut self) -> Option<Self::Item> {
        let part = match self.place {
            Place::Start => self.head().map(|head| Some(Part::Head(head))),
            Place::Receipts => self.receipt(),
            Place::Tags => self.tag(),
            Place::Over => return None,
        };
        if !matches!(part, Ok(Some(_))) {
            self.place = Place::Over;
        }
        part.transpose()
    }
}

impl<R: BufRead> Parts<R> {
    fn head(&mut self) -> Result<Head, ChainError> {
        if self.line()?.as_deref() != Some(FIRST) {
            return Err(ChainError::Syntax(1));
        }
        let head = Head {
            made: self.number("made ")?,
            size: self.number("size ")?,
            entries: self.number("entries ")?,
        };
        self.place = Place::Receipts;
        Ok(head)
    }

    fn number(&mut self, name: &str) -> Result<u64, ChainError> {
        loop {
            let line = self.line()?.ok_or(ChainError::Cut)?;
            if !line.starts_with('#') {
                let number = line.strip_prefix(name).and_then(parse_decimal);
                return number.ok_or(ChainError::Syntax(self.line));
            }
        }
    }

    /// The next receipt, or what comes after the last.
    fn receipt(&mut self) -> Result<Option<Part>, ChainError> {
        loop {
            let line = self.line()?.ok_or(ChainError::Cut)?;
            let boundary = line == LAST || line == HEADER;
            let read = if boundary {
                std::mem::take(&mut self.receipt)
            } else {
                String::new()
            };
            if line == LAST {
                self.place = Place::Tags;
            } else if !boundary && self.receipt.is_empty() {
                return Err(ChainError::Syntax(self.line));
            } else {
                self.receipt.push_str(&line);
                self.receipt.push('\n');
            }
            if self.receipt.len() > PROOF_LIMIT {
                return Err(ChainError::Syntax(self.line));
            }
            match (read.is_empty(), self.place) {
                (false, _) => return Ok(Some(Part::Receipt(read))),
                (true, Place::Tags) => return self.tag(),
                (true, _) => {}
            }
        }
    }

    fn tag(&mut self) -> Result<Option<Part>, ChainError> {
        let Some(line) = self.line()? else { return Ok(None) };
        let tag = || {
            let (period, key) = line.strip_prefix("tag ")?.split_once(' ')?;
            let period = u32::try_from(parse_decimal(period)?).ok()?;
            Some(Part::Tag(period, from_hex(key)?))
        };
        tag().map(Some).ok_or(ChainError::Syntax(self.line))
    }

    /// The next line without its end; `None` after the last.
    fn line(&mut self) -> Result<Option<String>, ChainError> {
        self.line += 1;
        let mut bytes = Vec::new();
        let limit = u64::try_from(PROOF_LIMIT).unwrap_or(u64::MAX);
        self.file.by_ref().take(limit).read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.pop() != Some(b'\n') {
            return Err(ChainError::Cut);
        }
        String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| ChainError::Syntax(self.line))
    }
}

fn from_hex(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != hash.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(pairs) {
        let digits = std::str::from_utf8(pair)
            .ok()
            .filter(|digits| !digits.starts_with('+'))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(receipts: &[&str]) -> String {
        let head = write_head(&Head {
            made: 7,
            size: 3,
            entries: receipts.len() as u64,
        });
        head + &receipts.concat() + &write_end([(1, &[1; 32]), (2, &[0xab; 32])])
    }

    #[test]
    fn what_was_written_is_read() {
        let receipts = ["c2sp.org/tlog-proof@v1\na\n\nb\n", "c2sp.org/tlog-proof@v1\nc\n"];
        for receipts in [&receipts[..], &receipts[..1], &[]] {
            let parts: Vec<_> = read(file(receipts).as_bytes()).map(Result::unwrap).collect();
            let head = Head {
                made: 7,
                size: 3,
                entries: receipts.len() as u64,
            };
            let mut expected = vec![Part::Head(head)];
            expected.extend(receipts.iter().map(|text| Part::Receipt((*text).to_owned())));
            expected.extend([Part::Tag(1, [1; 32]), Part::Tag(2, [0xab; 32])]);
            assert_eq!(parts, expected);
        }
    }

    #[test]
    fn a_file_that_was_cut_says_so_wherever_it_was_cut() {
        let whole = file(&["c2sp.org/tlog-proof@v1\na\n\nb\n"]);
        let end = whole.find(LAST).unwrap() + LAST.len() + 1;
        for at in (0..whole.len()).filter(|at| *at < end || !whole.as_bytes()[..*at].ends_with(b"\n")) {
            assert!(read(&whole.as_bytes()[..at]).any(|part| part.is_err()), "{at}");
        }
    }

    #[test]
    fn other_lines_are_refused_with_their_number() {
        let good = file(&["c2sp.org/tlog-proof@v1\na\n"]);
        for (from, to, line) in [
            ("privity-receipts/v1", "privity-receipts/v2", 1),
            ("made 7", "made x", 4),
            ("entries 1\n", "entries 1\nnonsense\n", 7),
            ("tag 1 01", "tag 1 +1", 10),
            ("tag 2", "tag 9999999999", 11),
            ("tag 2", "tug 2", 11),
        ] {
            let bad = good.replacen(from, to, 1);
            let error = read(bad.as_bytes()).find_map(Result::err).unwrap();
            assert!(matches!(error, ChainError::Syntax(n) if n == line), "{to}: {error}");
        }
    }
}
