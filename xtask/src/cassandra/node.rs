//! One Cassandra node on this machine: its files, its process, and what its log says.

use super::jars;
use anyhow::Context;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many there are.
pub const NODES: u8 = 3;
/// Tokens of each.
const TOKENS: u8 = 4;
/// The port of CQL, on each node's own address.
const CQL: u16 = 9042;
/// How long a node may take to leave when asked; then it is killed.
const LEAVE: Duration = Duration::from_secs(30);

/// One of three nodes: number 1 to 3, at 127.0.0.1 to 127.0.0.3.
pub struct Node {
    number: u8,
    folder: PathBuf,
}

/// How a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There is no process.
    Down,
    /// It does not take requests yet, or a node that runs has not been seen by it.
    Starting,
    /// It takes requests.
    Up,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "down",
            Self::Starting => "starting",
            Self::Up => "up",
        })
    }
}

impl Node {
    /// All of them, below a folder.
    pub fn all(folder: &Path) -> Vec<Self> {
        let node = |number| Self {
            number,
            folder: folder.join(format!("n{number}")),
        };
        (1..=NODES).map(node).collect()
    }

    /// From 1.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Its address.
    pub fn address(&self) -> Ipv4Addr {
        Ipv4Addr::new(127, 0, 0, self.number)
    }

    /// Its process, if it runs. A number that another process has got meanwhile is not taken for it.
    pub fn pid(&self) -> Option<u32> {
        let pid = std::fs::read_to_string(self.folder.join("pid")).ok()?.parse().ok()?;
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let own = self.folder.join("conf").display().to_string();
        String::from_utf8_lossy(&command).contains(&own).then_some(pid)
    }

    /// Starts it, if it does not run. Returns before it is up.
    pub fn start(&self, jars: &Path) -> anyhow::Result<()> {
        if self.pid().is_some() {
            return Ok(());
        }
        let (conf, data) = (self.folder.join("conf"), self.data());
        std::fs::create_dir_all(&conf)?;
        std::fs::create_dir_all(&data)?;
        std::fs::write(conf.join("cassandra.yaml"), self.yaml(&data))?;
        std::fs::write(conf.join("logback.xml"), include_str!("logback.xml"))?;
        let log = std::fs::File::create(self.log_file())?;
        let child = Command::new("java")
            .args(include_str!("jvm.options").lines())
            .arg(format!("-javaagent:{}", jars::agent(jars)?.display()))
            .arg(format!(
                "-Dcassandra.config=file://{}",
                conf.join("cassandra.yaml").display()
            ))
            .arg(format!("-Dcassandra.storagedir={}", data.display()))
            .arg(format!("-Dcassandra.logdir={}", self.folder.display()))
            .arg("-cp")
            .arg(format!("{}:{}/*", conf.display(), jars.display()))
            .arg("org.apache.cassandra.service.CassandraDaemon")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // It goes on when this command ends, and a Ctrl-C of this command is not its own.
            .process_group(0)
            .spawn()
            .context("`java` does not start")?;
        std::fs::write(self.folder.join("pid"), child.id().to_string())?;
        Ok(())
    }

    fn yaml(&self, data: &Path) -> String {
        let tokens: Vec<String> = (0..TOKENS).map(|nth| self.token(nth).to_string()).collect();
        include_str!("cassandra.yaml")
            .replace("{tokens}", &tokens.join(","))
            .replace("{address}", &self.address().to_string())
            .replace("{data}", &data.display().to_string())
    }

    /// Its `nth` token: the nodes take turns around the ring.
    fn token(&self, nth: u8) -> i64 {
        let place = i128::from(nth * NODES + self.number - 1);
        let step = (1_i128 << 64) / i128::from(TOKENS * NODES);
        i64::try_from(i128::from(i64::MIN) + place * step).unwrap_or(i64::MAX)
    }

    /// Where it keeps its data.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where its output goes, from its last start on.
    pub fn log_file(&self) -> PathBuf {
        self.folder.join("out.log")
    }

    /// How it does, given the nodes that run.
    pub fn state(&self, running: &[&Self]) -> State {
        if self.pid().is_none() {
            return State::Down;
        }
        let log = std::fs::read_to_string(self.log_file()).unwrap_or_default();
        let address = SocketAddr::from((self.address(), CQL));
        let listens = log.contains("Starting listening for CQL clients")
            && TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok();
        let others = running.iter().filter(|node| node.number != self.number);
        match listens && others.into_iter().all(|node| sees(&log, node.address())) {
            true => State::Up,
            false => State::Starting,
        }
    }

    /// Asks it to leave, and waits until it has.
    pub fn stop(&self) -> anyhow::Result<()> {
        self.end("TERM", LEAVE)
    }

    /// Ends it at once: no warning, no goodbye.
    pub fn kill(&self) -> anyhow::Result<()> {
        self.end("KILL", Duration::from_secs(5))
    }

    fn end(&self, signal: &str, wait: Duration) -> anyhow::Result<()> {
        let Some(pid) = self.pid() else { return Ok(()) };
        send(signal, pid)?;
        let deadline = Instant::now() + wait;
        while self.pid().is_some() {
            if Instant::now() > deadline {
                send("KILL", pid)?;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

fn send(signal: &str, pid: u32) -> anyhow::Result<()> {
    Command::new("kill")
        .args(["-s", signal, &pid.to_string()])
        .status()
        .context("`kill` does not run")?;
    Ok(())
}

/// Whether the last a node's log says of another is that it is there.
fn sees(log: &str, address: Ipv4Addr) -> bool {
    let of_it = format!("InetAddress /{address}:7000 is now ");
    let last = log.lines().rev().find_map(|line| line.split_once(&of_it));
    last.is_some_and(|(_, state)| state.trim() == "UP")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_spread_evenly_and_are_nobody_elses() {
        let nodes = Node::all(Path::new("x"));
        let mut tokens: Vec<i64> = nodes.iter().flat_map(|n| (0..TOKENS).map(|t| n.token(t))).collect();
        tokens.sort_unstable();
        assert_eq!(tokens.first(), Some(&i64::MIN));
        let steps: Vec<u64> = tokens.windows(2).map(|pair| pair[0].abs_diff(pair[1])).collect();
        assert_eq!(steps.len(), 11);
        let even = u64::MAX / 12;
        assert!(steps.iter().all(|step| step.abs_diff(even) < 3), "{steps:?}");
    }

    #[test]
    fn the_last_word_of_the_log_counts() {
        let log = "InetAddress /127.0.0.2:7000 is now UP\nx\nINFO InetAddress /127.0.0.2:7000 is now DOWN\n";
        assert!(!sees(log, Ipv4Addr::new(127, 0, 0, 2)));
        assert!(!sees(log, Ipv4Addr::new(127, 0, 0, 3)));
        let back = format!("{log}InetAddress /127.0.0.2:7000 is now UP\n");
        assert!(sees(&back, Ipv4Addr::new(127, 0, 0, 2)));
    }
}
