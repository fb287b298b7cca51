//! Guarantees of an inbox's conversations, change feed, deletion and purge, and of notes about work on it.

use super::{ANA, BEN, guarantees, id, message, names, talk};
use crate::*;

guarantees![
    a_conversation_takes_the_newest_seal,
    conversations_are_listed_in_pages_by_id,
    a_summary_counts_and_dates_its_messages,
    the_change_feed_is_dense_and_says_what_happened,
    the_change_feed_can_be_read_from_every_state_in_pieces_of_any_size,
    a_state_that_was_never_given_out_cannot_be_calculated,
    a_deleted_message_stays_deleted,
    deleting_counts_what_was_there_once,
    a_purge_leaves_nothing_and_may_be_repeated,
    a_glance_shows_what_the_single_reads_show,
    a_note_is_the_last_one_written,
];

async fn a_conversation_takes_the_newest_seal(store: Store) {
    store
        .messages_append(ANA, vec![talk(1)], vec![message(10, 1, 5)])
        .await
        .unwrap();
    let renamed = ConversationRow {
        sealed: b"renamed".to_vec(),
        ..talk(1)
    };
    // Even if all messages of the batch are known; that is no change of the feed.
    let appended = store
        .messages_append(ANA, vec![renamed.clone()], vec![message(10, 1, 5)])
        .await
        .unwrap();
    assert_eq!(appended.state, 1);
    let found = store.conversations_get(ANA, vec![id(2), id(1)]).await.unwrap();
    assert_eq!(
        found,
        [
            None,
            Some(ConversationSummary {
                row: renamed,
                last_at: 5,
                messages: 1
            })
        ]
    );
}

async fn conversations_are_listed_in_pages_by_id(store: Store) {
    let rows = [0xff, 3, 1, 0, 2].map(talk).to_vec();
    store.messages_append(ANA, rows, vec![]).await.unwrap();
    store.messages_append(BEN, vec![talk(9)], vec![]).await.unwrap();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = store.conversations_list(ANA, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.row.id);
        listed.extend(page.iter().map(|c| c.row.id[0]));
    }
    assert_eq!(listed, [0, 1, 2, 3, 0xff]);
}

async fn summary(store: &Store, conversation: u8) -> (i64, u64) {
    let found = store.conversations_get(ANA, vec![id(conversation)]).await.unwrap();
    found[0].as_ref().map(|c| (c.last_at, c.messages)).unwrap()
}

async fn a_summary_counts_and_dates_its_messages(store: Store) {
    store
        .messages_append(
            ANA,
            vec![talk(1), talk(2)],
            vec![message(10, 1, 50), message(11, 1, -6)],
        )
        .await
        .unwrap();
    assert_eq!(summary(&store, 1).await, (50, 2));
    assert_eq!(summary(&store, 2).await, (i64::MIN, 0));
    // An older message that arrives later does not date it back; a known one counts no second time.
    store
        .messages_append(ANA, vec![], vec![message(12, 1, 7), message(10, 1, 50)])
        .await
        .unwrap();
    assert_eq!(summary(&store, 1).await, (50, 3));
    store.messages_delete(ANA, vec![id(10)]).await.unwrap();
    assert_eq!(summary(&store, 1).await, (7, 2));
    store.messages_delete(ANA, vec![id(11), id(12)]).await.unwrap();
    assert_eq!(summary(&store, 1).await, (i64::MIN, 0));
    assert_eq!(store.conversations_list(ANA, None, 10).await.unwrap().len(), 2);
}

/// Adds 1 to 6, removes 2 and 5, adds 7.
async fn seven(store: &Store) -> Vec<Change> {
    let rows = |range: std::ops::RangeInclusive<u8>| range.map(|n| message(n, 1, 5)).collect();
    store.messages_append(ANA, vec![talk(1)], rows(1..=4)).await.unwrap();
    store.messages_append(ANA, vec![], rows(3..=6)).await.unwrap();
    store.messages_delete(ANA, vec![id(2), id(99), id(5)]).await.unwrap();
    store.messages_append(ANA, vec![], rows(7..=7)).await.unwrap();
    let told = [
        (1, true),
        (2, true),
        (3, true),
        (4, true),
        (5, true),
        (6, true),
        (2, false),
        (5, false),
        (7, true),
    ];
    let change = |((n, added), state)| Change {
        state,
        kind: if added { ChangeKind::Added } else { ChangeKind::Removed },
        message: id(n),
        conversation: id(1),
    };
    told.into_iter().zip(1..).map(change).collect()
}

async fn the_change_feed_is_dense_and_says_what_happened(store: Store) {
    let all = seven(&store).await;
    assert_eq!(store.messages_state(ANA).await.unwrap(), 9);
    let told = store.messages_changes(ANA, 0, 100).await.unwrap();
    assert_eq!(
        told,
        Changes::Since {
            changes: all,
            current: 9
        }
    );
}

async fn the_change_feed_can_be_read_from_every_state_in_pieces_of_any_size(store: Store) {
    let all = seven(&store).await;
    for since in 0..=9usize {
        for limit in 0..=10 {
            let told = store.messages_changes(ANA, since as u64, limit).await.unwrap();
            let changes = all[since..].iter().take(limit).copied().collect();
            assert_eq!(
                told,
                Changes::Since { changes, current: 9 },
                "since {since}, limit {limit}"
            );
        }
    }
}

async fn a_state_that_was_never_given_out_cannot_be_calculated(store: Store) {
    assert_eq!(store.messages_state(ANA).await.unwrap(), 0);
    let none = Changes::Since {
        changes: vec![],
        current: 0,
    };
    assert_eq!(store.messages_changes(ANA, 0, 10).await.unwrap(), none);
    store
        .messages_append(ANA, vec![talk(1)], vec![message(10, 1, 5)])
        .await
        .unwrap();
    for since in [2, u64::MAX] {
        assert_eq!(
            store.messages_changes(ANA, since, 10).await.unwrap(),
            Changes::CannotCalculate
        );
    }
}

async fn a_deleted_message_stays_deleted(store: Store) {
    let batch = || vec![message(10, 1, 5), message(11, 1, 6)];
    store.messages_append(ANA, vec![talk(1)], batch()).await.unwrap();
    assert_eq!(store.messages_delete(ANA, vec![id(10)]).await.unwrap(), 1);
    let appended = store.messages_append(ANA, vec![talk(1)], batch()).await.unwrap();
    assert_eq!(
        appended,
        Appended {
            added: 0,
            known: 2,
            state: 3
        }
    );
    assert_eq!(names(&store.messages_newest(ANA, None, 10).await.unwrap()), [11]);
    assert_eq!(names(&store.messages_in(ANA, id(1), None, 10).await.unwrap()), [11]);
    assert_eq!(store.messages_get(ANA, vec![id(10)]).await.unwrap(), [None]);
}

async fn deleting_counts_what_was_there_once(store: Store) {
    store
        .messages_append(ANA, vec![talk(1)], vec![message(10, 1, 5), message(11, 1, 6)])
        .await
        .unwrap();
    assert_eq!(
        store.messages_delete(ANA, vec![id(10), id(99), id(10)]).await.unwrap(),
        1
    );
    assert_eq!(store.messages_delete(ANA, vec![id(10)]).await.unwrap(), 0);
    assert_eq!(store.messages_delete(BEN, vec![id(11)]).await.unwrap(), 0);
    assert_eq!(store.messages_state(ANA).await.unwrap(), 3);
    assert_eq!(store.messages_state(BEN).await.unwrap(), 0);
    // What was never there is not kept out.
    let appended = store
        .messages_append(ANA, vec![], vec![message(99, 1, 5)])
        .await
        .unwrap();
    assert_eq!(appended.added, 1);
    let many = (0..=1_000u32)
        .map(|n| [n.to_be_bytes(); 4].concat().try_into().unwrap())
        .collect();
    assert!(matches!(
        store.messages_delete(ANA, many).await,
        Err(StoreError::Rejected(_))
    ));
}

async fn a_purge_leaves_nothing_and_may_be_repeated(store: Store) {
    seven(&store).await;
    store
        .messages_append(BEN, vec![talk(1)], vec![message(10, 1, 5)])
        .await
        .unwrap();
    for _ in 0..2 {
        store.messages_purge(ANA).await.unwrap();
        assert_eq!(store.messages_state(ANA).await.unwrap(), 0);
        assert_eq!(store.messages_newest(ANA, None, 10).await.unwrap(), []);
        assert_eq!(store.messages_in(ANA, id(1), None, 10).await.unwrap(), []);
        assert_eq!(store.messages_get(ANA, vec![id(1)]).await.unwrap(), [None]);
        assert_eq!(store.conversations_list(ANA, None, 10).await.unwrap(), []);
        assert_eq!(
            store.messages_changes(ANA, 9, 10).await.unwrap(),
            Changes::CannotCalculate
        );
    }
    assert_eq!(names(&store.messages_newest(BEN, None, 10).await.unwrap()), [10]);
    // An account that comes back starts at the beginning: nothing of the old one stands in its way.
    let appended = store
        .messages_append(ANA, vec![talk(1)], vec![message(2, 1, 5), message(1, 1, 6)])
        .await
        .unwrap();
    assert_eq!(
        appended,
        Appended {
            added: 2,
            known: 0,
            state: 2
        }
    );
}

async fn a_glance_shows_what_the_single_reads_show(store: Store) {
    let same = async || {
        let asked = vec![id(2), id(9), id(1)];
        for limit in [0, 1, 3, 50] {
            let glance = store.inbox_glance(ANA, limit, asked.clone()).await.unwrap();
            assert_eq!(glance.state, store.messages_state(ANA).await.unwrap());
            assert_eq!(glance.newest, store.messages_newest(ANA, None, limit).await.unwrap());
            let talks = store.conversations_get(ANA, asked.clone()).await.unwrap();
            assert_eq!(glance.conversations, talks);
        }
        assert!(
            store
                .inbox_glance(ANA, 2, vec![])
                .await
                .unwrap()
                .conversations
                .is_empty()
        );
    };
    same().await;
    let append = async |talks: Vec<ConversationRow>, messages: Vec<MessageRow>| {
        store.messages_append(ANA, talks, messages).await.unwrap();
    };
    append(
        vec![talk(1), talk(2)],
        (10..30).map(|n| message(n, 1, i64::from(n))).collect(),
    )
    .await;
    same().await;
    // One at a time; several at once; older ones, which are not on the page; none, but another name.
    append(vec![], vec![message(40, 1, 40)]).await;
    same().await;
    append(vec![], vec![message(41, 2, 41), message(42, 1, 42)]).await;
    append(vec![], vec![message(43, 1, 43)]).await;
    same().await;
    append(vec![], vec![message(44, 2, -5), message(45, 2, 50)]).await;
    same().await;
    let renamed = ConversationRow {
        sealed: b"renamed".to_vec(),
        ..talk(2)
    };
    append(vec![renamed], vec![]).await;
    same().await;
    store.messages_delete(ANA, vec![id(45), id(12)]).await.unwrap();
    same().await;
    store.messages_purge(ANA).await.unwrap();
    same().await;
    append(vec![talk(2)], vec![message(50, 2, 7)]).await;
    same().await;
}

async fn a_note_is_the_last_one_written(store: Store) {
    assert_eq!(store.mark_get(b"import".to_vec()).await.unwrap(), None);
    for body in [b"1".to_vec(), b"22".to_vec(), vec![]] {
        store.mark_put(b"import".to_vec(), body.clone()).await.unwrap();
        assert_eq!(store.mark_get(b"import".to_vec()).await.unwrap(), Some(body));
    }
    assert_eq!(store.mark_get(b"impor".to_vec()).await.unwrap(), None);
    let long = vec![0; limits::KEY + 1];
    assert!(matches!(
        store.mark_put(long.clone(), vec![]).await,
        Err(StoreError::Rejected(_))
    ));
    assert!(matches!(store.mark_get(long).await, Err(StoreError::Rejected(_))));
}
