//! One installation: a data folder, its master key, and the platform opened over them.

use crate::cluster::{self, ClusterArgs};
use crate::{keys, outside};
use anyhow::Context;
use app::{App, MasterKey, Outside, Processes};
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Anchor, EmbeddedOptions, EmbeddedStore, Store, StoreError};

/// Where an installation lives.
#[derive(Debug, Clone, clap::Args)]
pub struct Site {
    /// The data folder.
    #[arg(long, value_name = "DIR", default_value = "privity-data")]
    pub data: PathBuf,
    /// The file with the master key; without it, the environment variable `PRIVITY_MASTER_KEY`.
    #[arg(long, value_name = "FILE")]
    pub master_key: Option<PathBuf>,
    /// The cluster, if there is one.
    #[command(flatten)]
    pub cluster: ClusterArgs,
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
        let (store, issuer, processes) = match self.cluster.is_named() {
            true => {
                std::fs::create_dir_all(&self.data)?;
                let store = self.cluster.connect().await?;
                cluster::check_whole(&store).await?;
                // What the cluster knows goes before what this folder does.
                let issuer = match cluster::settle_issuer(&store, None).await? {
                    Some(known) => self.settle_issuer(Some(same_issuer(&known, issuer)?))?,
                    None => {
                        let issuer = self.settle_issuer(issuer)?;
                        cluster::settle_issuer(&store, Some(&issuer)).await?;
                        issuer
                    }
                };
                (store, issuer, Processes::Several)
            }
            false => (self.open_folder()?, self.settle_issuer(issuer)?, Processes::One),
        };
        let anchor = Anchor::open(&self.data)?;
        let outside = Outside {
            processes,
            ..outside::real()
        };
        let app = App::open(issuer, store, Some(anchor), master, outside).await?;
        app.count_by_itself();
        Ok(app)
    }

    fn open_folder(&self) -> anyhow::Result<Store> {
        match EmbeddedStore::open(&self.data, EmbeddedOptions::default()) {
            Ok(store) => Ok(Arc::new(store)),
            Err(StoreError::Rejected(text)) => Err(InUse(text).into()),
            Err(error) => Err(error).with_context(|| format!("the data folder `{}`", self.data.display())),
        }
    }

    fn settle_issuer(&self, wanted: Option<&str>) -> anyhow::Result<String> {
        let known = self.issuer()?;
        match (known, wanted.map(|w| w.trim_end_matches('/'))) {
            (Some(known), None) => Ok(known),
            (Some(known), Some(wanted)) => Ok(same_issuer(&known, Some(wanted))?.to_owned()),
            (None, None) => anyhow::bail!("the data folder is new: start the server once with --issuer"),
            (None, Some(wanted)) => {
                check_issuer(wanted)?;
                write_durably(&self.data.join("ISSUER"), wanted)?;
                Ok(wanted.to_owned())
            }
        }
    }
}

/// The address an installation has, if nobody wants another.
fn same_issuer<'a>(known: &'a str, wanted: Option<&str>) -> anyhow::Result<&'a str> {
    match wanted.map(|w| w.trim_end_matches('/')) {
        Some(wanted) if wanted != known => anyhow::bail!(
            "this installation belongs to `{known}`, not to `{wanted}`: the address is part of the ledger's name"
        ),
        _ => Ok(known),
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
        // The whole host is compared: anybody can have `localhost.example`.
        Some((host, false)) if matches!(host.split(':').next(), Some("127.0.0.1" | "localhost")) => Ok(()),
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

#[cfg(test)]
mod tests {
    #[test]
    fn an_issuer_is_https_or_on_this_machine() {
        for good in ["https://inbox.example", "http://127.0.0.1:8080", "http://localhost"] {
            assert!(super::check_issuer(good).is_ok(), "{good}");
        }
        for bad in [
            "http://inbox.example",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example:80",
            "https://",
        ] {
            assert!(super::check_issuer(bad).is_err(), "{bad}");
        }
    }
}
