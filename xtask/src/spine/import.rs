//! Import of a made-up Facebook export, from its first byte to durable and sealed in the embedded store, beside a bare
//! serde_json pass over the same bytes.

use crate::made_up;
use anyhow::Context;
use app::{App, Intake, MasterKey};
use import::Limits;
use import::facebook::{Facebook, guess_owner};
use model::Participant;
use secrecy::SecretString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use store::{Anchor, EmbeddedOptions, EmbeddedStore};

/// Each with a pass before and after: what else the machine does falls on both.
const ROUNDS: usize = 5;

/// Measures and prints.
pub fn run(megabytes: u64, out: &mut impl Write) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(".")?;
    let export = folder.path().join("export");
    let written = made_up::facebook(&export, megabytes * 1_000_000, 7)?;
    let files = files(&export)?;

    let skimmed = pass::<serde::de::IgnoredAny>(&files, written)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let mut rounds = Vec::new();
    let mut added = 0;
    for round in 0..ROUNDS {
        let before = pass::<serde_json::Value>(&files, written)?;
        let data = folder.path().join(format!("data{round}"));
        let started = Instant::now();
        added = runtime.block_on(import_all(&data, &export))?;
        let imported = rate(written, started);
        std::fs::remove_dir_all(&data)?;
        let after = pass::<serde_json::Value>(&files, written)?;
        rounds.push((2.0 * imported / (before + after), imported, (before + after) / 2.0));
    }
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ratio, imported, parsed) = rounds.get(ROUNDS / 2).copied().context("no rounds")?;
    writeln!(
        out,
        "import of a Facebook export of {:.0} MB, {added} messages; the middle of {ROUNDS} rounds",
        written as f64 / 1e6
    )?;
    writeln!(out, "  serde_json, skipping everything {skimmed:>8.0} MB/s")?;
    writeln!(out, "  serde_json, into values         {parsed:>8.0} MB/s")?;
    writeln!(out, "  import, sealed and durable      {imported:>8.0} MB/s")?;
    writeln!(out, "  import beside skipping everything: {:.2}", imported / skimmed)?;
    super::bar(out, "import beside a bare serde_json pass (into values)", ratio, 0.3)
}

/// A bare pass over all files, in MB/s.
fn pass<T: serde::de::DeserializeOwned>(files: &[PathBuf], bytes: u64) -> anyhow::Result<f64> {
    let started = Instant::now();
    for file in files {
        let _: T = serde_json::from_slice(&std::fs::read(file)?)?;
    }
    Ok(rate(bytes, started))
}

async fn import_all(data: &Path, export: &Path) -> anyhow::Result<u64> {
    std::fs::create_dir_all(data)?;
    let store = Arc::new(EmbeddedStore::open(data, EmbeddedOptions::default())?);
    let master = MasterKey::from_hex(&SecretString::from("11".repeat(32)))?;
    let anchor = Some(Anchor::open(data)?);
    let app = App::open(
        "https://inbox.example".into(),
        store,
        anchor,
        master,
        privity::outside::real(),
    )
    .await?;
    let ida = app
        .account_add("ida", "Ida", &SecretString::from("a long password"))
        .await?;
    let limits = Limits::default();
    let name = guess_owner(export, &limits)?.context("the export has no owner")?;
    let reader = Facebook::open(
        export,
        Participant {
            account: ida.account,
            name,
        },
        limits,
    )?;
    let intake = Intake {
        inboxes: vec![ida.account],
        export: "bench".to_owned(),
    };
    Ok(app.import(Box::new(reader), intake, Arc::new(|_| {})).await?.added)
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => found.extend(files(&path)?),
            false if path.extension().is_some_and(|e| e == "json") => found.push(path),
            false => {}
        }
    }
    Ok(found)
}

fn rate(bytes: u64, since: Instant) -> f64 {
    bytes as f64 / 1e6 / since.elapsed().as_secs_f64()
}
