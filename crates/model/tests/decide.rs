//! The three properties of `decide`: deny by default, total, monotone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use model::{
    AccountId, Action, Agreement, Ceilings, Choice, Context, Conversations, Decision, Facts, Field, FieldSet, Grant,
    GrantId, GrantState, Party, Purpose, Register, ReportDimensions, ReportDuty, Says, Standing, Terms, Time, decide,
};
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

const NOW: Time = Time(1_800_000_000_000);

/// Everything a decision depends on, small enough to hit every corner.
#[derive(Debug, Clone)]
struct World {
    published: bool,
    suspended: bool,
    agreement: Agreement,
    grant: Grant,
    says: HashMap<AccountId, Says>,
    facts: Facts,
}

impl World {
    fn decide(&self) -> Decision {
        let mut register = Register::default();
        if self.published {
            let standing = if self.suspended {
                Standing::Suspended
            } else {
                Standing::Good
            };
            register.insert(Arc::new(self.agreement.clone()), standing);
        }
        let context = Context {
            register: &register,
            grant: &self.grant,
            says: &self.says,
            now: NOW,
        };
        decide(&context, &self.facts)
    }

    fn fields(&self) -> FieldSet {
        match self.decide() {
            Decision::Disclose(fields) => fields,
            Decision::Withhold(_) => FieldSet::NONE,
        }
    }
}

fn party() -> Party {
    Party {
        name: "n".into(),
        key: "k".into(),
        breach_contact: "b".into(),
        data_protection_officer: "d".into(),
    }
}

fn fields() -> impl Strategy<Value = FieldSet> {
    prop_oneof![
        2 => Just(FieldSet::ALL),
        3 => prop::collection::vec(prop::sample::select(Field::ALL.to_vec()), 0..4).prop_map(|f| FieldSet::of(&f)),
    ]
}

fn actions() -> impl Strategy<Value = BTreeSet<Action>> {
    prop_oneof![
        4 => Just([Action::Read, Action::Send].into()),
        1 => prop::collection::btree_set(prop::sample::select(vec![Action::Read, Action::Send, Action::Delete]), 0..3),
    ]
}

fn choice() -> impl Strategy<Value = Choice> {
    prop_oneof![1 => Just(Choice::Withhold), 1 => Just(Choice::Ask), 3 => fields().prop_map(Choice::Allow)]
}

fn says() -> impl Strategy<Value = Says> {
    (choice(), prop::option::of(choice()), prop::option::of(choice())).prop_map(|(default, partner, conversation)| {
        let mut says = Says {
            default,
            ..Says::default()
        };
        if let Some(choice) = partner {
            says.partners.insert("p".parse().unwrap(), choice);
        }
        if let Some(choice) = conversation {
            says.conversations
                .entry(conversation_id(1))
                .or_default()
                .insert("p".parse().unwrap(), choice);
        }
        says
    })
}

fn conversation_id(n: u8) -> model::ConversationId {
    model::ConversationId([n; 16])
}

fn conversations() -> impl Strategy<Value = Conversations> {
    prop_oneof![
        2 => Just(Conversations::All),
        1 => prop::collection::btree_set((1u8..3).prop_map(conversation_id), 0..3).prop_map(Conversations::Only),
    ]
}

fn state() -> impl Strategy<Value = GrantState> {
    prop::sample::select(vec![
        GrantState::Requested,
        GrantState::Active,
        GrantState::Active,
        GrantState::Active,
        GrantState::Active,
        GrantState::Narrowed,
        GrantState::Revoked,
        GrantState::Expired,
    ])
}

fn purpose() -> impl Strategy<Value = Purpose> {
    prop::sample::select(vec![Purpose::Recommendations, Purpose::Advertising])
}

prop_compose! {
    fn agreement()(
        purposes in prop_oneof![
            3 => Just([Purpose::Recommendations, Purpose::Advertising].into()),
            1 => prop::collection::btree_set(purpose(), 1..3),
        ],
        actions in actions(),
        fields in fields(),
        starts in prop::sample::select(vec![-2i64, -2, -2, -1, 0, 1]),
        days in 2i64..6,
        other in prop::bool::weighted(0.1),
    ) -> Agreement {
        Agreement {
            id: "films".parse().unwrap(),
            version: 1,
            why: "w".into(),
            partner_id: if other { "q" } else { "p" }.parse().unwrap(),
            platform: party(),
            partner: party(),
            purposes,
            actions,
            fields,
            retention_days: 30,
            starts: NOW.plus_days(starts),
            ends: NOW.plus_days(starts + days),
            ceilings: Ceilings {
                people_per_day: 1, people_per_30_days: 1, requests_per_second: 1,
                messages_per_person_per_day: 1, new_grants_per_day: 1, sends_per_person_per_day: None,
            },
            report: ReportDuty {
                period_days: 14, grace_days: 3,
                dimensions: ReportDimensions { interface: vec![], initiation_surface: vec![], variant: vec![] },
                consequence: "c".into(),
            },
            price: None,
        }
    }
}

prop_compose! {
    fn world()(
        published in prop::bool::weighted(0.95),
        suspended in prop::bool::weighted(0.05),
        agreement in agreement(),
        state in state(),
        purpose in purpose(),
        actions in actions(),
        fields in fields(),
        conversations in conversations(),
        until in -1i64..6,
        says in prop::collection::hash_map((1u8..4).prop_map(|n| AccountId([n; 16])), says(), 0..3),
        author in prop::sample::select(vec![1u8, 1, 2, 3]),
        conversation in 1u8..3,
        end_to_end in prop::bool::weighted(0.1),
    ) -> World {
        let grant = Grant {
            id: GrantId([1; 16]),
            account: AccountId([1; 16]),
            partner: "p".parse().unwrap(),
            client: "c".parse().unwrap(),
            agreement: agreement.reference(),
            terms: Terms { purpose, actions, fields, conversations, until: NOW.plus_days(until) },
            state,
            created_at: NOW,
            updated_at: NOW,
            unentered: None,
        };
        let facts = Facts { author: AccountId([author; 16]), conversation: conversation_id(conversation), end_to_end };
        World { published, suspended, agreement, grant, says, facts }
    }
}

/// A choice that allows no more than `choice` does.
fn lower(choice: Choice, keep: FieldSet, to: u8) -> Choice {
    match (choice, to % 3) {
        (Choice::Allow(fields), 0) => Choice::Allow(fields.intersect(keep)),
        (Choice::Allow(_), 1) => Choice::Ask,
        _ => Choice::Withhold,
    }
}

/// Takes one thing away. `which` picks it, `keep` says what is left of a field set.
fn take_away(world: &World, which: u8, keep: FieldSet, to: u8) -> World {
    let mut less = world.clone();
    match which {
        0 => less.published = false,
        1 => less.suspended = true,
        2 => less.agreement.fields = less.agreement.fields.intersect(keep),
        3 => less.agreement.actions = less.agreement.actions.into_iter().skip(1).collect(),
        4 => less.agreement.purposes = less.agreement.purposes.into_iter().skip(1).collect(),
        5 => less.agreement.ends = NOW,
        6 => less.grant.terms.fields = less.grant.terms.fields.intersect(keep),
        7 => less.grant.terms.actions = less.grant.terms.actions.into_iter().skip(1).collect(),
        8 => less.grant.terms.until = NOW,
        9 => less.grant.state = GrantState::Revoked,
        10 => {
            less.grant.terms.conversations = match less.grant.terms.conversations {
                Conversations::All => Conversations::Only([conversation_id(2)].into()),
                Conversations::Only(set) => Conversations::Only(set.into_iter().skip(1).collect()),
            }
        }
        11 => {
            less.says.remove(&less.facts.author);
        }
        12 => {
            for says in less.says.values_mut() {
                says.default = lower(says.default, keep, to);
            }
        }
        13 => {
            for choice in less.says.values_mut().flat_map(|s| s.partners.values_mut()) {
                *choice = lower(*choice, keep, to);
            }
        }
        14 => {
            for choice in less
                .says
                .values_mut()
                .flat_map(|s| s.conversations.values_mut())
                .flat_map(|c| c.values_mut())
            {
                *choice = lower(*choice, keep, to);
            }
        }
        _ => less.facts.end_to_end = true,
    }
    less
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn decide_denies_by_default(world in world()) {
        // Whatever is disclosed is allowed by each of the three, and for somebody else's message she said so herself.
        if let Decision::Disclose(fields) = world.decide() {
            prop_assert!(!fields.is_empty());
            prop_assert!(world.published && !world.suspended && world.agreement.in_force(NOW));
            prop_assert!(world.grant.is_live(NOW));
            prop_assert!(fields.is_subset(world.agreement.fields) && fields.is_subset(world.grant.terms.fields));
            if world.facts.author != world.grant.account {
                let says = world.says.get(&world.facts.author).expect("somebody who said nothing is withheld");
                match says.about(&world.grant.partner, world.facts.conversation) {
                    Choice::Allow(allowed) => prop_assert!(fields.is_subset(allowed)),
                    other => prop_assert!(false, "disclosed although she said {other:?}"),
                }
            }
        }
    }

    #[test]
    fn decide_is_monotone(world in world(), which in 0u8..16, keep in fields(), to in 0u8..3) {
        let less = take_away(&world, which, keep, to);
        prop_assert!(less.fields().is_subset(world.fields()), "{:?} -> {:?}", world.decide(), less.decide());
    }
}

#[test]
fn the_worlds_of_these_tests_are_not_all_denied() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let disclosed = (0..4000)
        .filter(|_| !world().new_tree(&mut runner).unwrap().current().fields().is_empty())
        .count();
    assert!(
        disclosed > 100,
        "only {disclosed} of 4000 worlds disclose anything: the properties would hold trivially"
    );
}

#[test]
fn a_grant_under_a_wider_later_version_stays_on_its_own() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = 0;
    for _ in 0..4000 {
        let world = world().new_tree(&mut runner).unwrap().current();
        let before = world.fields();
        let mut register = Register::default();
        let mut wider = world.agreement.clone();
        wider.version = 2;
        wider.fields = FieldSet::ALL;
        if world.published && !world.suspended {
            register.insert(Arc::new(world.agreement.clone()), Standing::Good);
        }
        register.insert(Arc::new(wider), Standing::Good);
        let context = Context {
            register: &register,
            grant: &world.grant,
            says: &world.says,
            now: NOW,
        };
        let after = match decide(&context, &world.facts) {
            Decision::Disclose(fields) => fields,
            Decision::Withhold(_) => FieldSet::NONE,
        };
        assert_eq!(before, after);
        seen += usize::from(!before.is_empty());
    }
    assert!(seen > 0);
}

#[test]
fn a_suspended_agreement_discloses_nothing_and_says_that_a_report_is_owed() {
    let suspended = std::cell::Cell::new(0);
    proptest!(|(mut world in world())| {
        world.suspended = false;
        let before = world.decide();
        world.suspended = true;
        let after = world.decide();
        prop_assert!(matches!(after, Decision::Withhold(_)), "{after:?}");
        if matches!(before, Decision::Disclose(_)) {
            suspended.set(suspended.get() + 1);
            prop_assert_eq!(after, Decision::Withhold(model::Reason::Suspended));
        }
    });
    assert!(suspended.get() > 0, "no world discloses anything");
}
