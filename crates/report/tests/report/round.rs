use crate::made::{counts, domain, expected, head, key, period};
use proptest::prelude::*;
use report::{Counts, Explanation, Measure, Place, Previous, Rule, build, check};

#[test]
fn a_built_report_passes_and_says_the_same() {
    let zip = build(&counts(), &head(None), &key(1)).unwrap();
    let checked = check(&zip, &expected(None)).unwrap();
    assert_eq!(checked.counts, counts());
    assert_eq!((checked.revision, checked.hash), (1, report::hash(&zip)));
    assert_eq!(
        zip,
        build(&counts(), &head(None), &key(1)).unwrap(),
        "the same makes the same bytes"
    );
}

#[test]
fn revisions_form_a_chain() {
    let first = build(&counts(), &head(None), &key(1)).unwrap();
    let previous = Previous {
        revision: 1,
        hash: report::hash(&first),
    };
    let mut head = head(Some(previous));
    head.explanations.push(Explanation {
        place: Place {
            interface: Some("tv".to_owned()),
            ..Place::default()
        },
        measure: Measure::Sends,
        reason: "A cable, \u{1f980} and a \"quote\".".to_owned(),
    });
    let second = build(&counts(), &head, &key(1)).unwrap();
    let checked = check(&second, &expected(Some(previous))).unwrap();
    assert_eq!((checked.revision, &checked.explanations), (2, &head.explanations));
    let rule = |zip: &[u8], previous| check(zip, &expected(previous)).unwrap_err()[0].rule;
    assert_eq!(rule(&second, None), Rule::Revision);
    assert_eq!(rule(&first, Some(previous)), Rule::Revision);
    let other = Previous {
        hash: [7; 32],
        ..previous
    };
    assert_eq!(rule(&second, Some(other)), Rule::Previous);
}

#[test]
fn a_report_says_what_it_is_before_it_is_checked() {
    let previous = Previous {
        revision: 4,
        hash: [9; 32],
    };
    let zip = build(&counts(), &head(Some(previous)), &key(1)).unwrap();
    let claim = report::claim(&zip).unwrap();
    assert_eq!(claim.agreement, head(None).agreement);
    assert_eq!((claim.period, claim.revision, claim.previous), (2, 5, Some([9; 32])));
    assert_eq!(report::claim(b"x").unwrap_err()[0].rule, Rule::ZipFormat);
}

#[test]
fn a_reason_that_cannot_be_read_is_refused_before_it_is_filed() {
    for reason in ["", " ", "a\nb", &"x".repeat(501)] {
        let mut head = head(None);
        head.explanations.push(Explanation {
            place: Place::default(),
            measure: Measure::Clicks,
            reason: reason.to_owned(),
        });
        assert!(build(&counts(), &head, &key(1)).is_err(), "{reason}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_counts_come_back(numbers in proptest::collection::vec((0u64..1 << 50, 1u64..100), 1..400)) {
        let mut counts = Counts::new(domain(), period());
        for (key, (acts, share)) in domain().keys(&period()).zip(numbers) {
            let cell = counts.get_mut(&key).unwrap();
            cell.sends = acts;
            cell.unique_senders = acts.div_ceil(share);
            cell.clicks = acts / 2;
            cell.unique_clickers = cell.clicks.div_ceil(share);
        }
        let zip = build(&counts, &head(None), &key(1)).unwrap();
        prop_assert_eq!(check(&zip, &expected(None)).unwrap().counts, counts);
    }

    #[test]
    fn any_flipped_bit_is_refused_or_changes_nothing(at in 0usize..10_000, bit in 0u8..8) {
        let mut zip = build(&counts(), &head(None), &key(1)).unwrap();
        let length = zip.len();
        zip[at % length] ^= 1 << bit;
        // A bit of the zip's own bookkeeping (a date, say) may be anything; what is read must be the same.
        if let Ok(checked) = check(&zip, &expected(None)) {
            prop_assert_eq!(checked.counts, counts());
        }
    }

    #[test]
    fn bytes_of_anybody_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(check(&bytes, &expected(None)).is_err());
    }
}
