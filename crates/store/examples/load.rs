//! Measures the embedded store: `cargo run --release -p store --example load -- <folder> [messages]`.
//!
//! One account, messages of 300 sealed bytes in 50 conversations, batches of 1,000; then pages, look-ups, durable writes.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use store::suite::Dice;
use store::*;

const ANA: Id = [0xa0; 16];

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let folder = args.next().expect("a folder to write to");
    let count: u64 = args
        .next()
        .map_or(1_000_000, |n| n.parse().expect("a number of messages"));
    let store: Store = Arc::new(EmbeddedStore::open(Path::new(&folder), EmbeddedOptions::default()).unwrap());
    append(&store, count).await;
    println!("memory after append: {}", memory());
    read(&store, count).await;
    durable(&store).await;
    println!("memory at the end: {}", memory());
    let size = size_of(Path::new(&folder).join("mail/keyspaces").as_path());
    println!(
        "disk: {} bytes per message in tables, {} with journals",
        size / count,
        size_of(Path::new(&folder)) / count
    );
    drop(store);
    let start = Instant::now();
    drop(EmbeddedStore::open(Path::new(&folder), EmbeddedOptions::default()).unwrap());
    println!("reopen: {:?}", start.elapsed());
}

/// As an id made by hashing: nothing about it is in order.
fn id(n: u64) -> Id {
    let mut dice = Dice::new(n);
    [dice.number().to_be_bytes(), dice.number().to_be_bytes()]
        .concat()
        .try_into()
        .unwrap()
}

async fn append(store: &Store, count: u64) {
    let talks: Vec<_> = (0..50)
        .map(|n| ConversationRow {
            id: [n; 16],
            sealed: vec![n; 100],
        })
        .collect();
    let mut dice = Dice::new(1);
    let start = Instant::now();
    let (mut slowest, mut spent) = (0.0f64, 0.0);
    for first in (0..count).step_by(1_000) {
        let row = |n| MessageRow {
            id: id(n),
            conversation: [(n / 7 % 50) as u8; 16],
            sent_at: 1_700_000_000_000 + n as i64 * 60_000,
            sealed: (0..38).flat_map(|_| dice.number().to_be_bytes()).take(300).collect(),
        };
        let rows = (first..count.min(first + 1_000)).map(row).collect();
        let begun = Instant::now();
        store.messages_append(ANA, talks.clone(), rows).await.unwrap();
        let took = begun.elapsed().as_secs_f64();
        (slowest, spent) = (slowest.max(took), spent + took);
    }
    store.messages_sync().await.unwrap();
    let (all, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds());
    println!(
        "append: {:.0} messages/s in the store ({:.0} with making them), slowest batch {slowest:.3} s, {cpu:.1} CPU s",
        count as f64 / spent,
        count as f64 / all
    );
    let begun = Instant::now();
    let again = (0..count.min(50_000)).map(id).collect::<Vec<_>>();
    for ids in again.chunks(1_000) {
        let row = |id: &Id| MessageRow {
            id: *id,
            conversation: [1; 16],
            sent_at: 0,
            sealed: vec![],
        };
        let appended = store
            .messages_append(ANA, vec![], ids.iter().map(row).collect())
            .await
            .unwrap();
        assert_eq!(appended.known, ids.len() as u64);
    }
    println!(
        "append of known messages: {:.0}/s",
        again.len() as f64 / begun.elapsed().as_secs_f64()
    );
}

async fn read(store: &Store, count: u64) {
    let begun = Instant::now();
    for _ in 0..20_000 {
        assert_eq!(store.messages_newest(ANA, None, 50).await.unwrap().len(), 50);
    }
    println!("newest 50: {:.0} pages/s", 20_000.0 / begun.elapsed().as_secs_f64());
    let mut dice = Dice::new(2);
    let begun = Instant::now();
    for _ in 0..5_000 {
        let at = 1_700_000_000_000 + (1_000 + dice.below(count - 1_000)) as i64 * 60_000;
        let before = Some(Cursor {
            sent_at: at,
            id: [0; 16],
        });
        assert_eq!(store.messages_newest(ANA, before, 50).await.unwrap().len(), 50);
    }
    println!("any 50: {:.0} pages/s", 5_000.0 / begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    for n in 0..5_000u64 {
        assert_eq!(
            store
                .messages_in(ANA, [(n % 50) as u8; 16], None, 50)
                .await
                .unwrap()
                .len(),
            50
        );
    }
    println!(
        "newest 50 of a conversation: {:.0} pages/s",
        5_000.0 / begun.elapsed().as_secs_f64()
    );
    let begun = Instant::now();
    for _ in 0..1_000 {
        let ids = (0..50).map(|_| id(dice.below(count))).collect();
        assert!(store.messages_get(ANA, ids).await.unwrap().iter().all(Option::is_some));
    }
    println!("50 by id: {:.0}/s", 1_000.0 / begun.elapsed().as_secs_f64());
}

async fn durable(store: &Store) {
    let token = || TokenRow {
        body: vec![1; 60],
        expires_at: i64::MAX,
    };
    for (tasks, each) in [(1u64, 200u64), (32, 200), (256, 100)] {
        let begun = Instant::now();
        let mut writers = tokio::task::JoinSet::new();
        for task in 0..tasks {
            let store = Arc::clone(store);
            writers.spawn(async move {
                for n in 0..each {
                    let id = id(tasks << 40 | task << 20 | n);
                    store
                        .token_put([id, id].concat().try_into().unwrap(), token())
                        .await
                        .unwrap();
                }
            });
        }
        writers.join_all().await;
        println!(
            "durable tokens, {tasks} writers: {:.0}/s",
            (tasks * each) as f64 / begun.elapsed().as_secs_f64()
        );
    }
    let some = id(32 << 40 | 5 << 20 | 7);
    let hash = [some, some].concat().try_into().unwrap();
    let begun = Instant::now();
    for _ in 0..200_000 {
        assert!(store.token_get(hash, Read::Acknowledged).await.unwrap().is_some());
    }
    println!("token look-up: {:.0}/s", 200_000.0 / begun.elapsed().as_secs_f64());
    let mut head = store.ledger_fence().await.unwrap();
    let begun = Instant::now();
    for _ in 0..300 {
        let leaves = vec![vec![7; 250]; 64];
        let commit = LedgerCommit {
            epoch: head.epoch,
            size: head.size,
            leaves,
            owned: vec![],
            tiles: vec![],
            checkpoint: vec![1; 300],
        };
        assert_eq!(store.ledger_commit(commit).await.unwrap(), Cas::Applied);
        head.size += 64;
    }
    println!(
        "ledger commits of 64 entries: {:.0}/s",
        300.0 / begun.elapsed().as_secs_f64()
    );
}

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"));
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join(", ")
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat
        .split(' ')
        .skip(13)
        .take(2)
        .filter_map(|n| n.parse::<f64>().ok())
        .sum::<f64>();
    ticks / 100.0
}

fn size_of(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let Ok(meta) = path.metadata() else { return 0 };
    let inside = path
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| size_of(&entry.path()))
        .sum::<u64>();
    if meta.is_dir() { inside } else { meta.blocks() * 512 }
}
