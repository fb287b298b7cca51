use crate::made::counts;
use report::{Counts, Explanation, Key, Measure, Measures, Outcome, Place, RecipientKind, Tolerance, reconcile};

fn verdict(partner: &Counts, explanations: &[Explanation]) -> report::Verdict {
    reconcile(partner, &counts(), explanations, &Tolerance::default())
}

/// Changes every cell.
fn changed(change: impl Fn(&Key, &mut Measures)) -> Counts {
    let mut changed = counts();
    let keys: Vec<_> = counts().iter().map(|(key, _)| key).collect();
    for key in keys {
        change(&key, changed.get_mut(&key).unwrap());
    }
    changed
}

fn reason(place: Place) -> Explanation {
    Explanation {
        place,
        measure: Measure::Sends,
        reason: "Retries after an outage were kept.".to_owned(),
    }
}

#[test]
fn the_same_counts_and_ordinary_losses_pass() {
    let verdict = verdict(&counts(), &[]);
    assert_eq!((verdict.outcome, verdict.found), (Outcome::Accepted, 0));
    // 224 cells, half of them without clicks; 23 sums (1, 14, 2, 2, 2, 2) of four numbers.
    assert_eq!(verdict.compared, 112 * 4 + 112 * 2 + 23 * 4);
    let honest = changed(|_, cell| cell.sends -= cell.sends / 100);
    assert_eq!(self::verdict(&honest, &[]).outcome, Outcome::Accepted);
}

#[test]
fn a_few_in_each_small_cell_are_seen_in_the_sums() {
    // Six of about 240: no cell shows it.
    let dropped = changed(|_, cell| cell.sends -= cell.sends.min(6));
    let verdict = verdict(&dropped, &[]);
    assert_eq!(verdict.outcome, Outcome::ToExplain);
    assert!(
        verdict
            .differences
            .iter()
            .all(|d| d.place.date.is_none() || d.place.interface.is_none())
    );
    assert_eq!(verdict.differences[0].place, Place::default());
}

#[test]
fn a_difference_is_explained_by_a_reason_for_it_or_for_all_around_it() {
    let more = changed(|_, cell| cell.sends += cell.sends / 20);
    assert_eq!(verdict(&more, &[]).outcome, Outcome::ToExplain);
    let explained = verdict(&more, &[reason(Place::default())]);
    assert_eq!(explained.outcome, Outcome::Explained);
    assert!(explained.differences.iter().all(|d| d.reason.is_some()));
    let elsewhere = Place {
        interface: Some("tv".to_owned()),
        ..Place::default()
    };
    assert_eq!(verdict(&more, &[reason(elsewhere)]).outcome, Outcome::ToExplain);
}

#[test]
fn beyond_a_tenth_no_reason_helps() {
    let more = changed(|_, cell| cell.sends += cell.sends / 8);
    let verdict = verdict(&more, &[reason(Place::default())]);
    assert_eq!(verdict.outcome, Outcome::Refused);
    assert!(verdict.differences.iter().any(|d| d.fails));
}

#[test]
fn swapped_variants_and_shifted_days_are_seen() {
    let swapped = changed(|key, cell| {
        *cell = counts().get(&Key {
            variant: 1 - key.variant,
            ..*key
        })
    });
    assert_eq!(verdict(&swapped, &[]).outcome, Outcome::Refused);
    let shifted = changed(|key, cell| {
        let day = (key.day + 13) % 14;
        *cell = counts().get(&Key { day, ..*key });
    });
    assert_eq!(verdict(&shifted, &[]).outcome, Outcome::Refused);
}

#[test]
fn clicks_inside_the_partners_service_are_not_compared() {
    let invented = changed(|key, cell| {
        if key.recipient_kind == RecipientKind::NonPlatform {
            cell.clicks += 1_000;
        }
    });
    assert_eq!(verdict(&invented, &[]).outcome, Outcome::Accepted);
    let invented = changed(|key, cell| {
        if key.recipient_kind == RecipientKind::Platform {
            cell.clicks += 1_000;
        }
    });
    assert_eq!(verdict(&invented, &[]).outcome, Outcome::Refused);
}
