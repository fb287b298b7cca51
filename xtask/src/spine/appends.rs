//! Ledger entries per second through the whole pen (keys, commitments, sealing, tree, signature, commit), beside a bare
//! loop that appends as many bytes and calls fdatasync, on the same disk at the same batch size.

use anyhow::Context;
use app::{App, MasterKey};
use model::AccountId;
use secrecy::SecretString;
use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Anchor, EmbeddedOptions, EmbeddedStore};

/// Rounds of each, of which the middle one counts: the pen and the bare loop in turn, as the disk is not the same all the time.
const ROUNDS: usize = 3;
/// Writers at which the bar is: as many as the reads have connections.
const AT: u64 = 32;

/// Measures at several numbers of writers, and prints.
pub fn run(seconds: u64, out: &mut impl Write) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    writeln!(
        out,
        "ledger appends: entries with their sealed bodies through the pen, beside the same bytes appended to a file"
    )?;
    writeln!(
        out,
        "  {:>8} {:>12} {:>11} {:>12} {:>14} {:>7} {:>14} {:>7}",
        "writers", "entries/s", "per commit", "bytes/entry", "bare append/s", "ratio", "80 bytes each", "ratio"
    )?;
    let (pen_seconds, bare_seconds) = (seconds.div_ceil(2), seconds.div_ceil(4));
    let mut at_bar = 0.0;
    for writers in [1, AT, 256] {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let folder = tempfile::tempdir_in(".")?;
            let pen = runtime.block_on(through_the_pen(folder.path(), writers, pen_seconds))?;
            let bare = bare_loop(folder.path(), pen.batch, pen.bytes, bare_seconds)?;
            let leaves = bare_loop(folder.path(), pen.batch, 80.0, bare_seconds)?;
            rounds.push((pen, bare, leaves));
        }
        rounds.sort_by(|(a, with_a, _), (b, with_b, _)| (a.rate / with_a).total_cmp(&(b.rate / with_b)));
        let (pen, bare, leaves) = rounds.get(ROUNDS / 2).context("no rounds")?;
        let ratio = pen.rate / bare;
        if writers == AT {
            at_bar = ratio;
        }
        writeln!(
            out,
            "  {writers:>8} {:>12.0} {:>11.1} {:>12.0} {bare:>14.0} {ratio:>7.2} {leaves:>14.0} {:>7.2}",
            pen.rate,
            pen.batch,
            pen.bytes,
            pen.rate / leaves
        )?;
    }
    super::bar(
        out,
        "appends of 32 writers beside a bare append and fdatasync of the same bytes",
        at_bar,
        0.5,
    )
}

struct Pen {
    /// Entries per second.
    rate: f64,
    /// Entries per commit.
    batch: f64,
    /// Bytes handed to write(2) per entry.
    bytes: f64,
}

async fn through_the_pen(folder: &Path, writers: u64, seconds: u64) -> anyhow::Result<Pen> {
    let (app, account) = platform(folder).await?;
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let (mut tasks, started, before) = (Vec::new(), Instant::now(), bytes_written()?);
    for _ in 0..writers {
        let app = Arc::clone(&app);
        tasks.push(tokio::spawn(async move {
            let mut seen = Vec::new();
            while Instant::now() < deadline {
                let checkpoint = app.pad(account).await?.checkpoint;
                // Entries of one commit share one checkpoint; its second line is the log's size.
                seen.push(checkpoint.lines().nth(1).and_then(|size| size.parse::<u64>().ok()));
            }
            Ok::<_, app::Error>(seen)
        }));
    }
    let (mut entries, mut commits) = (0.0, HashSet::new());
    for task in tasks {
        let seen = task.await??;
        entries += seen.len() as f64;
        commits.extend(seen);
    }
    Ok(Pen {
        rate: entries / started.elapsed().as_secs_f64(),
        batch: entries / commits.len().max(1) as f64,
        bytes: (bytes_written()? - before) / entries,
    })
}

/// Bytes this process handed to write(2) so far (proc_pid_io(5), `wchar`).
fn bytes_written() -> anyhow::Result<f64> {
    let io = std::fs::read_to_string("/proc/self/io")?;
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    Ok(line.context("no wchar")?.parse()?)
}

/// Appends as many bytes at once as a batch has, and syncs; entries per second.
fn bare_loop(folder: &Path, batch: f64, each: f64, seconds: u64) -> anyhow::Result<f64> {
    let mut file = std::fs::File::create(folder.join("bare"))?;
    let bytes = vec![7u8; (batch * each).round() as usize];
    let (mut commits, started) = (0u64, Instant::now());
    while started.elapsed() < Duration::from_secs(seconds) {
        file.write_all(&bytes)?;
        file.sync_data()?;
        commits += 1;
    }
    Ok(commits as f64 * batch / started.elapsed().as_secs_f64())
}

/// A platform in this process, with one person.
async fn platform(folder: &Path) -> anyhow::Result<(Arc<App>, AccountId)> {
    let data = folder.join("data");
    std::fs::create_dir_all(&data)?;
    let store = Arc::new(EmbeddedStore::open(&data, EmbeddedOptions::default())?);
    let master = MasterKey::from_hex(&SecretString::from("11".repeat(32)))?;
    let outside = privity::outside::real();
    let anchor = Some(Anchor::open(&data)?);
    let app = App::open("https://inbox.example".into(), store, anchor, master, outside).await?;
    let ana = app
        .account_add("ana", "Ana", &SecretString::from("a long password"))
        .await?;
    Ok((app, ana.account))
}
