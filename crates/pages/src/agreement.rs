//! One version of one agreement, whole.

use crate::register::standing_words;
use crate::{Chrome, Page, Tab, when, words};
use askama::Template;
use model::{Agreement, Party, Standing, Time};

/// `GET /register/{id}/{version}`.
#[derive(Debug, Clone, Template)]
#[template(path = "agreement.html")]
pub struct AgreementPage {
    /// Header and footer.
    pub chrome: Chrome,
    /// Now.
    pub now: Time,
    /// The document.
    pub agreement: Agreement,
    /// Whether it answers.
    pub standing: Standing,
    /// Both sides' signatures under it: the C2SP signed note.
    pub note: String,
    /// Its index in the ledger.
    pub index: u64,
    /// When it was published.
    pub published_at: Time,
    /// All published versions, oldest first.
    pub versions: Vec<u32>,
}

type Facts = Vec<(&'static str, String)>;

impl AgreementPage {
    fn standing(&self) -> &'static str {
        standing_words(self.standing, self.agreement.starts, self.agreement.ends, self.now)
    }

    /// The document, without the signatures below it.
    fn document(&self) -> &str {
        self.note
            .split_once("\n\n")
            .map_or(self.note.as_str(), |(text, _)| text)
    }

    /// The signature lines.
    fn signatures(&self) -> &str {
        self.note.split_once("\n\n").map_or("", |(_, signatures)| signatures)
    }

    /// The ledger lists what is before a number: this entry first.
    fn page_of(&self) -> u64 {
        self.index.saturating_add(1)
    }

    fn previous(&self) -> Option<u32> {
        self.versions
            .iter()
            .copied()
            .filter(|v| *v < self.agreement.version)
            .max()
    }

    /// Every term, grouped; nothing of the document is left out.
    fn facts(&self) -> Vec<(&'static str, Facts)> {
        let a = &self.agreement;
        let list = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
        let n = |number: u32| words::number(&u64::from(number));
        let party = |p: &Party| {
            vec![
                ("Name", p.name.clone()),
                ("Report a breach to", p.breach_contact.clone()),
                ("Data-protection officer", p.data_protection_officer.clone()),
                ("Signing key", p.key.clone()),
            ]
        };
        let dimensions = &a.report.dimensions;
        vec![
            (
                "What it allows",
                vec![
                    ("Why", a.why.clone()),
                    ("Purposes", list(&mut a.purposes.iter().map(ToString::to_string))),
                    ("Actions", list(&mut a.actions.iter().map(ToString::to_string))),
                    ("Fields, at most", list(&mut a.fields.iter().map(|f| f.to_string()))),
                    ("Kept by the partner for at most", days(u64::from(a.retention_days))),
                    ("In force from", when::moment(&a.starts)),
                    ("In force until", when::moment(&a.ends)),
                    ("Price", a.price.clone().unwrap_or_else(|| "none".to_owned())),
                ],
            ),
            (
                "Ceilings",
                vec![
                    ("People in 24 hours", n(a.ceilings.people_per_day)),
                    ("People in 30 days", n(a.ceilings.people_per_30_days)),
                    ("Requests per second", n(a.ceilings.requests_per_second)),
                    (
                        "Messages per person in 24 hours",
                        n(a.ceilings.messages_per_person_per_day),
                    ),
                    ("New grants in 24 hours", n(a.ceilings.new_grants_per_day)),
                    ("Sent on one person’s behalf in a day", n(a.ceilings.sends())),
                ],
            ),
            (
                "The report it owes",
                vec![
                    ("Every", days(u64::from(a.report.period_days))),
                    ("Days of grace", days(u64::from(a.report.grace_days))),
                    ("If it does not come", a.report.consequence.clone()),
                    ("Interfaces", dimensions.interface.join(", ")),
                    ("Initiation surfaces", dimensions.initiation_surface.join(", ")),
                    ("Variants", dimensions.variant.join(", ")),
                ],
            ),
            ("The partner", {
                let mut facts = party(&a.partner);
                facts.push(("Id on this platform", a.partner_id.to_string()));
                facts
            }),
            ("The platform", party(&a.platform)),
        ]
    }
}

fn days(n: u64) -> String {
    words::count(&n, "day", "days")
}
