//! Guarantees of agreements, grants, says, tokens and once-things.

use super::{ANA, BEN, guarantees, id};
use crate::*;

guarantees![
    an_agreement_is_published_once_and_in_order,
    a_grant_is_created_once,
    a_grant_changes_only_from_the_version_that_was_read,
    a_persons_grants_are_hers_alone,
    says_change_only_from_the_version_that_was_read,
    a_question_is_put_once_until_it_is_answered,
    changes_of_view_are_counted_for_each_person_concerned,
    a_token_is_found_until_it_is_deleted,
    a_once_thing_is_used_once,
    a_sweep_drops_what_expired_and_nothing_else,
    what_is_too_large_for_a_row_is_refused,
];

const READS: [Read; 3] = [Read::Relaxed, Read::Acknowledged, Read::Serial];

async fn an_agreement_is_published_once_and_in_order(store: Store) {
    let row = |id: &str, version| AgreementRow {
        id: id.to_owned(),
        version,
        body: vec![1; version as usize + 1],
    };
    for (id, version, outcome) in [
        ("marquee", 2, Cas::Conflict),
        ("marquee", 0, Cas::Conflict),
        ("marquee", 1, Cas::Applied),
        ("marquee", 1, Cas::Conflict),
        ("marquee", 3, Cas::Conflict),
        ("marquee", 2, Cas::Applied),
        ("aurora", 1, Cas::Applied),
        ("marquee-2", 1, Cas::Applied),
        ("m", 1, Cas::Applied),
    ] {
        assert_eq!(
            store.agreement_publish(row(id, version)).await.unwrap(),
            outcome,
            "{id} {version}"
        );
    }
    let changed = AgreementRow {
        body: b"other terms".to_vec(),
        ..row("marquee", 1)
    };
    assert_eq!(store.agreement_publish(changed).await.unwrap(), Cas::Conflict);
    let listed = store.agreements_list().await.unwrap();
    let expected = [
        ("aurora", 1),
        ("m", 1),
        ("marquee", 1),
        ("marquee", 2),
        ("marquee-2", 1),
    ];
    assert_eq!(listed, expected.map(|(id, version)| row(id, version)));
    for bad in ["", "a\0b"] {
        assert!(matches!(
            store.agreement_publish(row(bad, 1)).await,
            Err(StoreError::Rejected(_))
        ));
    }
}

async fn a_grant_is_created_once(store: Store) {
    assert_eq!(store.grant_get(id(1), Read::Serial).await.unwrap(), None);
    assert_eq!(
        store.grant_create(id(1), ANA, b"first".to_vec()).await.unwrap(),
        Cas::Applied
    );
    assert_eq!(
        store.grant_create(id(1), BEN, b"second".to_vec()).await.unwrap(),
        Cas::Conflict
    );
    let row = GrantRow {
        id: id(1),
        account: ANA,
        version: 1,
        body: b"first".to_vec(),
    };
    for read in READS {
        assert_eq!(store.grant_get(id(1), read).await.unwrap(), Some(row.clone()));
    }
    assert_eq!(store.grants_of(BEN).await.unwrap(), []);
}

async fn a_grant_changes_only_from_the_version_that_was_read(store: Store) {
    assert_eq!(store.grant_transition(id(1), 0, vec![]).await.unwrap(), Cas::Conflict);
    assert_eq!(
        store.grant_create(id(1), ANA, b"1".to_vec()).await.unwrap(),
        Cas::Applied
    );
    for (expected, body, outcome) in [
        (0, b"x", Cas::Conflict),
        (2, b"x", Cas::Conflict),
        (1, b"2", Cas::Applied),
        (1, b"x", Cas::Conflict),
        (2, b"3", Cas::Applied),
    ] {
        assert_eq!(
            store.grant_transition(id(1), expected, body.to_vec()).await.unwrap(),
            outcome
        );
    }
    let row = GrantRow {
        id: id(1),
        account: ANA,
        version: 3,
        body: b"3".to_vec(),
    };
    assert_eq!(store.grant_get(id(1), Read::Acknowledged).await.unwrap(), Some(row));
}

async fn a_persons_grants_are_hers_alone(store: Store) {
    for (grant, account) in [(3, ANA), (1, ANA), (2, BEN), (0xff, ANA)] {
        assert_eq!(
            store.grant_create(id(grant), account, vec![grant]).await.unwrap(),
            Cas::Applied
        );
    }
    assert_eq!(
        store.grant_transition(id(1), 1, b"narrowed".to_vec()).await.unwrap(),
        Cas::Applied
    );
    let hers = store.grants_of(ANA).await.unwrap();
    let told: Vec<_> = hers.iter().map(|grant| (grant.id[0], grant.version)).collect();
    assert_eq!(told, [(1, 2), (3, 1), (0xff, 1)]);
    assert_eq!(hers[0].body, b"narrowed");
    assert_eq!(store.grants_of(id(9)).await.unwrap(), []);
}

async fn says_change_only_from_the_version_that_was_read(store: Store) {
    for (expected, body, outcome) in [
        (1, b"x", Cas::Conflict),
        (0, b"1", Cas::Applied),
        (0, b"x", Cas::Conflict),
        (1, b"2", Cas::Applied),
    ] {
        assert_eq!(store.says_put(ANA, expected, body.to_vec()).await.unwrap(), outcome);
    }
    let hers = Some(Versioned {
        version: 2,
        body: b"2".to_vec(),
    });
    for read in READS {
        let says = store.says_get(vec![BEN, ANA, ANA], read).await.unwrap();
        assert_eq!(says, [None, hers.clone(), hers.clone()]);
    }
}

async fn a_question_is_put_once_until_it_is_answered(store: Store) {
    let put = |account, key, body: &[u8]| store.ask_put(account, id(key), body.to_vec());
    assert_eq!(put(ANA, 2, b"may they?").await.unwrap(), Cas::Applied);
    assert_eq!(put(ANA, 2, b"again?").await.unwrap(), Cas::Conflict);
    assert_eq!(put(ANA, 1, b"and they?").await.unwrap(), Cas::Applied);
    assert_eq!(put(BEN, 2, b"you?").await.unwrap(), Cas::Applied);
    let open = [(id(1), b"and they?".to_vec()), (id(2), b"may they?".to_vec())];
    assert_eq!(store.asks_of(ANA).await.unwrap(), open);
    for _ in 0..2 {
        store.ask_delete(ANA, id(2)).await.unwrap();
        assert_eq!(store.asks_of(ANA).await.unwrap(), open[..1]);
    }
    assert_eq!(store.asks_of(BEN).await.unwrap().len(), 1);
    assert_eq!(put(ANA, 2, b"now?").await.unwrap(), Cas::Applied);
}

async fn changes_of_view_are_counted_for_each_person_concerned(store: Store) {
    assert_eq!(store.views_get(ANA).await.unwrap(), 0);
    store.views_bump(vec![]).await.unwrap();
    store.views_bump(vec![ANA, BEN]).await.unwrap();
    store.views_bump(vec![ANA, ANA]).await.unwrap();
    assert_eq!(store.views_get(ANA).await.unwrap(), 2);
    assert_eq!(store.views_get(BEN).await.unwrap(), 1);
}

async fn a_token_is_found_until_it_is_deleted(store: Store) {
    let row = |expires_at| TokenRow {
        body: b"grant 1".to_vec(),
        expires_at,
    };
    assert_eq!(store.token_get([1; 32], Read::Serial).await.unwrap(), None);
    store.token_put([1; 32], row(100)).await.unwrap();
    store.token_put([1; 32], row(-200)).await.unwrap();
    store.token_put([2; 32], row(300)).await.unwrap();
    for read in READS {
        assert_eq!(store.token_get([1; 32], read).await.unwrap(), Some(row(-200)));
    }
    for _ in 0..2 {
        store.token_delete([1; 32]).await.unwrap();
        assert_eq!(store.token_get([1; 32], Read::Acknowledged).await.unwrap(), None);
    }
    assert_eq!(store.token_get([2; 32], Read::Relaxed).await.unwrap(), Some(row(300)));
}

async fn a_once_thing_is_used_once(store: Store) {
    let row = |body: &[u8]| TokenRow {
        body: body.to_vec(),
        expires_at: 100,
    };
    let key = || b"code".to_vec();
    assert_eq!(store.once_take(key()).await.unwrap(), None);
    assert_eq!(store.once_put(key(), row(b"1")).await.unwrap(), Cas::Applied);
    assert_eq!(store.once_put(key(), row(b"2")).await.unwrap(), Cas::Conflict);
    assert_eq!(store.once_get(key()).await.unwrap(), Some(row(b"1")));
    assert_eq!(store.once_get(b"cod".to_vec()).await.unwrap(), None);
    assert_eq!(store.once_take(key()).await.unwrap(), Some(row(b"1")));
    assert_eq!(store.once_take(key()).await.unwrap(), None);
    assert_eq!(store.once_get(key()).await.unwrap(), None);
    assert_eq!(store.once_put(key(), row(b"3")).await.unwrap(), Cas::Applied);
}

async fn a_sweep_drops_what_expired_and_nothing_else(store: Store) {
    let row = |expires_at| TokenRow {
        body: vec![],
        expires_at,
    };
    for (n, at) in [(1, -5), (2, 99), (3, 100), (4, 101), (5, i64::MAX)] {
        store.token_put([n; 32], row(at)).await.unwrap();
        assert_eq!(store.once_put(vec![n], row(at)).await.unwrap(), Cas::Applied);
    }
    // A token that was prolonged is not dropped at its first end; one that was shortened is.
    store.token_put([1; 32], row(500)).await.unwrap();
    store.token_put([5; 32], row(7)).await.unwrap();
    // A thing used and put again lives until its new end.
    store.once_take(vec![2]).await.unwrap();
    assert_eq!(store.once_put(vec![2], row(900)).await.unwrap(), Cas::Applied);
    assert_eq!(store.sweep(100).await.unwrap(), 3);
    assert_eq!(store.sweep(100).await.unwrap(), 0);
    let (mut tokens, mut once) = (Vec::new(), Vec::new());
    for n in 1..=5 {
        tokens.extend(store.token_get([n; 32], Read::Serial).await.unwrap().map(|_| n));
        once.extend(store.once_get(vec![n]).await.unwrap().map(|_| n));
    }
    assert_eq!((tokens, once), (vec![1, 3, 4], vec![2, 3, 4, 5]));
    assert_eq!(store.sweep(i64::MAX).await.unwrap(), 6);
    assert_eq!(store.once_put(vec![1], row(1)).await.unwrap(), Cas::Applied);
}

async fn what_is_too_large_for_a_row_is_refused(store: Store) {
    let large = || vec![0; limits::BODY + 1];
    let row = TokenRow {
        body: large(),
        expires_at: 0,
    };
    let refused = [
        store.grant_create(id(1), ANA, large()).await.map(drop),
        store.grant_transition(id(1), 1, large()).await.map(drop),
        store.says_put(ANA, 0, large()).await.map(drop),
        store.ask_put(ANA, id(1), large()).await.map(drop),
        store.token_put([1; 32], row.clone()).await,
        store.once_put(vec![1], row).await.map(drop),
        store
            .once_put(
                vec![0; limits::KEY + 1],
                TokenRow {
                    body: vec![],
                    expires_at: 0,
                },
            )
            .await
            .map(drop),
        store.once_take(vec![0; limits::KEY + 1]).await.map(drop),
        store
            .says_get(vec![ANA; limits::PAGE + 1], Read::Relaxed)
            .await
            .map(drop),
    ];
    for (n, answer) in refused.into_iter().enumerate() {
        assert!(matches!(answer, Err(StoreError::Rejected(_))), "{n}: {answer:?}");
    }
    assert_eq!(store.token_get([1; 32], Read::Serial).await.unwrap(), None);
}
