use crate::made::{counts, expected, head, key};
use crate::mutations;
use model::Time;
use report::{Rule, build, check};
use std::collections::BTreeSet;

#[test]
fn every_tampered_report_is_refused_with_its_rule_row_and_column() {
    let mut wrong = Vec::new();
    let all = mutations::all();
    for mutation in &all {
        let right = &mutation.fault;
        match check(&mutation.zip, &expected(None)) {
            Ok(_) => wrong.push(format!("{}: passes", mutation.name)),
            Err(faults) => {
                let first = &faults[0];
                let found = (first.rule, first.file, first.row, first.column.as_deref());
                if found != (right.rule, right.file, right.row, right.column) {
                    wrong.push(format!(
                        "{}: {first}, not {:?}",
                        mutation.name,
                        (right.rule, right.file, right.row, right.column)
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        all.len(),
        wrong.join("\n")
    );
    assert!(all.len() >= 60, "{}", all.len());
}

#[test]
fn every_rule_is_broken_by_some_report() {
    let mut broken: BTreeSet<Rule> = mutations::all().iter().map(|m| m.fault.rule).collect();
    // One takes another day than a tampered report; the other, a reader that is given no bytes (it takes any).
    broken.extend([Rule::TooEarly, Rule::Csv]);
    let never: Vec<_> = Rule::ALL.iter().filter(|rule| !broken.contains(rule)).collect();
    assert!(never.is_empty(), "{never:?}");
}

#[test]
fn a_report_of_days_to_come_is_refused() {
    let zip = build(&counts(), &head(None), &key(1)).unwrap();
    let mut expected = expected(None);
    expected.now = Time(expected.now.0 - 1);
    assert_eq!(check(&zip, &expected).unwrap_err()[0].rule, Rule::TooEarly);
}

#[test]
fn faults_are_listed_up_to_a_limit_and_short() {
    for mutation in mutations::all() {
        let faults = check(&mutation.zip, &expected(None)).unwrap_err();
        assert!(!faults.is_empty() && faults.len() <= report::FAULTS_LIMIT);
        assert!(
            faults
                .iter()
                .all(|f| f.to_string().len() < 400 && !f.to_string().contains(char::is_control))
        );
    }
}
