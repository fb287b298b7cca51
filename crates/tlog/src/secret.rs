//! What ties a private entry to its person without telling anyone else.
//!
//! Every function is HMAC-SHA256 (RFC 2104) over fixed-length or length-prefixed parts, so that no two inputs run together.

use crate::Hash;
use ring::hmac;
use std::sync::LazyLock;

/// The fixed key of the commitment: binding and hiding come from the opening (the KEYTRANS construction).
static COMMIT: LazyLock<hmac::Key> = LazyLock::new(|| hmac::Key::new(hmac::HMAC_SHA256, b"privity-ledger/v1 commit"));

/// The period whose keys mark and open an entry: quarters since 1970, counted from 1.
pub fn period(unix_seconds: i64) -> u32 {
    // 7,889,238 s is a quarter of the mean Gregorian year; its edges need not fall on calendar days.
    u32::try_from(unix_seconds.max(0) / 7_889_238)
        .unwrap_or(u32::MAX - 1)
        .saturating_add(1)
}

/// What marks the `seq`-th entry of a person in the log: unlinkable for others, predictable for whoever has `k_tag`.
pub fn tag(k_tag: &Hash, seq: u64) -> Hash {
    mac(k_tag, &[b"tag", &seq.to_be_bytes()])
}

/// What opens the commitment of the `seq`-th entry of a person.
pub fn opening(k_open: &Hash, seq: u64) -> Hash {
    mac(k_open, &[b"open", &seq.to_be_bytes()])
}

/// The commitment to a body, as it stands in the leaf.
pub fn commit(opening: &Hash, body: &[u8]) -> Hash {
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    sign(&COMMIT, &[opening, &length.to_be_bytes(), body])
}

/// Ties the answer that was sent to the entry, for whoever has both: `answer_hash` is the SHA-256 of the answer's bytes.
pub fn answer_mac(opening: &Hash, answer_hash: &Hash) -> Hash {
    mac(opening, &[b"answer", answer_hash])
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Hash {
    sign(&hmac::Key::new(hmac::HMAC_SHA256, key), parts)
}

fn sign(key: &hmac::Key, parts: &[&[u8]]) -> Hash {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    let tag = context.sign();
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(tag.as_ref()) {
        *to = *from;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_mac_is_rfc_4231_test_case_2() {
        assert_eq!(
            hex::encode(mac(b"Jefe", &[b"what do ya want ", b"for nothing?"])),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    /// RFC 2104 by hand, for keys of at most 64 bytes.
    fn by_hand(key: &[u8], message: &[u8]) -> Hash {
        let pad = |byte: u8| -> Vec<u8> { (0..64).map(|i| key.get(i).copied().unwrap_or(0) ^ byte).collect() };
        let inner = Sha256::digest([pad(0x36), message.to_vec()].concat());
        Sha256::digest([pad(0x5c), inner.to_vec()].concat()).into()
    }

    #[test]
    fn the_inputs_are_laid_out_as_the_design_says() {
        let key = [5; 32];
        assert_eq!(tag(&key, 258), by_hand(&key, b"tag\0\0\0\0\0\0\x01\x02"));
        assert_eq!(opening(&key, 1), by_hand(&key, b"open\0\0\0\0\0\0\0\x01"));
        let message = [key.as_slice(), b"\0\0\0\0\0\0\0\x03abc"].concat();
        assert_eq!(commit(&key, b"abc"), by_hand(b"privity-ledger/v1 commit", &message));
        assert_eq!(
            answer_mac(&key, &[1; 32]),
            by_hand(&key, &[b"answer".as_slice(), &[1; 32]].concat())
        );
    }
}
