//! From people to counts.

use crate::made::{World, after, reports, terms, truth};
use aggregate::{Refusal, collector};

#[test]
fn counts_come_out_as_they_went_in_give_or_take_the_stated_noise() {
    let mut world = World::of(terms());
    let reports = reports(&world.task, 600);
    for some in reports.chunks(250) {
        assert!(world.leader.accept(some, after()).unwrap().iter().all(Result::is_ok));
    }
    world.work();
    world.holds_the_truth(600);
    // The sums of all cells are off by no more than the noise of as many numbers.
    let collected = world.collect(1, 10_000_000).unwrap();
    let counted = world.open(&collected);
    let truly = truth(&world.task, 600)
        .iter()
        .fold([0, 0], |s, c| [s[0] + c[0], s[1] + c[1]]);
    let sigma = counted.sigma * (counted.cells.len() as f64).sqrt();
    for (found, truly) in counted.totals().iter().zip(truly) {
        assert!(((found - truly).unsigned_abs() as f64) < 6.0 * sigma);
    }
    // Both aggregators' noise together: √2 · 8 / √10.
    assert!((counted.sigma - 3.5777).abs() < 0.002, "{}", counted.sigma);
}

#[test]
fn every_cell_is_published_with_its_sigma() {
    let mut world = World::of(terms());
    let reports = reports(&world.task, 20);
    world.leader.accept(&reports, after()).unwrap();
    world.work();
    let collected = world.collect(1, 10_000_000).unwrap();
    let csv = world.open(&collected).csv(&world.task);
    let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1 + 16);
    assert_eq!(
        lines[0],
        "date,interface,initiation_surface,variant,recipient_kind,sends,clicks,sigma"
    );
    assert!(lines[1].starts_with("2027-11-01,tv,post_play,a,non_platform,"));
    assert!(lines[16].starts_with("2027-11-02,web,search,a,platform,"));
    assert!(
        lines[1..]
            .iter()
            .all(|line| line.ends_with(",3.579") || line.ends_with(",3.578"))
    );
}

#[test]
fn a_report_id_twice_counts_once() {
    let mut world = World::of(terms());
    let mut twice = reports(&world.task, 30);
    twice.extend(twice.clone());
    let answers = world.leader.accept(&twice, after()).unwrap();
    assert!(answers[..30].iter().all(Result::is_ok));
    assert!(answers[30..].iter().all(|answer| *answer == Err(Refusal::Replayed)));
    world.work();
    // And after they were counted.
    let again = world.leader.accept(&twice[..30], after()).unwrap();
    assert!(again.iter().all(|answer| *answer == Err(Refusal::Replayed)));
    world.work();
    world.holds_the_truth(30);
}

#[test]
fn the_helper_counts_a_report_once_whatever_the_leader_brings() {
    use aggregate::{JobRequest, Outcome};
    let mut world = World::of(terms());
    let reports = reports(&world.task, 12);
    world.leader.accept(&reports, after()).unwrap();
    let request = world.leader.next_job().unwrap().unwrap();
    // Twice in one job, and again in the next.
    let mut doubled = request.clone();
    doubled.reports.extend(request.reports.clone());
    let answer = world.helper.job(&doubled, after()).unwrap();
    let refused = |outcome: &Outcome| *outcome == Outcome::Refused(Refusal::Replayed);
    assert!(!answer.outcomes[..12].iter().any(refused));
    assert!(answer.outcomes[12..].iter().all(refused));
    let next = JobRequest {
        number: request.number + 1,
        ..request
    };
    assert!(world.helper.job(&next, after()).unwrap().outcomes.iter().all(refused));
    let (standing, _) = world.helper.standing(&world.id(), 1).unwrap();
    assert_eq!((standing.count, standing.refused[2]), (12, 24));
}

#[test]
fn the_collectors_key_alone_opens_an_answer() {
    use crate::made::{COLLECTOR, HELPER};
    use aggregate::{Error, PrivateKey};
    let mut world = World::of(terms());
    let reports = reports(&world.task, 20);
    world.leader.accept(&reports, after()).unwrap();
    world.work();
    let collected = world.collect(1, 10_000_000).unwrap();
    let with = |key: [u8; 32], collected| collector::open(&world.task, &PrivateKey::from_seed(&key), collected);
    assert!(with(COLLECTOR, &collected).is_ok());
    assert_eq!(with(HELPER, &collected), Err(Error::WrongKey("collector")));
    // A leader that says another count, or passes its own sum for the helper's, is found out.
    let mut other = collected.clone();
    other.about.count += 1;
    assert_eq!(with(COLLECTOR, &other), Err(Error::Sealed("leader")));
    let mut other = collected.clone();
    other.helper = collected.leader.clone();
    assert_eq!(with(COLLECTOR, &other), Err(Error::Sealed("helper")));
    let mut other = collected.clone();
    other.helper.body.pop();
    assert_eq!(with(COLLECTOR, &other), Err(Error::Sealed("helper")));
}
