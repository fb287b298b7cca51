//! The contract suite, unchanged, and walks beside the model.

use super::site::Site;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use store::suite::{self, Walk};

const HALF_WAY: &str = "the contract suite is half-way";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cassandra_store_keeps_the_contract() {
    let Some(site) = Site::fresh("contract").await else {
        return;
    };
    let site = Arc::new(site);
    let began = Instant::now();
    let (fresh, next) = (Arc::clone(&site), AtomicUsize::new(1));
    suite::run(&move || {
        let site = Arc::clone(&fresh);
        // `cargo xtask cassandra test` waits for the middle.
        let (number, all) = (next.fetch_add(1, Ordering::Relaxed), suite::cases().count());
        if number == all / 2 {
            let _ = writeln!(std::io::stderr(), "{HALF_WAY}");
        }
        Box::pin(async move {
            site.empty().await;
            site.connect().await
        })
    })
    .await;
    let (cases, seconds) = (suite::cases().count(), began.elapsed().as_secs_f32());
    let _ = writeln!(std::io::stderr(), "{cases} guarantees hold, in {seconds:.0} s");
    site.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cassandra_store_answers_like_the_model_also_to_a_process_that_comes_later() {
    let Some(site) = Site::fresh("walk").await else { return };
    let began = Instant::now();
    for seed in 1..=3 {
        site.empty().await;
        let mut walk = Walk::new(seed);
        for _ in 0..2 {
            walk.steps(&site.connect().await, 120).await;
        }
    }
    let seconds = began.elapsed().as_secs_f32();
    let _ = writeln!(std::io::stderr(), "720 steps of three walks, in {seconds:.0} s");
    site.remove().await;
}
