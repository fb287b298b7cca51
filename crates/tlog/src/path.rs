//! Where a log's files are: the URL paths of tlog-tiles.
//!
//! `tlog_tiles::Tile::path` writes the paths of Go's checksum database (`tile/8/…`, `tile/8/data/…`), which are not these.

use crate::tree::{MAX_SIZE, TILE_WIDTH};
use std::fmt;
use std::str::FromStr;

/// Where the newest signed checkpoint is.
pub const CHECKPOINT: &str = "checkpoint";

/// The path of a tile or an entry bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TilePath {
    /// `tile/<level>/<index>[.p/<width>]`: hashes, 32 bytes each.
    Hashes {
        /// 0 (leaf hashes) to 63.
        level: u8,
        /// Which tile of the level.
        index: u64,
        /// 1 to 256; 256 is full.
        width: u16,
    },
    /// `tile/entries/<index>[.p/<width>]`: entries ([`crate::bundle`]).
    Entries {
        /// Which bundle.
        index: u64,
        /// 1 to 256; 256 is full.
        width: u16,
    },
}

/// Text that is not the path of a tile or an entry bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a tile or an entry bundle")]
pub struct PathError;

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, width) = match *self {
            Self::Hashes { level, index, width } => {
                write!(f, "tile/{level}/")?;
                (index, width)
            }
            Self::Entries { index, width } => {
                f.write_str("tile/entries/")?;
                (index, width)
            }
        };
        let mut thousands = 1_u64;
        while index / thousands >= 1_000 {
            thousands *= 1_000;
        }
        while thousands > 1 {
            write!(f, "x{:03}/", index / thousands % 1_000)?;
            thousands /= 1_000;
        }
        write!(f, "{:03}", index % 1_000)?;
        if width == TILE_WIDTH {
            Ok(())
        } else {
            write!(f, ".p/{width}")
        }
    }
}

impl FromStr for TilePath {
    type Err = PathError;

    /// Accepts exactly what [`fmt::Display`] writes, for a width from 1 to 256 and an index that a log can have.
    fn from_str(text: &str) -> Result<Self, PathError> {
        if text.len() > 64 {
            return Err(PathError);
        }
        let (kind, rest) = text
            .strip_prefix("tile/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or(PathError)?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().map_err(|_| PathError)?),
            None => (rest, TILE_WIDTH),
        };
        let mut index = 0_u64;
        for element in number.split('/') {
            let digits: u64 = element.trim_start_matches('x').parse().map_err(|_| PathError)?;
            index = index
                .checked_mul(1_000)
                .and_then(|i| i.checked_add(digits))
                .ok_or(PathError)?;
        }
        let path = match kind {
            "entries" => Self::Entries { index, width },
            level => Self::Hashes {
                level: level.parse().map_err(|_| PathError)?,
                index,
                width,
            },
        };
        let level = if let Self::Hashes { level, .. } = path {
            level
        } else {
            0
        };
        // Whatever the lenient reading above let through does not come out the same.
        let possible = level < 64 && (1..=TILE_WIDTH).contains(&width) && index < MAX_SIZE / u64::from(TILE_WIDTH);
        if possible && path.to_string() == text {
            Ok(path)
        } else {
            Err(PathError)
        }
    }
}
