//! Partners' reports on the register's pages.

use super::register::standing;
use super::{chrome, show};
use crate::Web;
use crate::problem::Failure;
use crate::reports::{find, period_of};
use crate::signed_in::Visitor;
use app::reports::{Filing, Owed};
use axum::extract::{Path, State};
use axum::response::Response;
use pages::{FiledLine, PeriodLine, ReportPage, ReportsPage};
use std::sync::Arc;

/// `GET /register/{id}/{version}/reports`.
pub async fn reports(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path((id, version)): Path<(String, String)>,
) -> Response {
    let page = async {
        let published = find(&web, &id, &version)?;
        let owes = web.app.reports_owed(&published).await?;
        let agreement = published.agreement.reference();
        Ok::<_, Failure>(ReportsPage {
            chrome: chrome(&web, visitor.session.as_ref()),
            partner: published.agreement.partner.name.clone(),
            standing: standing(&web, &agreement),
            agreement,
            owes_none: owes.calendar.err(),
            periods: owes.periods.iter().rev().map(line).collect(),
        })
    };
    match page.await {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, visitor.session.as_ref(), &visitor.request),
    }
}

/// `GET /register/{id}/{version}/reports/{period}`.
pub async fn report(
    State(web): State<Arc<Web>>,
    visitor: Visitor,
    Path((id, version, period)): Path<(String, String, String)>,
) -> Response {
    let page = async {
        let published = find(&web, &id, &version)?;
        let owed = period_of(&web, &published, &period).await?;
        let counts = web.app.report_counts(&published, &owed).await?;
        Ok::<_, Failure>(ReportPage {
            chrome: chrome(&web, visitor.session.as_ref()),
            partner: published.agreement.partner.name.clone(),
            agreement: published.agreement.reference(),
            line: line(&owed),
            filed: owed.row.filings.iter().rev().map(filed).collect(),
            facets: counts.as_ref().map(pages::facets).unwrap_or_default(),
        })
    };
    match page.await {
        Ok(page) => show(&page),
        Err(failure) => failure.into_page(&web, visitor.session.as_ref(), &visitor.request),
    }
}

/// One period, as a page shows it.
pub fn line(owed: &Owed) -> PeriodLine {
    PeriodLine {
        period: owed.period,
        overdue_from: owed.overdue_from,
        state: owed.row.duty.state,
        suspended: owed.row.suspended,
        filed: owed.row.counting().map(filed),
    }
}

fn filed(filing: &Filing) -> FiledLine {
    FiledLine {
        revision: filing.revision,
        at: filing.at,
        outcome: filing.outcome,
        compared: filing.compared,
        differences: filing.differences,
        sends: filing.totals.sends,
        clicks: filing.totals.clicks,
        entry: filing.entry,
        hash: hex::encode(filing.hash),
    }
}
