//! What a process leaves behind that dies on the way, made by hand: rows of an attempt that was never decided.

use super::site::Site;
use store::{Cas, ConversationRow, Id, LedgerCommit, MessageRow, OwnedEntry};

const ANA: Id = [0xa0; 16];

fn message(byte: u8) -> MessageRow {
    MessageRow {
        id: [byte; 16],
        conversation: [1; 16],
        sent_at: i64::from(byte),
        sealed: vec![byte; 3],
    }
}

fn talk() -> ConversationRow {
    ConversationRow {
        id: [1; 16],
        sealed: b"talk".to_vec(),
    }
}

/// One keyspace for all: making one takes longer than the tests do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_process_leaves_behind_that_dies_on_the_way_misleads_nobody() {
    let Some(site) = Site::fresh("interrupted").await else {
        return;
    };
    rows_of_an_append_that_was_not_decided_are_seen_by_nobody_and_in_nobodys_way(&site).await;
    site.empty().await;
    a_deletion_that_was_decided_and_not_carried_out_is_finished_by_the_next_writer(&site).await;
    site.empty().await;
    what_a_sequencer_wrote_that_lost_the_pen_is_not_looked_at(&site).await;
    site.remove().await;
}

async fn rows_of_an_append_that_was_not_decided_are_seen_by_nobody_and_in_nobodys_way(site: &Site) {
    let store = site.connect().await;
    let keyspace = &site.config.keyspace;
    // For the state that the next append leads to, newer than all, and under the id that it will have too.
    let (ana, id, talk_id, attempt) = (
        "0x".to_owned() + &"a0".repeat(16),
        "0x".to_owned() + &"07".repeat(16),
        "0x".to_owned() + &"01".repeat(16),
        "0xdead",
    );
    let attempt = format!("{attempt}{}", "00".repeat(14));
    let key = format!("{ana}, 0, 0");
    for rows in [
        format!(
            "messages (account, generation, bucket, sent_at, id, attempt, state, conversation, sealed) VALUES ({key}, 99, {id}, {attempt}, 2, {talk_id}, 0xff)"
        ),
        format!(
            "places (account, generation, bucket, id, attempt, state, conversation, sent_at) VALUES ({key}, {id}, {attempt}, 2, {talk_id}, 99)"
        ),
        format!(
            "threads (account, generation, bucket, conversation, sent_at, id, attempt, state) VALUES ({key}, {talk_id}, 99, {id}, {attempt}, 2)"
        ),
    ] {
        site.run(&format!("INSERT INTO {keyspace}.{rows}")).await;
    }
    store
        .messages_append(ANA, vec![talk()], vec![message(5)])
        .await
        .unwrap();
    for _ in 0..2 {
        assert_eq!(store.messages_newest(ANA, None, 1).await.unwrap(), [message(5)]);
        assert_eq!(store.messages_in(ANA, [1; 16], None, 1).await.unwrap(), [message(5)]);
        assert_eq!(store.messages_get(ANA, vec![[7; 16]]).await.unwrap(), [None]);
    }
    // Its state is taken by another now, and its id is new.
    let appended = store.messages_append(ANA, vec![], vec![message(7)]).await.unwrap();
    assert_eq!((appended.added, appended.state), (1, 2));
    assert_eq!(
        store.messages_newest(ANA, None, 10).await.unwrap(),
        [message(7), message(5)]
    );
    assert_eq!(
        store.messages_get(ANA, vec![[7; 16]]).await.unwrap(),
        [Some(message(7))]
    );
    assert_eq!(store.conversations_list(ANA, None, 9).await.unwrap()[0].messages, 2);
}

async fn a_deletion_that_was_decided_and_not_carried_out_is_finished_by_the_next_writer(site: &Site) {
    let store = site.connect().await;
    store
        .messages_append(ANA, vec![talk()], vec![message(5), message(6)])
        .await
        .unwrap();
    let keyspace = &site.config.keyspace;
    // As if the deleting process had died once its deletion was decided: the rows are back, and the head says so.
    let (ana, id) = ("0x".to_owned() + &"a0".repeat(16), "0x".to_owned() + &"06".repeat(16));
    let found = site.session.query_unpaged(format!("SELECT attempt FROM {keyspace}.places WHERE account = {ana} AND generation = 0 AND bucket = 0 AND id = {id}"), ()).await.unwrap();
    let (attempt,) = found.into_rows_result().unwrap().single_row::<(Vec<u8>,)>().unwrap();
    let removing = [
        &[6; 16][..],
        &attempt,
        &0_i32.to_be_bytes(),
        &6_i64.to_be_bytes(),
        &[1; 16],
    ]
    .concat();
    let set = format!("UPDATE {keyspace}.inboxes SET removing = ? WHERE account = {ana} IF state = 2");
    site.session.query_unpaged(set, (removing,)).await.unwrap();

    assert_eq!(store.messages_newest(ANA, None, 10).await.unwrap(), [message(5)]);
    assert_eq!(store.messages_in(ANA, [1; 16], None, 10).await.unwrap(), [message(5)]);
    assert_eq!(store.messages_get(ANA, vec![[6; 16]]).await.unwrap(), [None]);
    store
        .messages_append(ANA, vec![], vec![message(6), message(7)])
        .await
        .unwrap();
    assert_eq!(
        store.messages_newest(ANA, None, 10).await.unwrap(),
        [message(7), message(5)]
    );
    let left = site
        .session
        .query_unpaged(
            format!("SELECT id FROM {keyspace}.messages WHERE account = {ana} AND generation = 0 AND bucket = 0"),
            (),
        )
        .await
        .unwrap();
    assert_eq!(left.into_rows_result().unwrap().rows_num(), 2);
}

async fn what_a_sequencer_wrote_that_lost_the_pen_is_not_looked_at(site: &Site) {
    let store = site.connect().await;
    store.ledger_fence().await.unwrap();
    let keyspace = &site.config.keyspace;
    let (ana, attempt) = ("0x".to_owned() + &"a0".repeat(16), "0x".to_owned() + &"ff".repeat(16));
    // Its attempt sorts after every other, and has the number of the commit that is decided.
    for rows in [
        format!("ledger_entries (bundle, position, attempt, serial, body) VALUES (0, 0, {attempt}, 1, 0xbad0)"),
        format!("ledger_tiles (level, position, serial, attempt, hashes) VALUES (0, 0, 1, {attempt}, 0xbad0)"),
        format!(
            "ledger_owned (account, bucket, seq, attempt, serial, position, sealed) VALUES ({ana}, 0, 0, {attempt}, 1, 0, 0xbad0)"
        ),
    ] {
        site.run(&format!("INSERT INTO {keyspace}.{rows}")).await;
    }
    assert_eq!(store.ledger_owned(ANA, None, 9).await.unwrap(), []);
    for size in 0..3 {
        let owned = OwnedEntry {
            index: size,
            account: ANA,
            seq: size,
            sealed: vec![7],
        };
        let commit = LedgerCommit {
            epoch: 1,
            size,
            leaves: vec![vec![size as u8]],
            owned: vec![owned],
            tiles: vec![],
            checkpoint: b"signed".to_vec(),
        };
        assert_eq!(store.ledger_commit(commit).await.unwrap(), Cas::Applied);
        let leaves: Vec<Vec<u8>> = (0..=size).map(|n| vec![n as u8]).collect();
        assert_eq!(store.ledger_leaves(0, 9).await.unwrap(), leaves);
        let owned = store.ledger_owned(ANA, None, 9).await.unwrap();
        assert!(owned.iter().map(|o| o.seq).eq((0..=size).rev()));
        assert!(owned.iter().all(|o| o.sealed == [7]));
        assert_eq!(store.ledger_tile(0, 0).await.unwrap(), None);
    }
}
