//! A moment, as milliseconds since 1970 UTC; written as RFC 3339 wherever a person or another machine reads it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    const DAY: i64 = 86_400_000;

    /// Whole seconds since 1970, rounded down.
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// From whole seconds since 1970.
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Later by so many days (of 86,400 s).
    pub fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(Self::DAY)))
    }

    /// Later by so many seconds.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Monday 00:00 UTC of this moment's week: the only time a `mentions` disclosure tells.
    pub fn week(self) -> Self {
        let day = self.0.div_euclid(Self::DAY);
        // 1970-01-01 was a Thursday, so Monday-based weekdays start at (day + 3) mod 7.
        let monday = day - (day + 3).rem_euclid(7);
        Self(monday.saturating_mul(Self::DAY))
    }

    /// The calendar date in UTC, as `2026-11-23`.
    pub fn date(self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Time {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<jiff::Timestamp>()
            .map(|at| Self(at.as_millisecond()))
            .map_err(|_| {
                format!(
                    "`{}` is not a time such as `2026-11-23T00:00:00Z`",
                    text.chars().take(80).collect::<String>()
                )
            })
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_starts_on_monday() {
        let monday: Time = "2026-11-23T00:00:00Z".parse().unwrap();
        for day in 0..7 {
            assert_eq!(monday.plus_days(day).plus_seconds(86_399).week(), monday);
        }
        assert_eq!(Time(-1).week(), "1969-12-29T00:00:00Z".parse().unwrap());
        assert_eq!(monday.date(), "2026-11-23");
    }
}
