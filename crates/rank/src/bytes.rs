//! A model as bytes: a mark, a version, the parts, a digest. Whatever is read is checked before it is used.

use crate::catalogue::Catalogue;
use crate::features::{COUNT, Facetted};
use crate::parts::{Model, Parts, Weights};
use crate::rows::Rows;
use crate::talk::Talk;
use crate::taste::{Inputs, Taste, WIDTH};
use model::{Facet, TitleId};
use sha2::{Digest, Sha256};

const MARK: &[u8; 8] = b"PRIVRANK";
/// Changes with any change of what the bytes mean.
const VERSION: u32 = 1;
const DIGEST: usize = 32;

/// Why bytes are no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// They do not begin like one.
    #[error("these bytes are no ranking model")]
    NotAModel,
    /// They are one of another version.
    #[error("the ranking model has version {found}; this program reads version {known}")]
    Version {
        /// The version found.
        found: u32,
        /// The version read.
        known: u32,
    },
    /// They were cut or changed.
    #[error("the ranking model was changed or cut after it was written")]
    Damaged,
    /// They say what cannot be.
    #[error("the ranking model contradicts itself: `{0}`")]
    Unsound(&'static str),
}

impl Model {
    /// As bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Parts {
            catalogue,
            talk,
            taste,
            facetted,
            ..
        } = &self.parts;
        let mut out = MARK.to_vec();
        number(&mut out, VERSION);
        strings(&mut out, catalogue.ids.iter().map(|id| id.0.as_str()));
        numbers(
            &mut out,
            &catalogue.years.iter().map(|y| u32::from(*y)).collect::<Vec<_>>(),
        );
        strings(&mut out, catalogue.genre_names.iter().map(String::as_str));
        rows(&mut out, &catalogue.genres);
        strings(&mut out, catalogue.people.iter().map(String::as_str));
        rows(&mut out, &catalogue.credits);
        numbers(
            &mut out,
            &catalogue.special.iter().map(|s| u32::from(*s)).collect::<Vec<_>>(),
        );
        rows(&mut out, &talk.together);
        floats(&mut out, &talk.alone);
        number(&mut out, taste.cues as u32);
        floats(&mut out, &taste.enter);
        floats(&mut out, &taste.leave);
        floats(&mut out, &taste.bias);
        rows(&mut out, &facetted.counts);
        floats(&mut out, &self.fresh);
        floats(&mut out, &self.again);
        let digest = Sha256::digest(&out);
        out.extend_from_slice(&digest);
        out
    }

    /// From bytes that [`Model::to_bytes`] made. The digest finds accidents, not forgers: take models from whom you trust; but
    /// no bytes whatever make this panic, or allocate more than a few times their own length.
    ///
    /// # Errors
    /// [`ModelError`]: what is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let rest = bytes.strip_prefix(MARK).ok_or(ModelError::NotAModel)?;
        let found = rest
            .first_chunk::<4>()
            .map(|b| u32::from_le_bytes(*b))
            .ok_or(ModelError::Damaged)?;
        if found != VERSION {
            return Err(ModelError::Version { found, known: VERSION });
        }
        let (body, digest) = bytes.split_last_chunk::<DIGEST>().ok_or(ModelError::Damaged)?;
        if <[u8; DIGEST]>::from(Sha256::digest(body)) != *digest {
            return Err(ModelError::Damaged);
        }
        let mut read = Reader(body.get(MARK.len() + 4..).ok_or(ModelError::Damaged)?);
        let ids: Vec<TitleId> = read.strings()?.into_iter().map(TitleId).collect();
        let titles = ids.len();
        let years = read.numbers()?;
        let genre_names = read.strings()?;
        let genres = read.rows()?;
        let people = read.strings()?;
        let credits = read.rows()?;
        let special = read.numbers()?;
        let (together, alone) = (read.rows()?, read.floats()?);
        let cues = read.number()? as usize;
        let (enter, leave, bias) = (read.floats()?, read.floats()?, read.floats()?);
        let counts = read.rows()?;
        let (fresh, again) = (read.weights()?, read.weights()?);
        let sound = [
            ("titles", titles > 0 && read.0.is_empty()),
            ("years", years.len() == titles && years.iter().all(|y| *y < 10_000)),
            ("genres", genres.len() == titles && genres.is_sound(genre_names.len())),
            (
                "people",
                people.is_sorted() && credits.len() == people.len() && credits.is_sound(titles),
            ),
            ("special", special.len() == titles),
            (
                "talk",
                together.len() == titles && together.is_sound(titles) && alone.len() == titles,
            ),
            (
                "taste",
                leave.len() == titles.saturating_mul(WIDTH) && bias.len() == titles && cues <= body.len(),
            ),
            ("facets", counts.len() == Facet::COUNT && counts.is_sound(titles)),
            ("counts", alone.iter().chain(&counts.values).all(|count| *count >= 0.0)),
        ];
        if let Some((name, _)) = sound.iter().find(|(_, sound)| !sound) {
            return Err(ModelError::Unsound(name));
        }
        let catalogue = Catalogue {
            ids,
            years: years.into_iter().map(|y| u16::try_from(y).unwrap_or(0)).collect(),
            genres,
            genre_names,
            people,
            credits,
            special: special.into_iter().map(|s| s != 0).collect(),
            ..Catalogue::default()
        }
        .finish();
        if catalogue.by_id.len() != titles {
            return Err(ModelError::Unsound("ids"));
        }
        if enter.len() != Inputs::of(&catalogue, cues).count().saturating_mul(WIDTH) {
            return Err(ModelError::Unsound("inputs"));
        }
        let popular = crate::train::popularity(&alone);
        let talk = Talk { together, alone };
        Ok(Self {
            parts: Parts {
                facetted: Facetted::of(counts, &catalogue, &popular),
                strengths: talk.strengths(),
                catalogue,
                popular,
                talk,
                taste: Taste {
                    enter,
                    leave,
                    bias,
                    cues,
                },
            },
            fresh,
            again,
        })
    }
}

fn number(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn numbers(out: &mut Vec<u8>, all: &[u32]) {
    number(out, all.len() as u32);
    all.iter().for_each(|n| number(out, *n));
}

fn floats(out: &mut Vec<u8>, all: &[f32]) {
    number(out, all.len() as u32);
    all.iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
}

fn strings<'a>(out: &mut Vec<u8>, all: impl ExactSizeIterator<Item = &'a str>) {
    number(out, all.len() as u32);
    for text in all {
        number(out, text.len() as u32);
        out.extend_from_slice(text.as_bytes());
    }
}

fn rows(out: &mut Vec<u8>, rows: &Rows) {
    numbers(out, &rows.ends);
    numbers(out, &rows.columns);
    floats(out, &rows.values);
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8], ModelError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(ModelError::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, ModelError> {
        let bytes = self.take(4)?.first_chunk::<4>().ok_or(ModelError::Damaged)?;
        Ok(u32::from_le_bytes(*bytes))
    }

    fn words<T>(&mut self, read: impl Fn([u8; 4]) -> T) -> Result<Vec<T>, ModelError> {
        let count = self.number()? as usize;
        let bytes = self.take(count.checked_mul(4).ok_or(ModelError::Damaged)?)?;
        let words = bytes.chunks_exact(4).filter_map(|word| word.first_chunk::<4>());
        Ok(words.map(|word| read(*word)).collect())
    }

    fn numbers(&mut self) -> Result<Vec<u32>, ModelError> {
        self.words(u32::from_le_bytes)
    }

    fn floats(&mut self) -> Result<Vec<f32>, ModelError> {
        let floats = self.words(f32::from_le_bytes)?;
        match floats.iter().all(|f| f.is_finite()) {
            true => Ok(floats),
            false => Err(ModelError::Unsound("a number")),
        }
    }

    fn strings(&mut self) -> Result<Vec<String>, ModelError> {
        let count = self.number()? as usize;
        // Each has four bytes at least.
        if count > self.0.len() / 4 {
            return Err(ModelError::Damaged);
        }
        (0..count)
            .map(|_| {
                let length = self.number()? as usize;
                let text = std::str::from_utf8(self.take(length)?);
                text.map(str::to_owned).map_err(|_| ModelError::Unsound("a text"))
            })
            .collect()
    }

    fn rows(&mut self) -> Result<Rows, ModelError> {
        Ok(Rows {
            ends: self.numbers()?,
            columns: self.numbers()?,
            values: self.floats()?,
        })
    }

    fn weights(&mut self) -> Result<Weights, ModelError> {
        <[f32; COUNT]>::try_from(self.floats()?).map_err(|_| ModelError::Unsound("weights"))
    }
}
