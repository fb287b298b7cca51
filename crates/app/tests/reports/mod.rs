//! Partners' reports: taking them, and what follows if none comes.

mod desk;
mod years;

use crate::world::World;
use app::reports::{About, Answer, NoticeKind};
use app::{Denied, Error};
use desk::{Desk, entries, file, owed};
use model::{Field, Reason, Standing};
use report::{Entry, Explanation, Measure, Outcome, Place, Previous, RecipientKind, Rule, Seed, State};
use store::Fault;
use tlog::note::VerifyingKey;

/// After period 1.
async fn desk() -> Desk {
    let desk = Desk::new().await;
    desk.world.clock.advance_days(14);
    desk
}

#[tokio::test]
async fn a_report_is_compared_entered_and_answered_with_a_receipt_and_filing_it_again_changes_nothing() {
    let desk = desk().await;
    let counts = desk.counts(1, 40);
    desk.platform_counted(Some(counts.clone()));
    let zip = desk.report(&counts, None, vec![]);
    let first = desk.filed(&zip).await;
    assert_eq!(
        (first.filing.outcome, first.state, first.repeated),
        (Some(Outcome::Accepted), State::Accepted, false)
    );

    let app = &desk.world.app;
    let platform: VerifyingKey = app.agreement_verifying_key().parse().unwrap();
    let hash = report::hash(&zip);
    let receipt = report::receipt::verify(&first.receipt, app.log_key(), &platform, &hash).unwrap();
    assert_eq!(
        (Some(receipt.index), receipt.filed.sends),
        (first.filing.entry, counts.totals().sends)
    );
    assert_eq!(desk.entries().await, [Entry::Filed(receipt.filed)]);

    let before = desk.world.entries().await;
    let again = desk.filed(&zip).await;
    assert_eq!(
        (again.filing, again.repeated, desk.world.entries().await),
        (first.filing, true, before)
    );
    assert_eq!(app.report_zip(&desk.owed(1).await.row.filings[0]).await.unwrap(), zip);
    let told = app
        .report_counts(&app.published(&desk.reference()).unwrap(), &desk.owed(1).await)
        .await;
    assert_eq!(told.unwrap(), Some(counts));
    desk.world.verify_everything().await;
}

#[tokio::test]
async fn without_counts_of_the_platform_a_report_is_not_called_accepted() {
    let desk = desk().await;
    let zip = desk.report(&desk.counts(1, 40), None, vec![]);
    let ruled = desk.filed(&zip).await;
    assert_eq!(
        (ruled.filing.outcome, ruled.state, ruled.verdict),
        (None, State::NotCompared, None)
    );
    // The partner owes nothing: it is the platform that cannot compare.
    desk.world.clock.advance_days(30);
    desk.world.app.reports_remind().await.unwrap();
    assert_eq!(desk.owed(1).await.row.duty.state, State::NotCompared);
}

#[tokio::test]
async fn a_report_of_what_never_went_through_the_platform_is_not_accepted() {
    let world = World::without_reports().await;
    let agreement = desk::reporting(&world.app, 2);
    let signed = crate::world::signed(&world.app, &agreement);
    world.app.agreement_publish(&signed).await.unwrap();
    world.app.count_by_itself();
    world.clock.advance_days(28);
    let head = report::Head {
        agreement: agreement.reference(),
        replaces: None,
        explanations: vec![],
    };
    for (period, sends, accepted) in [(1, 0, true), (2, 40, false)] {
        let counts = desk::counts(&agreement, period, sends);
        let zip = report::build(&counts, &head, &desk::key()).unwrap();
        let Answer::Ruled(ruled) = file(&world.app, &zip).await.unwrap() else {
            panic!("{period}");
        };
        assert_eq!(ruled.filing.outcome == Some(Outcome::Accepted), accepted);
        assert_eq!(ruled.state == State::Accepted, accepted);
    }
}

#[tokio::test]
async fn a_revision_names_what_it_replaces_and_a_refused_one_takes_no_number() {
    let desk = desk().await;
    desk.platform_counted(Some(desk.counts(1, 100)));
    let refused = desk.filed(&desk.report(&desk.counts(1, 50), None, vec![])).await;
    assert_eq!(
        (refused.filing.outcome, refused.filing.revision, refused.state),
        (Some(Outcome::Refused), 1, State::Due)
    );
    assert!(refused.verdict.unwrap().found > 0);

    let first = desk.report(&desk.counts(1, 94), None, vec![]);
    let ruled = desk.filed(&first).await;
    assert_eq!(
        (ruled.filing.outcome, ruled.filing.revision),
        (Some(Outcome::ToExplain), 1)
    );
    assert!(matches!(ruled.state, State::Filed { .. }));

    // Not the next revision, or not of that one: a fault of the report, and nothing is kept.
    let previous = |hash| Some(Previous { revision: 1, hash });
    for wrong in [None, previous([9; 32])] {
        let zip = desk.report(&desk.counts(1, 95), wrong, vec![]);
        let Answer::Faulty(faults) = desk.file(&zip).await.unwrap() else {
            panic!()
        };
        assert!(matches!(faults[0].rule, Rule::Revision | Rule::Previous), "{faults:?}");
    }
    let all = |measure| Explanation {
        place: Place::default(),
        measure,
        reason: "A day was lost.".into(),
    };
    let reasons = vec![all(Measure::Sends), all(Measure::UniqueSenders)];
    let second = desk.report(&desk.counts(1, 94), previous(report::hash(&first)), reasons);
    let ruled = desk.filed(&second).await;
    assert_eq!(
        (ruled.filing.revision, ruled.filing.previous, ruled.state),
        (2, Some(report::hash(&first)), State::Explained)
    );
    assert_eq!(desk.entries().await.len(), 3);

    let app = &desk.world.app;
    let by = app.report_take(&desk.reference(), 1, false).await.unwrap();
    assert!(matches!(by, State::Filed { .. }));
    assert!(
        app.report_take(&desk.reference(), 1, true).await.is_err(),
        "it is owed again"
    );
    let third = desk.report(
        &desk.counts(1, 99),
        Some(Previous {
            revision: 2,
            hash: report::hash(&second),
        }),
        vec![],
    );
    assert_eq!(desk.filed(&third).await.state, State::Accepted);
}

#[tokio::test]
async fn a_report_that_was_interrupted_has_one_entry_however_often_it_is_filed() {
    for method in ["piece_put", "docs_write", "ledger_commit"] {
        for fault in [Fault::Lost, Fault::Unsure, Fault::Kept] {
            for restarted in [false, true] {
                let desk = desk().await;
                let counts = desk.counts(1, 40);
                let zip = desk.report(&counts, None, vec![]);
                desk.world.fail(method, fault);
                assert!(desk.file(&zip).await.is_err(), "{method} {fault:?}");
                let app = match restarted {
                    true => desk.world.open_second_process().await,
                    false => desk.world.app.clone(),
                };
                for _ in 0..2 {
                    let answer = file(&app, &zip).await.unwrap();
                    assert!(matches!(answer, Answer::Ruled(_)), "{method} {fault:?} {restarted}");
                }
                let filings = owed(&app, &desk.reference(), 1).await.row.filings;
                assert_eq!(
                    (filings.len(), entries(&app).await.len()),
                    (1, 1),
                    "{method} {fault:?} {restarted}"
                );
                World::verify_all_of(&app).await;
            }
        }
    }
}

#[tokio::test]
async fn when_a_report_is_overdue_its_agreements_grants_answer_nothing_until_it_is_filed() {
    let desk = Desk::new().await;
    let app = &desk.world.app;
    // Under version 1: the partner is the same, and so is the agreement.
    let tokens = desk.world.connect(&[Field::Text]).await;
    let refused =
        |answer: Result<String, Error>| matches!(answer, Err(Error::Denied(Denied::Grant(Reason::Suspended))));
    for days in [13, 1, 2] {
        app.reports_remind().await.unwrap();
        assert!(desk.world.read(&desk.access(&tokens).await).await.is_ok());
        desk.world.clock.advance_days(days);
    }
    // The clock alone suspends nothing.
    desk.world.clock.advance_days(1);
    let token = desk.access(&tokens).await;
    assert!(desk.world.read(&token).await.is_ok());
    // Nor does an act that could not be entered.
    desk.world.break_the_ledger(true);
    assert!(app.reports_remind().await.is_err());
    desk.world.break_the_ledger(false);
    assert!(desk.world.read(&token).await.is_ok());
    desk.world.clock.advance_seconds(61);
    app.reports_remind().await.unwrap();
    app.reports_remind().await.unwrap();
    assert!(refused(desk.world.read(&token).await));
    let first = "films@1".parse().unwrap();
    assert_eq!(app.register().standing(&first), Some(Standing::Suspended));
    assert!(matches!(&desk.entries().await[..], [Entry::Standing(s)] if s.suspended && s.period == desk.period(1)));
    let again = desk.world.open_second_process().await;
    assert!(
        refused(World::read_from(&again, &token).await.map(|(text, _)| text)),
        "also after a start"
    );

    desk.platform_counted(Some(desk.counts(1, 100)));
    again.count_with(desk.platform.clone());
    let refused_report = file(&again, &desk.report(&desk.counts(1, 3), None, vec![]))
        .await
        .unwrap();
    assert!(matches!(refused_report, Answer::Ruled(r) if r.filing.outcome == Some(Outcome::Refused)));
    assert!(refused(World::read_from(&again, &token).await.map(|(text, _)| text)));
    file(&again, &desk.report(&desk.counts(1, 100), None, vec![]))
        .await
        .unwrap();
    assert!(World::read_from(&again, &token).await.is_ok());
    let all = entries(&again).await;
    assert!(
        matches!(&all[..], [_, Entry::Filed(_), Entry::Filed(_), Entry::Standing(s)] if !s.suspended),
        "{all:?}"
    );
    let notices = owed(&again, &desk.reference(), 1).await.row.notices;
    let kinds: Vec<_> = notices.iter().map(|n| std::mem::discriminant(&n.kind)).collect();
    assert_eq!(kinds.len(), 7, "{notices:?}");
    assert!(matches!(notices[0].kind, NoticeKind::Due) && matches!(notices[1].kind, NoticeKind::Reminder { .. }));
    World::verify_all_of(&again).await;
}

#[tokio::test]
async fn an_operator_can_excuse_a_partner_whose_report_cannot_come() {
    let desk = Desk::new().await;
    let app = &desk.world.app;
    desk.world.clock.advance_days(18);
    app.reports_remind().await.unwrap();
    assert_eq!(app.register().standing(&desk.reference()), Some(Standing::Suspended));
    assert_eq!(app.report_excuse(&desk.reference(), 1).await.unwrap(), State::Accepted);
    assert_eq!(app.register().standing(&desk.reference()), Some(Standing::Good));
    assert!(
        app.report_excuse(&"films@1".parse().unwrap(), 1).await.is_err(),
        "it owes none"
    );
}

#[tokio::test]
async fn nobody_files_for_another_partner_or_for_a_period_that_is_not_over_or_without_end() {
    let desk = desk().await;
    let zip = desk.report(&desk.counts(1, 40), None, vec![]);
    let other = "other".parse().unwrap();
    let named = About {
        agreement: Some(desk.reference()),
        period: Some(1),
    };
    assert!(matches!(
        desk.world.app.report_file(&other, named, zip.clone()).await,
        Err(Error::NotFound)
    ));
    let unnamed = desk.world.app.report_file(&other, About::default(), zip.clone()).await;
    assert!(matches!(unnamed, Err(Error::Invalid(_))));

    let early = desk.report(&desk.counts(2, 40), None, vec![]);
    let Answer::Faulty(faults) = desk.file(&early).await.unwrap() else {
        panic!()
    };
    assert_eq!(faults[0].rule, Rule::TooEarly);
    let Answer::Faulty(faults) = desk.file(b"no zip").await.unwrap() else {
        panic!()
    };
    assert_eq!(faults[0].rule, Rule::ZipFormat);
    assert_eq!(desk.entries().await, []);

    desk.platform_counted(Some(desk.counts(1, 1_000)));
    for sends in 0..20 {
        desk.filed(&desk.report(&desk.counts(1, sends), None, vec![])).await;
    }
    let more = desk.report(&desk.counts(1, 21), None, vec![]);
    assert!(matches!(desk.file(&more).await, Err(Error::Denied(Denied::Ceiling(_)))));
    desk.world.clock.advance_days(1);
    assert!(desk.file(&more).await.is_ok());
}

#[tokio::test]
async fn what_was_seeded_and_is_not_reported_is_refused() {
    let desk = Desk::new().await;
    let seed = |variant: &str| Seed {
        at: desk.world.app.now(),
        interface: "tv".into(),
        initiation_surface: "search".into(),
        variant: variant.into(),
        recipient_kind: RecipientKind::NonPlatform,
        clicks: 2,
    };
    let app = &desk.world.app;
    assert!(app.report_seed(&desk.reference(), &seed("z")).await.is_err());
    assert_eq!(app.report_seed(&desk.reference(), &seed("a")).await.unwrap(), 1);
    desk.world.clock.advance_days(14);
    desk.platform_counted(Some(desk.counts(1, 40)));
    let ruled = desk.filed(&desk.report(&desk.counts(1, 40), None, vec![])).await;
    assert_eq!(ruled.filing.outcome, Some(Outcome::Refused));
    let differences = ruled.verdict.unwrap().differences;
    assert_eq!(
        (differences.len(), differences[0].measure, differences[0].platform),
        (1, Measure::Clicks, 2)
    );
    let mut with = desk.counts(1, 40);
    let cell = with.domain().key(0, "tv", "search", "a", "non_platform").unwrap();
    with.get_mut(&cell).unwrap().clicks = 2;
    with.get_mut(&cell).unwrap().unique_clickers = 1;
    assert_eq!(
        desk.filed(&desk.report(&with, None, vec![])).await.filing.outcome,
        Some(Outcome::Accepted)
    );
}
