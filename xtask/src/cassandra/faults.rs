//! Several processes serve one cluster under load while something breaks. Then: is anything that was acknowledged lost, did an
//! answer leave without an entry or after a revocation, was anything answered wrongly instead of refused?

mod apart;
mod breaking;
mod disk;
mod load;

pub use breaking::paused;

use super::cluster::Cluster;
use super::say;
use crate::crash::messages_of;
use crate::server::{Server, connect};
use anyhow::{Context, ensure};
use apart::Apart;
use breaking::{Broken, Fault};
use load::{Load, Seen};
use std::time::{Duration, Instant};
use wire::oauth::Field;

/// By when a process must publish what another has entered.
const CATCH_UP: Duration = Duration::from_secs(10);

/// Runs one, two and three processes, then each fault on two of them, and checks after each.
pub fn run(cluster: &Cluster, seconds: u64) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let keyspace = format!("faults_{}", std::process::id());
    let arguments = ["--cassandra", &cluster.hosts(), "--keyspace", &keyspace].map(str::to_owned);
    let mut here = Server::install_on(folder.path(), arguments.to_vec())?;
    here.start()?;
    here.people(&["ana", "ben"])?;
    here.sign_up()?;
    let sample = std::fs::canonicalize("data/redial-sample.jsonl")?.display().to_string();
    for (handle, worker) in [("ana", "696"), ("ben", "665")] {
        here.operate(
            &["import", "redial", &sample, "--account", handle, "--owner", worker],
            "",
        )?;
    }
    let apart = match Apart::make() {
        Ok(apart) => Some(apart),
        Err(error) => {
            say(&format!("no network of its own for a process: {error:#}"))?;
            None
        }
    };
    let beside = |name: &str| {
        let folder = folder.path().join(name);
        std::fs::create_dir(&folder)?;
        here.beside(&folder)
    };
    let (mut there, mut third) = (beside("there")?, beside("third")?);
    if let Some(apart) = &apart {
        there.live_apart(apart.address(), apart.command());
    }

    let mut harness = Harness {
        key: here.ledger_key()?,
        kept: Vec::new(),
        round: 0,
        duration: Duration::from_secs(seconds),
    };
    let wait = |duration| {
        std::thread::sleep(duration);
        Ok(())
    };
    say("throughput, for what it is worth: processes, nodes, clients and all share this machine's cores")?;
    harness.round("one process", &[&here], &[here.address()], wait)?;
    there.start()?;
    let both = [here.address(), there.address()];
    harness.round("two processes", &[&here, &there], &both, wait)?;
    third.start()?;
    let three = [here.address(), there.address(), third.address()];
    harness.round("three processes", &[&here, &there, &third], &three, wait)?;
    third.kill()?;

    let mut skipped = Vec::new();
    for fault in Fault::ALL {
        if let Some(why) = fault.impossible(apart.as_ref()) {
            skipped.push(format!("skipped: {}: {why}", fault.name()));
            continue;
        }
        let load = Load::begin(&here, &both, harness.round)?;
        let broken = Broken {
            cluster,
            here: &here,
            there: &mut there,
            apart: apart.as_ref(),
        };
        let seen = load.during(|| broken.by(fault, harness.duration))?;
        harness.check(fault.name(), &seen, &[&here, &there])?;
    }
    skipped.iter().try_for_each(|line| say(line))
}

/// What is checked after each round.
struct Harness {
    key: tlog::note::VerifyingKey,
    /// Every message that was ever acknowledged.
    kept: Vec<String>,
    round: usize,
    duration: Duration,
}

impl Harness {
    fn round(
        &mut self,
        name: &str,
        servers: &[&Server],
        addresses: &[String],
        during: impl FnOnce(Duration) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let first = servers.first().context("no process")?;
        let load = Load::begin(first, addresses, self.round)?;
        let seen = load.during(|| during(self.duration))?;
        self.check(name, &seen, servers)
    }

    /// Fails if a guarantee was broken, or if nothing was done that could have broken it.
    fn check(&mut self, name: &str, seen: &Seen, servers: &[&Server]) -> anyhow::Result<()> {
        self.round += 1;
        let first = servers.first().context("no process")?;
        ensure!(
            seen.late == 0,
            "{name}: {} answers after an acknowledged revocation",
            seen.late
        );
        ensure!(
            seen.wrong.is_empty(),
            "{name}: answered as it should not: {:?}",
            seen.wrong
        );
        ensure!(!seen.entries.is_empty(), "{name}: nothing was read at all");
        ensure!(!seen.sent.is_empty(), "{name}: nothing was written at all");
        ensure!(seen.revocations > 0, "{name}: nothing was revoked at all");
        let mut unique = seen.entries.clone();
        unique.sort_unstable();
        unique.dedup();
        ensure!(
            unique.len() == seen.entries.len(),
            "{name}: two answers came with one entry"
        );
        let last = unique.last().copied().unwrap_or_default();
        let size = self.verified(name, first, last)?;
        ensure!(last < size, "{name}: an answer came without an entry");
        self.kept.extend(seen.sent.iter().cloned());
        for server in servers {
            let found = messages_of(&mut server.browser("ana")?, "kept-")?;
            let lost = self.kept.iter().filter(|text| !found.contains(*text)).count();
            ensure!(lost == 0, "{name}: {lost} acknowledged messages are lost");
        }
        let per_second = |count: usize| count as f64 / seen.took.as_secs_f64();
        say(&format!(
            "{name}: {} messages ({:.1}/s), {} answers ({:.1}/s), {} revocations; {} refused for now, {} without an answer; all kept, none late, log of {size} verifies",
            seen.sent.len(),
            per_second(seen.sent.len()),
            seen.entries.len(),
            per_second(seen.entries.len()),
            seen.revocations,
            seen.refused,
            seen.unanswered,
        ))
    }

    /// How long the log is that one process publishes and that verifies; waits for the entry at `last`, which another process
    /// may have written: each looks every two seconds how far the others are.
    fn verified(&self, name: &str, server: &Server, last: u64) -> anyhow::Result<u64> {
        let deadline = Instant::now() + CATCH_UP;
        loop {
            let source = verify::open(&format!("{}/ledger", server.origin))?;
            let report = verify::fsck(source.as_ref(), &self.key)?;
            ensure!(report.is_sound(), "{name}: the log has faults: {:?}", report.findings);
            let size = report.checkpoint.size;
            if last < size || Instant::now() > deadline {
                return Ok(size);
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

/// A partner's token for Ana's inbox, and the account.
fn connected(server: &Server) -> anyhow::Result<(marquee::client::Token, String)> {
    let client = server.client()?;
    let token = connect(&client, &mut server.browser("ana")?, &[Field::Text])?;
    let account = client.session(&token)?.mail_account().context("no account")?.to_owned();
    Ok((token, account))
}
