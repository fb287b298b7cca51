//! Guarantees of what people keep beside their messages.

use super::{ANA, BEN, guarantees, id};
use crate::*;

guarantees![
    documents_are_written_all_or_none,
    a_document_changes_only_from_the_version_it_has,
    each_kind_has_a_feed_of_its_own,
    the_feed_of_documents_is_dense_and_can_be_read_in_pieces,
    documents_are_listed_in_pages_by_id,
    of_writers_at_the_same_time_each_version_has_one,
    pieces_come_back_as_they_were_put,
    a_purged_shelf_is_empty_and_may_be_filled_again,
    a_write_over_a_limit_is_rejected_and_does_nothing,
];

fn put(byte: u8, expected: u64, body: &[u8]) -> DocWrite {
    DocWrite {
        id: id(byte),
        expected,
        body: Some(body.to_vec()),
    }
}

fn remove(byte: u8, expected: u64) -> DocWrite {
    DocWrite {
        id: id(byte),
        expected,
        body: None,
    }
}

fn doc(version: u64, body: &[u8]) -> Option<Versioned> {
    Some(Versioned {
        version,
        body: body.to_vec(),
    })
}

async fn documents_are_written_all_or_none(store: Store) {
    let first = vec![put(1, 0, b"one"), put(2, 0, b"two")];
    assert_eq!(store.docs_write(ANA, 7, first).await.unwrap(), Cas::Applied);
    let stale = vec![put(3, 0, b"three"), put(1, 2, b"stale")];
    assert_eq!(store.docs_write(ANA, 7, stale).await.unwrap(), Cas::Conflict);
    let found = store.docs_get(ANA, 7, vec![id(2), id(3), id(1)]).await.unwrap();
    assert_eq!(found, [doc(1, b"two"), None, doc(1, b"one")]);
    assert_eq!(store.docs_state(ANA, 7).await.unwrap(), 2);
    assert_eq!(store.docs_get(BEN, 7, vec![id(1)]).await.unwrap(), [None]);
}

async fn a_document_changes_only_from_the_version_it_has(store: Store) {
    for (write, outcome) in [
        (put(1, 1, b"not there yet"), Cas::Conflict),
        (put(1, 0, b"a"), Cas::Applied),
        (put(1, 0, b"there already"), Cas::Conflict),
        (put(1, 1, b"b"), Cas::Applied),
        (remove(1, 1), Cas::Conflict),
        (remove(1, 2), Cas::Applied),
        (put(1, 2, b"gone"), Cas::Conflict),
        (put(1, 0, b"c"), Cas::Applied),
    ] {
        let told = format!("{write:?}");
        assert_eq!(store.docs_write(ANA, 0, vec![write]).await.unwrap(), outcome, "{told}");
    }
    assert_eq!(store.docs_get(ANA, 0, vec![id(1)]).await.unwrap(), [doc(1, b"c")]);
}

async fn each_kind_has_a_feed_of_its_own(store: Store) {
    assert_eq!(
        store.docs_write(ANA, 1, vec![put(1, 0, b"x")]).await.unwrap(),
        Cas::Applied
    );
    assert_eq!(
        store.docs_write(ANA, 2, vec![put(1, 0, b"y")]).await.unwrap(),
        Cas::Applied
    );
    assert_eq!(
        store.docs_write(ANA, 2, vec![remove(1, 1)]).await.unwrap(),
        Cas::Applied
    );
    assert_eq!(store.docs_state(ANA, 1).await.unwrap(), 1);
    assert_eq!(store.docs_state(ANA, 2).await.unwrap(), 2);
    assert_eq!(store.docs_state(ANA, 3).await.unwrap(), 0);
    let change = |state, event| DocChange {
        state,
        event,
        id: id(1),
    };
    assert_eq!(
        store.docs_changes(ANA, 2, 0, 10).await.unwrap(),
        DocChanges::Since {
            changes: vec![change(1, DocEvent::Created), change(2, DocEvent::Removed)],
            current: 2
        }
    );
}

async fn the_feed_of_documents_is_dense_and_can_be_read_in_pieces(store: Store) {
    let written = store
        .docs_write(ANA, 0, (1..=5).map(|n| put(n, 0, &[n])).collect())
        .await;
    assert_eq!(written.unwrap(), Cas::Applied);
    let written = store.docs_write(ANA, 0, vec![put(2, 1, b""), remove(3, 1)]).await;
    assert_eq!(written.unwrap(), Cas::Applied);
    for (since, limit) in (0..=7).flat_map(|since| (0..9).map(move |limit| (since, limit))) {
        let DocChanges::Since { changes, current } = store.docs_changes(ANA, 0, since, limit).await.unwrap() else {
            panic!("{since} was given out");
        };
        assert_eq!(current, 7);
        let states: Vec<u64> = changes.iter().map(|change| change.state).collect();
        let expected: Vec<u64> = (since + 1..=7).take(limit).collect();
        assert_eq!(states, expected);
    }
    let never = store.docs_changes(ANA, 0, 8, 1).await.unwrap();
    assert_eq!(never, DocChanges::CannotCalculate);
}

async fn documents_are_listed_in_pages_by_id(store: Store) {
    let writes = [0xff, 3, 1, 0, 2].map(|n| put(n, 0, &[n])).to_vec();
    assert_eq!(store.docs_write(ANA, 4, writes).await.unwrap(), Cas::Applied);
    let others = [(ANA, 3), (ANA, 5), (BEN, 4)];
    for (account, kind) in others {
        let written = store.docs_write(account, kind, vec![put(9, 0, b"")]).await;
        assert_eq!(written.unwrap(), Cas::Applied);
    }
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = store.docs_list(ANA, 4, after, 2).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        listed.extend(page.iter().map(|(_, doc)| doc.body[0]));
    }
    assert_eq!(listed, [0, 1, 2, 3, 0xff]);
}

async fn of_writers_at_the_same_time_each_version_has_one(store: Store) {
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..6u8 {
        let store = store.clone();
        writers.spawn(async move {
            let mut applied = 0;
            for _ in 0..5 {
                let there = store.docs_get(ANA, 0, vec![id(1)]).await.unwrap().remove(0);
                let write = put(1, there.map_or(0, |doc| doc.version), &[writer]);
                if store.docs_write(ANA, 0, vec![write]).await.unwrap() == Cas::Applied {
                    applied += 1;
                }
            }
            applied
        });
    }
    let applied: u64 = writers.join_all().await.into_iter().sum();
    let there = store.docs_get(ANA, 0, vec![id(1)]).await.unwrap().remove(0);
    assert_eq!(there.map(|doc| doc.version), Some(applied));
    assert_eq!(store.docs_state(ANA, 0).await.unwrap(), applied);
}

async fn pieces_come_back_as_they_were_put(store: Store) {
    for (number, body) in [
        (0, vec![1; 3]),
        (1, vec![]),
        (2, vec![9; limits::PIECE]),
        (0, vec![2; 4]),
    ] {
        store.piece_put(ANA, id(5), number, body).await.unwrap();
    }
    assert_eq!(store.piece_get(ANA, id(5), 0).await.unwrap(), Some(vec![2; 4]));
    assert_eq!(store.piece_get(ANA, id(5), 1).await.unwrap(), Some(vec![]));
    assert_eq!(
        store.piece_get(ANA, id(5), 2).await.unwrap().unwrap().len(),
        limits::PIECE
    );
    assert_eq!(store.piece_get(BEN, id(5), 0).await.unwrap(), None);
    store.pieces_delete(ANA, id(5), 2).await.unwrap();
    assert_eq!(store.piece_get(ANA, id(5), 1).await.unwrap(), None);
    assert!(store.piece_get(ANA, id(5), 2).await.unwrap().is_some());
}

async fn a_purged_shelf_is_empty_and_may_be_filled_again(store: Store) {
    for account in [ANA, BEN] {
        let written = store.docs_write(account, 1, vec![put(1, 0, b"a")]).await;
        assert_eq!(written.unwrap(), Cas::Applied);
        store.piece_put(account, id(2), 0, b"b".to_vec()).await.unwrap();
    }
    for _ in 0..2 {
        store.shelf_purge(ANA).await.unwrap();
        assert_eq!(store.docs_state(ANA, 1).await.unwrap(), 0);
        assert_eq!(store.docs_get(ANA, 1, vec![id(1)]).await.unwrap(), [None]);
        assert_eq!(store.docs_list(ANA, 1, None, 10).await.unwrap(), []);
        assert_eq!(store.piece_get(ANA, id(2), 0).await.unwrap(), None);
    }
    assert_eq!(store.docs_get(BEN, 1, vec![id(1)]).await.unwrap(), [doc(1, b"a")]);
    let again = store.docs_write(ANA, 1, vec![put(1, 0, b"c")]).await;
    assert_eq!(again.unwrap(), Cas::Applied);
    assert_eq!(store.docs_get(ANA, 1, vec![id(1)]).await.unwrap(), [doc(1, b"c")]);
    let DocChanges::Since { changes, current: 1 } = store.docs_changes(ANA, 1, 0, 9).await.unwrap() else {
        panic!("the feed begins afresh");
    };
    assert_eq!(changes.len(), 1);
}

async fn a_write_over_a_limit_is_rejected_and_does_nothing(store: Store) {
    let many = (0..=limits::DOCS as u32)
        .map(|n| DocWrite {
            id: u128::from(n).to_be_bytes(),
            ..put(0, 0, b"")
        })
        .collect();
    let wrong = [
        many,
        vec![put(1, 0, b""), put(1, 0, b"")],
        vec![put(1, 0, &vec![0; limits::BODY + 1])],
        vec![remove(1, 0)],
    ];
    for writes in wrong {
        let refused = store.docs_write(ANA, 0, writes).await;
        assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
    }
    let refused = store.piece_put(ANA, id(1), 0, vec![0; limits::PIECE + 1]).await;
    assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
    assert_eq!(store.docs_state(ANA, 0).await.unwrap(), 0);
}
