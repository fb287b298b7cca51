//! Taking a report: check, compare, write down, enter, answer with a receipt.

use super::row::{Filing, Kept, NoticeKind, PeriodRow, What, short};
use crate::ledger::inclusion;
use crate::mail::Kind;
use crate::{App, Denied, Error, Published, to_its_end};
use model::{AgreementRef, PartnerId};
use report::{
    Calendar, Checked, Counts, Domain, Entry, Expected, Explanation, Fault, Filed, Outcome, Period, Seed, State,
    Suspension, Tolerance, Verdict,
};
use std::sync::Arc;

/// Reports of one period in 24 hours at most.
pub const DAY_LIMIT: usize = 20;
/// Reports of one period at most, refused ones included.
pub const PERIOD_LIMIT: usize = 200;
/// How often a row is tried that others keep changing.
const ROUNDS: usize = 8;

/// What is filed, as far as the partner says so beside the file.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// Under which version; that which the file names, if none.
    pub agreement: Option<AgreementRef>,
    /// The number of the period; that which the file names, if none.
    pub period: Option<u32>,
}

/// What a partner is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The report is not in order; there is at least one fault. Nothing was kept.
    Faulty(Vec<Fault>),
    /// It is in order, and this became of it.
    Ruled(Box<Ruled>),
}

/// What became of a report that is in order.
#[derive(Debug, Clone)]
pub struct Ruled {
    /// Under which version of which agreement.
    pub agreement: AgreementRef,
    /// Which days.
    pub period: Period,
    /// Where the period's report stands now.
    pub state: State,
    /// What was filed.
    pub filing: Filing,
    /// The comparison; `None` if the platform had nothing to compare with.
    pub verdict: Option<Verdict>,
    /// A tlog-proof file: the ledger has it.
    pub receipt: String,
    /// Whether the same file had been filed before.
    pub repeated: bool,
}

/// What a report is held to.
pub(super) struct Subject {
    pub published: Published,
    pub calendar: Calendar,
    pub domain: Domain,
}

impl Subject {
    /// `None` if the agreement's lists make no report.
    pub fn of(published: Published) -> Option<Self> {
        let domain = Domain::of(&published.agreement).ok()?;
        let calendar = Calendar::of(&published.agreement).ok()?;
        Some(Self {
            published,
            calendar,
            domain,
        })
    }

    pub fn reference(&self) -> AgreementRef {
        self.published.agreement.reference()
    }

    /// Whether a period's report is owed: not if it was over before the agreement was published.
    pub fn owes(&self, period: &Period) -> bool {
        period.ends() > self.published.published_at
    }
}

impl App {
    /// Takes a report from a partner. Filing the same file again changes nothing and is answered the same.
    pub async fn report_file(
        self: &Arc<Self>,
        partner: &PartnerId,
        about: About,
        zip: Vec<u8>,
    ) -> Result<Answer, Error> {
        let (app, partner) = (Arc::clone(self), partner.clone());
        to_its_end(async move { app.file(&partner, &about, zip.into()).await }).await
    }

    async fn file(&self, partner: &PartnerId, about: &About, zip: Arc<[u8]>) -> Result<Answer, Error> {
        let (subject, period) = self.subject(partner, about, &zip).await?;
        let hash = report::hash(&zip);
        let _one_at_a_time = self.filing.lock().await;
        for _ in 0..ROUNDS {
            let mut rows = self.rows_of(&subject.reference(), &[period]).await?;
            let Some(mut kept) = rows.pop() else { break };
            let shelf = self.platform_shelf().await?;
            if !self.row_settle(&shelf, &mut kept).await? {
                continue;
            }
            if let Some(filing) = kept.row.filings.iter().find(|filing| filing.hash == hash) {
                let answer = self.ruled(&kept.row, filing.clone(), true).await?;
                return Ok(Answer::Ruled(Box::new(answer)));
            }
            let checked = match self.checked(&subject, &period, &kept.row, &zip).await? {
                Ok(checked) => checked,
                Err(faults) => return Ok(Answer::Faulty(faults)),
            };
            self.within_limits(&kept.row)?;
            let verdict = self.compared(&subject, &period, &checked).await?;
            let filing = self
                .filed(&subject, &mut kept, &checked, verdict.as_ref(), &zip)
                .await?;
            if !self.row_write(&shelf, &mut kept).await? || !self.row_settle(&shelf, &mut kept).await? {
                continue;
            }
            tracing::info!(agreement = %kept.row.agreement, period = period.number, revision = filing.revision,
                outcome = filing.outcome.map_or("not compared", Outcome::as_str), "report filed");
            let filing = kept.row.filings.last().cloned().unwrap_or(filing);
            return Ok(Answer::Ruled(Box::new(self.ruled(&kept.row, filing, false).await?)));
        }
        Err(Error::Unavailable("others keep filing the same; try again".into()))
    }

    /// What the file is to be held to. Where it names what there is not, it is held to what is nearest, so that its check says
    /// what is wrong with it, and in the order of the checks.
    async fn subject(&self, partner: &PartnerId, about: &About, zip: &Arc<[u8]>) -> Result<(Subject, Period), Error> {
        let bytes = Arc::clone(zip);
        let claim = tokio::task::spawn_blocking(move || report::claim(&bytes).ok())
            .await
            .map_err(|_| Error::Unavailable("shutting down".into()))?;
        let mine = |reference: &AgreementRef| {
            self.published(reference)
                .filter(|published| published.agreement.partner_id == *partner)
        };
        let newest = || {
            let all = self.agreements();
            let of_partner = all.iter().filter(|p| p.agreement.partner_id == *partner);
            let reporting = of_partner.filter(|p| Domain::of(&p.agreement).is_ok());
            reporting
                .max_by_key(|p| (p.agreement.starts, p.agreement.version))
                .cloned()
        };
        let published = match (&about.agreement, &claim) {
            (Some(named), _) => mine(named).ok_or(Error::NotFound)?,
            (None, claim) => claim
                .as_ref()
                .and_then(|claim| mine(&claim.agreement))
                .or_else(newest)
                .ok_or_else(|| Error::Invalid("no agreement of yours owes a report".into()))?,
        };
        let subject = Subject::of(published)
            .ok_or_else(|| Error::Invalid("this agreement's lists make no report: nothing is owed under it".into()))?;
        let now = self.now();
        let last = || {
            let over = subject.calendar.periods().take_while(|period| period.ends() <= now);
            over.last().or_else(|| subject.calendar.period(1))
        };
        let period = match (about.period, &claim) {
            (Some(number), _) => subject.calendar.period(number),
            (None, claim) => claim
                .as_ref()
                .and_then(|claim| subject.calendar.period(claim.period))
                .or_else(last),
        };
        let period = period.ok_or_else(|| Error::Invalid("the agreement has no such period".into()))?;
        if !subject.owes(&period) {
            let said = format!("period {period} was over before the agreement was published: nothing is owed for it");
            return Err(Error::Invalid(said));
        }
        Ok((subject, period))
    }

    async fn checked(
        &self,
        subject: &Subject,
        period: &Period,
        row: &PeriodRow,
        zip: &Arc<[u8]>,
    ) -> Result<Result<Checked, Vec<Fault>>, Error> {
        let agreement = &subject.published.agreement;
        let key = agreement.partner.key.parse();
        let expected = Expected {
            agreement: agreement.reference(),
            domain: subject.domain.clone(),
            key: key.map_err(|_| Error::Corrupt("a published agreement's key".into()))?,
            period: *period,
            previous: row.previous(),
            now: self.now(),
        };
        let bytes = Arc::clone(zip);
        tokio::task::spawn_blocking(move || report::check(&bytes, &expected))
            .await
            .map_err(|_| Error::Unavailable("shutting down".into()))
    }

    /// What is filed is kept and entered for good: not any number of times.
    fn within_limits(&self, row: &PeriodRow) -> Result<(), Error> {
        let since = self.now().plus_days(-1);
        let today = row.filings.iter().filter(|filing| filing.at > since).count();
        if row.filings.len() >= PERIOD_LIMIT {
            let said = format!("{PERIOD_LIMIT} reports of this period have come: ask the operator");
            return Err(Error::TooLarge(said));
        }
        match today >= DAY_LIMIT {
            true => Err(Denied::Ceiling("reports_per_period_per_day").into()),
            false => Ok(()),
        }
    }

    async fn compared(&self, subject: &Subject, period: &Period, checked: &Checked) -> Result<Option<Verdict>, Error> {
        let Some(platform) = self.counted_by_us(&subject.published.agreement, period).await? else {
            return Ok(None);
        };
        let reasons: &[Explanation] = &checked.explanations;
        let mut verdict = report::reconcile(&checked.counts, &platform, reasons, &Tolerance::default());
        let mut seeds = Counts::new(subject.domain.clone(), *period);
        for seed in self.seeds(&subject.reference(), period.number).await? {
            seed.add_to(&mut seeds)
                .map_err(|error| Error::Corrupt(format!("a stored seed: {error}")))?;
        }
        report::seeded(&checked.counts, &seeds, &mut verdict);
        Ok(Some(verdict))
    }

    /// Puts the report into the row, and what is to be entered. The file itself is kept first.
    async fn filed(
        &self,
        subject: &Subject,
        kept: &mut Kept,
        checked: &Checked,
        verdict: Option<&Verdict>,
        zip: &[u8],
    ) -> Result<Filing, Error> {
        let (now, calendar, row) = (self.now(), &subject.calendar, &mut kept.row);
        let outcome = verdict.map(|verdict| verdict.outcome);
        let duty = row.duty.at(now, calendar);
        let next = match outcome {
            None => duty.file_uncompared(now, calendar),
            Some(Outcome::Refused) => Ok(duty),
            Some(outcome) => duty.file(outcome, now, calendar),
        };
        let next = next.map_err(|error| Error::Conflict(error.to_string()))?;

        let shelf = self.platform_shelf().await?;
        let id = short(&checked.hash);
        let pieces = shelf.pieces_put(id, zip).await?;
        if let Some(verdict) = verdict {
            let verdict = verdict.clone();
            let put = |_: Option<Verdict>| Ok((Some(verdict.clone()), ()));
            shelf.change(Kind::ReportVerdict, id, put).await?;
        }
        let filing = Filing {
            hash: checked.hash,
            revision: checked.revision,
            previous: row.previous().map(|previous| previous.hash),
            at: now,
            outcome,
            compared: verdict.map_or(0, |verdict| verdict.compared),
            differences: verdict.map_or(0, |verdict| verdict.found),
            explanations: checked.explanations.len(),
            totals: checked.counts.totals(),
            entry: None,
            pieces,
        };
        row.duty = next;
        row.filings.push(filing.clone());
        let (revision, period) = (filing.revision, row.duty.period);
        row.tell(now, NoticeKind::Filed { revision, outcome });
        let entry = Entry::Filed(Filed {
            agreement: row.agreement.clone(),
            period,
            revision,
            hash: filing.hash,
            previous: filing.previous,
            outcome,
            compared: filing.compared,
            differences: filing.differences,
            sends: filing.totals.sends,
            clicks: filing.totals.clicks,
            at: now,
        });
        self.row_announce(row, &entry, What::Filed(filing.hash))?;
        self.announce_lifting(row)?;
        Ok(filing)
    }

    /// If the grants answer nothing because of this period, and there is no reason any more.
    pub(super) fn announce_lifting(&self, row: &mut PeriodRow) -> Result<(), Error> {
        if !row.is_suspending() || !row.duty.answers() {
            return Ok(());
        }
        let entry = Entry::Standing(Suspension {
            agreement: row.agreement.clone(),
            period: row.duty.period,
            suspended: false,
            at: self.now(),
        });
        self.row_announce(row, &entry, What::Lift)
    }

    async fn ruled(&self, row: &PeriodRow, filing: Filing, repeated: bool) -> Result<Ruled, Error> {
        let entry = filing
            .entry
            .ok_or_else(|| Error::Unavailable("a report's entry".into()))?;
        Ok(Ruled {
            agreement: row.agreement.clone(),
            period: row.duty.period,
            state: row.duty.state,
            verdict: self.report_verdict(&filing.hash).await?,
            receipt: self.report_receipt(entry).await?,
            filing,
            repeated,
        })
    }

    /// What became of a report, number by number.
    pub async fn report_verdict(&self, hash: &tlog::Hash) -> Result<Option<Verdict>, Error> {
        let shelf = self.platform_shelf().await?;
        let doc = shelf.doc::<Verdict>(Kind::ReportVerdict, short(hash)).await?;
        Ok(doc.map(|doc| doc.body))
    }

    /// A filed report's file, as it came.
    pub async fn report_zip(&self, filing: &Filing) -> Result<Vec<u8>, Error> {
        let shelf = self.platform_shelf().await?;
        let zip = shelf.pieces_get(short(&filing.hash), filing.pieces).await?;
        zip.filter(|zip| report::hash(zip) == filing.hash)
            .ok_or_else(|| Error::Corrupt("a filed report is not what was filed".into()))
    }

    /// The receipt for an entry about a report, under the newest checkpoint.
    pub async fn report_receipt(&self, index: u64) -> Result<String, Error> {
        // The store's own: this process's may lag behind, when another wrote, or when the outcome of a commit was unknown.
        let head = self.store.ledger_head().await?;
        let checkpoint = String::from_utf8_lossy(&head.checkpoint);
        let entry = match self.store.ledger_leaves(index, 1).await?.pop() {
            Some(entry) if index < head.size => entry,
            _ => return Err(Error::Unavailable("the ledger is being read; try again".into())),
        };
        let proof = inclusion(&self.store, head.size, index).await?;
        report::receipt::write(&entry, index, proof, &checkpoint).map_err(|error| Error::Corrupt(error.to_string()))
    }

    /// What was sent to see whether it is reported.
    async fn seeds(&self, agreement: &AgreementRef, period: u32) -> Result<Vec<Seed>, Error> {
        let shelf = self.platform_shelf().await?;
        let id = super::row::id_of(agreement, period);
        let doc = shelf.doc::<Vec<Seed>>(Kind::ReportSeeds, id).await?;
        Ok(doc.map(|doc| doc.body).unwrap_or_default())
    }
}
