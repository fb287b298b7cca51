//! How fast an export is read, beside a bare `serde_json` pass over the same bytes.
//!
//! `cargo run -p import --release --features synthetic --example rate -- [MEGABYTES]`

use import::{Limits, Reader, Sink, SinkError, facebook::Facebook, synthetic};
use model::{AccountId, Conversation, Message, Participant};
use serde::de::IgnoredAny;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

struct Nowhere(u64);

impl Sink for Nowhere {
    fn conversation(&mut self, _: &Conversation) -> Result<(), SinkError> {
        Ok(())
    }
    fn message(&mut self, message: Message) -> Result<(), SinkError> {
        self.0 = self.0.wrapping_add(message.text.len() as u64);
        Ok(())
    }
    fn progress(&mut self, _: u64) {}
    fn part_done(&mut self, _: &str) -> Result<(), SinkError> {
        Ok(())
    }
    fn is_done(&mut self, _: &str) -> bool {
        false
    }
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let megabytes: u64 = std::env::args().nth(1).map_or(Ok(200), |n| n.parse())?;
    let dir = tempfile::tempdir()?;
    let bytes = synthetic::facebook(dir.path(), megabytes << 20, 1)?;
    let mut out = std::io::stdout();
    let mut rates = Vec::new();
    for (what, pass) in [
        ("serde_json::from_reader", bare_stream as fn(&Path) -> Outcome<()>),
        ("serde_json::from_slice", bare_slice),
        ("import", import),
    ] {
        let mut best = f64::INFINITY;
        for _ in 0..5 {
            let start = Instant::now();
            pass(dir.path())?;
            best = best.min(start.elapsed().as_secs_f64());
        }
        let rate = bytes as f64 / best / 1e6;
        writeln!(out, "{what:<26}{rate:>8.0} MB/s")?;
        rates.push(rate);
    }
    if let [stream, slice, import] = rates.as_slice() {
        writeln!(
            out,
            "import / stream {:.2}, import / slice {:.2}",
            import / stream,
            import / slice
        )?;
    }
    Ok(())
}

/// A pass that builds nothing.
fn bare_stream(dir: &Path) -> Outcome<()> {
    for path in files(dir)? {
        serde_json::from_reader::<_, IgnoredAny>(BufReader::with_capacity(256 << 10, std::fs::File::open(path)?))?;
    }
    Ok(())
}

/// The same from memory.
fn bare_slice(dir: &Path) -> Outcome<()> {
    for path in files(dir)? {
        serde_json::from_slice::<IgnoredAny>(&std::fs::read(path)?)?;
    }
    Ok(())
}

fn import(dir: &Path) -> Outcome<()> {
    let owner = Participant {
        account: AccountId([1; 16]),
        name: synthetic::OWNER.to_owned(),
    };
    let summary = Facebook::open(dir, owner, Limits::default())?.read(&mut Nowhere(0))?;
    if summary.skipped_total + summary.unreadable_total > 0 {
        return Err(summary.to_string().into());
    }
    Ok(())
}

fn files(dir: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}
