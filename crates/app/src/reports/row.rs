//! What is kept of one period of one version of an agreement.

use super::NOBODY;
use crate::accounts::hash_of;
use crate::mail::{Kind, Mail};
use crate::{App, Error};
use model::{AgreementId, AgreementRef, Time};
use report::{Duty, Entry, Measures, Outcome, Period, Previous};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use store::{Cas, Id};
use tlog::leaf::Kind as LeafKind;

/// Entries of the ledger that are looked through at once.
const PAGE: usize = 1_000;
/// Seconds after which whoever wrote an act down is taken to be gone.
const GONE: i64 = 60;

/// Where a period's report stands, and how it came there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PeriodRow {
    /// Under which version of which agreement.
    pub agreement: AgreementRef,
    /// Where it stands.
    pub duty: Duty,
    /// What was filed, oldest first; also what was refused.
    pub filings: Vec<Filing>,
    /// What happened, oldest first.
    pub notices: Vec<Notice>,
    /// The ledger's entry by which the agreement's grants answer nothing, while that is so because of this period.
    pub suspended: Option<u64>,
    /// How many of the period's reminders are over.
    pub(super) reminded: usize,
    /// What is to be entered in the ledger, and is not in force before it is.
    pub(super) pending: Vec<Pending>,
}

/// A report that came and was in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filing {
    /// The zip's hash.
    pub hash: tlog::Hash,
    /// From 1. One that was refused took no number: the next has it again.
    pub revision: u32,
    /// The revision that it replaces.
    pub previous: Option<tlog::Hash>,
    /// When it came.
    pub at: Time,
    /// What became of it; `None` if the platform had nothing to compare it with.
    pub outcome: Option<Outcome>,
    /// How many numbers were compared.
    pub compared: u64,
    /// How many of them differed.
    pub differences: u64,
    /// Reasons that it gives for differences.
    pub explanations: usize,
    /// Its sums.
    pub totals: Measures,
    /// Its entry in the ledger; `None` until it is there.
    pub entry: Option<u64>,
    pub(super) pieces: u32,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// When; of a reminder, when it was due.
    pub at: Time,
    /// What.
    #[serde(flatten)]
    pub kind: NoticeKind,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[allow(missing_docs)]
pub enum NoticeKind {
    /// The period is over, and its report may come.
    Due,
    /// Grace is over soon.
    Reminder { overdue_from: Time },
    /// A report came that is in order.
    Filed { revision: u32, outcome: Option<Outcome> },
    /// No report came, or no explanation: the agreement's grants answer nothing.
    Suspended { entry: u64 },
    /// This period is no reason any more not to answer.
    Lifted { entry: u64 },
    /// The operator took the explanations.
    Taken,
    /// The operator did not take them.
    NotTaken { explain_by: Time },
    /// The operator excused the partner from this report.
    Excused,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pending {
    /// The signed text, as it will stand in the ledger.
    note: String,
    /// The ledger's size when it was written down: it cannot stand before.
    since: u64,
    at: Time,
    what: What,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum What {
    /// A report with this hash was filed.
    Filed(tlog::Hash),
    Suspend,
    Lift,
}

impl PeriodRow {
    pub(super) fn new(agreement: AgreementRef, period: Period) -> Self {
        Self {
            agreement,
            duty: Duty::open(period),
            filings: Vec::new(),
            notices: Vec::new(),
            suspended: None,
            reminded: 0,
            pending: Vec::new(),
        }
    }

    /// The revision that the next one replaces.
    pub fn previous(&self) -> Option<Previous> {
        self.counting().map(|filing| Previous {
            revision: filing.revision,
            hash: filing.hash,
        })
    }

    /// The newest revision that was not refused: what the partner says of the period.
    pub fn counting(&self) -> Option<&Filing> {
        self.filings
            .iter()
            .rev()
            .find(|filing| filing.outcome != Some(Outcome::Refused))
    }

    pub(super) fn tell(&mut self, at: Time, kind: NoticeKind) {
        self.notices.push(Notice { at, kind });
    }

    /// Whether the grants are to answer nothing, or it is on its way.
    pub(super) fn is_suspending(&self) -> bool {
        let last = self.pending.iter().rev().find_map(|pending| match pending.what {
            What::Suspend => Some(true),
            What::Lift => Some(false),
            What::Filed(_) => None,
        });
        last.unwrap_or(self.suspended.is_some())
    }
}

/// A row as read, with the version to write it at.
pub(super) struct Kept {
    pub row: PeriodRow,
    pub version: u64,
}

pub(super) fn id_of(agreement: &AgreementRef, period: u32) -> Id {
    short(&hash_of("report", &format!("{agreement} {period}")))
}

/// The first half of a hash.
pub(super) fn short(hash: &[u8; 32]) -> Id {
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(hash) {
        *to = *from;
    }
    id
}

impl App {
    /// Rows of these periods, in the order asked; new ones for those of which nothing is kept yet.
    pub(super) async fn rows_of(&self, agreement: &AgreementRef, periods: &[Period]) -> Result<Vec<Kept>, Error> {
        let shelf = self.platform_shelf().await?;
        let ids = periods.iter().map(|period| id_of(agreement, period.number)).collect();
        let docs = shelf.docs_of::<PeriodRow>(Kind::Report, ids).await?;
        Ok(periods
            .iter()
            .zip(docs)
            .map(|(period, doc)| match doc {
                Some(doc) => Kept {
                    row: doc.body,
                    version: doc.version,
                },
                None => Kept {
                    row: PeriodRow::new(agreement.clone(), *period),
                    version: 0,
                },
            })
            .collect())
    }

    /// Writes a row; `false` if it was changed meanwhile.
    pub(super) async fn row_write(&self, shelf: &Mail<'_>, kept: &mut Kept) -> Result<bool, Error> {
        let id = id_of(&kept.row.agreement, kept.row.duty.period.number);
        let write = shelf.put(Kind::Report, id, kept.version, &kept.row)?;
        let applied = shelf.write(Kind::Report, vec![write]).await? == Cas::Applied;
        kept.version += u64::from(applied);
        Ok(applied)
    }

    /// Adds what is to be entered. It is in force when [`App::row_settle`] has entered it.
    pub(super) fn row_announce(&self, row: &mut PeriodRow, entry: &Entry, what: What) -> Result<(), Error> {
        let note = tlog::note::sign(&entry.to_string(), &[&self.agreement_key])
            .map_err(|error| Error::Invalid(error.to_string()))?;
        row.pending.push(Pending {
            note,
            since: self.log_head().size,
            at: self.now(),
            what,
        });
        Ok(())
    }

    /// Enters what is to be entered, if it is not, and writes down that it is. `false` if the row was changed meanwhile.
    pub(super) async fn row_settle(&self, shelf: &Mail<'_>, kept: &mut Kept) -> Result<bool, Error> {
        let pending = std::mem::take(&mut kept.row.pending);
        if pending.is_empty() {
            return Ok(true);
        }
        for pending in pending {
            let index = self.enter_once(&pending).await?;
            match pending.what {
                What::Filed(hash) => {
                    for filing in kept.row.filings.iter_mut().filter(|filing| filing.hash == hash) {
                        filing.entry = Some(index);
                    }
                }
                What::Suspend => {
                    kept.row.suspended = Some(index);
                    kept.row.tell(pending.at, NoticeKind::Suspended { entry: index });
                }
                What::Lift => {
                    kept.row.suspended = None;
                    kept.row.tell(pending.at, NoticeKind::Lifted { entry: index });
                }
            }
        }
        let written = self.row_write(shelf, kept).await?;
        self.register_load().await?;
        Ok(written)
    }

    /// Whether whoever wrote down what is to be entered is gone.
    pub(super) fn is_left_behind(&self, row: &PeriodRow) -> bool {
        let before = self.now().plus_seconds(-GONE);
        !row.pending.is_empty() && row.pending.iter().all(|pending| pending.at <= before)
    }

    async fn enter_once(&self, pending: &Pending) -> Result<u64, Error> {
        // Reading the head settles a commit whose outcome was unknown.
        let size = self.store.ledger_head().await?.size;
        let mut from = pending.since;
        while from < size {
            let page = self.log_entries(from, PAGE).await?;
            let is_it = |leaf: &tlog::leaf::Leaf, public: &[u8]| {
                leaf.kind == LeafKind::Report && public == pending.note.as_bytes()
            };
            if let Some((index, ..)) = page.iter().find(|(_, leaf, public)| is_it(leaf, public)) {
                return Ok(*index);
            }
            from = match page.last() {
                Some((last, ..)) => last.saturating_add(1),
                None => return Err(Error::Corrupt(format!("entry {from} is missing"))),
            };
        }
        let note = pending.note.clone().into_bytes();
        Ok(self
            .sequencer
            .append_public(LeafKind::Report, note, pending.at)
            .await?
            .index)
    }

    /// Agreements whose grants answer nothing.
    pub(crate) async fn suspensions(&self) -> Result<BTreeSet<AgreementId>, Error> {
        // Nothing of reports was ever written: nothing to open, and no key is made for it.
        if self.store.docs_state(NOBODY.0, Kind::Report as u8).await? == 0 {
            return Ok(BTreeSet::new());
        }
        let rows = self.platform_shelf().await?.docs::<PeriodRow>(Kind::Report).await?;
        let suspended = rows.into_iter().filter(|(_, doc)| doc.body.suspended.is_some());
        Ok(suspended.map(|(_, doc)| doc.body.agreement.id).collect())
    }
}
