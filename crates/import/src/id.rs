//! Ids that come out the same whenever the same thing is read again.

use sha2::{Digest, Sha256};

/// The first 16 bytes of SHA-256 over a domain and parts, each with its length before it, so that no two lists of parts
/// are the same bytes.
pub(crate) fn derive(domain: &str, parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::derive;

    #[test]
    fn parts_do_not_run_together() {
        assert_eq!(derive("d", &[b"ab", b"c"]), derive("d", &[b"ab", b"c"]));
        assert_ne!(derive("d", &[b"ab", b"c"]), derive("d", &[b"a", b"bc"]));
        assert_ne!(derive("d", &[b"ab"]), derive("d", &[b"ab", b""]));
        assert_ne!(derive("d", &[b"ab"]), derive("e", &[b"ab"]));
    }
}
