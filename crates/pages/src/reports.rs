//! What everyone may know of a partner's reports: when each is due, where it stands, and its sums.

use crate::multiples::Facet;
use crate::{Chrome, Page, Tab, when, words};
use askama::Template;
use model::{AgreementRef, Standing, Time};
use report::{Outcome, Period, State};

/// `GET /register/{id}/{version}/reports`.
#[derive(Debug, Clone, Template)]
#[template(path = "reports.html")]
pub struct ReportsPage {
    /// Header and footer.
    pub chrome: Chrome,
    /// Under which version of which agreement.
    pub agreement: AgreementRef,
    /// The partner's name.
    pub partner: String,
    /// Whether the agreement answers.
    pub standing: Standing,
    /// Why no report is owed at all, if so.
    pub owes_none: Option<String>,
    /// Newest first.
    pub periods: Vec<PeriodLine>,
}

/// `GET /register/{id}/{version}/reports/{period}`.
#[derive(Debug, Clone, Template)]
#[template(path = "report.html")]
pub struct ReportPage {
    /// Header and footer.
    pub chrome: Chrome,
    /// Under which version of which agreement.
    pub agreement: AgreementRef,
    /// The partner's name.
    pub partner: String,
    /// Where it stands.
    pub line: PeriodLine,
    /// What was filed, newest first.
    pub filed: Vec<FiledLine>,
    /// The sums of the newest that was not refused.
    pub facets: Vec<Facet>,
}

/// One period.
#[derive(Debug, Clone)]
pub struct PeriodLine {
    /// Which days.
    pub period: Period,
    /// From when on its report is overdue.
    pub overdue_from: Time,
    /// Where it stands.
    pub state: State,
    /// The entry by which the agreement's grants answer nothing because of it.
    pub suspended: Option<u64>,
    /// The newest that was not refused.
    pub filed: Option<FiledLine>,
}

/// One report.
#[derive(Debug, Clone)]
pub struct FiledLine {
    /// Its number.
    pub revision: u32,
    /// When it came.
    pub at: Time,
    /// What became of it.
    pub outcome: Option<Outcome>,
    /// How many numbers were compared.
    pub compared: u64,
    /// How many differed.
    pub differences: u64,
    /// Recommendations sent, as the partner says.
    pub sends: u64,
    /// Clicks, as the partner says.
    pub clicks: u64,
    /// Its entry in the ledger.
    pub entry: Option<u64>,
    /// The file's SHA-256, in hexadecimal.
    pub hash: String,
}

/// Where a period's report stands, in words.
pub(crate) fn state_words(state: &State) -> &'static str {
    match state {
        State::Open => "Under way",
        State::Due => "Due",
        State::Filed { .. } => "To be explained",
        State::Explained => "Explained, not looked at yet",
        State::NotCompared => "Filed, not compared",
        State::Accepted => "Accepted",
        State::Overdue => "Overdue",
        State::Suspended => "Overdue: nothing is answered",
    }
}

/// What became of a report, in words.
pub(crate) fn outcome_words(outcome: &Option<Outcome>) -> &'static str {
    match outcome {
        None => "Not compared: the platform has no counts of its own",
        Some(Outcome::Accepted) => "Accepted",
        Some(Outcome::Explained) => "Differences, each explained",
        Some(Outcome::ToExplain) => "Differences that must be explained",
        Some(Outcome::Refused) => "Refused: too far from the platform’s counts",
    }
}

impl PeriodLine {
    fn words(&self) -> &'static str {
        state_words(&self.state)
    }

    /// Nothing is owed any more.
    fn is_done(&self) -> bool {
        self.state == State::Accepted
    }

    fn last(&self) -> Time {
        self.period.last().start()
    }

    fn first(&self) -> Time {
        self.period.first.start()
    }
}

impl FiledLine {
    fn words(&self) -> &'static str {
        outcome_words(&self.outcome)
    }

    /// The ledger lists what is before a number: this entry first.
    fn page_of(entry: &u64) -> u64 {
        entry.saturating_add(1)
    }
}

impl ReportPage {
    /// Every day with what was sent and clicked in all.
    fn days(&self) -> Vec<(Time, u64, u64)> {
        let Some(panel) = self.facets.first().and_then(|facet| facet.panels.first()) else {
            return Vec::new();
        };
        let days = (0..).zip(panel.sends.iter().zip(&panel.clicks));
        days.map(|(day, (sends, clicks))| (self.line.period.first.plus(day).start(), *sends, *clicks))
            .collect()
    }

    /// Every list with the sums of its names.
    fn sums(&self) -> Vec<(&'static str, &str, String)> {
        let lists = self.facets.iter().skip(1);
        lists
            .flat_map(|facet| {
                let drawn = facet.panels.iter().zip(facet.drawn());
                drawn.map(|(panel, (_, said, _))| (facet.title, panel.name.as_str(), said))
            })
            .collect()
    }
}
