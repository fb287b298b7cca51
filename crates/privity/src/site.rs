//! One installation: a data folder, its master key, and the platform opened over them.

use crate::{keys, outside};
use anyhow::Context;
use app::{App, MasterKey};
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Anchor, EmbeddedOptions, EmbeddedStore, StoreError};

/// Where an installation lives.
#[derive(Debug, Clone, clap::Args)]
pub struct Site {
    /// The data folder.
    #[arg(long, value_name = "DIR", default_value = "privity-data")]
    pub data: PathBuf,
    /// The file with the master key; without it, the environment variable `PRIVITY_MASTER_KEY`.
    #[arg(long, value_name = "FILE")]
    pub master_key: Option<PathBuf>,
}

/// Someone else has the folder: a running server, most likely.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InUse(String);

impl Site {
    /// The socket on which a running server takes commands.
    pub fn socket(&self) -> PathBuf {
        self.data.join("admin.sock")
    }

    /// The address the installation is reached at, as it was first started with.
    pub fn issuer(&self) -> anyhow::Result<Option<String>> {
        match std::fs::read_to_string(self.data.join("ISSUER")) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e).with_context(|| format!("reading `{}`", self.data.join("ISSUER").display())),
        }
    }

    /// Opens the platform. The issuer is part of the ledger's name, so it is written down once and then kept to.
    pub async fn open(&self, issuer: Option<&str>) -> anyhow::Result<Arc<App>> {
        let secret: SecretString = keys::master_read(self.master_key.as_deref())?;
        let master = MasterKey::from_hex(&secret)?;
        let store = match EmbeddedStore::open(&self.data, EmbeddedOptions::default()) {
            Ok(store) => store,
            Err(StoreError::Rejected(text)) => return Err(InUse(text).into()),
            Err(error) => return Err(error).with_context(|| format!("the data folder `{}`", self.data.display())),
        };
        let issuer = self.settle_issuer(issuer)?;
        let anchor = Anchor::open(&self.data)?;
        Ok(App::open(issuer, Arc::new(store), Some(anchor), master, outside::real()).await?)
    }

    fn settle_issuer(&self, wanted: Option<&str>) -> anyhow::Result<String> {
        let known = self.issuer()?;
        match (known, wanted.map(|w| w.trim_end_matches('/'))) {
            (Some(known), None) => Ok(known),
            (Some(known), Some(wanted)) if known == wanted => Ok(known),
            (Some(known), Some(wanted)) => anyhow::bail!(
                "this data folder belongs to `{known}`, not to `{wanted}`: the address is part of the ledger's name"
            ),
            (None, None) => anyhow::bail!("the data folder is new: start the server once with --issuer"),
            (None, Some(wanted)) => {
                check_issuer(wanted)?;
                write_durably(&self.data.join("ISSUER"), wanted)?;
                Ok(wanted.to_owned())
            }
        }
    }
}

/// https, or http on this machine (FAPI 2.0 network clause 1).
fn check_issuer(issuer: &str) -> anyhow::Result<()> {
    let host = issuer
        .strip_prefix("https://")
        .map(|host| (host, true))
        .or_else(|| issuer.strip_prefix("http://").map(|host| (host, false)));
    match host {
        Some((host, _)) if host.is_empty() || host.contains(['/', '?', '#', '@', ' ', '+']) => {
            anyhow::bail!("`{issuer}` is not an address such as https://inbox.example")
        }
        Some((_, true)) => Ok(()),
        Some((host, false)) if host.starts_with("127.0.0.1") || host.starts_with("localhost") => Ok(()),
        _ => anyhow::bail!("`{issuer}` is neither https nor on this machine"),
    }
}

fn write_durably(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    let mut file = std::fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(())
}
