//! Where a period's report stands.

use crate::{Calendar, Outcome, Period};
use model::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a period's report stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// The period is not over.
    Open,
    /// It is over, and the report may come.
    Due,
    /// A report came that must be explained by then.
    Filed {
        /// By when.
        explain_by: Time,
    },
    /// It was explained; the operator has not looked at it yet.
    Explained,
    /// A report in order came, and the platform has no counts of its own to compare it with. Nothing is owed by the partner,
    /// and nothing was accepted.
    NotCompared,
    /// Nothing is owed any more.
    Accepted,
    /// Grace is over.
    Overdue,
    /// Overdue, and the grants under the agreement answer nothing: an act of the platform, never of the clock alone.
    Suspended,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Due => "due",
            Self::Filed { .. } => "filed",
            Self::Explained => "explained",
            Self::NotCompared => "not compared",
            Self::Accepted => "accepted",
            Self::Overdue => "overdue",
            Self::Suspended => "suspended",
        })
    }
}

/// What cannot be done in this state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the report of period {period} is {state}: it cannot be {act}")]
pub struct InvalidTransition {
    period: u32,
    state: State,
    act: &'static str,
}

/// The duty to report on one period. A value: each act returns the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// Which period.
    pub period: Period,
    /// Where it stands.
    #[serde(flatten)]
    pub state: State,
}

impl Duty {
    /// At the period's beginning.
    pub fn open(period: Period) -> Self {
        Self {
            period,
            state: State::Open,
        }
    }

    /// What the clock alone brings about. Never goes back: a clock that was set back undoes nothing.
    #[must_use]
    pub fn at(self, now: Time, calendar: &Calendar) -> Self {
        let overdue = now >= calendar.overdue_from(&self.period);
        let state = match self.state {
            State::Open | State::Due if overdue => State::Overdue,
            State::Open if now >= self.period.ends() => State::Due,
            State::Filed { explain_by } if now >= explain_by => State::Overdue,
            state => state,
        };
        Self { state, ..self }
    }

    /// A report passed the check, and was compared with this outcome. A later revision may replace one that was accepted, and
    /// does so only if it is no worse: what was accepted is not owed again.
    pub fn file(self, outcome: Outcome, now: Time, calendar: &Calendar) -> Result<Self, InvalidTransition> {
        let state = match (self.at(now, calendar).state, outcome) {
            (State::Open, _) => return Err(self.cannot("filed before the period is over")),
            (_, Outcome::Refused) => return Err(self.cannot("filed with counts that differ this much")),
            (State::Accepted, Outcome::ToExplain) => return Err(self.cannot("replaced by one that needs explaining")),
            (_, Outcome::Accepted) => State::Accepted,
            (State::Accepted, Outcome::Explained) => State::Accepted,
            (_, Outcome::Explained) => State::Explained,
            // Asking again moves no date.
            (State::Filed { explain_by }, Outcome::ToExplain) => State::Filed { explain_by },
            (_, Outcome::ToExplain) => State::Filed {
                explain_by: calendar.explain_by(now),
            },
        };
        Ok(Self { state, ..self })
    }

    /// A report passed the check, and there was nothing to compare it with. What was accepted stays so.
    pub fn file_uncompared(self, now: Time, calendar: &Calendar) -> Result<Self, InvalidTransition> {
        match self.at(now, calendar).state {
            State::Open => Err(self.cannot("filed before the period is over")),
            State::Accepted => Err(self.cannot("replaced by one that cannot be compared")),
            _ => Ok(Self {
                state: State::NotCompared,
                ..self
            }),
        }
    }

    /// The operator takes the explanations.
    pub fn accept(self) -> Result<Self, InvalidTransition> {
        match self.state {
            State::Explained => Ok(Self {
                state: State::Accepted,
                ..self
            }),
            _ => Err(self.cannot("accepted")),
        }
    }

    /// The operator does not take the explanations: the report is owed again, with time to mend it.
    pub fn reject(self, now: Time, calendar: &Calendar) -> Result<Self, InvalidTransition> {
        match self.state {
            State::Explained => Ok(Self {
                state: State::Filed {
                    explain_by: calendar.explain_by(now),
                },
                ..self
            }),
            _ => Err(self.cannot("rejected")),
        }
    }

    /// The grants under the agreement stop answering.
    pub fn suspend(self) -> Result<Self, InvalidTransition> {
        match self.state {
            State::Overdue => Ok(Self {
                state: State::Suspended,
                ..self
            }),
            _ => Err(self.cannot("suspended")),
        }
    }

    /// The operator excuses the partner from this report: the platform could not take it, or its clock went astray.
    #[must_use]
    pub fn excuse(self) -> Self {
        Self {
            state: State::Accepted,
            ..self
        }
    }

    /// Whether the grants under the agreement answer, as far as this period goes.
    pub fn answers(&self) -> bool {
        self.state != State::Suspended
    }

    fn cannot(&self, act: &'static str) -> InvalidTransition {
        InvalidTransition {
            period: self.period.number,
            state: self.state,
            act,
        }
    }
}
