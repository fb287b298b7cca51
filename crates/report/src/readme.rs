//! `README.txt`: the report for whoever opens the zip.

use crate::descriptor::Said;
use crate::{Counts, Measure};
use std::fmt::Write;

/// Written from what the other files say, so that it can be held to them.
pub(crate) fn write(said: &Said<'_>, counts: &Counts) -> String {
    let period = counts.period();
    let totals = counts.totals();
    let mut text = String::new();
    // Writing to a string does not fail.
    _ = writeln!(
        text,
        "Report on recommendations, under the agreement {}",
        said.agreement
    );
    _ = writeln!(
        text,
        "Period {}: {} to {}, in days of UTC",
        period.number,
        period.first,
        period.last()
    );
    _ = writeln!(text, "Revision {}", said.revision);
    if let Some(previous) = said.previous {
        _ = writeln!(text, "Replaces the report with SHA-256 {}", hex::encode(previous));
    }
    _ = writeln!(text);
    for measure in Measure::ALL {
        _ = writeln!(text, "{:>16}  {}", measure.as_str(), totals.get(measure));
    }
    _ = write!(
        text,
        "\n\
         unique_senders and unique_clickers count each person once in each row; their sums above count a person\n\
         once for each row she is in.\n\n\
         counts.csv has a row for each day, interface, initiation surface, variant and kind of recipient, zeros\n\
         included. datapackage.json describes it. manifest.note holds the hashes of the other files and the\n\
         partner's signature.\n"
    );
    if !said.explanations.is_empty() {
        _ = writeln!(text, "\nExplanations:");
        for explanation in said.explanations {
            _ = writeln!(
                text,
                "- {}, {}: {}",
                explanation.place, explanation.measure, explanation.reason
            );
        }
    }
    text.replace('\n', "\r\n")
}
