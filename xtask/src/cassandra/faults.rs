//! Two processes serve one cluster under load while something breaks. Then: is anything that was acknowledged lost, did an
//! answer leave without an entry or after a revocation, was anything answered wrongly instead of refused?

use super::cluster::Cluster;
use super::say;
use crate::crash::{messages_of, newest};
use crate::server::{PASSWORD, Server, connect};
use anyhow::{Context, ensure};
use marquee::client::{PartnerClient, Token};
use privity::browser::{Browser, hidden};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wire::jmap::{CORE, DISCLOSURE, MAIL};
use wire::oauth::Field;

/// Bytes that were in the kernel when a process was paused arrive a little later.
const ON_THE_WAY: Duration = Duration::from_millis(100);

/// What is broken while the load runs.
#[derive(Clone, Copy)]
enum Fault {
    Nothing,
    ProcessKilled,
    ProcessPaused,
    NodeKilled,
    NodePaused,
    NodeSlow,
}

impl Fault {
    const ALL: [Self; 6] = [
        Self::Nothing,
        Self::ProcessKilled,
        Self::ProcessPaused,
        Self::NodeKilled,
        Self::NodePaused,
        Self::NodeSlow,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::ProcessKilled => "a process is killed, and started again",
            Self::ProcessPaused => "a process is paused for 6 s, again and again",
            Self::NodeKilled => "a node of Cassandra is killed, and started again",
            Self::NodePaused => "a node of Cassandra is paused for 5 s, again and again",
            Self::NodeSlow => "a node of Cassandra gets a quarter of its time",
        }
    }
}

/// What the clients saw.
#[derive(Default)]
struct Seen {
    sent: Vec<String>,
    entries: Vec<u64>,
    revocations: u64,
    late: u64,
    refused: u64,
    wrong: BTreeMap<String, u64>,
}

/// Runs each fault and checks after each.
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
    let key = here.ledger_key()?;
    let beside = folder.path().join("beside");
    std::fs::create_dir(&beside)?;
    let mut there = here.beside(&beside)?;
    there.start()?;

    let mut kept: Vec<String> = Vec::new();
    for (round, fault) in Fault::ALL.into_iter().enumerate() {
        let seen = Mutex::new(Seen::default());
        under_load(cluster, &here, &mut there, fault, round, seconds, &seen)?;
        let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        ensure!(
            seen.late == 0,
            "{} answers came after a revocation was acknowledged",
            seen.late
        );
        ensure!(
            seen.wrong.is_empty(),
            "answered, and not as it should: {:?}",
            seen.wrong
        );
        ensure!(!seen.entries.is_empty(), "nothing was read at all");
        ensure!(seen.revocations > 0, "nothing was revoked at all");
        let source = verify::open(&format!("{}/ledger", here.origin))?;
        let report = verify::fsck(source.as_ref(), &key)?;
        ensure!(report.is_sound(), "the log has faults: {:?}", report.findings);
        let size = report.checkpoint.size;
        let mut unique = seen.entries.clone();
        unique.sort_unstable();
        unique.dedup();
        ensure!(unique.len() == seen.entries.len(), "two answers came with one entry");
        ensure!(
            unique.last().is_none_or(|last| *last < size),
            "an answer came without an entry"
        );
        kept.extend(seen.sent.iter().cloned());
        for server in [&here, &there] {
            let found = messages_of(&mut server.browser("ana")?, "kept-")?;
            let lost = kept.iter().filter(|text| !found.contains(*text)).count();
            ensure!(lost == 0, "{lost} acknowledged messages are lost");
        }
        say(&format!(
            "{}: {} messages, {} answers, {} revocations; {} requests refused for now; all kept, none late, log of {size} verifies",
            fault.name(),
            seen.sent.len(),
            seen.entries.len(),
            seen.revocations,
            seen.refused,
        ))?;
    }
    Ok(())
}

fn under_load(
    cluster: &Cluster,
    here: &Server,
    there: &mut Server,
    fault: Fault,
    round: usize,
    seconds: u64,
    seen: &Mutex<Seen>,
) -> anyhow::Result<()> {
    let stop = AtomicBool::new(false);
    let client = here.client()?;
    let token = connect(&client, &mut here.browser("ana")?, &[Field::Text])?;
    let account = client.session(&token)?.mail_account().context("no account")?.to_owned();
    let addresses = [here.address(), there.address()];
    let duration = Duration::from_secs(seconds);
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let (stopped, account, token, client) = (&stop, &account, &token, &client);
        for (n, address) in addresses.iter().enumerate() {
            scope.spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    read(address, account, token, seen);
                }
            });
            scope.spawn(move || {
                let mut sent = 0;
                while !stopped.load(Ordering::Relaxed) {
                    _ = send(address, &format!("kept-{round}-{n}"), &mut sent, stopped, seen);
                    std::thread::sleep(Duration::from_millis(200));
                }
            });
        }
        // Revoked at the one, read at the other.
        let [first, second] = &addresses;
        scope.spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                _ = revoke(client, first, second, account, seen);
            }
        });
        let broken = break_something(cluster, there, fault, duration);
        stop.store(true, Ordering::Relaxed);
        broken
    })
}

/// Breaks something, mends it, and takes the time it should.
fn break_something(cluster: &Cluster, there: &mut Server, fault: Fault, duration: Duration) -> anyhow::Result<()> {
    let until = Instant::now() + duration;
    let rest = |until: Instant| std::thread::sleep(until.saturating_duration_since(Instant::now()));
    match fault {
        Fault::Nothing => {}
        Fault::ProcessKilled => {
            std::thread::sleep(duration / 3);
            there.kill()?;
            std::thread::sleep(duration / 6);
            there.start()?;
        }
        Fault::ProcessPaused => {
            while Instant::now() < until {
                paused(there.pid()?, Duration::from_secs(6))?;
                std::thread::sleep(Duration::from_secs(2));
            }
        }
        Fault::NodeKilled => {
            std::thread::sleep(duration / 4);
            cluster.kill(3)?;
            std::thread::sleep(duration / 2);
            cluster.start_one(3)?;
        }
        Fault::NodePaused => {
            while Instant::now() < until {
                cluster.pause(2, Duration::from_secs(5))?;
                std::thread::sleep(Duration::from_secs(3));
            }
        }
        Fault::NodeSlow => {
            while Instant::now() < until {
                cluster.pause(1, Duration::from_millis(300))?;
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
    rest(until);
    Ok(())
}

/// SIGSTOP, and SIGCONT after a while.
pub fn paused(pid: u32, pause: Duration) -> anyhow::Result<()> {
    let signal = |name: &str| Command::new("kill").args([name, &pid.to_string()]).status();
    ensure!(signal("-STOP")?.success(), "cannot be paused");
    std::thread::sleep(pause);
    ensure!(signal("-CONT")?.success(), "cannot go on");
    Ok(())
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into()
}

/// One page as the partner, straight from one process. Its entry, if it was answered.
fn page(agent: &ureq::Agent, address: &str, account: &str, token: &Token) -> Result<u64, u16> {
    let calls: Vec<Value> = newest(account)
        .into_iter()
        .map(|call| json!([call.name, call.arguments, call.call_id]))
        .collect();
    let mut answer = agent
        .post(format!("{address}/jmap"))
        .header("authorization", format!("Bearer {}", token.access_token.expose()))
        .send_json(json!({"using": [CORE, MAIL, DISCLOSURE], "methodCalls": calls}))
        .map_err(|_| 0u16)?;
    let status = answer.status().as_u16();
    let body: Value = answer.body_mut().read_json().map_err(|_| 0u16)?;
    match status {
        200 => body
            .pointer("/disclosureProof/index")
            .and_then(Value::as_u64)
            .ok_or(200),
        other => Err(other),
    }
}

fn read(address: &str, account: &str, token: &Token, seen: &Mutex<Seen>) {
    match page(&agent(), address, account, token) {
        Ok(index) => lock(seen).entries.push(index),
        // No answer, or: not now.
        Err(0 | 429 | 503) => {
            lock(seen).refused += 1;
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(status) => *lock(seen).wrong.entry(format!("a read: {status}")).or_default() += 1,
    }
}

fn send(address: &str, name: &str, sent: &mut u32, stopped: &AtomicBool, seen: &Mutex<Seen>) -> anyhow::Result<()> {
    let mut ana = Browser::new(address);
    ana.sign_in("ana", PASSWORD)?;
    let inbox = ana.get("/inbox")?;
    let talk = inbox
        .text
        .split("href=\"/conversations/")
        .nth(1)
        .context("no conversation")?;
    let talk = talk.split(['"', '#']).next().context("no conversation")?;
    let path = format!("/conversations/{talk}");
    hidden(&ana.get(&path)?.text, "nonce").context("no form")?;
    while !stopped.load(Ordering::Relaxed) {
        let text = format!("{name}-{sent}");
        *sent += 1;
        let page = ana.post(&format!("{path}/messages"), &[("text", &text), ("nonce", &text)])?;
        match page.status {
            303 => lock(seen).sent.push(text),
            429 | 503 => lock(seen).refused += 1,
            status => *lock(seen).wrong.entry(format!("a message: {status}")).or_default() += 1,
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Connects, reads at one process, takes back at the other, and looks what still comes.
fn revoke(client: &PartnerClient, at: &str, read_at: &str, account: &str, seen: &Mutex<Seen>) -> anyhow::Result<()> {
    let mut ana = Browser::new(at);
    ana.sign_in("ana", PASSWORD)?;
    let token = connect(client, &mut ana, &[Field::Text])?;
    let grant = token.grant_id.clone().context("no grant")?;
    let over = AtomicBool::new(false);
    let answers = Mutex::new(Vec::new());
    let acknowledged = std::thread::scope(|scope| {
        scope.spawn(|| {
            let agent = agent();
            while !over.load(Ordering::Relaxed) {
                if let Ok(index) = page(&agent, read_at, account, &token) {
                    answers
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((Instant::now(), index));
                }
            }
        });
        std::thread::sleep(Duration::from_millis(300));
        let revoked = ana.post(&format!("/allowances/{grant}/revoke"), &[]);
        let at = Instant::now();
        std::thread::sleep(Duration::from_secs(1));
        over.store(true, Ordering::Relaxed);
        revoked.map(|page| (page.status == 303).then_some(at))
    })?;
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut seen = lock(seen);
    seen.entries.extend(answers.iter().map(|(_, index)| *index));
    match acknowledged {
        None => seen.refused += 1,
        Some(at) => {
            seen.revocations += 1;
            seen.late += answers.iter().filter(|(came, _)| *came > at + ON_THE_WAY).count() as u64;
        }
    }
    Ok(())
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
