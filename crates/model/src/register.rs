//! The published agreements, as `decide` sees them.

use crate::{Agreement, AgreementRef, Reason, Time};
use std::collections::HashMap;
use std::sync::Arc;

/// Whether a published agreement answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Published and kept.
    Good,
    /// Its report is overdue past grace, or an alarm froze it: its grants answer nothing.
    Suspended,
}

/// All published agreement versions. An agreement that is not in here cannot be enforced, so a secret one cannot exist.
#[derive(Debug, Clone, Default)]
pub struct Register {
    by_ref: HashMap<AgreementRef, (Arc<Agreement>, Standing)>,
}

impl Register {
    /// Adds or replaces one version.
    pub fn insert(&mut self, agreement: Arc<Agreement>, standing: Standing) {
        self.by_ref.insert(agreement.reference(), (agreement, standing));
    }

    /// A published version, whatever its standing.
    pub fn get(&self, reference: &AgreementRef) -> Option<&Arc<Agreement>> {
        self.by_ref.get(reference).map(|(agreement, _)| agreement)
    }

    /// A published version that answers at `now`.
    pub fn in_force(&self, reference: &AgreementRef, now: Time) -> Option<&Arc<Agreement>> {
        self.answering(reference, now).ok()
    }

    /// A published version that answers at `now`, or why it does not.
    pub fn answering(&self, reference: &AgreementRef, now: Time) -> Result<&Arc<Agreement>, Reason> {
        match self.by_ref.get(reference) {
            Some((agreement, standing)) if agreement.in_force(now) => match standing {
                Standing::Good => Ok(agreement),
                Standing::Suspended => Err(Reason::Suspended),
            },
            _ => Err(Reason::Agreement),
        }
    }

    /// Where a published version stands.
    pub fn standing(&self, reference: &AgreementRef) -> Option<Standing> {
        self.by_ref.get(reference).map(|(_, standing)| *standing)
    }

    /// Every published version, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Agreement>> {
        self.by_ref.values().map(|(agreement, _)| agreement)
    }
}
