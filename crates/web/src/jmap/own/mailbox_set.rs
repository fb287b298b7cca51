//! `Mailbox/set` (RFC 8621 section 2.5).

use super::standard::{Each, SetArguments, SetError, SetResult, patched};
use super::{Arguments, Outcome, Own, checked, mailbox};
use app::mail::{Folder, FolderFault};
use serde_json::{Map, Value};
use wire::jmap::MethodError;

/// What the server sets.
const OF_THE_SERVER: [&str; 6] = [
    "id",
    "totalEmails",
    "unreadEmails",
    "totalThreads",
    "unreadThreads",
    "myRights",
];

impl Own<'_> {
    pub(super) async fn mailbox_set(&mut self, arguments: Arguments) -> Outcome {
        let asked = checked!(SetArguments::parse(arguments, &["onDestroyRemoveEmails"]));
        let and_mail = match asked.rest.get("onDestroyRemoveEmails") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(and_mail)) => *and_mail,
            Some(_) => {
                return Ok(Err(MethodError::invalid_arguments(
                    "`onDestroyRemoveEmails` is true or false",
                )));
            }
        };
        let old_state = self.mailbox_state().await?;
        checked!(asked.in_state(&old_state));
        let mut result = SetResult::default();
        // One may be made in another that comes later in the list.
        let mut waiting = asked.create;
        while !waiting.is_empty() {
            let names: Vec<String> = waiting.iter().map(|(name, _)| format!("#{name}")).collect();
            let (ready, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(name, object)| {
                let parent = object.get("parentId").and_then(Value::as_str);
                !parent.is_some_and(|p| names.iter().any(|n| n == p) && p != format!("#{name}"))
            });
            if ready.is_empty() {
                for (name, _) in later {
                    result.create(
                        name,
                        Err(SetError::properties(&["parentId"], "these are in each other")),
                    );
                }
                break;
            }
            for (name, object) in ready {
                let made = self.mailbox_create(&object).await?;
                if let Ok(Value::Object(members)) = &made
                    && let Some(id) = members.get("id").and_then(Value::as_str)
                {
                    self.made(&name, id);
                }
                result.create(name, made);
            }
            waiting = later;
        }
        for (id, patch) in asked.update {
            let changed = self.mailbox_update(&id, &patch).await?;
            result.update(id, changed);
        }
        // Children before what they are in.
        let folders = self.mail.folders().await?;
        let mut destroy = asked.destroy;
        let depth = |id: &String| {
            let mut depth = 0;
            let mut at = folders.iter().find(|f| f.id == *id);
            while let Some(folder) = at.filter(|_| depth < 100) {
                depth += 1;
                at = folder.parent.as_ref().and_then(|p| folders.iter().find(|f| f.id == *p));
            }
            std::cmp::Reverse(depth)
        };
        destroy.sort_by_key(depth);
        for id in destroy {
            let real = self.real_id(&id).unwrap_or_else(|| id.clone());
            let removed = self.mail.folder_remove(&real, and_mail).await?;
            result.destroy(id, removed.map_err(set_error));
        }
        let new_state = self.mailbox_state().await?;
        Ok(Ok(vec![(
            "Mailbox/set",
            result.into_value(&self.account, &old_state, &new_state),
        )]))
    }

    async fn mailbox_create(&self, object: &Map<String, Value>) -> Each<Value> {
        if let Some(name) = OF_THE_SERVER.iter().find(|name| object.contains_key(**name)) {
            return Ok(Err(SetError::properties(&[name], "the server sets this")));
        }
        let empty = Folder {
            id: String::new(),
            name: String::new(),
            parent: None,
            role: None,
            sort_order: 0,
            subscribed: false,
        };
        let folder = match self.folder_of(object, empty) {
            Ok(folder) => folder,
            Err(error) => return Ok(Err(error)),
        };
        Ok(match self.mail.folder_add(folder.clone()).await? {
            Err(fault) => Err(set_error(fault)),
            Ok(id) => {
                let mut shown = mailbox::shown(&Folder { id, ..folder }, None);
                if let Value::Object(members) = &mut shown {
                    // What the client has said it knows.
                    members.retain(|name, _| OF_THE_SERVER.contains(&name.as_str()) || !object.contains_key(name));
                }
                Ok(shown)
            }
        })
    }

    async fn mailbox_update(&self, id: &str, patch: &Map<String, Value>) -> Each<Value> {
        let Some(real) = self.real_id(id) else {
            return Ok(Err(SetError::not_found()));
        };
        let folders = self.mail.folders().await?;
        let Some(folder) = folders.iter().find(|f| f.id == real) else {
            return Ok(Err(SetError::not_found()));
        };
        let Value::Object(before) = mailbox::shown(folder, None) else {
            return Ok(Err(SetError::not_found()));
        };
        let counts = ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"];
        let after = match patched(&before, patch) {
            Ok(after) => after,
            Err(error) => return Ok(Err(error)),
        };
        let changes = |name: &&&str| {
            after.get(**name) != before.get(**name) || (counts.contains(*name) && patch.contains_key(**name))
        };
        if let Some(name) = OF_THE_SERVER.iter().find(changes) {
            return Ok(Err(SetError::properties(&[name], "the server sets this")));
        }
        let changed = match self.folder_of(&after, folder.clone()) {
            Ok(changed) => changed,
            Err(error) => return Ok(Err(error)),
        };
        if folder.is_built_in() && (changed.role != folder.role || changed.parent != folder.parent) {
            return Ok(Err(SetError::new(
                "forbidden",
                "this folder keeps its place and what it is for",
            )));
        }
        Ok(match self.mail.folder_change(changed).await? {
            Err(fault) => Err(set_error(fault)),
            Ok(()) => Ok(Value::Null),
        })
    }

    /// A folder as a client describes it.
    fn folder_of(&self, object: &Map<String, Value>, mut folder: Folder) -> Result<Folder, SetError> {
        for (name, value) in object {
            let wrong = || SetError::properties(&[name], "this is of another type");
            match (name.as_str(), value) {
                ("name", Value::String(text)) => folder.name.clone_from(text),
                ("parentId", Value::Null) => folder.parent = None,
                ("parentId", Value::String(id)) => {
                    let missing = || SetError::properties(&["parentId"], "no such mailbox");
                    folder.parent = Some(self.real_id(id).ok_or_else(missing)?);
                }
                ("role", Value::Null) => folder.role = None,
                ("role", Value::String(role)) => folder.role = Some(role.clone()),
                ("sortOrder", Value::Number(n)) => {
                    folder.sort_order = n.as_u64().and_then(|n| u32::try_from(n).ok()).ok_or_else(wrong)?;
                }
                ("sortOrder", Value::Null) => folder.sort_order = 0,
                ("isSubscribed", Value::Bool(is)) => folder.subscribed = *is,
                ("isSubscribed", Value::Null) => folder.subscribed = false,
                (name, _) if OF_THE_SERVER.contains(&name) => {}
                ("name" | "parentId" | "role" | "sortOrder" | "isSubscribed", _) => return Err(wrong()),
                _ => return Err(SetError::properties(&[name], "a mailbox has no such property")),
            }
        }
        Ok(folder)
    }
}

fn set_error(fault: FolderFault) -> SetError {
    match fault {
        FolderFault::Name => SetError::properties(&["name"], "a name has 1 to 255 bytes that can be shown"),
        FolderFault::NameTaken => SetError::properties(&["name"], "there is one of this name in the same place"),
        FolderFault::Parent => SetError::properties(&["parentId"], "not there, within itself, or too deep"),
        FolderFault::Role => SetError::properties(&["role"], "no such role, or another has it"),
        FolderFault::NotFound => SetError::not_found(),
        FolderFault::BuiltIn => SetError::new("forbidden", "this folder stays"),
        FolderFault::HasChild => SetError::new("mailboxHasChild", "there are mailboxes in it"),
        FolderFault::HasMail => SetError::new("mailboxHasEmail", "there is mail in it"),
        FolderFault::TooMany => SetError::new("overQuota", "there are as many mailboxes as there may be"),
    }
}
