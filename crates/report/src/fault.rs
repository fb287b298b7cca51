//! What is wrong with a report, and where.

use crate::File;
use serde::{Serialize, Serializer};
use std::fmt;

/// Faults that are listed; the check of a stage ends there.
pub const FAULTS_LIMIT: usize = 100;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The rule that was broken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $($(#[$doc])* $name,)* }

        impl Rule {
            /// All of them, in the order of the checks.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name, as in a fault.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

rules! {
    /// The file is too large.
    ZipSize = "zip-size",
    /// Not a zip file.
    ZipFormat = "zip-format",
    /// Something stands before, after or between the entries, or the file has a comment.
    ZipSurplus = "zip-surplus",
    /// Not exactly the four files, each once.
    ZipFiles = "zip-files",
    /// An entry is packed in a way that a report's is not, or says two things of itself.
    ZipEntry = "zip-entry",
    /// A file is too large unpacked.
    FileSize = "file-size",
    /// Not a signed note.
    NoteFormat = "note-format",
    /// Not signed by the partner's key.
    NoteSignature = "note-signature",
    /// The signed text has another form.
    ManifestForm = "manifest-form",
    /// Another agreement, or another version.
    Agreement = "agreement",
    /// Another mode.
    Mode = "mode",
    /// A file has another length than was signed.
    Length = "length",
    /// A file has another hash than was signed.
    Hash = "hash",
    /// Not UTF-8, or a byte order mark.
    Utf8 = "utf-8",
    /// A line does not end with CR LF.
    LineEnd = "line-end",
    /// Not a CSV record.
    Csv = "csv",
    /// The first row is another.
    Header = "header",
    /// A row has more or fewer cells.
    CellCount = "cell-count",
    /// A cell is empty.
    EmptyCell = "empty-cell",
    /// A cell that a spreadsheet would take for a formula.
    Formula = "formula",
    /// Not a date.
    Date = "date",
    /// Not a name of the agreement's lists.
    Name = "name",
    /// Not a whole number as it is written.
    Number = "number",
    /// A date outside the period.
    DateRange = "date-range",
    /// A cell of the domain is there twice.
    Duplicate = "duplicate",
    /// Rows are out of order.
    Order = "order",
    /// A cell of the domain is missing.
    MissingRow = "missing-row",
    /// More people than acts.
    Uniques = "uniques",
    /// Acts by nobody.
    NoPeople = "no-people",
    /// The description has another form, or says something else than the rest.
    Descriptor = "descriptor",
    /// Totals do not match the rows.
    Totals = "totals",
    /// Another period than is filed, or other days.
    Period = "period",
    /// The period is not over.
    TooEarly = "too-early",
    /// Not the next revision.
    Revision = "revision",
    /// Does not name the revision before.
    Previous = "previous",
    /// An explanation has another form, or is too long.
    Explanation = "explanation",
    /// The text for readers says something else than the rest.
    Readme = "readme",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// In which file of the zip; of the zip itself if none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
    /// Which row, from 1; the header is row 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Which column; in `datapackage.json`, the JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Which rule.
    pub rule: Rule,
    /// In words. What is quoted of the file is short and printable.
    pub said: String,
}

impl Fault {
    /// Of the zip file itself.
    pub(crate) fn zip(rule: Rule, said: impl Into<String>) -> Self {
        Self {
            file: None,
            row: None,
            column: None,
            rule,
            said: said.into(),
        }
    }

    /// Of a file in it.
    pub(crate) fn file(file: File, rule: Rule, said: impl Into<String>) -> Self {
        Self {
            file: Some(file),
            ..Self::zip(rule, said)
        }
    }

    /// Of a row.
    pub(crate) fn row(file: File, row: u64, rule: Rule, said: impl Into<String>) -> Self {
        Self {
            row: Some(row),
            ..Self::file(file, rule, said)
        }
    }

    /// In a column.
    pub(crate) fn column(self, column: impl Into<String>) -> Self {
        Self {
            column: Some(column.into()),
            ..self
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file.map_or("report.zip", File::name))?;
        if let Some(row) = self.row {
            write!(f, ":{row}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ":{column}")?;
        }
        write!(f, ": {}: {}", self.rule, self.said)
    }
}

/// Text of a stranger, short and printable.
pub(crate) fn quoted(text: &str) -> String {
    let plain: String = text
        .chars()
        .take(60)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    format!("`{plain}`")
}
