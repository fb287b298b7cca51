//! The register as the log has it: every agreement, with both signatures checked.

use crate::fsck::{FsckReport, Watch, fsck_watched};
use crate::{Source, VerifyError};
use model::{Agreement, AgreementId};
use std::collections::BTreeMap;
use tlog::leaf::{Kind, Leaf, WINDOW_SECONDS};
use tlog::note::{self, VerifyingKey};

/// Public entries that are listed at most; more are a finding.
const ENTRIES_LIMIT: usize = 100_000;

/// A public entry of the log.
#[derive(Debug, Clone)]
pub struct PublicEntry {
    /// Its index.
    pub index: u64,
    /// When it was entered, to ten minutes: unix seconds of the window's start.
    pub unix_seconds: u64,
    /// Bytes of its content.
    pub bytes: usize,
    /// The agreement, if it is one.
    pub agreement: Option<Box<Agreement>>,
    /// What is wrong with the agreement; `None` if both signatures hold and it stands where it must.
    pub fault: Option<String>,
}

/// Every public entry, and whether the log they stand in is sound.
#[derive(Debug, Clone)]
pub struct Agreements {
    /// The check of the whole log. The first agreement with a fault in each bundle is among its findings.
    pub report: FsckReport,
    /// In the order of the log.
    pub entries: Vec<PublicEntry>,
}

/// Reads the whole log (an agreement could stand anywhere), and checks each agreement in it: canonical text, the
/// signatures of the platform and of the partner by the keys the document names, and versions from 1 without gaps.
pub fn agreements(
    source: &dyn Source,
    key: &VerifyingKey,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Agreements, VerifyError> {
    let mut reader = Reader {
        progress,
        entries: Vec::new(),
        versions: BTreeMap::new(),
    };
    let report = fsck_watched(source, key, &mut reader)?;
    Ok(Agreements {
        report,
        entries: reader.entries,
    })
}

struct Reader<'a> {
    progress: &'a mut dyn FnMut(u64, u64),
    entries: Vec<PublicEntry>,
    versions: BTreeMap<AgreementId, u32>,
}

impl Watch for Reader<'_> {
    fn progress(&mut self, done: u64, total: u64) {
        (self.progress)(done, total);
    }

    fn entry(&mut self, index: u64, leaf: &Leaf, public: &[u8]) -> Result<(), String> {
        if leaf.kind != Kind::Public {
            return Ok(());
        }
        if self.entries.len() == ENTRIES_LIMIT {
            return Err(format!("more than {ENTRIES_LIMIT} public entries"));
        }
        let agreement = read(public);
        let checked = agreement
            .as_ref()
            .map_or(Ok(()), |(agreement, note)| self.check(agreement, note));
        self.entries.push(PublicEntry {
            index,
            unix_seconds: leaf.window.saturating_mul(WINDOW_SECONDS),
            bytes: public.len(),
            agreement: agreement.map(|(agreement, _)| Box::new(agreement)),
            fault: checked.clone().err(),
        });
        checked
    }
}

impl Reader<'_> {
    fn check(&mut self, agreement: &Agreement, note: &str) -> Result<(), String> {
        let reference = agreement.reference();
        let canonical = agreement
            .canonical()
            .map_err(|error| format!("agreement `{reference}`: {error}"))?;
        let sides = [
            ("platform", &agreement.platform.key),
            ("partner", &agreement.partner.key),
        ];
        let mut keys = Vec::new();
        for (side, key) in sides {
            let key: VerifyingKey = key
                .parse()
                .map_err(|error| format!("agreement `{reference}`: `{side}.key`: {error}"))?;
            let verified = note::verify(note, std::slice::from_ref(&key))
                .map_err(|error| format!("agreement `{reference}`: signature of the {side}: {error}"))?;
            if verified.text.strip_suffix('\n') != Some(canonical.as_str()) {
                return Err(format!("agreement `{reference}` is not in canonical form"));
            }
            keys.push(key);
        }
        if keys.first() == keys.last() {
            return Err(format!("agreement `{reference}` names one key for both sides"));
        }
        let version = self.versions.entry(agreement.id.clone()).or_insert(0);
        let next = version.saturating_add(1);
        if agreement.version != next {
            return Err(format!("agreement `{reference}` stands where version {next} must"));
        }
        *version = next;
        Ok(())
    }
}

/// The agreement in these public bytes, and the signed note; `None` if they are something else.
fn read(public: &[u8]) -> Option<(Agreement, String)> {
    let note = std::str::from_utf8(public).ok()?;
    let text = note::unverified_text(note).ok()?;
    let agreement = Agreement::parse(text.strip_suffix('\n')?).ok()?;
    Some((agreement, note.to_owned()))
}
