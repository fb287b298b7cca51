//! A keyspace of its own for a test, on the cluster that the environment names.

use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::response::query_result::QueryResult;
use scylla::serialize::row::SerializeRow;
use scylla::value::{CqlValue, Row};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;
use store::Store;
use store_cassandra::{Config, connect, migrate};

/// Where the hosts are named, with commas.
const HOSTS: &str = "PRIVITY_CASSANDRA";

/// A keyspace with an empty schema.
pub struct Site {
    pub config: Config,
    pub session: Session,
}

impl Site {
    /// A fresh keyspace with the schema in it; `None`, and a line that says why, if no cluster is named.
    pub async fn fresh(test: &str) -> Option<Self> {
        let site = Self::bare(test).await?;
        migrate(&site.config).await.unwrap();
        Some(site)
    }

    /// No keyspace yet.
    pub async fn bare(test: &str) -> Option<Self> {
        let Ok(hosts) = std::env::var(HOSTS) else {
            // Past the test harness, which would keep it to itself.
            let _ = writeln!(std::io::stderr(), "skipped `{test}`: `{HOSTS}` names no cluster");
            return None;
        };
        let hosts: Vec<String> = hosts.split(',').map(str::to_owned).collect();
        let config = Config::new(hosts, &format!("test_{test}_{}", std::process::id()));
        let session = SessionBuilder::new().known_nodes(&config.hosts).build().await.unwrap();
        let site = Self { config, session };
        site.remove().await;
        Some(site)
    }

    /// A new connection, as another process would have.
    pub async fn connect(&self) -> Store {
        connect(&self.config).await.unwrap()
    }

    pub async fn run(&self, text: &str) {
        self.ask(text, ()).await;
    }

    /// The node that is asked may just have been killed on purpose. Whatever the tests ask may be done twice.
    async fn ask(&self, text: &str, values: impl SerializeRow + Clone) -> QueryResult {
        let mut tries = 10;
        loop {
            match self.session.query_unpaged(text, values.clone()).await {
                Ok(answer) => return answer,
                Err(error) if tries == 0 => panic!("`{text}`: {error}"),
                Err(_) => tries -= 1,
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Unless `PRIVITY_CASSANDRA_KEEP` says not to. Cassandra 5.0.8 does not take in any schema again if a keyspace is dropped while a
    /// node is away that has writes to it in its commit log.
    pub async fn remove(&self) {
        if std::env::var_os("PRIVITY_CASSANDRA_KEEP").is_some() {
            return;
        }
        self.run(&format!("DROP KEYSPACE IF EXISTS {}", self.config.keyspace))
            .await;
    }

    async fn rows(&self, text: &str) -> Vec<Vec<CqlValue>> {
        let rows = self.ask(text, ()).await.into_rows_result().unwrap();
        let rows = rows.rows::<Row>().unwrap().map(|row| row.unwrap().columns);
        rows.map(|columns| columns.into_iter().map(Option::unwrap).collect())
            .collect()
    }

    /// Deletes every row, partition by partition: quicker than truncating, and works while a node is lost.
    pub async fn empty(&self) {
        let keyspace = &self.config.keyspace;
        let columns = self
            .rows(&format!(
                "SELECT table_name, position, column_name FROM system_schema.columns \
                 WHERE keyspace_name = '{keyspace}' AND kind = 'partition_key' ALLOW FILTERING"
            ))
            .await;
        let mut tables: BTreeMap<String, Vec<(i32, String)>> = BTreeMap::new();
        for column in columns {
            let [table, position, name] = <[CqlValue; 3]>::try_from(column).unwrap();
            let column = (position.as_int().unwrap(), name.as_text().unwrap().clone());
            tables.entry(table.as_text().unwrap().clone()).or_default().push(column);
        }
        let ours = tables
            .into_iter()
            .filter(|(table, _)| table != "migrations" && table != "migrating");
        let emptied = ours.map(|(table, mut key)| async move {
            key.sort();
            let key: Vec<String> = key.into_iter().map(|(_, name)| name).collect();
            let partitions = self
                .rows(&format!("SELECT DISTINCT {} FROM {keyspace}.{table}", key.join(", ")))
                .await;
            let condition = format!("{} = ?", key.join(" = ? AND "));
            let delete = format!("DELETE FROM {keyspace}.{table} WHERE {condition}");
            for partition in partitions {
                self.ask(delete.as_str(), partition).await;
            }
        });
        futures_util::future::join_all(emptied).await;
    }
}
