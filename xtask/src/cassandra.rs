//! `cargo xtask cassandra`: three Apache Cassandra nodes on this machine, and the tests that need them.
//!
//! Everything they write is below `target/cassandra`. Jars come from Maven Central, by the Maven client.

mod cluster;
mod faults;
mod jars;
mod moved;
mod node;
mod test;

pub use cluster::Cluster;
use std::io::Write;

/// What to do with the three nodes.
#[derive(clap::Subcommand)]
pub enum Cassandra {
    /// Fetch Apache Cassandra's jars, unless they are here.
    Fetch,
    /// Start three nodes, as far as they do not run, and wait until they are up.
    Up,
    /// Stop them.
    Down {
        /// Remove their data too.
        #[arg(long)]
        wipe: bool,
    },
    /// End a node without a warning.
    Kill {
        /// 1, 2 or 3.
        node: u8,
    },
    /// Start a node again and wait until it is up.
    Start {
        /// 1, 2 or 3.
        node: u8,
    },
    /// Say how each does.
    Status,
    /// Start the cluster and run the tests of `store-cassandra` on it, once more while a node is lost; then the
    /// demonstration, and each fault for a short while.
    Test,
    /// Copy an installation from a data folder into the cluster, and go on there.
    Moved,
    /// Let one, two and three processes serve the cluster under load; then break things: a process killed, paused, cut off
    /// from the cluster, with a wrong clock; a node killed, paused, slow, with a full disk.
    Faults {
        /// Seconds for each.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
}

impl Cassandra {
    /// Does it.
    pub fn run(self) -> anyhow::Result<()> {
        let cluster = Cluster::of_checkout()?;
        match self {
            Self::Fetch => cluster.fetch(),
            Self::Up => cluster.up(),
            Self::Down { wipe } => cluster.down(wipe),
            Self::Kill { node } => cluster.kill(node),
            Self::Start { node } => cluster.start_one(node),
            Self::Status => cluster.status(),
            Self::Moved => {
                cluster.up()?;
                moved::run(&cluster)
            }
            Self::Test => test::run(&cluster),
            Self::Faults { seconds } => {
                cluster.up()?;
                faults::run(&cluster, seconds)
            }
        }
    }
}

/// Prints a line at once.
fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
