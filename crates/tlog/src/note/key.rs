//! The keys of signed notes, in Go's text forms.

use base64::prelude::{BASE64_STANDARD, Engine};
use ed25519_dalek::{Signature, SignatureError, Signer};
use std::fmt;
use std::str::FromStr;
use zeroize::Zeroizing;

/// The signature type of plain Ed25519.
const ED25519: u8 = 1;
/// Bytes of a key's name at most.
const NAME_LIMIT: usize = 256;

/// Why a text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A name that cannot stand in a signature line.
    #[error("the name of a key has 1 to 256 bytes, and neither spaces nor `+`")]
    Name,
    /// Not the text form of this sort of key.
    #[error("not a key as in `name+hash+base64`")]
    Format,
    /// Another signature type than Ed25519.
    #[error("not an Ed25519 key")]
    Algorithm,
    /// Not a point, or one whose signatures prove nothing.
    #[error("not a usable Ed25519 public key")]
    Weak,
    /// A hash that is another key's.
    #[error("the hash in the key's text is not the key's")]
    Id,
}

/// A key that checks signatures: `name+hash+base64`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    id: u32,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifyingKey {
    fn new(name: &str, key: ed25519_dalek::VerifyingKey) -> Result<Self, KeyError> {
        if name.len() > NAME_LIMIT || !signed_note::is_key_name_valid(name) || name.contains(char::is_control) {
            return Err(KeyError::Name);
        }
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        Ok(Self {
            name: name.to_owned(),
            id: signed_note::key_id(name, &typed(key.as_bytes())),
            key,
        })
    }

    /// The name in the signature lines; of a log's key, the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The 32-bit hash that tells keys of one name apart.
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Whether whoever signs with one key can sign with the other: the same key, perhaps under two names.
    pub fn same_bytes(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64_STANDARD.encode(typed(self.key.as_bytes()));
        write!(f, "{}+{:08x}+{key}", self.name, self.id)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, id, bytes) = split(text)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Weak)?;
        let key = Self::new(name, key)?;
        if id == key.id { Ok(key) } else { Err(KeyError::Id) }
    }
}

impl signed_note::Verifier for VerifyingKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

/// A key that signs: `PRIVATE+KEY+name+hash+base64`. Cleared from memory when dropped, and never shown.
#[derive(Clone)]
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
    public: VerifyingKey,
}

impl SigningKey {
    /// Makes a key of 32 random bytes.
    pub fn generate(name: &str, random: &[u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519_dalek::SigningKey::from_bytes(random);
        let public = VerifyingKey::new(name, key.verifying_key())?;
        Ok(Self { key, public })
    }

    /// The name in the signature lines.
    pub fn name(&self) -> &str {
        &self.public.name
    }

    /// The key that checks what this one signs.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public.clone()
    }

    /// The text form, for a key file.
    pub fn secret_text(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new(typed(self.key.as_bytes()));
        let key = Zeroizing::new(BASE64_STANDARD.encode(bytes.as_slice()));
        Zeroizing::new(format!(
            "PRIVATE+KEY+{}+{:08x}+{}",
            self.public.name, self.public.id, *key
        ))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}+{:08x}, redacted)", self.public.name, self.public.id)
    }
}

impl FromStr for SigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, id, bytes) = split(text.strip_prefix("PRIVATE+KEY+").ok_or(KeyError::Format)?)?;
        let key = Self::generate(name, &Zeroizing::new(bytes))?;
        if id == key.public.id {
            Ok(key)
        } else {
            Err(KeyError::Id)
        }
    }
}

impl signed_note::Signer for SigningKey {
    fn name(&self) -> &str {
        &self.public.name
    }

    fn key_id(&self) -> u32 {
        self.public.id
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(self.key.try_sign(message)?.to_vec())
    }
}

/// A key's bytes after its signature type.
fn typed(key: &[u8; 32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(33);
    bytes.push(ED25519);
    bytes.extend_from_slice(key);
    bytes
}

/// Name, hash and bytes of `name+hash+base64`.
fn split(text: &str) -> Result<(&str, u32, [u8; 32]), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Format);
    };
    let hexadecimal = id.len() == 8 && id.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    let id = u32::from_str_radix(id, 16).map_err(|_| KeyError::Format)?;
    let bytes = Zeroizing::new(BASE64_STANDARD.decode(key).map_err(|_| KeyError::Format)?);
    let (algorithm, bytes) = bytes.split_first().ok_or(KeyError::Format)?;
    if *algorithm != ED25519 {
        return Err(KeyError::Algorithm);
    }
    match <[u8; 32]>::try_from(bytes) {
        Ok(bytes) if hexadecimal => Ok((name, id, bytes)),
        _ => Err(KeyError::Format),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_shows_its_secret() {
        let key = SigningKey::generate("log.example/1", &[9; 32]).unwrap();
        let shown = format!("{key:?}");
        assert!(shown.contains("log.example/1") && shown.contains("redacted"), "{shown}");
        let secret = key.secret_text();
        assert!(!shown.contains(secret.rsplit('+').next().unwrap()));
        assert!(!shown.contains("9, 9"), "{shown}");
    }

    #[test]
    fn texts_that_are_not_keys_say_why() {
        let key = SigningKey::generate("log.example", &[9; 32]).unwrap();
        let text = key.verifying_key().to_string();
        let parse = |text: &str| text.parse::<VerifyingKey>();
        assert_eq!(parse(&text).unwrap(), key.verifying_key());
        assert_eq!(parse(&text.replacen("log", "lug", 1)), Err(KeyError::Id));
        assert_eq!(parse("log.example"), Err(KeyError::Format));
        assert_eq!(parse(&format!("x{text}=")), Err(KeyError::Format));
        let again: SigningKey = key.secret_text().parse().unwrap();
        assert_eq!(again.verifying_key(), key.verifying_key());
        assert!(
            key.secret_text()
                .replacen("log", "lug", 1)
                .parse::<SigningKey>()
                .is_err()
        );
        for name in ["", "a b", "a+b", "a\u{3000}b", "a\nb", &"n".repeat(257)] {
            assert_eq!(
                SigningKey::generate(name, &[9; 32]).map(|_| ()),
                Err(KeyError::Name),
                "{name:?}"
            );
        }
        // The identity point has small order: anything would verify under it.
        let mut identity = [0; 32];
        identity[0] = 1;
        let weak = ed25519_dalek::VerifyingKey::from_bytes(&identity).unwrap();
        assert_eq!(VerifyingKey::new("weak", weak), Err(KeyError::Weak));
        let other = format!(
            "n+00000000+{}",
            BASE64_STANDARD.encode([[4].as_slice(), &[1; 32]].concat())
        );
        assert_eq!(parse(&other), Err(KeyError::Algorithm));
    }
}
