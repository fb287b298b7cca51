//! Who owes a report, and what follows if none comes.

use super::filing::Subject;
use super::row::{Kept, NoticeKind, PeriodRow, What};
use crate::{App, Error, Published};
use model::{AgreementRef, Time};
use report::{Calendar, Counts, Domain, Entry, Expected, Outcome, Period, State, Suspension};

/// One period of an agreement.
#[derive(Debug, Clone)]
pub struct Owed {
    /// Which days.
    pub period: Period,
    /// From when on its report is overdue.
    pub overdue_from: Time,
    /// Where it stands, as of now.
    pub row: PeriodRow,
}

/// What is owed under one version of an agreement.
#[derive(Debug, Clone)]
pub struct Owes {
    /// The agreement.
    pub published: Published,
    /// Its calendar, or why it owes no report.
    pub calendar: Result<Calendar, String>,
    /// Its periods that have begun, oldest first, without those that were over when it was published.
    pub periods: Vec<Owed>,
}

impl App {
    /// What is owed under a version of an agreement.
    pub async fn reports_owed(&self, published: &Published) -> Result<Owes, Error> {
        let Some(subject) = Subject::of(published.clone()) else {
            let why = match Domain::of(&published.agreement) {
                Err(fault) => fault.to_string(),
                Ok(_) => "its periods make no calendar".to_owned(),
            };
            return Ok(Owes {
                published: published.clone(),
                calendar: Err(why),
                periods: Vec::new(),
            });
        };
        let now = self.now();
        let periods: Vec<Period> = begun(&subject, now);
        let rows = self.rows_of(&subject.reference(), &periods).await?;
        Ok(Owes {
            published: published.clone(),
            calendar: Ok(subject.calendar),
            periods: rows
                .into_iter()
                .map(|Kept { mut row, .. }| {
                    row.duty = row.duty.at(now, &subject.calendar);
                    Owed {
                        period: row.duty.period,
                        overdue_from: subject.calendar.overdue_from(&row.duty.period),
                        row,
                    }
                })
                .collect(),
        })
    }

    /// The counts of a period as the partner last filed them, if it did.
    pub async fn report_counts(&self, published: &Published, owed: &Owed) -> Result<Option<Counts>, Error> {
        let Some(filing) = owed.row.counting() else {
            return Ok(None);
        };
        let subject = Subject::of(published.clone()).ok_or(Error::NotFound)?;
        let zip = self.report_zip(filing).await?;
        let key = published.agreement.partner.key.parse();
        let expected = Expected {
            agreement: subject.reference(),
            domain: subject.domain,
            key: key.map_err(|_| Error::Corrupt("a published agreement's key".into()))?,
            period: owed.period,
            previous: filing.previous.map(|hash| report::Previous {
                revision: filing.revision.saturating_sub(1),
                hash,
            }),
            now: filing.at,
        };
        let checked = tokio::task::spawn_blocking(move || report::check(&zip, &expected))
            .await
            .map_err(|_| Error::Unavailable("shutting down".into()))?;
        match checked {
            Ok(checked) => Ok(Some(checked.counts)),
            Err(_) => Err(Error::Corrupt("a filed report does not pass its check again".into())),
        }
    }

    /// Reminds of reports that are due, and suspends the grants of agreements whose report is overdue: entered in the ledger
    /// first, then in force. Call it now and then; what was missed meanwhile is made up for. Finishes what a process that is
    /// gone has left unfinished.
    pub async fn reports_remind(&self) -> Result<(), Error> {
        let all = self.agreements();
        for published in all.iter() {
            let Some(subject) = Subject::of(published.clone()) else {
                continue;
            };
            let _one_at_a_time = self.filing.lock().await;
            let over: Vec<Period> = begun(&subject, self.now())
                .into_iter()
                .filter(|period| period.ends() <= self.now())
                .collect();
            for mut kept in self.rows_of(&subject.reference(), &over).await? {
                self.remind(&subject.calendar, &mut kept).await?;
            }
        }
        Ok(())
    }

    async fn remind(&self, calendar: &Calendar, kept: &mut Kept) -> Result<(), Error> {
        if !kept.row.pending.is_empty() && !self.is_left_behind(&kept.row) {
            return Ok(());
        }
        let now = self.now();
        let row = &mut kept.row;
        let before = (row.duty, row.reminded);
        row.duty = row.duty.at(now, calendar);
        let overdue_from = calendar.overdue_from(&row.duty.period);
        for at in calendar.reminders(&row.duty.period).into_iter().skip(row.reminded) {
            if at > now {
                break;
            }
            let owed = matches!(row.duty.state, State::Due | State::Overdue);
            let kind = match row.reminded {
                0 => NoticeKind::Due,
                _ => NoticeKind::Reminder { overdue_from },
            };
            row.reminded += 1;
            if owed {
                row.tell(at, kind);
                tracing::info!(agreement = %row.agreement, period = row.duty.period.number, "a report is due");
            }
        }
        if let Ok(suspended) = row.duty.suspend() {
            row.duty = suspended;
            let entry = Entry::Standing(Suspension {
                agreement: row.agreement.clone(),
                period: row.duty.period,
                suspended: true,
                at: now,
            });
            self.row_announce(row, &entry, What::Suspend)?;
            tracing::warn!(agreement = %row.agreement, period = row.duty.period.number, "a report is overdue: the agreement's grants answer nothing");
        }
        let shelf = self.platform_shelf().await?;
        // Changed elsewhere meanwhile: the next turn sees what it is now.
        if before != (kept.row.duty, kept.row.reminded) && !self.row_write(&shelf, kept).await? {
            return Ok(());
        }
        self.row_settle(&shelf, kept).await?;
        Ok(())
    }

    /// The operator takes a report's explanations, or does not: then it is owed again.
    pub async fn report_take(&self, agreement: &AgreementRef, period: u32, take: bool) -> Result<State, Error> {
        self.report_change(agreement, period, |app, calendar, row| {
            let now = app.now();
            row.duty = match take {
                true => row.duty.accept(),
                false => row.duty.reject(now, calendar),
            }
            .map_err(|error| Error::Conflict(error.to_string()))?;
            let kind = match row.duty.state {
                State::Filed { explain_by } => NoticeKind::NotTaken { explain_by },
                _ => NoticeKind::Taken,
            };
            row.tell(now, kind);
            if take && let Some(filing) = row.counting().cloned() {
                let entry = taken(row, &filing, now);
                app.row_announce(row, &entry, What::Filed(filing.hash))?;
                for filing in row.filings.iter_mut().filter(|f| f.hash == filing.hash) {
                    filing.outcome = Some(Outcome::Accepted);
                }
            }
            Ok(())
        })
        .await
    }

    /// The operator excuses the partner from a report.
    pub async fn report_excuse(&self, agreement: &AgreementRef, period: u32) -> Result<State, Error> {
        self.report_change(agreement, period, |app, _, row| {
            row.duty = row.duty.excuse();
            row.tell(app.now(), NoticeKind::Excused);
            Ok(())
        })
        .await
    }

    async fn report_change(
        &self,
        agreement: &AgreementRef,
        period: u32,
        change: impl Fn(&Self, &Calendar, &mut PeriodRow) -> Result<(), Error>,
    ) -> Result<State, Error> {
        let published = self.published(agreement).ok_or(Error::NotFound)?;
        let subject = Subject::of(published).ok_or(Error::NotFound)?;
        let period = subject.calendar.period(period).filter(|p| subject.owes(p));
        let period = period.ok_or(Error::NotFound)?;
        let _one_at_a_time = self.filing.lock().await;
        let mut rows = self.rows_of(agreement, &[period]).await?;
        let mut kept = rows.pop().ok_or(Error::NotFound)?;
        let shelf = self.platform_shelf().await?;
        let busy = || Error::Unavailable("this period's report is being changed elsewhere; try again".into());
        if !self.row_settle(&shelf, &mut kept).await? {
            return Err(busy());
        }
        kept.row.duty = kept.row.duty.at(self.now(), &subject.calendar);
        change(self, &subject.calendar, &mut kept.row)?;
        self.announce_lifting(&mut kept.row)?;
        match self.row_write(&shelf, &mut kept).await? && self.row_settle(&shelf, &mut kept).await? {
            true => Ok(kept.row.duty.state),
            false => Err(busy()),
        }
    }
}

/// The same filing, with the verdict that the operator gave it.
fn taken(row: &PeriodRow, filing: &super::Filing, now: Time) -> Entry {
    Entry::Filed(report::Filed {
        agreement: row.agreement.clone(),
        period: row.duty.period,
        revision: filing.revision,
        hash: filing.hash,
        previous: filing.previous,
        outcome: Some(Outcome::Accepted),
        compared: filing.compared,
        differences: filing.differences,
        sends: filing.totals.sends,
        clicks: filing.totals.clicks,
        at: now,
    })
}

/// Periods that have begun, and that were not over when the agreement was published.
fn begun(subject: &Subject, now: Time) -> Vec<Period> {
    subject
        .calendar
        .periods()
        .take_while(|period| period.first.start() <= now)
        .filter(|period| subject.owes(period))
        .collect()
}
