//! Guarantees of accounts, partners, catalogues and data keys.

use super::{ANA, BEN, guarantees, id};
use crate::*;

guarantees![
    an_account_has_its_id_and_its_handle_alone,
    an_account_changes_only_from_the_version_that_was_read,
    a_deleted_account_frees_its_handle,
    accounts_are_listed_in_pages_by_id,
    a_partner_changes_only_from_the_version_that_was_read,
    a_catalogue_is_replaced_whole,
    a_data_key_is_created_once,
    destroyed_keys_never_come_back,
];

async fn an_account_has_its_id_and_its_handle_alone(store: Store) {
    let create = |id, handle: &str| store.account_create(id, handle.to_owned(), b"body".to_vec());
    assert_eq!(create(ANA, "ana").await.unwrap(), Cas::Applied);
    assert_eq!(create(ANA, "other").await.unwrap(), Cas::Conflict);
    assert_eq!(create(BEN, "ana").await.unwrap(), Cas::Conflict);
    assert_eq!(store.account_get(BEN).await.unwrap(), None);
    assert_eq!(create(BEN, "Ana").await.unwrap(), Cas::Applied);
    let ana = AccountRow {
        id: ANA,
        handle: "ana".into(),
        version: 1,
        body: b"body".to_vec(),
    };
    assert_eq!(store.account_get(ANA).await.unwrap(), Some(ana.clone()));
    assert_eq!(store.account_by_handle("ana".into()).await.unwrap(), Some(ana));
    assert_eq!(store.account_by_handle("Ana".into()).await.unwrap().unwrap().id, BEN);
    let long = "é".repeat(limits::NAME);
    for nobody in ["other", "an", "", "a\0", long.as_str()] {
        assert_eq!(store.account_by_handle(nobody.into()).await.unwrap(), None);
    }
    for bad in ["", "a\0b", long.as_str()] {
        assert!(
            matches!(create(id(1), bad).await, Err(StoreError::Rejected(_))),
            "{bad}"
        );
    }
}

async fn an_account_changes_only_from_the_version_that_was_read(store: Store) {
    assert_eq!(store.account_update(ANA, 0, vec![]).await.unwrap(), Cas::Conflict);
    assert_eq!(
        store.account_create(ANA, "ana".into(), b"1".to_vec()).await.unwrap(),
        Cas::Applied
    );
    for (expected, body, outcome) in [
        (0, b"x", Cas::Conflict),
        (1, b"2", Cas::Applied),
        (1, b"x", Cas::Conflict),
        (2, b"3", Cas::Applied),
    ] {
        assert_eq!(
            store.account_update(ANA, expected, body.to_vec()).await.unwrap(),
            outcome
        );
    }
    let row = AccountRow {
        id: ANA,
        handle: "ana".into(),
        version: 3,
        body: b"3".to_vec(),
    };
    assert_eq!(store.account_by_handle("ana".into()).await.unwrap(), Some(row));
}

async fn a_deleted_account_frees_its_handle(store: Store) {
    assert_eq!(
        store.account_create(ANA, "ana".into(), vec![]).await.unwrap(),
        Cas::Applied
    );
    for _ in 0..2 {
        store.account_delete(ANA).await.unwrap();
        assert_eq!(store.account_get(ANA).await.unwrap(), None);
        assert_eq!(store.account_by_handle("ana".into()).await.unwrap(), None);
    }
    assert_eq!(
        store.account_create(BEN, "ana".into(), vec![]).await.unwrap(),
        Cas::Applied
    );
    // Deleting the old one again does not take the handle from the new one.
    store.account_delete(ANA).await.unwrap();
    assert_eq!(store.account_by_handle("ana".into()).await.unwrap().unwrap().id, BEN);
}

async fn accounts_are_listed_in_pages_by_id(store: Store) {
    for n in [0xff, 7, 0, 3, 1] {
        assert_eq!(
            store
                .account_create(id(n), format!("person {n}"), vec![n])
                .await
                .unwrap(),
            Cas::Applied
        );
    }
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = store.accounts_list(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        listed.extend(page.into_iter().map(|row| row.body[0]));
    }
    assert_eq!(listed, [0, 1, 3, 7, 0xff]);
}

async fn a_partner_changes_only_from_the_version_that_was_read(store: Store) {
    for (partner, expected, outcome) in [
        ("marquee", 1, Cas::Conflict),
        ("marquee", 0, Cas::Applied),
        ("marquee", 0, Cas::Conflict),
        ("marquee", 1, Cas::Applied),
        ("aurora", 0, Cas::Applied),
    ] {
        assert_eq!(
            store
                .partner_put(partner.into(), expected, vec![expected as u8])
                .await
                .unwrap(),
            outcome
        );
    }
    let row = |version, body| Versioned {
        version,
        body: vec![body],
    };
    let partners = store.partners_list().await.unwrap();
    assert_eq!(
        partners,
        [("aurora".to_owned(), row(1, 0)), ("marquee".to_owned(), row(2, 1))]
    );
    assert!(matches!(
        store.partner_put("p".repeat(101), 0, vec![]).await,
        Err(StoreError::Rejected(_))
    ));
}

async fn a_catalogue_is_replaced_whole(store: Store) {
    let get = || store.catalogue_get("marquee".into());
    assert_eq!(get().await.unwrap(), None);
    for body in [vec![7; 3 << 20], b"short".to_vec()] {
        store.catalogue_put("marquee".into(), body.clone()).await.unwrap();
        assert_eq!(get().await.unwrap(), Some(body));
    }
    let outside = "../../escape/ü";
    store.catalogue_put(outside.into(), b"its own".to_vec()).await.unwrap();
    assert_eq!(store.catalogue_get(outside.into()).await.unwrap().unwrap(), b"its own");
    let longest = "p".repeat(limits::NAME);
    store.catalogue_put(longest.clone(), vec![]).await.unwrap();
    assert_eq!(store.catalogue_get(longest).await.unwrap(), Some(vec![]));
    let large = store
        .catalogue_put("marquee".into(), vec![0; limits::CATALOGUE + 1])
        .await;
    assert!(matches!(large, Err(StoreError::Rejected(_))));
    assert_eq!(get().await.unwrap().unwrap(), b"short");
}

async fn a_data_key_is_created_once(store: Store) {
    let create = |label, key: u8| store.key_create(ANA, label, vec![key; 60]);
    assert_eq!(store.key_get(ANA, 0).await.unwrap(), KeyState::Absent);
    assert_eq!(create(0, 1).await.unwrap(), Cas::Applied);
    assert_eq!(create(0, 2).await.unwrap(), Cas::Conflict);
    assert_eq!(create(u32::MAX, 3).await.unwrap(), Cas::Applied);
    assert_eq!(store.key_get(ANA, 0).await.unwrap(), KeyState::Live(vec![1; 60]));
    assert_eq!(store.key_get(ANA, u32::MAX).await.unwrap(), KeyState::Live(vec![3; 60]));
    assert_eq!(store.key_get(ANA, 1).await.unwrap(), KeyState::Absent);
    assert_eq!(store.key_get(BEN, 0).await.unwrap(), KeyState::Absent);
}

async fn destroyed_keys_never_come_back(store: Store) {
    for (account, label) in [(ANA, 0), (ANA, 7), (BEN, 0)] {
        assert_eq!(store.key_create(account, label, vec![1]).await.unwrap(), Cas::Applied);
    }
    for _ in 0..2 {
        store.keys_destroy(ANA).await.unwrap();
        for label in [0, 1, 7] {
            assert_eq!(store.key_get(ANA, label).await.unwrap(), KeyState::Destroyed);
            assert_eq!(store.key_create(ANA, label, vec![2]).await.unwrap(), Cas::Conflict);
        }
    }
    assert_eq!(store.key_get(BEN, 0).await.unwrap(), KeyState::Live(vec![1]));
    // Also of an account that never had one.
    store.keys_destroy(id(9)).await.unwrap();
    assert_eq!(store.key_create(id(9), 0, vec![1]).await.unwrap(), Cas::Conflict);
}
