//! The hard limits of an agreement, counted per partner organisation over all its clients.
//!
//! Counted in this process's memory: a restart starts the day afresh (docs/threat-model.md says so).

use crate::{App, Denied, Error};
use model::{AccountId, Ceilings as Limits, Grant, PartnerId, Time};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

const DAY_MS: i64 = 86_400_000;

#[derive(Default)]
struct Counts {
    second: (i64, u32),
    /// Who was read on which day, newest day last; at most 30 days.
    days: VecDeque<(i64, HashMap<AccountId, u64>)>,
}

/// What partners have used up.
#[derive(Default)]
pub(crate) struct Ceilings {
    partners: Mutex<HashMap<PartnerId, Counts>>,
}

impl Ceilings {
    /// One more request, for one more person perhaps.
    pub(crate) fn request(&self, limits: &Limits, grant: &Grant, now: Time) -> Result<(), Error> {
        self.with(&grant.partner, now, |counts| {
            let second = now.unix_seconds();
            if counts.second.0 != second {
                counts.second = (second, 0);
            }
            if counts.second.1 >= limits.requests_per_second {
                return Err(Denied::Ceiling("requests_per_second").into());
            }
            counts.second.1 += 1;
            let new_today = !counts
                .days
                .back()
                .is_some_and(|(_, people)| people.contains_key(&grant.account));
            let today = counts.days.back().map_or(0, |(_, people)| people.len());
            if new_today && today >= limits.people_per_day as usize {
                return Err(Denied::Ceiling("people_per_day").into());
            }
            if new_today
                && !counts
                    .days
                    .iter()
                    .any(|(_, people)| people.contains_key(&grant.account))
            {
                let mut month: Vec<&AccountId> = counts.days.iter().flat_map(|(_, people)| people.keys()).collect();
                month.sort_unstable();
                month.dedup();
                if month.len() >= limits.people_per_30_days as usize {
                    return Err(Denied::Ceiling("people_per_30_days").into());
                }
            }
            Ok(())
        })
    }

    /// So many more messages of one person. Refused as a whole if they pass the limit.
    pub(crate) fn messages(&self, limits: &Limits, grant: &Grant, count: usize, now: Time) -> Result<(), Error> {
        self.with(&grant.partner, now, |counts| {
            let Some((_, people)) = counts.days.back_mut() else {
                return Ok(());
            };
            let used = people.entry(grant.account).or_default();
            let after = used.saturating_add(count as u64);
            if after > u64::from(limits.messages_per_person_per_day) {
                return Err(Denied::Ceiling("messages_per_person_per_day").into());
            }
            *used = after;
            Ok(())
        })
    }

    fn with<T>(&self, partner: &PartnerId, now: Time, use_counts: impl FnOnce(&mut Counts) -> T) -> T {
        let mut partners = self.partners.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = partners.entry(partner.clone()).or_default();
        let day = now.0.div_euclid(DAY_MS);
        // A clock set back must not open a new day: days only grow.
        if counts.days.back().is_none_or(|(last, _)| *last < day) {
            counts.days.push_back((day, HashMap::new()));
        }
        while counts.days.front().is_some_and(|(first, _)| *first <= day - 30) {
            counts.days.pop_front();
        }
        use_counts(counts)
    }
}

impl App {
    /// The limits that the grant's agreement sets.
    pub(crate) fn ceilings_of(&self, grant: &Grant) -> Result<Limits, Error> {
        let register = self.register();
        Ok(register
            .get(&grant.agreement)
            .ok_or(Denied::Agreement)?
            .ceilings
            .clone())
    }
}
