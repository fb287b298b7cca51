//! Typed identifiers. A swapped pair of ids must not compile.

use crate::Time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The text is not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidId {
    text: String,
    expected: &'static str,
}

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let invalid = || InvalidId {
                    text: text.chars().take(80).collect(),
                    expected: concat!("`", $prefix, "` and 32 hexadecimal digits"),
                };
                let digits = text.strip_prefix($prefix).ok_or_else(invalid)?;
                if digits.bytes().any(|b| b.is_ascii_uppercase()) {
                    return Err(invalid());
                }
                let mut bytes = [0u8; 16];
                hex::decode_to_slice(digits, &mut bytes).map_err(|_| invalid())?;
                Ok(Self(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! slug_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                let edges = !text.starts_with('-') && !text.ends_with('-');
                if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) || !edges {
                    return Err(InvalidId {
                        text: text.chars().take(80).collect(),
                        expected: "1 to 64 of a-z, 0-9 and inner hyphens",
                    });
                }
                Ok(Self(text.to_owned()))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

opaque_id!(
    /// A person's inbox. An imported contact who has no inbox here has one too, which no sign-in will ever carry: nobody
    /// can say yes under it.
    AccountId,
    "acc_"
);
opaque_id!(
    /// Messages between the same participants (JMAP: Thread).
    ConversationId,
    "cnv_"
);
opaque_id!(
    /// One message of one author (JMAP: Email).
    MessageId,
    "msg_"
);

impl MessageId {
    /// A name whose first six bytes are the milliseconds since 1970, as in a UUID of version 7 (RFC 9562 section 5.7), and the rest a
    /// digest's. Neighbours in time are neighbours in an index, so a long import writes where it just was. Nothing relies on
    /// the order, and a partner sees none of it: its ids are encrypted.
    pub fn timed(sent_at: Time, digest: [u8; 16]) -> Self {
        let mut id = digest;
        let millis = sent_at.0.clamp(0, (1 << 48) - 1).to_be_bytes();
        for (to, from) in id.iter_mut().zip(millis.into_iter().skip(2)) {
            *to = from;
        }
        Self(id)
    }
}
opaque_id!(
    /// One person's consent to one agreement version. Public: never a credential.
    GrantId,
    "grt_"
);
slug_id!(
    /// An organisation with one or more OAuth clients.
    PartnerId
);
slug_id!(
    /// An OAuth client of a partner (`client_id`).
    ClientId
);
slug_id!(
    /// An agreement in all its versions.
    AgreementId
);

/// One version of one agreement, written `id@version`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgreementRef {
    /// Which agreement.
    pub id: AgreementId,
    /// Which version, from 1.
    pub version: u32,
}

impl fmt::Display for AgreementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.version)
    }
}

impl fmt::Debug for AgreementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for AgreementRef {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId {
            text: text.chars().take(80).collect(),
            expected: "an agreement and its version, as in `films@1`",
        };
        let (id, version) = text.split_once('@').ok_or_else(invalid)?;
        if version.starts_with(['0', '+']) {
            return Err(invalid());
        }
        Ok(Self {
            id: id.parse().map_err(|_| invalid())?,
            version: version.parse().map_err(|_| invalid())?,
        })
    }
}

impl Serialize for AgreementRef {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AgreementRef {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timed_id_begins_with_its_time_and_keeps_the_digests_last_80_bits() {
        let id = |at| MessageId::timed(Time(at), [0xab; 16]);
        assert_eq!(id(0x0102_0304_0506).0[..7], [1, 2, 3, 4, 5, 6, 0xab]);
        assert!(id(1) < id(2) && id(255) < id(256));
        // What cannot be told apart by time is told apart by the digest.
        assert_eq!(id(i64::MIN), id(0));
        assert!(id(i64::MAX) > id(0));
    }

    #[test]
    fn an_id_reads_back_and_a_wrong_one_is_named() {
        let id = MessageId([7; 16]);
        assert_eq!(id.to_string().parse::<MessageId>().unwrap(), id);
        assert!(id.to_string().parse::<AccountId>().is_err());
        assert!("msg_0707".parse::<MessageId>().is_err());
        assert!("msg_0707070707070707070707070707070A".parse::<MessageId>().is_err());
        assert!("films@1".parse::<AgreementRef>().is_ok());
        for bad in [
            "films",
            "films@",
            "films@01",
            "films@+1",
            "Films@1",
            "films@99999999999",
            "-films@1",
        ] {
            assert!(bad.parse::<AgreementRef>().is_err(), "{bad}");
        }
    }
}
