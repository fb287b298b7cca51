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
    /// The day, and the grants of that day.
    grants: (i64, u32),
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
            let used = counts
                .days
                .back()
                .and_then(|(_, people)| people.get(&grant.account).copied());
            // Used up is used up before anything is looked at: a refusal must not depend on what there is.
            if used.is_some_and(|n| n >= u64::from(limits.messages_per_person_per_day)) {
                return Err(Denied::Ceiling("messages_per_person_per_day").into());
            }
            let new_today = used.is_none();
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
            // Counted at once, so that those asked for at the same time count too.
            if let Some((_, people)) = counts.days.back_mut() {
                people.entry(grant.account).or_default();
            }
            Ok(())
        })
    }

    /// So many more messages of one person. Refused as a whole if they pass the limit, and then nothing is left of it.
    pub(crate) fn messages(&self, limits: &Limits, grant: &Grant, count: usize, now: Time) -> Result<(), Error> {
        self.with(&grant.partner, now, |counts| {
            let Some((_, people)) = counts.days.back_mut() else {
                return Ok(());
            };
            let used = people.entry(grant.account).or_default();
            let after = used.saturating_add(count as u64);
            *used = after;
            match after > u64::from(limits.messages_per_person_per_day) {
                true => Err(Denied::Ceiling("messages_per_person_per_day").into()),
                false => Ok(()),
            }
        })
    }

    /// One more grant.
    pub(crate) fn grant(&self, limits: &Limits, partner: &PartnerId, now: Time) -> Result<(), Error> {
        self.with(partner, now, |counts| {
            let today = counts.days.back().map_or(0, |(day, _)| *day);
            if counts.grants.0 != today {
                counts.grants = (today, 0);
            }
            if counts.grants.1 >= limits.new_grants_per_day {
                return Err(Denied::Ceiling("new_grants_per_day").into());
            }
            counts.grants.1 += 1;
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

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Action, Conversations, FieldSet, GrantId, GrantState, Purpose, Terms};

    const LIMITS: Limits = Limits {
        people_per_day: 2,
        people_per_30_days: 3,
        requests_per_second: 2,
        messages_per_person_per_day: 10,
        new_grants_per_day: 2,
        sends_per_person_per_day: None,
    };

    fn grant(person: u8) -> Grant {
        let now = Time(0);
        Grant {
            id: GrantId([person; 16]),
            account: AccountId([person; 16]),
            partner: "marquee".parse().unwrap(),
            client: "marquee-web".parse().unwrap(),
            agreement: "films@1".parse().unwrap(),
            terms: Terms {
                purpose: Purpose::Recommendations,
                actions: [Action::Read].into(),
                fields: FieldSet::ALL,
                conversations: Conversations::All,
                until: now.plus_days(90),
            },
            state: GrantState::Requested,
            created_at: now,
            updated_at: now,
            unentered: None,
        }
    }

    fn which(result: Result<(), Error>) -> Option<&'static str> {
        match result {
            Ok(()) => None,
            Err(Error::Denied(Denied::Ceiling(which))) => Some(which),
            Err(other) => panic!("{other}"),
        }
    }

    /// One person read at a time; returns what stopped it.
    fn read(ceilings: &Ceilings, person: u8, now: Time) -> Option<&'static str> {
        let grant = grant(person);
        which(ceilings.request(&LIMITS, &grant, now)).or_else(|| which(ceilings.messages(&LIMITS, &grant, 1, now)))
    }

    #[test]
    fn each_ceiling_stops_what_it_counts_and_ends_with_its_period() {
        let ceilings = Ceilings::default();
        let second = |n: i64| Time(n * 1_000);
        assert_eq!(read(&ceilings, 1, second(0)), None);
        assert_eq!(read(&ceilings, 1, second(0)), None);
        assert_eq!(read(&ceilings, 1, second(0)), Some("requests_per_second"));
        assert_eq!(read(&ceilings, 2, second(1)), None);
        assert_eq!(read(&ceilings, 3, second(2)), Some("people_per_day"));
        let tomorrow = Time(0).plus_days(1);
        assert_eq!(read(&ceilings, 3, tomorrow), None);
        assert_eq!(read(&ceilings, 4, tomorrow), Some("people_per_30_days"));
        let later = Time(tomorrow.0 + 1_000);
        assert_eq!(read(&ceilings, 1, later), None, "whom it knows this month");
        let ceilings_at_once = Ceilings::default();
        for person in 1..=2 {
            assert_eq!(which(ceilings_at_once.request(&LIMITS, &grant(person), Time(0))), None);
        }
        let third = ceilings_at_once.request(&LIMITS, &grant(3), second(1));
        assert_eq!(
            which(third),
            Some("people_per_day"),
            "asked for before the first two were answered"
        );
        assert_eq!(read(&ceilings, 4, Time(0).plus_days(31)), None);
    }

    #[test]
    fn messages_over_the_ceiling_are_refused_as_a_whole() {
        let ceilings = Ceilings::default();
        let ana = grant(1);
        ceilings.request(&LIMITS, &ana, Time(0)).unwrap();
        assert_eq!(which(ceilings.messages(&LIMITS, &ana, 9, Time(0))), None);
        let over = ceilings.messages(&LIMITS, &ana, 2, Time(0));
        assert_eq!(which(over), Some("messages_per_person_per_day"));
        let again = ceilings.request(&LIMITS, &ana, Time(0));
        assert_eq!(
            which(again),
            Some("messages_per_person_per_day"),
            "used up, and said before anything is looked at"
        );
    }

    #[test]
    fn new_grants_are_counted_by_day_and_a_clock_set_back_opens_no_new_one() {
        let ceilings = Ceilings::default();
        let marquee = "marquee".parse().unwrap();
        let at = |day| which(ceilings.grant(&LIMITS, &marquee, Time(0).plus_days(day)));
        assert_eq!((at(5), at(5), at(5)), (None, None, Some("new_grants_per_day")));
        assert_eq!(at(4), Some("new_grants_per_day"));
        assert_eq!(at(6), None);
    }
}
