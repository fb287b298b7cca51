use crate::made::agreement;
use model::Time;
use report::{Calendar, Duty, Outcome, State};

fn calendar() -> Calendar {
    Calendar::of(&agreement()).unwrap()
}

fn open() -> Duty {
    Duty::open(calendar().period(1).unwrap())
}

#[test]
fn the_clock_makes_it_due_then_overdue_and_never_suspends_or_goes_back() {
    let (calendar, duty) = (calendar(), open());
    let ends = duty.period.ends();
    assert_eq!(duty.at(Time(ends.0 - 1), &calendar).state, State::Open);
    assert_eq!(duty.at(ends, &calendar).state, State::Due);
    let over = calendar.overdue_from(&duty.period);
    assert_eq!(duty.at(Time(over.0 - 1), &calendar).state, State::Due);
    let overdue = duty.at(over, &calendar);
    assert_eq!(overdue.state, State::Overdue);
    assert_eq!(overdue.at(over.plus_days(4_000), &calendar).state, State::Overdue);
    assert_eq!(
        overdue.at(ends.plus_days(-30), &calendar).state,
        State::Overdue,
        "the clock was set back"
    );
    assert!(overdue.answers());
    assert!(!overdue.suspend().unwrap().answers());
}

#[test]
fn filing_lifts_the_suspension_and_a_refused_report_does_not() {
    let calendar = calendar();
    let late = calendar.overdue_from(&open().period).plus_days(20);
    let suspended = open().at(late, &calendar).suspend().unwrap();
    for (outcome, state) in [
        (Outcome::Accepted, State::Accepted),
        (Outcome::Explained, State::Explained),
        (
            Outcome::ToExplain,
            State::Filed {
                explain_by: late.plus_days(3),
            },
        ),
    ] {
        let filed = suspended.file(outcome, late, &calendar).unwrap();
        assert_eq!(filed.state, state);
        assert!(filed.answers());
    }
    assert!(suspended.file(Outcome::Refused, late, &calendar).is_err());
}

#[test]
fn what_must_be_explained_is_overdue_when_it_is_not_and_asking_again_moves_no_date() {
    let (calendar, ends) = (calendar(), open().period.ends());
    let filed = open().file(Outcome::ToExplain, ends, &calendar).unwrap();
    let by = ends.plus_days(3);
    assert_eq!(filed.state, State::Filed { explain_by: by });
    let again = filed.file(Outcome::ToExplain, ends.plus_days(2), &calendar).unwrap();
    assert_eq!(again.state, State::Filed { explain_by: by });
    assert_eq!(again.at(by, &calendar).state, State::Overdue);
    let explained = again.file(Outcome::Explained, ends.plus_days(2), &calendar).unwrap();
    assert_eq!(
        explained.at(by.plus_days(100), &calendar).state,
        State::Explained,
        "the operator's turn"
    );
    assert_eq!(explained.accept().unwrap().state, State::Accepted);
    let rejected = explained.reject(by, &calendar).unwrap();
    assert_eq!(
        rejected.state,
        State::Filed {
            explain_by: by.plus_days(3)
        }
    );
}

#[test]
fn every_other_transition_is_refused() {
    let (calendar, ends) = (calendar(), open().period.ends());
    let early = open().file(Outcome::Accepted, Time(ends.0 - 1), &calendar);
    assert!(early.unwrap_err().to_string().contains("period 1 is open"));
    let accepted = open().file(Outcome::Accepted, ends, &calendar).unwrap();
    assert!(accepted.file(Outcome::ToExplain, ends, &calendar).is_err());
    assert!(accepted.file(Outcome::Refused, ends, &calendar).is_err());
    let again = accepted.file(Outcome::Explained, ends, &calendar).unwrap();
    assert_eq!(again.state, State::Accepted, "what was accepted is not owed again");
    for duty in [open(), open().at(ends, &calendar), accepted] {
        assert!(duty.suspend().is_err() && duty.accept().is_err() && duty.reject(ends, &calendar).is_err());
    }
    let json = serde_json::to_string(&accepted).unwrap();
    assert_eq!(serde_json::from_str::<Duty>(&json).unwrap(), accepted);
}
