//! `Mailbox/get`, `/changes`, `/query` and `/queryChanges` (RFC 8621 section 2).

use super::standard::{
    Happened, Window, changes_response, found, get_response, numbers_of, query_changes, query_response, selected,
    state_of,
};
use super::sync::most;
use super::{Arguments, Outcome, Own, checked};
use app::Error;
use app::mail::{Folder, Index, ObjectChanges};
use serde_json::{Value, json};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use wire::jmap::{
    ChangesArguments, Comparator, Filter, GetArguments, Mailbox, MailboxFilterCondition, MailboxQueryArguments,
    MailboxQueryChangesArguments, MethodError, MethodErrorType, parse_arguments, require_known,
};

/// What moves when only mail comes, goes, or is marked.
const COUNTS: [&str; 4] = ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"];

impl Own<'_> {
    /// The state of folders and of what is in them.
    pub(super) async fn mailbox_state(&self) -> Result<String, Error> {
        let folders = self.mail.folders_state().await?;
        let states = self.mail.states().await?;
        Ok(state_of(&[folders, states.messages, states.filed]))
    }

    pub(super) async fn mailbox_get(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(GetArguments::parse(arguments));
        let properties = asked.properties.as_deref();
        checked!(properties.map_or(Ok(()), |p| require_known(p, &Mailbox::PROPERTIES)));
        let state = self.mailbox_state().await?;
        let folders = self.mail.folders().await?;
        let counts = properties.is_none_or(|p| p.iter().any(|name| COUNTS.contains(&name.as_str())));
        let index = match counts {
            true => Some(self.mail.index().await?),
            false => None,
        };
        let ids: Option<Vec<String>> = asked.ids.map(|ids| {
            let real = |id: String| self.real_id(&id).unwrap_or(id);
            ids.into_iter().map(real).collect()
        });
        let (list, not_found) = found(&folders, ids.as_deref(), |f| &f.id);
        let list = list
            .into_iter()
            .map(|f| selected(shown(f, index.as_deref()), properties))
            .collect();
        Ok(Ok(vec![(
            "Mailbox/get",
            get_response(&self.account, &state, list, not_found),
        )]))
    }

    pub(super) async fn mailbox_changes(&mut self, arguments: Arguments) -> Outcome {
        let asked: ChangesArguments = checked!(parse_arguments(arguments));
        let [folders, messages, filed] = checked!(numbers_of::<3>(&asked.since_state));
        let new_state = self.mailbox_state().await?;
        let Some(changes) = self.mail.folder_changes(folders).await? else {
            return Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        };
        let mut happened = self.folders_happened(&changes).await?;
        let named = !happened.is_empty();
        let index = self.mail.index().await?;
        let Some(mail) = self.emails_since([messages, filed], usize::MAX, &index).await? else {
            return Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        };
        let only_new = mail.happened.values().all(|how| *how == (true, true));
        for folder in self.mail.folders().await? {
            // Where what is gone or moved was before, nobody knows any more: then any count may have changed.
            let moved = match only_new {
                true => mail
                    .happened
                    .keys()
                    .filter_map(|id| self.entry(&index, id))
                    .any(|e| e.is_in(&folder.id)),
                false => true,
            };
            if moved {
                happened.entry(folder.id).or_insert((false, true));
            }
        }
        if happened.len() > most(&asked) {
            return Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        }
        let mut response = changes_response(&self.account, &asked.since_state, &new_state, false, &happened);
        if let Value::Object(members) = &mut response {
            let properties = if named || happened.is_empty() {
                Value::Null
            } else {
                json!(COUNTS)
            };
            members.insert("updatedProperties".to_owned(), properties);
        }
        Ok(Ok(vec![("Mailbox/changes", response)]))
    }

    /// Of folders that were there from the beginning, the first change is no making.
    async fn folders_happened(&self, changes: &ObjectChanges) -> Result<Happened, Error> {
        let built_in: BTreeSet<String> = self
            .mail
            .folders()
            .await?
            .into_iter()
            .filter(Folder::is_built_in)
            .map(|f| f.id)
            .collect();
        let happened = changes.changed.iter().map(|(id, (is_new, is_there))| {
            let built_in = built_in.contains(id);
            (id.clone(), (*is_new && !built_in, *is_there || built_in))
        });
        Ok(happened
            .filter(|(_, (is_new, is_there))| *is_there || !is_new)
            .collect())
    }

    pub(super) async fn mailbox_query(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(MailboxQueryArguments::parse(arguments));
        let state = self.mailbox_state().await?;
        let ids = self
            .mailbox_results(
                asked.filter.as_ref(),
                asked.sort.as_deref(),
                asked.sort_as_tree,
                asked.filter_as_tree,
            )
            .await?;
        let ids = checked!(ids);
        let window = Window {
            position: asked.position,
            anchor: asked.anchor,
            anchor_offset: asked.anchor_offset,
            limit: asked.limit,
        };
        let response = checked!(query_response(
            &self.account,
            &state,
            &window,
            &ids,
            asked.calculate_total
        ));
        Ok(Ok(vec![("Mailbox/query", response)]))
    }

    pub(super) async fn mailbox_query_changes(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(MailboxQueryChangesArguments::parse(arguments));
        let [folders, ..] = checked!(numbers_of::<3>(&asked.since_query_state));
        let state = self.mailbox_state().await?;
        let Some(changes) = self.mail.folder_changes(folders).await? else {
            return Ok(Err(MethodErrorType::CannotCalculateChanges.into()));
        };
        let results = self
            .mailbox_results(
                asked.filter.as_ref(),
                asked.sort.as_deref(),
                asked.sort_as_tree,
                asked.filter_as_tree,
            )
            .await?;
        let results = checked!(results);
        let mut changed: BTreeSet<String> = self.folders_happened(&changes).await?.into_keys().collect();
        // In a tree, a folder takes all that is in it along.
        if !changed.is_empty() && (asked.sort_as_tree || asked.filter_as_tree) {
            changed.extend(results.iter().cloned());
        }
        let changed: Vec<String> = changed.into_iter().collect();
        let most = asked
            .max_changes
            .map(|n| usize::try_from(n.get()).unwrap_or(usize::MAX));
        let response = checked!(query_changes(
            &self.account,
            (&asked.since_query_state, &state),
            &changed,
            &results,
            asked.up_to_id.as_deref(),
            most,
            asked.calculate_total,
        ));
        Ok(Ok(vec![("Mailbox/queryChanges", response)]))
    }

    async fn mailbox_results(
        &self,
        filter: Option<&Filter<MailboxFilterCondition>>,
        sort: Option<&[Comparator]>,
        as_tree: bool,
        filter_as_tree: bool,
    ) -> Result<Result<Vec<String>, MethodError>, Error> {
        let folders = self.mail.folders().await?;
        let by_id: HashMap<&str, &Folder> = folders.iter().map(|f| (f.id.as_str(), f)).collect();
        let mut wanted: Vec<&Folder> = folders.iter().filter(|f| matches(filter, f)).collect();
        if filter_as_tree {
            let ids: BTreeSet<&str> = wanted.iter().map(|f| f.id.as_str()).collect();
            wanted.retain(|f| above(f, &by_id).all(|parent| ids.contains(parent.id.as_str())));
        }
        let compare = |a: &&Folder, b: &&Folder| {
            let by = |c: &Comparator| {
                let ordering = match c.property.as_str() {
                    "name" => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
                    "sortOrder" => a.sort_order.cmp(&b.sort_order),
                    _ => parent_name(a, &by_id).cmp(&parent_name(b, &by_id)),
                };
                if c.is_ascending { ordering } else { ordering.reverse() }
            };
            let sorted = sort.unwrap_or_default().iter().map(by).find(|o| o.is_ne());
            sorted.unwrap_or_else(|| a.id.cmp(&b.id))
        };
        if sort.is_some_and(|s| !s.is_empty()) {
            wanted.sort_by(compare);
        }
        if as_tree {
            let mut rank: BTreeMap<&str, usize> = BTreeMap::new();
            for (at, folder) in wanted.iter().enumerate() {
                rank.insert(&folder.id, at);
            }
            // A folder's place is that of each folder above it, from the top, then its own.
            let path = |f: &Folder| -> Vec<usize> {
                let mut path: Vec<usize> = above(f, &by_id)
                    .map(|p| rank.get(p.id.as_str()).copied().unwrap_or(usize::MAX))
                    .collect();
                path.reverse();
                path.extend(rank.get(f.id.as_str()));
                path
            };
            let mut placed: Vec<(Vec<usize>, &Folder)> = wanted.iter().map(|f| (path(f), *f)).collect();
            placed.sort_by(|a, b| match a.0.cmp(&b.0) {
                Ordering::Equal => a.1.id.cmp(&b.1.id),
                other => other,
            });
            wanted = placed.into_iter().map(|(_, f)| f).collect();
        }
        Ok(Ok(wanted.into_iter().map(|f| f.id.clone()).collect()))
    }
}

/// The folders a folder is in, the nearest first. Never a circle: that is checked when one is moved.
fn above<'a>(folder: &'a Folder, by_id: &'a HashMap<&str, &'a Folder>) -> impl Iterator<Item = &'a Folder> {
    let parent = |f: &Folder| f.parent.as_deref().and_then(|id| by_id.get(id)).copied();
    std::iter::successors(parent(folder), move |f| parent(f)).take(100)
}

fn parent_name(folder: &Folder, by_id: &HashMap<&str, &Folder>) -> String {
    above(folder, by_id)
        .next()
        .map(|p| p.name.to_lowercase())
        .unwrap_or_default()
}

fn matches(filter: Option<&Filter<MailboxFilterCondition>>, folder: &Folder) -> bool {
    filter.is_none_or(|tree| {
        tree.matches(&|c: &MailboxFilterCondition| {
            c.parent_id.as_ref().is_none_or(|id| *id == folder.parent)
                && c.name
                    .as_ref()
                    .is_none_or(|part| folder.name.to_lowercase().contains(&part.to_lowercase()))
                && c.role.as_ref().is_none_or(|role| *role == folder.role)
                && c.has_any_role.is_none_or(|has| has == folder.role.is_some())
                && c.is_subscribed.is_none_or(|is| is == folder.subscribed)
        })
    })
}

/// A folder as its client sees it.
pub(super) fn shown(folder: &Folder, index: Option<&Index>) -> Value {
    let counts = index.map(|index| index.counts(&folder.id)).unwrap_or_default();
    let stays = folder.is_built_in();
    json!({
        "id": folder.id,
        "name": folder.name,
        "parentId": folder.parent,
        "role": folder.role,
        "sortOrder": folder.sort_order,
        "totalEmails": counts.emails,
        "unreadEmails": counts.unread_emails,
        "totalThreads": counts.threads,
        "unreadThreads": counts.unread_threads,
        "myRights": {
            "mayReadItems": true,
            "mayAddItems": true,
            "mayRemoveItems": true,
            "maySetSeen": true,
            "maySetKeywords": true,
            "mayCreateChild": true,
            "mayRename": true,
            "mayDelete": !stays,
            "maySubmit": true,
        },
        "isSubscribed": folder.subscribed,
    })
}
