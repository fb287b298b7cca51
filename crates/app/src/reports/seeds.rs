//! Seeds: recommendations that the platform had sent itself, to see whether they are reported.

use super::filing::Subject;
use super::row::id_of;
use crate::mail::Kind;
use crate::{App, Error};
use model::AgreementRef;
use report::{Counts, Seed};

/// Seeds of one period at most.
const SEEDS_LIMIT: usize = 500;

impl App {
    /// Notes a seed, until the period's report comes. The partner is not told.
    pub async fn report_seed(&self, agreement: &AgreementRef, seed: &Seed) -> Result<usize, Error> {
        let published = self.published(agreement).ok_or(Error::NotFound)?;
        let subject =
            Subject::of(published).ok_or_else(|| Error::Invalid("this agreement's lists make no report".into()))?;
        let period = subject
            .calendar
            .period_at(seed.at)
            .ok_or_else(|| Error::Invalid("the agreement has no period at that time".into()))?;
        seed.add_to(&mut Counts::new(subject.domain.clone(), period))
            .map_err(|error| Error::Invalid(error.to_string()))?;
        let shelf = self.platform_shelf().await?;
        shelf
            .change(
                Kind::ReportSeeds,
                id_of(agreement, period.number),
                |there: Option<Vec<Seed>>| {
                    let mut seeds = there.unwrap_or_default();
                    if seeds.len() >= SEEDS_LIMIT {
                        return Err(Error::TooLarge(format!("a period has at most {SEEDS_LIMIT} seeds")));
                    }
                    seeds.push(seed.clone());
                    let count = seeds.len();
                    Ok((Some(seeds), count))
                },
            )
            .await
    }
}
