//! The periods of an agreement, in days of UTC. No time zone, and so no clock change, has a say.

use model::{Agreement, Time};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Milliseconds of a day of UTC: `Time` knows no leap seconds.
const DAY: i64 = 86_400_000;
/// Days in a period at most.
const PERIOD_LIMIT: u16 = 92;
/// Days of grace at most.
const GRACE_LIMIT: u16 = 92;
/// Days before a report may no longer come on which the partner is reminded.
const REMIND: [i32; 2] = [2, 1];

/// A calendar day of UTC, as days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// The text is not a date such as `2026-11-23`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date such as `2026-11-23`")]
pub struct InvalidDay(String);

impl Day {
    /// The day that a moment is in.
    pub fn of(time: Time) -> Self {
        let day = time.0.div_euclid(DAY);
        Self(i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX }))
    }

    /// Its first moment.
    pub fn start(self) -> Time {
        Time(i64::from(self.0).saturating_mul(DAY))
    }

    /// Later by so many days.
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// How many days after `first` it is; negative before.
    pub fn since(self, first: Self) -> i32 {
        self.0.saturating_sub(first.0)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.start().date())
    }
}

impl FromStr for Day {
    type Err = InvalidDay;
    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        let invalid = || InvalidDay(text.chars().take(80).collect());
        // Exactly the form that is written, or two texts could name one day.
        let form = text.bytes().enumerate().all(|(at, b)| {
            if at == 4 || at == 7 {
                b == b'-'
            } else {
                b.is_ascii_digit()
            }
        });
        if text.len() != 10 || !form {
            return Err(invalid());
        }
        let midnight: Time = format!("{text}T00:00:00Z").parse().map_err(|_| invalid())?;
        Ok(Self::of(midnight))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The days that one report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// From 1, without gaps.
    pub number: u32,
    /// Its first day.
    pub first: Day,
    /// How many days.
    pub days: u16,
}

impl Period {
    /// Its last day.
    pub fn last(&self) -> Day {
        self.first.plus(i32::from(self.days).saturating_sub(1))
    }

    /// The first moment after it.
    pub fn ends(&self) -> Time {
        self.first.plus(i32::from(self.days)).start()
    }

    /// Whether a day is one of its days.
    pub fn contains(&self, day: Day) -> bool {
        self.first <= day && day <= self.last()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} to {})", self.number, self.first, self.last())
    }
}

/// The periods of an agreement, from the day it starts. The last one has all its days, even if the agreement ends in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    starts: Time,
    ends: Time,
    days: u16,
    grace: u16,
}

/// Why there is no calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum CalendarFault {
    #[error("a period has 1 to 92 days, not {0}")]
    Days(u16),
    #[error("grace is 92 days at most, not {0}")]
    Grace(u16),
    #[error("the end is not after the start")]
    Dates,
}

impl Calendar {
    /// From its parts.
    pub fn new(starts: Time, ends: Time, days: u16, grace: u16) -> Result<Self, CalendarFault> {
        match (days, grace) {
            (0, _) => Err(CalendarFault::Days(days)),
            (days, _) if days > PERIOD_LIMIT => Err(CalendarFault::Days(days)),
            (_, grace) if grace > GRACE_LIMIT => Err(CalendarFault::Grace(grace)),
            _ if ends <= starts => Err(CalendarFault::Dates),
            _ => Ok(Self {
                starts,
                ends,
                days,
                grace,
            }),
        }
    }

    /// Of one version of an agreement.
    pub fn of(agreement: &Agreement) -> Result<Self, CalendarFault> {
        let duty = &agreement.report;
        Self::new(agreement.starts, agreement.ends, duty.period_days, duty.grace_days)
    }

    /// The period of a number, if the agreement is still in force when it begins.
    pub fn period(&self, number: u32) -> Option<Period> {
        let before = i32::try_from(number.checked_sub(1)?).ok()?;
        let first = Day::of(self.starts).plus(before.checked_mul(i32::from(self.days))?);
        (first.start() < self.ends).then_some(Period {
            number,
            first,
            days: self.days,
        })
    }

    /// The period that a moment is in.
    pub fn period_at(&self, time: Time) -> Option<Period> {
        let days = Day::of(time).since(Day::of(self.starts));
        let number = u32::try_from(days.div_euclid(i32::from(self.days))).ok()?;
        self.period(number.checked_add(1)?)
    }

    /// All periods, oldest first.
    pub fn periods(&self) -> impl Iterator<Item = Period> + use<> {
        let calendar = *self;
        (1..).map_while(move |number| calendar.period(number))
    }

    /// From when on a period's report is overdue: its end, and the days of grace.
    pub fn overdue_from(&self, period: &Period) -> Time {
        period.ends().plus_days(i64::from(self.grace))
    }

    /// Until when an explanation that was asked for at `asked` may come: as long as a report may.
    pub fn explain_by(&self, asked: Time) -> Time {
        asked.plus_days(i64::from(self.grace.max(1)))
    }

    /// When to remind the partner: when the period is over, and before grace is.
    pub fn reminders(&self, period: &Period) -> Vec<Time> {
        let over = self.overdue_from(period);
        let mut at = vec![period.ends()];
        let before = REMIND.iter().map(|days| over.plus_days(-i64::from(*days)));
        at.extend(before.filter(|time| *time > period.ends()));
        at
    }
}
