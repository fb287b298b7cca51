//! The three nodes together.

use super::node::{NODES, Node, State};
use super::{jars, say};
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a start may take.
const START: Duration = Duration::from_secs(240);

/// Three nodes, their jars and their data, below `target/cassandra`.
pub struct Cluster {
    folder: PathBuf,
    nodes: Vec<Node>,
}

impl Cluster {
    /// That of this checkout. Nothing is started.
    pub fn of_checkout() -> anyhow::Result<Self> {
        let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
        let folder = std::path::absolute(Path::new(&target).join("cassandra"))?;
        let nodes = Node::all(&folder);
        Ok(Self { folder, nodes })
    }

    /// The nodes' addresses, with commas.
    pub fn hosts(&self) -> String {
        let addresses: Vec<String> = self.nodes.iter().map(|n| n.address().to_string()).collect();
        addresses.join(",")
    }

    /// Fetches the jars, unless they are here.
    pub fn fetch(&self) -> anyhow::Result<()> {
        jars::fetch(&self.folder).map(drop)
    }

    /// Starts what does not run and waits until all answer and see each other. Does nothing if they do already.
    pub fn up(&self) -> anyhow::Result<()> {
        self.start(&self.nodes.iter().collect::<Vec<_>>())
    }

    /// Starts one node and waits until it is up.
    pub fn start_one(&self, number: u8) -> anyhow::Result<()> {
        self.start(&[self.node(number)?])
    }

    fn start(&self, nodes: &[&Node]) -> anyhow::Result<()> {
        let began = Instant::now();
        let jars = jars::fetch(&self.folder)?;
        for node in nodes.iter().filter(|node| node.pid().is_none()) {
            say(&format!("node {}: starting at {}", node.number(), node.address()))?;
            node.start(&jars)?;
        }
        let mut waiting: Vec<&Node> = nodes.to_vec();
        while !waiting.is_empty() {
            let running: Vec<&Node> = self.nodes.iter().filter(|node| node.pid().is_some()).collect();
            let mut still = Vec::new();
            for node in waiting {
                match node.state(&running) {
                    State::Up => say(&format!(
                        "node {}: up after {:.1} s",
                        node.number(),
                        began.elapsed().as_secs_f32()
                    ))?,
                    State::Starting => still.push(node),
                    State::Down => bail!("node {} ended; its log: {}", node.number(), node.log_file().display()),
                }
            }
            if began.elapsed() > START {
                bail!("not up after {} s; logs: {}", START.as_secs(), self.folder.display());
            }
            waiting = still;
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Stops every node; with `wipe` their data goes too.
    pub fn down(&self, wipe: bool) -> anyhow::Result<()> {
        std::thread::scope(|scope| {
            let stops: Vec<_> = self.nodes.iter().map(|node| scope.spawn(|| node.stop())).collect();
            stops
                .into_iter()
                .try_for_each(|stop| stop.join().map_err(|_| anyhow::anyhow!("a node does not stop"))?)
        })?;
        if wipe {
            for node in &self.nodes {
                let data = self.folder.join(format!("n{}", node.number()));
                if data.exists() {
                    std::fs::remove_dir_all(&data).with_context(|| format!("`{}` stays", data.display()))?;
                }
            }
        }
        say(if wipe { "down, and wiped" } else { "down" })
    }

    /// Ends one node without a warning.
    pub fn kill(&self, number: u8) -> anyhow::Result<()> {
        self.node(number)?.kill()?;
        say(&format!("node {number}: killed"))
    }

    /// Stops one node's process for a while, without ending it.
    pub fn pause(&self, number: u8, pause: Duration) -> anyhow::Result<()> {
        let pid = self.node(number)?.pid().context("it does not run")?;
        super::faults::paused(pid, pause)
    }

    /// Where one keeps its data.
    pub fn data(&self, number: u8) -> anyhow::Result<PathBuf> {
        Ok(self.node(number)?.data())
    }

    /// What one says since its last start.
    pub fn log_file(&self, number: u8) -> anyhow::Result<PathBuf> {
        Ok(self.node(number)?.log_file())
    }

    /// Whether one has a process.
    pub fn is_running(&self, number: u8) -> anyhow::Result<bool> {
        Ok(self.node(number)?.pid().is_some())
    }

    /// One line for each node.
    pub fn status(&self) -> anyhow::Result<()> {
        let running: Vec<&Node> = self.nodes.iter().filter(|node| node.pid().is_some()).collect();
        for node in &self.nodes {
            let pid = node.pid().map(|pid| format!(", process {pid}")).unwrap_or_default();
            let (number, state) = (node.number(), node.state(&running));
            say(&format!("node {number}: {}: {state}{pid}", node.address()))?;
        }
        Ok(())
    }

    fn node(&self, number: u8) -> anyhow::Result<&Node> {
        let found = self.nodes.iter().find(|node| node.number() == number);
        found.with_context(|| format!("`{number}` is no node: they are 1 to {NODES}"))
    }
}
