//! The contract suite on each engine.

use super::open;
use std::sync::Arc;
use store::suite::{self, Walk};
use store::{EmbeddedOptions, EmbeddedStore, Faulty, MemoryStore, Plan, Store};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_store_keeps_the_contract() {
    suite::run(&|| Box::pin(async { Arc::new(MemoryStore::new()) as Store })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faulty_store_without_faults_keeps_the_contract() {
    suite::run(&|| Box::pin(async { Arc::new(Faulty::new(MemoryStore::new(), Plan::Never)) as Store })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_store_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let number = std::sync::atomic::AtomicU32::new(0);
    suite::run(&move || {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let store = open(&path.join(number.to_string()));
        Box::pin(async { store })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_store_answers_like_the_model_also_when_it_is_reopened_on_the_way() {
    for seed in 1..=4 {
        let folder = tempfile::tempdir().unwrap();
        let mut walk = Walk::new(seed);
        for _ in 0..3 {
            walk.steps(&open(folder.path()), 250).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_store_answers_like_the_model_while_it_flushes_and_compacts() {
    let folder = tempfile::tempdir().unwrap();
    // A buffer of two kilobytes is full every few steps.
    let options = EmbeddedOptions {
        buffer: 2 << 10,
        ..EmbeddedOptions::default()
    };
    let mut walk = Walk::new(99);
    for _ in 0..2 {
        let store: Store = Arc::new(EmbeddedStore::open(folder.path(), options).unwrap());
        walk.steps(&store, 800).await;
    }
}
