//! Guarantees that only show when many ask at once.

use super::{ANA, guarantees, id, message, talk};
use crate::*;
use std::sync::Arc;
use tokio::task::JoinSet;

guarantees![
    of_any_number_of_takers_exactly_one_gets_a_once_thing,
    of_any_number_of_creators_exactly_one_creates,
    increments_by_compare_and_set_are_never_lost,
    duplicates_appended_at_once_are_added_once,
    the_change_feed_stays_dense_under_many_writers,
    a_reader_of_the_change_feed_sees_whole_batches,
    a_glance_lacks_nothing_that_its_state_counts,
    of_any_number_of_commits_at_one_size_exactly_one_applies,
    of_any_number_of_fences_each_has_an_epoch_of_its_own,
];

const MANY: u8 = 32;

/// Runs a task for each number from 0 to 31 at once.
async fn together<F, T>(store: &Store, task: impl Fn(Store, u8) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let mut tasks = JoinSet::new();
    for n in 0..MANY {
        tasks.spawn(task(Arc::clone(store), n));
    }
    tasks.join_all().await
}

/// Asks again as long as the engine says that it cannot just now, and so that nothing was done: 32 writers of one row may be
/// more than a cluster takes that shares its machine.
async fn patiently<T, F: Future<Output = Result<T, StoreError>>>(ask: impl Fn() -> F) -> T {
    let mut tries = 20;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(StoreError::Unavailable(_)) if tries > 0 => tries -= 1,
            Err(error) => panic!("{error}"),
        }
    }
}

/// An id made of two numbers.
fn pair(first: u8, second: u8) -> Id {
    let mut id = id(first);
    id[15] = second;
    id
}

fn applied(outcomes: Vec<Cas>) -> usize {
    outcomes.into_iter().filter(|outcome| *outcome == Cas::Applied).count()
}

async fn of_any_number_of_takers_exactly_one_gets_a_once_thing(store: Store) {
    for round in 0..8 {
        let row = TokenRow {
            body: vec![round],
            expires_at: 100,
        };
        assert_eq!(store.once_put(vec![round], row).await.unwrap(), Cas::Applied);
        let taken = together(
            &store,
            |store, _| async move { store.once_take(vec![round]).await.unwrap() },
        )
        .await;
        assert_eq!(taken.into_iter().flatten().count(), 1);
    }
}

async fn of_any_number_of_creators_exactly_one_creates(store: Store) {
    let grants = together(&store, |store, n| async move {
        store.grant_create(id(1), id(n), vec![n]).await.unwrap()
    });
    assert_eq!(applied(grants.await), 1);
    let row = store.grant_get(id(1), Read::Serial).await.unwrap().unwrap();
    assert_eq!(row.account, id(row.body[0]));
    let accounts = together(&store, |store, n| async move {
        store.account_create(id(n), "same".into(), vec![n]).await.unwrap()
    });
    assert_eq!(applied(accounts.await), 1);
    assert_eq!(store.accounts_list(None, 100).await.unwrap().len(), 1);
    let once = together(&store, |store, n| async move {
        store
            .once_put(
                b"jti".to_vec(),
                TokenRow {
                    body: vec![n],
                    expires_at: 9,
                },
            )
            .await
            .unwrap()
    });
    assert_eq!(applied(once.await), 1);
}

async fn increments_by_compare_and_set_are_never_lost(store: Store) {
    assert_eq!(store.grant_create(id(1), ANA, vec![]).await.unwrap(), Cas::Applied);
    together(&store, |store, n| async move {
        loop {
            let row = patiently(|| store.grant_get(id(1), Read::Serial)).await.unwrap();
            let body = [row.body, vec![n]].concat();
            let outcome = patiently(|| store.grant_transition(id(1), row.version, body.clone())).await;
            if outcome == Cas::Applied {
                break;
            }
        }
    })
    .await;
    let mut row = store.grant_get(id(1), Read::Acknowledged).await.unwrap().unwrap();
    row.body.sort_unstable();
    assert_eq!((row.version, row.body), (u64::from(MANY) + 1, (0..MANY).collect()));
}

async fn duplicates_appended_at_once_are_added_once(store: Store) {
    let batch = || (1..=20).map(|n| message(n, 1, i64::from(n))).collect();
    let appended = together(&store, |store, _| {
        let append = (vec![talk(1)], batch());
        async move { store.messages_append(ANA, append.0, append.1).await.unwrap() }
    })
    .await;
    assert_eq!(appended.iter().map(|a| a.added).sum::<u64>(), 20);
    assert!(appended.iter().all(|a| a.added + a.known == 20 && a.state == 20));
    assert_eq!(store.messages_newest(ANA, None, 100).await.unwrap().len(), 20);
    assert_eq!(store.conversations_list(ANA, None, 9).await.unwrap()[0].messages, 20);
}

async fn the_change_feed_stays_dense_under_many_writers(store: Store) {
    // Each writer appends seven of its own, deletes two of them, and waits for the disk like everyone else.
    together(&store, |store, n| async move {
        for m in 1..=7 {
            let row = MessageRow {
                id: pair(n, m),
                ..message(0, 1, 5)
            };
            store
                .messages_append(ANA, vec![talk(1)], vec![row.clone()])
                .await
                .unwrap();
            if m > 5 {
                assert_eq!(store.messages_delete(ANA, vec![row.id]).await.unwrap(), 1);
            }
        }
        store.messages_sync().await.unwrap();
    })
    .await;
    let Changes::Since { changes, current } = store.messages_changes(ANA, 0, 1_000).await.unwrap() else {
        panic!("the feed has lost its beginning");
    };
    assert_eq!(current, u64::from(MANY) * 9);
    assert!(changes.iter().map(|change| change.state).eq(1..=current));
    let removed = changes
        .iter()
        .filter(|change| change.kind == ChangeKind::Removed)
        .count();
    assert_eq!(removed, usize::from(MANY) * 2);
    let summary = store.conversations_list(ANA, None, 9).await.unwrap();
    assert_eq!(summary[0].messages, u64::from(MANY) * 5);
}

async fn a_reader_of_the_change_feed_sees_whole_batches(store: Store) {
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move {
        for batch in 0..40u8 {
            let rows = (0..10)
                .map(|n| MessageRow {
                    id: pair(batch, n),
                    ..message(0, 1, 5)
                })
                .collect();
            writer.messages_append(ANA, vec![talk(1)], rows).await.unwrap();
        }
    });
    while !writing.is_finished() {
        let Changes::Since { changes, current } = store.messages_changes(ANA, 0, 1_000).await.unwrap() else {
            panic!("the feed has lost its beginning");
        };
        assert_eq!((current % 10, changes.len() as u64), (0, current));
        // Whatever the feed has told of is there.
        let ids = changes.iter().rev().take(10).map(|change| change.message).collect();
        let found = store.messages_get(ANA, ids).await.unwrap();
        assert!(found.iter().all(Option::is_some));
        tokio::task::yield_now().await;
    }
    writing.await.unwrap();
    assert_eq!(store.messages_state(ANA).await.unwrap(), 400);
}

async fn a_glance_lacks_nothing_that_its_state_counts(store: Store) {
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move {
        for batch in 0..40u8 {
            let rows = (0..1 + batch % 3)
                .map(|n| MessageRow {
                    id: pair(batch, n),
                    ..message(0, 1, i64::from(batch))
                })
                .collect();
            writer.messages_append(ANA, vec![talk(1)], rows).await.unwrap();
        }
    });
    let mut newest = 0;
    while !writing.is_finished() {
        let glance = store.inbox_glance(ANA, 100, vec![id(1)]).await.unwrap();
        assert!(glance.newest.len() as u64 >= glance.state, "{}", glance.state);
        assert!(glance.state >= newest, "the state goes back");
        newest = glance.state;
        let counted = glance.conversations[0].as_ref().map_or(0, |talk| talk.messages);
        assert!(counted >= glance.state);
        tokio::task::yield_now().await;
    }
    writing.await.unwrap();
    let glance = store.inbox_glance(ANA, 100, vec![id(1)]).await.unwrap();
    assert_eq!((glance.state, glance.newest.len()), (79, 79));
}

async fn of_any_number_of_commits_at_one_size_exactly_one_applies(store: Store) {
    store.ledger_fence().await.unwrap();
    for size in 0..4 {
        let outcomes = together(&store, |store, n| async move {
            let commit = LedgerCommit {
                epoch: 1,
                size,
                leaves: vec![vec![n]],
                owned: vec![OwnedEntry {
                    index: size,
                    account: ANA,
                    seq: size,
                    sealed: vec![n],
                }],
                tiles: vec![],
                checkpoint: vec![n],
            };
            store.ledger_commit(commit).await.unwrap()
        });
        assert_eq!(applied(outcomes.await), 1);
        let head = store.ledger_head().await.unwrap();
        assert_eq!(head.size, size + 1);
        // Leaf, owned entry and checkpoint are the same committer's.
        assert_eq!(
            store.ledger_leaves(size, 9).await.unwrap(),
            std::slice::from_ref(&head.checkpoint)
        );
        assert_eq!(
            store.ledger_owned(ANA, None, 1).await.unwrap()[0].sealed,
            head.checkpoint
        );
    }
}

async fn of_any_number_of_fences_each_has_an_epoch_of_its_own(store: Store) {
    let fences = together(
        &store,
        |store, _| async move { store.ledger_fence().await.unwrap().epoch },
    );
    let mut epochs = fences.await;
    epochs.sort_unstable();
    assert!(epochs.into_iter().eq(1..=u64::from(MANY)));
}
