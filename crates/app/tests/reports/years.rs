//! Ten years of duties on a clock that jumps.

use super::desk::{Desk, counts, entries, file, key, owed, reporting};
use crate::world::signed;
use app::reports::NoticeKind;
use model::{Agreement, Time};
use report::{Calendar, Entry, Head};
use std::collections::BTreeMap;

/// Versions of two years each, one after the other: an agreement has no more.
const VERSIONS: u32 = 5;

struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// The partner files each report, some late; the clock goes on by hours to days, and is set back now and then, across leap
/// days and what some count as changes of time.
#[tokio::test]
async fn over_ten_simulated_years_each_duty_comes_once_suspends_only_when_late_and_is_lifted_by_filing() {
    let desk = Desk::new().await;
    let app = &desk.world.app;
    let mut versions = vec![desk.agreement.clone()];
    let start = desk.agreement.starts;
    versions[0].ends = start.plus_days(365);
    for n in 1..=VERSIONS {
        let mut next: Agreement = reporting(app, 2 + n);
        next.starts = start.plus_days(365 + 728 * i64::from(n - 1));
        next.ends = next.starts.plus_days(728);
        app.agreement_publish(&signed(app, &next)).await.unwrap();
        versions.push(next);
    }
    let last = versions.last().unwrap().ends;
    assert!(last > start.plus_days(3_652));

    let mut dice = Dice(7);
    let mut waiting: BTreeMap<(u32, u32), Time> = BTreeMap::new();
    let mut periods = 0;
    for agreement in &versions {
        let calendar = Calendar::of(agreement).unwrap();
        for period in calendar.periods() {
            // One in six comes after grace.
            let days = if dice.below(6) == 0 {
                4 + dice.below(9)
            } else {
                dice.below(3)
            };
            waiting.insert(
                (agreement.version, period.number),
                period.ends().plus_days(i64::try_from(days).unwrap()),
            );
            periods += 1;
        }
    }
    let all = waiting.clone();
    while !waiting.is_empty() {
        let hours = i64::try_from(1 + dice.below(70)).unwrap();
        let back = dice.below(20) == 0;
        desk.world
            .clock
            .advance_seconds(if back { -hours * 900 } else { hours * 3_600 });
        app.reports_remind().await.unwrap();
        let now = app.now();
        let due: Vec<_> = waiting
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(which, _)| *which)
            .collect();
        for (version, number) in due {
            let agreement = versions.iter().find(|a| a.version == version).unwrap();
            let head = Head {
                agreement: agreement.reference(),
                replaces: None,
                explanations: vec![],
            };
            let zip = report::build(&counts(agreement, number, 1), &head, &key()).unwrap();
            file(app, &zip).await.unwrap();
            waiting.remove(&(version, number));
        }
    }
    assert!(app.now() > start.plus_days(3_650) && periods > 260, "{periods} periods");

    let mut late = 0;
    for agreement in &versions {
        let calendar = Calendar::of(agreement).unwrap();
        for period in calendar.periods() {
            let row = owed(app, &agreement.reference(), period.number).await.row;
            let times = |is: fn(&NoticeKind) -> bool| row.notices.iter().filter(|notice| is(&notice.kind)).count();
            let suspensions = times(|kind| matches!(kind, NoticeKind::Suspended { .. }));
            assert_eq!(
                suspensions,
                times(|kind| matches!(kind, NoticeKind::Lifted { .. })),
                "{period}"
            );
            assert!(
                suspensions <= 1 && times(|kind| matches!(kind, NoticeKind::Due)) <= 1,
                "{period}"
            );
            assert!(
                times(|kind| matches!(kind, NoticeKind::Reminder { .. })) <= 2,
                "{period}"
            );
            assert_eq!((row.filings.len(), row.suspended), (1, None), "{period}");
            let filed = row.filings[0].at;
            if suspensions == 1 {
                assert!(filed >= calendar.overdue_from(&period), "{period}");
            }
            // Late by more than the longest step: it was seen to be late.
            let planned = all[&(agreement.version, period.number)];
            if planned >= calendar.overdue_from(&period).plus_days(4) {
                assert_eq!(suspensions, 1, "{period}");
            }
            late += suspensions;
        }
    }
    let standing = entries(app)
        .await
        .into_iter()
        .filter(|entry| matches!(entry, Entry::Standing(_)))
        .count();
    assert!(late > 10);
    assert_eq!(standing, 2 * late);
}
