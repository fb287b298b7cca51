//! Who owes reports, as the operator reads it in a terminal.

use app::App;
use app::reports::Owed;
use report::{Outcome, State};
use std::fmt::Write;
use std::sync::Arc;

/// Differences of one report that are printed.
const LISTED: usize = 10;

/// Every period of every agreement that is not simply done.
pub async fn list(app: &Arc<App>) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut accepted = 0;
    for published in app.agreements().iter() {
        let reference = published.agreement.reference();
        let owes = app.reports_owed(published).await?;
        if let Err(why) = &owes.calendar {
            writeln!(text, "{reference}: owes no reports: {why}")?;
        }
        for owed in &owes.periods {
            if owed.row.duty.state == State::Accepted {
                accepted += 1;
                continue;
            }
            writeln!(text, "{reference}: {}", line(owed))?;
            let Some(filing) = owed.row.filings.last() else {
                continue;
            };
            let Some(verdict) = app.report_verdict(&filing.hash).await? else {
                continue;
            };
            for d in verdict.differences.iter().take(LISTED) {
                let reason = d
                    .reason
                    .as_ref()
                    .map(|reason| format!(" ({reason})"))
                    .unwrap_or_default();
                writeln!(
                    text,
                    "    {}, {}: {} filed, {} counted{reason}",
                    d.place, d.measure, d.partner, d.platform
                )?;
            }
            if let Some(more) = usize::try_from(verdict.found)
                .ok()
                .and_then(|n| n.checked_sub(LISTED))
                .filter(|n| *n > 0)
            {
                writeln!(text, "    and {more} more")?;
            }
        }
    }
    write!(text, "{accepted} periods are done.")?;
    Ok(text)
}

fn line(owed: &Owed) -> String {
    let mut line = format!("period {}: {}", owed.period, owed.row.duty.state);
    match owed.row.duty.state {
        State::Open | State::Due => {
            let (due, over) = (owed.period.ends().date(), owed.overdue_from.date());
            line.push_str(&format!(", due {due}, overdue from {over}"));
        }
        State::Filed { explain_by } => line.push_str(&format!(", to be explained by {explain_by}")),
        _ => {}
    }
    if let Some(entry) = owed.row.suspended {
        line.push_str(&format!("; its grants answer nothing (entry {entry})"));
    }
    if let Some(filing) = owed.row.filings.last() {
        let verdict = filing.outcome.map_or("not_compared", Outcome::as_str);
        line.push_str(&format!("; revision {} came {}: {verdict}", filing.revision, filing.at));
    }
    line
}
