use crate::made::agreement;
use model::Time;
use report::{Calendar, Day, Domain, DomainFault, Duty, State, ical};

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

#[test]
fn ten_years_of_fortnights_have_no_gap_and_no_overlap() {
    // Ten years with three leap days, and every clock change of every time zone, none of which counts.
    let starts = at("2027-11-01T23:59:59.999Z");
    let calendar = Calendar::new(starts, at("2037-11-01T00:00:00Z"), 14, 3).unwrap();
    let periods: Vec<_> = calendar.periods().collect();
    assert_eq!(periods.len(), 261, "3653 days in fortnights, the last one begun");
    assert_eq!(periods[0].first.to_string(), "2027-11-01");
    for (before, after) in periods.iter().zip(&periods[1..]) {
        assert_eq!(before.number + 1, after.number);
        assert_eq!(before.last().plus(1), after.first);
        assert_eq!(before.ends(), after.first.start());
        assert_eq!(after.ends().0 - before.ends().0, 14 * 86_400_000);
    }
    let leap = Day::of(at("2028-02-29T12:00:00Z"));
    assert_eq!(periods.iter().filter(|p| p.contains(leap)).count(), 1);
    // Each hour is in exactly the period that the calendar says.
    let mut hour = periods[0].first.start();
    for period in &periods {
        while hour < period.ends() {
            assert_eq!(calendar.period_at(hour).as_ref(), Some(period));
            hour = hour.plus_seconds(3_600);
        }
    }
    assert_eq!(calendar.period_at(periods[0].first.start().plus_seconds(-1)), None);
    assert_eq!(calendar.period_at(periods[260].ends()), None);
    assert_eq!(calendar.period(0), None);
    assert_eq!(calendar.period(u32::MAX), None);
}

#[test]
fn ten_simulated_years_of_a_clock_that_jumps_bring_each_duty_forward_once() {
    let calendar = Calendar::new(at("2027-11-01T00:00:00Z"), at("2037-11-01T00:00:00Z"), 14, 3).unwrap();
    let mut duties: Vec<Duty> = calendar.periods().map(Duty::open).collect();
    let mut turns = vec![Vec::new(); duties.len()];
    let mut random = 7u64;
    let mut clock = at("2027-10-25T00:00:00Z");
    while clock < at("2038-01-01T00:00:00Z") {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // Mostly forward by up to nine hours; one time in ten back by up to nine hours.
        let step = i64::try_from(random >> 33).unwrap() % 32_400;
        clock = clock.plus_seconds(if random.is_multiple_of(10) { -step } else { step });
        for (duty, turns) in duties.iter_mut().zip(&mut turns) {
            let next = duty.at(clock, &calendar);
            if next.state != duty.state {
                match next.state {
                    State::Due => assert!(clock >= duty.period.ends()),
                    State::Overdue => assert!(clock >= calendar.overdue_from(&duty.period)),
                    other => panic!("the clock alone brought about {other}"),
                }
                turns.push(next.state);
            }
            *duty = next;
        }
    }
    for turns in turns {
        assert_eq!(turns, [State::Due, State::Overdue]);
    }
}

#[test]
fn one_day_has_one_text() {
    assert_eq!("2028-02-29".parse::<Day>().unwrap().to_string(), "2028-02-29");
    for bad in [
        "2027-02-29",
        "2028-2-29",
        "28-02-29",
        "2028-02-30",
        "2028/02/29",
        "2028-02-29 ",
        "+028-02-29",
        "",
    ] {
        assert!(bad.parse::<Day>().is_err(), "{bad}");
    }
}

#[test]
fn reminders_come_between_the_end_and_the_end_of_grace() {
    let calendar = Calendar::of(&agreement()).unwrap();
    let period = calendar.period(1).unwrap();
    let reminders: Vec<_> = calendar.reminders(&period).iter().map(Time::to_string).collect();
    assert_eq!(
        reminders,
        ["2027-11-15T00:00:00Z", "2027-11-16T00:00:00Z", "2027-11-17T00:00:00Z"]
    );
    assert_eq!(calendar.overdue_from(&period), at("2027-11-18T00:00:00Z"));
}

#[test]
fn the_icalendar_has_short_lines_stable_ids_and_an_event_for_each_period() {
    let calendar = Calendar::of(&agreement()).unwrap();
    let write = |now| ical::write(&agreement().reference(), &calendar, "inbox.example", at(now));
    let text = write("2027-11-02T01:02:03.456Z");
    assert!(text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n") && text.ends_with("END:VCALENDAR\r\n"));
    assert_eq!(text.matches("BEGIN:VEVENT").count(), calendar.periods().count());
    assert!(text.lines().all(|line| line.len() <= 75), "{text}");
    assert!(text.contains("DTSTAMP:20271102T010203Z\r\nDTSTART;VALUE=DATE:20271115\r\nDTEND;VALUE=DATE:20271116\r\n"));
    assert!(text.contains("UID:report-films-1-1@inbox.example\r\n"));
    let unfolded = text.replace("\r\n ", "");
    assert!(unfolded.contains("SUMMARY:Report 1 of films@1 is due (2027-11-01 to 2027-11-14)\r\n"));
    let ids = |text: &str| {
        text.lines()
            .filter(|l| l.starts_with("UID:"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&text), ids(&write("2028-01-01T00:00:00Z")));
}

#[test]
fn names_that_a_spreadsheet_would_run_make_no_report() {
    let with = |names: &[&str]| {
        let mut agreement = agreement();
        agreement.report.dimensions.variant = names.iter().map(|n| (*n).to_owned()).collect();
        Domain::of(&agreement)
    };
    assert!(with(&["a", "b_2"]).is_ok());
    for bad in [
        "=1",
        "-a",
        "+a",
        "@a",
        "1a",
        "A",
        "a b",
        "a,b",
        "",
        "ä",
        &"a".repeat(65),
    ] {
        assert!(
            matches!(with(&["a", bad]), Err(DomainFault::Name("variant", _))),
            "{bad}"
        );
    }
    assert_eq!(with(&[]), Err(DomainFault::Empty("variant")));
    assert_eq!(
        with(&["b", "a", "b"]),
        Err(DomainFault::Twice("variant", "b".to_owned()))
    );
    let many: Vec<String> = (0..101).map(|n| format!("v{n}")).collect();
    assert_eq!(
        with(&many.iter().map(String::as_str).collect::<Vec<_>>()),
        Err(DomainFault::TooMany("variant"))
    );
    let mut agreement = agreement();
    let hundred: Vec<String> = many.into_iter().take(100).collect();
    agreement.report.dimensions.variant.clone_from(&hundred);
    agreement.report.dimensions.interface = hundred;
    assert_eq!(Domain::of(&agreement), Err(DomainFault::Cells(40_000)));
}
