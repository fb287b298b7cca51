//! The tests that need a cluster: once with all nodes, once while a node is lost half-way; the demonstration; the faults.

use super::cluster::Cluster;
use super::say;
use anyhow::{Context, ensure};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Which node is lost.
const LOST: u8 = 3;

/// How long each fault is tried.
const FAULT_SECONDS: u64 = 15;

/// What the suite says in its middle.
const HALF_WAY: &str = "the contract suite is half-way";

/// Starts the cluster and runs the tests twice. Fails if one fails.
pub fn run(cluster: &Cluster) -> anyhow::Result<()> {
    cluster.up()?;
    build()?;
    let began = Instant::now();
    tests(cluster, &[], &[], || Ok(()))?;
    let whole = began.elapsed();

    let began = Instant::now();
    let mut lost = false;
    let told = tests(cluster, &["contract::"], &[("PRIVITY_CASSANDRA_KEEP", "1")], || {
        lost = true;
        cluster.kill(LOST)
    });
    let with_a_loss = began.elapsed();
    cluster.start_one(LOST)?;
    told.with_context(|| format!("with node {LOST} lost half-way"))?;
    ensure!(lost, "the suite did not say when it was half-way");
    demonstration(cluster)?;
    super::moved::run(cluster)?;
    super::faults::run(cluster, FAULT_SECONDS)?;
    say(&format!(
        "all tests pass, in {:.0} s with three nodes and {:.0} s with one lost half-way",
        whole.as_secs_f32(),
        with_a_loss.as_secs_f32()
    ))
}

/// Plays the demonstration's script on the cluster.
fn demonstration(cluster: &Cluster) -> anyhow::Result<()> {
    let keyspace = format!("demo_{}", std::process::id());
    let played = Command::new("cargo")
        .args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "privity",
            "--",
            "demo",
            "--script",
        ])
        .args(["--cassandra", &cluster.hosts(), "--keyspace", &keyspace])
        .status()?;
    ensure!(played.success(), "the demonstration fails on the cluster");
    Ok(())
}

/// Compiles beforehand, so that the times are the tests' own.
fn build() -> anyhow::Result<()> {
    let built = Command::new("cargo")
        .args(["test", "--package", "store-cassandra", "--no-run"])
        .status()?;
    ensure!(built.success(), "the tests do not build");
    Ok(())
}

/// Runs tests, and does something when the contract suite is half-way.
fn tests(
    cluster: &Cluster,
    only: &[&str],
    environment: &[(&str, &str)],
    half_way: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut half_way = half_way;
    let mut child = Command::new("cargo")
        .args(["test", "--package", "store-cassandra", "--test", "cluster"])
        .args(only)
        .env("PRIVITY_CASSANDRA", cluster.hosts())
        .envs(environment.iter().copied())
        .stderr(Stdio::piped())
        .spawn()
        .context("`cargo` does not run")?;
    let told = child.stderr.take().context("the tests say nothing")?;
    for line in BufReader::new(told).lines() {
        let line = line?;
        say(&line)?;
        if line.contains(HALF_WAY) {
            half_way()?;
        }
    }
    ensure!(child.wait()?.success(), "tests fail");
    Ok(())
}
