//! Guarantees of appending, paging and finding messages.

use super::{ANA, BEN, guarantees, id, message, names, talk};
use crate::*;

guarantees![
    an_append_adds_each_message_once,
    a_message_twice_in_one_batch_is_added_once,
    an_append_repeated_changes_nothing,
    a_message_of_an_unknown_conversation_is_refused_with_its_whole_batch,
    pages_are_newest_first_and_meet_without_gap_or_overlap,
    a_conversation_has_pages_of_its_own,
    a_conversation_that_comes_in_pieces_in_any_order_is_in_order,
    an_id_that_begins_with_its_time_is_an_id_like_any_other,
    times_before_1970_are_older_than_those_after,
    messages_are_found_by_id_in_the_order_asked,
    rows_come_back_as_they_went_in,
    accounts_do_not_see_each_other,
    what_is_too_large_is_refused_by_the_name_of_its_limit,
];

async fn an_append_adds_each_message_once(store: Store) {
    let appended = store
        .messages_append(ANA, vec![talk(1)], vec![message(10, 1, 5), message(11, 1, 6)])
        .await;
    assert_eq!(
        appended.unwrap(),
        Appended {
            added: 2,
            known: 0,
            state: 2
        }
    );
    let appended = store
        .messages_append(ANA, vec![], vec![message(11, 1, 6), message(12, 1, 7)])
        .await;
    assert_eq!(
        appended.unwrap(),
        Appended {
            added: 1,
            known: 1,
            state: 3
        }
    );
    store.messages_sync().await.unwrap();
    let page = store.messages_newest(ANA, None, 10).await.unwrap();
    assert_eq!(names(&page), [12, 11, 10]);
}

async fn a_message_twice_in_one_batch_is_added_once(store: Store) {
    let batch = vec![message(10, 1, 5), message(10, 1, 9), message(10, 1, 5)];
    let appended = store.messages_append(ANA, vec![talk(1)], batch).await.unwrap();
    assert_eq!(
        appended,
        Appended {
            added: 1,
            known: 2,
            state: 1
        }
    );
    assert_eq!(store.messages_newest(ANA, None, 10).await.unwrap(), [message(10, 1, 5)]);
    assert_eq!(
        store.messages_in(ANA, id(1), None, 10).await.unwrap(),
        [message(10, 1, 5)]
    );
}

async fn an_append_repeated_changes_nothing(store: Store) {
    let append = || store.messages_append(ANA, vec![talk(1)], vec![message(10, 1, 5), message(11, 1, 6)]);
    append().await.unwrap();
    let before = store.messages_newest(ANA, None, 10).await.unwrap();
    assert_eq!(
        append().await.unwrap(),
        Appended {
            added: 0,
            known: 2,
            state: 2
        }
    );
    // The id decides, not the content: what is there stays as it is.
    let other = MessageRow {
        sent_at: 99,
        sealed: b"other".to_vec(),
        ..message(10, 1, 5)
    };
    let appended = store.messages_append(ANA, vec![talk(1)], vec![other]).await.unwrap();
    assert_eq!(
        appended,
        Appended {
            added: 0,
            known: 1,
            state: 2
        }
    );
    assert_eq!(store.messages_newest(ANA, None, 10).await.unwrap(), before);
}

async fn a_message_of_an_unknown_conversation_is_refused_with_its_whole_batch(store: Store) {
    let refused = store
        .messages_append(ANA, vec![talk(1)], vec![message(10, 1, 5), message(11, 2, 6)])
        .await;
    assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
    assert_eq!(store.messages_state(ANA).await.unwrap(), 0);
    assert_eq!(store.messages_newest(ANA, None, 10).await.unwrap(), []);
    assert_eq!(store.conversations_list(ANA, None, 10).await.unwrap(), []);
}

/// 40 messages, of which several share a time.
async fn forty(store: &Store) -> Vec<MessageRow> {
    let mut rows: Vec<MessageRow> = (1..=40).map(|n| message(n, 1 + n % 3, i64::from(n) * 7 % 10)).collect();
    for batch in rows.chunks(9) {
        store
            .messages_append(ANA, vec![talk(1), talk(2), talk(3)], batch.to_vec())
            .await
            .unwrap();
    }
    rows.sort_by_key(|row| std::cmp::Reverse((row.sent_at, row.id)));
    rows
}

fn before(row: &MessageRow) -> Option<Cursor> {
    Some(Cursor {
        sent_at: row.sent_at,
        id: row.id,
    })
}

async fn pages_are_newest_first_and_meet_without_gap_or_overlap(store: Store) {
    let all = forty(&store).await;
    for size in [1, 3, 7, 40, 41] {
        let (mut walked, mut cursor) = (Vec::new(), None);
        loop {
            let page = store.messages_newest(ANA, cursor, size).await.unwrap();
            let Some(last) = page.last() else { break };
            cursor = before(last);
            walked.extend(page);
        }
        assert_eq!(walked, all, "pages of {size}");
    }
    assert_eq!(store.messages_newest(ANA, None, 0).await.unwrap(), []);
    // A cursor need not be a message's own place.
    let gap = Some(Cursor {
        sent_at: 5,
        id: [0; 16],
    });
    let older: Vec<_> = all.iter().filter(|row| row.sent_at < 5).cloned().collect();
    assert_eq!(store.messages_newest(ANA, gap, 100).await.unwrap(), older);
}

async fn a_conversation_has_pages_of_its_own(store: Store) {
    let all = forty(&store).await;
    for conversation in 1..=3 {
        let its: Vec<_> = all
            .iter()
            .filter(|row| row.conversation == id(conversation))
            .cloned()
            .collect();
        let (mut walked, mut cursor) = (Vec::new(), None);
        loop {
            let page = store.messages_in(ANA, id(conversation), cursor, 4).await.unwrap();
            let Some(last) = page.last() else { break };
            cursor = before(last);
            walked.extend(page);
        }
        assert_eq!(walked, its);
    }
    assert_eq!(store.messages_in(ANA, id(4), None, 10).await.unwrap(), []);
}

/// A message whose id begins with `told`, in milliseconds, whenever it was sent.
fn timed(told: u16, n: u8, conversation: u8, sent_at: i64) -> MessageRow {
    let mut id = [n; 16];
    id[..6].copy_from_slice(&u64::from(told).to_be_bytes()[2..]);
    MessageRow {
        id,
        ..message(n, conversation, sent_at)
    }
}

async fn a_conversation_that_comes_in_pieces_in_any_order_is_in_order(store: Store) {
    // 700 messages, two of a kind at each time; the pieces lie between, over and beside one another.
    let all: Vec<MessageRow> = (0..700u16)
        .map(|n| timed(n / 2, (n % 2) as u8, 1, i64::from(n / 2)))
        .collect();
    let pieces: [Vec<usize>; 5] = [
        (300..500).collect(),
        (0..700).step_by(7).collect(),
        (0..100).rev().collect(),
        (650..700).collect(),
        (0..700).collect(),
    ];
    let mut added = 0;
    for piece in pieces {
        let rows = piece.iter().map(|n| all[*n].clone()).collect();
        added += store.messages_append(ANA, vec![talk(1)], rows).await.unwrap().added;
    }
    assert_eq!(added, 700);
    let mut left = all;
    for keep in [
        |n: usize| !n.is_multiple_of(5),
        |n| !(100..400).contains(&n),
        |n| n == 3,
    ] {
        let mut n = 0;
        let (kept, gone): (Vec<_>, Vec<_>) = left.into_iter().partition(|_| {
            n += 1;
            keep(n - 1)
        });
        let ids: Vec<Id> = gone.iter().map(|row| row.id).collect();
        assert_eq!(
            store.messages_delete(ANA, ids.clone()).await.unwrap(),
            gone.len() as u64
        );
        assert_eq!(store.messages_delete(ANA, ids).await.unwrap(), 0);
        left = kept;
        let newest_first: Vec<_> = left.iter().rev().cloned().collect();
        let (mut walked, mut cursor) = (Vec::new(), None);
        loop {
            let page = store.messages_in(ANA, id(1), cursor, 37).await.unwrap();
            let Some(last) = page.last() else { break };
            cursor = before(last);
            walked.extend(page);
        }
        assert_eq!(walked, newest_first);
        assert_eq!(store.messages_newest(ANA, None, 1_000).await.unwrap(), newest_first);
        // Deleted ones stay deleted, and are known.
        let again = store.messages_append(ANA, vec![], gone).await.unwrap();
        assert_eq!(again.added, 0);
    }
}

async fn an_id_that_begins_with_its_time_is_an_id_like_any_other(store: Store) {
    let honest = timed(500, 1, 1, 500);
    let elsewhere = timed(700, 2, 1, 3);
    let rows = vec![honest.clone(), elsewhere.clone()];
    store.messages_append(ANA, vec![talk(1)], rows.clone()).await.unwrap();
    let found = store.messages_get(ANA, vec![honest.id, elsewhere.id]).await.unwrap();
    assert_eq!(found.into_iter().flatten().collect::<Vec<_>>(), rows);
    // Known, at whatever time it is said to have been sent.
    let moved = |row: &MessageRow, sent_at| MessageRow { sent_at, ..row.clone() };
    let again = vec![moved(&honest, 9), moved(&elsewhere, 700)];
    let appended = store.messages_append(ANA, vec![], again.clone()).await.unwrap();
    assert_eq!((appended.added, appended.known), (0, 2));
    let gone = store.messages_delete(ANA, vec![elsewhere.id, honest.id]).await.unwrap();
    assert_eq!(gone, 2);
    let appended = store.messages_append(ANA, vec![], again).await.unwrap();
    assert_eq!((appended.added, appended.known), (0, 2));
}

async fn times_before_1970_are_older_than_those_after(store: Store) {
    let times = [0, -1, 1, i64::MIN, i64::MAX, -1_000];
    let rows = times.iter().zip(1..).map(|(at, n)| message(n, 1, *at)).collect();
    store.messages_append(ANA, vec![talk(1)], rows).await.unwrap();
    assert_eq!(
        names(&store.messages_newest(ANA, None, 10).await.unwrap()),
        [5, 3, 1, 2, 6, 4]
    );
    assert_eq!(
        names(&store.messages_in(ANA, id(1), None, 10).await.unwrap()),
        [5, 3, 1, 2, 6, 4]
    );
}

async fn messages_are_found_by_id_in_the_order_asked(store: Store) {
    let batch = vec![message(10, 1, 5), message(11, 1, 6)];
    store.messages_append(ANA, vec![talk(1)], batch).await.unwrap();
    let found = store
        .messages_get(ANA, vec![id(11), id(99), id(10), id(11)])
        .await
        .unwrap();
    let there = |n| Some(message(n, 1, i64::from(n) - 5));
    assert_eq!(found, [there(11), None, there(10), there(11)]);
    assert_eq!(store.messages_get(ANA, vec![]).await.unwrap(), []);
}

async fn rows_come_back_as_they_went_in(store: Store) {
    let sealed = (0..=u8::MAX).cycle().take(200_000).collect();
    let rows = vec![
        MessageRow {
            sealed,
            ..message(10, 1, 5)
        },
        MessageRow {
            sealed: vec![],
            ..message(11, 1, 6)
        },
    ];
    store.messages_append(ANA, vec![talk(1)], rows.clone()).await.unwrap();
    let found = store.messages_get(ANA, vec![id(10), id(11)]).await.unwrap();
    assert_eq!(found.into_iter().flatten().collect::<Vec<_>>(), rows);
}

async fn accounts_do_not_see_each_other(store: Store) {
    store
        .messages_append(ANA, vec![talk(1)], vec![message(10, 1, 5)])
        .await
        .unwrap();
    store
        .messages_append(BEN, vec![talk(1)], vec![message(10, 1, 5), message(11, 1, 6)])
        .await
        .unwrap();
    for (account, there) in [(ANA, 1), (BEN, 2), (id(0xff), 0), (id(0), 0)] {
        assert_eq!(store.messages_newest(account, None, 10).await.unwrap().len(), there);
        assert_eq!(store.messages_in(account, id(1), None, 10).await.unwrap().len(), there);
        assert_eq!(store.messages_state(account).await.unwrap(), there as u64);
    }
    assert_eq!(store.messages_get(ANA, vec![id(11)]).await.unwrap(), [None]);
}

async fn what_is_too_large_is_refused_by_the_name_of_its_limit(store: Store) {
    let refused = |answer: Result<Appended, StoreError>, limit: &str| match answer {
        Err(StoreError::Rejected(why)) => assert!(why.contains(limit), "`{why}` does not name {limit}"),
        other => panic!("not refused: {other:?}"),
    };
    let many = |count: u32| {
        let id = |n: u32| [n.to_be_bytes(); 4].concat().try_into().unwrap();
        let rows = (0..count).map(|n| MessageRow {
            id: id(n),
            ..message(0, 1, 5)
        });
        rows.collect::<Vec<_>>()
    };
    refused(store.messages_append(ANA, vec![talk(1)], many(1_001)).await, "1000");
    let large = MessageRow {
        sealed: vec![0; (1 << 20) + 1],
        ..message(1, 1, 5)
    };
    refused(store.messages_append(ANA, vec![talk(1)], vec![large]).await, "1048576");
    let large = ConversationRow {
        sealed: vec![0; (1 << 20) + 1],
        ..talk(1)
    };
    refused(store.messages_append(ANA, vec![large], vec![]).await, "1048576");
    assert_eq!(store.messages_state(ANA).await.unwrap(), 0);
    let page = store.messages_newest(ANA, None, limits::PAGE + 1).await;
    assert!(matches!(page, Err(StoreError::Rejected(_))));
    let largest = MessageRow {
        sealed: vec![7; 1 << 20],
        ..message(0xee, 1, 9)
    };
    let appended = store.messages_append(ANA, vec![talk(1)], many(1_000)).await.unwrap();
    assert_eq!(
        appended,
        Appended {
            added: 1_000,
            known: 0,
            state: 1_000
        }
    );
    store.messages_append(ANA, vec![], vec![largest.clone()]).await.unwrap();
    assert_eq!(store.messages_newest(ANA, None, 1).await.unwrap(), [largest]);
    assert_eq!(
        store.messages_newest(ANA, None, limits::PAGE).await.unwrap().len(),
        1_001
    );
}
