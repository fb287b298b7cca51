//! How much of a message may leave: `ranking` < `mentions` < `envelope` < `text`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// One level of detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// A ranked list computed on the platform; nothing about any message.
    Ranking,
    /// Which catalogue titles a message mentions, with sentiment and week; no text, no author beyond "you" and "someone".
    Mentions,
    /// Ids, conversation, authors, times, sizes, flags; no text.
    Envelope,
    /// The message itself and its attachments.
    Text,
}

impl Field {
    /// Every level, least first.
    pub const ALL: [Self; 4] = [Self::Ranking, Self::Mentions, Self::Envelope, Self::Text];

    const fn bit(self) -> u8 {
        match self {
            Self::Ranking => 1,
            Self::Mentions => 2,
            Self::Envelope => 4,
            Self::Text => 8,
        }
    }

    /// The word of the agreement, the API and the pages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ranking => "ranking",
            Self::Mentions => "mentions",
            Self::Envelope => "envelope",
            Self::Text => "text",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of levels. The levels are independent but for one rule: `text` implies `envelope`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FieldSet(u8);

impl FieldSet {
    /// Nothing may leave.
    pub const NONE: Self = Self(0);
    /// Everything may leave: what a person sees of her own inbox.
    pub const ALL: Self = Self(15);

    /// The set of these levels, and of what they imply.
    pub fn of(fields: &[Field]) -> Self {
        let bits = fields.iter().fold(0, |bits, f| bits | f.bit());
        Self(if bits & Field::Text.bit() != 0 {
            bits | Field::Envelope.bit()
        } else {
            bits
        })
    }

    /// From the byte of a ledger entry's body; unknown bits are refused.
    pub fn from_bits(bits: u8) -> Option<Self> {
        let set = Self(bits);
        let implied = !set.contains(Field::Text) || set.contains(Field::Envelope);
        (bits & !15 == 0 && implied).then_some(set)
    }

    /// As the byte of a ledger entry's body.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether this level is in the set.
    pub const fn contains(self, field: Field) -> bool {
        self.0 & field.bit() != 0
    }

    /// What both allow. Closed under the implication, since both sides are.
    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether everything here is allowed there.
    pub const fn is_subset(self, of: Self) -> bool {
        self.0 & !of.0 == 0
    }

    /// Whether nothing may leave.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The levels, least first.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(move |f| self.contains(*f))
    }
}

impl fmt::Debug for FieldSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for FieldSet {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for FieldSet {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Self::of(&Vec::<Field>::deserialize(d)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_implies_envelope_in_every_way_to_make_a_set() {
        assert!(FieldSet::of(&[Field::Text]).contains(Field::Envelope));
        assert!(
            serde_json::from_str::<FieldSet>(r#"["text"]"#)
                .unwrap()
                .contains(Field::Envelope)
        );
        assert_eq!(FieldSet::from_bits(8), None);
        for a in 0..16 {
            for b in 0..16 {
                let (Some(a), Some(b)) = (FieldSet::from_bits(a), FieldSet::from_bits(b)) else {
                    continue;
                };
                assert!(FieldSet::from_bits(a.intersect(b).bits()).is_some());
                assert!(a.intersect(b).is_subset(a));
            }
        }
    }
}
