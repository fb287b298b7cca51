//! `cargo xtask bench store`: the same operations on each engine, one at a time: how long they take, and how often a cluster is
//! waited for.

mod reading;

use crate::cassandra::Cluster;
use anyhow::{Context, ensure};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{
    Cas, ConversationRow, Cursor, EmbeddedOptions, EmbeddedStore, Id, LedgerCommit, MessageRow, OwnedEntry, Read, Store,
};
use store_cassandra::{Config, Traffic};

/// Messages of the inbox that is read.
const MESSAGES: u64 = 2_000;
/// Its conversations.
const TALKS: u64 = 25;
const BATCH: u64 = 100;
const ANA: Id = [0xa0; 16];

/// An engine under measurement.
struct Engine {
    name: &'static str,
    store: Store,
    traffic: Option<Arc<Traffic>>,
}

/// One line of the table.
struct Line {
    what: &'static str,
    took: Vec<Duration>,
    /// Round trips and requests, per operation.
    traffic: Option<(f64, f64)>,
}

/// Measures each engine `times` times, and prints.
pub fn run(on: &[String], times: u64, out: &mut impl Write) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    for name in on {
        ensure!(
            ["embedded", "cassandra"].contains(&name.as_str()),
            "there is no engine `{name}`: embedded, cassandra"
        );
    }
    let folder = tempfile::tempdir_in(".")?;
    let mut engines = Vec::new();
    if on.iter().any(|name| name == "embedded") {
        let store = EmbeddedStore::open(folder.path(), EmbeddedOptions::default())?;
        engines.push(Engine {
            name: "embedded",
            store: Arc::new(store),
            traffic: None,
        });
    }
    if on.iter().any(|name| name == "cassandra") {
        let cluster = Cluster::of_checkout()?;
        cluster.up()?;
        let hosts = cluster.hosts().split(',').map(str::to_owned).collect();
        let config = Config::new(hosts, &format!("bench_{}", std::process::id()));
        let connected = async {
            store_cassandra::migrate(&config).await?;
            store_cassandra::connect_counting(&config).await
        };
        let (store, traffic) = runtime.block_on(connected)?;
        engines.push(Engine {
            name: "cassandra",
            store,
            traffic: Some(traffic),
        });
    }
    writeln!(
        out,
        "an inbox of {MESSAGES} messages in {TALKS} conversations; {times} of each, one at a time; three nodes share this machine"
    )?;
    writeln!(
        out,
        "  {:<11} {:<34} {:>9} {:>9} {:>12} {:>9}",
        "", "", "p50 ms", "p99 ms", "round trips", "requests"
    )?;
    for engine in engines {
        let name = engine.name;
        let lines = runtime.block_on(engine.measure(times));
        for line in lines.with_context(|| format!("on `{name}`"))? {
            line.print(name, out)?;
        }
    }
    Ok(())
}

impl Line {
    fn print(mut self, engine: &str, out: &mut impl Write) -> anyhow::Result<()> {
        self.took.sort_unstable();
        let at = |part: usize| {
            let place = self.took.len().saturating_sub(1) * part / 100;
            self.took.get(place).map_or(0.0, |took| took.as_secs_f64() * 1e3)
        };
        let (trips, requests) = match self.traffic {
            Some((trips, requests)) => (format!("{trips:.1}"), format!("{requests:.1}")),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let what = self.what;
        Ok(writeln!(
            out,
            "  {engine:<11} {what:<34} {:>9.2} {:>9.2} {trips:>12} {requests:>9}",
            at(50),
            at(99)
        )?)
    }
}

impl Engine {
    async fn measure(&self, times: u64) -> anyhow::Result<Vec<Line>> {
        let mut disclosed = reading::measure(self, times).await?;
        for start in (0..MESSAGES).step_by(BATCH as usize) {
            let talks = if start == 0 { talks() } else { Vec::new() };
            let rows = (start..start + BATCH).map(message).collect();
            self.store.messages_append(ANA, talks, rows).await?;
        }
        self.store.messages_sync().await?;
        let store = &self.store;
        let mut lines = Vec::new();
        let mut line = async |what, operation: &dyn Fn(u64) -> Operation| {
            lines.push(self.timed(what, times, operation).await?);
            anyhow::Ok(())
        };
        line("append of one message, durable", &|n| {
            let store = Arc::clone(store);
            Box::pin(async move {
                let appended = store.messages_append(ANA, vec![], vec![message(MESSAGES + n)]).await?;
                store.messages_sync().await?;
                Ok(appended.added == 1)
            })
        })
        .await?;
        line("page of the 50 newest", &|_| {
            let store = Arc::clone(store);
            Box::pin(async move { Ok(store.messages_newest(ANA, None, 50).await?.len() == 50) })
        })
        .await?;
        line("page of 50 from the middle", &|_| {
            let store = Arc::clone(store);
            let before = Cursor {
                sent_at: at(MESSAGES / 2),
                id: [0; 16],
            };
            Box::pin(async move { Ok(store.messages_newest(ANA, Some(before), 50).await?.len() == 50) })
        })
        .await?;
        line("page of 50 of a conversation", &|n| {
            let store = Arc::clone(store);
            Box::pin(async move { Ok(store.messages_in(ANA, talk(n), None, 50).await?.len() == 50) })
        })
        .await?;
        line("one message by id", &|n| {
            let store = Arc::clone(store);
            let id = message(n % MESSAGES).id;
            Box::pin(async move { Ok(store.messages_get(ANA, vec![id]).await?.iter().all(Option::is_some)) })
        })
        .await?;
        line("conditional commit (grant, new)", &|n| {
            let store = Arc::clone(store);
            Box::pin(async move { Ok(store.grant_create(grant(n), ANA, vec![7; 300]).await? == Cas::Applied) })
        })
        .await?;
        line("conditional commit (grant, changed)", &|n| {
            let store = Arc::clone(store);
            Box::pin(async move { Ok(store.grant_transition(grant(n), 1, vec![8; 300]).await? == Cas::Applied) })
        })
        .await?;
        line("a grant, as acknowledged", &|n| {
            let store = Arc::clone(store);
            Box::pin(async move { Ok(store.grant_get(grant(n), Read::Acknowledged).await?.is_some()) })
        })
        .await?;
        let head = store.ledger_fence().await?;
        let (epoch, size) = (head.epoch, head.size);
        line("ledger commit of one entry", &|n| {
            let store = Arc::clone(store);
            Box::pin(async move { Ok(store.ledger_commit(commit(epoch, size, n)).await? == Cas::Applied) })
        })
        .await?;
        lines.append(&mut disclosed);
        Ok(lines)
    }

    /// Times an operation that says whether it did what it should.
    async fn timed(
        &self,
        what: &'static str,
        times: u64,
        operation: &dyn Fn(u64) -> Operation,
    ) -> anyhow::Result<Line> {
        let nothing = |_| -> Operation { Box::pin(async { Ok(true) }) };
        self.timed_after(what, times, &nothing, operation).await
    }

    /// The same, with something before each that does not count.
    async fn timed_after(
        &self,
        what: &'static str,
        times: u64,
        before: &dyn Fn(u64) -> Operation,
        operation: &dyn Fn(u64) -> Operation,
    ) -> anyhow::Result<Line> {
        let mut took = Vec::new();
        let (mut trips, mut requests) = (0, 0);
        for n in 0..times {
            ensure!(
                before(n).await.with_context(|| what.to_owned())?,
                "{what}: not prepared"
            );
            let (counted, began) = (self.counted(), Instant::now());
            let done = operation(n).await.with_context(|| what.to_owned())?;
            took.push(began.elapsed());
            ensure!(done, "{what}: not done");
            if let (Some(before), Some(after)) = (counted, self.counted()) {
                trips += after.0 - before.0;
                requests += after.1 - before.1;
            }
        }
        let each = |count: u64| count as f64 / times as f64;
        Ok(Line {
            what,
            took,
            traffic: self.traffic.is_some().then(|| (each(trips), each(requests))),
        })
    }

    /// Round trips and requests so far.
    fn counted(&self) -> Option<(u64, u64)> {
        self.traffic.as_ref().map(|t| (t.round_trips(), t.requests()))
    }
}

type Operation = std::pin::Pin<Box<dyn Future<Output = anyhow::Result<bool>> + Send>>;

fn at(n: u64) -> i64 {
    1_700_000_000_000 + n.cast_signed() * 60_000
}

fn talk(n: u64) -> Id {
    let mut id = [0xc0; 16];
    id[8..].copy_from_slice(&(n % TALKS).to_be_bytes());
    id
}

fn talks() -> Vec<ConversationRow> {
    let row = |n| ConversationRow {
        id: talk(n),
        sealed: vec![7; 200],
    };
    (0..TALKS).map(row).collect()
}

/// 300 bytes of text with their seal, under an id that begins with its time, as the product's do.
fn message(n: u64) -> MessageRow {
    let mut id = [0x50; 16];
    id[..6].copy_from_slice(&at(n).to_be_bytes()[2..]);
    id[8..].copy_from_slice(&n.to_be_bytes());
    MessageRow {
        id,
        conversation: talk(n),
        sent_at: at(n),
        sealed: vec![7; 332],
    }
}

fn grant(n: u64) -> Id {
    let mut id = [0x90; 16];
    id[8..].copy_from_slice(&n.to_be_bytes());
    id
}

fn commit(epoch: u64, size: u64, n: u64) -> LedgerCommit {
    LedgerCommit {
        epoch,
        size: size + n,
        leaves: vec![vec![7; 80]],
        owned: vec![OwnedEntry {
            index: size + n,
            account: ANA,
            seq: n,
            sealed: vec![7; 600],
        }],
        tiles: vec![],
        checkpoint: vec![7; 200],
    }
}
