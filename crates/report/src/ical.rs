//! The calendar as iCalendar (RFC 5545), for the partner's own.

use crate::{Calendar, Period};
use model::{AgreementRef, Time};
use std::fmt::Write;

/// Octets of a line at most, without its end (RFC 5545 section 3.1).
const LINE: usize = 75;

/// An all-day event for each period: the day its report becomes due, with an alarm for each reminder. `host` makes the ids
/// the platform's; `now` is when the file is made.
pub fn write(agreement: &AgreementRef, calendar: &Calendar, host: &str, now: Time) -> String {
    let mut text = String::new();
    let mut line = |content: String| fold(&mut text, &content);
    line("BEGIN:VCALENDAR".to_owned());
    line("VERSION:2.0".to_owned());
    line("PRODID:-//Privity//Reports//EN".to_owned());
    line("METHOD:PUBLISH".to_owned());
    for period in calendar.periods() {
        let due = period.last().plus(1);
        line("BEGIN:VEVENT".to_owned());
        line(format!(
            "UID:report-{}-{}-{}@{}",
            agreement.id,
            agreement.version,
            period.number,
            escaped(host)
        ));
        line(format!("DTSTAMP:{}", stamp(now)));
        line(format!("DTSTART;VALUE=DATE:{}", basic(&due.to_string())));
        line(format!("DTEND;VALUE=DATE:{}", basic(&due.plus(1).to_string())));
        line(format!("SUMMARY:{}", escaped(&summary(agreement, &period))));
        let last = calendar.overdue_from(&period);
        line(format!("DESCRIPTION:{}", escaped(&format!("Overdue from {last}."))));
        line("TRANSP:TRANSPARENT".to_owned());
        for reminder in calendar.reminders(&period) {
            line("BEGIN:VALARM".to_owned());
            line("ACTION:DISPLAY".to_owned());
            line(format!("DESCRIPTION:{}", escaped(&summary(agreement, &period))));
            line(format!("TRIGGER;VALUE=DATE-TIME:{}", stamp(reminder)));
            line("END:VALARM".to_owned());
        }
        line("END:VEVENT".to_owned());
    }
    line("END:VCALENDAR".to_owned());
    text
}

fn summary(agreement: &AgreementRef, period: &Period) -> String {
    format!(
        "Report {} of {agreement} is due ({} to {})",
        period.number,
        period.first,
        period.last()
    )
}

/// `20261123T000000Z`.
fn stamp(time: Time) -> String {
    basic(&Time::from_unix_seconds(time.unix_seconds()).to_string())
}

fn basic(text: &str) -> String {
    text.chars().filter(|c| *c != '-' && *c != ':').collect()
}

/// RFC 5545 section 3.3.11.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

fn fold(text: &mut String, content: &str) {
    let mut room = LINE;
    for c in content.chars() {
        if c.len_utf8() > room {
            text.push_str("\r\n ");
            // The space counts.
            room = LINE - 1;
        }
        room -= c.len_utf8();
        text.push(c);
    }
    // Writing to a string does not fail.
    _ = write!(text, "\r\n");
}
