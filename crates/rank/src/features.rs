//! What speaks for a title in a context: a few numbers, that `fusion` weighs.

use crate::catalogue::{Catalogue, YEARS};
use crate::context::{Case, Heeded};
use crate::parts::Parts;
use crate::rows::{Rows, at, dot};
use crate::taste::{Inputs, WIDTH};
use model::Facet;

/// How many features there are.
pub(crate) const COUNT: usize = 16;
/// Those that only speak of titles which were mentioned already stand at the end.
pub(crate) const FRESH: usize = 13;
pub(crate) const TASTE: [usize; 3] = [2, 3, 4];
pub(crate) const TALK: [usize; 2] = [5, 6];
pub(crate) const GENRE: usize = 7;
pub(crate) const FACET: usize = 9;
pub(crate) const FACET_GENRE: usize = 10;
pub(crate) const PERSON: usize = 11;
pub(crate) const CAST: usize = 12;

/// What a title has that nobody speaks for, before the logarithm.
const FLOOR: f32 = 0.003;
/// How much less a title counts for each turn since.
const FADE: f32 = 0.2;
const FACET_FADE: f32 = 0.5;
/// Distinct titles after which it makes no difference how many more there are.
const MANY: usize = 6;

/// Facets counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Facetted {
    /// For each facet, how often each title was mentioned first after it.
    pub counts: Rows,
    /// For each facet and title, the logarithm of how much likelier the facet makes it.
    titles: Vec<f32>,
    /// The same for genres.
    genres: Vec<f32>,
}

impl Facetted {
    pub fn count(catalogue: &Catalogue, popular: &[f32], cases: &[Case]) -> Self {
        let mut full = vec![0.0f32; Facet::COUNT * catalogue.len()];
        for case in cases.iter().filter(|case| case.someone) {
            for (facet, _) in &case.heeded.facets {
                for title in &case.fresh {
                    if let Some(count) = full.get_mut(usize::from(*facet) * catalogue.len() + *title as usize) {
                        *count += 1.0;
                    }
                }
            }
        }
        let mut counts = Rows::default();
        for row in full.chunks(catalogue.len().max(1)).take(Facet::COUNT) {
            counts.push((0..).zip(row.iter().copied()).filter(|(_, count)| *count > 0.0));
        }
        Self::of(counts, catalogue, popular)
    }

    pub fn of(counts: Rows, catalogue: &Catalogue, popular: &[f32]) -> Self {
        let (titles, genres) = (catalogue.len(), catalogue.genre_count);
        let mut usual = vec![0.0f32; genres];
        for (title, popular) in popular.iter().enumerate() {
            catalogue.genres.add_to(title, popular.exp(), &mut usual);
        }
        let all: f32 = usual.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        let mut out = Self {
            titles: Vec::with_capacity(Facet::COUNT * titles),
            genres: Vec::with_capacity(Facet::COUNT * genres),
            counts,
        };
        let mut row = vec![0.0f32; titles];
        for facet in 0..Facet::COUNT {
            row.fill(0.0);
            out.counts.add_to(facet, 1.0, &mut row);
            let sum: f32 = row.iter().sum();
            // As if thirty more had been mentioned as usual.
            let smooth =
                |(count, popular): (&f32, &f32)| ((count + 30.0 * popular.exp()) / (sum + 30.0)).ln() - popular;
            out.titles.extend(row.iter().zip(popular).map(smooth));
            let mut shares = vec![0.0f32; genres];
            for (title, count) in row.iter().enumerate().filter(|(_, count)| **count > 0.0) {
                catalogue.genres.add_to(title, *count, &mut shares);
            }
            if sum == 0.0 {
                // Nobody has been heard yet: a facet means the genre of its name.
                catalogue.genres_like(facet, &mut shares);
            }
            let sum: f32 = shares.iter().sum::<f32>();
            if sum == 0.0 {
                out.genres.resize(out.genres.len() + genres, 0.0);
                continue;
            }
            let sum = sum + 1.0;
            let likelier = |(share, usual): (&f32, &f32)| ((share / sum + 0.02) / (usual / all + 0.02)).ln();
            out.genres.extend(shares.iter().zip(&usual).map(likelier));
        }
        out
    }

    /// What a facet says for a title, by itself and by its genres.
    pub fn says(&self, facet: u8, title: u32, catalogue: &Catalogue) -> (f32, f32) {
        let facet = usize::from(facet);
        let genres = crate::rows::row(&self.genres, catalogue.genre_count, facet);
        let count = catalogue.genres.row(title as usize).count().max(1) as f32;
        (
            at(&self.titles, facet * catalogue.len() + title as usize),
            catalogue.genres.times(title as usize, genres) / count,
        )
    }
}

/// A context made ready: what each title gets from it.
pub(crate) struct Ready<'m> {
    parts: &'m Parts,
    /// Its point in the space of tastes.
    pub point: Vec<f32>,
    /// What speaks for each title by being mentioned with it: before and after the logarithm.
    pub talk: Vec<f32>,
    pub talk_log: Vec<f32>,
    facet: Vec<f32>,
    /// For each genre, rarer ones more.
    pub genre: Vec<f32>,
    facet_genre: Vec<f32>,
    person: Vec<f32>,
    cast: Vec<f32>,
    years: Vec<f32>,
    /// For each title: mentioned, in the last turn, by someone else.
    said: Vec<[f32; 3]>,
    /// How much is known: nothing, and up to much.
    nothing: f32,
    much: f32,
}

/// How much a title that was mentioned so many turns ago counts.
pub(crate) fn faded(ago: u32) -> f32 {
    1.0 / (1.0 + FADE * ago as f32)
}

/// How much a facet counts after so many turns.
pub(crate) fn facet_faded(ago: u32) -> f32 {
    1.0 / (1.0 + FACET_FADE * ago as f32)
}

/// What all mentions' counts are divided by.
pub(crate) fn shared(heeded: &Heeded) -> f32 {
    let sum: f32 = heeded.liked().map(|heard| faded(heard.ago)).sum();
    sum.max(1.0).sqrt()
}

/// The logarithm by which the talk speaks; 0 is silence.
pub(crate) fn talk_log(talk: f32) -> f32 {
    ((talk + FLOOR) / FLOOR).ln()
}

impl<'m> Ready<'m> {
    pub fn new(parts: &'m Parts, heeded: &Heeded) -> Self {
        let catalogue = &parts.catalogue;
        let titles = catalogue.len();
        let mut ready = Self {
            parts,
            point: parts
                .taste
                .point(&Inputs::of(catalogue, parts.taste.cues).read(heeded, catalogue)),
            talk: vec![0.0; titles],
            talk_log: vec![0.0; titles],
            facet: vec![0.0; titles],
            genre: vec![0.0; catalogue.genre_count],
            facet_genre: vec![0.0; catalogue.genre_count],
            person: vec![0.0; titles],
            cast: vec![0.0; titles],
            years: Vec::new(),
            said: vec![[0.0; 3]; titles],
            nothing: 0.0,
            much: 0.0,
        };
        let by = 1.0 / shared(heeded);
        let (mut year_sum, mut year_count) = (0.0f32, 0.0f32);
        for heard in heeded.liked() {
            let weight = by * faded(heard.ago);
            parts.strengths.add_to(heard.title as usize, weight, &mut ready.talk);
            catalogue.weighed.add_to(heard.title as usize, weight, &mut ready.genre);
            // Everyone in it speaks for all that she is in.
            for (person, share) in catalogue.cast.row(heard.title as usize) {
                for (other, _) in catalogue.credits.row(person as usize) {
                    let theirs = catalogue.cast.row(other as usize).find(|(p, _)| *p == person);
                    if let (Some(place), Some((_, theirs))) = (ready.cast.get_mut(other as usize), theirs) {
                        *place += faded(heard.ago) * share * theirs;
                    }
                }
            }
            if let Some(year) = catalogue.years.get(heard.title as usize).filter(|y| **y > 0) {
                year_sum += f32::from(*year);
                year_count += 1.0;
            }
        }
        for (log, talk) in ready.talk_log.iter_mut().zip(&ready.talk) {
            if *talk > 0.0 {
                *log = talk_log(*talk);
            }
        }
        for heard in &heeded.titles {
            if let Some(said) = ready.said.get_mut(heard.title as usize) {
                *said = [
                    1.0,
                    f32::from(u8::from(heard.ago == 0)),
                    f32::from(u8::from(heard.by_someone)),
                ];
            }
        }
        for (facet, ago) in &heeded.facets {
            let (facet, weight) = (usize::from(*facet), facet_faded(*ago));
            let likelier = &parts.facetted;
            crate::rows::add(
                &mut ready.facet,
                weight,
                crate::rows::row(&likelier.titles, titles, facet),
            );
            let genres = crate::rows::row(&likelier.genres, catalogue.genre_count, facet);
            crate::rows::add(&mut ready.facet_genre, weight, genres);
        }
        for title in &heeded.credits {
            if let Some(person) = ready.person.get_mut(*title as usize) {
                *person = 1.0;
            }
        }
        // The years lie around the mean of those mentioned; an unknown year is as far as a few away.
        ready.years = std::iter::once(0)
            .chain(YEARS)
            .map(|year| match year_count > 0.0 && year > 0 {
                true => -((year_sum / year_count - f32::from(year)).abs() / 3.0).ln_1p(),
                false => -1.0,
            })
            .collect();
        let distinct = heeded.liked().count();
        ready.nothing = f32::from(u8::from(distinct == 0));
        ready.much = distinct.min(MANY) as f32 / MANY as f32;
        ready
    }

    /// Shows the features of every title, in the catalogue's order.
    pub fn each(&self, mut see: impl FnMut(u32, &[f32; COUNT])) {
        let parts = self.parts;
        let catalogue = &parts.catalogue;
        let titles = (0u32..)
            .zip(parts.taste.leave.chunks_exact(WIDTH))
            .zip(&parts.taste.bias);
        let counted = parts
            .popular
            .iter()
            .zip(&self.talk_log)
            .zip(&self.facet)
            .zip(&self.person)
            .zip(&self.cast);
        let known = catalogue.years.iter().zip(&self.said);
        for ((((title, leave), bias), ((((popular, talk), facet), person), cast)), (year, said)) in
            titles.zip(counted).zip(known)
        {
            let taste = dot(&self.point, leave) + bias;
            let (mut genre, mut facet_genre, mut count) = (0.0, 0.0, 0.0f32);
            for (column, weight) in catalogue.weighed.row(title as usize) {
                genre += weight * at(&self.genre, column as usize);
                facet_genre += at(&self.facet_genre, column as usize);
                count += 1.0;
            }
            let year = match year {
                0 => 0,
                year => usize::from(year.saturating_sub(YEARS.start)) + 1,
            };
            let [said, said_last, said_by_someone] = *said;
            see(
                title,
                &[
                    *popular,
                    *popular * self.nothing,
                    taste,
                    taste * self.nothing,
                    taste * self.much,
                    *talk,
                    *talk * self.much,
                    genre,
                    at(&self.years, year),
                    *facet,
                    facet_genre / count.max(1.0),
                    *person,
                    *cast,
                    said,
                    said_last,
                    said_by_someone,
                ],
            );
        }
    }

    /// By how much the taste, and the talk, count in this context.
    pub fn weights(&self, weights: &[f32; COUNT]) -> (f32, f32) {
        let [taste, taste_nothing, taste_much] = TASTE.map(|at| weights.get(at).copied().unwrap_or(0.0));
        let [talk, talk_much] = TALK.map(|at| weights.get(at).copied().unwrap_or(0.0));
        (
            taste + taste_nothing * self.nothing + taste_much * self.much,
            talk + talk_much * self.much,
        )
    }
}
