//! Folders. Some are there from the beginning and stay; others she makes.

use super::{Kind, Mail, Refiling, SetChange, parse_id, show_id};
use crate::Error;
use model::MessageId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::Id;

/// Folders a person has at most.
const MOST: usize = 1_000;
/// Folders within folders.
pub const DEEPEST: usize = 10;
/// Bytes of a name.
const NAME: usize = 255;
/// Messages filed anew in one write.
const BATCH: usize = 500;

/// Those from the beginning: id (which is also the role), name, and place in the list.
const BUILT_IN: [(&str, &str, u32); 6] = [
    ("inbox", "Inbox", 10),
    ("drafts", "Drafts", 20),
    ("sent", "Sent", 30),
    ("archive", "Archive", 40),
    ("junk", "Spam", 50),
    ("trash", "Trash", 60),
];

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folder {
    /// Its id, as clients know it.
    #[serde(skip)]
    pub id: String,
    /// Its name.
    pub name: String,
    /// The folder it is in; `None`: at the top.
    pub parent: Option<String>,
    /// What it is for.
    pub role: Option<String>,
    /// Its place in the list.
    pub sort_order: u32,
    /// Whether she wants to see it.
    pub subscribed: bool,
}

/// What is wrong with a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderFault {
    /// Its name is empty, too long, or has characters that do not show.
    Name,
    /// Another in the same place has the name.
    NameTaken,
    /// Its parent is not there, is within it, or too deep.
    Parent,
    /// Another has the role, or there is none of that name.
    Role,
    /// It is not there.
    NotFound,
    /// It was there from the beginning.
    BuiltIn,
    /// There are folders in it.
    HasChild,
    /// There is mail in it.
    HasMail,
    /// She has as many as there may be.
    TooMany,
}

/// What folders can be for (RFC 8621 section 2; the registry of RFC 8457).
const ROLES: [&str; 10] = [
    "inbox",
    "drafts",
    "sent",
    "archive",
    "junk",
    "trash",
    "important",
    "all",
    "flagged",
    "subscribed",
];

impl Folder {
    /// Whether it was there from the beginning.
    pub fn is_built_in(&self) -> bool {
        BUILT_IN.iter().any(|(id, ..)| *id == self.id)
    }
}

fn doc_id(folder: &str) -> Option<Id> {
    match (1..).zip(BUILT_IN).find(|(_, (id, ..))| *id == folder) {
        Some((n, _)) => Some(u128::to_be_bytes(n)),
        None => parse_id(folder),
    }
}

fn folder_id(id: Id) -> String {
    let built_in = (1..).zip(BUILT_IN).find(|(n, _)| u128::to_be_bytes(*n) == id);
    built_in.map_or_else(|| show_id(id), |(_, (name, ..))| name.to_owned())
}

impl Mail<'_> {
    /// All folders, in the order of the list.
    pub async fn folders(&self) -> Result<Vec<Folder>, Error> {
        let built_in = BUILT_IN.map(|(id, name, sort_order)| Folder {
            id: id.to_owned(),
            name: name.to_owned(),
            parent: None,
            role: Some(id.to_owned()),
            sort_order,
            subscribed: true,
        });
        let mut folders: BTreeMap<String, Folder> = built_in.into_iter().map(|f| (f.id.clone(), f)).collect();
        for (id, doc) in self.docs::<Folder>(Kind::Folder).await? {
            let id = folder_id(id);
            folders.insert(id.clone(), Folder { id, ..doc.body });
        }
        let mut folders: Vec<Folder> = folders.into_values().collect();
        folders.sort_by(|a, b| (a.sort_order, &a.name, &a.id).cmp(&(b.sort_order, &b.name, &b.id)));
        Ok(folders)
    }

    /// How often folders were changed.
    pub async fn folders_state(&self) -> Result<u64, Error> {
        self.state(Kind::Folder).await
    }

    /// Makes a folder; returns its id.
    pub async fn folder_add(&self, folder: Folder) -> Result<Result<String, FolderFault>, Error> {
        let all = self.folders().await?;
        let folder = Folder {
            id: show_id(self.new_id()),
            ..folder
        };
        if all.len() >= MOST {
            return Ok(Err(FolderFault::TooMany));
        }
        if let Err(fault) = check(&folder, &all) {
            return Ok(Err(fault));
        }
        self.folder_put(folder).await.map(Ok)
    }

    /// Changes a folder.
    pub async fn folder_change(&self, folder: Folder) -> Result<Result<(), FolderFault>, Error> {
        let all = self.folders().await?;
        if !all.iter().any(|there| there.id == folder.id) {
            return Ok(Err(FolderFault::NotFound));
        }
        if let Err(fault) = check(&folder, &all) {
            return Ok(Err(fault));
        }
        if all.contains(&folder) {
            return Ok(Ok(()));
        }
        self.folder_put(folder).await?;
        Ok(Ok(()))
    }

    async fn folder_put(&self, folder: Folder) -> Result<String, Error> {
        let id = doc_id(&folder.id).ok_or(Error::NotFound)?;
        self.change(Kind::Folder, id, |_| Ok((Some(folder.clone()), ())))
            .await?;
        Ok(folder.id)
    }

    /// Removes a folder. With `and_mail`, what is in it and nowhere else is removed for good, and the rest taken out of it;
    /// else it must be empty.
    pub async fn folder_remove(&self, folder: &str, and_mail: bool) -> Result<Result<(), FolderFault>, Error> {
        let all = self.folders().await?;
        let Some(found) = all.iter().find(|there| there.id == folder) else {
            return Ok(Err(FolderFault::NotFound));
        };
        if found.is_built_in() {
            return Ok(Err(FolderFault::BuiltIn));
        }
        if all.iter().any(|there| there.parent.as_deref() == Some(folder)) {
            return Ok(Err(FolderFault::HasChild));
        }
        let index = self.index().await?;
        let in_it: Vec<(MessageId, bool)> = index
            .entries()
            .iter()
            .filter(|e| e.is_in(folder))
            .map(|e| (e.id, e.folders().count() == 1))
            .collect();
        drop(index);
        if !in_it.is_empty() && !and_mail {
            return Ok(Err(FolderFault::HasMail));
        }
        let of = |only: bool| in_it.iter().filter(move |(_, o)| *o == only).map(|(id, _)| *id);
        self.remove(&of(true).collect::<Vec<_>>()).await?;
        let out = SetChange {
            whole: None,
            each: BTreeMap::from([(folder.to_owned(), false)]),
        };
        let changes: Vec<Refiling> = of(false)
            .map(|id| Refiling {
                id,
                folders: out.clone(),
                keywords: SetChange::default(),
            })
            .collect();
        for batch in changes.chunks(BATCH) {
            self.refile(batch).await?;
        }
        let id = doc_id(folder).ok_or(Error::NotFound)?;
        self.change::<Folder, _>(Kind::Folder, id, |_| Ok((None, ()))).await?;
        Ok(Ok(()))
    }

    /// What happened to folders since a state, as `(id, is there)`, oldest first, and the state these lead to.
    pub async fn folder_changes(&self, since: u64) -> Result<Option<super::ObjectChanges>, Error> {
        let changes = self.changes_of(Kind::Folder, since, usize::MAX).await?;
        Ok(changes.map(|changes| changes.named(folder_id)))
    }
}

fn check(folder: &Folder, all: &[Folder]) -> Result<(), FolderFault> {
    let name = folder.name.as_str();
    if name.trim().is_empty() || name.len() > NAME || name.chars().any(char::is_control) {
        return Err(FolderFault::Name);
    }
    let others = || all.iter().filter(|there| there.id != folder.id);
    if others().any(|there| there.parent == folder.parent && there.name == folder.name) {
        return Err(FolderFault::NameTaken);
    }
    if let Some(role) = folder.role.as_deref() {
        let known = ROLES.contains(&role);
        if !known || others().any(|there| there.role.as_deref() == Some(role)) {
            return Err(FolderFault::Role);
        }
    }
    // Upwards from its parent: it must end at the top, and not come by the folder itself.
    let mut seen = BTreeSet::from([folder.id.as_str()]);
    let mut parent = folder.parent.as_deref();
    while let Some(id) = parent {
        let there = all.iter().find(|there| there.id == id).ok_or(FolderFault::Parent)?;
        if !seen.insert(&there.id) || seen.len() > DEEPEST {
            return Err(FolderFault::Parent);
        }
        parent = there.parent.as_deref();
    }
    Ok(())
}
