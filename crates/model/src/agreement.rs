//! What partner and platform sign.

use crate::{Action, AgreementId, AgreementRef, FieldSet, PartnerId, Purpose, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One side of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// The organisation's name as a person reads it.
    pub name: String,
    /// Its signing key, as a C2SP signed-note verifier key.
    pub key: String,
    /// Where to report a breach.
    pub breach_contact: String,
    /// Its data-protection officer.
    pub data_protection_officer: String,
}

/// Hard limits over all of a partner's endpoints and clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceilings {
    /// Distinct people whose inboxes are read in 24 hours.
    pub people_per_day: u32,
    /// Distinct people whose inboxes are read in 30 days.
    pub people_per_30_days: u32,
    /// Requests per second.
    pub requests_per_second: u32,
    /// Messages disclosed of one person in 24 hours.
    pub messages_per_person_per_day: u32,
    /// New grants in 24 hours.
    pub new_grants_per_day: u32,
    /// Recipients of what is sent on one person's behalf on one day of UTC; 20 if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sends_per_person_per_day: Option<u32>,
}

/// What an agreement that says nothing allows to be sent on one person's behalf in a day.
const SENDS_PER_DAY: u32 = 20;

impl Ceilings {
    /// Recipients of what is sent on one person's behalf in a day.
    pub fn sends(&self) -> u32 {
        self.sends_per_person_per_day.unwrap_or(SENDS_PER_DAY)
    }
}

/// The lists that a report's cells are made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct ReportDimensions {
    pub interface: Vec<String>,
    pub initiation_surface: Vec<String>,
    pub variant: Vec<String>,
}

/// The report the partner owes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportDuty {
    /// Days in a period, counted from the agreement's start.
    pub period_days: u16,
    /// Days after a period's end in which the report may still come.
    pub grace_days: u16,
    /// What the cells are.
    pub dimensions: ReportDimensions,
    /// What happens when it does not come, in plain words.
    pub consequence: String,
}

/// One version of an agreement. Immutable, content-addressed, public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// The agreement in all its versions.
    pub id: AgreementId,
    /// From 1, without gaps.
    pub version: u32,
    /// Why the partner asks, in one or two plain sentences a person reads on the consent page.
    pub why: String,
    /// The partner's id on this platform.
    pub partner_id: PartnerId,
    /// The platform.
    pub platform: Party,
    /// The partner.
    pub partner: Party,
    /// Why data may be used.
    pub purposes: BTreeSet<Purpose>,
    /// What may be done.
    pub actions: BTreeSet<Action>,
    /// How much of a message may leave, at most.
    pub fields: FieldSet,
    /// How long the partner may keep what it got.
    pub retention_days: u32,
    /// In force from.
    pub starts: Time,
    /// In force until; two years after the start at most.
    pub ends: Time,
    /// Hard limits.
    pub ceilings: Ceilings,
    /// The report the partner owes.
    pub report: ReportDuty,
    /// What the partner pays, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
}

/// Why a document is not a proper agreement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum AgreementFault {
    #[error("not an agreement document: {0}")]
    Syntax(String),
    #[error("`{0}` is empty")]
    Empty(&'static str),
    #[error("`{0}` is longer than {1} characters")]
    TooLong(&'static str, usize),
    #[error("`version` is 0; versions start at 1")]
    Version,
    #[error("`ends` is not after `starts`")]
    Dates,
    #[error("`ends` is more than two years after `starts`")]
    TooLate,
    #[error("`{0}` is 0")]
    Zero(&'static str),
}

impl Agreement {
    /// Reads a JSON document (TOML is turned into JSON before) and checks it.
    pub fn parse(json: &str) -> Result<Self, AgreementFault> {
        let agreement: Self = serde_json::from_str(json).map_err(|e| AgreementFault::Syntax(e.to_string()))?;
        agreement.check()?;
        Ok(agreement)
    }

    /// What its fields must satisfy together.
    pub fn check(&self) -> Result<(), AgreementFault> {
        if self.version == 0 {
            return Err(AgreementFault::Version);
        }
        let texts = [
            ("why", &self.why),
            ("platform.name", &self.platform.name),
            ("platform.key", &self.platform.key),
            ("platform.breach_contact", &self.platform.breach_contact),
            (
                "platform.data_protection_officer",
                &self.platform.data_protection_officer,
            ),
            ("partner.name", &self.partner.name),
            ("partner.key", &self.partner.key),
            ("partner.breach_contact", &self.partner.breach_contact),
            ("partner.data_protection_officer", &self.partner.data_protection_officer),
            ("report.consequence", &self.report.consequence),
        ];
        for (name, text) in texts {
            if text.trim().is_empty() {
                return Err(AgreementFault::Empty(name));
            }
            if text.chars().count() > 500 {
                return Err(AgreementFault::TooLong(name, 500));
            }
        }
        for (name, none) in [
            ("purposes", self.purposes.is_empty()),
            ("actions", self.actions.is_empty()),
            ("fields", self.fields.is_empty()),
        ] {
            if none {
                return Err(AgreementFault::Empty(name));
            }
        }
        if self.ends <= self.starts {
            return Err(AgreementFault::Dates);
        }
        if self.ends > self.starts.plus_days(731) {
            return Err(AgreementFault::TooLate);
        }
        for (name, number) in [
            ("retention_days", self.retention_days),
            ("ceilings.people_per_day", self.ceilings.people_per_day),
            ("ceilings.people_per_30_days", self.ceilings.people_per_30_days),
            ("ceilings.requests_per_second", self.ceilings.requests_per_second),
            (
                "ceilings.messages_per_person_per_day",
                self.ceilings.messages_per_person_per_day,
            ),
            ("ceilings.new_grants_per_day", self.ceilings.new_grants_per_day),
            ("ceilings.sends_per_person_per_day", self.ceilings.sends()),
            ("report.period_days", u32::from(self.report.period_days)),
        ] {
            if number == 0 {
                return Err(AgreementFault::Zero(name));
            }
        }
        Ok(())
    }

    /// `id@version`.
    pub fn reference(&self) -> AgreementRef {
        AgreementRef {
            id: self.id.clone(),
            version: self.version,
        }
    }

    /// The one byte string that both sides sign (RFC 8785).
    pub fn canonical(&self) -> Result<String, AgreementFault> {
        serde_json_canonicalizer::to_string(self).map_err(|e| AgreementFault::Syntax(e.to_string()))
    }

    /// Whether it is in force at `now`.
    pub fn in_force(&self, now: Time) -> bool {
        self.starts <= now && now < self.ends
    }
}
