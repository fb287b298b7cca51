//! The schema's versions.

use crate::cluster::{Cluster, Kind};
use crate::config::Config;
use crate::statements::statements;
use crate::trouble::unread;
use sha2::{Digest, Sha256};
use std::time::Duration;
use store::StoreError;

/// One step of the schema. Its text never changes once it is published.
struct Migration {
    version: i32,
    name: &'static str,
    text: &'static str,
}

/// Every step, in order.
const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "first_schema",
        text: include_str!("../migrations/0001_first_schema.cql"),
    },
    Migration {
        version: 2,
        name: "shelf",
        text: include_str!("../migrations/0002_shelf.cql"),
    },
];

/// How long a migrating process holds the pen without a sign of life, in seconds.
const LEASE: i32 = 60;
/// How often one that waits looks whether the pen is free.
const LOOK: Duration = Duration::from_millis(250);
/// How long it waits at most.
const WAIT: Duration = Duration::from_secs(300);

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The versions that were applied now.
    pub applied: Vec<u32>,
    /// The schema's version from now on.
    pub version: u32,
}

statements! {
    /// Which migrations were applied, and who is applying one.
    Statements {
        applied: Read "SELECT version, sha256 FROM privity.migrations WHERE part = 0";
        record: Write "INSERT INTO privity.migrations (part, version, name, sha256) VALUES (0, ?, ?, ?)";
        take: If "INSERT INTO privity.migrating (part, owner) VALUES (0, ?) IF NOT EXISTS USING TTL ?";
        keep: If "UPDATE privity.migrating USING TTL ? SET owner = ? WHERE part = 0 IF owner = ?";
        free: If "DELETE FROM privity.migrating WHERE part = 0 IF owner = ?";
    }
}

/// Creates the keyspace if there is none, and brings its schema up to date. Does nothing if it is. May be run by several
/// processes at once: one does the work, the others wait. `Rejected` if an applied migration has another text now, or if the
/// keyspace was made by a newer program.
pub async fn migrate(config: &Config) -> Result<Migrated, StoreError> {
    let keyspace = &config.keyspace;
    let cluster = Cluster::connect(config).await?;
    let datacenter = match &config.datacenter {
        Some(name) => name.clone(),
        None => nearest(&cluster).await?,
    };
    cluster
        .run(&format!(
            "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = \
             {{'class': 'NetworkTopologyStrategy', '{}': {}}}",
            datacenter.replace('\'', "''"),
            config.copies
        ))
        .await?;
    // Whoever made it: the node that is asked next has to know it.
    cluster.agree().await?;
    for (table, columns) in [
        (
            "migrations",
            "part int, version int, name text, sha256 text, PRIMARY KEY ((part), version)",
        ),
        ("migrating", "part int PRIMARY KEY, owner blob"),
    ] {
        // The same table made twice at once is one table only if both makers give it the same id.
        let id = table_id(keyspace, table);
        cluster
            .run(&format!(
                "CREATE TABLE IF NOT EXISTS privity.{table} ({columns}) WITH id = {id}"
            ))
            .await?;
    }
    cluster.agree().await?;

    let statements = Statements::prepare(&cluster).await?;
    let owner = cluster.attempt().to_vec();
    take(&cluster, &statements, &owner).await?;
    let migrated = apply(&cluster, &statements, &owner).await;
    // Whether it could be given back or not: it ends by itself.
    let _ = cluster.ask(&statements.free, (&owner,)).await;
    migrated
}

/// The data centre of the node that answers.
async fn nearest(cluster: &Cluster) -> Result<String, StoreError> {
    let local = cluster
        .prepare(Kind::Read, "SELECT data_center FROM system.local")
        .await?;
    let mut local = local;
    local.set_consistency(scylla::statement::Consistency::One);
    let row = cluster.row::<(String,)>(&local, ()).await?;
    row.map(|(name,)| name)
        .ok_or_else(|| unread("a node does not say in which data centre it stands"))
}

fn table_id(keyspace: &str, table: &str) -> String {
    let digest = hex::encode(Sha256::digest(format!("{keyspace}.{table}")));
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}

/// Waits for the pen. A process that died with it loses it when its lease ends.
async fn take(cluster: &Cluster, statements: &Statements, owner: &[u8]) -> Result<(), StoreError> {
    let deadline = tokio::time::Instant::now() + WAIT;
    // An answer that is lost is asked for again: `keep` says whether it was ours.
    while !matches!(cluster.ask(&statements.take, (owner, LEASE)).await, Ok(true))
        && !matches!(cluster.ask(&statements.keep, (LEASE, owner, owner)).await, Ok(true))
    {
        if tokio::time::Instant::now() > deadline {
            return Err(StoreError::Unavailable(
                "another process has been migrating for five minutes".to_owned(),
            ));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

async fn apply(cluster: &Cluster, statements: &Statements, owner: &[u8]) -> Result<Migrated, StoreError> {
    let there = applied(cluster, statements).await?;
    let mut now = Vec::new();
    for migration in MIGRATIONS.iter().skip(there) {
        for statement in parts(migration.text) {
            let kept = cluster.ask(&statements.keep, (LEASE, owner, owner)).await;
            if !matches!(kept, Ok(true)) {
                return Err(StoreError::Unavailable(
                    "another process has taken over the migration".to_owned(),
                ));
            }
            cluster.run(&statement).await?;
        }
        cluster.agree().await?;
        cluster
            .write(
                &statements.record,
                (migration.version, migration.name, sha256(migration.text)),
            )
            .await?;
        now.push(migration.version.unsigned_abs());
    }
    let version = MIGRATIONS.last().map_or(0, |last| last.version.unsigned_abs());
    Ok(Migrated { applied: now, version })
}

/// How many of our migrations were applied. `Rejected` if what was applied is not a beginning of what we have.
async fn applied(cluster: &Cluster, statements: &Statements) -> Result<usize, StoreError> {
    let rows = cluster.rows::<(i32, String)>(&statements.applied, ()).await?;
    for (at, (version, stored)) in rows.iter().enumerate() {
        let Some(migration) = MIGRATIONS.get(at) else {
            return Err(StoreError::Rejected(format!(
                "the schema is at version {version}, which is newer than this program"
            )));
        };
        let (ours, name) = (migration.version, migration.name);
        if ours != *version || *stored != sha256(migration.text) {
            return Err(StoreError::Rejected(format!(
                "migration {version}, `{name}`, is not the one that was applied: its text was changed afterwards"
            )));
        }
    }
    Ok(rows.len())
}

/// `Rejected` unless the keyspace has exactly the schema that this program was built for.
pub(crate) async fn check(cluster: &Cluster, keyspace: &str) -> Result<(), StoreError> {
    let missing = |why: &str| StoreError::Rejected(format!("keyspace `{keyspace}` {why}: run `privity migrate`"));
    let known = cluster
        .prepare(
            Kind::Read,
            "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'migrations'",
        )
        .await?;
    if cluster.row::<(String,)>(&known, (keyspace,)).await?.is_none() {
        return Err(missing("has no schema yet"));
    }
    let there = applied(cluster, &Statements::prepare(cluster).await?).await?;
    match MIGRATIONS.len() {
        ours if ours == there => Ok(()),
        ours => Err(missing(&format!("is at version {there} of {ours}"))),
    }
}

/// The statements of a text: comments are whole lines, and a statement ends with the line that ends with `;`.
fn parts(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("--"));
    let text: Vec<&str> = lines.collect();
    let statements = text.join("\n");
    let statements = statements
        .split(";\n")
        .map(|part| part.trim().trim_end_matches(';').to_owned());
    statements.filter(|part| !part.is_empty()).collect()
}

fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_from_one_without_gaps() {
        let versions: Vec<i32> = MIGRATIONS.iter().map(|m| m.version).collect();
        assert!(versions.iter().copied().eq(1..=MIGRATIONS.len() as i32), "{versions:?}");
    }

    /// A published migration never changes: this is what installations compare theirs with.
    #[test]
    fn published_migrations_are_as_they_were() {
        let texts: Vec<String> = MIGRATIONS.iter().map(|m| sha256(m.text)).collect();
        assert_eq!(
            texts,
            [
                "cc81128e1501854db061e1d0bc65aa67dcfe35cbc587bdcc07f09602110d4624",
                "a7df4f61cddc9129fd3af18091ecabc617d736579d35c7b5351b99dbf6da5bea"
            ]
        );
    }

    #[test]
    fn a_text_is_split_into_its_statements() {
        let text =
            "-- a comment; with a semicolon\nCREATE TABLE a (\n  b int -- not a line of its own\n);\n\nDROP TABLE c;\n";
        assert_eq!(
            parts(text),
            ["CREATE TABLE a (\n  b int -- not a line of its own\n)", "DROP TABLE c"]
        );
        for migration in MIGRATIONS {
            assert!(
                parts(migration.text)
                    .iter()
                    .all(|part| part.starts_with("CREATE TABLE IF NOT EXISTS privity."))
            );
        }
    }
}
