//! Sealing to one reader: HPKE (RFC 9180) in base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.

use crate::keys::{PrivateKey, PublicKey};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal_with_rng};
use minicbor::{Decode, Encode};
use model::Entropy;
use rand_core::{TryCryptoRng, TryRng};
use std::convert::Infallible;

pub(crate) type Kem = X25519HkdfSha256;

/// Something only the owner of one key can read.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Sealed {
    /// The encapsulated key.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// The ciphertext, with its tag of 16 bytes.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.body.len())
    }
}

/// Bytes that a reader's key does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unopened;

/// Randomness, as the HPKE room wants it.
struct Drawn<'a>(&'a dyn Entropy);

impl TryRng for Drawn<'_> {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(to);
        Ok(())
    }
}

impl TryCryptoRng for Drawn<'_> {}

/// Seals to a key. `info` is what kind of thing it is, `about` what it belongs to; whoever opens it must say the same.
pub(crate) fn seal(
    to: &PublicKey,
    info: &[u8],
    about: &[u8],
    text: &[u8],
    entropy: &dyn Entropy,
) -> Result<Sealed, Unopened> {
    let to = <Kem as hpke::Kem>::PublicKey::from_bytes(&to.0).map_err(|_| Unopened)?;
    let mode = OpModeS::Base;
    let (encapped, body) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, Kem>(
        &mode,
        &to,
        info,
        text,
        about,
        &mut Drawn(entropy),
    )
    .map_err(|_| Unopened)?;
    let mut key = [0; 32];
    encapped.write_exact(&mut key);
    Ok(Sealed { key, body })
}

/// Opens what was sealed to this key.
pub(crate) fn open(key: &PrivateKey, info: &[u8], about: &[u8], sealed: &Sealed) -> Result<Vec<u8>, Unopened> {
    let encapped = <Kem as hpke::Kem>::EncappedKey::from_bytes(&sealed.key).map_err(|_| Unopened)?;
    single_shot_open::<ChaCha20Poly1305, HkdfSha256, Kem>(
        &OpModeR::Base,
        &key.key,
        &encapped,
        info,
        &sealed.body,
        about,
    )
    .map_err(|_| Unopened)
}
