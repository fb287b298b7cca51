//! Agreements, grants, says, questions and views.

use crate::CassandraStore;
use crate::cluster::{at, each};
use crate::decide::{Standing, decide};
use crate::shape::{id, number, stored};
use crate::statements::statements;
use crate::trouble::{corrupt, unwritten};
use crate::versioned::{Written, standing};
use std::collections::BTreeSet;
use store::{AgreementRow, Cas, GrantRow, Id, Read, StoreError, Versioned, limits};

/// How often a count is tried again because another process counted meanwhile.
const ROUNDS: u32 = 16;

statements! {
    /// Statements on consent.
    Statements {
        agreements: Read "SELECT id, version, body FROM privity.agreements WHERE part = 0";
        agreement: Read "SELECT attempt FROM privity.agreements WHERE part = 0 AND id = ? AND version = ?";
        publish: If "INSERT INTO privity.agreements (part, id, version, body, attempt) VALUES (0, ?, ?, ?, ?) IF NOT EXISTS";

        grant: Read "SELECT account, version, body FROM privity.grants WHERE id = ?";
        grant_written: Read "SELECT version, attempt FROM privity.grants WHERE id = ?";
        create_grant: If "INSERT INTO privity.grants (id, account, version, body, attempt) VALUES (?, ?, 1, ?, ?) IF NOT EXISTS";
        set_grant: If "UPDATE privity.grants SET version = ?, body = ?, attempt = ? WHERE id = ? IF version = ?";
        grants_of: Read "SELECT id FROM privity.grants_by_account WHERE account = ?";
        add_grant_of: Write "INSERT INTO privity.grants_by_account (account, id) VALUES (?, ?)";

        says: Read "SELECT version, body FROM privity.says WHERE account = ?";
        says_written: Read "SELECT version, attempt FROM privity.says WHERE account = ?";
        create_says: If "INSERT INTO privity.says (account, version, body, attempt) VALUES (?, 1, ?, ?) IF NOT EXISTS";
        set_says: If "UPDATE privity.says SET version = ?, body = ?, attempt = ? WHERE account = ? IF version = ?";

        asks: Read "SELECT key, body FROM privity.asks WHERE account = ?";
        ask: Read "SELECT attempt FROM privity.asks WHERE account = ? AND key = ?";
        put_ask: If "INSERT INTO privity.asks (account, key, body, attempt) VALUES (?, ?, ?, ?) IF NOT EXISTS";
        drop_ask: If "DELETE FROM privity.asks WHERE account = ? AND key = ? IF EXISTS";

        view_written: Read "SELECT changes, attempt FROM privity.views WHERE account = ?";
        bump: If "UPDATE privity.views SET changes = ?, attempt = ? WHERE account = ? IF changes = ?";
    }
}

impl CassandraStore {
    pub(crate) async fn publish(&self, row: AgreementRow) -> Result<Cas, StoreError> {
        let s = &self.consent;
        let version = i64::from(row.version);
        // A version stays once it is published, so what was there stays true.
        let before = match version - 1 {
            -1 => return Ok(Cas::Conflict),
            0 => true,
            before => self
                .cluster
                .row::<(Vec<u8>,)>(&s.agreement, (&row.id, before))
                .await?
                .is_some(),
        };
        if !before {
            return Ok(Cas::Conflict);
        }
        let attempt = self.cluster.attempt();
        let _pen = self.cluster.pens().take(("agreements", &row.id)).await;
        decide(
            || self.cluster.ask(&s.publish, (&row.id, version, &row.body, attempt)),
            || async {
                let found = self
                    .cluster
                    .row::<(Vec<u8>,)>(&at(&s.agreement, Read::Serial), (&row.id, version))
                    .await?;
                Ok(first(found, attempt))
            },
        )
        .await
    }

    pub(crate) async fn agreements(&self) -> Result<Vec<AgreementRow>, StoreError> {
        let rows = self
            .cluster
            .rows::<(String, i64, Vec<u8>)>(&self.consent.agreements, ())
            .await?;
        let agreement = |(id, version, body)| {
            let version = u32::try_from(version).map_err(|_| corrupt(format!("an agreement's version {version}")))?;
            Ok(AgreementRow { id, version, body })
        };
        rows.into_iter().map(agreement).collect()
    }

    pub(crate) async fn create_grant(&self, id: Id, account: Id, body: Vec<u8>) -> Result<Cas, StoreError> {
        let s = &self.consent;
        // The index first: an id in it that there is no grant of is passed over.
        self.cluster.write(&s.add_grant_of, (account, id)).await?;
        let attempt = self.cluster.attempt();
        let _pen = self.cluster.pens().take(("grant", id)).await;
        decide(
            || self.cluster.ask(&s.create_grant, (id, account, &body, attempt)),
            || async { standing(self.grant_written(id).await?, 0, attempt) },
        )
        .await
    }

    async fn grant_written(&self, id: Id) -> Result<Written, StoreError> {
        self.cluster
            .row(&at(&self.consent.grant_written, Read::Serial), (id,))
            .await
    }

    pub(crate) async fn grant(&self, id: Id, read: Read) -> Result<Option<GrantRow>, StoreError> {
        let row = self
            .cluster
            .row::<(Vec<u8>, i64, Vec<u8>)>(&at(&self.consent.grant, read), (id,))
            .await?;
        row.map(|(account, version, body)| {
            Ok(GrantRow {
                id,
                account: crate::shape::id(&account)?,
                version: number(version)?,
                body,
            })
        })
        .transpose()
    }

    pub(crate) async fn set_grant(&self, id: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        let (s, before, attempt) = (&self.consent, stored(expected), self.cluster.attempt());
        let _pen = self.cluster.pens().take(("grant", id)).await;
        decide(
            || {
                self.cluster
                    .ask(&s.set_grant, (before.saturating_add(1), &body, attempt, id, before))
            },
            || async { standing(self.grant_written(id).await?, before, attempt) },
        )
        .await
    }

    pub(crate) async fn grants(&self, account: Id) -> Result<Vec<GrantRow>, StoreError> {
        let ids = self
            .cluster
            .rows::<(Vec<u8>,)>(&self.consent.grants_of, (account,))
            .await?;
        let found = each(ids, |(grant,)| async move {
            self.grant(id(&grant)?, Read::Acknowledged).await
        });
        let hers = found.await?.into_iter().flatten();
        Ok(hers.filter(|grant| grant.account == account).collect())
    }

    pub(crate) async fn says(&self, accounts: Vec<Id>, read: Read) -> Result<Vec<Option<Versioned>>, StoreError> {
        let statement = &at(&self.consent.says, read);
        each(accounts, |account| async move {
            let row = self.cluster.row::<(i64, Vec<u8>)>(statement, (account,)).await?;
            row.map(|(version, body)| {
                Ok(Versioned {
                    version: number(version)?,
                    body,
                })
            })
            .transpose()
        })
        .await
    }

    pub(crate) async fn set_says(&self, account: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        let (s, before, attempt) = (&self.consent, stored(expected), self.cluster.attempt());
        let _pen = self.cluster.pens().take(("says", account)).await;
        decide(
            || async {
                match before {
                    0 => self.cluster.ask(&s.create_says, (account, &body, attempt)).await,
                    _ => {
                        let values = (before.saturating_add(1), &body, attempt, account, before);
                        self.cluster.ask(&s.set_says, values).await
                    }
                }
            },
            || async {
                let found = self.cluster.row(&at(&s.says_written, Read::Serial), (account,)).await?;
                standing(found, before, attempt)
            },
        )
        .await
    }

    pub(crate) async fn put_ask(&self, account: Id, key: Id, body: Vec<u8>) -> Result<Cas, StoreError> {
        let (s, attempt) = (&self.consent, self.cluster.attempt());
        let _pen = self.cluster.pens().take(("ask", account)).await;
        decide(
            || self.cluster.ask(&s.put_ask, (account, key, &body, attempt)),
            || async { Ok(first(self.ask_written(account, key).await?, attempt)) },
        )
        .await
    }

    async fn ask_written(&self, account: Id, key: Id) -> Result<Option<(Vec<u8>,)>, StoreError> {
        self.cluster
            .row(&at(&self.consent.ask, Read::Serial), (account, key))
            .await
    }

    pub(crate) async fn asks(&self, account: Id) -> Result<Vec<(Id, Vec<u8>)>, StoreError> {
        let rows = self
            .cluster
            .rows::<(Vec<u8>, Vec<u8>)>(&self.consent.asks, (account,))
            .await?;
        rows.into_iter().map(|(key, body)| Ok((id(&key)?, body))).collect()
    }

    pub(crate) async fn drop_ask(&self, account: Id, key: Id) -> Result<(), StoreError> {
        let _pen = self.cluster.pens().take(("ask", account)).await;
        decide(
            || self.cluster.ask(&self.consent.drop_ask, (account, key)),
            || async {
                let there = self.ask_written(account, key).await?.is_some();
                Ok(if there { Standing::Before } else { Standing::Ours })
            },
        )
        .await
        .map(drop)
    }

    pub(crate) async fn bump(&self, accounts: Vec<Id>) -> Result<(), StoreError> {
        let accounts: BTreeSet<Id> = accounts.into_iter().collect();
        let bumped = each(accounts, |account| self.bump_one(account)).await;
        // Some may have been counted. One that is counted again has changed once more: the caller may repeat it.
        bumped.map(drop).map_err(unwritten)
    }

    async fn bump_one(&self, account: Id) -> Result<(), StoreError> {
        let _pen = self.cluster.pens().take(("view", account)).await;
        for _ in 0..ROUNDS {
            let before = self
                .view_row(account, Read::Acknowledged)
                .await?
                .map(|(count, _)| count);
            let (next, ours) = (before.unwrap_or(0).saturating_add(1), self.cluster.attempt());
            let bumped = decide(
                || self.cluster.ask(&self.consent.bump, (next, ours, account, before)),
                || async {
                    let found = self.view_row(account, Read::Serial).await?;
                    standing(found, before.unwrap_or(0), ours)
                },
            );
            if bumped.await? == Cas::Applied {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable(
            "others keep counting for the same person".to_owned(),
        ))
    }

    async fn view_row(&self, account: Id, read: Read) -> Result<Written, StoreError> {
        self.cluster
            .row(&at(&self.consent.view_written, read), (account,))
            .await
    }

    pub(crate) async fn view(&self, account: Id) -> Result<u64, StoreError> {
        let row = self.view_row(account, Read::Acknowledged).await?;
        number(row.map_or(0, |(count, _)| count))
    }
}

/// How the first insertion of a row stands, by the attempt that a serial read found.
fn first(found: Option<(Vec<u8>,)>, ours: crate::attempt::Attempt) -> Standing {
    match found {
        None => Standing::Before,
        Some((attempt,)) if attempt == ours => Standing::Ours,
        Some(_) => Standing::Theirs,
    }
}

/// What a request for consent may not exceed, before anything is asked of the cluster.
pub(crate) fn agreement_limits(row: &AgreementRow) -> Result<(), StoreError> {
    limits::name(&row.id)?;
    limits::body(&row.body)
}
