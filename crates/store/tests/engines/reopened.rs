//! The data folder: what it keeps, and who is refused.

use super::open;
use std::path::Path;
use store::*;

fn refusal(folder: &Path) -> String {
    match EmbeddedStore::open(folder, EmbeddedOptions::default()) {
        Err(StoreError::Rejected(why)) => why,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let row = |n: u8| MessageRow {
        id: [n; 16],
        conversation: [1; 16],
        sent_at: i64::from(n),
        sealed: vec![n; 300],
    };
    for n in 0..3u8 {
        let store = open(folder.path());
        let talk = ConversationRow {
            id: [1; 16],
            sealed: vec![n],
        };
        let appended = store
            .messages_append([9; 16], vec![talk], vec![row(n), row(n + 1)])
            .await
            .unwrap();
        assert_eq!(
            appended,
            Appended {
                added: 1 + u64::from(n == 0),
                known: u64::from(n > 0),
                state: u64::from(n) + 2
            }
        );
        store.messages_sync().await.unwrap();
        let token = TokenRow {
            body: vec![n],
            expires_at: 5,
        };
        store.token_put([n; 32], token.clone()).await.unwrap();
        assert_eq!(store.ledger_fence().await.unwrap().epoch, u64::from(n) + 1);
        drop(store);

        let store = open(folder.path());
        let newest: Vec<_> = (0..=n + 1).rev().map(row).collect();
        assert_eq!(store.messages_newest([9; 16], None, 10).await.unwrap(), newest);
        assert_eq!(store.token_get([n; 32], Read::Acknowledged).await.unwrap(), Some(token));
        assert_eq!(store.ledger_head().await.unwrap().epoch, u64::from(n) + 1);
        store.messages_purge([8; 16]).await.unwrap();
    }
}

#[test]
fn a_folder_that_is_open_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let why = refusal(folder.path());
    assert!(
        why.contains("another process") && why.contains(folder.path().to_str().unwrap()),
        "{why}"
    );
    drop(store);
    open(folder.path());
}

#[test]
fn an_unknown_format_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let format = folder.path().join("FORMAT");
    let known = std::fs::read(&format).unwrap();
    std::fs::write(&format, "privity store 0\n").unwrap();
    let why = refusal(folder.path());
    assert!(
        why.contains("`privity store 0`") && why.contains("`privity store 2`"),
        "{why}"
    );
    std::fs::remove_file(&format).unwrap();
    assert!(refusal(folder.path()).contains("FORMAT"));
    std::fs::write(&format, known).unwrap();
    open(folder.path());
}

#[test]
fn a_file_in_the_place_of_the_folder_is_unavailable() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let answer = EmbeddedStore::open(file.path(), EmbeddedOptions::default());
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}

/// A write that another task gave up on still ends, and the next one waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_goes_away_spoils_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let talk = ConversationRow {
        id: [1; 16],
        sealed: vec![],
    };
    for n in 0..50u8 {
        let row = |m: u8| MessageRow {
            id: [n * 5 + m; 16],
            conversation: [1; 16],
            sent_at: 0,
            sealed: vec![n; 99],
        };
        let append = store.messages_append([9; 16], vec![talk.clone()], (0..5).map(row).collect());
        let patience = std::time::Duration::from_micros(u64::from(n) * 10);
        let _ = tokio::time::timeout(patience, append).await;
        let _ = tokio::time::timeout(patience, store.messages_sync()).await;
        let _ = tokio::time::timeout(patience, store.views_bump(vec![[9; 16]])).await;
    }
    store.messages_append([9; 16], vec![talk], vec![]).await.unwrap();
    store.messages_sync().await.unwrap();
    let state = store.messages_state([9; 16]).await.unwrap();
    let Changes::Since { changes, current } = store.messages_changes([9; 16], 0, 1_000).await.unwrap() else {
        panic!("the feed has lost its beginning");
    };
    assert_eq!((state, current % 5), (current, 0));
    assert!(changes.iter().map(|change| change.state).eq(1..=current));
    assert_eq!(
        store.messages_newest([9; 16], None, 1_000).await.unwrap().len() as u64,
        current
    );
}
