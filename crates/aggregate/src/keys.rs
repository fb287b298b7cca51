//! Keys and secrets, and how they are written.

use crate::seal::Kem;
use hpke::{Deserializable, Kem as _, Serializable};
use model::Entropy;
use prio::vdaf::xof::{Xof, XofTurboShake128};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("that is not a key: 64 hexadecimal digits")]
pub struct KeyFault;

fn digits(text: &str) -> Result<[u8; 32], KeyFault> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| KeyFault)?;
    Ok(bytes)
}

macro_rules! written {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
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

/// The public half of an aggregator's or the collector's key (X25519).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(pub(crate) [u8; 32]);

impl FromStr for PublicKey {
    type Err = KeyFault;
    fn from_str(text: &str) -> Result<Self, KeyFault> {
        let bytes = digits(text)?;
        <Kem as hpke::Kem>::PublicKey::from_bytes(&bytes).map_err(|_| KeyFault)?;
        Ok(Self(bytes))
    }
}
written!(PublicKey);

/// What stands in a task instead of a token: its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Of a token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

impl FromStr for TokenHash {
    type Err = KeyFault;
    fn from_str(text: &str) -> Result<Self, KeyFault> {
        digits(text).map(Self)
    }
}
written!(TokenHash);

/// An aggregator's or the collector's key: opens what was sealed to it. Shown nowhere.
pub struct PrivateKey {
    pub(crate) key: <Kem as hpke::Kem>::PrivateKey,
    public: PublicKey,
}

impl PrivateKey {
    /// From 32 bytes nobody can guess.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let (key, public) = Kem::derive_keypair(seed);
        let mut bytes = [0; 32];
        public.write_exact(&mut bytes);
        Self {
            key,
            public: PublicKey(bytes),
        }
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        self.public
    }
}

impl FromStr for PrivateKey {
    type Err = KeyFault;
    fn from_str(text: &str) -> Result<Self, KeyFault> {
        Ok(Self::from_seed(&Zeroizing::new(digits(text)?)))
    }
}

/// A secret that leader and helper share, or that a partner keeps for its report ids. What it is used for comes out of it by a
/// keyed function (TurboSHAKE128 as of the VDAF draft), so that no use tells of another.
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// Of its bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A new one.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(bytes.as_mut());
        Self(bytes)
    }

    /// Its text, for a file that only its owner reads.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_ref()))
    }

    pub(crate) fn derive(&self, purpose: &'static [u8], about: &[&[u8]]) -> [u8; 32] {
        let mut xof = XofTurboShake128::init(&self.0, &[purpose]);
        for part in about {
            xof.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            xof.update(part);
        }
        *xof.into_seed().as_ref()
    }

    /// What the leader shows the helper, so that nobody else gives it work.
    pub fn leaders_token(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.derive(b"privity aggregate v1 leader to helper", &[])))
    }
}

impl FromStr for Secret {
    type Err = KeyFault;
    fn from_str(text: &str) -> Result<Self, KeyFault> {
        digits(text).map(Self::new)
    }
}
