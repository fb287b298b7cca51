//! Measures a cluster: `cargo run --release -p store-cassandra --example measure -- <hosts> [people] [messages each]`.
//!
//! Makes the keyspace `measured` anew and leaves it there, so that its files can be weighed. Messages of 332 sealed bytes
//! (300 of text and 32 of the seal) in 25 conversations, in batches of 100, eight people at once; then single operations,
//! one at a time.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs
)]

use scylla::client::session_builder::SessionBuilder;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::suite::Dice;
use store::*;
use store_cassandra::{Config, connect, migrate};
use tokio::task::JoinSet;

const SEALED: usize = 332;
const CONVERSATIONS: u64 = 25;
const BATCH: u64 = 100;
const AT_ONCE: u64 = 8;
const TIMES: usize = 300;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let hosts: Vec<String> = args
        .next()
        .expect("hosts, with commas")
        .split(',')
        .map(str::to_owned)
        .collect();
    let mut number = |default| args.next().map_or(default, |n| n.parse().expect("a number"));
    let (people, messages): (u64, u64) = (number(100), number(2_000));
    let config = Config::new(hosts, "measured");
    let session = SessionBuilder::new().known_nodes(&config.hosts).build().await.unwrap();
    session
        .query_unpaged("DROP KEYSPACE IF EXISTS measured", ())
        .await
        .unwrap();
    let began = Instant::now();
    migrate(&config).await.unwrap();
    println!("schema made in {:.1} s", began.elapsed().as_secs_f32());
    let began = Instant::now();
    let store = connect(&config).await.unwrap();
    println!("connected in {:.2} s", began.elapsed().as_secs_f32());
    load(&store, people, messages).await;
    singles(&store, people, messages).await;
}

fn id(kind: u64, number: u64) -> Id {
    let mut dice = Dice::new((kind << 40) | number);
    let mut id = [0; 16];
    id[..8].copy_from_slice(&dice.number().to_be_bytes());
    id[8..].copy_from_slice(&dice.number().to_be_bytes());
    id
}

fn batch(person: u64, range: std::ops::Range<u64>) -> (Vec<ConversationRow>, Vec<MessageRow>) {
    let mut dice = Dice::new((person << 32) | range.start);
    let mut bytes = |count: usize| (0..count).map(|_| dice.byte(u8::MAX)).collect::<Vec<u8>>();
    let talks = match range.start {
        0 => (0..CONVERSATIONS)
            .map(|n| ConversationRow {
                id: id(2, n),
                sealed: bytes(200),
            })
            .collect(),
        _ => vec![],
    };
    let message = |n: u64| MessageRow {
        id: id(1, (person << 20) | n),
        conversation: id(2, n % CONVERSATIONS),
        sent_at: n.cast_signed() * 60_000,
        sealed: bytes(SEALED),
    };
    (talks, range.map(message).collect())
}

async fn load(store: &Store, people: u64, messages: u64) {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for lane in 0..AT_ONCE {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            for person in (0..people).filter(|person| person % AT_ONCE == lane) {
                for start in (0..messages).step_by(BATCH as usize) {
                    let (talks, rows) = batch(person, start..messages.min(start + BATCH));
                    store.messages_append(id(0, person), talks, rows).await.unwrap();
                }
            }
        });
    }
    tasks.join_all().await;
    let seconds = began.elapsed().as_secs_f64();
    let all = people * messages;
    println!(
        "loaded {all} messages of {people} people: {:.0} messages/s",
        all as f64 / seconds
    );
}

async fn timed<F: Future<Output = ()>>(what: &str, mut task: impl FnMut(u64) -> F) {
    let mut took = Vec::with_capacity(TIMES);
    for n in 0..TIMES as u64 {
        let began = Instant::now();
        task(n).await;
        took.push(began.elapsed());
    }
    took.sort_unstable();
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    println!(
        "{what:<38} p50 {:6.2} ms   p99 {:6.2} ms",
        ms(took[TIMES / 2]),
        ms(took[TIMES * 99 / 100])
    );
}

async fn singles(store: &Store, people: u64, messages: u64) {
    let someone = |n: u64| id(0, n % people);
    timed("page of the 50 newest", |n| async move {
        assert_eq!(store.messages_newest(someone(n), None, 50).await.unwrap().len(), 50);
    })
    .await;
    timed("page of 50, from the middle", |n| async move {
        let before = Cursor {
            sent_at: (messages / 2).cast_signed() * 60_000,
            id: [0; 16],
        };
        assert_eq!(
            store.messages_newest(someone(n), Some(before), 50).await.unwrap().len(),
            50
        );
    })
    .await;
    timed("page of 50 of a conversation", |n| async move {
        let page = store
            .messages_in(someone(n), id(2, n % CONVERSATIONS), None, 50)
            .await
            .unwrap();
        assert_eq!(page.len(), 50);
    })
    .await;
    timed("one message by id", |n| async move {
        let asked = vec![id(1, ((n % people) << 20) | (n % messages))];
        assert!(store.messages_get(someone(n), asked).await.unwrap()[0].is_some());
    })
    .await;
    timed("50 messages by id", |n| async move {
        let asked = (0..50)
            .map(|m| id(1, ((n % people) << 20) | ((n + m) % messages)))
            .collect();
        assert!(
            store
                .messages_get(someone(n), asked)
                .await
                .unwrap()
                .iter()
                .all(Option::is_some)
        );
    })
    .await;
    timed("state of an inbox", |n| async move {
        assert!(store.messages_state(someone(n)).await.unwrap() >= messages);
    })
    .await;
    timed("append of one message", |n| async move {
        let (_, rows) = batch(n % people, messages + n..messages + n + 1);
        assert_eq!(store.messages_append(someone(n), vec![], rows).await.unwrap().added, 1);
    })
    .await;
    timed("append of 100 messages", |n| async move {
        let start = 2 * messages + 100 * n;
        let (_, rows) = batch(n % people, start..start + 100);
        assert_eq!(
            store.messages_append(someone(n), vec![], rows).await.unwrap().added,
            100
        );
    })
    .await;
    timed("grant_create", |n| async move {
        assert_eq!(
            store.grant_create(id(3, n), someone(n), vec![7; 300]).await.unwrap(),
            Cas::Applied
        );
    })
    .await;
    for (what, read) in [("grant_get", Read::Acknowledged), ("grant_get, serial", Read::Serial)] {
        timed(what, |n| async move {
            assert!(store.grant_get(id(3, n), read).await.unwrap().is_some());
        })
        .await;
    }
    timed("grant_transition", |n| async move {
        assert_eq!(
            store.grant_transition(id(3, n), 1, vec![8; 300]).await.unwrap(),
            Cas::Applied
        );
    })
    .await;
    timed("once_put", |n| async move {
        let row = TokenRow {
            body: vec![7; 100],
            expires_at: 600_000,
        };
        assert_eq!(
            store.once_put(n.to_be_bytes().to_vec(), row).await.unwrap(),
            Cas::Applied
        );
    })
    .await;
    timed("once_take", |n| async move {
        assert!(store.once_take(n.to_be_bytes().to_vec()).await.unwrap().is_some());
    })
    .await;
    let epoch = store.ledger_fence().await.unwrap().epoch;
    for (what, size, first) in [
        ("ledger_commit of one entry", 1, 0),
        ("ledger_commit of 100 entries", 100, TIMES as u64),
    ] {
        timed(what, |n| async move {
            let start = first + n * size;
            let entry = |n: u64| OwnedEntry {
                index: start + n,
                account: id(0, start + n),
                seq: 0,
                sealed: vec![7; 300],
            };
            let commit = LedgerCommit {
                epoch,
                size: start,
                leaves: vec![vec![7; 200]; size as usize],
                owned: (0..size).map(entry).collect(),
                tiles: vec![],
                checkpoint: vec![7; 200],
            };
            assert_eq!(store.ledger_commit(commit).await.unwrap(), Cas::Applied);
        })
        .await;
    }
}
