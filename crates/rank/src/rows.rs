//! Matrices as plain memory: rows that are mostly empty, and rows that are full.

/// A matrix whose rows are mostly empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rows {
    /// Where each row ends.
    pub ends: Vec<u32>,
    /// The columns, row after row.
    pub columns: Vec<u32>,
    /// What stands there.
    pub values: Vec<f32>,
}

impl Rows {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn push(&mut self, row: impl IntoIterator<Item = (u32, f32)>) {
        for (column, value) in row {
            self.columns.push(column);
            self.values.push(value);
        }
        self.ends.push(u32::try_from(self.columns.len()).unwrap_or(u32::MAX));
    }

    /// The entries of a row; none if there is no such row.
    pub fn row(&self, at: usize) -> impl Iterator<Item = (u32, f32)> + '_ {
        let end = self.ends.get(at).copied().unwrap_or(0) as usize;
        let start = match at.checked_sub(1) {
            Some(before) => self.ends.get(before).map_or(end, |e| *e as usize),
            None => 0,
        };
        let columns = self.columns.get(start..end).unwrap_or_default();
        let values = self.values.get(start..end).unwrap_or_default();
        columns.iter().copied().zip(values.iter().copied())
    }

    /// Adds a row, times `by`, to a full one.
    pub fn add_to(&self, at: usize, by: f32, full: &mut [f32]) {
        for (column, value) in self.row(at) {
            if let Some(place) = full.get_mut(column as usize) {
                *place += by * value;
            }
        }
    }

    /// A row times a full one.
    pub fn times(&self, at: usize, full: &[f32]) -> f32 {
        self.row(at)
            .map(|(column, value)| value * full.get(column as usize).copied().unwrap_or(0.0))
            .sum()
    }

    /// Whether the rows are in order and their columns below `columns`, all values finite.
    pub fn is_sound(&self, columns: usize) -> bool {
        let in_order = self.ends.is_sorted();
        let last = self.ends.last().map_or(0, |e| *e as usize);
        in_order
            && last == self.columns.len()
            && self.columns.len() == self.values.len()
            && self.columns.iter().all(|c| (*c as usize) < columns)
            && self.values.iter().all(|v| v.is_finite())
    }
}

/// One row of a full matrix; empty if there is no such row.
pub(crate) fn row(full: &[f32], width: usize, at: usize) -> &[f32] {
    let start = at.saturating_mul(width);
    full.get(start..start.saturating_add(width)).unwrap_or_default()
}

/// The sum of products, in eight sums that the processor can do at once.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = left.remainder().iter().zip(right.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in left.zip(right) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// Adds `by` times `what`.
pub(crate) fn add(to: &mut [f32], by: f32, what: &[f32]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += by * what;
    }
}

/// What stands at a place; 0 if there is no such place.
pub(crate) fn at(full: &[f32], place: usize) -> f32 {
    full.get(place).copied().unwrap_or(0.0)
}
