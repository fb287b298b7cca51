//! A made-up agreement, counts and report.

use model::{Agreement, Time};
use report::{Calendar, Counts, Domain, Expected, Head, Period, Previous, RecipientKind};
use tlog::note::SigningKey;

/// Its first day is a Monday, and the last of February of a leap year is in a later period.
pub const STARTS: &str = "2027-11-01T15:30:00Z";

pub fn key(seed: u8) -> SigningKey {
    SigningKey::generate("marquee.example/agreements", &[seed; 32]).unwrap()
}

pub fn agreement() -> Agreement {
    let starts: Time = STARTS.parse().unwrap();
    let json = serde_json::json!({
        "id": "films", "version": 1, "why": "Films your friends would enjoy.", "partner_id": "marquee",
        "platform": { "name": "Inbox", "key": "k", "breach_contact": "b", "data_protection_officer": "d" },
        "partner": { "name": "Marquee", "key": key(1).verifying_key().to_string(),
            "breach_contact": "b", "data_protection_officer": "d" },
        "purposes": ["recommendations"], "actions": ["read", "send"], "fields": ["mentions"],
        "retention_days": 30, "starts": starts, "ends": starts.plus_days(365),
        "ceilings": { "people_per_day": 1, "people_per_30_days": 1, "requests_per_second": 1,
            "messages_per_person_per_day": 1, "new_grants_per_day": 1 },
        "report": { "period_days": 14, "grace_days": 3, "consequence": "No answers until it is filed.",
            "dimensions": { "interface": ["tv", "web"], "initiation_surface": ["search", "post_play"], "variant": ["b", "a"] } },
    });
    Agreement::parse(&json.to_string()).unwrap()
}

pub fn domain() -> Domain {
    Domain::of(&agreement()).unwrap()
}

pub fn period() -> Period {
    Calendar::of(&agreement()).unwrap().period(2).unwrap()
}

/// Some of everything, and zeros.
pub fn counts() -> Counts {
    let mut counts = Counts::new(domain(), period());
    let keys: Vec<_> = domain().keys(&period()).collect();
    for (at, key) in (0u64..).zip(keys) {
        let cell = counts.get_mut(&key).unwrap();
        cell.sends = if at % 5 == 0 { 0 } else { 200 + at * 7 % 90 };
        cell.unique_senders = cell.sends / 2;
        cell.clicks = cell.sends / 3;
        cell.unique_clickers = cell.clicks.min(40);
        if key.recipient_kind == RecipientKind::NonPlatform {
            cell.clicks += 1;
            cell.unique_clickers += 1;
        }
    }
    counts
}

pub fn head(replaces: Option<Previous>) -> Head {
    Head {
        agreement: agreement().reference(),
        replaces,
        explanations: Vec::new(),
    }
}

pub fn expected(previous: Option<Previous>) -> Expected {
    Expected {
        agreement: agreement().reference(),
        domain: domain(),
        key: key(1).verifying_key(),
        period: period(),
        previous,
        now: period().ends(),
    }
}
