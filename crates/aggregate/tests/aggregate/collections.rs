//! What is told, what it costs, and that asking again tells nothing more.

use crate::made::{World, after, open_helper, open_leader, report, reports, terms, within};
use aggregate::{Budget, Collected, Error, Rho, Step};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn counted(people: usize) -> World {
    let mut world = World::of(terms());
    let reports = reports(&world.task, people);
    world.leader.accept(&reports, after()).unwrap();
    world.work();
    world
}

#[test]
fn asking_again_answers_the_same_numbers_and_costs_nothing() {
    let mut world = counted(12);
    let first = world.collect(1, 4_000_000).unwrap();
    // Reports that came later are in the next answer, not in this one.
    let late = report(&world.task, 50);
    world.leader.accept(&[late], after()).unwrap();
    world.work();
    for _ in 0..3 {
        assert_eq!(world.collect(1, 4_000_000).unwrap(), first);
    }
    let spent = |world: &World| {
        let (_, leader) = world.leader.standing(&world.id(), 1).unwrap();
        let (_, helper) = world.helper.standing(&world.id(), 1).unwrap();
        assert_eq!(leader, helper);
        leader.spent()
    };
    assert_eq!(spent(&world), Rho(4_000_000));
    let second = world.collect(2, 6_000_000).unwrap();
    assert_eq!((first.about.count, second.about.count), (12, 13));
    assert_eq!(spent(&world), Rho(10_000_000));
    let left = Err(Error::Exhausted { asked: 1, left: 0 });
    assert_eq!(world.collect(3, 1), left);
    assert_eq!(world.collect(1, 4_000_000).unwrap(), first);
}

#[test]
fn what_may_not_be_told_is_refused_and_costs_nothing() {
    let mut world = counted(9);
    assert_eq!(world.collect(1, 1_000), Err(Error::TooFew { found: 9, least: 10 }));
    let asked = world.asked(1, 1_000);
    assert_eq!(world.leader.collect(&asked, within()), Err(Error::NotOver(1)));
    let tenth = report(&world.task, 50);
    world.leader.accept(&[tenth], after()).unwrap();
    world.work();
    let over = Err(Error::Exhausted {
        asked: 10_000_001,
        left: 10_000_000,
    });
    assert_eq!(world.collect(1, 10_000_001), over);
    let nothing = Err(Error::Exhausted {
        asked: 0,
        left: 10_000_000,
    });
    assert_eq!(world.collect(1, 0), nothing);
    let mut elsewhere = asked.clone();
    elsewhere.task[0] ^= 1;
    assert_eq!(world.leader.collect(&elsewhere, after()), Err(Error::NoTask));
    let mut never = asked.clone();
    never.period = 9_999;
    assert_eq!(world.leader.collect(&never, after()), Err(Error::NoPeriod(9_999)));
    let (_, budget) = world.leader.standing(&world.id(), 1).unwrap();
    assert_eq!(budget, Budget::new(Rho(10_000_000)));
    // Under one number there is one question.
    world.collect(1, 1_000).unwrap();
    assert_eq!(world.collect(1, 2_000), Err(Error::Conflict(1)));
}

#[test]
fn if_the_two_did_not_count_the_same_reports_nothing_is_told() {
    let mut world = counted(12);
    let asked = world.asked(1, 1_000);
    let Step::Ask(request) = world.leader.collect(&asked, after()).unwrap() else {
        panic!("it was not collected yet");
    };
    let mut fewer = request.clone();
    fewer.count = 11;
    let disagree = |leader| Err(Error::Disagree { leader, helper: 12 });
    assert_eq!(world.helper.share(&fewer, after()), disagree(11));
    let mut others = request.clone();
    others.checksum[5] ^= 1;
    assert_eq!(world.helper.share(&others, after()), disagree(12));
    // By the helper's own clock and budget, whatever the leader says.
    assert_eq!(world.helper.share(&request, within()), Err(Error::NotOver(1)));
    assert_eq!(world.helper.standing(&world.id(), 1).unwrap().1.spent(), Rho(0));
}

#[test]
fn while_a_collection_waits_for_the_helper_its_batch_stands_still() {
    let mut world = counted(12);
    let asked = world.asked(1, 1_000);
    let Step::Ask(request) = world.leader.collect(&asked, after()).unwrap() else {
        panic!("it was not collected yet");
    };
    let late = report(&world.task, 50);
    world.leader.accept(&[late], after()).unwrap();
    assert_eq!(world.leader.next_job().unwrap(), None);
    let other = world.asked(2, 1_000);
    assert_eq!(world.leader.collect(&other, after()), Err(Error::Working));
    let answer = world.helper.share(&request, after()).unwrap();
    let collected = world.leader.collected(&request, answer, after()).unwrap();
    assert_eq!(collected.about.count, 12);
    world.work();
    assert_eq!(world.leader.standing(&world.id(), 1).unwrap().0.count, 13);
    // And while a job is under way nothing is collected.
    let later = report(&world.task, 51);
    world.leader.accept(&[later], after()).unwrap();
    world.leader.next_job().unwrap().unwrap();
    assert_eq!(world.leader.collect(&other, after()), Err(Error::Working));
    world.work();
    world.collect(2, 1_000).unwrap();
}

/// What may happen to a collection.
#[derive(Debug, Clone)]
enum Happens {
    Asked(u32, u32),
    /// The helper answers and the leader never hears; then both start again.
    AnswerLost(u32, u32),
    /// Both start again.
    Restart,
    /// Another person reports.
    Report,
}

fn happens() -> impl Strategy<Value = Happens> {
    let asked = (1_u32..6, prop_oneof![1_u32..4_000_000, Just(2_500_000)]);
    prop_oneof![
        4 => asked.clone().prop_map(|(number, rho)| Happens::Asked(number, rho)),
        2 => asked.prop_map(|(number, rho)| Happens::AnswerLost(number, rho)),
        1 => Just(Happens::Restart),
        1 => Just(Happens::Report),
    ]
}

fn restart(world: World) -> World {
    let World {
        folder,
        task,
        leader,
        helper,
    } = world;
    drop((leader, helper));
    World {
        leader: open_leader(folder.path(), vec![task.clone()], 11).unwrap(),
        helper: open_helper(folder.path(), vec![task.clone()], 12).unwrap(),
        folder,
        task,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn the_budget_is_never_overspent_and_no_answer_ever_changes(all in prop::collection::vec(happens(), 1..14)) {
        let mut world = counted(10);
        let mut answers: BTreeMap<u32, Collected> = BTreeMap::new();
        let mut people = 100;
        for one in all {
            match one {
                Happens::Asked(number, rho) => {
                    if let Ok(collected) = world.collect(number, rho) {
                        let before = answers.entry(number).or_insert_with(|| collected.clone());
                        prop_assert_eq!(before, &collected);
                    }
                }
                Happens::AnswerLost(number, rho) => {
                    let asked = world.asked(number, rho);
                    if let Ok(Step::Ask(request)) = world.leader.collect(&asked, after()) {
                        _ = world.helper.share(&request, after());
                    }
                    world = restart(world);
                }
                Happens::Restart => world = restart(world),
                Happens::Report => {
                    people += 1;
                    let report = report(&world.task, people);
                    world.leader.accept(&[report], after()).unwrap();
                    world.work();
                }
            }
            let told: u32 = answers.values().map(|collected| collected.about.asked.rho.0).sum();
            prop_assert!(told <= 10_000_000);
            let (_, leader) = world.leader.standing(&world.id(), 1).unwrap();
            let (_, helper) = world.helper.standing(&world.id(), 1).unwrap();
            // The leader has paid for what was told; the helper at least for that, and never more than the limit.
            prop_assert_eq!(leader.spent(), Rho(told));
            prop_assert!(helper.spent() >= leader.spent() && helper.spent() <= Rho(10_000_000));
        }
    }
}
