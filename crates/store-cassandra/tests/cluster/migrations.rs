//! The schema's versions.

use super::site::Site;
use store::StoreError;
use store_cassandra::{Migrated, connect, migrate};

/// Steps of this program's schema.
const STEPS: u32 = 2;

fn refused<T>(answer: Result<T, StoreError>, why: &str) {
    match answer {
        Err(StoreError::Rejected(told)) => assert!(told.contains(why), "`{told}` does not say `{why}`"),
        Err(other) => panic!("not refused but: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_is_made_once_by_however_many_at_once() {
    let Some(site) = Site::bare("migrate").await else {
        return;
    };
    refused(connect(&site.config).await, "run `privity migrate`");
    let (a, b, c) = tokio::join!(migrate(&site.config), migrate(&site.config), migrate(&site.config));
    let made: Vec<Migrated> = [a, b, c].into_iter().map(Result::unwrap).collect();
    assert_eq!(
        made.iter()
            .filter(|made| made.applied.iter().copied().eq(1..=STEPS))
            .count(),
        1,
        "{made:?}"
    );
    assert_eq!(
        made.iter().filter(|made| made.applied.is_empty()).count(),
        2,
        "{made:?}"
    );
    assert!(made.iter().all(|made| made.version == STEPS));
    assert_eq!(
        migrate(&site.config).await.unwrap(),
        Migrated {
            applied: vec![],
            version: STEPS
        }
    );
    assert_eq!(site.connect().await.ledger_head().await.unwrap().epoch, 0);
    site.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_is_not_this_programs_is_refused() {
    let Some(site) = Site::fresh("refused").await else {
        return;
    };
    let keyspace = &site.config.keyspace;
    site.run(&format!(
        "INSERT INTO {keyspace}.migrations (part, version, name, sha256) VALUES (0, {}, 'x', 'x')",
        STEPS + 1
    ))
    .await;
    refused(connect(&site.config).await, "newer than this program");
    refused(migrate(&site.config).await, "newer than this program");
    site.run(&format!(
        "DELETE FROM {keyspace}.migrations WHERE part = 0 AND version = {}",
        STEPS + 1
    ))
    .await;
    assert!(connect(&site.config).await.is_ok());

    site.run(&format!(
        "UPDATE {keyspace}.migrations SET sha256 = 'edited' WHERE part = 0 AND version = 1"
    ))
    .await;
    refused(connect(&site.config).await, "its text was changed");
    refused(migrate(&site.config).await, "its text was changed");
    for step in 1..=STEPS {
        site.run(&format!(
            "DELETE FROM {keyspace}.migrations WHERE part = 0 AND version = {step}"
        ))
        .await;
    }
    refused(connect(&site.config).await, "is at version 0 of");
    site.remove().await;
}
