//! The store contract on Apache Cassandra (and ScyllaDB, which speaks the same protocol), for installations that one
//! machine cannot hold. The only room that links the driver.
//!
//! | question | answer |
//! |---|---|
//! | Who decides? | For each thing that may be raced for there is **one row or partition**, changed by a conditional write (Paxos) alone: a grant, a person's says, an inbox's head, the ledger's head. Everything else is written before under a name of its own (`attempt`), and counts only once that row refers to it. |
//! | When is it durable? | On return, always: at a quorum, whose nodes have it on their disks (`commitlog_sync: group`). `messages_sync` has nothing left to do. |
//! | What does a reader see? | Reads go to a quorum, so they see every acknowledged write; `Read::Serial` goes through Paxos, so it is also ordered with conditional writes that are under way. |
//! | What if an answer is lost? | A conditional write is settled by a serial read that looks for its attempt, and only then repeated, under the same name; what cannot be settled is `Unknown`. A plain write is `Unknown`. What was only prepared is `Unavailable`: nothing refers to it. |
//! | What if a process dies? | What it had not decided is rows that nobody looks at. What it had decided holds. |
//! | What if a node is lost? | One of three copies is not missed. Without a quorum: `Unavailable`, never a stale answer. |
//!
//! Whose clock counts? Nobody's here: rows are stamped by the nodes, and no decision compares times.
//!
//! **Architecture invariant:** a row that is changed by a conditional write is changed by nothing else: Paxos and plain
//! writes on one row do not see each other.

mod accounts;
mod attempt;
mod catalogues;
mod cluster;
mod config;
mod consent;
mod data_keys;
mod decide;
mod inbox;
mod ledger;
mod marks;
mod migrate;
mod pens;
mod shape;
mod shelf;
mod statements;
mod tokens;
mod traffic;
mod trouble;
mod versioned;

pub use config::{Config, Login};
pub use migrate::{Migrated, migrate};
pub use traffic::Traffic;

use cluster::Cluster;
use std::sync::Arc;
use store::{Store, StoreError};

/// Connects to a cluster whose keyspace `migrate` has brought to the version of this program. `Rejected` if it is at another
/// one, `Unavailable` if no node answers.
pub async fn connect(config: &Config) -> Result<Store, StoreError> {
    Ok(connect_counting(config).await?.0)
}

/// The same, and what it asks of the nodes from then on.
pub async fn connect_counting(config: &Config) -> Result<(Store, Arc<Traffic>), StoreError> {
    let cluster = Cluster::connect(config).await?;
    migrate::check(&cluster, &config.keyspace).await?;
    let traffic = Arc::clone(cluster.traffic());
    let store = Arc::new(CassandraStore {
        inboxes: inbox::Statements::prepare(&cluster).await?,
        shelf: shelf::Statements::prepare(&cluster).await?,
        consent: consent::Statements::prepare(&cluster).await?,
        tokens: tokens::Statements::prepare(&cluster).await?,
        accounts: accounts::Statements::prepare(&cluster).await?,
        catalogues: catalogues::Statements::prepare(&cluster).await?,
        ledger: ledger::Statements::prepare(&cluster).await?,
        data_keys: data_keys::Statements::prepare(&cluster).await?,
        marks: marks::Statements::prepare(&cluster).await?,
        spans: tokens::Spans::default(),
        seqs: ledger::Seqs::default(),
        guesses: inbox::Guesses::default(),
        cluster,
    });
    Ok((store, traffic))
}

/// The store on a cluster.
#[derive(Debug)]
struct CassandraStore {
    cluster: Cluster,
    inboxes: inbox::Statements,
    shelf: shelf::Statements,
    consent: consent::Statements,
    tokens: tokens::Statements,
    accounts: accounts::Statements,
    catalogues: catalogues::Statements,
    ledger: ledger::Statements,
    data_keys: data_keys::Statements,
    marks: marks::Statements,
    spans: tokens::Spans,
    seqs: ledger::Seqs,
    guesses: inbox::Guesses,
}
