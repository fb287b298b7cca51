//! Times as a person reads them. All are UTC; every page's footer says so.

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::{Timestamp, tz::Offset};
use model::Time;

/// `23 November 2026`.
pub fn day(at: &Time) -> String {
    format(at, "%-d %B %Y")
}

/// `23 Nov 2026`.
pub fn date(at: &Time) -> String {
    format(at, "%-d %b %Y")
}

/// `23 November 2026, 14:05`.
pub fn moment(at: &Time) -> String {
    format(at, "%-d %B %Y, %H:%M")
}

/// `14:05`.
pub fn clock(at: &Time) -> String {
    format(at, "%H:%M")
}

/// `Monday, 23 November`, with the year if it is not this one: what separates the days of a conversation.
pub fn weekday(at: &Time, now: &Time) -> String {
    if format(at, "%Y") == format(now, "%Y") {
        format(at, "%A, %-d %B")
    } else {
        format(at, "%A, %-d %B %Y")
    }
}

/// As short as it can be told: `14:05` today, `Mon` this week, `23 Nov` this year, else `Nov 2024`.
pub fn brief(at: &Time, now: &Time) -> String {
    let age = now.0.saturating_sub(at.0);
    let same = |pattern| format(at, pattern) == format(now, pattern);
    if same("%F") {
        clock(at)
    } else if (0..6 * 86_400_000).contains(&age) {
        format(at, "%a")
    } else if same("%Y") {
        format(at, "%-d %b")
    } else {
        format(at, "%b %Y")
    }
}

/// `23 Nov`: a tick of a chart.
pub fn tick(at: &Time) -> String {
    format(at, "%-d %b")
}

/// `the week of 23 November 2026`.
pub fn week(at: &Time) -> String {
    format!("the week of {}", day(&at.week()))
}

fn format(at: &Time, pattern: &str) -> String {
    civil(at)
        .and_then(|d| strtime::format(pattern, d).ok())
        .unwrap_or_else(|| at.to_string())
}

fn civil(at: &Time) -> Option<DateTime> {
    Timestamp::from_millisecond(at.0)
        .ok()
        .map(|t| Offset::UTC.to_datetime(t))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_as_briefly_as_it_can_be() {
        let now: Time = "2026-11-25T14:05:00Z".parse().unwrap();
        assert_eq!(brief(&now, &now), "14:05");
        assert_eq!(brief(&now.plus_days(-2), &now), "Mon");
        assert_eq!(brief(&now.plus_days(-20), &now), "5 Nov");
        assert_eq!(brief(&now.plus_days(-400), &now), "Oct 2025");
        assert_eq!(brief(&now.plus_days(2), &now), "27 Nov");
        assert_eq!(moment(&now), "25 November 2026, 14:05");
        assert_eq!(week(&now), "the week of 23 November 2026");
        assert_eq!(weekday(&now, &now), "Wednesday, 25 November");
        assert_eq!(day(&Time(i64::MAX)), format!("{} ms", i64::MAX));
    }
}
