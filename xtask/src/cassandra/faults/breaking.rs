//! What breaks, and how it is mended again.

use super::apart::Apart;
use super::disk::SmallDisk;
use crate::cassandra::cluster::Cluster;
use crate::cassandra::say;
use crate::server::Server;
use anyhow::{Context, ensure};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The library that tells a process another time (Debian's package `libfaketime`).
const OTHER_TIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// What is broken while the load runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    ProcessKilled,
    ProcessPaused,
    ProcessCutOff,
    ClockAhead,
    ClockBehind,
    NodeKilled,
    NodePaused,
    NodeSlow,
    NodeDiskFull,
}

impl Fault {
    /// In the order they are tried.
    pub const ALL: [Self; 9] = [
        Self::ProcessKilled,
        Self::ProcessPaused,
        Self::ProcessCutOff,
        Self::ClockAhead,
        Self::ClockBehind,
        Self::NodeKilled,
        Self::NodePaused,
        Self::NodeSlow,
        Self::NodeDiskFull,
    ];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProcessKilled => "a process is killed, and started again",
            Self::ProcessPaused => "one process, then the other is paused for 6 s, again and again",
            Self::ProcessCutOff => "the network between a process and the cluster is cut for 5 s, again and again",
            Self::ClockAhead => "a process's clock is 2 s ahead",
            Self::ClockBehind => "a process's clock is 2 s behind",
            Self::NodeKilled => "a node of Cassandra is killed, and started again",
            Self::NodePaused => "a node of Cassandra is paused for 5 s, again and again",
            Self::NodeSlow => "a node of Cassandra gets a quarter of its time",
            Self::NodeDiskFull => "the disk of a node of Cassandra is full",
        }
    }

    /// Why this machine cannot do it.
    pub fn impossible(self, apart: Option<&Apart>) -> Option<String> {
        match self {
            Self::ProcessCutOff if apart.is_none() => Some("no network of its own could be made".to_owned()),
            Self::ClockAhead | Self::ClockBehind if !Path::new(OTHER_TIME).exists() => {
                Some(format!("`{OTHER_TIME}` is not there"))
            }
            Self::NodeDiskFull => SmallDisk::impossible(),
            _ => None,
        }
    }
}

/// All that can be broken.
pub struct Broken<'a> {
    pub cluster: &'a Cluster,
    pub here: &'a Server,
    pub there: &'a mut Server,
    pub apart: Option<&'a Apart>,
}

impl Broken<'_> {
    /// Breaks something, mends it, and takes the time it should.
    pub fn by(self, fault: Fault, duration: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + duration;
        match fault {
            Fault::ProcessKilled => {
                std::thread::sleep(duration / 3);
                self.there.kill()?;
                std::thread::sleep(duration / 6);
                self.there.start()?;
            }
            Fault::ProcessPaused => {
                // Whichever has the pen: its turn comes.
                for process in [self.there.pid()?, self.here.pid()?].into_iter().cycle() {
                    paused(process, Duration::from_secs(6))?;
                    if Instant::now() > until {
                        break;
                    }
                    std::thread::sleep(Duration::from_secs(2));
                }
            }
            Fault::ProcessCutOff => {
                let apart = self.apart.context("no network of its own")?;
                while Instant::now() < until {
                    apart.cut()?;
                    std::thread::sleep(Duration::from_secs(5));
                    apart.mend()?;
                    std::thread::sleep(Duration::from_secs(3));
                }
            }
            Fault::ClockAhead => self.at_another_time("+2s", until)?,
            Fault::ClockBehind => self.at_another_time("-2s", until)?,
            Fault::NodeKilled => {
                std::thread::sleep(duration / 4);
                self.cluster.kill(3)?;
                std::thread::sleep(duration / 2);
                self.cluster.start_one(3)?;
            }
            Fault::NodePaused => {
                while Instant::now() < until {
                    self.cluster.pause(2, Duration::from_secs(5))?;
                    std::thread::sleep(Duration::from_secs(3));
                }
            }
            Fault::NodeSlow => {
                while Instant::now() < until {
                    self.cluster.pause(1, Duration::from_millis(300))?;
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
            Fault::NodeDiskFull => {
                let disk = SmallDisk::under(self.cluster, 3)?;
                disk.fill()?;
                std::thread::sleep(duration);
                say(&format!("  node 3, whose disk was full: {}", disk.end()?))?;
            }
        }
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
        Ok(())
    }

    /// The process is started again under another time, and at the end under the right one.
    fn at_another_time(self, offset: &str, until: Instant) -> anyhow::Result<()> {
        self.there.kill()?;
        self.there.environment = [
            ("LD_PRELOAD", OTHER_TIME),
            ("FAKETIME", offset),
            // Spans are measured by the monotonic clock, which goes on as it does.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        self.there.start()?;
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
        self.there.kill()?;
        self.there.environment.clear();
        self.there.start()
    }
}

/// SIGSTOP, and SIGCONT after a while.
pub fn paused(pid: u32, pause: Duration) -> anyhow::Result<()> {
    let signal = |name: &str| Command::new("kill").args([name, &pid.to_string()]).status();
    ensure!(signal("-STOP")?.success(), "cannot be paused");
    std::thread::sleep(pause);
    ensure!(signal("-CONT")?.success(), "cannot go on");
    Ok(())
}
