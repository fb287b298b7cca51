//! `decide()` per message, with 1,000 agreements in the register and the says of 50 participants.

use model::{
    AccountId, Action, Agreement, Ceilings, Choice, Context, ConversationId, Conversations, Decision, Facts, Field,
    FieldSet, Grant, GrantId, GrantState, PartnerId, Party, Purpose, Register, ReportDimensions, ReportDuty, Says,
    Standing, Terms, Time, decide,
};
use std::collections::HashMap;
use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

const NOW: Time = Time(1_800_000_000_000);
const ROUNDS: u32 = 2_000_000;

/// Measures and prints.
pub fn run(out: &mut impl Write) -> anyhow::Result<()> {
    let mut register = Register::default();
    for n in 0..1_000 {
        register.insert(Arc::new(agreement(n)?), Standing::Good);
    }
    let partner: PartnerId = "p7".parse()?;
    let mut says = HashMap::new();
    for n in 0..50u8 {
        let mut said = Says {
            default: Choice::Ask,
            ..Says::default()
        };
        said.partners.insert(partner.clone(), Choice::Allow(FieldSet::ALL));
        for talk in 0..20u8 {
            let about = said.conversations.entry(ConversationId([talk; 16])).or_default();
            about.insert(
                partner.clone(),
                if talk % 2 == 0 {
                    Choice::Allow(FieldSet::ALL)
                } else {
                    Choice::Withhold
                },
            );
        }
        says.insert(AccountId([n; 16]), said);
    }
    let grant = Grant {
        id: GrantId([1; 16]),
        account: AccountId([200; 16]),
        partner,
        client: "c".parse()?,
        agreement: "a7@1".parse()?,
        terms: Terms {
            purpose: Purpose::Recommendations,
            actions: [Action::Read].into(),
            fields: FieldSet::of(&[Field::Mentions, Field::Text]),
            conversations: Conversations::All,
            until: NOW.plus_days(30),
        },
        state: GrantState::Active,
        created_at: NOW,
        updated_at: NOW,
        unentered: None,
    };
    let context = Context {
        register: &register,
        grant: &grant,
        says: &says,
        now: NOW,
    };
    let mut disclosed = 0u32;
    let started = Instant::now();
    for n in 0..ROUNDS {
        let facts = Facts {
            author: AccountId([u8::try_from(n % 50)?; 16]),
            conversation: ConversationId([u8::try_from(n % 40)?; 16]),
            end_to_end: false,
        };
        if let Decision::Disclose(_) = decide(black_box(&context), black_box(&facts)) {
            disclosed += 1;
        }
    }
    let each = started.elapsed().as_nanos() as f64 / f64::from(ROUNDS);
    anyhow::ensure!(disclosed > 0 && disclosed < ROUNDS, "the decisions are all the same");
    let verdict = if each <= 200.0 { "met" } else { "MISSED" };
    writeln!(
        out,
        "decide(), 1,000 agreements, 50 participants' says: {each:.0} ns a message (bar: 200 ns or less) {verdict}"
    )?;
    Ok(())
}

/// An agreement with everything in it.
pub fn agreement(n: u32) -> anyhow::Result<Agreement> {
    let party = || Party {
        name: "n".into(),
        key: "k".into(),
        breach_contact: "b".into(),
        data_protection_officer: "d".into(),
    };
    Ok(Agreement {
        id: format!("a{n}").parse()?,
        version: 1,
        why: "w".into(),
        partner_id: format!("p{n}").parse()?,
        platform: party(),
        partner: party(),
        purposes: [Purpose::Recommendations].into(),
        actions: [Action::Read].into(),
        fields: FieldSet::ALL,
        retention_days: 30,
        starts: NOW.plus_days(-1),
        ends: NOW.plus_days(300),
        ceilings: Ceilings {
            people_per_day: 1_000_000,
            people_per_30_days: 1_000_000,
            requests_per_second: 1_000_000_000,
            messages_per_person_per_day: 1_000_000_000,
            new_grants_per_day: 1_000_000,
            sends_per_person_per_day: None,
        },
        report: ReportDuty {
            period_days: 14,
            grace_days: 3,
            dimensions: ReportDimensions {
                interface: vec![],
                initiation_surface: vec![],
                variant: vec![],
            },
            consequence: "c".into(),
        },
        price: None,
    })
}
