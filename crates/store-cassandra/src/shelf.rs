//! What people keep beside their messages.
//!
//! All documents of one kind of one person are one partition, and every change of it is one conditional group of writes on
//! its static columns: the documents, their changes and the new state come together or not at all.

use crate::CassandraStore;
use crate::attempt::Attempt;
use crate::cluster::{Group, at, each};
use crate::decide::{Standing, decide};
use crate::shape::{id, number, stored};
use crate::statements::statements;
use crate::trouble::corrupt;
use async_trait::async_trait;
use std::collections::HashMap;
use store::{Cas, DocChange, DocChanges, DocEvent, DocWrite, Id, Read, Shelf, StoreError, Versioned, limits};

/// Documents asked for at once.
const CHUNK: usize = 100;
/// How often a write is tried that others keep coming before.
const ROUNDS: u32 = 16;

statements! {
    /// Statements on documents and pieces.
    Statements {
        head: Read "SELECT state, attempt FROM privity.shelf WHERE account = ? AND kind = ? LIMIT 1";
        set_head: If "UPDATE privity.shelf SET state = ?, attempt = ? WHERE account = ? AND kind = ? IF attempt = ?";
        docs: Read "SELECT key, version, body FROM privity.shelf WHERE account = ? AND kind = ? AND part = 0 AND key IN ?";
        page: Read "SELECT key, version, body FROM privity.shelf WHERE account = ? AND kind = ? AND part = 0 AND key > ? LIMIT ?";
        feed: Read "SELECT key, body FROM privity.shelf WHERE account = ? AND kind = ? AND part = 1 AND key > ? LIMIT ?";
        line: Read "SELECT writer FROM privity.shelf WHERE account = ? AND kind = ? AND part = 1 AND key = ?";
        put_doc: Write "UPDATE privity.shelf SET version = ?, body = ? WHERE account = ? AND kind = ? AND part = 0 AND key = ?";
        drop_doc: Write "DELETE FROM privity.shelf WHERE account = ? AND kind = ? AND part = 0 AND key = ?";
        add_line: Write "UPDATE privity.shelf SET body = ?, writer = ? WHERE account = ? AND kind = ? AND part = 1 AND key = ?";
        drop_part: Write "DELETE FROM privity.shelf WHERE account = ? AND kind = ? AND part = ?";
        kinds: Read "SELECT kind FROM privity.shelf_kinds WHERE account = ?";
        add_kind: Write "INSERT INTO privity.shelf_kinds (account, kind) VALUES (?, ?)";

        piece: Read "SELECT body FROM privity.pieces WHERE account = ? AND blob_id = ? AND number = ?";
        put_piece: Write "INSERT INTO privity.pieces (account, blob_id, number, body) VALUES (?, ?, ?, ?)";
        drop_piece: Write "DELETE FROM privity.pieces WHERE account = ? AND blob_id = ? AND number = ?";
        names: Read "SELECT blob_id, number FROM privity.piece_names WHERE account = ?";
        add_name: Write "INSERT INTO privity.piece_names (account, blob_id, number) VALUES (?, ?, ?)";
        drop_name: Write "DELETE FROM privity.piece_names WHERE account = ? AND blob_id = ? AND number = ?";
    }
}

/// Where a kind stands: its state, and who brought it there.
type Head = (u64, Option<Attempt>);

impl CassandraStore {
    async fn shelf_head(&self, account: Id, kind: u8, read: Read) -> Result<Head, StoreError> {
        let row = self
            .cluster
            .row::<(Option<i64>, Option<Vec<u8>>)>(&at(&self.shelf.head, read), (account, i16::from(kind)))
            .await?;
        let Some((state, attempt)) = row else {
            return Ok((0, None));
        };
        Ok((number(state.unwrap_or(0))?, attempt.as_deref().map(id).transpose()?))
    }

    async fn docs(&self, account: Id, kind: u8, ids: &[Id]) -> Result<HashMap<Id, Versioned>, StoreError> {
        let asked: Vec<Vec<u8>> = ids.iter().map(|id| id.to_vec()).collect();
        let found = each(asked.chunks(CHUNK), |keys| {
            self.cluster
                .rows::<DocRow>(&self.shelf.docs, (account, i16::from(kind), keys))
        });
        found.await?.into_iter().flatten().map(doc).collect()
    }

    /// `None` if another came before.
    async fn docs_write_once(&self, account: Id, kind: u8, writes: &[DocWrite]) -> Result<Option<Cas>, StoreError> {
        let (state, before) = self.shelf_head(account, kind, Read::Acknowledged).await?;
        let ids: Vec<Id> = writes.iter().map(|write| write.id).collect();
        let there = self.docs(account, kind, &ids).await?;
        let version = |id: &Id| there.get(id).map_or(0, |doc| doc.version);
        if writes.iter().any(|write| version(&write.id) != write.expected) {
            return Ok(Some(Cas::Conflict));
        }
        if before.is_none() {
            let first = (account, i16::from(kind));
            self.cluster.write(&self.shelf.add_kind, first).await?;
        }
        let (attempt, kind_number) = (self.cluster.attempt(), i16::from(kind));
        let mut group = Group::conditional();
        let after = state.saturating_add(writes.len() as u64);
        group.add(
            &self.shelf.set_head,
            0,
            (stored(after), attempt, account, kind_number, before),
        );
        for (write, state) in writes.iter().zip(state.saturating_add(1)..) {
            let event = match (&write.body, write.expected) {
                (None, _) => 2,
                (Some(_), 0) => 0,
                (Some(_), _) => 1,
            };
            let line = [&[event], write.id.as_slice()].concat();
            let key = state.to_be_bytes().to_vec();
            group.add(&self.shelf.add_line, 0, (line, attempt, account, kind_number, key));
            match &write.body {
                None => group.add(&self.shelf.drop_doc, 0, (account, kind_number, write.id)),
                Some(body) => {
                    let version = stored(write.expected.saturating_add(1));
                    let values = (version, body.clone(), account, kind_number, write.id);
                    group.add(&self.shelf.put_doc, body.len(), values);
                }
            }
        }
        let decided = self.decide_shelf(account, kind, before, attempt, after, &group).await?;
        Ok((decided == Cas::Applied).then_some(Cas::Applied))
    }

    async fn decide_shelf(
        &self,
        account: Id,
        kind: u8,
        before: Option<Attempt>,
        attempt: Attempt,
        after: u64,
        group: &Group,
    ) -> Result<Cas, StoreError> {
        let look = || async {
            let (state, now) = self.shelf_head(account, kind, Read::Serial).await?;
            if now == Some(attempt) {
                return Ok(Standing::Ours);
            }
            if now == before {
                return Ok(Standing::Before);
            }
            if after == 0 || state < after {
                return Err(StoreError::Unknown("the documents were purged meanwhile".to_owned()));
            }
            // Another came after; whether we came before it, our last line in the feed says.
            let key = after.to_be_bytes().to_vec();
            let line = at(&self.shelf.line, Read::Serial);
            let line = self
                .cluster
                .row::<(Option<Vec<u8>>,)>(&line, (account, i16::from(kind), key))
                .await?;
            let ours = line
                .and_then(|(writer,)| writer)
                .is_some_and(|writer| writer == attempt);
            Ok(if ours { Standing::Ours } else { Standing::Theirs })
        };
        decide(|| self.cluster.ask_group(group), look).await
    }

    /// What stays is an empty head, so that what was under way finds another than it expects.
    async fn purge_kind(&self, account: Id, kind: u8) -> Result<(), StoreError> {
        let _pen = self.cluster.pens().take(("shelf", account, kind)).await;
        for _ in 0..ROUNDS {
            let (_, before) = self.shelf_head(account, kind, Read::Acknowledged).await?;
            let (attempt, kind_number) = (self.cluster.attempt(), i16::from(kind));
            let mut group = Group::conditional();
            let empty = (0_i64, attempt, account, kind_number, before);
            group.add(&self.shelf.set_head, 0, empty);
            for part in [0_i8, 1] {
                group.add(&self.shelf.drop_part, 0, (account, kind_number, part));
            }
            if self.decide_shelf(account, kind, before, attempt, 0, &group).await? == Cas::Applied {
                return Ok(());
            }
        }
        Err(busy())
    }

    async fn piece_drop(&self, account: Id, blob: Id, number: i64) -> Result<(), StoreError> {
        let name = (account, blob, number);
        self.cluster.write(&self.shelf.drop_piece, name).await?;
        self.cluster.write(&self.shelf.drop_name, name).await
    }
}

type DocRow = (Vec<u8>, Option<i64>, Option<Vec<u8>>);

fn doc((key, version, body): DocRow) -> Result<(Id, Versioned), StoreError> {
    let doc = Versioned {
        version: number(version.unwrap_or(0))?,
        body: body.unwrap_or_default(),
    };
    Ok((id(&key)?, doc))
}

fn busy() -> StoreError {
    StoreError::Unavailable("others keep changing the same documents".to_owned())
}

#[async_trait]
impl Shelf for CassandraStore {
    async fn docs_get(&self, account: Id, kind: u8, ids: Vec<Id>) -> Result<Vec<Option<Versioned>>, StoreError> {
        limits::page(ids.len())?;
        let found = self.docs(account, kind, &ids).await?;
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    async fn docs_list(
        &self,
        account: Id,
        kind: u8,
        after: Option<Id>,
        limit: usize,
    ) -> Result<Vec<(Id, Versioned)>, StoreError> {
        limits::page(limit)?;
        let Some(most) = i32::try_from(limit).ok().filter(|most| *most > 0) else {
            return Ok(Vec::new());
        };
        // The empty key comes before every id.
        let after = after.map_or_else(Vec::new, |id| id.to_vec());
        let values = (account, i16::from(kind), after, most);
        let rows = self.cluster.rows::<DocRow>(&self.shelf.page, values).await?;
        rows.into_iter().map(doc).collect()
    }

    async fn docs_write(&self, account: Id, kind: u8, writes: Vec<DocWrite>) -> Result<Cas, StoreError> {
        limits::docs(&writes)?;
        if writes.is_empty() {
            return Ok(Cas::Applied);
        }
        let _pen = self.cluster.pens().take(("shelf", account, kind)).await;
        for _ in 0..ROUNDS {
            if let Some(done) = self.docs_write_once(account, kind, &writes).await? {
                return Ok(done);
            }
        }
        Err(busy())
    }

    async fn docs_state(&self, account: Id, kind: u8) -> Result<u64, StoreError> {
        Ok(self.shelf_head(account, kind, Read::Acknowledged).await?.0)
    }

    async fn docs_changes(&self, account: Id, kind: u8, since: u64, limit: usize) -> Result<DocChanges, StoreError> {
        limits::page(limit)?;
        let (current, _) = self.shelf_head(account, kind, Read::Acknowledged).await?;
        if since > current {
            return Ok(DocChanges::CannotCalculate);
        }
        let wanted = limit.min(usize::try_from(current.saturating_sub(since)).unwrap_or(usize::MAX));
        let mut changes = Vec::new();
        if let Some(most) = i32::try_from(wanted).ok().filter(|most| *most > 0) {
            let values = (account, i16::from(kind), since.to_be_bytes().to_vec(), most);
            let rows = self
                .cluster
                .rows::<(Vec<u8>, Option<Vec<u8>>)>(&self.shelf.feed, values)
                .await?;
            for (key, line) in rows {
                changes.push(change(&key, &line.unwrap_or_default())?);
            }
            // It was purged between the two reads.
            if changes.first().is_none_or(|first| first.state != since + 1) {
                return Ok(DocChanges::CannotCalculate);
            }
        }
        Ok(DocChanges::Since { changes, current })
    }

    async fn piece_put(&self, account: Id, blob: Id, number: u32, body: Vec<u8>) -> Result<(), StoreError> {
        limits::piece(&body)?;
        let name = (account, blob, i64::from(number));
        self.cluster.write(&self.shelf.add_name, name).await?;
        let piece = (account, blob, i64::from(number), body);
        self.cluster.write(&self.shelf.put_piece, piece).await
    }

    async fn piece_get(&self, account: Id, blob: Id, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let name = (account, blob, i64::from(number));
        let row = self.cluster.row::<(Option<Vec<u8>>,)>(&self.shelf.piece, name).await?;
        Ok(row.map(|(body,)| body.unwrap_or_default()))
    }

    async fn pieces_delete(&self, account: Id, blob: Id, count: u32) -> Result<(), StoreError> {
        each(0..count, |number| self.piece_drop(account, blob, i64::from(number)))
            .await
            .map(drop)
    }

    async fn shelf_purge(&self, account: Id) -> Result<(), StoreError> {
        for (kind,) in self.cluster.rows::<(i16,)>(&self.shelf.kinds, (account,)).await? {
            let kind = u8::try_from(kind).map_err(|_| corrupt(format!("kind {kind} of documents")))?;
            self.purge_kind(account, kind).await?;
        }
        let names = self
            .cluster
            .rows::<(Vec<u8>, i64)>(&self.shelf.names, (account,))
            .await?;
        let names = names
            .into_iter()
            .map(|(blob, number)| Ok((id(&blob)?, number)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        each(names, |(blob, number)| self.piece_drop(account, blob, number))
            .await
            .map(drop)
    }
}

fn change(key: &[u8], line: &[u8]) -> Result<DocChange, StoreError> {
    let unreadable = || corrupt("a line of a feed of documents".to_owned());
    let (event, document) = line.split_first().ok_or_else(unreadable)?;
    Ok(DocChange {
        state: u64::from_be_bytes(key.try_into().map_err(|_| unreadable())?),
        event: match event {
            0 => DocEvent::Created,
            1 => DocEvent::Updated,
            2 => DocEvent::Removed,
            _ => return Err(unreadable()),
        },
        id: id(document)?,
    })
}
