//! What changed between two versions of an agreement.

use crate::{Chrome, Page, Tab};
use askama::Template;
use model::{Agreement, AgreementId};
use similar::{ChangeTag, TextDiff};

/// Lines around a change that are shown with it.
const AROUND: usize = 3;

/// `GET /register/{id}/{newer}/changes` (since the version before) or `?since={older}`.
#[derive(Debug, Clone, Template)]
#[template(path = "diff.html")]
pub struct AgreementDiff {
    /// Header and footer.
    pub chrome: Chrome,
    /// Which agreement.
    pub id: AgreementId,
    /// The partner's name.
    pub partner: String,
    /// The version before.
    pub older: u32,
    /// The version after.
    pub newer: u32,
    hunks: Vec<Vec<Line>>,
    added: u64,
    removed: u64,
}

/// Why two documents cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiffError {
    /// They are not versions of one agreement.
    #[error("`{0}` and `{1}` are not versions of one agreement")]
    Strangers(AgreementId, AgreementId),
    /// A document that cannot be written as JSON.
    #[error("the agreement cannot be written as JSON: {0}")]
    Json(String),
}

#[derive(Debug, Clone)]
struct Line {
    mark: Mark,
    old: Option<usize>,
    new: Option<usize>,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Same,
    Added,
    Removed,
}

impl AgreementDiff {
    /// Compares two versions, line by line of their JSON. They may come in either order.
    pub fn between(chrome: Chrome, one: &Agreement, other: &Agreement) -> Result<Self, DiffError> {
        if one.id != other.id {
            return Err(DiffError::Strangers(one.id.clone(), other.id.clone()));
        }
        let (older, newer) = if one.version <= other.version {
            (one, other)
        } else {
            (other, one)
        };
        let pretty = |a: &Agreement| serde_json::to_string_pretty(a).map_err(|e| DiffError::Json(e.to_string()));
        let (before, after) = (pretty(older)?, pretty(newer)?);
        let diff = TextDiff::from_lines(before.as_str(), after.as_str());
        let mut hunks = Vec::new();
        for group in diff.grouped_ops(AROUND) {
            let mut lines = Vec::new();
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                lines.push(Line {
                    mark: match change.tag() {
                        ChangeTag::Equal => Mark::Same,
                        ChangeTag::Insert => Mark::Added,
                        ChangeTag::Delete => Mark::Removed,
                    },
                    old: change.old_index().map(|i| i + 1),
                    new: change.new_index().map(|i| i + 1),
                    text: change.value().trim_end_matches('\n').to_owned(),
                });
            }
            hunks.push(lines);
        }
        let tally = |mark| hunks.iter().flatten().filter(|l| l.mark == mark).count() as u64;
        Ok(Self {
            chrome,
            id: newer.id.clone(),
            partner: newer.partner.name.clone(),
            older: older.version,
            newer: newer.version,
            added: tally(Mark::Added),
            removed: tally(Mark::Removed),
            hunks,
        })
    }
}
