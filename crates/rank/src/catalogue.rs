//! A catalogue by numbers: who is in a title, of which kind, from when.

use crate::rows::Rows;
use crate::special::is_special;
use model::{Facet, Title, TitleId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Years that are told apart; others count as unknown.
pub(crate) const YEARS: std::ops::Range<u16> = 1880..2080;
/// Years to a step of the space of tastes.
const STEP: u16 = 5;

/// What the models know of a catalogue.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Catalogue {
    pub ids: Vec<TitleId>,
    /// 0 if unknown.
    pub years: Vec<u16>,
    /// For each title its genres, each by 1.
    pub genres: Rows,
    /// Names of genres, folded, in order.
    pub genre_names: Vec<String>,
    /// How many there are.
    pub genre_count: usize,
    /// Names of people, folded, in order.
    pub people: Vec<String>,
    /// For each of them the titles that she is in, each by 1.
    pub credits: Rows,
    /// Titles that are never signals.
    pub special: Vec<bool>,
    pub by_id: HashMap<TitleId, u32>,
    /// The genres, rarer ones more, each row of length 1.
    pub weighed: Rows,
    /// The people of each title, in the same way.
    pub cast: Rows,
}

impl Catalogue {
    /// Derives what is not kept.
    pub fn finish(mut self) -> Self {
        self.by_id = self.ids.iter().cloned().zip(0..).collect();
        self.genre_count = self.genre_names.len();
        self.weighed = weighed(&self.genres, self.genre_count);
        self.cast = weighed(&turned(&self.credits, self.ids.len()), self.people.len());
        self
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The titles that a person is in, by a name in any case.
    pub fn credits_of(&self, name: &str) -> impl Iterator<Item = u32> + '_ {
        let number = self.people.binary_search(&folded(name)).ok();
        number
            .into_iter()
            .flat_map(|n| self.credits.row(n).map(|(title, _)| title))
    }

    /// Marks the genres that have a facet's name, whatever the hyphens.
    pub fn genres_like(&self, facet: usize, marks: &mut [f32]) {
        let name = Facet::all().nth(facet).map_or("", Facet::name);
        for (genre, mark) in self.genre_names.iter().zip(marks) {
            let plain: String = genre.chars().filter(|c| c.is_alphanumeric()).collect();
            if plain == name {
                *mark = 20.0;
            }
        }
    }

    /// The number of a title that may be a signal.
    pub fn signal(&self, id: &TitleId) -> Option<u32> {
        let number = *self.by_id.get(id)?;
        let special = self.special.get(number as usize).copied().unwrap_or(true);
        (!special).then_some(number)
    }

    /// Of titles; and what the space of tastes is made of besides (genres, people, years), with how many of those there are.
    pub fn read(titles: &[Title]) -> (Self, Rows, usize) {
        let named = |of: &dyn Fn(&Title) -> &[String]| -> BTreeMap<String, u32> {
            let all: BTreeSet<String> = titles.iter().flat_map(|t| of(t).iter().map(|w| folded(w))).collect();
            all.into_iter().zip(0..).collect()
        };
        let genre_numbers = named(&|t| &t.genres);
        let people_numbers = named(&|t| &t.people);
        let (mut genres, mut people) = (Rows::default(), Rows::default());
        for title in titles {
            genres.push(numbers(&title.genres, &genre_numbers));
            people.push(numbers(&title.people, &people_numbers));
        }
        let years: Vec<u16> = titles
            .iter()
            .map(|t| t.year.filter(|y| YEARS.contains(y)).unwrap_or(0))
            .collect();
        let (genre_count, people_count) = (genre_numbers.len(), people_numbers.len());
        let special = titles.iter().map(|t| t.genres.iter().any(|g| is_special(g))).collect();
        let catalogue = Self {
            ids: titles.iter().map(|t| t.id.clone()).collect(),
            years,
            genres,
            genre_names: genre_numbers.into_keys().collect(),
            credits: turned(&people, people_count),
            people: people_numbers.into_keys().collect(),
            special,
            ..Self::default()
        }
        .finish();
        let (after_genres, after_people) = (genre_count as u32, (genre_count + people_count) as u32);
        let mut content = Rows::default();
        for (at, year) in catalogue.years.iter().enumerate() {
            let step = match year {
                0 => 0,
                year => 1 + year.saturating_sub(YEARS.start) / STEP,
            };
            content.push(
                catalogue
                    .weighed
                    .row(at)
                    .chain(catalogue.cast.row(at).map(|(c, v)| (after_genres + c, 0.7 * v)))
                    .chain([(after_people + u32::from(step), 1.0)]),
            );
        }
        let steps = usize::from((YEARS.end - YEARS.start) / STEP) + 2;
        (catalogue, content, genre_count + people_count + steps)
    }
}

fn folded(word: &str) -> String {
    word.trim().to_lowercase()
}

fn numbers(words: &[String], known: &BTreeMap<String, u32>) -> Vec<(u32, f32)> {
    let found: BTreeSet<u32> = words.iter().filter_map(|w| known.get(&folded(w)).copied()).collect();
    found.into_iter().map(|n| (n, 1.0)).collect()
}

/// Rows as columns.
fn turned(rows: &Rows, columns: usize) -> Rows {
    let mut lists = vec![Vec::new(); columns];
    for at in 0..rows.len() {
        for (column, value) in rows.row(at) {
            if let Some(list) = lists.get_mut(column as usize) {
                list.push((at as u32, value));
            }
        }
    }
    let mut out = Rows::default();
    for list in lists {
        out.push(list);
    }
    out
}

/// Each entry times how rare its column is, rows of length 1.
fn weighed(rows: &Rows, columns: usize) -> Rows {
    let mut in_rows = vec![1.0f32; columns];
    for column in &rows.columns {
        if let Some(count) = in_rows.get_mut(*column as usize) {
            *count += 1.0;
        }
    }
    let all = rows.len() as f32;
    let mut out = Rows::default();
    for at in 0..rows.len() {
        let rare = |(column, value): (u32, f32)| {
            let rarity = (all / crate::rows::at(&in_rows, column as usize).max(1.0)).ln();
            (column, value * rarity.max(0.0))
        };
        let length: f32 = rows.row(at).map(rare).map(|(_, v)| v * v).sum::<f32>().sqrt();
        let by = if length > 0.0 { 1.0 / length } else { 1.0 };
        out.push(rows.row(at).map(rare).map(|(c, v)| (c, v * by)));
    }
    out
}
