//! A cluster as the store, instead of the data folder.

use anyhow::Context;
use secrecy::SecretString;
use store::Store;
use store_cassandra::{Config, Login, Migrated};

/// Where the password to the cluster is.
const PASSWORD: &str = "PRIVITY_CASSANDRA_PASSWORD";
/// The note of the address an installation is reached at: part of its ledger's name, so the same for every process.
const ISSUER: &[u8] = b"issuer";

/// The note of a copy into the keyspace that has begun and not ended.
const COPYING: &[u8] = b"copying";

/// Which cluster, if any.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ClusterArgs {
    /// Keep everything in an Apache Cassandra or ScyllaDB cluster: some of its nodes, as HOST or HOST:PORT. Several processes
    /// may serve one cluster, each with a data folder of its own for its socket.
    #[arg(long, value_name = "HOST,...", value_delimiter = ',')]
    pub cassandra: Vec<String>,
    /// The keyspace.
    #[arg(long, value_name = "NAME", default_value = "privity", requires = "cassandra")]
    pub keyspace: String,
    /// The data centre this process stands in; without it, that of the node that answers first.
    #[arg(long, value_name = "NAME", requires = "cassandra")]
    pub datacenter: Option<String>,
    /// Who we are to the cluster; the password is in the environment variable `PRIVITY_CASSANDRA_PASSWORD`.
    #[arg(long, value_name = "NAME", requires = "cassandra")]
    pub cassandra_user: Option<String>,
}

impl ClusterArgs {
    /// Whether there is one.
    pub fn is_named(&self) -> bool {
        !self.cassandra.is_empty()
    }

    fn config(&self, copies: u8) -> anyhow::Result<Config> {
        let login = match &self.cassandra_user {
            None => None,
            Some(user) => Some(Login {
                user: user.clone(),
                password: SecretString::from(
                    std::env::var(PASSWORD).with_context(|| format!("`{PASSWORD}` holds no password"))?,
                ),
            }),
        };
        Ok(Config {
            datacenter: self.datacenter.clone(),
            copies,
            login,
            ..Config::new(self.cassandra.clone(), &self.keyspace)
        })
    }

    /// Connects to a cluster that was migrated.
    pub async fn connect(&self) -> anyhow::Result<Store> {
        let config = self.config(Config::new(Vec::new(), "").copies)?;
        store_cassandra::connect(&config)
            .await
            .with_context(|| format!("the keyspace `{}` (has `privity migrate` been run?)", self.keyspace))
    }

    /// Creates the keyspace or brings it up to date.
    pub async fn migrate(&self, copies: u8) -> anyhow::Result<Migrated> {
        Ok(store_cassandra::migrate(&self.config(copies)?).await?)
    }
}

/// The address the cluster's installation is reached at; `wanted` if it is new.
pub async fn settle_issuer(store: &Store, wanted: Option<&str>) -> anyhow::Result<Option<String>> {
    if let Some(known) = store.mark_get(ISSUER.to_vec()).await? {
        return Ok(Some(String::from_utf8(known).context("the cluster's issuer")?));
    }
    if let Some(wanted) = wanted {
        store.mark_put(ISSUER.to_vec(), wanted.as_bytes().to_vec()).await?;
    }
    Ok(None)
}

/// Notes that a copy into this keyspace has begun, or that it has ended.
pub async fn copying(store: &Store, under_way: bool) -> anyhow::Result<()> {
    Ok(store.mark_put(COPYING.to_vec(), vec![u8::from(under_way)]).await?)
}

/// Fails while a copy is not finished: what is there is not all there is.
pub async fn check_whole(store: &Store) -> anyhow::Result<()> {
    let under_way = store.mark_get(COPYING.to_vec()).await? == Some(vec![1]);
    anyhow::ensure!(
        !under_way,
        "the copy into this keyspace is not finished: run `privity copy` again"
    );
    Ok(())
}
