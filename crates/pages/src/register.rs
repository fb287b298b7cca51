//! The public register of agreements.

use crate::{Chrome, Page, Tab, when, words};
use askama::Template;
use model::{AgreementRef, FieldSet, Purpose, Standing, Time};

/// `GET /register`.
#[derive(Debug, Clone, Template)]
#[template(path = "register.html")]
pub struct Register {
    /// Header and footer.
    pub chrome: Chrome,
    /// Now.
    pub now: Time,
    /// The newest version of each agreement.
    pub agreements: Vec<RegisterRow>,
}

/// One agreement.
#[derive(Debug, Clone)]
pub struct RegisterRow {
    /// Its newest version: `/register/{id}/{version}`.
    pub reference: AgreementRef,
    /// The partner's name.
    pub partner: String,
    /// What for.
    pub purposes: Vec<Purpose>,
    /// How much, at most.
    pub fields: FieldSet,
    /// In force from.
    pub starts: Time,
    /// In force until.
    pub ends: Time,
    /// Whether it answers.
    pub standing: Standing,
}

/// Where an agreement stands, in words.
pub(crate) fn standing_words(standing: Standing, starts: Time, ends: Time, now: Time) -> &'static str {
    if now >= ends {
        "Over"
    } else if standing == Standing::Suspended {
        "Suspended: nothing is answered"
    } else if now < starts {
        "Not begun yet"
    } else {
        "In force"
    }
}

impl RegisterRow {
    fn standing(&self, now: &Time) -> &'static str {
        standing_words(self.standing, self.starts, self.ends, *now)
    }
}
