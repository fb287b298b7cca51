//! The ids a partner sees. Two partners cannot join their data by them, nor can one partner join two people's inboxes: the
//! same message has another id in each.
//!
//! An id is one AES-256 block under a key of partner and inbox: a permutation, so it reads back without a table (ADR 0005).

use aes::Aes256;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use model::{AccountId, PartnerId};
use ring::hmac;

/// Translates the ids of one inbox for one partner.
pub struct Pairwise(Aes256);

impl Pairwise {
    /// The translation of an inbox for a partner, from the platform's pairwise secret.
    pub fn new(secret: &[u8; 32], partner: &PartnerId, inbox: AccountId) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let mut context = hmac::Context::with_key(&root);
        context.update(b"privity pairwise v2\0");
        // Of fixed length, so that no name of a partner can run into it.
        context.update(&inbox.0);
        context.update(partner.as_str().as_bytes());
        let mut key = [0u8; 32];
        key.copy_from_slice(context.sign().as_ref());
        Self(Aes256::new(&Array::from(key)))
    }

    /// What the partner sees of an id of the kind `kind` (one letter, so that a message's and a conversation's differ).
    pub fn show(&self, kind: char, id: [u8; 16]) -> String {
        let mut block = Array::from(id);
        self.0.encrypt_block(&mut block);
        let mut digits = [0u8; 32];
        // 16 bytes are 32 digits, all of them ASCII.
        _ = hex::encode_to_slice(block, &mut digits);
        let mut shown = String::with_capacity(33);
        shown.push(kind);
        shown.push_str(str::from_utf8(&digits).unwrap_or_default());
        shown
    }

    /// The id behind what a partner was shown; `None` if it cannot be one.
    pub fn read(&self, kind: char, shown: &str) -> Option<[u8; 16]> {
        let digits = shown.strip_prefix(kind)?;
        if digits.bytes().any(|b| b.is_ascii_uppercase()) {
            return None;
        }
        let mut bytes = [0u8; 16];
        hex::decode_to_slice(digits, &mut bytes).ok()?;
        let mut block = Array::from(bytes);
        self.0.decrypt_block(&mut block);
        Some(block.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_partners_or_two_inboxes_see_different_ids_and_each_reads_its_own_back() {
        let (a, b) = ("a".parse().unwrap(), "b".parse().unwrap());
        let (ana, ben) = (AccountId([1; 16]), AccountId([2; 16]));
        let elsewhere = Pairwise::new(&[1; 32], &a, ben);
        let (a, b) = (Pairwise::new(&[1; 32], &a, ana), Pairwise::new(&[1; 32], &b, ana));
        let id = [9; 16];
        assert_ne!(a.show('m', id), elsewhere.show('m', id));
        assert_ne!(a.show('m', id), b.show('m', id));
        assert_eq!(a.read('m', &a.show('m', id)), Some(id));
        assert_ne!(b.read('m', &a.show('m', id)), Some(id));
        assert_eq!(a.read('c', &a.show('m', id)), None);
        assert_eq!(a.read('m', "m12"), None);
    }
}
