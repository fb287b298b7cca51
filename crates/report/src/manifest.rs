//! `manifest.note`: a signed note (C2SP) over the hashes of the other files, and over what the report is of.

use crate::archive::Files;
use crate::fault::quoted;
use crate::{Fault, File, Period, Rule};
use model::AgreementRef;
use sha2::{Digest, Sha256};
use std::fmt;
use tlog::note::{self, NoteError, VerifyingKey};

/// The first line.
const FORMAT: &str = "privity report v1";
/// The only mode there is: plain counts.
pub(crate) const MODE: &str = "counts";
/// The files it vouches for, in its order.
const VOUCHED: [File; 3] = [File::Readme, File::Counts, File::Descriptor];

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub agreement: AgreementRef,
    pub period: Period,
    pub revision: u32,
    pub previous: Option<tlog::Hash>,
    /// Length and hash of each of [`VOUCHED`].
    files: Vec<(u64, String)>,
}

impl Manifest {
    pub fn new(
        agreement: AgreementRef,
        period: Period,
        revision: u32,
        previous: Option<tlog::Hash>,
        files: &Files,
    ) -> Self {
        Self {
            agreement,
            period,
            revision,
            previous,
            files: VOUCHED.map(|file| seal(files.get(file))).to_vec(),
        }
    }
}

fn seal(bytes: &[u8]) -> (u64, String) {
    (
        u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        hex::encode(Sha256::digest(bytes)),
    )
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Period { number, first, .. } = self.period;
        writeln!(f, "{FORMAT}")?;
        writeln!(f, "agreement {}", self.agreement)?;
        writeln!(f, "period {number} {first} {}", self.period.last())?;
        writeln!(f, "mode {MODE}")?;
        writeln!(f, "revision {}", self.revision)?;
        writeln!(f, "previous {}", self.previous.map_or("-".to_owned(), hex::encode))?;
        for (file, (length, hash)) in VOUCHED.iter().zip(&self.files) {
            writeln!(f, "{} {length} {hash}", file.name())?;
        }
        Ok(())
    }
}

/// What a report says it is, before anything of it was checked: for finding out what to check it against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Under which version of which agreement.
    pub agreement: AgreementRef,
    /// The number of its period.
    pub period: u32,
    /// From 1.
    pub revision: u32,
    /// The hash of the revision before.
    pub previous: Option<tlog::Hash>,
}

/// Reads what a report says it is. The faults are those that stop a check before its signature.
pub fn claim(zip: &[u8]) -> Result<Claim, Vec<Fault>> {
    let fault = |rule, said: &str| vec![Fault::file(File::Manifest, rule, said)];
    let files = crate::archive::read(zip)?;
    let text = std::str::from_utf8(&files.manifest)
        .ok()
        .and_then(|text| note::unverified_text(text).ok())
        .ok_or_else(|| fault(Rule::NoteFormat, "it is not a signed note"))?;
    claimed(&text).ok_or_else(|| fault(Rule::ManifestForm, "it does not say what it is of"))
}

fn claimed(text: &str) -> Option<Claim> {
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let previous = match value("previous")? {
        "-" => None,
        digits => {
            let mut hash = [0; 32];
            hex::decode_to_slice(digits, &mut hash).ok()?;
            Some(hash)
        }
    };
    Some(Claim {
        agreement: value("agreement")?.parse().ok()?,
        period: value("period")?.split(' ').next()?.parse().ok()?,
        revision: value("revision")?.parse().ok()?,
        previous,
    })
}

/// What a manifest must say.
pub(crate) struct Wanted<'a> {
    pub agreement: &'a AgreementRef,
    pub key: &'a VerifyingKey,
    pub period: &'a Period,
    pub revision: u32,
    pub previous: Option<tlog::Hash>,
}

/// Checks the signature, then what was signed, then that the files are those.
pub(crate) fn check(files: &Files, wanted: &Wanted<'_>) -> Result<(), Vec<Fault>> {
    let fault = |rule, said: String| Fault::file(File::Manifest, rule, said);
    let one = |rule, said: String| vec![fault(rule, said)];
    let text = std::str::from_utf8(&files.manifest).map_err(|_| one(Rule::NoteFormat, "it is not UTF-8".to_owned()))?;
    let signed = note::verify(text, std::slice::from_ref(wanted.key)).map_err(|error| {
        let rule = match error {
            NoteError::BadSignature(_) | NoteError::Unsigned => Rule::NoteSignature,
            _ => Rule::NoteFormat,
        };
        one(rule, error.to_string())
    })?;

    let right = Manifest::new(
        wanted.agreement.clone(),
        *wanted.period,
        wanted.revision,
        wanted.previous,
        files,
    )
    .to_string();
    let mut found = signed.text.lines();
    for (row, line) in (1..).zip(right.lines()) {
        let Some(got) = found.next() else {
            return Err(vec![Fault::row(
                File::Manifest,
                row,
                Rule::ManifestForm,
                "a line is missing",
            )]);
        };
        if got == line {
            continue;
        }
        return Err(vec![differs(row, got, line)]);
    }
    match found.next() {
        None => Ok(()),
        Some(_) => Err(one(Rule::ManifestForm, "there are lines more".to_owned())),
    }
}

fn differs(row: u64, got: &str, right: &str) -> Fault {
    let (name, wanted) = right.split_once(' ').unwrap_or((right, ""));
    let Some(value) = got.strip_prefix(name).and_then(|rest| rest.strip_prefix(' ')) else {
        let said = format!("the line is {}, not {}", quoted(got), quoted(right));
        return Fault::row(File::Manifest, row, Rule::ManifestForm, said);
    };
    if let Some(file) = VOUCHED.into_iter().find(|file| file.name() == name) {
        let length = |text: &str| text.split(' ').next().map(str::to_owned);
        return match length(value) == length(wanted) {
            false => Fault::file(file, Rule::Length, "it has another length than was signed"),
            true => Fault::file(file, Rule::Hash, "it has another hash than was signed"),
        };
    }
    let said = format!("it says {}, and {} is expected", quoted(value), quoted(wanted));
    let fault = |rule| Fault::row(File::Manifest, row, rule, said);
    match name {
        "agreement" => fault(Rule::Agreement).column(name),
        "period" => fault(Rule::Period).column(name),
        "mode" => fault(Rule::Mode).column(name),
        "revision" => fault(Rule::Revision).column(name),
        "previous" => fault(Rule::Previous).column(name),
        _ => fault(Rule::ManifestForm),
    }
}
