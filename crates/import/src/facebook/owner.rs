//! Whose export it is.

use super::head::{Head, Schema};
use super::thread;
use crate::export::{Export, Member};
use crate::json::Document;
use crate::mojibake::repair;
use crate::{ImportError, Limits};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// Threads looked at before a name is taken to be in all.
const ENOUGH: usize = 200;

/// The owner's name as it stands in the messages: from `profile_information.json` if that is there, else the one name
/// that is in all threads. `None` if there is no such name, or more than one.
///
/// # Errors
/// Only if the export cannot be opened; what cannot be read in it tells nothing.
pub fn guess_owner(path: &Path, limits: &Limits) -> Result<Option<String>, ImportError> {
    let is_profile = |path: &str| path.rsplit('/').next() == Some("profile_information.json");
    let mut export = Export::open(path, limits, |path| is_profile(path) || thread::of(path).is_some())?;
    let members = std::mem::take(&mut export.members);
    for member in members.iter().filter(|m| is_profile(&m.path)) {
        if let Some(name) = profile_name(&mut export, member, limits) {
            return Ok(Some(name));
        }
    }
    let mut common: Option<BTreeSet<String>> = None;
    let mut read = 0;
    for member in members.iter().filter(|m| !is_profile(&m.path)) {
        let names = participants(&mut export, member, limits);
        if names.is_empty() {
            continue;
        }
        common = Some(match common {
            None => names,
            Some(common) => common.intersection(&names).cloned().collect(),
        });
        read += 1;
        if read == ENOUGH {
            break;
        }
    }
    let mut common = common.unwrap_or_default();
    Ok(common.pop_first().filter(|_| common.is_empty()))
}

fn profile_name(export: &mut Export, member: &Member, limits: &Limits) -> Option<String> {
    #[derive(Deserialize)]
    struct File {
        // The key carries the version of its schema.
        #[serde(alias = "profile_v2")]
        profile: Profile,
    }
    #[derive(Deserialize)]
    struct Profile {
        name: Name,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Name {
        Whole(String),
        Parts { full_name: String },
    }
    let mut json = Vec::new();
    let input = export.read(member).ok()?;
    input.take(limits.value_bytes as u64).read_to_end(&mut json).ok()?;
    let file: File = serde_json::from_slice(&json).ok()?;
    let (Name::Whole(name) | Name::Parts { full_name: name }) = file.profile.name;
    Some(repair(Cow::Owned(name)).text.into_owned()).filter(|name| !name.is_empty())
}

fn participants(export: &mut Export, member: &Member, limits: &Limits) -> BTreeSet<String> {
    let Ok(input) = export.read(member) else {
        return BTreeSet::new();
    };
    let head = Head::read_participants(&mut Document::new(input, limits.value_bytes), limits);
    let schema = head.schema;
    let name = |name| match schema {
        Some(Schema::Plain) => repair(Cow::Owned(name)).text.into_owned(),
        _ => name,
    };
    head.participants.into_iter().map(name).collect()
}
