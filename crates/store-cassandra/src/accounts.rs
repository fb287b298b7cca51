//! People and partners.
//!
//! An account has two names, its id and its handle, in two partitions. The handle is claimed first, by a row that holds
//! all that is needed to create the account; whoever meets a claim whose account is not there creates it. So a creation
//! that was interrupted is either finished by the next who wants that handle, or never seen. An account without its claim
//! is one that is being deleted.

use crate::CassandraStore;
use crate::attempt::Attempt;
use crate::cluster::{at, each};
use crate::decide::{Standing, decide};
use crate::shape::{id, number, stored};
use crate::statements::statements;
use crate::versioned::standing;
use async_trait::async_trait;
use store::{AccountRow, Accounts, Cas, Id, Read, StoreError, Versioned, limits};

/// Parts of the list of accounts, by the id's first byte.
const PARTS: usize = 256;
/// How many of them are read at once.
const STRIDE: usize = 64;
/// How often a claim of a handle is looked at that others are changing.
const ROUNDS: u32 = 8;

statements! {
    /// Statements on accounts and partners.
    Statements {
        account: Read "SELECT handle, version, body, claim, attempt FROM privity.accounts WHERE id = ?";
        create: If "INSERT INTO privity.accounts (id, handle, version, body, claim, attempt) VALUES (?, ?, 1, ?, ?, ?) IF NOT EXISTS";
        update: If "UPDATE privity.accounts SET version = ?, body = ?, attempt = ? WHERE id = ? IF version = ?";
        drop: If "DELETE FROM privity.accounts WHERE id = ? IF claim = ?";
        ids: Read "SELECT id FROM privity.account_ids WHERE part = ? AND id > ? LIMIT ?";
        add_id: Write "INSERT INTO privity.account_ids (part, id) VALUES (?, ?)";
        drop_id: Write "DELETE FROM privity.account_ids WHERE part = ? AND id = ?";

        handle: Read "SELECT id, body, claim FROM privity.handles WHERE handle = ?";
        claim: If "INSERT INTO privity.handles (handle, id, body, claim) VALUES (?, ?, ?, ?) IF NOT EXISTS";
        free: If "DELETE FROM privity.handles WHERE handle = ? IF claim = ?";

        partners: Read "SELECT id, version, body FROM privity.partners WHERE part = 0";
        partner: Read "SELECT version, attempt FROM privity.partners WHERE part = 0 AND id = ?";
        create_partner: If "INSERT INTO privity.partners (part, id, version, body, attempt) VALUES (0, ?, 1, ?, ?) IF NOT EXISTS";
        set_partner: If "UPDATE privity.partners SET version = ?, body = ?, attempt = ? WHERE part = 0 AND id = ? IF version = ?";
    }
}

/// An account as stored: handle, version, body, the claim it came from, who wrote it last.
type Row = (String, i64, Vec<u8>, Vec<u8>, Vec<u8>);

/// A claim of a handle.
#[derive(Debug, Clone)]
struct Claim {
    handle: String,
    id: Id,
    body: Vec<u8>,
    claim: Attempt,
}

impl CassandraStore {
    async fn account(&self, id: Id, read: Read) -> Result<Option<Row>, StoreError> {
        self.cluster.row(&at(&self.accounts.account, read), (id,)).await
    }

    async fn claim_of(&self, handle: &str, read: Read) -> Result<Option<Claim>, StoreError> {
        let row = self
            .cluster
            .row::<(Vec<u8>, Vec<u8>, Vec<u8>)>(&at(&self.accounts.handle, read), (handle,))
            .await?;
        row.map(|(owner, body, claim)| {
            Ok(Claim {
                handle: handle.to_owned(),
                id: id(&owner)?,
                body,
                claim: id(&claim)?,
            })
        })
        .transpose()
    }

    async fn create_account(&self, ours: Claim) -> Result<Cas, StoreError> {
        if self.account(ours.id, Read::Acknowledged).await?.is_some() {
            return Ok(Cas::Conflict);
        }
        for _ in 0..ROUNDS {
            if self.claim(&ours).await? == Cas::Applied {
                return self.fulfil(&ours).await;
            }
            let Some(theirs) = self.claim_of(&ours.handle, Read::Serial).await? else {
                continue;
            };
            // Perhaps its claimer died on the way; then the account is created now, as it wished. If that cannot be, since
            // the id is another's, the claim is void and gone.
            if self.fulfil(&theirs).await? == Cas::Applied {
                return Ok(Cas::Conflict);
            }
        }
        Err(StoreError::Unavailable("others keep claiming the handle".to_owned()))
    }

    async fn claim(&self, claim: &Claim) -> Result<Cas, StoreError> {
        let _pen = self.cluster.pens().take(("handle", &claim.handle)).await;
        decide(
            || {
                self.cluster.ask(
                    &self.accounts.claim,
                    (&claim.handle, claim.id, &claim.body, claim.claim),
                )
            },
            || async {
                Ok(match self.claim_of(&claim.handle, Read::Serial).await? {
                    None => Standing::Before,
                    Some(found) if found.claim == claim.claim => Standing::Ours,
                    Some(_) => Standing::Theirs,
                })
            },
        )
        .await
    }

    /// Creates the account that a claim is for, if it is not there. `Conflict`: the id is another's, and the claim is freed.
    async fn fulfil(&self, claim: &Claim) -> Result<Cas, StoreError> {
        self.cluster
            .write(&self.accounts.add_id, (part(&claim.id), claim.id))
            .await?;
        let found = self.account(claim.id, Read::Serial).await?;
        if found.is_none() {
            let _ = self.insert(claim).await?;
        }
        let found = self.account(claim.id, Read::Serial).await?;
        if found.is_some_and(|(_, _, _, by, _)| by == claim.claim) {
            // While we were at it, the account may have been deleted as a whole: then we have just brought it back.
            let stands = self.claim_of(&claim.handle, Read::Serial).await?;
            if stands.is_some_and(|stands| stands.claim == claim.claim) {
                return Ok(Cas::Applied);
            }
            self.drop_account(claim.id, &claim.claim).await?;
            return Ok(Cas::Conflict);
        }
        self.free(&claim.handle, &claim.claim).await?;
        Ok(Cas::Conflict)
    }

    async fn insert(&self, claim: &Claim) -> Result<Cas, StoreError> {
        let _pen = self.cluster.pens().take(("account", claim.id)).await;
        decide(
            || {
                let values = (claim.id, &claim.handle, &claim.body, claim.claim, claim.claim);
                self.cluster.ask(&self.accounts.create, values)
            },
            || async {
                Ok(match self.account(claim.id, Read::Serial).await? {
                    None => Standing::Before,
                    Some((_, _, _, by, _)) if by == claim.claim => Standing::Ours,
                    Some(_) => Standing::Theirs,
                })
            },
        )
        .await
    }

    async fn free(&self, handle: &str, claim: &[u8]) -> Result<(), StoreError> {
        let _pen = self.cluster.pens().take(("handle", handle)).await;
        decide(
            || self.cluster.ask(&self.accounts.free, (handle, claim)),
            || async {
                let found = self.claim_of(handle, Read::Serial).await?;
                let there = found.is_some_and(|found| found.claim == claim);
                Ok(if there { Standing::Before } else { Standing::Ours })
            },
        )
        .await
        .map(drop)
    }

    async fn drop_account(&self, id: Id, claim: &[u8]) -> Result<(), StoreError> {
        {
            let _pen = self.cluster.pens().take(("account", id)).await;
            let _ = decide(
                || self.cluster.ask(&self.accounts.drop, (id, claim)),
                || async {
                    let found = self.account(id, Read::Serial).await?;
                    let there = found.is_some_and(|(_, _, _, by, _)| by == claim);
                    Ok(if there { Standing::Before } else { Standing::Ours })
                },
            )
            .await?;
        }
        self.cluster.write(&self.accounts.drop_id, (part(&id), id)).await
    }
}

fn part(id: &Id) -> i32 {
    i32::from(id[0])
}

fn account(id: Id, (handle, version, body, ..): Row) -> Result<AccountRow, StoreError> {
    Ok(AccountRow {
        id,
        handle,
        version: number(version)?,
        body,
    })
}

#[async_trait]
impl Accounts for CassandraStore {
    async fn account_create(&self, id: Id, handle: String, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::name(&handle)?;
        limits::body(&body)?;
        self.create_account(Claim {
            handle,
            id,
            body,
            claim: self.cluster.attempt(),
        })
        .await
    }

    async fn account_get(&self, id: Id) -> Result<Option<AccountRow>, StoreError> {
        self.account(id, Read::Acknowledged)
            .await?
            .map(|row| account(id, row))
            .transpose()
    }

    async fn account_by_handle(&self, handle: String) -> Result<Option<AccountRow>, StoreError> {
        // What cannot be a handle is nobody's.
        if limits::name(&handle).is_err() {
            return Ok(None);
        }
        let Some(claim) = self.claim_of(&handle, Read::Acknowledged).await? else {
            return Ok(None);
        };
        let found = self.account(claim.id, Read::Acknowledged).await?;
        let found = found.filter(|(_, _, _, by, _)| *by == claim.claim);
        found.map(|row| account(claim.id, row)).transpose()
    }

    async fn account_update(&self, id: Id, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::body(&body)?;
        let (before, attempt) = (stored(expected), self.cluster.attempt());
        let _pen = self.cluster.pens().take(("account", id)).await;
        decide(
            || {
                let values = (before.saturating_add(1), &body, attempt, id, before);
                self.cluster.ask(&self.accounts.update, values)
            },
            || async {
                let found = self.account(id, Read::Serial).await?;
                standing(found.map(|(_, version, _, _, by)| (version, by)), before, attempt)
            },
        )
        .await
    }

    async fn account_delete(&self, id: Id) -> Result<(), StoreError> {
        // The handle first: an account without one is deleted again, one that is gone could not free it any more.
        match self.account(id, Read::Serial).await? {
            Some((handle, _, _, claim, _)) => {
                self.free(&handle, &claim).await?;
                self.drop_account(id, &claim).await
            }
            None => Ok(()),
        }
    }

    async fn accounts_list(&self, after: Option<Id>, limit: usize) -> Result<Vec<AccountRow>, StoreError> {
        limits::page(limit)?;
        let mut listed: Vec<AccountRow> = Vec::new();
        let mut part = after.map_or(0, |id| usize::from(id[0]));
        let mut after = after.map(Vec::from).unwrap_or_default();
        while part < PARTS && listed.len() < limit {
            let wanted = limit - listed.len();
            let (parts, rows) = (
                part..PARTS.min(part + STRIDE),
                i32::try_from(wanted).unwrap_or(i32::MAX),
            );
            let from = &after;
            let ids = each(parts, |part| {
                let part = i32::try_from(part).unwrap_or(i32::MAX);
                self.cluster.rows::<(Vec<u8>,)>(&self.accounts.ids, (part, from, rows))
            });
            let ids: Vec<_> = ids.await?.into_iter().flatten().take(wanted).collect();
            // One stride more only if this one was not enough.
            match ids.last() {
                Some((last,)) if ids.len() == wanted => {
                    part = last.first().map_or(PARTS, |first| usize::from(*first));
                    after.clone_from(last);
                }
                _ => part += STRIDE,
            }
            let found = each(ids, |(listed,)| async move {
                let id = id(&listed)?;
                self.account(id, Read::Acknowledged)
                    .await?
                    .map(|row| account(id, row))
                    .transpose()
            });
            listed.extend(found.await?.into_iter().flatten());
        }
        Ok(listed)
    }

    async fn partner_put(&self, id: String, expected: u64, body: Vec<u8>) -> Result<Cas, StoreError> {
        limits::name(&id)?;
        limits::body(&body)?;
        let (s, before, attempt) = (&self.accounts, stored(expected), self.cluster.attempt());
        let _pen = self.cluster.pens().take(("partner", &id)).await;
        decide(
            || async {
                match before {
                    0 => self.cluster.ask(&s.create_partner, (&id, &body, attempt)).await,
                    _ => {
                        let values = (before.saturating_add(1), &body, attempt, &id, before);
                        self.cluster.ask(&s.set_partner, values).await
                    }
                }
            },
            || async {
                let found = self.cluster.row(&at(&s.partner, Read::Serial), (&id,)).await?;
                standing(found, before, attempt)
            },
        )
        .await
    }

    async fn partners_list(&self) -> Result<Vec<(String, Versioned)>, StoreError> {
        let rows = self
            .cluster
            .rows::<(String, i64, Vec<u8>)>(&self.accounts.partners, ())
            .await?;
        let partner = |(id, version, body)| {
            Ok((
                id,
                Versioned {
                    version: number(version)?,
                    body,
                },
            ))
        };
        rows.into_iter().map(partner).collect()
    }

    async fn catalogue_put(&self, partner: String, body: Vec<u8>) -> Result<(), StoreError> {
        limits::name(&partner)?;
        limits::at_most("bytes of a catalogue", body.len(), limits::CATALOGUE)?;
        self.put_catalogue(&partner, &body).await
    }

    async fn catalogue_get(&self, partner: String) -> Result<Option<Vec<u8>>, StoreError> {
        limits::name(&partner)?;
        self.catalogue(&partner).await
    }
}
