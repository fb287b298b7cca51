//! Ids from content, so that the same export gives the same ids.

use sha2::{Digest, Sha256};

/// The first 16 bytes of a SHA-256 over the parts, each with its length, under a domain of its own.
pub(crate) fn id_of(domain: &str, parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(b"privity import v1\0");
    hash.update(domain.as_bytes());
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut id = [0u8; 16];
    for (to, from) in id.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    id
}
