//! The tests that need a cluster: once with all nodes, and once while a node is lost half-way.

use super::cluster::Cluster;
use super::say;
use anyhow::{Context, ensure};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Which node is lost.
const LOST: u8 = 3;

/// Starts the cluster and runs the tests twice. Fails if one fails.
pub fn run(cluster: &Cluster) -> anyhow::Result<()> {
    cluster.up()?;
    build()?;
    let began = Instant::now();
    finish(tests(cluster, &[])?, "with three nodes")?;
    let whole = began.elapsed();

    let began = Instant::now();
    let mut under_way = tests(cluster, &["contract::"])?;
    let half = whole / 3;
    while began.elapsed() < half && under_way.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_millis(100));
    }
    ensure!(
        under_way.try_wait()?.is_none(),
        "the suite ended before node {LOST} could be lost"
    );
    cluster.kill(LOST)?;
    let lost = finish(under_way, &format!("with node {LOST} lost half-way"));
    cluster.start_one(LOST)?;
    lost?;
    say(&format!(
        "all tests pass, in {:.0} s with three nodes and {:.0} s with one lost",
        whole.as_secs_f32(),
        began.elapsed().as_secs_f32()
    ))
}

/// Compiles beforehand, so that the times are the tests' own.
fn build() -> anyhow::Result<()> {
    let built = Command::new("cargo")
        .args(["test", "--package", "store-cassandra", "--no-run"])
        .status()?;
    ensure!(built.success(), "the tests do not build");
    Ok(())
}

fn tests(cluster: &Cluster, only: &[&str]) -> anyhow::Result<Child> {
    Command::new("cargo")
        .args(["test", "--package", "store-cassandra", "--test", "cluster"])
        .args(only)
        .env("PRIVITY_CASSANDRA", cluster.hosts())
        .spawn()
        .context("`cargo` does not run")
}

fn finish(mut tests: Child, how: &str) -> anyhow::Result<()> {
    ensure!(tests.wait()?.success(), "tests fail {how}");
    Ok(())
}
