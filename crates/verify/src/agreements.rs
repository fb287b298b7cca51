//! The register as the log has it: every agreement, with both signatures checked.
//!
//! A signature proves that a key signed, not whose key it is: that an auditor must hear from the partner. So keys are shown,
//! can be pinned, and do not change unnoticed.

use crate::filings::{Filings, ReportEntry};
use crate::fsck::{FsckReport, Watch, fsck_watched};
use crate::{Finding, Source, VerifyError};
use model::{Agreement, AgreementId, AgreementRef, PartnerId};
use std::collections::BTreeMap;
use tlog::Hash;
use tlog::leaf::{Kind, Leaf, WINDOW_SECONDS};
use tlog::note::{self, VerifyingKey};
use tlog::path::TilePath;
use tlog::tree::{TILE_WIDTH, leaf_hash, tile_width};

/// Public entries that are listed at most; more are a finding.
const ENTRIES_LIMIT: usize = 100_000;

/// The keys that an auditor got from each side itself. An empty list pins nothing.
#[derive(Debug, Clone, Default)]
pub struct Pins {
    /// The platform's keys for agreements.
    pub platform: Vec<VerifyingKey>,
    /// The partner's.
    pub partner: Vec<VerifyingKey>,
    /// Whose agreements the partner's keys are for; everyone's if it is `None`.
    pub partner_id: Option<PartnerId>,
}

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
    /// What is wrong; empty if both signatures hold, the keys are the expected ones, and it stands where it must.
    pub faults: Vec<String>,
    /// What is harmless and should be known.
    pub remarks: Vec<String>,
}

/// Every public entry, and whether the log they stand in is sound.
#[derive(Debug, Clone)]
pub struct Agreements {
    /// The check of the whole log.
    pub report: FsckReport,
    /// In the order of the log.
    pub entries: Vec<PublicEntry>,
    /// What it says of reports, in the order of the log.
    pub reports: Vec<ReportEntry>,
    /// Whether there were more public entries than are kept.
    pub too_many: bool,
}

impl Agreements {
    /// Whether the log is sound and nothing is wrong with any public entry in it.
    pub fn is_sound(&self) -> bool {
        self.report.is_sound()
            && !self.too_many
            && self.entries.iter().all(|entry| entry.faults.is_empty())
            && self.reports.iter().all(|entry| entry.faults.is_empty())
    }

    /// What is wrong with the public entries, each with its place.
    pub fn findings(&self) -> Vec<Finding> {
        let of_entry = |(entry, faults): (u64, &Vec<String>)| {
            let index = entry / u64::from(TILE_WIDTH);
            let width = tile_width(self.report.checkpoint.size, 0, index);
            let file = TilePath::Entries { index, width };
            let findings = faults.iter().map(move |fault| Finding::new(file, Some(entry), fault));
            findings.collect::<Vec<_>>()
        };
        let agreements = self.entries.iter().map(|entry| (entry.index, &entry.faults));
        let reports = self.reports.iter().map(|entry| (entry.index, &entry.faults));
        let mut all: Vec<_> = agreements.chain(reports).collect();
        all.sort_by_key(|(index, _)| *index);
        let mut findings: Vec<_> = all.into_iter().flat_map(of_entry).collect();
        if self.too_many {
            let what = format!("more than {ENTRIES_LIMIT} public entries; the rest was not looked at");
            findings.push(Finding::new("public entries", None, what));
        }
        findings
    }
}

/// Reads the whole log (an agreement could stand anywhere), and checks each public entry in it: that it is an agreement in
/// canonical text, with the signatures of the platform and of the partner by the keys the document names; that these are the
/// pinned ones, and the same as in the version before and in the partner's other agreements; versions from 1 without gaps,
/// and one text for each.
pub fn agreements(
    source: &dyn Source,
    key: &VerifyingKey,
    pins: &Pins,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Agreements, VerifyError> {
    let mut reader = Reader {
        progress,
        entries: Vec::new(),
        reports: Vec::new(),
        filings: Filings::default(),
        too_many: false,
        book: Book {
            pins,
            texts: BTreeMap::new(),
            newest: BTreeMap::new(),
            partners: BTreeMap::new(),
            platform: None,
        },
    };
    let report = fsck_watched(source, key, &mut reader)?;
    Ok(Agreements {
        report,
        entries: reader.entries,
        reports: reader.reports,
        too_many: reader.too_many,
    })
}

struct Reader<'a> {
    progress: &'a mut dyn FnMut(u64, u64),
    entries: Vec<PublicEntry>,
    reports: Vec<ReportEntry>,
    filings: Filings,
    too_many: bool,
    book: Book<'a>,
}

impl Watch for Reader<'_> {
    fn progress(&mut self, done: u64, total: u64) {
        (self.progress)(done, total);
    }

    fn entry(&mut self, index: u64, leaf: &Leaf, public: &[u8]) -> Result<(), String> {
        if !matches!(leaf.kind, Kind::Public | Kind::Report) {
            return Ok(());
        }
        if self.entries.len() + self.reports.len() >= ENTRIES_LIMIT {
            self.too_many = true;
            return Ok(());
        }
        if leaf.kind == Kind::Report {
            self.reports.push(self.filings.entry(index, public));
            return Ok(());
        }
        let mut entry = PublicEntry {
            index,
            unix_seconds: leaf.window.saturating_mul(WINDOW_SECONDS),
            bytes: public.len(),
            agreement: None,
            faults: Vec::new(),
            remarks: Vec::new(),
        };
        match read(public) {
            Ok((agreement, note)) => {
                if let Err(fault) = self.book.check(&agreement, note, &mut entry) {
                    entry.faults.push(fault);
                }
                if entry.faults.is_empty() {
                    self.filings.agreement(&agreement);
                }
                entry.agreement = Some(Box::new(agreement));
            }
            Err(why) => entry
                .faults
                .push(format!("a public entry that cannot be read as an agreement: {why}")),
        }
        self.entries.push(entry);
        Ok(())
    }
}

/// A key, and the agreement that named it last.
#[derive(Clone)]
struct Named {
    by: AgreementRef,
    key: VerifyingKey,
}

/// What is known from the agreements so far.
struct Book<'a> {
    pins: &'a Pins,
    /// Where each version was entered first, and its text's hash.
    texts: BTreeMap<AgreementRef, (u64, Hash)>,
    newest: BTreeMap<AgreementId, (u32, PartnerId, Named)>,
    partners: BTreeMap<PartnerId, Named>,
    platform: Option<Named>,
}

impl Book<'_> {
    /// An error says that it is no agreement between two sides at all, and is forgotten again.
    fn check(&mut self, agreement: &Agreement, note: &str, entry: &mut PublicEntry) -> Result<(), String> {
        let reference = agreement.reference();
        let canonical = agreement
            .canonical()
            .map_err(|error| format!("agreement `{reference}`: {error}"))?;
        let signed = |side: &str, key: &str| {
            let key: VerifyingKey = key
                .parse()
                .map_err(|error| format!("agreement `{reference}`: `{side}.key`: {error}"))?;
            let verified = note::verify(note, std::slice::from_ref(&key))
                .map_err(|error| format!("agreement `{reference}`: signature of the {side}: {error}"))?;
            if verified.text.strip_suffix('\n') != Some(canonical.as_str()) {
                return Err(format!("agreement `{reference}` is not in canonical form"));
            }
            Ok(key)
        };
        let platform = signed("platform", &agreement.platform.key)?;
        let partner = signed("partner", &agreement.partner.key)?;
        if platform.same_bytes(&partner) {
            return Err(format!("agreement `{reference}` names one key for both sides"));
        }
        self.check_pins(agreement, &platform, &partner, &mut entry.faults);

        let text = leaf_hash(canonical.as_bytes());
        match self.texts.get(&reference) {
            Some((first, known)) if *known == text => {
                let what = format!("the same text as in entry {first}, entered again: harmless");
                entry.remarks.push(what);
                return Ok(());
            }
            Some((first, _)) => {
                return Err(format!(
                    "agreement `{reference}` has another text in entry {first}: one version, two agreements"
                ));
            }
            None => {}
        }
        self.check_changes(agreement, note, &platform, &partner, entry);

        let named = |key| Named {
            by: reference.clone(),
            key,
        };
        self.texts.insert(reference.clone(), (entry.index, text));
        self.platform = Some(named(platform));
        let partner = named(partner);
        self.partners.insert(agreement.partner_id.clone(), partner.clone());
        let next = match self.newest.get(&agreement.id) {
            Some((version, ..)) => version.saturating_add(1),
            None => 1,
        };
        if agreement.version != next {
            return Err(format!("agreement `{reference}` stands where version {next} must"));
        }
        let newest = (next, agreement.partner_id.clone(), partner);
        self.newest.insert(agreement.id.clone(), newest);
        Ok(())
    }

    fn check_pins(
        &self,
        agreement: &Agreement,
        platform: &VerifyingKey,
        partner: &VerifyingKey,
        faults: &mut Vec<String>,
    ) {
        let reference = agreement.reference();
        let meant = |id: &PartnerId| *id == agreement.partner_id;
        let concerned = self.pins.partner_id.as_ref().is_none_or(meant);
        for (side, key, pins) in [
            ("platform", platform, Some(&self.pins.platform)),
            ("partner", partner, Some(&self.pins.partner).filter(|_| concerned)),
        ] {
            if pins.is_some_and(|pins| !pins.is_empty() && !pins.contains(key)) {
                faults.push(format!(
                    "agreement `{reference}` is signed for the {side} by a key that is not one you gave: {key}"
                ));
            }
        }
    }

    /// Nobody but the side itself can say that a new key is its own; unless the key before says so, by signing too.
    fn check_changes(
        &self,
        agreement: &Agreement,
        note: &str,
        platform: &VerifyingKey,
        partner: &VerifyingKey,
        entry: &mut PublicEntry,
    ) {
        let reference = agreement.reference();
        let newest = self.newest.get(&agreement.id);
        if let Some((_, before, named)) = newest
            && *before != agreement.partner_id
        {
            entry.faults.push(format!(
                "agreement `{reference}` is partner `{}`'s, and `{}` was partner `{before}`'s: ask both",
                agreement.partner_id, named.by
            ));
        }
        let of_partner = self.partners.get(&agreement.partner_id);
        let of_version = newest
            .map(|(.., named)| named)
            .filter(|named| of_partner.is_none_or(|other| other.by != named.by));
        for (side, key, before) in [
            ("platform", platform, self.platform.as_ref()),
            ("partner", partner, of_version),
            ("partner", partner, of_partner),
        ] {
            let Some(before) = before.filter(|before| before.key != *key) else {
                continue;
            };
            let changed = format!(
                "agreement `{reference}`: the key of the {side} changed: it is {key}, and was {} in `{}`",
                before.key, before.by
            );
            match note::verify(note, std::slice::from_ref(&before.key)) {
                Ok(_) => entry.remarks.push(format!("{changed}, which signed this as well")),
                Err(_) => entry.faults.push(format!(
                    "{changed}, which did not sign this: ask the {side} whether the new key is its own"
                )),
            }
        }
    }
}

/// The agreement in these public bytes, and the signed note.
fn read(public: &[u8]) -> Result<(Agreement, &str), String> {
    let note = std::str::from_utf8(public).map_err(|_| "not UTF-8 text".to_owned())?;
    let text = note::unverified_text(note).map_err(|error| error.to_string())?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let agreement = Agreement::parse(text).map_err(|error| error.to_string())?;
    Ok((agreement, note))
}
